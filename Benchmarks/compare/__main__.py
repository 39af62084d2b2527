"""Sallyport beside nginx without a check, HAProxy with `jwt_verify`, and a bare relay of ours."""

import importlib
import json
import os
import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/IntegrationTests"))

import peers  # noqa: E402
from arguments import arguments  # noqa: E402
from bench import Bench  # noqa: E402
from machine import machine  # noqa: E402
from processor import Places, running_on  # noqa: E402
from support.core import Core  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from tables import summary  # noqa: E402

# Two for each of 8,000 connections, and some.
DESCRIPTORS = 20_000
# What a page has around the tables.
BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"
# Files of content are written and read there: in memory, where there is such a place.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main():
    options = arguments()
    missing = peers.missing()
    if missing:
        sys.exit(f"{missing} is not there: scripts/bench fetches and builds what is needed")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < DESCRIPTORS and not options.quick:
        sys.exit(f"{DESCRIPTORS} descriptors are needed and {most} allowed: see ulimit -Hn")
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
