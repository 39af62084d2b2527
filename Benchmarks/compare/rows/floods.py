"""How long established sessions wait while others flood the gateway: with tokens that were never
seen, with tokens that nothing verifies, and, to compare with, with warm requests.

The established sessions ask at a quarter of the rate that the gateway reaches; the flood takes what
is left. Load and upstream share a processor, so the flood runs at the lowest priority: what is
measured is the gateway, not the wait for the client's own turn."""

import os

from load import measure, started
from rows.latency import CONNECTIONS, times
from support import flood
from tables import Goal, Table, median, ratio

FLOODS = {
    "warm requests": "warm",
    "tokens never seen": "never_seen",
    "forged signatures": "forged",
    "unknown key IDs": "warm",
}


def run(bench):
    with bench.proxies("sallyport") as proxies:
        proxy = proxies["sallyport"]
        rate = max(int(measure(bench, proxy).rate / 4 / CONNECTIONS), 1) * CONNECTIONS
        scripts = {name: asking(bench, name, kind) for name, kind in FLOODS.items()}
        results = {"no flood": [], **{name: [] for name in FLOODS}}
        for _ in range(bench.options.rounds):
            results["no flood"].append(times(bench, proxy, rate))
            for name, script in scripts.items():
                results[name].append(flooded(bench, proxy, rate, script))
    quiet = [one["p99"] for one in results["no flood"]]
    ratios = {name: ratio([one["p99"] for one in found], quiet) for name, found in results.items()}
    lines = []
    for name, found in results.items():
        p50, p99, asked = (median([one.get(key, 0) for one in found])
                           for key in ("p50", "p99", "flood"))
        lines.append([name, f"{asked:.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{ratios[name]:.2f}"])
    return Table(
        f"Established sessions beside floods, {rate} requests/s over {CONNECTIONS} connections",
        ["flood over as many connections", "requests/s", "p50 ms", "p99 ms", "p99 ÷ no flood"],
        lines, {"rate": rate, "rounds": results},
        goals=[
            Goal(f"p99 beside {name} ÷ without", ratios[name], 3)
            for name in ("tokens never seen", "forged signatures", "unknown key IDs")
        ],
    )


def asking(bench, name, kind):
    """The script of one flood."""
    count = 500 if kind == "never_seen" else 1
    header = {"kid": "d-1"} if name == "unknown key IDs" else None
    tokens = [
        bench.fresh_token(header=header, number=next(bench.numbers)).cookie for _ in range(count)
    ]
    return flood.script(bench.folder, kind, tokens, "/orders/1")


def flooded(bench, proxy, rate, script):
    seconds = bench.options.seconds + 3
    others = started(bench, proxy, script=script, seconds=seconds)
    os.setpriority(os.PRIO_PROCESS, others.process.pid, 19)
    try:
        found = times(bench, proxy, rate)
        report = others.report()
    finally:
        others.process.kill()
    assert report.requests > 0, report.text
    return {**found, "flood": report.requests / seconds}
