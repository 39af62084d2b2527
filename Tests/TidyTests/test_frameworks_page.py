"""Holds that docs/frameworks.md and the rows that test_frameworks.py tests are the same."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/frameworks.md").read_text()
FIXTURE = json.loads((ROOT / "Tests/IntegrationTests/fixtures/frameworks.json").read_text())
TESTS = (ROOT / "Tests/IntegrationTests/test_frameworks.py").read_text()

# What the SDKs have adapters or instructions for.
FRAMEWORKS = {
    "Express", "Hapi", "Fastify", "Koa", "Loopback", "AWS Lambda", "Netlify", "Next.js (pages)",
    "Next.js (app)", "NestJS", "Go net/http", "FastAPI", "Flask", "Django",
}


def sections():
    """The page's parts by their titles."""
    return dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def cells(section):
    """The rows of a part's tables, without their heads."""
    lines = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [line.split(" | ") for line in lines if not line.startswith("SDK | ")]


def spans(cell):
    """What stands in code spans."""
    return re.findall(r"`([^`]*)`", cell)


def test_page_has_the_rows_that_are_tested():
    wanted = [
        (adapter["title"], sdk["sdk"], answer, lines)
        for adapter in FIXTURE
        for sdk in adapter["sdks"]
        for answer, lines in sdk["answers"].items()
    ]
    found = [
        (title, row[0], row[1], spans(row[2]))
        for title, section in sections().items()
        if title in {adapter["title"] for adapter in FIXTURE}
        for row in cells(section)
        if len(row) == 3
    ]
    assert len(wanted) >= 170
    assert found == wanted


def test_page_cites_the_sources_of_each_row():
    for adapter in FIXTURE:
        cited = {row[0]: spans(row[1]) for row in cells(sections()[adapter["title"]])
                 if len(row) == 2}
        assert cited == {sdk["sdk"]: sdk["sources"] for sdk in adapter["sdks"]}
        for sdk in adapter["sdks"]:
            assert all(re.fullmatch(r"[\w./-]+@[\w.]+:[\w./-]+", s) for s in sdk["sources"])


def test_every_framework_has_a_table():
    assert {name for adapter in FIXTURE for name in adapter["frameworks"]} == FRAMEWORKS
    listed = re.findall(r"^\| (.*?)(?: \(over .*\))? \| \[(.*)\]\(#.*\) \|$", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(
        (name, adapter["title"]) for adapter in FIXTURE for name in adapter["frameworks"]
    )


def test_every_answer_of_a_row_is_tested():
    answers = {answer for adapter in FIXTURE for sdk in adapter["sdks"]
               for answer in sdk["answers"]}
    named = set(re.findall(r'having\(([^)]*)\)', TESTS))
    tested = {answer for names in named for answer in re.findall(r'"([^"]+)"', names)}
    assert answers == tested

