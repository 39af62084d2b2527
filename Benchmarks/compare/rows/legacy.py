"""Seed-era tokens, whose JWT is inside, beside tokens that are JWTs; both verified before."""

from load import measure, rounds
from tables import Goal, Table, median, ratio, spread

LEGACY = "V2 with a JWT inside"


def run(bench):
    tokens = {
        "V5": bench.token, LEGACY: bench.legacy,
        "V5, as long as V2": bench.fresh_token(pad="p" * longer(bench)),
    }
    with bench.proxies("sallyport", tokens=tokens.values()) as proxies:
        proxy = proxies["sallyport"]
        results = rounds(bench, tokens, lambda token: measure(bench, proxy, token=token))
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    lines = [
        [
            name, f"{len(tokens[name].cookie)}", f"{len(tokens[name].forwarded)}",
            f"{median(costs[name]):.1f}", spread(costs[name]),
            f"{ratio(costs[name], costs['V5']):.2f}",
        ]
        for name in tokens
    ]
    return Table(
        "Warm requests with tokens of both eras, Sallyport",
        ["", "token bytes", "JWT bytes", "CPU µs a request", "from, to", "÷ V5"], lines, costs,
        goals=[Goal("legacy token ÷ V5", ratio(costs[LEGACY], costs["V5"]), 1.1)],
    )


def longer(bench):
    """Claim bytes that make a V5 token as long as the legacy one."""
    return max((len(bench.legacy.cookie) - len(bench.token.cookie)) * 3 // 4, 0)
