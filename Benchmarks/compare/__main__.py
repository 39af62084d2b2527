"""Sallyport beside nginx without a check, HAProxy with `jwt_verify`, and a bare relay of ours."""

import argparse
import importlib
import json
import os
import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/IntegrationTests"))

import peers  # noqa: E402
from bench import Bench  # noqa: E402
from machine import machine  # noqa: E402
from processor import Places, running_on  # noqa: E402
from support.core import Core  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from tables import summary  # noqa: E402

ROWS = [
    "warm", "latency", "handshakes", "transfers", "memory", "cold", "legacy", "access_log",
    "growth",
    "floods",
]
# What a page has around the tables.
BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"
# Files of content are written and read there: in memory, where there is such a place.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def rows(text):
    names = text.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the rows are {', '.join(ROWS)}")
    return names


def arguments():
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument(
        "--only", type=rows, default=ROWS, metavar="ROW[,ROW]", help=f"of {', '.join(ROWS)}"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each load in each round")
    parser.add_argument("--quick", action="store_true", help="one short round: the numbers are bad")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables to this file")
    parser.add_argument("--json", type=pathlib.Path, help="write every number to this file")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def main():
    options = arguments()
    missing = peers.missing()
    if missing:
        sys.exit(f"{missing} is not there: scripts/bench fetches and builds what is needed")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    places, keys = Places(), KeyRing.made()
    tables = {}
    about = machine(options)
    print(about, flush=True)
    with running_on(places.load), tempfile.TemporaryDirectory(dir=FOLDER) as folder, \
            Core(keys) as core:
        bench = Bench(options, pathlib.Path(folder), places, keys, core)
        try:
            for name in options.only:
                tables[name] = importlib.import_module(f"rows.{name}").run(bench)
                print("\n" + tables[name].plain(), end="", flush=True)
                write(options, about, tables)
        finally:
            bench.stop()
    print("\n" + summary(tables.values()).plain(), end="")


def write(options, about, tables):
    """After each row, so that an interrupted run leaves what it has."""
    if options.markdown:
        shown = [summary(tables.values()), *tables.values()]
        parts = [about.strip() + "\n", *(table.markdown() for table in shown)]
        options.markdown.write_text(placed(options.markdown, "\n".join(parts)))
    if options.json:
        numbers = {name: table.numbers for name, table in tables.items()}
        options.json.write_text(json.dumps({"machine": about, **numbers}, indent=1) + "\n")


def placed(file, text):
    """A page that has a place for the tables keeps the rest."""
    page = file.read_text() if file.exists() else ""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{text}\n{end}{after}" if begin and end else text


if __name__ == "__main__":
    main()
