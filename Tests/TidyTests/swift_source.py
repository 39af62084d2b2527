"""Just enough of Swift's lexical structure to hold the rules of the tree: code without comments and
strings, function bodies, imports."""

import re

IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*"
    r"(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|func|protocol|typealias|var|let)[ \t]+)?(\w+)",
    re.MULTILINE,
)
FUNCTION = re.compile(r"(?<![\w.`])(func[ \t]+[^\s(<]+|init(?=[?!<(])|deinit|subscript(?=[<(]))")
PROPERTY = re.compile(r"^[ \t]*(?:[\w@()]+[ \t]+)*var[ \t]+(\w+)[ \t]*:[^={\n]*\{", re.MULTILINE)
NEXT_DECLARATION = re.compile(
    r"\n[ \t]*(?:[\w@()]+[ \t]+)*(?:func|init|deinit|subscript|var|let|case|struct|enum|class"
    r"|extension|protocol|typealias|import)\b"
)


def code_of(text):
    """The text with comments and string contents blanked; length and line breaks stay."""
    out = list(text)
    position = 0
    while position < len(text):
        end = _end_of_comment(text, position) or _end_of_string(text, position)
        if end is None:
            position += 1
            continue
        for index in range(position, end):
            if out[index] != "\n":
                out[index] = " "
        position = end
    return "".join(out)


def _end_of_comment(text, start):
    if text.startswith("//", start):
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    if not text.startswith("/*", start):
        return None
    depth, position = 1, start + 2
    while depth and position < len(text):
        if text.startswith("/*", position):
            depth, position = depth + 1, position + 2
        elif text.startswith("*/", position):
            depth, position = depth - 1, position + 2
        else:
            position += 1
    return position


def _end_of_string(text, start):
    opening = re.compile(r'(#*)("""|")').match(text, start)
    if opening is None:
        return None
    hashes, quote = opening.groups()
    closing, escape = quote + hashes, "\\" + hashes
    position = opening.end()
    while position < len(text):
        if text.startswith(closing, position):
            return position + len(closing)
        if text.startswith(escape, position):
            position += len(escape)
            position = _end_of_interpolation(text, position) if text[position:position + 1] == "(" \
                else position + 1
        else:
            position += 1
    return position


def _end_of_interpolation(text, start):
    depth, position = 0, start
    while position < len(text):
        inner = _end_of_string(text, position)
        if inner is not None:
            position = inner
            continue
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
        if depth == 0:
            return position
    return position


def imports_of(text):
    """Names of the modules that a file imports."""
    return set(IMPORT.findall(code_of(text)))


def functions_of(text):
    """(name, first line, number of lines) of each function, initialiser and computed property."""
    code = code_of(text)
    found = [(match.group(1), match.start(), match.end()) for match in FUNCTION.finditer(code)]
    found += [
        (match.group(1), match.start(1), match.end() - 1) for match in PROPERTY.finditer(code)
    ]
    result = []
    for name, start, end in found:
        opening = _opening_of_body(code, end)
        if opening is None:
            continue
        closing = _closing_brace(code, opening)
        first = code.count("\n", 0, start) + 1
        result.append((name, first, code.count("\n", start, closing) + 1))
    return result


def _opening_of_body(code, start):
    depth = 0
    for position in range(start, len(code)):
        character = code[position]
        if character == "{" and depth == 0:
            return position
        if character == "}" and depth == 0:
            return None
        if character == "\n" and depth == 0 and NEXT_DECLARATION.match(code, position):
            return None
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
    return None


def _closing_brace(code, opening):
    depth = 0
    for position in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[position], 0)
        if depth == 0:
            return position
    return len(code) - 1
