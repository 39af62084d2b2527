"""Operators drop sessions, and what was dropped survives a restart where it is kept in a file."""

import json
import os
import stat
import uuid

import pytest
from support.client import Connection, eventually
from support.gateway import Gateway, changed
from support.message import bearer, get, post, rows
from support.tokens import access

TOKEN = "operators-secret"


def with_admin(configuration, **revocation):
    return changed(configuration, server__workers=2, sessions__revocation=revocation)


class Operated(Gateway):
    """A gateway whose operator has a token."""

    def __init__(self, configuration, folder, token=TOKEN):
        super().__init__(configuration, folder)
        if token is not None:
            self.configuration["admin"]["token"] = token

    def revoke(self, content, *fields, token=TOKEN):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        if token is not None:
            fields = (f"Authorization: Bearer {token}", *fields)
        data = post(
            "/sessions/revoke", f"Host: 127.0.0.1:{self.admin_port}", *fields, body=body
        )
        with Connection(self.admin_port) as connection:
            return connection.ask(data)


@pytest.fixture(scope="module")
def gateway(base_configuration, tmp_path_factory):
    with Operated(with_admin(base_configuration), tmp_path_factory.mktemp("gateway")) as running:
        yield running.wait_for_keys()


def session(keys):
    name = str(uuid.uuid4())
    return name, access(keys.dynamic, sessionHandle=name)


def status(gateway, token):
    return gateway.ask(get("/required", bearer(token))).status


def test_sessions_are_dropped_before_the_answer(gateway, keys):
    sessions = [session(keys) for _ in range(3)]
    other = session(keys)[1]
    handles = [name for name, _ in sessions]
    assert [status(gateway, token) for _, token in sessions] == [200] * 3
    message = gateway.revoke({"sessionHandles": handles, "core": False})
    assert message.status == 200
    assert json.loads(message.body) == {"status": "OK", "sessionHandlesRevoked": handles}
    for _, token in sessions * 4:
        assert status(gateway, token) == 401
    assert status(gateway, other) == 200


def test_most_handles_of_one_request(gateway, keys):
    name, token = session(keys)
    handles = [*(str(uuid.uuid4()) for _ in range(9_999)), name]
    assert gateway.revoke({"sessionHandles": handles, "core": False}).status == 200
    assert status(gateway, token) == 401
    handles.append("one-more")
    assert gateway.revoke({"sessionHandles": handles, "core": False}).status == 400


def test_without_the_core_given_handles_are_dropped_all_the_same(gateway, keys):
    name, token = session(keys)
    message = gateway.revoke({"sessionHandles": [name]})
    assert (message.status, message.reason) == (503, "core_unreachable")
    assert message.value("retry-after") is not None
    assert json.loads(message.body)["sessionHandlesRevoked"] == [name]
    assert status(gateway, token) == 401
    assert gateway.revoke({"userId": "user-1"}).status == 503


@pytest.mark.parametrize("content", rows([
    ("nothing", b""),
    ("no JSON", b"sessionHandles=a"),
    ("a list", b'["a"]'),
    ("neither", {}),
    ("core alone", {"core": False}),
    ("both", {"sessionHandles": ["a"], "userId": "b", "core": False}),
    ("no list", {"sessionHandles": "a", "core": False}),
    ("a number among them", {"sessionHandles": ["a", 1], "core": False}),
    ("an empty handle", {"sessionHandles": [""], "core": False}),
    ("a long handle", {"sessionHandles": ["x" * 1025], "core": False}),
    ("core no boolean", {"sessionHandles": ["a"], "core": "false"}),
    ("a misspelt member", {"sessionHandles": ["a"], "Core": False}),
    ("the user without the core", {"userId": "a", "core": False}),
    ("twice", b'{"sessionHandles":["a"],"sessionHandles":["b"],"core":false}'),
]))
def test_what_is_no_command_is_refused(gateway, content):
    assert gateway.revoke(content).status == 400


def test_a_large_content_is_refused(gateway):
    assert gateway.revoke(b" " * (1024 * 1024 + 1)).status == 413


@pytest.mark.parametrize("token", [None, "", "other", TOKEN[:-1], TOKEN + "x", TOKEN.upper()])
def test_without_the_token_nothing_is_dropped(gateway, keys, token):
    name, its_token = session(keys)
    message = gateway.revoke({"sessionHandles": [name], "core": False}, token=token)
    assert message.status == 401
    assert message.value("www-authenticate") == "Bearer"
    assert status(gateway, its_token) == 200


def test_a_second_authorization_field_is_refused(gateway):
    answer = gateway.revoke({"sessionHandles": ["a"], "core": False}, "Authorization: Bearer x")
    assert answer.status == 401


@pytest.mark.parametrize("field", ["Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin"])
def test_web_pages_drop_nothing_even_with_the_token(gateway, field):
    assert gateway.revoke({"sessionHandles": ["a"], "core": False}, field).status == 403


def test_only_post_drops(gateway):
    message = gateway.admin("/sessions/revoke", f"Authorization: Bearer {TOKEN}")
    assert (message.status, message.value("allow")) == (405, "POST")


def test_where_no_token_is_configured_nobody_drops(base_configuration, tmp_path, keys):
    with Operated(with_admin(base_configuration), tmp_path, token=None) as gateway:
        message = gateway.revoke({"sessionHandles": ["a"], "core": False}, token="")
        assert message.status == 403
        assert b"admin.token_file" in message.body


def test_the_token_comes_from_a_file(base_configuration, tmp_path, keys):
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    gateway = Operated(with_admin(base_configuration), tmp_path, token=None)
    gateway.configuration["admin"]["token_file"] = str(secret)
    with gateway:
        name, token = session(keys)
        assert gateway.revoke({"sessionHandles": [name], "core": False}).status == 200


# The file.


@pytest.fixture
def kept(base_configuration, tmp_path):
    """A gateway that keeps dropped sessions in a file; started by the test, again and again."""
    file = tmp_path / "revoked"
    running = []

    def begin():
        folder = tmp_path / str(len(running))
        folder.mkdir()
        gateway = Operated(with_admin(base_configuration, file=str(file)), folder)
        running.append(gateway.started().wait_for_keys())
        return gateway

    yield begin, file
    for gateway in running:
        gateway.kill()


def dropped(gateway, keys):
    name, token = session(keys)
    assert gateway.revoke({"sessionHandles": [name], "core": False}).status == 200
    return token


def test_dropped_sessions_survive_a_restart(kept, keys):
    begin, file = kept
    gateway = begin()
    first = dropped(gateway, keys)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    gateway.process.kill()
    gateway.process.wait()
    gateway = begin()
    assert status(gateway, first) == 401
    second = dropped(gateway, keys)
    gateway.terminate()
    gateway = begin()
    assert [status(gateway, token) for token in [first, second] * 4] == [401] * 8
    assert status(gateway, session(keys)[1]) == 200
    assert not gateway.says("warning: the file")


def test_a_file_holds_no_handle(kept, keys):
    begin, file = kept
    name, _ = session(keys)
    begin().revoke({"sessionHandles": [name], "core": False})
    assert file.stat().st_size == 64 and name.encode() not in file.read_bytes()


@pytest.mark.parametrize("damage", rows([
    ("the end cut off", lambda data: data[:-5]),
    ("a bit of the end", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    ("more at the end", lambda data: data + b"x"),
]))
def test_of_a_damaged_file_the_good_part_is_used(kept, keys, damage):
    begin, file = kept
    gateway = begin()
    first, last = dropped(gateway, keys), dropped(gateway, keys)
    older = session(keys)[1]
    gateway.terminate()
    file.write_bytes(damage(file.read_bytes()))
    gateway = begin()
    assert gateway.says("is damaged; what comes before is used")
    assert status(gateway, first) == 401
    # What may be lost is asked of the core, which cannot be asked here; it is not let through.
    assert status(gateway, last) in (401, 503)
    assert status(gateway, older) == 503


@pytest.mark.parametrize("damage", rows([
    ("empty", lambda data: b""),
    ("another file", lambda data: b"hello" * 100),
    ("another key", lambda data: data[:8] + bytes([data[8] ^ 1]) + data[9:]),
]))
def test_of_a_file_without_its_beginning_nothing_is_forgotten(kept, keys, damage):
    begin, file = kept
    gateway = begin()
    token = dropped(gateway, keys)
    gateway.terminate()
    file.write_bytes(damage(file.read_bytes()))
    gateway = begin()
    assert gateway.says("tokens made before now are asked of the core")
    assert status(gateway, token) == 503


def test_a_file_that_everybody_writes_is_not_believed(kept, keys):
    begin, file = kept
    gateway = begin()
    token = dropped(gateway, keys)
    gateway.terminate()
    file.chmod(0o602)
    gateway = begin()
    assert gateway.says("or everybody may write it")
    assert status(gateway, token) == 503


def test_a_pipe_in_the_file_s_place_stops_no_start(kept, keys):
    begin, file = kept
    os.mkfifo(file)
    gateway = begin()
    assert gateway.says("it is no regular file")
    assert status(gateway, dropped(gateway, keys)) == 401


def test_the_file_is_written_anew_when_most_of_it_is_old(kept, keys):
    begin, file = kept
    gateway = begin()
    handles = [str(uuid.uuid4()) for _ in range(2_000)]
    size = 0
    for _ in range(4):
        assert gateway.revoke({"sessionHandles": handles, "core": False}).status == 200
        size = max(size, file.stat().st_size)
    token = dropped(gateway, keys)
    assert size > 32 * 6_000
    gateway.revoke({"sessionHandles": handles[:200], "core": False})
    assert eventually(lambda: file.stat().st_size < 32 * 4_000, within=20)
    later = dropped(gateway, keys)
    gateway.process.kill()
    gateway.process.wait()
    gateway = begin()
    assert [status(gateway, one) for one in (token, later)] == [401, 401]
    assert gateway.metric("sallyport_revoked_sessions") == 2_002
