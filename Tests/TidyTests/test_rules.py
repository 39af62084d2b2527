"""Each rule of the tree refuses a sample that breaks it and passes one that does not."""

import rules
from swift_source import code_of, functions_of, imports_of

LONG_BODY = "    work()\n" * 69


def test_long_file():
    assert rules.long_file("x\n" * 401) == ["401 lines"]
    assert rules.long_file("x\n" * 400) == []


def test_long_line():
    assert rules.long_lines("a\n" + "b" * 101) == ["line 2: 101 columns"]
    assert rules.long_lines("b" * 100) == []


def test_long_function():
    found = rules.long_functions("func f() {\n" + LONG_BODY + "}\n")
    assert found == ["line 1: func f has 71 lines"]
    assert rules.long_functions("func f() {\n" + LONG_BODY[11:] + "}\n") == []


def test_long_initialiser_and_property():
    assert len(rules.long_functions("init(a: Int) {\n" + LONG_BODY + "}\n")) == 1
    assert len(rules.long_functions("    public var size: Int {\n" + LONG_BODY + "}\n")) == 1


def test_function_without_a_body_has_no_length():
    text = "protocol P {\n  func f()\n  func g(a: [Int]) -> Int\n}\n"
    text += "struct S {\n" + LONG_BODY * 2 + "}\n"
    assert functions_of(text) == []


def test_call_of_an_initialiser_is_no_function():
    assert functions_of("let a = X.init(b: 1)\nif true {\n}\n") == []


def test_code_leaves_comments_and_strings_out():
    text = 'a // "b\n/* /* c */ */ d "e\\"\\(f("g)")) {" h #"i"\\"# j """\nk "\n""" l'
    assert code_of(text).split() == ["a", "d", "h", "j", "l"]


def test_imports():
    text = "public import Bytes\n@testable import HTTP1\nimport struct Yams.Node\n// import Glibc\n"
    assert imports_of(text) == {"Bytes", "HTTP1", "Yams"}


def test_forbidden_import():
    text = "public import Sessions\nimport Bytes\n"
    assert rules.forbidden_imports("HTTP1", text) == ["Sessions"]
    assert rules.forbidden_imports("Proxy", "import COpenSSL\n") == ["COpenSSL"]
    assert rules.forbidden_imports("Proxy", "import Foundation\n") == ["Foundation"]
    assert rules.forbidden_imports("Control", "import Foundation\nimport Proxy\n") == []


def test_existential():
    assert rules.existentials("Proxy", "let a: any Error") != []
    assert rules.existentials("Proxy", "/// any Error\nlet many = 1; let b: .any") == []


def test_unsafe():
    assert rules.unsafe_uses("let a = unsafe b") == ["unsafe"]
    assert rules.unsafe_uses("var p: UnsafePointer<Int>") == ["UnsafePointer"]
    assert rules.unsafe_uses("// unsafe\nlet unsafely = 1") == []


def test_mark():
    assert rules.marks("// TO" + "DO: later") != []
    assert rules.marks("methodology") == []


def test_package_arrows():
    manifest = 'module("A"),\nmodule(\n "B",\n ["A", yams]\n),\n.executableTarget(name: "C", ' \
        'dependencies: [arguments, "B"])'
    assert rules.package_arrows(manifest) == {
        "A": set(), "B": {"A", "Yams"}, "C": {"ArgumentParser", "B"},
    }


def test_walk_names():
    assert rules.walk_names("| 1 | `Proxy/Worker.swift: run` |") == [("Proxy/Worker.swift", "run")]


def test_declaration():
    assert rules.declares("mutating func run() {}", "run")
    assert not rules.declares("// func run\nfunc runs() {}", "run")


def test_limits():
    assert rules.limit_names("var a = 1\nstatic let b: Int = 2\nvar c: Int { 3 }") == ["a", "b"]


def test_named_tests():
    row = "| head | `test_limits.py::test_head`, `JSONTests/A.swift::one past it` | `x.py` |"
    assert rules.named_tests(row) == [
        ("test_limits.py", "test_head"), ("JSONTests/A.swift", "one past it"),
    ]
    assert rules.has_test("def test_head(limited):", "test_head")
    assert not rules.has_test("def test_heads():\n    test_head()", "test_head")
    assert rules.has_test("    @Test func `one past it`() {", "one past it")
    assert rules.has_test("    @Test(arguments: [1])\n    func each(_ a: Int) {", "each")
