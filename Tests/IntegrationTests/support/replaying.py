"""Asks a running gateway what an SDK was asked, and `explain` too, and gathers what differs."""

import dataclasses
import json
import time

import pytest
from support.comparing import differences, written
from support.core import VERSIONS, Core
from support.explaining import explained, verdict_of
from support.gateway import Gateway
from support.message import request
from support.resigning import Shift, legacy_keys, web_keys
from support.skipping import REPORT, Skips
from support.tokens import claims_of
from support.upstream import Upstream

SESSION = "/recipe/session/verify"
ATTEMPTS = 20
EXPOSED = "access-control-expose-headers"


def order(version):
    """A version of the core's interface, to compare."""
    return tuple(map(int, version.split(".")))


@dataclasses.dataclass
class Exchange:
    """One request of the replay, and what must come back."""

    name: str
    verified: bool
    method: str
    path: str
    fields: list
    status: int
    body: str
    answer: list
    # Of a content that was cut only the beginning is known.
    cut: bool = False
    exact: bool = True
    shift: Shift = Shift(0, 0)
    # What the core is to be asked, and what it says.
    questions: list = dataclasses.field(default_factory=list)
    says: dict | None = None
    # What it says of a handle, where it is of the seed era.
    session: dict | None = None
    # Makes an upstream's content of the JWT's claims (None without), and its type.
    application: object = None
    type: str = "application/json"
    # When its token ends: what was answered after that says nothing.
    ends_ms: int | None = None

    def compare(self, replay, answer):
        """What of the answer is not as it must be."""
        return replay.compared(self, answer)

    @property
    def data(self):
        fields = list(self.fields)
        if self.method == "POST":
            fields.append("Content-Length: 0")
        return request(f"{self.method} {self.path} HTTP/1.1", *fields)


class Replay:
    """A gateway as the SDK of a case was set, with a core and an upstream of its own."""

    def __init__(self, case, sessions, routes, folder, key_ids, version):
        self.skips = Skips(case)
        self.case = case
        self.faults = []
        self.explained = 0
        self.counts = {"verified": 0, "passed": 0, "skipped": 0}
        self.core = Core(None)
        self.core.legacy_keys = legacy_keys()
        self.core.web_keys = web_keys(key_ids)
        self.core.offers_web_keys = bool(key_ids)
        self.core.versions = [version, *(one for one in VERSIONS if order(one) < order(version))]
        self.upstream = Upstream()
        self.core.listen(0)
        self.upstream.listen()
        configuration = {
            "server": {"workers": 1, "shutdown_grace": "1s"},
            "sessions": {"core": {"urls": [self.core.url], "timeout": "2s"}, **sessions},
            "upstreams": {"main": {"targets": [self.upstream.url]}},
            "routes": [{"upstream": "main", **route} for route in routes],
        }
        self.gateway = Gateway(configuration, folder)

    def __enter__(self):
        self.gateway.started().wait_for_keys()
        return self

    def __exit__(self, *_):
        self.gateway.kill()
        self.upstream.stop()
        self.core.stop()
        self.gateway.check_logs()
        REPORT.append((self.case, self.counts, self.explained, self.skips.listed))

    def fault(self, name, what):
        self.faults.append(f"{self.case} | {name}: {what}")

    def run(self, make):
        """Replays the step that `make` makes."""
        exchange, differs = self.in_time(make)
        self._judge(exchange, differs)

    def in_time(self, make):
        """Makes and verifies an exchange, again when its token ended meanwhile."""
        for _ in range(ATTEMPTS):
            exchange, faults = make(), len(self.faults)
            differs = self._verified(exchange) if exchange.verified else []
            if exchange.status != 200 or exchange.ends_ms is None or \
                    time.time() * 1000 < exchange.ends_ms:
                break
            del self.faults[faults:]
        return exchange, differs

    def _judge(self, exchange, differs):
        if not exchange.verified:
            self.counts["passed"] += 1
            return self._passed(exchange)
        if self.skips.has(exchange.name):
            self.counts["skipped"] += 1
            return None if differs else self.fault(exchange.name, "is listed but does not differ")
        self.counts["verified"] += 1
        for what in differs:
            self.fault(exchange.name, what)

    def _verified(self, exchange):
        """What differs in a verification step. What `explain` says must agree in any case."""
        asked = len(self._asks())
        self.core.verify = lambda question: exchange.says or {"status": "OK"}
        self.core.session = lambda handle: exchange.session or {"status": "OK"}
        self.upstream.answer = lambda call: call.send(self._application(call, exchange))
        answer = self.gateway.ask(exchange.data)
        versions = self._asks()[asked:]
        questions = list(zip(versions, self.core.asked[asked:], strict=True))
        said = explained(self.gateway.file, exchange.method, exchange.fields, exchange.path)
        if said != verdict_of(answer):
            self.fault(exchange.name, f"explain {said}, gateway {verdict_of(answer)}")
        self.explained += 1
        return [*exchange.compare(self, answer), *self._questions(exchange, questions)]

    def _asks(self):
        """The versions of the core's interface in which it was asked for its word."""
        asks = [fields for _, path, fields in self.core.calls if path == SESSION]
        return [{k.lower(): v for k, v in fields.items()}["cdi-version"] for fields in asks]

    def _application(self, call, exchange):
        """The upstream's answer: made of the JWT alone."""
        values = call.message.values("authorization")
        jwt = values[0].removeprefix("Bearer ") if values else None
        content = exchange.application(jwt, claims_of(jwt) if jwt else None).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {exchange.type}\r\n"
        head += f"Content-Length: {len(content)}\r\n\r\n"
        return head.encode() + (b"" if exchange.method == "HEAD" else content)

    def compared(self, exchange, answer):
        """What of an answer is not the SDK's."""
        if answer.status != exchange.status:
            yield f"status {answer.status} {answer.reason}, not {exchange.status}"
            return
        got = answer.body.decode()
        same = got.startswith(exchange.body) if exchange.cut else got == exchange.body
        if exchange.application and not exchange.exact:
            said, wanted = (self._json(exchange.name, text) for text in (got, exchange.body))
            same = same or said == wanted
        if not same and not self.skips.has(exchange.name, "body"):
            yield f"content {got[:300]}, not {exchange.body[:300]}"
        expected = list(self._expected(exchange))
        found = differences(expected, answer.fields, exchange.exact, exchange.shift)
        for name, (missing, added) in found.items():
            yield f"{name}: missing {missing}, added {added}"

    def _expected(self, exchange):
        """The SDK's fields, without those that are listed, which are not to be there at all."""
        listed = {name.lower() for name, _ in exchange.answer
                  if self.skips.has(exchange.name, name.lower())}
        for name, value in exchange.answer:
            if listed and name.lower() == EXPOSED:
                names = [one.strip() for one in value.split(",")]
                yield name, ",".join(one for one in names if one not in listed)
            elif name.lower() not in listed:
                yield name, value

    def _json(self, name, text):
        """JSON without what the skips say an upstream cannot know."""
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if isinstance(value, dict):
            return {key: one for key, one in value.items() if not self.skips.has(name, key)}
        return value

    def _questions(self, exchange, asked):
        def told(version, content):
            return version, content.get("checkDatabase", False)

        wanted = [told(*question) for question in exchange.questions]
        got = [told(*question) for question in asked]
        if got != wanted and not self.skips.has(exchange.name, "question"):
            yield f"asks the core {got}, not {wanted}"
        if any(content["doAntiCsrfCheck"] is not False for _, content in asked):
            yield "leaves the anti-CSRF check to the core"

    def _passed(self, exchange):
        """What the SDK answered passes unchanged, and what it was asked too."""
        content = b"" if exchange.status == 204 else exchange.body.encode()
        head = [f"HTTP/1.1 {exchange.status} Any".encode()]
        head += [f"{name}: {value}".encode() for name, value in exchange.answer]
        head.append(b"Content-Length: %d" % len(content))
        self.upstream.answer = b"\r\n".join([*head, b"", b""]) + content
        while not self.upstream.requests.empty():
            self.upstream.received()
        answer = self.gateway.ask(exchange.data)
        if (answer.status, answer.body) != (exchange.status, content):
            self.fault(exchange.name, f"{answer.status} {answer.body[:200]}")
        expected = [(name.lower(), value.strip()) for name, value in exchange.answer]
        names = {name for name, _ in expected}
        got = [(n.decode().lower(), v.decode("latin-1")) for n, v in answer.fields]
        if [pair for pair in got if pair[0] in names] != expected:
            self.fault(exchange.name, f"{got}, not {expected}")
        if written(answer.fields) != written(exchange.answer):
            self.fault(exchange.name, "fields were added")
        received = self.upstream.received()
        for field in exchange.fields:
            name, _, value = field.partition(":")
            if value.strip() not in received.values(name.lower()):
                self.fault(exchange.name, f"{name} did not reach the upstream")

    def check(self):
        """Fails with all that differed, and with what is listed and was not needed."""
        vain = [f"{self.case} | {step}: is listed in vain" for step in self.skips.unused]
        if self.faults + vain:
            pytest.fail("\n".join(self.faults + vain), pytrace=False)
