"""The rules of the tree, each a function from text to the list of what breaks it."""

import re

from swift_source import code_of, functions_of, imports_of

MAXIMUM_FILE_LINES = 400
MAXIMUM_FUNCTION_LINES = 70
MAXIMUM_COLUMNS = 100

C_MODULES = {"CLinux", "COpenSSL", "COpenSSLMemory", "CPCRE2"}
PACKAGES = {"Yams", "Logging", "ArgumentParser"}
SYSTEM = {"Glibc", "Synchronization"}

DATA_PATH = {
    "EventLoop", "Cryptography", "TLS", "Patterns", "JSON", "HTTPCore", "Observability", "HTTP1",
    "JOSE", "Sessions", "Policy", "Connections", "Upstreams", "Proxy",
}
BELOW_PROXY = DATA_PATH - {"Proxy"}

# Which module may import which, besides Bytes and the system's own modules: docs/architecture.md.
ARROWS = {
    "Bytes": set(),
    "EventLoop": {"CLinux"},
    "Cryptography": {"COpenSSL"},
    "TLS": {"COpenSSL", "COpenSSLMemory"},
    "Patterns": {"CPCRE2"},
    "JSON": set(),
    "HTTPCore": set(),
    "Observability": {"HTTPCore", "EventLoop"},
    "HTTP1": {"HTTPCore"},
    "JOSE": {"Cryptography", "JSON"},
    "Sessions": {"HTTPCore", "JOSE", "JSON", "Cryptography"},
    "Policy": {"HTTPCore", "Sessions", "Patterns"},
    "Connections": {"EventLoop", "TLS", "HTTPCore", "HTTP1", "Observability"},
    "Upstreams": {"HTTPCore"},
    "Proxy": BELOW_PROXY,
    "Control": DATA_PATH,
    "Authority": {"HTTPCore", "JSON", "JOSE", "Cryptography"},
    "Configuration": DATA_PATH | {"Control", "Yams"},
    "sallyport": DATA_PATH | {"Control", "Authority", "Configuration"} | PACKAGES,
}

# Modules off the data path; everywhere else Foundation and `any` are refused.
OFF_DATA_PATH = {"Configuration", "Control", "sallyport"}

UNSAFE = re.compile(r"\bunsafe\b|@unsafe\b|\bUnsafe\w*")
EXISTENTIAL = re.compile(r"(?<![\w.])any[ \t]+[A-Z(~]")
# Written in two halves so that this file obeys its own rule.
MARKS = [head + tail for head, tail in [("TO", "DO"), ("FIX", "ME"), ("XX", "X")]]
MARK = re.compile(rf"\b(?:{'|'.join(MARKS)})\b")


def long_file(text):
    lines = text.count("\n") + (0 if text.endswith("\n") else 1)
    return [] if lines <= MAXIMUM_FILE_LINES else [f"{lines} lines"]


def long_lines(text):
    return [
        f"line {number}: {len(line)} columns"
        for number, line in enumerate(text.splitlines(), start=1)
        if len(line) > MAXIMUM_COLUMNS
    ]


def long_functions(text):
    return [
        f"line {first}: {name} has {lines} lines"
        for name, first, lines in functions_of(text)
        if lines > MAXIMUM_FUNCTION_LINES
    ]


def forbidden_imports(module, text):
    allowed = ARROWS[module] | SYSTEM | ({"Bytes"} if module != "Bytes" else set())
    if module in OFF_DATA_PATH:
        allowed |= {"Foundation"}
    return sorted(imports_of(text) - allowed)


def existentials(module, text):
    return [] if module in OFF_DATA_PATH else EXISTENTIAL.findall(code_of(text))


def unsafe_uses(text):
    return UNSAFE.findall(code_of(text))


def marks(text):
    return MARK.findall(text)


def package_arrows(manifest):
    """Module -> what Package.swift lets it import, for the targets under Sources."""
    arrows = {}
    targets = re.compile(
        r'(?:module|executableTarget)\(\s*(?:name:\s*)?"(\w+)"(?:,\s*(?:dependencies:\s*)?'
        r"\[(.*?)\])?",
        re.DOTALL,
    )
    names = {"yams": "Yams", "logging": "Logging", "arguments": "ArgumentParser"}
    for name, listed in targets.findall(manifest):
        words = re.findall(r'"(\w+)"|\b([a-z]\w*)\b', listed)
        arrows[name] = {quoted or names.get(bare, bare) for quoted, bare in words}
    return arrows


def walk_names(markdown):
    """(file, name) of each `Module/File.swift: name` in a page."""
    return re.findall(r"`([\w/]+\.swift): (\w+)`", markdown)


def declares(text, name):
    code = code_of(text)
    return re.search(rf"\b(?:func|var|let|case|struct|enum|init)[ \t]+{name}\b", code) is not None \
        or (name == "init" and "init(" in code)


def named_tests(markdown):
    """(file, name) of each `Folder/File::name` in a page."""
    return re.findall(r"`([\w/.]+\.(?:py|swift))::([^`]+)`", markdown)


def has_test(text, name):
    """Whether a file of tests, in Python or Swift, declares that one."""
    declared = rf"^(?:[ \t]*(?:@Test\b.*)?\bfunc[ \t]+`?|def[ \t]+){re.escape(name)}`?\("
    return re.search(declared, text, re.MULTILINE) is not None


def limit_names(text):
    """Stored limits of a Swift file: `var name =` and `static let name =`."""
    return re.findall(r"\b(?:var|static let)[ \t]+(\w+)(?:[ \t]*:[ \t]*\w+)?[ \t]*=", code_of(text))
