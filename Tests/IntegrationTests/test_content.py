"""Content both ways: relayed by credit in bounded memory, early answers, half-close, Expect."""

import hashlib
import threading
import time

import pytest
from support.client import eventually, exchange
from support.message import chunked, get, post, request
from support.upstream import OK

MEBIBYTE = 1024 * 1024


def test_content_of_a_length(gateway, upstream):
    for size in (0, 1, 16_384, 70_000, MEBIBYTE):
        body = b"x" * size
        assert gateway.ask(post("/public", body=body)).status == 200
        received = upstream.received()
        assert received.body == body
        assert received.value("transfer-encoding") is None


def test_content_in_chunks(gateway, upstream):
    parts = [b"a" * size for size in (1, 15, 16, 17, 255, 256, 4095, 65_535, 65_536)]
    data = request("PUT /public HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(*parts))
    assert gateway.ask(data).status == 200
    received = upstream.received()
    assert received.body == b"".join(parts)
    assert received.value("content-length") is None


def test_request_without_content_has_no_framing_fields(gateway, upstream):
    assert gateway.ask(get("/public")).status == 200
    received = upstream.received()
    assert {"content-length", "transfer-encoding"} & set(received.names) == set()


def test_length_of_zero_passes(gateway, upstream):
    assert gateway.ask(post("/public")).status == 200
    assert upstream.received().value("content-length") == "0"


def test_get_with_content(gateway, upstream):
    data = request("GET /public HTTP/1.1", "Content-Length: 3", body=b"abc")
    assert gateway.ask(data).status == 200
    assert upstream.received().body == b"abc"


def test_large_upload_stays_in_bounded_memory(gateway, upstream):
    total = 96 * MEBIBYTE
    digest, seen = hashlib.sha256(), []

    def count(call):
        length = 0
        while length < total:
            block = call.socket.recv(min(MEBIBYTE, total - length)) if not call.reader.buffer \
                else call.reader.exactly(len(call.reader.buffer))
            digest.update(block)
            length += len(block)
        seen.append(length)
        call.send(OK)

    upstream.reads_content = False
    upstream.answer = count
    before = gateway.resident_kib()
    block = bytes(range(256)) * 4096
    with gateway.connect(timeout=30) as connection:
        connection.send(request("PUT /public HTTP/1.1", f"Content-Length: {total}"))
        for _ in range(total // len(block)):
            connection.send(block)
        assert connection.read("PUT").status == 200
    assert seen == [total]
    assert digest.hexdigest() == hashlib.sha256(block * (total // len(block))).hexdigest()
    assert gateway.resident_kib() - before < 16 * 1024


def test_large_download_to_a_slow_client_stays_in_bounded_memory(gateway, upstream):
    total = 96 * MEBIBYTE

    def flood(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(96):
            call.send(b"y" * MEBIBYTE)

    upstream.answer = flood
    before = gateway.resident_kib()
    with gateway.connect(timeout=30) as connection:
        connection.send(get("/public"))
        time.sleep(1)
        assert gateway.resident_kib() - before < 16 * 1024
        assert len(connection.read().body) == total


def test_content_waits_for_a_slow_upstream(gateway, upstream):
    """The kernel's buffers fill up, the gateway's own do not."""
    go, total = threading.Event(), 192 * MEBIBYTE

    def wait(call):
        go.wait(5)
        remaining = total - len(call.reader.buffer)
        while remaining > 0:
            remaining -= len(call.socket.recv(MEBIBYTE))
        call.send(OK)

    upstream.reads_content = False
    upstream.answer = wait
    before = gateway.resident_kib()
    with gateway.connect(timeout=30) as connection:
        connection.send(request("PUT /public HTTP/1.1", f"Content-Length: {total}"))
        connection.socket.setblocking(False)
        sent, end = 0, time.monotonic() + 1
        while time.monotonic() < end and sent < total - MEBIBYTE:
            try:
                sent += connection.socket.send(b"z" * 65_536)
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < total - MEBIBYTE, "the gateway took more than it could pass on"
        assert gateway.resident_kib() - before < 16 * 1024
        go.set()
        connection.socket.settimeout(30)
        for _ in range((total - sent) // MEBIBYTE):
            connection.send(b"z" * MEBIBYTE)
        connection.send(b"z" * ((total - sent) % MEBIBYTE))
        assert connection.read("PUT").status == 200


def test_first_bytes_of_an_answer_do_not_wait_for_the_last(gateway, upstream):
    go = threading.Event()

    def slow(call):
        call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go.wait(5)
        call.send(b"4\r\nlast\r\n0\r\n\r\n")

    upstream.answer = slow
    with gateway.connect() as connection:
        connection.send(get("/public"))
        head = connection.reader.head()
        assert head.value("transfer-encoding") == "chunked"
        assert b"first" in connection.reader.until(b"first\r\n")
        go.set()
        assert b"last" in connection.reader.until(b"0\r\n\r\n")


def test_early_answer_while_the_content_still_arrives(gateway, upstream):
    """The answer reaches the client; the rest of the content never becomes a request."""
    upstream.reads_content = False
    upstream.answer = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch"
    with gateway.connect() as connection:
        connection.send(request("PUT /public HTTP/1.1", "Content-Length: 1000000", body=b"x" * 100))
        answer = connection.read("PUT")
        assert (answer.status, answer.body) == (413, b"much")
        try:
            connection.send(b"GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        except OSError:
            pass
    upstream.reset()
    assert upstream.received_nothing(0.2)
    assert gateway.ask(get("/public")).status == 200


def test_upstream_closes_after_an_early_answer(gateway, upstream):
    def early(call):
        call.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        call.close()

    upstream.reads_content = False
    upstream.answer = early
    with gateway.connect() as connection:
        connection.send(request("PUT /public HTTP/1.1", "Content-Length: 5000000"))
        try:
            for _ in range(50):
                connection.send(b"x" * 100_000)
        except OSError:
            pass
        answer = connection.read("PUT")
        assert (answer.status, answer.body) == (401, b"no")


def test_expectation_is_passed_through(gateway, upstream):
    def expecting(call):
        assert call.message.value("expect").lower() == "100-continue"
        call.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert call.reader.exactly(5) == b"hello"
        call.send(OK)

    upstream.reads_content = False
    upstream.answer = expecting
    with gateway.connect() as connection:
        data = request("POST /public HTTP/1.1", "Expect: 100-continue", "Content-Length: 5")
        assert connection.ask(data).status == 100
        connection.send(b"hello")
        assert connection.read().status == 200
        upstream.reset()
        assert connection.ask(get("/public")).status == 200


def test_expectation_refused_by_the_upstream(gateway, upstream):
    upstream.reads_content = False
    upstream.answer = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
    data = request("POST /public HTTP/1.1", "Expect: 100-continue", "Content-Length: 5")
    assert exchange(gateway, data).status == 417


def test_refusal_comes_without_the_content_that_was_announced(gateway):
    data = request("POST /required HTTP/1.1", "Expect: 100-continue", "Content-Length: 5")
    assert exchange(gateway, data).status == 401


def test_half_close_after_the_request(gateway, upstream):
    import socket

    upstream.answer = lambda call: (time.sleep(0.3), call.send(OK))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read().body == b"ok"
        assert connection.is_closed()


def test_client_leaves_before_its_answer(gateway, upstream):
    left = threading.Event()
    upstream.answer = lambda call: left.set() if not call.reader.fill() else None
    connection = gateway.connect()
    connection.send(get("/public"))
    upstream.received()
    connection.reset()
    assert left.wait(5), "the upstream's connection stayed open"
    upstream.reset()
    assert gateway.ask(get("/public")).status == 200


def test_client_leaves_in_its_content(gateway, upstream):
    left = threading.Event()
    upstream.reads_content = False

    def reading(call):
        call.reader.rest()
        left.set()

    upstream.answer = reading
    connection = gateway.connect()
    connection.send(request("PUT /public HTTP/1.1", "Content-Length: 100", body=b"x"))
    upstream.received()
    connection.close()
    assert left.wait(5), "an upstream must see that the content was cut"


@pytest.mark.parametrize("fields, version, stays", [
    pytest.param([], "1.1", True, id="1.1"),
    pytest.param(["Connection: close"], "1.1", False, id="1.1 close"),
    pytest.param(["Connection: Close, x"], "1.1", False, id="1.1 close in a list"),
    pytest.param([], "1.0", False, id="1.0"),
    pytest.param(["Connection: keep-alive"], "1.0", True, id="1.0 keep-alive"),
])
def test_persistence(gateway, upstream, fields, version, stays):
    with gateway.connect() as connection:
        answer = connection.ask(request(f"GET /public HTTP/{version}", *fields))
        assert answer.status == 200
        if stays:
            assert connection.ask(get("/public")).status == 200
            if version == "1.0":
                assert answer.value("connection").lower() == "keep-alive"
        else:
            assert connection.is_closed()
            if version == "1.1":
                assert answer.value("connection") == "close"


def test_many_requests_on_one_connection(gateway, upstream):
    with gateway.connect() as connection:
        for _ in range(500):
            assert connection.ask(get("/public")).status == 200


def test_memory_stays_flat_over_many_connections(gateway, upstream):
    for _ in range(50):
        gateway.ask(get("/public"))
    before = gateway.resident_kib()
    for _ in range(1000):
        assert gateway.ask(get("/public")).status == 200
    assert eventually(lambda: gateway.resident_kib() - before < 4 * 1024)
