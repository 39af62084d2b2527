"""Child tokens, each asked about once: the core's question, its answer's new token verified, put
into the client's answer and sent upstream. Beside as many warm requests."""

import json
import pathlib
import sys

from load import measure, rounds
from processor import running_on
from rows.cold import ASKING, warm
from servers import Server
from support.ports import free_port
from support.tokens import HANDLE, access
from tables import Table, median, spread

PARENT = "ab" * 32
PROGRAM = pathlib.Path(__file__).parents[1] / "children.py"


class Promoting(Server):
    """The core that promotes what a file says."""

    def __init__(self, file, keys, errors):
        port = free_port()
        arguments = [port, file, json.dumps(keys.web_keys()), HANDLE]
        super().__init__([sys.executable, "-B", PROGRAM, *arguments], port, errors)


def run(bench):
    count = 500 if bench.options.quick else 5000
    scripts, pairs = prepared(bench, count)
    with running_on(bench.places.load):
        core = Promoting(pairs, bench.keys, bench.folder / "promoting.log")
    try:
        with bench.proxies("sallyport", core=core.port) as proxies:
            proxy = proxies["sallyport"]
            results = rounds(bench, scripts, lambda files: measure(
                bench, proxy, script=ASKING % next(files), seconds=max(bench.options.seconds, 4)
            ))
    finally:
        core.stop()
    costs = {name: [one.microseconds for one in found] for name, found in results.items()}
    lines = [
        [name, f"{median(found):.1f}", spread(found), f"{1e6 / median(found):.0f}"]
        for name, found in costs.items()
    ]
    return Table(
        "Child tokens promoted, Sallyport",
        ["", "CPU µs a request", "from, to", "a second of one worker's processor"], lines, costs,
        ["What the stand-in core reaches, a Python program beside the load, is no part of it."],
    )


def prepared(bench, count):
    """Files of tokens for each round, and the file of all children with their successors."""
    pairs = bench.folder / "promotions"
    children, warms = [], []
    with running_on(bench.places.every), pairs.open("w") as all_pairs:
        for _ in range(bench.options.rounds):
            number = next(bench.numbers)
            found = [pair(bench, number, each) for each in range(count)]
            all_pairs.writelines(f"{child} {successor}\n" for child, successor in found)
            children.append(written(bench, f"children-{number}", [one for one, _ in found]))
            warms.append(written(bench, f"warm-{number}", [warm(bench).cookie] * count))
    return {"warm request": iter(warms), "request with a child token": iter(children)}, pairs


def pair(bench, number, each):
    unlike = {"number": number, "each": each, "roles": "r" * 150}
    return (
        access(bench.keys.dynamic, parentRefreshTokenHash1=PARENT, **unlike),
        access(bench.keys.dynamic, **unlike),
    )


def written(bench, name, tokens):
    file = bench.folder / name
    file.write_text("".join(token + "\n" for token in tokens))
    return file
