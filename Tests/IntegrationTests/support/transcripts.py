"""Readers of what SDKs were seen to do: transcripts (a title per step) and recordings (bytes)."""

import dataclasses
import json
import pathlib
import re

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
HEAD = re.compile(r"== (.+?) (\d{3})(?: (.*))?$")
FIELD = re.compile(r"    ([A-Za-z-]+): ?(.*)$")
CALL = re.compile(r" +core<- (.*)$")
# Of the connection or the server that recorded, not of the SDK.
OTHERS = {"date", "server", "connection", "content-length", "keep-alive"}


@dataclasses.dataclass
class Step:
    """One exchange. A transcript's has no request: its title says what was asked."""

    name: str
    status: int
    body: str
    fields: list = dataclasses.field(default_factory=list)
    # Questions for the core's word on a session: (version of the interface, content).
    questions: list = dataclasses.field(default_factory=list)
    at_ms: int = 0
    method: str = ""
    path: str = ""
    request: list = dataclasses.field(default_factory=list)
    # What the core answered to `questions`.
    answers: list = dataclasses.field(default_factory=list)

    def value(self, name):
        """The first value of a field of the answer."""
        return next((value for key, value in self.fields if key.lower() == name), None)


def transcript(name):
    """The steps of a transcript."""
    steps = []
    for line in (FIXTURES / "transcripts" / f"{name}.txt").read_text().splitlines():
        if found := HEAD.match(line):
            steps.append(Step(found[1], int(found[2]), found[3] or ""))
        elif found := FIELD.match(line):
            steps[-1].fields.append((found[1], found[2]))
        elif found := CALL.match(line):
            _, path, version, content = json.loads(found[1])
            if path.endswith("/recipe/session/verify"):
                steps[-1].questions.append((version, content))
        else:
            raise ValueError(f"{name}: {line[:60]}")
    assert len({step.name for step in steps}) == len(steps), "two steps of one title"
    return steps


def lines_of(name):
    text = (FIXTURES / "recordings" / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def recording(name):
    """The browser's steps of a recording, with what the SDK asked the core in each."""
    steps = {}
    for line in lines_of(f"{name}-browser"):
        asked, answer = line["request"], line["response"]
        steps[line["name"]] = Step(
            line["name"], answer["status"], answer["body"] or "",
            _own(answer["headers"]), [],
            line["at_ms"], asked["method"], asked["path"],
            [pair for pair in asked["headers"] if pair[0].lower() != "content-length"],
        )
    for line in core_lines(name):
        if line["request"]["path"] == "/recipe/session/verify":
            step = steps[line["name"].partition("#")[0]]
            version = dict(line["request"]["headers"])["cdi-version"]
            step.questions.append((version, json.loads(line["request"]["body"])))
            step.answers.append(json.loads(line["response"]["body"]))
    return list(steps.values())


def _own(fields):
    """The SDK's. Where Flask has a type and the SDK adds its own, that is the last of two."""
    kept = [pair for pair in fields if pair[0].lower() not in OTHERS]
    types = [pair for pair in kept if pair[0].lower() == "content-type"]
    return [pair for pair in kept if pair not in types[:-1]]


def core_lines(name):
    return lines_of(f"{name}-core")
