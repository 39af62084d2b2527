"""The core is asked about each request: by Sallyport's `check_database`, and by nginx's
`auth_request`, which looks at nothing itself. One stand-in core, an nginx that always says yes."""

import servers
from load import measure, rounds
from processor import running_on
from support.tokens import HANDLE
from tables import NAMES, Goal, Table, median, ratio, spread

ORDER = ["asking", "sallyport"]
SESSION = {
    "status": "OK",
    "session": {"handle": HANDLE, "userId": "user-1", "userDataInJWT": {}, "tenantId": "public"},
}


def run(bench):
    with running_on(bench.places.load):
        core = servers.core(bench.folder / "core", bench.keys.web_keys(), SESSION)
    try:
        with bench.proxies(*ORDER, core=core.port, sessions={"check_database": True}) as proxies:
            results = rounds(bench, proxies, lambda proxy: measure(bench, proxy))
    finally:
        core.stop()
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    rates = {name: [one.rate for one in found] for name, found in results.items()}
    lines = [
        [
            NAMES[name], f"{median(costs[name]):.1f}", spread(costs[name]),
            f"{median(rates[name]):.0f}", f"{ratio(costs['sallyport'], costs[name]):.2f}",
        ]
        for name in ORDER
    ]
    return Table(
        "A core asked about each request, 64 connections",
        ["", "CPU µs a request", "from, to", "requests/s", "Sallyport ÷ it"], lines,
        {"microseconds": costs, "rates": rates},
        goals=[
            Goal(
                f"{NAMES['asking']}, requests/s ÷ Sallyport's `check_database`",
                ratio(rates["asking"], rates["sallyport"]), 1.25,
            )
        ],
    )
