"""Other spellings of the same thing, as readers that are not strict would take them."""

import itertools
import re

ESCAPE = re.compile("%[0-9a-fA-F]{2}")


def escapes_in_both_cases(path):
    """Every way to write the letters of the escapes in lower and upper case."""
    parts = re.split("(%[0-9a-fA-F]{2})", path)
    choices = [
        list(dict.fromkeys([part.lower(), part.upper()])) if ESCAPE.fullmatch(part) else [part]
        for part in parts
    ]
    choices = [_each_letter(choice) for choice in choices]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _each_letter(choice):
    if len(choice) == 1:
        return choice
    letters = [{lower, upper} for lower, upper in zip(*choice)]
    return sorted("".join(chosen) for chosen in itertools.product(*letters))


def encoded_again(path, times=1):
    """The escapes of the path escaped themselves, that many times."""
    for _ in range(times):
        path = path.replace("%", "%25")
    return path


def aliases(name):
    """Every name that is the same after folding `-`, `_` and `.`, the name itself first."""
    pieces = name.split("-")
    found = []
    for marks in itertools.product("-_.", repeat=len(pieces) - 1):
        found.append("".join(itertools.chain(*itertools.zip_longest(pieces, marks, fillvalue=""))))
    return found


def letter_cases(name):
    """As given, lower, upper, and alternating both ways."""
    turns = "".join(
        letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(name)
    )
    return list(dict.fromkeys([name, name.lower(), name.upper(), turns, turns.swapcase()]))
