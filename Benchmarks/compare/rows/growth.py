"""From 64 to 8,000 connections, and from one worker to two."""

import os
import re
import signal
import time

from load import rounds, started
from support.client import Connection, eventually
from support.message import get
from tables import NAMES, Table, median

ORDER = ["nginx", "haproxy", "relay", "sallyport"]
WORKERS = ["nginx", "haproxy", "sallyport"]


def run(bench):
    counts = [64, 500] if bench.options.quick else [64, 1000, 8000]
    with bench.proxies(*ORDER) as proxies:
        by_connections = {
            count: rounds(bench, proxies, lambda proxy: window(bench, proxy, count))
            for count in counts
        }
    with bench.proxies(*WORKERS, workers=2) as proxies:
        two = rounds(bench, proxies, lambda proxy: window(bench, proxy, counts[0]))
    variants = {f"{count} connections": found for count, found in by_connections.items()}
    variants["2 workers"] = two
    lines = []
    for name in ORDER:
        cells = [NAMES[name]]
        for found in variants.values():
            cells += shown(found.get(name))
        lines.append(cells)
    columns = [""]
    for title in variants:
        columns += [f"{title}: CPU µs", "requests/s"]
    return Table(
        "Growth, warm requests", columns, lines, variants,
        ["Two workers share the processors with the load; their connections are 64 too."],
    )


def shown(found):
    if found is None:
        return ["–", "–"]
    cost, rate = (median([one[key] for one in found]) for key in ("microseconds", "rate"))
    return [f"{cost:.1f}", f"{rate:.0f}"]


def window(bench, proxy, connections):
    """Counted by the upstream once all connections are served: handshakes are no part of it."""
    idle = served(bench)
    load = started(bench, proxy, connections=connections, seconds=600)
    try:
        assert eventually(
            lambda: descriptors(proxy) > connections and served(bench) - idle > 3 * connections,
            within=120,
        ), "not all connections are served"
        before, used, begun = served(bench), proxy.processor_seconds(), time.monotonic()
        time.sleep(bench.options.seconds)
        requests, used = served(bench) - before, proxy.processor_seconds() - used
        seconds = time.monotonic() - begun
    finally:
        load.process.send_signal(signal.SIGINT)
        load.checked()
    return {"microseconds": used / requests * 1e6, "rate": requests / seconds}


def descriptors(proxy):
    return sum(len(os.listdir(f"/proc/{process}/fd")) for process in proxy.workers())


def served(bench):
    """Requests that the upstream has had so far."""
    with Connection(bench.upstream.port) as connection:
        text = connection.ask(get("/status")).body.decode()
    return int(re.search(r"^ \d+ \d+ (\d+)", text, re.M).group(1))
