"""Limits without a key (docs/limits.md): at the limit it passes, one past it is refused."""

import json
import time

import pytest
from support.client import Connection, eventually
from support.core import Core
from support.gateway import changed
from support.keys import Key
from support.message import bearer, chunked, cookie, get, post, request
from support.ports import free_port
from support.tokens import access, inner, now, seed_session
from support.upstream import OK

HOST = "Host: 127.0.0.1:%d"
CHUNKED = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")


def around(make, limit):
    """The longest text that `make(PADDING)` gives within the limit, and the shortest past it."""
    padding = limit // 2
    while len(make("x" * (padding + 64))) <= limit:
        padding += 64
    while len(make("x" * (padding + 1))) <= limit:
        padding += 1
    return make("x" * padding), make("x" * (padding + 1))


# Of a request.


def test_chunk_line(gateway):
    def answer(size):
        line = b"1;" + b"a" * (size - 4) + b"\r\n"
        return gateway.ask(CHUNKED + line + b"x\r\n0\r\n\r\n")

    assert answer(256).status == 200
    assert (answer(257).status, answer(257).reason) == (400, "bad_request")


def test_digits_of_a_chunk(gateway):
    for digits, status in ((16, 200), (17, 400)):
        data = CHUNKED + b"1".rjust(digits, b"0") + b"\r\nx\r\n0\r\n\r\n"
        assert gateway.ask(data).status == status


def test_trailer_section(gateway, upstream):
    def answer(size):
        lines = b"X: " + b"a" * (size - 7) + b"\r\n\r\n"
        with gateway.connect() as connection:
            connection.send(CHUNKED + b"0\r\n" + lines)
            return connection.read().status

    assert (answer(8192), answer(8193)) == (200, 431)


def test_connection_fields(gateway, upstream):
    for size, status in ((4096, 200), (4097, 400)):
        field = "Connection: " + "x," * (size // 2) + "y" * (size % 2)
        assert gateway.ask(get("/public", field)).status == status
    fields = ["Connection: " + "y" * 2048, "Connection: " + "y" * 2049]
    assert gateway.ask(get("/public", *fields)).status == 400


def test_empty_lines_before_a_request(gateway):
    for count, status in ((2, 200), (3, 400)):
        assert gateway.ask(b"\r\n" * count + get("/public")).status == status


@pytest.mark.parametrize("labels, status", [
    ([63, 63, 63, 61], 200), ([63, 63, 63, 62], 400), ([63], 200), ([64], 400),
])
def test_host(gateway, labels, status):
    """253 bytes in all, 63 for each label."""
    host = ".".join("a" * count for count in labels)
    assert gateway.ask(get("/public", f"Host: {host}")).status == status


def test_rounds_of_decoding(start, base_configuration, upstream):
    """Three rounds are followed; a path that a fourth would change is refused."""
    routes = [
        {"path_prefix": "/", "session": "public", "upstream": "main"},
        {"path_prefix": "/admin", "upstream": "main"},
    ]
    gateway = start(changed(base_configuration, routes=routes))
    for rounds, status in ((1, 200), (3, 200), (4, 400)):
        path = "/x" + "%" + "25" * (rounds - 1) + "20y"
        assert gateway.ask(get(path)).status == status, path
    assert gateway.log_lines(3)[-1]["detail"] == "nested_escapes"


def test_refused_content(gateway):
    """As much is read and dropped, so that the connection can be used again."""
    for size, is_kept in ((64 * 1024, True), (64 * 1024 + 1, False)):
        with gateway.connect() as connection:
            assert connection.ask(post("/nothing", body=b"x" * size)).status == 404
            if is_kept:
                assert connection.ask(get("/public")).status == 200
            else:
                assert connection.is_closed()


def sent_after_the_last_answer(gateway, seconds):
    """Bytes that a refused client gets rid of before it is cut off, and for how long it can."""
    sent, begin = 0, time.monotonic()
    with gateway.connect() as connection:
        assert connection.ask(b"nonsense\r\n\r\n").status == 400
        try:
            while time.monotonic() - begin < seconds + 4:
                sent += connection.socket.send(b"x" * 65_536)
                time.sleep(seconds / 20)
        except OSError:
            pass
    return sent, time.monotonic() - begin


def test_bytes_after_the_last_answer(gateway):
    """8 MiB and what the sockets' buffers hold."""
    sent, seconds = sent_after_the_last_answer(gateway, 0)
    assert 8 * 1024 * 1024 <= sent < 24 * 1024 * 1024
    assert seconds < 4


def test_time_after_the_last_answer(gateway):
    """Five seconds, however little is sent."""
    _, seconds = sent_after_the_last_answer(gateway, 5)
    assert 4.5 < seconds < 7


def test_connects_for_one_request(start, base_configuration):
    targets = [f"http://127.0.0.1:{free_port()}" for _ in range(20)]
    gateway = start(changed(base_configuration, upstreams__main={"targets": targets}))
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")
    assert gateway.metric('sallyport_upstream_connects_total{result="failure"}') == 16


def test_access_token(gateway, keys):
    within, past = around(lambda padding: access(keys.dynamic, padding=padding), 16 * 1024)
    assert gateway.ask(get("/required", bearer(within))).status == 200
    assert gateway.ask(get("/required", bearer(past))).reason == "no_session"
    assert gateway.ask(get("/required", cookie(within))).status == 200
    assert gateway.ask(get("/required", cookie(past))).reason == "no_session"


JWT_TOO_LONG = "the session's JWT is longer than 8 KiB"


def assert_jwt_is_too_long(answer):
    """It says which limit, not that there is no JWT."""
    assert (answer.status, answer.reason) == (500, "jwt_missing")
    assert json.loads(answer.body)["detail"] == JWT_TOO_LONG


def test_inner_jwt(start, base_configuration, keys, upstream):
    gateway = start(changed(base_configuration, sessions__jwt__required=True)).wait_for_keys()
    within, past = around(lambda padding: inner(keys.static, padding=padding), 8 * 1024)
    assert gateway.ask(get("/required", cookie(seed_session(keys, within)))).status == 200
    answer = gateway.ask(get("/required", cookie(seed_session(keys, past))))
    assert_jwt_is_too_long(answer)
    # A refresh may bring another: the log says why this one is none.
    answer = gateway.ask(get("/required", cookie(seed_session(keys, past, created=now() - 120))))
    assert (answer.status, answer.reason) == (401, "jwt_missing")
    assert gateway.log_lines(3)[-1]["detail"] == JWT_TOO_LONG


def test_inner_jwt_asked_for_where_none_is_required(start, base_configuration, keys, upstream):
    gateway = start(changed(base_configuration, sessions__jwt__required=False)).wait_for_keys()
    _, past = around(lambda padding: inner(keys.static, padding=padding), 8 * 1024)
    assert_jwt_is_too_long(gateway.ask(get("/jwt", cookie(seed_session(keys, past)))))


def test_access_token_that_is_the_jwt(start, base_configuration, keys, upstream):
    gateway = start(changed(base_configuration, sessions__jwt__required=True)).wait_for_keys()
    within, past = around(lambda padding: access(keys.dynamic, padding=padding), 8 * 1024)
    for field in (bearer, cookie):
        assert gateway.ask(get("/required", field(within))).status == 200
        assert upstream.received().value("authorization") == f"Bearer {within}"
        assert_jwt_is_too_long(gateway.ask(get("/required", field(past))))


def test_request_id_of_a_trusted_proxy(start, base_configuration, upstream):
    """A longer one is replaced."""
    gateway = start(changed(base_configuration, forwarding__trusted_proxies=["127.0.0.1"]))
    for length, is_kept in ((128, True), (129, False)):
        assert gateway.ask(get("/public", "X-Request-ID: " + "a" * length)).status == 200
        assert (upstream.received().value("x-request-id") == "a" * length) == is_kept


# Of an answer.


def test_interim_answers(gateway, upstream):
    for count, status in ((16, 200), (17, 502)):
        upstream.answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" * count + OK
        with gateway.connect() as connection:
            seen = [connection.ask(get("/public")).status]
            while seen[-1] == 103:
                seen.append(connection.read().status)
        assert seen == [103] * 16 + [status]


# Of the process.


def test_keys_of_a_set(start, base_configuration, keys, upstream):
    """64 keys are a set, 65 are none; what was known before stays."""
    numbers = keys.dynamic.web_key()
    with Core(keys) as core:
        configuration = changed(
            base_configuration, sessions__core={"urls": [core.url]},
            sessions__keys={"unknown_key_cooldown": "1ms"},
        )
        gateway = start(configuration).wait_for_keys()
        for count, last, reason in ((64, "d-64", None), (65, "d-65", "core_unreachable")):
            others = [{**numbers, "kid": f"d-{number}"} for number in range(2, count + 1)]
            core.web_keys = {"keys": [numbers, *others]}
            gateway.settle(0.01)
            token = access(Key(last, keys.dynamic.private, 0))
            assert gateway.ask(get("/required", bearer(token))).reason == reason
        assert gateway.ask(get("/required", bearer(access(keys.dynamic)))).status == 200


@pytest.mark.parametrize("place, status", [(8, 200), (9, 401)])
def test_keys_tried_for_a_legacy_token(start, base_configuration, keys, upstream, place, status):
    """It names no key: eight are tried."""
    stranger, now = Key.made(), keys.dynamic.created_ms
    with Core(keys) as core:
        core.offers_web_keys = False
        core.legacy_keys = [
            {
                "publicKey": (keys.dynamic if number == place else stranger)
                .subject_public_key_info(),
                "createdAt": now - number, "expiryTime": now + 1_000_000,
            }
            for number in range(1, place + 1)
        ]
        gateway = start(changed(base_configuration, sessions__core={"urls": [core.url]}))
        gateway.wait_for_keys()
        token = seed_session(keys, inner(keys.static))
        assert gateway.ask(get("/required", cookie(token))).status == status
    assert gateway.metric("sallyport_signature_checks_total") % 8 == 0


def test_admin_connections(start, base_configuration, upstream):
    """Of more than 256 the latest are closed; the others are answered."""
    gateway = start(base_configuration)
    held = [Connection(gateway.admin_port) for _ in range(256)]
    assert eventually(lambda: held[0].ask(get("/livez", HOST % gateway.admin_port)).status == 200)
    with Connection(gateway.admin_port) as beyond:
        assert beyond.is_closed()
    assert held[255].ask(get("/livez", HOST % gateway.admin_port)).status == 200
    for connection in held:
        connection.close()
    assert eventually(lambda: gateway.admin("/livez").status == 200)


def test_admin_content(gateway):
    """1 MiB, which no path wants; more is not read."""
    for size, statuses in ((1 << 20, (404, 405)), ((1 << 20) + 1, (413,))):
        data = post("/livez", HOST % gateway.admin_port, body=b"x" * size)
        with Connection(gateway.admin_port) as connection:
            assert connection.ask(data).status in statuses
