"""What a line of the access log costs."""

from load import measure, rounds
from tables import NAMES, Table, median, spread

ORDER = ["nginx", "sallyport"]


def run(bench):
    with bench.proxies(*ORDER) as quiet, bench.proxies(*ORDER, access_log=True) as writing:
        proxies = {(name, "off"): quiet[name] for name in ORDER}
        proxies |= {(name, "on"): writing[name] for name in ORDER}
        results = rounds(bench, proxies, lambda proxy: measure(bench, proxy))
    costs = {key: [one.microseconds for one in found] for key, found in results.items()}
    lines = []
    for name in ORDER:
        off, on = costs[name, "off"], costs[name, "on"]
        added = [one - other for one, other in zip(on, off)]
        lines.append([
            NAMES[name], f"{median(off):.1f}", f"{median(on):.1f}", f"{median(added):.1f}",
            spread(added),
        ])
    return Table(
        "Access log to a file, warm requests",
        ["", "off, CPU µs", "on, CPU µs", "difference", "from, to"], lines,
        {f"{name} {state}": values for (name, state), values in costs.items()},
    )
