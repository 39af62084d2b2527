"""The core is asked about every session token: `check_database`."""

import base64
import json
import time

import pytest
from support.client import eventually
from support.core import Core
from support.gateway import changed
from support.message import bearer, cookie, request
from support.tokens import access, inner, legacy

HANDLE = "5c1d9a52-77a0-4b2e-9f40-1f0c7a3f2b22"
OK = {"status": "OK", "session": {"handle": HANDLE, "userId": "u"}}


@pytest.fixture(name="checking")
def fixture_checking(start, base_configuration, core, upstream):
    def started(**more):
        core.verify = lambda asked: OK
        configuration = changed(
            base_configuration,
            sessions__core__urls=[core.url],
            sessions__check_database=True,
            **more,
        )
        return start(configuration).wait_for_keys()

    return started


def ask(gateway, *fields, method="GET", path="/required"):
    return gateway.ask(request(f"{method} {path} HTTP/1.1", *fields))


def tokens(keys):
    return [
        access(keys.dynamic, sessionHandle=HANDLE),
        legacy(keys.dynamic, {"jwt": inner(keys.static)}, sessionHandle=HANDLE),
    ]


def test_every_request_is_asked_about(checking, keys, core, upstream):
    gateway = checking()
    for number, token in enumerate(tokens(keys) * 2):
        assert ask(gateway, cookie(token)).status == 200
        assert core.count("/recipe/session/verify") == number + 1
        assert core.asked[-1]["checkDatabase"] is True
    assert ask(gateway).status == 401
    assert ask(gateway, path="/optional").status == 200
    assert core.count("/recipe/session/verify") == 4


def test_an_ended_session_is_refused_and_cleared(checking, keys, core, upstream):
    gateway, token = checking(), access(keys.dynamic, sessionHandle=HANDLE)
    assert ask(gateway, bearer(token)).status == 200
    core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "x"}
    for path in ["/required", "/optional", "/exposed"]:
        answer = ask(gateway, bearer(token), path=path)
        assert (answer.status, answer.reason) == (401, "revoked")
        assert json.loads(answer.body) == {"message": "unauthorised"}
        # Only who heard it of the core is told to forget; the rest is refused as after a sign-out.
        assert answer.values("front-token") == (["remove"] if path == "/required" else [])
    assert core.count("/recipe/session/verify") == 2


def test_an_end_counts_though_its_client_has_left(checking, keys, core, upstream):
    gateway, token = checking(), access(keys.dynamic, sessionHandle=HANDLE)
    core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "x"}
    core.verify_delay = 0.3
    client = gateway.connect()
    client.send(request("GET /required HTTP/1.1", bearer(token)))
    assert eventually(lambda: core.count("/recipe/session/verify") == 1)
    client.reset()
    time.sleep(3 * core.verify_delay)
    assert ask(gateway, bearer(token)).reason == "revoked"
    assert core.count("/recipe/session/verify") == 1


def test_a_changed_payload_brings_a_new_token(checking, keys, core, upstream):
    gateway, token = checking(), access(keys.dynamic, sessionHandle=HANDLE)
    new = access(keys.dynamic, sessionHandle=HANDLE, role="new")
    core.verify = lambda asked: OK | {"accessToken": {"token": new}}
    answer = ask(gateway, bearer(token))
    assert answer.status == 200
    assert answer.value("st-access-token") == new
    assert upstream.received().value("authorization") == f"Bearer {new}"
    assert json.loads(base64.b64decode(answer.value("front-token")))["up"]["role"] == "new"
    core.verify = lambda asked: OK
    answer = ask(gateway, bearer(token))
    assert not answer.values("st-access-token")
    assert upstream.received().value("authorization") == f"Bearer {token}"


def test_another_sessions_token_is_no_answer(checking, keys, core, upstream):
    gateway, token = checking(), access(keys.dynamic, sessionHandle=HANDLE)
    other = access(keys.dynamic, sessionHandle="another")
    core.verify = lambda asked: OK | {"accessToken": {"token": other}}
    answer = ask(gateway, bearer(token))
    assert (answer.status, answer.reason) == (503, "core_unreachable")


def test_a_route_has_its_own_say(start, base_configuration, keys, core, upstream):
    core.verify = lambda asked: OK
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    configuration["routes"] = [
        {"path_prefix": "/checked", "check_database": True, "upstream": "app"},
        {"path_prefix": "/", "upstream": "app"},
    ]
    name = next(iter(configuration["upstreams"]))
    for route in configuration["routes"]:
        route["upstream"] = name
    gateway = start(configuration).wait_for_keys()
    token = access(keys.dynamic, sessionHandle=HANDLE)
    assert ask(gateway, bearer(token), path="/free").status == 200
    assert core.count("/recipe/session/verify") == 0
    assert ask(gateway, bearer(token), path="/checked").status == 200
    assert core.count("/recipe/session/verify") == 1


@pytest.mark.parametrize(
    "says, status",
    [
        ({"status": "OK", "sessionHandle": HANDLE}, 200),
        ({"status": "UNAUTHORISED", "message": "Session does not exist."}, 401),
        ({"status": "WHAT"}, 503),
    ],
)
def test_an_old_core_is_asked_for_the_session_too(checking, keys, core, upstream, says, status):
    core.versions = ["2.9", "2.20"]
    gateway, token = checking(), tokens(keys)[1]
    core.session = lambda handle: says
    assert ask(gateway, cookie(token)).status == status
    assert "checkDatabase" not in core.asked[0]
    assert core.count(f"/recipe/session?sessionHandle={HANDLE}") == 1


def test_the_next_core_is_asked_when_one_is_down(start, base_configuration, keys, core, upstream):
    core.verify = lambda asked: OK
    with Core(keys) as second:
        second.verify = lambda asked: OK
        configuration = changed(
            base_configuration,
            sessions__core__urls=[core.url, second.url],
            sessions__check_database=True,
        )
        gateway = start(configuration).wait_for_keys()
        token = access(keys.dynamic, sessionHandle=HANDLE)
        assert ask(gateway, bearer(token)).status == 200
        assert not second.asked
        core.stop()
        for number in range(8):
            assert ask(gateway, bearer(token)).status == 200
            assert len(second.asked) == number + 1
        second.stop()
        assert ask(gateway, bearer(token)).status == 503
        core.restart()
        assert eventually(lambda: ask(gateway, bearer(token)).status == 200, within=1)
