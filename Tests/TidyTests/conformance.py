"""Reads the page that sets the SDKs' cases beside the tests here."""

import re

from rules import named_tests

# Whose matter a case is when it is not, or not only, the gateway's.
KINDS = ("the session service's", "the core's", "different on purpose")
REASON = re.compile(r"(?:%s): +[^`\s;,][^`]{3,}" % "|".join(KINDS))


def rows(markdown):
    """(section, file, title, cell) of each row below a heading that names a file."""
    found, section, file = [], None, None
    for line in markdown.splitlines():
        if line.startswith("## "):
            section, file = line[3:], None
        elif line.startswith("### "):
            file = line[4:].strip("`")
        elif file and line.startswith("| ") and line not in ("| title | here |",):
            title, _, cell = line[2:].removesuffix(" |").rpartition(" | ")
            found.append((section, file, title, cell.strip()))
    return found


def says_too_little(cell):
    """Whether a row names neither a test nor a reason of one of the kinds, or a difference without
    the test that shows it."""
    tests = named_tests(cell)
    if REASON.match(cell):
        return cell.startswith("different on purpose") and not tests
    return not tests or not cell.startswith("`")


def section_of(entry):
    """The heading under which a package's files are listed."""
    package = entry["package"]
    return package if package.startswith("Runs") else f"{package} {entry['version']}"


def differences(entries, markdown):
    """What the page lacks of the titles, has more than once, or has of its own."""
    wanted = [
        (section_of(entry), entry["file"], title)
        for entry in entries for title in entry["titles"]
    ]
    listed = [row[:3] for row in rows(markdown)]
    return (
        [("missing", *case) for case in wanted if case not in listed]
        + [("twice", *case) for case in sorted(set(listed)) if listed.count(case) > 1]
        + [("unknown", *case) for case in listed if case not in wanted]
    )
