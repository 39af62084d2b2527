"""What the SuperTokens SDKs' adapters write in each framework: the rows of docs/frameworks.md.

A line has names in braces where the values differ from answer to answer, with the spelling that the
adapter gives them behind a colon: `{access:percent}`.
"""

import base64
import dataclasses
import json
import pathlib
import re
import time
import urllib.parse
from http.cookies import SimpleCookie

FILE = pathlib.Path(__file__).parents[1] / "fixtures/frameworks.json"

# The fields that are compared; everything else is the test's.
FIELDS = {
    "set-cookie", "front-token", "id-refresh-token", "anti-csrf", "st-access-token",
    "st-refresh-token", "access-control-expose-headers", "cache-control",
}
DAY = 24 * 3600
IMF_DATE = "%a, %d %b %Y %H:%M:%S GMT"
PLACE = re.compile(r"\{([a-z ]+)(?::([a-z]+))?\}")


@dataclasses.dataclass(frozen=True)
class Row:
    """One answer of one SDK in one framework, or in several that share an adapter."""

    adapter: str
    sdk: str
    era: str
    answer: str
    lines: tuple

    @property
    def name(self):
        return f"{self.adapter}, {self.sdk}, {self.answer}"

    @property
    def is_legacy(self):
        """Whether its access tokens are of version 2."""
        return self.era != "recent"

    def written(self, values):
        """The lines with these values in them."""
        return [PLACE.sub(lambda place: spelled(values[place[1]], place[2]), line)
                for line in self.lines]

    def of(self, answer):
        """Another answer of the same adapter."""
        found = [row for row in ROWS if (row.adapter, row.sdk) == (self.adapter, self.sdk)
                 and row.answer == answer]
        assert len(found) == 1, (self.name, answer)
        return found[0]


def spelled(value, spelling):
    if spelling is None:
        return value if isinstance(value, str) else time.strftime(IMF_DATE, time.gmtime(value))
    return SPELLINGS[spelling](value)


def in_python_cookie(value):
    """As Python's cookies write what was quoted: between double quotes where it has a slash."""
    return SimpleCookie().value_encode(urllib.parse.quote(value))[1]


SPELLINGS = {
    "percent": lambda value: urllib.parse.quote(value, safe=""),
    "quote": urllib.parse.quote,
    "cookie": in_python_cookie,
    "sorted": lambda value: encoded(json.loads(base64.b64decode(value)), sort_keys=True),
    "long": lambda value: time.strftime("%A, %B %d, %Y %H:%M:%S", time.gmtime(value)),
}


def encoded(value, **options):
    return base64.b64encode(json.dumps(value, separators=(",", ":"), **options).encode()).decode()


def values(access, earlier=None):
    """What stands for the names in braces, from the two access tokens."""
    now = int(time.time())
    front = {"uid": "user-1", "ate": (now + 3600) * 1000, "up": {"role": "adm"}}
    return {
        "access": access, "earlier": earlier or access, "refresh": "RR+R/R==.f00.V2",
        "id": "7b8f2f0e-3a53-4f2c-9a59-2f0d6f1c9c11",
        "csrf": "c5d1e1a2-0c43-4a5b-8f70-5d1b2c3d4e5f",
        "front": encoded(front), "refresh ms": str((now + 100 * DAY) * 1000),
        "token end": now + 3600, "refresh end": now + 100 * DAY, "year": now + 365 * DAY,
        "century": now + 36_500 * DAY,
    }


def adapters():
    return json.loads(FILE.read_text())


def read():
    return [
        Row(adapter["title"], sdk["sdk"], sdk["era"], answer, tuple(lines))
        for adapter in adapters()
        for sdk in adapter["sdks"]
        for answer, lines in sdk["answers"].items()
    ]


ROWS = read()
