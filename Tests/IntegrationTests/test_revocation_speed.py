"""From the answer to a sign-out, or to an operator, to the first refusal on every worker."""

import contextlib
import json
import time
import uuid

import pytest
from support.gateway import changed
from support.message import bearer, get, post
from support.tokens import access, claims_of
from support.wrk import Load
from test_revocation import SIGN_OUT, SOON
from test_revocation_admin import Operated

CONNECTIONS = 24
DROPS = 5


class Core:
    """What the tests' core says: child tokens have a successor, and sessions can be ended."""

    def __init__(self, core, keys):
        self.core = core
        self.keys = keys
        core.users = {}
        core.verify = self.verify

    def verify(self, asked):
        handle = claims_of(asked["accessToken"])["sessionHandle"]
        return {
            "status": "OK", "session": {"handle": handle, "userId": "user-1"},
            "accessToken": {"token": access(self.keys.dynamic, sessionHandle=handle)},
        }

    def promotions(self):
        return self.core.count("/recipe/session/verify")


@pytest.fixture(name="promoting")
def fixture_promoting(core, keys):
    return Core(core, keys)


@pytest.fixture(name="operated")
def fixture_operated(base_configuration, answering, core, promoting, upstream, tmp_path):
    """Four workers; `/load` goes to an upstream in a process of its own."""
    configuration = changed(
        base_configuration, server__workers=4, upstreams__load={"targets": [answering.url]},
        sessions__core__urls=[core.url], log={"access": {"output": "off"}},
    )
    configuration["routes"].append({"path_prefix": "/load", "upstream": "load"})
    with Operated(configuration, tmp_path) as running:
        yield running.wait_for_keys()


def sign_out(gateway, upstream, handle, token):
    upstream.answer = SIGN_OUT
    assert gateway.ask(post("/passthrough/signout", bearer(token))).status == 200


def operator(gateway, upstream, handle, token):
    message = gateway.revoke({"sessionHandles": [handle]})
    assert message.status == 200
    assert json.loads(message.body)["sessionHandlesRevoked"] == [handle]


def ordinary(keys, handle):
    return access(keys.dynamic, sessionHandle=handle)


def child(keys, handle):
    """A token that a refresh made: the workers know its successor from the core."""
    return access(keys.dynamic, sessionHandle=handle, parentRefreshTokenHash1="b" * 64)


@pytest.mark.parametrize("is_loaded", [False, True], ids=["idle", "under load"])
@pytest.mark.parametrize("drop", [sign_out, operator])
@pytest.mark.parametrize("make", [ordinary, child])
def test_every_worker_obeys_at_once(
    operated, upstream, promoting, keys, make, drop, is_loaded
):
    """50 ms at most, on each of many connections."""
    load = Load(
        f"http://127.0.0.1:{operated.port}/load", 3, 32,
        fields=[bearer(ordinary(keys, str(uuid.uuid4()))), "Host: app.example.com"],
    ) if is_loaded else None
    longest = 0
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(operated.connect()) for _ in range(CONNECTIONS)]
        for _ in range(DROPS):
            handle = str(uuid.uuid4())
            token = make(keys, handle)
            successors = set()
            for connection in connections:
                answer = connection.ask(get("/load", bearer(token)))
                assert answer.status == 200
                successors.update(answer.values("st-access-token"))
            assert len(successors) == (make is child)
            drop(operated, upstream, handle, token)
            dropped = time.monotonic()
            for connection in connections:
                for one in [token, *successors]:
                    longest = max(longest, first_refusal(connection, one) - dropped)
    assert promoting.promotions() == (DROPS if make is child else 0)
    if load is not None:
        report = load.report()
        assert report.requests > 0 and report.other_status == 0, report
    assert longest <= SOON


def first_refusal(connection, token):
    """When the last request that was not refused was sent; 0 = the first was refused."""
    last = 0
    while True:
        sent = time.monotonic()
        answer = connection.ask(get("/load", bearer(token)))
        if answer.status == 401:
            assert answer.reason == "revoked"
            return last
        assert answer.status == 200
        last = sent
