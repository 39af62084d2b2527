"""Every case of the SDKs' tests of sessions has its test here, or a word on whose matter it is."""

import json
import pathlib
import subprocess
import sys

import conformance
import pytest
import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/conformance-sessions.md").read_text()
TITLES = json.loads((pathlib.Path(__file__).parent / "fixtures/session-titles.json").read_text())


def path_of(name):
    """A file without a folder is in IntegrationTests."""
    return ROOT / "Tests" / (name if "/" in name else f"IntegrationTests/{name}")


def split(test):
    """Name and parameters of a test; None without."""
    name, bracket, parameters = test.partition("[")
    return name, parameters.removesuffix("]") if bracket else None


@pytest.fixture(scope="module", name="collected")
def fixture_collected():
    """The tests with their parameters, as pytest itself finds them; it runs none."""
    files = {name for name, test in rules.named_tests(PAGE) if split(test)[1] is not None}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(path_of(name)) for name in sorted(files))],
        cwd=ROOT / "Tests", capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stdout.splitlines())


def test_titles_are_all_there():
    assert len(TITLES["files"]) >= 30
    assert sum(len(entry["titles"]) for entry in TITLES["files"]) >= 400
    for entry in TITLES["files"]:
        assert len(set(entry["titles"])) == len(entry["titles"]) > 0, entry["file"]


def test_every_title_is_in_the_page_once():
    assert conformance.differences(TITLES["files"], PAGE) == []


def test_every_row_names_a_test_or_whose_matter_it_is():
    assert [row for row in conformance.rows(PAGE) if conformance.says_too_little(row[3])] == []


def test_page_says_what_each_kind_means():
    assert [kind for kind in conformance.KINDS if f"\n| {kind} | " not in PAGE] == []


def test_every_named_test_exists():
    missing = []
    for name, test in rules.named_tests(PAGE):
        path = path_of(name)
        if not path.is_file() or not rules.has_test(path.read_text(), split(test)[0]):
            missing.append(f"{name}::{test}")
    assert missing == []


@pytest.mark.timeout(300)
def test_every_named_parameter_exists(collected):
    named = [
        f"{path_of(name).relative_to(ROOT / 'Tests')}::{test}"
        for name, test in rules.named_tests(PAGE) if split(test)[1] is not None
    ]
    assert len(named) >= 100
    assert [test for test in named if test not in collected] == []


# The rules refuse samples that break them.

ENTRIES = [{"package": "p", "version": "1", "file": "a.js", "titles": ["b: c", "d"]}]
GOOD = "## p 1\n\n### `a.js`\n\n| title | here |\n|---|---|\n| b: c | `t.py::test_x` |\n"


def test_differences():
    row = "| d | `t.py::test_y` |\n"
    assert conformance.differences(ENTRIES, GOOD + row) == []
    assert conformance.differences(ENTRIES, GOOD) == [("missing", "p 1", "a.js", "d")]
    assert conformance.differences(ENTRIES, GOOD + row * 2) == [("twice", "p 1", "a.js", "d")]
    more = GOOD + row + "| e | `t.py::test_z` |\n"
    assert conformance.differences(ENTRIES, more) == [("unknown", "p 1", "a.js", "e")]
    other = GOOD.replace("a.js", "b.js") + row
    assert len(conformance.differences(ENTRIES, other)) == 4


@pytest.mark.parametrize("cell, is_short", [
    ("`t.py::test_x`", False), ("`t.py::test_x[a-b]`, `A/B.swift::c`", False),
    ("the core's: it makes keys", False), ("the session service's: it refreshes; `t.py::x`", False),
    ("different on purpose: 503; `t.py::test_x`", False), ("different on purpose: 503", True),
    ("", True), ("-", True), ("the core's:", True), ("the core's: ; `t.py::test_x`", True),
    ("somebody else's: it makes keys", True), ("see `t.py::test_x`", True), ("`t.py`", True),
])
def test_rows_that_say_too_little(cell, is_short):
    assert conformance.says_too_little(cell) == is_short


def test_parameters_are_taken_apart():
    assert split("test_x[a [b]]") == ("test_x", "a [b]")
    assert split("test_x") == ("test_x", None)
