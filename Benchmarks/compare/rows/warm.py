"""A verified request on a kept-alive connection: what the gateway does nearly all of the time."""

from load import measure, rounds
from tables import NAMES, Goal, Table, median, ratio, spread

ORDER = ["nginx", "haproxy", "relay", "sallyport"]


def run(bench):
    with bench.proxies(*ORDER) as proxies:
        results = rounds(bench, proxies, lambda proxy: measure(bench, proxy))
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    rates = {name: median([one.rate for one in found]) for name, found in results.items()}
    bench.rates = rates
    ratios = {name: ratio(costs["sallyport"], costs[name]) for name in ORDER}
    lines = [
        [
            NAMES[name], f"{median(costs[name]):.1f}", spread(costs[name]), f"{rates[name]:.0f}",
            f"{ratios[name]:.2f}",
        ]
        for name in ORDER
    ]
    return Table(
        "Warm verified request, 64 connections",
        ["", "CPU µs a request", "from, to", "requests/s", "Sallyport ÷ it"],
        lines, {"microseconds": costs, "rates": rates, "ratios": ratios},
        goals=[
            Goal(f"warm request, CPU ÷ {NAMES[name]}", ratios[name], limit)
            for name, limit in [("nginx", 0.9), ("haproxy", 0.45), ("relay", 1.3)]
        ],
    )
