"""Holds the rules of the tree (CONTRIBUTING.md, "Rules") by reading: builds and starts nothing."""

import json
import os
import pathlib
import re

import pytest
import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "Sources"

# Modules that wrap C or raw memory, and the files of others that must: nowhere else is a pointer.
UNSAFE_MODULES = {"Bytes", "Cryptography", "EventLoop", "Patterns", "TLS"}
UNSAFE_FILES = {
    "HTTPCore/FieldNameLookup.swift",
    "HTTPCore/HTTPDate.swift",
    "JOSE/Base64Decoder.swift",
    "Observability/LogMemory.swift",
    "Sessions/CacheSlot.swift",
}


def files(folder, *suffixes):
    return sorted(
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in suffixes
        and not {"__pycache__", ".build"}.intersection(path.parts)
    )


SWIFT = files("Sources", ".swift")
ALL_SWIFT = [
    *SWIFT, *files("Tests", ".swift"), *files("Benchmarks", ".swift"), *files("Fuzz", ".swift"),
    ROOT / "Package.swift",
]
PYTHON = files("Tests", ".py") + files("Benchmarks", ".py")
SCRIPTS = [path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file()]
OWN_TEXT = ALL_SWIFT + PYTHON + SCRIPTS + files("docs", ".md") + files("Config", ".yaml") + [
    path for path in sorted((ROOT / "deploy").rglob("*")) if path.is_file()
]


def name_of(path):
    return str(path.relative_to(ROOT))


def module_of(path):
    return path.relative_to(SOURCES).parts[0]


def broken(paths, rule):
    """`file: what` for each thing in the files that breaks the rule."""
    return [f"{name_of(path)}: {what}" for path in paths for what in rule(path.read_text())]


def test_files_are_short():
    assert broken(ALL_SWIFT + PYTHON, rules.long_file) == []


def test_lines_are_short():
    assert broken(ALL_SWIFT + PYTHON + SCRIPTS, rules.long_lines) == []


def test_functions_are_short():
    assert broken(ALL_SWIFT, rules.long_functions) == []


def test_nothing_is_marked_as_unfinished():
    assert broken(OWN_TEXT, rules.marks) == []


@pytest.mark.parametrize("module", sorted(rules.ARROWS))
def test_imports_follow_the_arrows(module):
    paths = files(f"Sources/{module}", ".swift")
    assert broken(paths, lambda text: rules.forbidden_imports(module, text)) == []


def test_every_module_has_its_arrows():
    modules = {path.name for path in SOURCES.iterdir() if path.is_dir()}
    assert modules - rules.C_MODULES == set(rules.ARROWS)


def test_package_manifest_has_the_same_arrows():
    manifest = rules.package_arrows((ROOT / "Package.swift").read_text())
    assert set(manifest) == set(rules.ARROWS)
    for module, dependencies in manifest.items():
        assert dependencies - rules.ARROWS[module] - {"Bytes"} == set(), module


def test_architecture_page_has_the_same_arrows():
    page = (ROOT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE)
    listed = {module: set(re.findall(r"`(\w+)`", cell)) for module, cell in rows}
    assert listed == rules.ARROWS


def test_data_path_has_no_existentials():
    for module in sorted(rules.ARROWS):
        paths = files(f"Sources/{module}", ".swift")
        assert broken(paths, lambda text: rules.existentials(module, text)) == []


def test_unsafe_code_stays_in_the_files_that_wrap_it():
    using = {
        str(path.relative_to(SOURCES))
        for path in SWIFT
        if module_of(path) not in UNSAFE_MODULES and rules.unsafe_uses(path.read_text())
    }
    assert using == UNSAFE_FILES


def test_walk_of_a_request_names_what_exists():
    names = rules.walk_names((ROOT / "docs/life-of-a-request.md").read_text())
    assert len(names) >= 15
    missing = [
        f"{file}: {name}"
        for file, name in names
        if not (SOURCES / file).is_file() or not rules.declares((SOURCES / file).read_text(), name)
    ]
    assert missing == []


def test_every_script_is_mentioned_and_runs_without_arguments():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *files("docs", ".md")]
    text = "".join(page.read_text() for page in pages)
    for path in SCRIPTS:
        if path.name == "lib.sh":
            continue
        lines = path.read_text().splitlines()
        assert f"scripts/{path.name}" in text, path.name
        assert os.access(path, os.X_OK), path.name
        assert lines[0] == "#!/usr/bin/env bash", path.name
        assert "set -euo pipefail" in lines and any("lib.sh" in line for line in lines), path.name


def test_continuous_integration_is_the_test_script():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines == [
        "#!/usr/bin/env bash", 'exec env BROWSER=1 "$(dirname "$0")/../scripts/test"'
    ]


def test_every_limit_is_on_the_page_of_limits():
    page = (ROOT / "docs/limits.md").read_text()
    names = rules.limit_names((SOURCES / "HTTPCore/Limits.swift").read_text())
    assert len(names) >= 8
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", ["frameworks", "limits", "threat-model"])
def test_every_test_that_a_page_names_exists(page):
    """A file without a folder is in IntegrationTests."""
    missing = []
    for name, test in rules.named_tests((ROOT / f"docs/{page}.md").read_text()):
        path = ROOT / "Tests" / (name if "/" in name else f"IntegrationTests/{name}")
        if not path.is_file() or not rules.has_test(path.read_text(), test):
            missing.append(f"{name}::{test}")
    assert missing == []


def test_every_limit_has_its_test():
    rows = re.findall(r"^\| .* \|$", (ROOT / "docs/limits.md").read_text(), re.MULTILINE)
    limits = [row for row in rows if not row.startswith(("| limit |", "|---"))]
    assert len(limits) >= 50
    assert [row for row in limits if not rules.named_tests(row)] == []


@pytest.mark.parametrize("chapter, least", [("Attacks and what stops them", 60), ("Sessions", 45)])
def test_every_attack_has_its_test(chapter, least):
    page = (ROOT / "docs/threat-model.md").read_text()
    section = page.split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    attacks = [
        row
        for table in section.split("| attack | what stops it | tested in |\n")[1:]
        for row in re.findall(r"^\| .* \|$", table.split("\n\n")[0], re.MULTILINE)
    ]
    assert len(attacks) >= least
    assert [row for row in attacks if not rules.named_tests(row)] == []


def test_every_key_with_a_limit_is_on_the_page_of_limits():
    """The keys of the sections `limits` and `timeouts`, and the limits of upstreams."""
    page = (ROOT / "docs/limits.md").read_text()
    keys = re.findall(
        r"^\| `((?:limits|timeouts)\.\w+|max_connections|\w+_timeout)` \|",
        (ROOT / "docs/configuration.md").read_text(), re.MULTILINE,
    )
    assert len(keys) >= 15
    assert [key for key in keys if f"{key}`" not in page] == []


def test_pages_link_to_what_exists():
    pages = [*ROOT.glob("*.md"), *files("docs", ".md")]
    missing = [
        f"{name_of(page)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_readme_shows_the_default_configuration():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert (ROOT / "Config/sallyport.yaml").read_text() in blocks


def test_kept_instructions_name_the_main_machines():
    kept = json.loads((ROOT / "Benchmarks/instructions/kept.json").read_text())
    rows = {row["machine"]: row for row in kept["machines"]}
    assert {"parse", "verify-cached", "verify-cached-legacy", "rewrite", "serialise"} <= set(rows)
    assert len(rows) == len(kept["machines"])
    assert [name for name, row in rows.items() if not row["instructions"] > 0] == []
