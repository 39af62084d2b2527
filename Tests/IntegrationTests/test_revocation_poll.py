"""Sessions in use that the core no longer has are dropped: `sessions.revocation.poll`."""

import contextlib
import threading
import time
import uuid

import pytest
from support.client import eventually
from support.core import Core
from support.gateway import changed
from support.message import bearer, get, rows
from support.tokens import access, legacy, now

# Seconds: of a round, and until its news is everywhere.
ROUND = 1
LATE = ROUND + 0.5


class Sessions:
    """What a core has of sessions: all that were made, less those that ended."""

    def __init__(self, core, keys):
        self.core = core
        self.keys = keys
        self.ended = set()
        core.session = self.look

    def look(self, handle):
        if handle in self.ended:
            return {"status": "UNAUTHORISED", "message": "Session does not exist."}
        return {
            "status": "OK", "sessionHandle": handle, "userId": "user-1", "userDataInJWT": {},
            "userDataInDatabase": {}, "expiry": now() * 1000 + 3_600_000,
            "timeCreated": now() * 1000,
        }

    def made(self, version=5):
        name = str(uuid.uuid4())
        make = legacy if version == 2 else access
        return name, make(self.keys.dynamic, version=version, sessionHandle=name)

    def asked(self, name=""):
        """How often the core was asked about a session, or about any."""
        return sum(1 for call in self.core.calls
                   if call[1].startswith(f"/recipe/session?sessionHandle={name}"))


@pytest.fixture(name="sessions")
def fixture_sessions(core, keys):
    return Sessions(core, keys)


@pytest.fixture(name="polling")
def fixture_polling(start, base_configuration, core, sessions, upstream):
    """A gateway with three workers that polls."""

    def started(poll=f"{ROUND}s", **more):
        return start(configured(base_configuration, core, poll, **more)).wait_for_keys()

    return started


def configured(base_configuration, core, poll, **more):
    return changed(
        base_configuration, server__workers=3, sessions__core__urls=[core.url],
        sessions__revocation__poll=poll, **{"sessions__core__timeout": "200ms", **more},
    )


def status(gateway, token):
    return gateway.ask(get("/required", bearer(token))).status


def polls(gateway, result):
    return gateway.metric(f'sallyport_session_polls_total{{result="{result}"}}')


@pytest.mark.parametrize("version", [2, 5])
def test_a_session_that_ended_at_the_core_ends_on_every_worker(polling, sessions, version):
    gateway = polling()
    (ended, token), (other, others) = sessions.made(version), sessions.made(version)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(gateway.connect()) for _ in range(12)]

        def statuses(token):
            return {c.ask(get("/required", bearer(token))).status for c in connections}

        assert statuses(token) == statuses(others) == {200}
        assert eventually(lambda: sessions.asked(ended) and sessions.asked(other), within=LATE)
        sessions.ended.add(ended)
        since = time.monotonic()
        while 200 in statuses(token):
            assert time.monotonic() - since < LATE
        assert statuses(token) == {401} and statuses(others) == {200}
        answer = connections[0].ask(get("/required", bearer(token)))
    assert answer.reason == "revoked" and answer.body == b'{"message":"unauthorised"}'
    assert gateway.metric("sallyport_revoked_sessions") == 1
    assert gateway.metric('sallyport_sessions_revoked_total{by="poll"}') == 1
    assert polls(gateway, "ended") == 1 and polls(gateway, "failure") == 0


def test_a_session_on_many_workers_is_asked_about_once_in_a_round(polling, sessions):
    gateway, (name, token) = polling(), sessions.made()
    end = time.monotonic() + 3 * ROUND
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(gateway.connect()) for _ in range(12)]
        while time.monotonic() < end:
            for connection in connections:
                assert connection.ask(get("/required", bearer(token))).status == 200
    assert 2 <= sessions.asked(name) <= 4


def test_a_session_that_is_not_in_use_is_not_asked_about(polling, sessions):
    gateway, (name, token) = polling(), sessions.made()
    never, _ = sessions.made()
    assert status(gateway, token) == 200
    assert eventually(lambda: sessions.asked(name) == 1, within=LATE)
    time.sleep(2 * LATE)
    assert sessions.asked(name) == 1 and sessions.asked(never) == 0
    assert status(gateway, token) == 200
    assert eventually(lambda: sessions.asked(name) == 2, within=LATE)


def test_a_session_that_was_dropped_is_asked_about_no_more(polling, sessions):
    gateway, (name, token) = polling(), sessions.made()
    sessions.ended.add(name)
    assert status(gateway, token) == 200
    assert eventually(lambda: status(gateway, token) == 401, within=LATE)
    asked = sessions.asked()
    end = time.monotonic() + LATE
    while time.monotonic() < end:
        assert status(gateway, token) == 401
    assert sessions.asked() == asked == 1


def failing(core):
    core.failing = True


def stopped(core):
    core.stop()


def late(core):
    core.delay = 0.5


def says(status, value):
    def trouble(core):
        core.answer = lambda *_: (status, value)
    return trouble


@pytest.mark.parametrize("trouble", rows([
    ("closes", failing),
    ("is not there", stopped),
    ("takes too long", late),
    ("500", says(500, {"status": "UNAUTHORISED"})),
    ("401", says(401, {"status": "UNAUTHORISED"})),
    ("404", says(404, "Not found")),
    ("another status", says(200, {"status": "WHAT"})),
    ("a list", says(200, ["UNAUTHORISED"])),
    ("another session", says(200, {"status": "OK", "sessionHandle": "another"})),
]))
def test_nothing_but_the_cores_word_drops(polling, sessions, core, trouble):
    gateway, (name, token) = polling(), sessions.made()
    assert status(gateway, token) == 200
    assert eventually(lambda: polls(gateway, "standing") >= 1, within=LATE)
    sessions.ended.add(name)
    trouble(core)
    failures = polls(gateway, "failure")

    def fails():
        assert status(gateway, token) == 200
        return polls(gateway, "failure") > failures

    assert eventually(fails, within=6 * ROUND)
    assert gateway.metric("sallyport_revoked_sessions") == 0
    assert gateway.says("a session in use could not be asked about")
    vars(core).pop("answer", None)
    core.delay = 0
    if trouble is stopped:
        core.restart()
    core.failing = False
    assert eventually(lambda: status(gateway, token) == 401, within=2 * LATE)


def test_a_reload_changes_the_interval(polling, sessions, base_configuration, core):
    gateway, (name, token) = polling("0s"), sessions.made()

    def reloaded(poll):
        assert "reloaded" in gateway.reload(configured(base_configuration, core, poll))
        assert status(gateway, token) == 200
        before = sessions.asked(name)
        return eventually(lambda: sessions.asked(name) > before, within=LATE)

    assert status(gateway, token) == 200
    time.sleep(LATE)
    assert sessions.asked() == 0
    assert reloaded("1s")
    assert not reloaded("1h")
    assert reloaded("1s")
    assert not reloaded("0s")


def test_other_cores_are_not_asked_about_the_sessions_of_these(
    polling, sessions, base_configuration, core, keys
):
    """A wrong core in the configuration, put right at once, ends nobody's session."""
    gateway, (name, token) = polling(sessions__core__timeout="5s"), sessions.made()
    asked, over = threading.Event(), threading.Event()
    look = core.session

    def hang(handle):
        asked.set()
        over.wait(5)
        return look(handle)

    core.session = hang
    assert status(gateway, token) == 200
    assert asked.wait(LATE)
    with Core(keys) as wrong:
        Sessions(wrong, keys).ended.add(name)
        gateway.reload(configured(base_configuration, wrong, f"{ROUND}s"))
        time.sleep(0.3)
        gateway.reload(configured(base_configuration, core, f"{ROUND}s"))
    over.set()
    core.session = look
    assert status(gateway, token) == 200
    assert gateway.metric("sallyport_revoked_sessions") == 0
