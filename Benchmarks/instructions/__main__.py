"""Instructions of the main machines for one warm request, under callgrind.

The release binary itself runs: TLS, one kept-alive connection, one request after the other, in
front of an upstream that answers at once. A row of kept.json names a machine, its function in the
binary, the load, and the instructions of one call, callees included; those of `request` are all
that the worker does for one request, OpenSSL's part included. Neither the speed of the computer nor
what else it does matters.

Fails when a count has grown by more than 5 %. `--record` writes what is counted now."""

import argparse
import json
import os
import pathlib
import platform
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/IntegrationTests"))

from callgrind import CountedGateway  # noqa: E402
from support.certificates import trusting, write_certificate  # noqa: E402
from support.core import Core  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from support.message import cookie, get  # noqa: E402
from support.tokens import access, inner, legacy  # noqa: E402
from support.upstream import Upstream  # noqa: E402

FILE = pathlib.Path(__file__).with_name("kept.json")
AGAIN = ".build-python/bin/python Benchmarks/instructions --record"
TURN = "Worker.turn("
TOLERANCE = 0.05
WARMING, COUNTED = 20, 200

# Of a browser; with the session's cookie about 1,300 bytes.
FIELDS = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.5", "Accept-Encoding: gzip, deflate, br",
    "Connection: keep-alive", "Referer: https://app.example.com/orders",
    "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin",
    "Cache-Control: max-age=0",
]
ANSWER = b"\r\n".join([
    b"HTTP/1.1 200 OK", b"Server: behind", b"Date: Mon, 02 Jun 2025 10:00:00 GMT",
    b"Content-Type: application/json", b"Content-Length: 100", b"Vary: Accept", b"", b"a" * 100,
])


def configuration(core, upstream):
    return {
        "server": {"workers": 1},
        "sessions": {"core": {"urls": [core.url]}, "signing_keys": "any"},
        "upstreams": {"main": {"targets": [upstream.url]}},
        "routes": [{"path_prefix": "/orders", "upstream": "main"}],
        "log": {"access": {"output": "off"}},
    }


def requests(keys):
    """The loads that rows name."""
    tokens = {
        "v5": access(keys.dynamic, email="somebody@mail.example.com", roles=["user", "editor"]),
        "legacy": legacy(keys.dynamic, {"jwt": inner(keys.static)}),
    }
    return {
        load: get("/orders/2025/06?page=2&sort=date", *FIELDS, cookie(token))
        for load, token in tokens.items()
    }


def counted(rows):
    """Instructions of each row's machine."""
    keys = KeyRing.made()
    with tempfile.TemporaryDirectory() as name, Core(keys) as core, Upstream() as upstream:
        folder = pathlib.Path(name)
        upstream.answer = ANSWER
        pair = write_certificate(folder, "app", ["app.example.com"])
        gateway = CountedGateway(
            configuration(core, upstream), folder, {"certificates": [pair.files()]}
        )
        with gateway, gateway.connect(trusting(), timeout=60) as connection:
            gateway.wait_for_keys()
            spent = {
                load: spent_under(gateway, connection, data)
                for load, data in requests(keys).items()
            }
    return [cost_of(row, spent[row["load"]]) for row in rows]


def spent_under(gateway, connection, data):
    """What each function cost while this request was sent again and again."""
    for count in (WARMING, COUNTED):
        for _ in range(count):
            assert connection.ask(data).status == 200
        spent = gateway.spent()
    return spent


def cost_of(row, spent):
    """One call's instructions; of the loop's turns, those of one request."""
    found = [(calls, cost) for name, calls, cost in spent if name.startswith(row["function"])]
    if not found:
        sys.exit(f"error: the binary has no function {row['function']}: name another in {FILE}")
    calls, cost = map(sum, zip(*found))
    return round(cost / (COUNTED if row["function"] == TURN else calls))


def report(rows, counts):
    """Prints a line for each row; by how much the counts have changed."""
    changes = [count / row["instructions"] - 1 for row, count in zip(rows, counts)]
    for row, count, change in zip(rows, counts, changes):
        mark = "grown" if change > TOLERANCE else "shrunk" if change < -TOLERANCE else ""
        kept = row["instructions"]
        print(f"{row['machine']:22}{count:9,} instructions{kept:9,} kept {change:+7.1%} {mark}")
    return changes


def judge(changes):
    if min(changes) < -TOLERANCE:
        print(f"note: keep what was gained: {AGAIN}")
    if max(changes) > TOLERANCE:
        sys.exit(f"error: grown by more than {TOLERANCE:.0%}; where that is meant: {AGAIN}")


def record(kept, counts):
    rows = [
        json.dumps({**row, "instructions": count})
        for row, count in zip(kept["machines"], counts)
    ]
    head = f'"architecture": {json.dumps(platform.machine())}'
    FILE.write_text("{\n" + head + ',\n"machines": [\n  ' + ",\n  ".join(rows) + "\n]\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="keep what is counted now")
    options = parser.parse_args()
    kept = json.loads(FILE.read_text())
    if kept["architecture"] != platform.machine() and not options.record:
        print(f"note: the kept counts are those of {kept['architecture']}: nothing is compared")
        return
    # Where Swift seeds its hash tables at random, counts would differ from run to run.
    os.environ["SWIFT_DETERMINISTIC_HASHING"] = "1"
    counts = counted(kept["machines"])
    changes = report(kept["machines"], counts)
    if options.record:
        record(kept, counts)
    else:
        judge(changes)


if __name__ == "__main__":
    main()
