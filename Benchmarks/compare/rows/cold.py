"""Tokens that were never seen before: each request's signature is verified.

The warm requests beside them are as many over as many connections, so that what the handshakes cost
is in both."""

import re
import subprocess

from load import measure, rounds
from processor import running_on
from tables import Goal, Table, median, spread

ASKING = """
local tokens, at = {}, 0
for line in io.lines("%s") do tokens[#tokens + 1] = line end
request = function()
    at = at + 1
    if at >= #tokens then wrk.thread:stop() end
    return "GET /orders/1 HTTP/1.1\\r\\nHost: app.example.com\\r\\nCookie: sAccessToken="
        .. tokens[math.min(at, #tokens)] .. "\\r\\n\\r\\n"
end
"""


def run(bench):
    with bench.proxies("sallyport") as proxies:
        proxy = proxies["sallyport"]
        results = rounds(
            bench, {"warm": warm, "cold": cold}, lambda making: asked(bench, proxy, making)
        )
    verification = [rsa_microseconds(bench) for _ in range(min(bench.options.rounds, 3))]
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    extra = [one - other for one, other in zip(costs["cold"], costs["warm"])]
    rows = {
        "warm request": costs["warm"], "request with a token never seen": costs["cold"],
        "difference": extra, "RSA-2048 verification (`openssl speed`)": verification,
    }
    lines = [[name, f"{median(values):.1f}", spread(values)] for name, values in rows.items()]
    share = median(extra) / median(verification)
    return Table(
        "Cold verification, Sallyport", ["", "CPU µs", "from, to"], lines,
        {**costs, "rsa": verification, "extra_by_rsa": share},
        [f"The difference is {share:.2f} of an RSA verification."],
        [Goal("cold verification ÷ RSA verification", share, 1.3)],
    )


def warm(bench):
    """The same token again and again."""
    return bench.token


def cold(bench):
    """Every token once."""
    return bench.fresh_token(number=next(bench.numbers))


def asked(bench, proxy, making):
    count = 1000 if bench.options.quick else 10_000
    file = bench.folder / f"tokens-{next(bench.numbers)}"
    with running_on(bench.places.every):
        file.write_text("".join(making(bench).cookie + "\n" for _ in range(count)))
    found = measure(bench, proxy, script=ASKING % file, seconds=max(bench.options.seconds, 4))
    assert found.requests <= count + 64
    return found


def rsa_microseconds(bench):
    with running_on(bench.places.proxy):
        ended = subprocess.run(
            ["openssl", "speed", "-mr", "-seconds", "1", "rsa2048"],
            capture_output=True, text=True, check=True,
        )
    # +F2:INDEX:2048:SIGNATURES A SECOND:VERIFICATIONS A SECOND
    return 1e6 / float(re.search(r"^\+F2:\d+:2048:[^:]+:(\S+)$", ended.stdout, re.M).group(1))
