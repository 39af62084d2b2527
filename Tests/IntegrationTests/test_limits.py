"""Timeouts and limits: at the limit it passes, one past it is refused."""

import time

import pytest
from support.client import Connection, eventually
from support.gateway import Gateway, changed
from support.message import chunked, get, post, request


@pytest.fixture(scope="module")
def limited(base_configuration, tmp_path_factory):
    """Small limits and short timeouts."""
    configuration = changed(
        base_configuration,
        limits={
            "request_head": "4KiB", "request_fields": 20, "request_target": "1KiB",
            "request_body": "10KiB", "connections": 20,
        },
        timeouts={
            "handshake": "500ms", "request_head": "500ms", "request_body_idle": "500ms",
            "response_idle": "500ms", "send_idle": "500ms", "keep_alive": "500ms",
        },
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def head_of(size):
    """A request whose head has exactly that many bytes."""
    start = b"GET /public HTTP/1.1\r\nHost: a\r\nX-Pad: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


def test_head(limited, upstream):
    assert limited.ask(head_of(4096)).status == 200
    with limited.connect() as connection:
        answer = connection.ask(head_of(4097))
        assert (answer.status, answer.reason) == (431, "head_too_large")
        assert connection.is_closed()


def test_head_without_an_end(limited):
    with limited.connect() as connection:
        connection.send(b"GET /public HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 5000)
        assert connection.read().reason == "head_too_large"


def test_fields(limited, upstream):
    fields = [f"X-{number}: a" for number in range(19)]
    assert limited.ask(get("/public", "Host: a", *fields)).status == 200
    answer = limited.ask(get("/public", "Host: a", *fields, "Y: b"))
    assert (answer.status, answer.reason) == (431, "head_too_large")


def test_target(limited, upstream):
    target = "/public?" + "x" * (1024 - len("/public?"))
    assert limited.ask(get(target)).status == 200
    answer = limited.ask(get(target + "x"))
    assert (answer.status, answer.reason) == (414, "head_too_large")


def test_content_of_a_length(limited, upstream):
    assert limited.ask(post("/public", body=b"x" * 10_240)).status == 200
    upstream.received()
    data = request("POST /public HTTP/1.1", "Content-Length: 10241")
    answer = limited.ask(data)
    assert (answer.status, answer.reason) == (413, "body_too_large")
    assert upstream.received_nothing(0.05)


def test_content_in_chunks(limited, upstream):
    data = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")
    assert limited.ask(data + chunked(b"x" * 10_240)).status == 200
    with limited.connect() as connection:
        connection.send(data + chunked(b"x" * 10_240, b"y"))
        try:
            answer = connection.read()
            assert (answer.status, answer.reason) == (413, "body_too_large")
        except EOFError:
            pass
        assert connection.is_closed()


def test_chunk_line(limited, upstream):
    def with_extension(size):
        return request("POST /public HTTP/1.1", "Transfer-Encoding: chunked") \
            + b"1;" + b"a" * size + b"\r\nx\r\n0\r\n\r\n"

    assert limited.ask(with_extension(200)).status == 200
    answer = limited.ask(with_extension(300))
    assert (answer.status, answer.reason) == (400, "bad_request")


def test_trailers(limited, upstream):
    def with_trailer(size):
        return request("POST /public HTTP/1.1", "Transfer-Encoding: chunked") \
            + b"0\r\nX: " + b"a" * size + b"\r\n\r\n"

    assert limited.ask(with_trailer(2000)).status == 200
    with limited.connect() as connection:
        connection.send(with_trailer(9000))
        try:
            assert connection.read().status in (400, 431)
        except EOFError:
            pass
        assert connection.is_closed()


def test_number_of_trailers(limited, upstream):
    data = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")
    data += b"0\r\n" + b"X: a\r\n" * 21 + b"\r\n"
    with limited.connect() as connection:
        connection.send(data)
        try:
            assert connection.read().status in (400, 431)
        except EOFError:
            pass
        assert connection.is_closed()


def test_connections(limited):
    assert eventually(lambda: limited.metric('sallyport_connections{side="client"') == 0)
    held = [limited.connect() for _ in range(20)]
    try:
        time.sleep(0.1)
        with limited.connect() as beyond:
            beyond.socket.settimeout(2)
            try:
                beyond.send(get("/public"))
                answer = beyond.reader.rest()
                assert answer == b"" or b" 503 " in answer.split(b"\r\n")[0]
            except OSError:
                pass
    finally:
        for connection in held:
            connection.close()
    assert eventually(lambda: served(limited))


def served(gateway):
    try:
        return gateway.ask(get("/public")).status == 200
    except (EOFError, OSError):
        return False


# Timeouts.


def seconds_until_closed(connection, limit=5):
    start = time.monotonic()
    assert connection.is_closed(within=limit)
    return time.monotonic() - start


def test_request_head_timeout(limited):
    with limited.connect() as connection:
        connection.send(b"GET /public HTTP/1.1\r\nHo")
        start = time.monotonic()
        answer = connection.read()
        assert (answer.status, answer.reason) == (408, "timeout")
        assert 0.4 < time.monotonic() - start < 2
        assert connection.is_closed()


def test_trickled_head_is_no_way_around_the_timeout(limited):
    with limited.connect() as connection:
        for byte in b"GET /public HTTP/1.1\r\nHost: a\r\nX: y":
            connection.send(bytes([byte]))
            time.sleep(0.03)
        connection.send(b"\r\n\r\n")
        answer = connection.read()
        assert (answer.status, answer.reason) == (408, "timeout")
        assert connection.is_closed()


def test_first_byte_timeout(limited):
    """A connection that sends nothing is closed without an answer."""
    with limited.connect() as connection:
        assert 0.3 < seconds_until_closed(connection) < 2


def test_keep_alive_timeout(limited, upstream):
    with limited.connect() as connection:
        assert connection.ask(get("/public")).status == 200
        assert 0.4 < seconds_until_closed(connection) < 2


def test_request_content_timeout(limited, upstream):
    upstream.reads_content = False
    upstream.answer = lambda call: call.reader.rest()
    with limited.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", "Content-Length: 10", body=b"x"))
        start = time.monotonic()
        answer = connection.read()
        assert (answer.status, answer.reason) == (408, "timeout")
        assert 0.4 < time.monotonic() - start < 2
        assert connection.is_closed()


def test_request_content_timeout_is_between_reads(limited, upstream):
    with limited.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", "Content-Length: 6"))
        for _ in range(6):
            time.sleep(0.1)
            connection.send(b"x")
        assert connection.read().status == 200


def test_response_content_timeout(limited, upstream):
    def stalls(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
        call.reader.rest()

    upstream.answer = stalls
    with limited.connect() as connection:
        connection.send(get("/public"))
        start = time.monotonic()
        with pytest.raises(EOFError):
            connection.read()
        assert 0.4 < time.monotonic() - start < 3


def test_send_timeout(limited, upstream):
    """A client that reads nothing does not hold the answer for ever."""
    def flood(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(100):
                call.send(b"x" * 1_000_000)
        except OSError:
            pass

    upstream.answer = flood
    connection = limited.connect()
    connection.send(get("/public"))
    assert eventually(lambda: limited.metric('sallyport_connections{side="upstream"') > 0)
    assert eventually(lambda: limited.metric('sallyport_connections{side="client"') == 0, 6)
    connection.close()


def test_upstreams_full(start, base_configuration, own_upstream):
    configuration = changed(base_configuration, upstreams__main={
        "targets": [own_upstream.url], "max_connections": 1, "connect_timeout": "300ms",
    })
    gateway = start(configuration)
    own_upstream.answer = lambda call: None
    with gateway.connect() as first:
        first.send(get("/public"))
        own_upstream.received()
        answer = gateway.ask(get("/public"))
        assert (answer.status, answer.reason) == (503, "overloaded")
        assert answer.value("retry-after")


def test_waiting_for_a_connection(start, base_configuration, own_upstream):
    configuration = changed(base_configuration, upstreams__main={
        "targets": [own_upstream.url], "max_connections": 1, "connect_timeout": "3s",
    })
    gateway = start(configuration)
    own_upstream.answer = lambda call: (time.sleep(0.3), call.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    with gateway.connect() as first, gateway.connect() as second:
        first.send(get("/public"))
        second.send(get("/public"))
        assert first.read().status == second.read().status == 200
    assert own_upstream.connections == 1


def test_handshake_timeout(start, base_configuration, certificate):
    configuration = changed(base_configuration, timeouts={"handshake": "500ms"})
    gateway = start(configuration, tls={"certificates": [certificate.files()]})
    with Connection(gateway.port) as connection:
        assert 0.4 < seconds_until_closed(connection) < 2
    with Connection(gateway.port) as connection:
        connection.send(b"\x16\x03\x01\x02\x00\x01")
        assert 0.4 < seconds_until_closed(connection) < 2
