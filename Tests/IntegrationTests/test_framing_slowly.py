"""The same framings byte by byte through the running gateway, cleartext and over TLS: what comes of
them does not depend on how they arrive."""

import time

import pytest
from support.certificates import trusting, write_certificate
from support.client import Connection
from support.framing import CHUNKS, post_with, whole_requests
from support.gateway import Gateway
from support.message import chunked, get, post, request, rows
from support.refusal import AFTER, Recorder, check_refusal, untouched
from support.slow import CutConnection, at_once, byte_by_byte, cpu_seconds
from support.upstream import OK


@pytest.fixture(scope="module")
def secure(base_configuration, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    certificate = write_certificate(folder, "app", ["app.example.com"])
    with Gateway(base_configuration, tmp_path_factory.mktemp("gateway"),
                 tls={"certificates": [certificate.files()]}) as gateway:
        yield gateway


@pytest.fixture(params=["cleartext", "a record for each byte", "records cut"])
def way(request, gateway, secure):
    """Opens a connection, and how to send on it."""
    if request.param == "cleartext":
        return gateway.connect, byte_by_byte
    if request.param == "records cut":
        return lambda: CutConnection(secure.port), at_once
    context = trusting()
    return lambda: Connection(secure.port, context), byte_by_byte


def some(table, count):
    """Every so many of a table's rows, the first among them."""
    return table[::max(1, len(table) // count)]


WHOLE = list(whole_requests())


@pytest.mark.parametrize("data, status", rows(WHOLE))
def test_heads_byte_by_byte(gateway, upstream, data, status):
    check_refusal(gateway.connect(), data, status, send=byte_by_byte)
    untouched(gateway, upstream)


@pytest.mark.parametrize("data, status", rows(some(WHOLE, 20)))
def test_heads_each_way(gateway, upstream, way, data, status):
    connect, send = way
    check_refusal(connect(), data, status, send=send)
    untouched(gateway, upstream)


@pytest.mark.parametrize("content", rows(some(CHUNKS, 12)))
def test_chunks_each_way(gateway, upstream, way, content):
    connect, send = way
    recorder = Recorder(upstream)
    data = post_with(b"Transfer-Encoding: chunked", body=content)
    check_refusal(connect(), data, send=send)
    for passed in recorder.contents(gateway):
        assert b"hello\r".startswith(passed)


def test_served_each_way(gateway, upstream, way):
    """One behind the other, the last of version 1.0: the connection's end."""
    connect, send = way
    data = [
        post("/public/1", body=b"hello"),
        request("POST /public/2 HTTP/1.1", "Transfer-Encoding: chunked",
                body=chunked(b"one", b"two", trailers=["X-T: u"])),
        get("/required"), post("/nothing", body=b"GET /public/smuggled HTTP/1.1\r\n\r\n"),
        request("POST /public/3 HTTP/1.1", "Expect: 100-continue", "Content-Length: 2",
                body=b"ok"),
        request("GET /public/4 HTTP/1.0"),
    ]
    with connect() as connection:
        send(connection, b"".join(data))
        statuses = [connection.read().status for _ in data]
        assert statuses == [200, 200, 401, 404, 200, 200]
        assert connection.is_closed()
    received = [upstream.received() for _ in range(4)]
    assert [message.body for message in received] == [b"hello", b"onetwo", b"ok", b""]
    assert received[1].trailers == [(b"X-T", b"u")]
    untouched(gateway, upstream)


CODED = b"Transfer-Encoding: chunked"
STALLS = [
    ("line", b"GET /public HT"),
    ("head", b"GET /public HTTP/1.1\r\nHost: a\r\nX-A: b"),
    ("length", post_with(b"Content-Length: 9")),
    ("chunk size", post_with(CODED, body=b"5\r\nhello\r\n5")),
    ("chunk", post_with(CODED, body=b"5\r\nhello\r\n5\r\nwo")),
    ("between chunks", post_with(CODED, body=b"5\r\nhello\r\n")),
    ("in a trailer", post_with(CODED, body=b"5\r\nhello\r\n0\r\nX: y")),
    ("after a trailer", post_with(CODED, body=b"5\r\nhello\r\n0\r\nX: y\r\n")),
    ("refused content", request("POST /nothing HTTP/1.1", "Content-Length: 9", body=b"x")),
    ("refused chunks", request("POST /nothing HTTP/1.1", CODED, body=b"0\r\nX: y")),
    ("next request", get("/public") + b"GET /public HT"),
    ("behind a request that waits", get("/public/wait") + b"GET /public HT"),
]


def test_stalls_cost_no_work(base_configuration, certificate, upstream, tmp_path):
    """A peer that stops anywhere is waited for by sleeping."""
    upstream.answer = lambda call: None if "wait" in call.message.target else call.send(OK)
    with Gateway(base_configuration, tmp_path, tls={"certificates": [certificate.files()]}) as own:
        held = [own.connect(trusting()) for _ in STALLS]
        for connection, (_, data) in zip(held, STALLS):
            connection.send(data)
        time.sleep(0.1)
        before = cpu_seconds(own)
        time.sleep(0.5)
        assert cpu_seconds(own) - before < 0.1
        for connection in held:
            connection.reset()


@pytest.mark.parametrize("answer", rows([
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ("chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     + chunked(b"hel", b"lo", trailers=["Etag: t"])),
    ("interim first", b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
]))
def test_answers_each_way(gateway, upstream, way, answer):
    connect, send = way
    upstream.answer = lambda call: byte_by_byte(call, answer)
    with connect() as connection:
        send(connection, get("/public"))
        message = connection.read()
        while message.status == 103:
            message = connection.read()
        assert (message.status, message.body) == (200, b"hello")
        upstream.reset()
        send(connection, get(AFTER))
        assert connection.read().body == b"ok"
