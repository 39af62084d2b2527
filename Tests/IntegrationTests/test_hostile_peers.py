"""Peers that keep to the letter and mean harm, and cores that answer nonsense."""

import socket
import threading
import time

import pytest
from support.certificates import trusting, write_certificate
from support.client import Connection, eventually
from support.gateway import Gateway, changed
from support.message import bearer, chunked, cookie, get, post, request, rows
from support.tokens import access
from support.upstream import OK


@pytest.mark.parametrize("path", ["/required", "/public", "/nothing"])
def test_thousands_of_pipelined_requests_and_no_reading(gateway, upstream, path):
    """What waits is bounded: the client is not read while its answers wait, and loses none."""
    before = gateway.resident_kib()
    with gateway.connect() as connection:
        connection.socket.setblocking(False)
        data, sent = get(path), 0
        piece, end = data * 1000, time.monotonic() + 1.5
        while time.monotonic() < end:
            try:
                sent += connection.socket.send(piece[sent % len(data):])
            except BlockingIOError:
                time.sleep(0.01)
        assert gateway.resident_kib() - before < 16 * 1024
        connection.socket.settimeout(10)
        status = connection.read().status
        assert status in (200, 401, 404)
        for _ in range(1, min(sent // len(data), 3000)):
            assert connection.read().status == status


def test_forged_tokens_do_not_hold_up_warm_ones(base_configuration, keys, tmp_path):
    with Gateway(base_configuration, tmp_path) as gateway:
        gateway.wait_for_keys()
        warm, stop = access(keys.dynamic), threading.Event()

        def flood(worker):
            number = 0
            with gateway.connect() as connection:
                while not stop.is_set():
                    number += 1
                    forged = f"{warm.rpartition('.')[0]}.{worker:03}{number:09}{'A' * 330}"
                    assert connection.ask(get("/required", bearer(forged))).status == 401

        assert gateway.ask(get("/required", bearer(warm))).status == 200
        threads = [threading.Thread(target=flood, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        times = []
        with gateway.connect() as connection:
            for _ in range(100):
                begin = time.monotonic()
                assert connection.ask(get("/required", bearer(warm))).status == 200
                times.append(time.monotonic() - begin)
        stop.set()
        for thread in threads:
            thread.join()
        assert sorted(times)[90] < 0.1


def test_one_client_with_a_large_answer_does_not_hold_up_others(gateway, upstream):
    def answer(call):
        if "large" in call.message.target:
            call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
            try:
                for _ in range(200):
                    call.send(b"x" * 1_000_000)
            except OSError:
                pass
        else:
            call.send(OK)

    upstream.answer = answer
    with gateway.connect(timeout=30) as large, gateway.connect() as other:
        large.send(get("/public/large"))
        done = threading.Event()

        def read():
            while not done.is_set() and large.socket.recv(1 << 20):
                pass

        reader = threading.Thread(target=read)
        reader.start()
        times = []
        for _ in range(50):
            begin = time.monotonic()
            assert other.ask(get("/public/small")).status == 200
            times.append(time.monotonic() - begin)
        done.set()
        reader.join()
        assert sorted(times)[45] < 0.25


def test_slow_admin_clients_do_not_hold_up_health(gateway):
    held = [Connection(gateway.admin_port) for _ in range(20)]
    for connection in held:
        connection.send(b"GET /livez HTTP/1.1\r\nHo")
    begin = time.monotonic()
    assert gateway.admin("/livez").status == 200
    assert time.monotonic() - begin < 1
    for connection in held:
        connection.close()


@pytest.mark.parametrize("field", rows([
    ("empty", "X-Request-ID:"),
    ("quotes", 'X-Request-ID: "}{"'),
    ("long", "X-Request-ID: " + "a" * 4000),
    ("two", "X-Request-ID: a\r\nX-Request-ID: b"),
    ("bytes above 0x7f", b"X-Request-ID: \xff\xfe"),
    ("space inside", "X-Request-ID: a b"),
]))
def test_request_ids_of_a_trusted_proxy(start, base_configuration, upstream, field):
    """Odd ones are replaced or passed as one value, never doubled, and the log stays JSON."""
    configuration = changed(base_configuration, forwarding__trusted_proxies=["127.0.0.1/32"])
    gateway = start(configuration)
    assert gateway.ask(get("/public", field)).status == 200
    assert upstream.received().value("x-request-id")
    gateway.log_lines(1)


@pytest.mark.parametrize("sent, client", [
    ("unknown", "127.0.0.1"),
    ("not an address", "127.0.0.1"),
    ("", "127.0.0.1"),
    (",,,", "127.0.0.1"),
    ("203.0.113.7", "203.0.113.7"),
    ("evil, 203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, 127.0.0.1", "203.0.113.7"),
    ("2001:db8::7", "2001:db8::7"),
    ("127.0.0.1, 127.0.0.2", "127.0.0.1"),
])
def test_addresses_told_by_a_trusted_proxy(start, base_configuration, upstream, sent, client):
    configuration = changed(base_configuration, forwarding__trusted_proxies=["127.0.0.0/8"])
    gateway = start(configuration)
    assert gateway.ask(get("/public", f"X-Forwarded-For: {sent}")).status == 200
    received = upstream.received()
    assert received.value("x-real-ip") == client
    assert gateway.log_lines(1)[-1]["client"].startswith(client)


def test_the_clients_authorization_never_passes_beside_another_field(
    start, base_configuration, upstream, keys
):
    configuration = changed(base_configuration, sessions__jwt={"field": "x-jwt", "required": False})
    gateway = start(configuration).wait_for_keys()
    token = access(keys.dynamic)
    data = get("/required", "Authorization: Basic x", "Authorization_: y", cookie(token))
    assert gateway.ask(data).status == 200
    received = upstream.received()
    assert received.value("x-jwt") == f"Bearer {token}"
    assert received.value("authorization") is None
    data = request("POST /required HTTP/1.1", cookie(token), "Transfer-Encoding: chunked")
    with gateway.connect() as connection:
        connection.send(data + chunked(b"a", trailers=["X-JWT: forged"]))
        try:
            assert connection.read().status == 400
        except EOFError:
            pass


def test_escaped_prefix_is_cut_as_it_is_matched(start, base_configuration, upstream):
    """CVE-2026-40912."""
    routes = [{
        "path_prefix": "/api", "strip_prefix": True, "session": "public", "upstream": "main",
    }]
    gateway = start(changed(base_configuration, routes=routes))
    for target in ("/%61pi/x%2Fy?q", "/api/x%2fy?q"):
        assert gateway.ask(get(target)).status == 200
        assert upstream.received().target == "/x%2Fy?q"


@pytest.mark.parametrize("answer", rows([
    ("length with HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ("chunked with HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("304 with a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
]))
def test_head_and_framing(gateway, upstream, answer):
    upstream.answer = answer
    with gateway.connect() as connection:
        for _ in range(3):
            connection.send(request("HEAD /public HTTP/1.1"))
            assert connection.read("HEAD").status in (200, 304)


def test_continue_that_nobody_asked_for(gateway, upstream):
    upstream.answer = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    with gateway.connect() as connection:
        answer = connection.ask(get("/public"))
        if answer.status == 100:
            answer = connection.read()
        assert (answer.status, answer.body) == (200, b"ok")
        assert connection.ask(get("/public")).status in (100, 200)


def test_second_answer_never_reaches_another_client(gateway, upstream):
    """Response queue poisoning: an answer too many must not serve the next request."""
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    upstream.answer = OK + evil
    for _ in range(30):
        assert gateway.ask(get("/public")).body == b"ok"


def test_reset_in_the_middle_of_everything(gateway, upstream):
    data = post("/public", body=b"x" * 1000)
    for size in list(range(1, len(data), 97)) + [len(data)]:
        connection = gateway.connect()
        connection.send(data[:size])
        connection.reset()
    assert eventually(lambda: gateway.ask(get("/public")).status == 200)


def test_broken_certificate_at_reload_keeps_the_old_one(start, base_configuration, tmp_path):
    pair = write_certificate(tmp_path, "app", ["app.example.com"])
    gateway = start(base_configuration, tls={"certificates": [pair.files()]})
    pair.certificate.write_text("broken")
    assert "error" in gateway.reload()
    assert gateway.ask(get("/public"), trusting()).status == 200


def test_missing_configuration_at_reload_keeps_the_old_one(start, base_configuration):
    import signal

    gateway = start(base_configuration)
    gateway.file.unlink()
    gateway.signal(signal.SIGHUP)
    gateway.settle(0.5)
    assert gateway.ask(get("/public")).status == 200


def test_idle_connections_cost_little(start, base_configuration):
    gateway = start(base_configuration)
    before = gateway.resident_kib()
    held = [gateway.connect() for _ in range(500)]
    for connection in held:
        assert connection.ask(get("/public")).status == 200
    gateway.settle(0.2)
    assert gateway.resident_kib() - before < 500 * 8
    for connection in held:
        connection.close()


# Cores that answer nonsense.


class RawCore:
    """Answers every request for keys with the same bytes."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection.settimeout(2)
                connection.recv(65536)
                connection.sendall(self.answer)
            except OSError:
                pass
            connection.close()


def with_length(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize("answer", rows([
    ("nothing", b""),
    ("no HTTP", b"HELLO\r\n"),
    ("no JSON", with_length(b"<html>")),
    ("another JSON", with_length(b"[1,2,3]")),
    ("no keys", with_length(b'{"keys":[]}')),
    ("keys are no list", with_length(b'{"keys":5}')),
    ("small key", with_length(b'{"keys":[{"kty":"RSA","kid":"d-1","n":"AQAB","e":"AQAB"}]}')),
    ("deep", with_length(b'{"keys":' + b"[" * 50_000)),
    ("large", with_length(b'{"keys":[' + b" " * 2_000_000 + b"]}")),
    ("endless", b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_000),
    ("half", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"),
    ("redirect", b"HTTP/1.1 302 Found\r\nLocation: http://a.test/\r\nContent-Length: 0\r\n\r\n"),
    ("server error", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    ("unauthorised", b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
]))
def test_core_that_answers_nonsense(start, base_configuration, upstream, keys, answer):
    """No key is known: 503, never 401, and the gateway lives."""
    core = RawCore(answer)
    gateway = start(changed(base_configuration, sessions__core__urls=[core.url]))
    gateway.settle(0.2)
    answer = gateway.ask(get("/required", bearer(access(keys.dynamic))))
    assert (answer.status, answer.reason) == (503, "core_unreachable")
    assert gateway.ask(get("/public")).status == 200
    core.listener.close()


@pytest.mark.parametrize("wrap", rows([
    ("chunked", lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     + chunked(body[:10], body[10:])),
    ("until close", lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body),
    ("version 1.0", lambda body: with_length(body).replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    ("interim first", lambda body: b"HTTP/1.1 103 Early Hints\r\n\r\n" + with_length(body)),
]))
def test_core_that_frames_its_answer_otherwise(start, base_configuration, upstream, keys, wrap):
    import json

    core = RawCore(wrap(json.dumps(keys.web_keys()).encode()))
    gateway = start(changed(base_configuration, sessions__core__urls=[core.url]))
    assert eventually(lambda: gateway.admin("/readyz").status == 200)
    assert gateway.ask(get("/required", bearer(access(keys.dynamic)))).status == 200
    core.listener.close()
