"""A million dropped sessions: what they hold, and what looking among them costs."""

import json
import uuid

from load import rounds
from rows.cold import asked, cold, warm
from servers import ADMIN_TOKEN
from support.client import Connection
from support.message import post
from tables import Table, median, spread

MEBIBYTE = 1 << 20
AT_ONCE = 1000


def run(bench):
    count = 10_000 if bench.options.quick else 1_000_000
    with bench.proxies("sallyport") as empty, bench.proxies("sallyport") as full:
        proxies = {"none": empty["sallyport"], f"{count:,}": full["sallyport"]}
        before = full["sallyport"].resident_bytes()
        drop(full["sallyport"], count)
        grown = full["sallyport"].resident_bytes() - before
        turns = {
            (name, making): (proxy, making)
            for name, proxy in proxies.items() for making in (warm, cold)
        }
        results = rounds(bench, turns, lambda turn: asked(bench, *turn))
    costs = {key: [one.microseconds for one in found] for key, found in results.items()}
    lines = []
    for name in proxies:
        cells = [name]
        for making in (warm, cold):
            found = costs[name, making]
            cells += [f"{median(found):.1f}", spread(found)]
        lines.append(cells)
    return Table(
        "Among dropped sessions, Sallyport with one worker",
        ["dropped", "warm, CPU µs", "from, to", "never seen, CPU µs", "from, to"], lines,
        {
            "bytes": grown,
            **{f"{name} {making.__name__}": found for (name, making), found in costs.items()},
        },
        [f"{count:,} hold {grown / MEBIBYTE:.1f} MiB in all, {grown / count:.0f} bytes each:"
         " one table for the worker and one for control."],
    )


def drop(proxy, count):
    """Drops as many sessions that nobody has."""
    gateway = proxy.gateway
    with Connection(gateway.admin_port) as connection:
        for begin in range(0, count, AT_ONCE):
            handles = [str(uuid.uuid4()) for _ in range(min(AT_ONCE, count - begin))]
            content = json.dumps({"sessionHandles": handles, "core": False}).encode()
            answer = connection.ask(post(
                "/sessions/revoke", f"Host: 127.0.0.1:{gateway.admin_port}",
                f"Authorization: Bearer {ADMIN_TOKEN}", body=content,
            ))
            assert answer.status == 200, answer
