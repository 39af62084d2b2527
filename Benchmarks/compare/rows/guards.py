"""A warm request whose anti-CSRF token and claims are looked at, with sign-outs watched and some
seen, beside the same request where none of it is asked for."""

import time

from bench import Token
from load import measure, rounds
from rows.revoked import drop
from support.tokens import access
from tables import Goal, Table, median, ratio, spread

ANTI_CSRF = "0a1b2c3d-0000-4000-8000-00000000cafe"
POSTING = """
wrk.method = "POST"
wrk.headers["anti-csrf"] = "%s"
""" % ANTI_CSRF
DROPPED = 1000

OFF = {"anti_csrf": "none", "revocation": {"watch": False}}
ON = {
    "anti_csrf": "token", "revocation": {"watch": True},
    "claims": [
        {"claim": "st-ev", "equals": True}, {"claim": "st-role", "includes": ["user", "admin"]},
    ],
}


def run(bench):
    token = session(bench)
    with bench.proxies("sallyport", tokens=[token], sessions=OFF) as bare, \
            bench.proxies("sallyport", tokens=[token], sessions=ON) as guarded:
        proxies = {"none of it": bare["sallyport"], "all of it": guarded["sallyport"]}
        drop(proxies["all of it"], DROPPED)
        results = rounds(
            bench, proxies, lambda proxy: measure(bench, proxy, token=token, script=POSTING)
        )
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    share = ratio(costs["all of it"], costs["none of it"])
    lines = [[name, f"{median(found):.1f}", spread(found)] for name, found in costs.items()]
    return Table(
        "Warm POST with an anti-CSRF token, two claims, and sign-outs watched, Sallyport",
        ["", "CPU µs a request", "from, to"], lines, costs,
        [f"All of it costs {share:.3f} times none of it; {DROPPED} sessions had been dropped."],
        [Goal("warm request, anti-CSRF, claims and sign-outs ÷ without", share, 1.03)],
    )


def session(bench):
    set_at = int(time.time() * 1000)
    text = access(bench.keys.dynamic, antiCsrfToken=ANTI_CSRF, **{
        "st-ev": {"v": True, "t": set_at},
        "st-role": {"v": ["user", "editor", "admin"], "t": set_at},
    })
    return Token(text, text)
