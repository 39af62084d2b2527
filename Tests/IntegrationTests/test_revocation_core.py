"""What revocation asks and tells the core."""

import json
import threading
import time
import uuid

import pytest
from support.client import Connection, eventually
from support.gateway import changed
from support.message import bearer, get
from support.tokens import access, claims_of
from test_revocation_admin import TOKEN, Operated, with_admin


@pytest.fixture(name="operated")
def fixture_operated(base_configuration, core, tmp_path, upstream):
    core.users = {"us er/1": [str(uuid.uuid4()) for _ in range(3)]}
    core.verify = verified
    configuration = with_admin(base_configuration, entries=4)
    configuration["sessions"]["core"]["urls"] = [core.url]
    with Operated(configuration, tmp_path) as running:
        yield running.wait_for_keys()


def verified(asked):
    handle = claims_of(asked["accessToken"])["sessionHandle"]
    return {"status": "OK", "session": {"handle": handle, "userId": "u"}}


def session(keys, name=None):
    name = name or str(uuid.uuid4())
    return name, access(keys.dynamic, sessionHandle=name)


def status(gateway, token):
    return gateway.ask(get("/required", bearer(token))).status


def test_given_handles_are_dropped_and_the_core_is_told(operated, core, keys):
    name, token = session(keys)
    assert status(operated, token) == 200
    message = operated.revoke({"sessionHandles": [name]})
    assert message.status == 200
    assert json.loads(message.body) == {"status": "OK", "sessionHandlesRevoked": [name]}
    assert core.removed == [name]
    assert status(operated, token) == 401


def test_a_user_is_all_the_sessions_that_the_core_names(operated, core, keys):
    handles = core.users["us er/1"]
    tokens = [session(keys, name)[1] for name in handles]
    assert [status(operated, token) for token in tokens] == [200] * 3
    message = operated.revoke({"userId": "us er/1"})
    assert json.loads(message.body) == {"status": "OK", "sessionHandlesRevoked": handles}
    assert core.removed == handles
    assert [status(operated, token) for token in tokens] == [401] * 3


def test_a_core_that_fails_is_said_so_and_the_drop_holds(operated, core, keys):
    name, token = session(keys)
    core.users = None
    message = operated.revoke({"sessionHandles": [name]})
    assert (message.status, message.reason) == (503, "core_unreachable")
    assert status(operated, token) == 401


def test_before_the_mark_the_core_is_asked_once(operated, core, keys):
    """A table that overflows forgets who was dropped, and so asks about everybody."""
    tokens = [session(keys) for _ in range(2)]
    handles = [str(uuid.uuid4()) for _ in range(9)]
    operated.revoke({"sessionHandles": handles, "core": False})
    assert operated.metric("sallyport_revocation_mark_seconds") > 0
    for name, token in tokens:
        before = core.count("/recipe/session/verify")
        # Each of the two workers asks for itself.
        assert [status(operated, token) for _ in range(12)] == [200] * 12
        assert core.count("/recipe/session/verify") - before <= 2
        assert core.asked[-1]["checkDatabase"] is True
    core.verify = lambda asked: {"status": "UNAUTHORISED"}
    name, token = session(keys)
    assert status(operated, token) == 401
    assert eventually(lambda: status(operated, token) == 401)
    asked = core.count("/recipe/session/verify")
    assert [status(operated, token) for _ in range(6)] == [401] * 6
    assert core.count("/recipe/session/verify") == asked


def test_a_yes_counts_though_the_mark_moved_meanwhile(operated, core, keys):
    operated.revoke({"sessionHandles": [str(uuid.uuid4()) for _ in range(9)], "core": False})
    mark = operated.metric("sallyport_revocation_mark_seconds")
    _, token = session(keys)
    # The table counts seconds.
    time.sleep(1.1)
    core.verify_delay = 0.4
    with Connection(operated.port) as connection:
        connection.send(get("/required", bearer(token)))
        assert eventually(lambda: core.count("/recipe/session/verify") > 0)
        operated.revoke({"sessionHandles": [str(uuid.uuid4()) for _ in range(9)], "core": False})
        assert operated.metric("sallyport_revocation_mark_seconds") > mark
        assert connection.read().status == 200


def test_who_looks_a_user_up_keeps_nobody_from_dropping_it(operated, core, keys):
    """The core is asked for the same list by both, and once while its version is not known."""
    handles = core.users["us er/1"]
    tokens = [session(keys, name)[1] for name in handles]
    core.session = lambda handle: {
        "status": "OK", "sessionHandle": handle, "userId": "us er/1", "userDataInJWT": {},
        "expiry": (time.time() + 3600) * 1000, "timeCreated": time.time() * 1000,
    }
    core.delay = 0.4
    answers = []

    def look():
        fields = (f"Host: 127.0.0.1:{operated.admin_port}", f"Authorization: Bearer {TOKEN}")
        with Connection(operated.admin_port, timeout=4) as connection:
            answers.append(connection.ask(get("/users/us%20er%2F1/sessions", *fields)))

    looking = [threading.Thread(target=look) for _ in range(2)]
    looking[0].start()
    time.sleep(0.1)
    dropping = threading.Thread(
        target=lambda: answers.append(operated.revoke({"userId": "us er/1"}))
    )
    dropping.start()
    time.sleep(0.1)
    looking[1].start()
    for thread in (*looking, dropping):
        thread.join()
    assert [answer.status for answer in answers] == [200] * 3
    assert core.removed == handles and core.count("/apiversion") == 2
    assert sum("/recipe/session/user" in path for _, path, _ in core.calls) == 1
    assert [status(operated, token) for token in tokens] == [401] * 3


class Held(dict):
    """Sessions of users that the core does not name until it is let."""

    released = threading.Event()

    def get(self, *arguments):
        self.released.wait(15)
        return super().get(*arguments)


def test_a_user_is_dropped_though_the_core_takes_longer_than_the_request(operated, core, keys):
    """The operator is told that the core did not say; once it does, the sessions end."""
    core.users = Held(core.users)
    handles = core.users["us er/1"]
    tokens = [session(keys, name)[1] for name in handles]
    assert [status(operated, token) for token in tokens] == [200] * 3
    operated.reload(changed(operated.configuration, sessions__core__timeout="20s"))
    message = operated.revoke({"userId": "us er/1"})
    assert (message.status, message.reason) == (503, "core_unreachable")
    assert json.loads(message.body)["sessionHandlesRevoked"] == []
    assert [status(operated, token) for token in tokens] == [200] * 3
    core.users.released.set()
    assert eventually(lambda: [status(operated, token) for token in tokens] == [401] * 3)
    assert eventually(lambda: core.removed == handles)
