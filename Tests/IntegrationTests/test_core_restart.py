"""A core that is killed and started again under load: who needs it gets 503 meanwhile, and nobody
else notices."""

import collections
import contextlib
import dataclasses
import threading
import time
import uuid

import pytest
from support.core_process import CoreProcess
from support.gateway import changed
from support.message import bearer, get
from support.ports import free_port
from support.tokens import access, claims_of
from support.wrk import Load

PARENT = "b" * 64
# Connections of each kind of traffic, and seconds between two requests of one.
CONNECTIONS = 4
PAUSE = 0.01
# Seconds before the kill, between it and the start, and after all is to be well again.
BEFORE, DOWN, AFTER = 0.7, 1.5, 1
# Seconds after the start until all is well, and for any answer at all.
RECOVERY, LONGEST = 1, 3
# Requests of one kind in each of these times, at least.
FEWEST = 20


@dataclasses.dataclass
class Exchange:
    """One request and what came of it."""

    sent: float
    received: float
    status: int
    reason: str
    retry_after: str


class Traffic:
    """One kind of requests over connections of its own, from the start to `end`."""

    def __init__(self, gateway, path, needs_core, token):
        self.gateway = gateway
        self.path = path
        self.needs_core = needs_core
        self.token = token
        self.exchanges = []
        self.failures = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def end(self):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        try:
            with self.gateway.connect() as connection:
                while not self._over.wait(PAUSE):
                    data = get(self.path, bearer(self.token()))
                    sent = time.monotonic()
                    answer = connection.ask(data)
                    self.exchanges.append(Exchange(
                        sent, time.monotonic(), answer.status, answer.reason,
                        answer.value("retry-after"),
                    ))
        except Exception as failure:  # noqa: BLE001: shown by the test, whatever it is
            self.failures.append(failure)

    def outcomes(self, start=0, end=float("inf")):
        """What became of the requests that were sent and answered between two times."""
        return collections.Counter(
            (e.status, e.reason, e.retry_after is not None) for e in self.exchanges
            if start <= e.sent and e.received <= end
        )


@pytest.fixture(name="killable")
def fixture_killable(keys):
    with CoreProcess(keys, free_port()) as core:
        yield core


@pytest.fixture(name="gateway")
def fixture_gateway(start, base_configuration, killable, answering, upstream):
    """The traffic's routes, and one to an upstream in a process of its own for the load."""
    configuration = changed(
        base_configuration, server__workers=2, sessions__core__urls=[killable.url],
        upstreams__load={"targets": [answering.url]}, log={"access": {"output": "off"}},
    )
    configuration["routes"] += [
        {"path_prefix": "/checked", "check_database": True, "upstream": "main"},
        {"path_prefix": "/load", "upstream": "load"},
    ]
    return start(configuration).wait_for_keys()


def made(keys, parent=None):
    handle = str(uuid.uuid4())
    return access(keys.dynamic, sessionHandle=handle, parentRefreshTokenHash1=parent)


@contextlib.contextmanager
def running(gateway, keys):
    """All kinds of traffic at once."""
    warm, checked, promoted = made(keys), made(keys), made(keys, PARENT)
    kinds = {
        "warm": Traffic(gateway, "/required/warm", False, lambda: warm),
        "promoted": Traffic(gateway, "/required/promoted", False, lambda: promoted),
        "child": Traffic(gateway, "/required/child", True, lambda: made(keys, PARENT)),
        "checked": Traffic(gateway, "/checked", True, lambda: checked),
    }
    try:
        yield kinds
    finally:
        for kind in kinds.values():
            kind.end()


def test_a_core_that_is_killed_and_started_again(gateway, killable, keys, upstream):
    seconds = BEFORE + DOWN + RECOVERY + AFTER + 1
    load = Load(
        f"http://127.0.0.1:{gateway.port}/load", int(seconds), 16,
        fields=[bearer(made(keys)), "Host: app.example.com"],
    )
    with running(gateway, keys) as kinds:
        time.sleep(BEFORE)
        killing = time.monotonic()
        killable.kill()
        dead = time.monotonic()
        time.sleep(DOWN)
        starting = time.monotonic()
        killable.start()
        well = time.monotonic() + RECOVERY
        time.sleep(RECOVERY + AFTER)
    good = (200, None, False)
    refused = (503, "core_unreachable", True)
    for name, kind in kinds.items():
        assert not kind.failures, name
        before, down = kind.outcomes(end=killing), kind.outcomes(dead, starting)
        after = kind.outcomes(well)
        assert set(before) == set(after) == {good}, (name, before, after)
        assert set(down) == {refused if kind.needs_core else good}, (name, down)
        assert min(before[good], down.total(), after[good]) >= FEWEST, (name, before, down, after)
        # Between these times it may be either, and is nothing else.
        assert set(kind.outcomes()) <= ({good, refused} if kind.needs_core else {good}), name
        assert max(e.received - e.sent for e in kind.exchanges) < LONGEST, name
    report = load.report()
    seen = (report.refused, report.read, report.write, report.timeout, report.other_status)
    assert seen == (0, 0, 0, 0, 0) and report.requests > 0, report.text
    all_refused = sum(kind.outcomes()[refused] for kind in kinds.values())
    counted = [line for line in gateway.admin("/metrics").body.decode().splitlines()
               if line.startswith("sallyport_requests_total") and "core_unreachable" in line]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in counted) == all_refused
    only_judged_requests_went_on(kinds, upstream, good)


def only_judged_requests_went_on(kinds, upstream, good):
    """Each request that was answered with 200 reached the upstream, no other did, and children
    came as their successors."""
    arrived = collections.Counter()
    while not upstream.requests.empty():
        message = upstream.received()
        arrived[message.target] += 1
        token = message.value("authorization").removeprefix("Bearer ")
        assert claims_of(token)["parentRefreshTokenHash1"] is None
    assert arrived == {kind.path: kind.outcomes()[good] for kind in kinds.values()}
