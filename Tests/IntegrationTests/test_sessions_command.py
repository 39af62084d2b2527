"""Sessions and their JWTs without a request: `sallyport sessions`, and the admin listener."""

import contextlib
import json
import socket
import subprocess
import threading
import urllib.parse

import pytest
from support.client import Connection
from support.gateway import binary
from support.message import bearer, get
from support.ports import free_port
from support.tokens import access, inner, now
from test_revocation_admin import TOKEN, Operated, with_admin

USER = "us er/1"
HANDLES = ["5c1d9a52-77a0-4b2e-9f40-000000000001", "5c1d9a52-77a0-4b2e-9f40-000000000002",
           "5c1d9a52-77a0-4b2e-9f40-000000000003", "gone"]


def described(handle, payload, user=USER):
    """As `GET /recipe/session` tells of a session."""
    return {
        "status": "OK", "sessionHandle": handle, "userId": user, "userDataInJWT": payload,
        "userDataInDatabase": {}, "expiry": (now() + 3600) * 1000, "timeCreated": now() * 1000,
    }


@pytest.fixture(name="stored")
def fixture_stored(core, keys):
    """What the core keeps: two JWTs of the seed era, one of them dead, and a session of today's."""
    payloads = dict(zip(HANDLES, [
        {"jwt": inner(keys.static), "role": "a"},
        {"own": inner(keys.static, expires=now() - 5), "_jwtPName": "own"},
        {"iss": "https://api.example.com/auth"},
    ]))

    def session(handle):
        if handle not in payloads:
            return {"status": "UNAUTHORISED", "message": "Session does not exist."}
        return described(handle, payloads[handle])

    core.users, core.session = {USER: HANDLES}, session
    return payloads


@pytest.fixture(name="operated")
def fixture_operated(base_configuration, core, stored, tmp_path, upstream):
    configuration = with_admin(base_configuration)
    configuration["sessions"]["core"]["urls"] = [core.url]
    with Operated(configuration, tmp_path) as running:
        yield running.wait_for_keys()


def admin(gateway, path, token=TOKEN):
    fields = [f"Host: 127.0.0.1:{gateway.admin_port}", f"Authorization: Bearer {token}"]
    with Connection(gateway.admin_port) as connection:
        return connection.ask(get(path, *fields))


def run(gateway, *arguments):
    """The command, with the configuration that the gateway runs with."""
    done = subprocess.run(
        [binary(), "sessions", *arguments, "--config", str(gateway.folder / "sallyport.yaml")],
        capture_output=True, text=True, timeout=30,
    )
    return done


def jwts(stored):
    first, second, _ = stored.values()
    return [(HANDLES[0], first["jwt"], False), (HANDLES[1], second["own"], True)]


def check_jwts(answer, stored):
    found = [(one["handle"], one["jwt"], one["expired"]) for one in answer["jwts"][:2]]
    assert found == jwts(stored)
    assert answer["jwts"][2]["jwt"] is None
    assert "the access token itself is the JWT" in answer["jwts"][2]["detail"]
    assert len(answer["jwts"]) == 3


def test_the_admin_listener_tells(operated, stored):
    user = urllib.parse.quote(USER, safe="")
    check_jwts(json.loads(admin(operated, f"/users/{user}/jwts").body), stored)
    answer = json.loads(admin(operated, f"/users/{user}/sessions").body)
    assert [one["handle"] for one in answer["sessions"]] == HANDLES[:3]
    assert [one["payload"] for one in answer["sessions"]] == list(stored.values())
    answer = json.loads(admin(operated, f"/sessions/{HANDLES[0]}").body)
    assert (answer["session"]["userId"], answer["session"]["handle"]) == (USER, HANDLES[0])


def test_who_may_ask_and_what(operated):
    assert admin(operated, f"/sessions/{HANDLES[0]}", token="other").status == 401
    assert admin(operated, "/users/u/jwts", token="other").status == 401
    assert admin(operated, "/sessions/gone").status == 404
    assert admin(operated, "/users/nobody/jwts").body == b'{"status":"OK","jwts":[]}'
    for path in ["/users/u", "/users//jwts", "/users/u/other", f"/sessions/{'x' * 1025}"]:
        assert admin(operated, path).status == 404


def test_most_sessions_of_an_answer(operated, core, stored):
    core.users["many"] = [HANDLES[0], *(f"none-{number}" for number in range(999))]
    answer = json.loads(admin(operated, "/users/many/jwts").body)
    assert len(answer["jwts"]) == 1 and "leftOut" not in answer
    core.users["many"].append("one-more")
    assert json.loads(admin(operated, "/users/many/jwts").body)["leftOut"] == 1


def test_most_bytes_of_an_answer(operated, core):
    """What a user's sessions hold is no way to the gateway's memory; the command reads all."""
    large = {"x": "y" * 100_000}
    core.users["large"] = [f"h{number}" for number in range(500)]
    core.session = lambda handle: described(handle, large)
    before = operated.resident_kib()
    message = admin(operated, "/users/large/sessions")
    answer = json.loads(message.body)
    assert len(answer["sessions"]) == 10 and answer["leftOut"] == 490
    assert [one["handle"] for one in answer["sessions"]] == core.users["large"][:10]
    assert len(message.body) < 1024 * 1024
    assert operated.resident_kib() - before < 20_000
    done = run(operated, "list", "--user", "large", "--json")
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", answer)


def test_most_questions_at_once(operated, core):
    core.delay = 0.5
    answers = []
    asking = [threading.Thread(target=lambda: answers.append(admin(operated, "/users/nobody/jwts")))
              for _ in range(9)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    found = sorted((answer.status, answer.reason) for answer in answers if answer.status != 200)
    assert (len(answers), found) == (9, [(503, "overloaded")])


def test_a_core_that_fails_is_said_so(operated, core):
    core.session = None
    message = admin(operated, f"/users/{urllib.parse.quote(USER, safe='')}/jwts")
    assert (message.status, message.reason) == (503, "core_unreachable")
    assert json.loads(message.body)["detail"] == "the core answers with an error status"


def test_a_core_does_not_write_on_the_terminal(operated, core):
    """Handles, users and payloads are whatever the core says."""
    evil = "\x1b]0;pwned\x07\x1b[2J\u009b1m\u202e\nrevoked other"
    core.users["u"] = [evil]
    core.session = lambda handle: described(urllib.parse.unquote(handle), {"x": evil}, user=evil)
    for command in (["list", "--user", "u"], ["jwt", "--user", "u"], ["revoke", "--user", "u"],
                    ["list", "--user", "u", "--json"]):
        done = run(operated, *command)
        assert done.returncode == 0 and "pwned" in done.stdout
        assert not [letter for letter in done.stdout[:-1] if not letter.isprintable()]
        assert "\\u001b]0;pwned\\u0007\\u001b[2J\\u009b1m\\u202e" in done.stdout
    assert json.loads(done.stdout)["sessions"][0]["userId"] == evil


def test_the_commands_ask_the_gateway(operated, stored, core, keys):
    done = run(operated, "jwt", "--user", USER, "--json")
    assert done.returncode == 0 and done.stderr == ""
    check_jwts(json.loads(done.stdout), stored)
    done = run(operated, "jwt", "--user", USER)
    for handle, token, expired in jwts(stored):
        assert f"{handle}  {token}{'  expired' if expired else ''}\n" in done.stdout
    assert run(operated, "list", "--user", USER).stdout.count(USER) == 3
    assert HANDLES[0] in run(operated, "show", HANDLES[0]).stdout
    done = run(operated, "show", "gone")
    assert (done.returncode, done.stdout) == (1, "UNKNOWN_SESSION\n")
    token = access(keys.dynamic, sessionHandle=HANDLES[0])
    assert operated.ask(get("/required", bearer(token))).status == 200
    done = run(operated, "revoke", HANDLES[0])
    assert (done.returncode, done.stdout) == (0, f"revoked {HANDLES[0]}\n")
    assert core.removed == [HANDLES[0]]
    assert operated.ask(get("/required", bearer(token))).status == 401
    assert run(operated, "revoke", "--user", USER).returncode == 0
    assert run(operated, "revoke").returncode == 64


def test_without_a_gateway_the_core_is_asked_and_that_is_said(operated, stored, core):
    operated.terminate()
    done = run(operated, "jwt", "--user", USER, "--json")
    assert (done.returncode, done.stderr) == (0, "the core was asked; no gateway was told\n")
    check_jwts(json.loads(done.stdout), stored)
    assert run(operated, "revoke", "--user", USER).returncode == 0
    assert core.removed == HANDLES
    core.stop()
    done = run(operated, "jwt", "--user", USER)
    assert (done.returncode, done.stdout) == (1, "CORE_UNREACHABLE\n")
    assert done.stderr.splitlines()[1] == "the core does not answer"


def test_cores_by_name_are_asked_in_order(operated, stored, core):
    operated.terminate()
    operated.configuration["sessions"]["core"]["urls"] = [
        "http://no-such-host.invalid:3567", f"http://localhost:{free_port()}",
        f"http://localhost:{core.port}",
    ]
    operated.write()
    check_jwts(json.loads(run(operated, "jwt", "--user", USER, "--json").stdout), stored)


def test_operators_who_ask_for_the_same_are_all_answered(operated, core, stored):
    """Their question is one while the core was not asked yet."""
    core.delay = 0.3
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(operated.admin_port)) for _ in range(3)]
        for connection in connections:
            connection.send(get(
                f"/sessions/{HANDLES[0]}", f"Host: 127.0.0.1:{operated.admin_port}",
                f"Authorization: Bearer {TOKEN}",
            ))
        assert [connection.read().status for connection in connections] == [200] * 3
    assert core.count(f"/recipe/session?sessionHandle={HANDLES[0]}") == 1


def test_a_gateway_that_does_not_answer_is_a_failure(operated, stored, core):
    """What it did nobody knows, so the command does not end as if all was done."""
    operated.terminate()

    with socket.create_server(("127.0.0.1", operated.admin_port)) as listener:
        leaving = threading.Thread(target=lambda: listener.accept()[0].close())
        leaving.start()
        done = run(operated, "revoke", HANDLES[0])
        leaving.join()
    assert done.returncode == 1
    assert done.stderr.startswith("the gateway does not answer (the connection ended")
    assert core.removed == [HANDLES[0]]
