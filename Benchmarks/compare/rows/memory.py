"""Memory of a TLS connection that has had an answer and waits for its next request."""

import time

from load import measure
from processor import running_on
from support.certificates import trusting
from support.client import Connection
from support.message import cookie, get
from tables import NAMES, Goal, Table

MEBIBYTE = 1 << 20
ORDER = ["nginx", "haproxy", "relay", "sallyport"]


def run(bench):
    connections = 1000 if bench.options.quick else 5000
    found = {}
    for name in ORDER:
        with bench.proxies(name) as proxies:
            found[name] = idle(bench, proxies[name], connections)

    def each(name):
        before, after = found[name]
        return (after - before) / connections

    lines = [
        [
            NAMES[name], f"{before / MEBIBYTE:.1f}", f"{after / MEBIBYTE:.1f}",
            f"{each(name) / 1024:.1f}", f"{each(name) / each('nginx'):.2f}",
        ]
        for name, (before, after) in found.items()
    ]
    return Table(
        f"Resident memory with {connections} idle TLS connections",
        ["", "before, MiB", "with them, MiB", "each, KiB", "÷ nginx"], lines,
        {name: {"before": before, "after": after} for name, (before, after) in found.items()},
        goals=[
            Goal("memory of an idle connection ÷ nginx", each("sallyport") / each("nginx"), 1.05),
        ],
    )


def idle(bench, proxy, connections):
    """Bytes before and with them."""
    measure(bench, proxy, seconds=1)
    before = proxy.resident_bytes()
    asking = get("/orders/1", cookie(bench.token.cookie))
    context, open_connections = trusting(), []
    try:
        with running_on(bench.places.load):
            for _ in range(connections):
                open_connections.append(Connection(proxy.port, context))
                assert open_connections[-1].ask(asking).status == 200
        time.sleep(1)
        after = proxy.resident_bytes()
    finally:
        for connection in open_connections:
            connection.close()
    return before, after
