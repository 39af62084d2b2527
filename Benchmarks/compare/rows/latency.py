"""How long answers take when the proxy has time: half of what the slower of nginx and Sallyport
reaches, the same number of requests a second for each."""

import pathlib
import subprocess

import peers
from load import measure, rounds
from processor import running_on
from support.message import cookie
from tables import NAMES, Goal, Table, median

ORDER = ["nginx", "haproxy", "relay", "sallyport"]
CONNECTIONS = 64


def run(bench):
    with bench.proxies(*ORDER) as proxies:
        rate = half(bench, proxies)
        results = rounds(bench, proxies, lambda proxy: times(bench, proxy, rate))
    numbers = {
        name: {key: median([one[key] for one in found]) for key in ("p50", "p99", "rate")}
        for name, found in results.items()
    }
    nginx = numbers["nginx"]
    lines = [
        [
            NAMES[name], f"{numbers[name]['p50']:.2f}", f"{numbers[name]['p99']:.2f}",
            f"{numbers[name]['rate']:.0f}", f"{numbers[name]['p50'] / nginx['p50']:.2f}",
            f"{numbers[name]['p99'] / nginx['p99']:.2f}",
        ]
        for name in ORDER
    ]
    return Table(
        f"Time to an answer at half load, {rate} requests/s over {CONNECTIONS} connections",
        ["", "p50 ms", "p99 ms", "requests/s reached", "p50 ÷ nginx", "p99 ÷ nginx"],
        lines, {"rate": rate, "rounds": results},
        goals=[Goal("p99 at half load ÷ nginx", numbers["sallyport"]["p99"] / nginx["p99"], 1.1)],
    )


def half(bench, proxies):
    """Rounded to what each connection can be told."""
    rates = bench.rates or {
        name: measure(bench, proxies[name]).rate for name in ("nginx", "sallyport")
    }
    share = min(rates["nginx"], rates["sallyport"]) / 2 / CONNECTIONS
    return max(int(share), 1) * CONNECTIONS


def times(bench, proxy, rate):
    """Milliseconds; every answer of the main part counts."""
    log = bench.folder / f"h2load-{next(bench.numbers)}.log"
    with running_on(bench.places.load):
        ended = subprocess.run(
            [
                peers.H2LOAD, "--h1", "-t", "1", "-c", str(CONNECTIONS), "--warm-up-time", "1",
                "-D", str(bench.options.seconds), "--rps", str(rate // CONNECTIONS),
                "--log-file", log, "-H", cookie(bench.token.cookie),
                f"https://127.0.0.1:{proxy.port}/orders/1",
            ],
            env=peers.environment(), capture_output=True, text=True, check=True,
        )
    return percentiles(log, ended.stdout)


def percentiles(log: pathlib.Path, text):
    answers = [line.split("\t") for line in log.read_text().splitlines()]
    assert answers and all(status == "200" for _, status, _ in answers), text
    durations = sorted(int(duration) / 1000 for _, _, duration in answers)
    starts = [int(start) for start, _, _ in answers]
    return {
        "p50": durations[len(durations) // 2],
        "p99": durations[min(len(durations) * 99 // 100, len(durations) - 1)],
        "rate": len(answers) / max((max(starts) - min(starts)) / 1e6, 1e-6),
    }
