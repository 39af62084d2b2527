"""Memory of a TLS connection that has had an answer and waits for its next request."""

import time

from load import measure
from processor import running_on
from support.certificates import trusting
from support.client import Connection
from support.message import cookie, get
from tables import NAMES, Table

ORDER = ["nginx", "haproxy", "relay", "sallyport"]


def run(bench):
    connections = 200 if bench.options.quick else 5000
    found = {}
    for name in ORDER:
        with bench.proxies(name) as proxies:
            found[name] = idle(bench, proxies[name], connections)
    lines = [
        [
            NAMES[name], f"{before / 1024:.0f}", f"{each / 1024:.1f}",
            f"{each / found['nginx'][1]:.2f}",
        ]
        for name, (before, each) in found.items()
    ]
    return Table(
        f"Resident memory with {connections} idle TLS connections",
        ["", "before, KiB", "each, KiB", "÷ nginx"], lines,
        {name: {"before": before, "each": each} for name, (before, each) in found.items()},
    )


def idle(bench, proxy, connections):
    """Bytes before, and bytes for each connection."""
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
    return before, (after - before) / connections
