"""Tokens that a refresh made go to the core once: `sessions.verify_children`."""

import base64
import json
import threading
import time
from urllib.parse import unquote

import pytest
from support.client import Connection, eventually
from support.gateway import changed
from support.message import bearer, cookie, request
from support.rotation import HANDLE, PARENT, Rotation
from support.tokens import access
from support.websocket import HELLO, Switching, handshake

MARKER = "sIdRefreshToken=m"


@pytest.fixture(name="rotation")
def fixture_rotation(keys, core):
    return Rotation(keys, core)


@pytest.fixture(name="rotating")
def fixture_rotating(start, base_configuration, core, rotation, upstream):
    """A gateway with two workers and a core of its own."""

    def started(**more):
        configuration = changed(
            base_configuration, sessions__core__urls=[core.url], server__workers=2, **more
        )
        return start(configuration).wait_for_keys()

    return started


def ask(gateway, *fields, method="GET", path="/required"):
    return gateway.ask(request(f"{method} {path} HTTP/1.1", *fields))


def delivered_cookie(answer):
    found = [v for v in answer.values("set-cookie") if v.startswith("sAccessToken=")]
    assert len(found) == 1, found
    return found[0]


def front_token(answer):
    return json.loads(base64.b64decode(answer.value("front-token")))


def test_a_cookie_child_is_promoted_and_its_successor_delivered(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    for _ in range(3):
        answer = ask(gateway, cookie(child))
        assert answer.status == 200
        promoted = rotation.promoted[child]
        assert upstream.received().value("authorization") == f"Bearer {promoted}"
        line = delivered_cookie(answer)
        assert line.startswith(f"sAccessToken={promoted}; Path=/; Expires=")
        assert line.endswith(" GMT; HttpOnly; Secure; SameSite=Lax")
        assert front_token(answer)["up"]["sessionHandle"] == HANDLE
        assert list(front_token(answer)) == ["uid", "ate", "up"]
        assert answer.value("access-control-expose-headers") == "front-token"
        assert answer.value("cache-control") == "no-store"
    assert rotation.count() == 1
    answer = ask(gateway, cookie(promoted))
    assert not answer.values("set-cookie") and not answer.values("front-token")
    assert rotation.count() == 1


def test_a_websocket_s_handshake_delivers_the_successor(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    switch = Switching(upstream)
    with gateway.connect() as connection:
        connection.send(handshake("/required", cookie(child)))
        answer = connection.read()
        assert answer.status == 101
        promoted = rotation.promoted[child]
        assert delivered_cookie(answer).startswith(f"sAccessToken={promoted}; Path=/; Expires=")
        end = switch.opened()
        assert end.message.value("authorization") == f"Bearer {promoted}"
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO
        end.close()
        assert connection.is_closed()


@pytest.mark.parametrize("make", [cookie, bearer])
def test_the_core_is_not_asked_for_a_foreign_page_s_websocket(rotating, rotation, upstream, make):
    """Before anything shared is asked: neither about a child token, nor about a session."""
    gateway = rotating(sessions__check_database=True)
    Switching(upstream)
    for token in (rotation.child(), access(rotation.keys.dynamic)):
        answer = gateway.ask(handshake("/required", make(token), "Origin: https://evil.test"))
        assert (answer.status, answer.reason) == (403, "origin_not_allowed")
        assert not answer.values("set-cookie")
    assert rotation.count() == 0
    assert upstream.received_nothing()


def test_a_bearer_child_gets_a_field(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    answer = ask(gateway, bearer(child), method="POST")
    assert answer.value("st-access-token") == rotation.promoted[child]
    assert not answer.values("set-cookie")
    assert answer.value("access-control-expose-headers") == "front-token, st-access-token"


@pytest.mark.parametrize("marker", [(), (MARKER,)])
def test_a_legacy_child_keeps_its_jwt(rotating, rotation, upstream, marker):
    gateway, child = rotating(), rotation.child("seed")
    answer = ask(gateway, "; ".join([cookie(child), *marker]))
    assert answer.status == 200
    line = delivered_cookie(answer)
    assert unquote(line.split(";")[0]) == f"sAccessToken={rotation.promoted[child]}"
    data = front_token(answer)
    assert upstream.received().value("authorization") == f"Bearer {data['up']['jwt']}"
    expires = time.mktime(time.strptime(line.split("Expires=")[1][:25], "%a, %d %b %Y %H:%M:%S"))
    lasts_as_the_token = abs(expires - time.timezone - data["ate"] / 1000) < 86_400
    assert lasts_as_the_token == bool(marker)


def test_the_question_says_no_anti_csrf_check(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    assert ask(gateway, cookie(child), "anti-csrf: x").status == 200
    assert rotation.core.asked[-1] == {
        "accessToken": child,
        "doAntiCsrfCheck": False,
        "enableAntiCsrf": False,
        "checkDatabase": False,
    }


def test_a_forged_request_asks_nothing(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    answer = ask(gateway, cookie(child), "Sec-Fetch-Site: cross-site", method="POST")
    assert (answer.status, answer.reason) == (401, "anti_csrf")
    assert rotation.count() == 0


@pytest.mark.parametrize(
    "says, status, reason, body",
    [
        ({"status": "UNAUTHORISED", "message": "x"}, 401, "revoked", "unauthorised"),
        ({"status": "TRY_REFRESH_TOKEN", "message": "x"}, 401, "expired", "try refresh token"),
        ({"status": "OK"}, 503, "core_unreachable", None),
        ({"status": "OK", "session": {"handle": "another"}}, 503, "core_unreachable", None),
        ({"status": "WHAT"}, 503, "core_unreachable", None),
        (["garbage"], 503, "core_unreachable", None),
    ],
)
def test_what_the_core_says_decides(rotating, rotation, upstream, says, status, reason, body):
    gateway, child = rotating(), rotation.child()
    rotation.core.verify = lambda asked: says
    answer = ask(gateway, cookie(child))
    assert (answer.status, answer.reason) == (status, reason)
    if body:
        assert json.loads(answer.body) == {"message": body}
    else:
        assert answer.value("retry-after")
    cleared = [v.split("=")[0] for v in answer.values("set-cookie")]
    assert cleared == (["sAccessToken", "sRefreshToken"] if reason == "revoked" else [])
    # A session that is known to have ended is asked about no more: the token's owner knows.
    asked = rotation.count()
    assert ask(gateway, cookie(child)).status == status
    assert (rotation.count() == asked) == (reason == "revoked")


@pytest.mark.parametrize("end", ["\r\nx-evil: 1", "\n", " ", "?", ""])
def test_a_successor_is_a_token_or_nothing(rotating, rotation, upstream, end):
    gateway, child = rotating(), rotation.child()
    head, payload, signature = rotation.promoted[child].split(".")
    rotation.promoted[child] = f"{head}.{payload}.{signature}{end}"
    answer = ask(gateway, bearer(child))
    assert answer.status == (503 if end else 200)
    assert not answer.values("x-evil")


def test_large_successors_are_delivered(rotating, rotation, keys, upstream):
    gateway, large = rotating(), "x" * 5000
    claims = {"sessionHandle": HANDLE, "large": large}
    child = access(keys.dynamic, parentRefreshTokenHash1=PARENT, **claims)
    rotation.promoted[child] = access(keys.dynamic, **claims)
    for path in ["/required", "/jwt"]:
        answer = ask(gateway, bearer(child), path=path)
        assert answer.status == 200
        assert answer.value("st-access-token") == rotation.promoted[child]
        assert front_token(answer)["up"]["large"] == large


def test_an_ended_session_is_cleared_as_the_sdk_does(rotating, rotation, upstream):
    gateway = rotating()
    rotation.core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "x"}
    answer = ask(gateway, cookie(rotation.child()))
    epoch = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax"
    assert answer.values("set-cookie") == [
        f"sAccessToken=; Path=/; {epoch}",
        f"sRefreshToken=; Path=/auth/session/refresh; {epoch}",
    ]
    assert answer.value("front-token") == "remove"
    assert answer.values("st-access-token") == answer.values("st-refresh-token") == [""]


def test_an_ended_session_of_the_seed_era_is_cleared_as_its_sdk_does(rotating, rotation, upstream):
    gateway = rotating()
    rotation.core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "x"}
    answer = ask(gateway, f"{cookie(rotation.child())}; {MARKER}")
    assert [v.split("=")[0] for v in answer.values("set-cookie")] == [
        "sAccessToken",
        "sRefreshToken",
        "sIdRefreshToken",
    ]
    assert answer.value("id-refresh-token") == "remove"
    assert not answer.values("front-token")


def test_cookies_are_written_as_configured(rotating, rotation, upstream):
    gateway = rotating(
        sessions__cookies={
            "domain": "example.com",
            "path": "/app",
            "secure": False,
            "same_site": "strict",
        }
    )
    line = delivered_cookie(ask(gateway, cookie(rotation.child())))
    assert "; Domain=example.com; Path=/app; Expires=" in line
    assert line.endswith("; HttpOnly; SameSite=Strict")


@pytest.mark.parametrize("path", ["/required", "/exposed"])
def test_pages_may_have_the_successor_of_a_cookie(rotating, rotation, upstream, path):
    gateway = rotating(sessions__cookies={"expose_access_token": True})
    child = rotation.child()
    answer = ask(gateway, cookie(child), path=path)
    promoted = rotation.promoted[child]
    assert delivered_cookie(answer).startswith(f"sAccessToken={promoted}; ")
    assert answer.values("st-access-token") == [promoted]
    assert answer.value("access-control-expose-headers") == "front-token, st-access-token"
    old = ask(gateway, f"{cookie(rotation.child('seed'))}; {MARKER}", path=path)
    assert delivered_cookie(old) and not old.values("st-access-token")
    answer = ask(gateway, cookie(promoted), path=path)
    assert not answer.values("st-access-token")


@pytest.mark.parametrize("by, lines, wins", [
    (cookie, ["sAccessToken=MINE"], True),
    (cookie, ["sAccessToken=MINE", "st:MINE"], True),
    (cookie, ["sAccessToken=OTHER"], False),
    (cookie, ["sAccessToken=OTHER", "sAccessToken=MINE"], False),
    (cookie, ["st:OTHER", "sAccessToken=MINE"], False),
    (cookie, ["st:MINE"], False),
    (cookie, ["sAccessToken=", "st:OTHER"], False),
    (cookie, ["sAccessToken=garbage"], False),
    (bearer, ["st:MINE"], True),
    (bearer, ["sAccessToken=MINE"], False),
    (bearer, ["st:OTHER"], False),
])
def test_the_client_gets_one_token(rotating, rotation, keys, own_upstream, by, lines, wins):
    tokens = {
        "MINE": access(keys.dynamic, sessionHandle=HANDLE, n="own"),
        "OTHER": access(keys.dynamic, sessionHandle="another"),
    }
    fields = []
    for line in lines:
        field = "st-access-token: " + line[3:] if line[:3] == "st:" else f"Set-Cookie: {line}"
        for name, token in tokens.items():
            field = field.replace(name, token)
        fields.append(field)
    head = ["HTTP/1.1 200 OK", *fields, "front-token: theirs", "Content-Length: 0", "", ""]
    own_upstream.answer = "\r\n".join(head).encode()
    gateway = rotating(upstreams__main__targets=[own_upstream.url])
    child = rotation.child()
    answer = ask(gateway, by(child))
    own = tokens["MINE"] if wins else rotation.promoted[child]
    given = [value.split(";")[0][13:] for value in answer.values("set-cookie")]
    given += answer.values("st-access-token")
    assert set(given) == {own}
    assert (answer.values("front-token") == ["theirs"]) == wins


@pytest.mark.parametrize("line", ["front-token: remove", "Set-Cookie: sAccessToken=; Path=/"])
def test_an_upstream_that_ends_the_session_has_the_last_word(
    rotating, rotation, own_upstream, line
):
    head = ["HTTP/1.1 200 OK", line, "Content-Length: 0", "", ""]
    own_upstream.answer = "\r\n".join(head).encode()
    gateway = rotating(upstreams__main__targets=[own_upstream.url])
    answer = ask(gateway, cookie(rotation.child()))
    assert answer.status == 200
    name, value = line.split(": ")
    assert answer.values(name.lower()) == [value]
    other = "set-cookie" if name == "front-token" else "front-token"
    assert not answer.values(other)


def test_children_can_be_left_alone(rotating, rotation, upstream):
    gateway, child = rotating(sessions__verify_children=False), rotation.child()
    answer = ask(gateway, cookie(child))
    assert answer.status == 200 and not answer.values("set-cookie")
    assert upstream.received().value("authorization") == f"Bearer {child}"
    assert rotation.count() == 0


def test_own_answers_deliver_too(rotating, rotation):
    gateway, child = rotating(), rotation.child()
    answer = ask(gateway, bearer(child), path="/jwt")
    assert json.loads(answer.body) == {"token": rotation.promoted[child]}
    assert answer.value("st-access-token") == rotation.promoted[child]


def storm(gateway, child, connections=200, requests=5):
    """Everybody at once with one child token; the answers."""
    answers = []

    def some():
        with Connection(gateway.port, timeout=20) as connection:
            for _ in range(requests):
                answers.append(connection.ask(request("GET /required HTTP/1.1", cookie(child))))

    threads = [threading.Thread(target=some) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == connections * requests
    return answers


def test_one_storm_one_question(rotating, rotation, answering):
    gateway, child = rotating(), rotation.child()
    rotation.core.verify_delay = 0.5
    answers = storm(gateway, child)
    assert rotation.count() == 1
    assert {answer.status for answer in answers} == {200}
    promoted = {delivered_cookie(answer).split(";")[0] for answer in answers}
    assert promoted == {f"sAccessToken={rotation.promoted[child]}"}


@pytest.mark.parametrize("trouble", ["failing", "late", "garbage", "an error"])
def test_a_storm_without_an_answer_lets_nobody_pass(rotating, rotation, answering, trouble):
    gateway = rotating(sessions__core__timeout="400ms")
    child = rotation.child()
    if trouble == "failing":
        rotation.core.failing = True
    elif trouble == "late":
        rotation.core.verify_delay = 1
    elif trouble == "garbage":
        rotation.core.verify = lambda asked: ["garbage"]
    else:
        rotation.core.verify = None
    answers = storm(gateway, child, requests=1)
    assert {(answer.status, answer.reason) for answer in answers} == {(503, "core_unreachable")}
    rotation.core.failing, rotation.core.verify_delay = False, 0
    rotation.core.verify = rotation.verify
    assert eventually(lambda: ask(gateway, cookie(child)).status == 200, within=2)


@pytest.mark.parametrize("trouble", ["stop", "fail", "late"])
def test_no_answer_of_the_core_lets_nobody_pass(rotating, rotation, upstream, trouble):
    gateway = rotating(sessions__core__timeout="500ms")
    child = rotation.child()
    if trouble == "stop":
        rotation.core.stop()
    elif trouble == "fail":
        rotation.core.failing = True
    else:
        rotation.core.verify_delay = 1.5
    answer = ask(gateway, cookie(child))
    assert (answer.status, answer.reason) == (503, "core_unreachable")
    assert answer.value("retry-after") and not answer.values("set-cookie")
    if trouble == "stop":
        rotation.core.restart()
    rotation.core.failing, rotation.core.verify_delay = False, 0
    assert eventually(lambda: ask(gateway, cookie(child)).status == 200, within=2)


def test_a_client_that_left_changes_nothing(rotating, rotation, upstream):
    gateway, child = rotating(), rotation.child()
    rotation.core.verify_delay = 0.3
    client = Connection(gateway.port)
    client.send(request("GET /required HTTP/1.1", cookie(child)))
    assert eventually(lambda: rotation.count() == 1)
    client.reset()
    answer = ask(gateway, cookie(child))
    assert answer.status == 200 and delivered_cookie(answer)
    assert rotation.count() == 1
