"""Framing with two readings: the documented refusal and the connection's end, and nothing of it
reaches the upstream. Ids name the advisory a case descends from (support/framing.py)."""

import socket

import pytest
from support.client import exchange
from support.framing import CHUNKS, CODINGS, FIELDS, HOSTS, LENGTHS, LINES, SMUGGLED
from support.framing import first_and_last, post_with, with_fields
from support.message import bearer, chunked, get, post, request, rows
from support.refusal import AFTER, Recorder, check_refusal, refused, untouched
from support.tokens import access


@pytest.mark.parametrize("fields", rows(LENGTHS))
def test_lengths(gateway, upstream, fields):
    refused(gateway, upstream, post_with(fields))


@pytest.mark.parametrize("fields", rows(CODINGS))
def test_codings(gateway, upstream, fields):
    refused(gateway, upstream, post_with(fields, body=chunked(b"x")))


@pytest.mark.parametrize("fields", rows(CODINGS + LENGTHS))
def test_codings_of_a_refused_route(gateway, upstream, fields):
    """No session and no route: the framing is judged first, and the connection ends."""
    for target in (b"/required", b"/nothing"):
        data = request(b"POST " + target + b" HTTP/1.1", fields, body=chunked(b"x"))
        check_refusal(gateway.connect(), data)
    untouched(gateway, upstream)


@pytest.mark.parametrize("fields", [
    pytest.param([b"Transfer-Encoding: chunked"], id="CVE-2026-2835 chunked"),
    pytest.param([b"Transfer-Encoding: identity"], id="CVE-2026-2835 identity"),
    pytest.param([b"Content-Length: 5", b"Transfer-Encoding: chunked"],
                 id="CVE-2026-2836 with a length"),
    pytest.param([b"Transfer-Encoding: chunked", b"Connection: keep-alive"],
                 id="CVE-2026-2835 kept alive"),
])
def test_coding_in_version_1_0(gateway, upstream, fields):
    refused(gateway, upstream, post_with(*fields, body=chunked(b"x"), version=b"1.0"))


@pytest.mark.parametrize("fields", [[], ["Connection: keep-alive"]], ids=["closed", "kept alive"])
def test_cve_2026_2836_version_1_0_without_a_length(gateway, upstream, fields):
    """What follows is no content: the next request where the connection stays, else nothing."""
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.0", *fields) + get("/public/next"))
        assert connection.read().status == 200
        if fields:
            assert connection.read().status == 200
        else:
            assert connection.is_closed()
    received = upstream.received()
    assert received.body == b"" and received.target == "/public"
    if fields:
        assert upstream.received().target == "/public/next"
    untouched(gateway, upstream)


@pytest.mark.parametrize("value", [b"chunked", b"Chunked", b"CHUNKED", b"  chunked \t "])
def test_coding_as_it_should_be(gateway, upstream, value):
    data = post_with(b"Transfer-Encoding: " + value, body=chunked(b"one", b"two"))
    assert exchange(gateway, data).status == 200
    received = upstream.received()
    assert received.body == b"onetwo" and received.value("transfer-encoding") == "chunked"


@pytest.mark.parametrize("value, body", [
    pytest.param(b"5", b"12345", id="plain"),
    pytest.param(b"\t5 ", b"12345", id="blanks around"),
    pytest.param(b"05", b"12345", id="leading zero"),
    pytest.param(b"0" * 30 + b"5", b"12345", id="leading zeros"),
    pytest.param(b"010", b"1234567890", id="Garden s32 not octal"),
    pytest.param(b"00", b"", id="zeros"),
])
def test_length_as_it_may_be(gateway, upstream, value, body):
    """It goes upstream with one spelling: an octal reading is not left to anybody."""
    with gateway.connect() as connection:
        connection.send(post_with(b"Content-Length: " + value, body=body) + get("/public/next"))
        assert [connection.read().status for _ in range(2)] == [200, 200]
    received = upstream.received()
    assert received.body == body and received.value("content-length") == str(len(body))
    assert upstream.received().target == "/public/next"


@pytest.mark.parametrize("content", rows(CHUNKS))
def test_chunks(gateway, upstream, content):
    """What was good may have passed, but no end of it, and nothing behind the break."""
    recorder = Recorder(upstream)
    check_refusal(gateway.connect(), post_with(b"Transfer-Encoding: chunked", body=content))
    for passed in recorder.contents(gateway):
        assert b"hello\r".startswith(passed)


@pytest.mark.parametrize("content, body", [
    pytest.param(b"5;a\r\nhello\r\n0\r\n\r\n", b"hello", id="extension"),
    pytest.param(b"5;a=b;c=\"d;\\\"e\"\r\nhello\r\n0;f\r\n\r\n", b"hello", id="quoted extension"),
    pytest.param(b"A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n",
                 b"0123456789abcdefghij", id="letters"),
    pytest.param(b"005\r\nhello\r\n000\r\n\r\n", b"hello", id="zeros"),
    pytest.param(b"0" * 15 + b"5\r\nhello\r\n0\r\n\r\n", b"hello", id="16 digits"),
    pytest.param(b"0\r\n\r\n", b"", id="empty"),
    pytest.param(b"17\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n",
                 b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", id="request as data"),
])
def test_chunks_as_they_may_be(gateway, upstream, content, body):
    data = post_with(b"Transfer-Encoding: chunked", body=content)
    with gateway.connect() as connection:
        connection.send(data + get("/public/next"))
        assert [connection.read().status for _ in range(2)] == [200, 200]
    received = upstream.received()
    assert received.body == body and b";" not in received.raw_body
    assert upstream.received().target == "/public/next"


@pytest.mark.parametrize("data, status", rows(LINES))
def test_lines(gateway, upstream, data, status):
    refused(gateway, upstream, data, status)


@pytest.mark.parametrize("text", rows(FIELDS))
def test_fields(gateway, upstream, text):
    for data in first_and_last(text):
        refused(gateway, upstream, data)


@pytest.mark.parametrize("text", rows(HOSTS))
def test_hosts(gateway, upstream, text):
    refused(gateway, upstream, with_fields(text))


@pytest.mark.parametrize("line, status, reason", [
    pytest.param("CONNECT app.example.com:443 HTTP/1.1", 405, "method_not_allowed", id="CONNECT"),
    pytest.param("CONNECT /public HTTP/1.1", 405, "method_not_allowed", id="CONNECT of a path"),
    pytest.param("TRACE /public HTTP/1.1", 405, "method_not_allowed", id="TRACE"),
    pytest.param("OPTIONS * HTTP/1.1", 400, "bad_request", id="asterisk"),
    pytest.param("GET http://other.example.com/public HTTP/1.1", 400, "bad_request",
                 id="absolute-form of another host"),
    pytest.param("GET ftp://app.example.com/public HTTP/1.1", 400, "bad_request",
                 id="absolute-form of another scheme"),
])
def test_lines_with_a_meaning_that_is_not_served(gateway, upstream, line, status, reason):
    answer = exchange(gateway, request(line))
    assert (answer.status, answer.reason) == (status, reason)
    untouched(gateway, upstream)


def test_method_in_lower_case_is_another_method(gateway, upstream):
    """Methods keep their case: `get` is no `GET`, here and upstream."""
    assert exchange(gateway, request("get /public HTTP/1.1")).status == 200
    assert upstream.received().line == b"get /public HTTP/1.1"
    for line in ("connect a:1 HTTP/1.1", "options * HTTP/1.1"):
        assert exchange(gateway, request(line)).status in (400, 404, 405)
    untouched(gateway, upstream)


def test_invalid_request_behind_a_valid_one(gateway, upstream):
    """Garden s45: the first is answered, the second refused, the third never read."""
    with gateway.connect() as connection:
        connection.send(get("/public/first") + b"Invalid\r\n\r\n" + SMUGGLED)
        assert connection.read().status == 200
        answer = connection.read()
        assert (answer.status, answer.reason) == (400, "bad_request")
        assert connection.is_closed()
    assert upstream.received().target == "/public/first"
    untouched(gateway, upstream)


@pytest.mark.parametrize("first", [
    pytest.param(post_with(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), id="chunks"),
    pytest.param(post_with(b"Content-Length: 5"), id="length"),
    pytest.param(get("/public"), id="none"),
])
def test_byte_behind_a_request(gateway, upstream, first):
    """A byte too many, which crashed a server of the Garden: answered, then refused."""
    with gateway.connect() as connection:
        connection.send(first + b"\x00" + SMUGGLED)
        assert connection.read().status == 200
        assert connection.read().status == 400
        assert connection.is_closed()
    assert upstream.received().target == "/public"
    untouched(gateway, upstream)


@pytest.mark.parametrize("last", [
    pytest.param(request("GET /public HTTP/1.1", "Connection: close"), id="close"),
    pytest.param(request("GET /public HTTP/1.1", "connection: x, CLOSE"), id="in a list"),
    pytest.param(request("GET /public HTTP/1.0"), id="version 1.0"),
])
def test_request_behind_the_last_one(gateway, upstream, last):
    """Who said that a request is the last is not asked again."""
    with gateway.connect() as connection:
        connection.send(last + SMUGGLED)
        answer = connection.read()
        assert answer.status == 200 and answer.value("connection") == "close"
        assert connection.is_closed()
    assert upstream.received().target == "/public"
    untouched(gateway, upstream)


def test_request_behind_a_length_of_zero(gateway, upstream):
    """Garden s48: what was pipelined is no content."""
    with gateway.connect() as connection:
        connection.send(post("/public/1") + post("/public/2", body=get("/public/3")) + get(AFTER))
        assert [connection.read().status for _ in range(3)] == [200, 200, 200]
    received = [upstream.received() for _ in range(3)]
    assert [message.target for message in received] == ["/public/1", "/public/2", AFTER]
    assert [message.body for message in received] == [b"", get("/public/3"), b""]


def test_length_of_a_get_stays_with_its_content(gateway, upstream):
    """Garden t21."""
    with gateway.connect() as connection:
        data = request("GET /public HTTP/1.1", "Content-Length: 10", body=b"1234567890")
        connection.send(data + get(AFTER))
        assert [connection.read().status for _ in range(2)] == [200, 200]
    assert upstream.received().body == b"1234567890"
    assert upstream.received().target == AFTER


@pytest.mark.parametrize("length", [255, 256, 257, 270, 271, 512, 526, 4110])
@pytest.mark.parametrize("start", [b"X-", b"Content-Length", b"Transfer-Encoding"])
def test_cve_2021_40346_long_names_are_whole(gateway, upstream, start, length):
    """A length kept in eight bits would make one of the first 14 or 17 bytes of it."""
    name = start + b"a" * (length - len(start))
    data = request("POST /public HTTP/1.1", name + b": 1", "Content-Length: 3", body=b"abc")
    with gateway.connect() as connection:
        connection.send(data + get(AFTER))
        assert [connection.read().status for _ in range(2)] == [200, 200]
    received = upstream.received()
    assert (name, b"1") in received.fields and received.body == b"abc"
    assert upstream.received().target == AFTER


def test_empty_line_before_a_request(gateway, upstream):
    with gateway.connect() as connection:
        assert connection.ask(b"\r\n" + get("/public")).status == 200
        assert connection.ask(b"\r\n" + get("/public")).status == 200


# Pipelining.


def test_pipelined_requests_are_answered_in_order(gateway, upstream):
    upstream.answer = lambda call: call.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%8s" % call.message.target[-8:].encode()
    )
    targets = [f"/public/{number:07}" for number in range(50)]
    with gateway.connect() as connection:
        connection.send(b"".join(get(target) for target in targets))
        assert [connection.read().body.decode() for _ in targets] == [t[-8:] for t in targets]


def test_pipelined_mixture(gateway, upstream, keys):
    token = bearer(access(keys.dynamic))
    parts = [
        post("/required", token, body=b"abc"), get("/required"), get("/nothing"),
        post_with("Transfer-Encoding: chunked", body=chunked(b"xyz")), get("/required", token),
    ]
    with gateway.connect() as connection:
        connection.send(b"".join(parts))
        assert [connection.read().status for _ in parts] == [200, 401, 404, 200, 200]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_requests_in_small_pieces(gateway, upstream, size):
    data = post_with("Transfer-Encoding: chunked", body=chunked(b"hello", trailers=["X-A: b"]))
    data += get("/public")
    with gateway.connect() as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            connection.send(data[start:start + size])
        assert [connection.read().status for _ in range(2)] == [200, 200]
    assert upstream.received().body == b"hello"


def test_trailers_of_connections_stay_apart(gateway, upstream):
    """Two trailer sections that come in pieces: what one connection's say must not be cut out of
    the other's bytes, or a request hides in a value."""
    head = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")
    with gateway.connect() as one, gateway.connect() as other:
        one.send(head + b"0\r\nX-A: aGET /required HTTP/1.1\r\n")
        gateway.settle()
        other.send(head + b"0\r\nA: bb\r\nX-B: " + b"c" * 20)
        other.send(b"\r\nX-C: " + b"d" * 4000 + b"\r\n")
        gateway.settle()
        one.send(b"\r\n")
        assert one.read().status == 200
        assert upstream.received().trailers == [(b"X-A", b"aGET /required HTTP/1.1")]
        other.send(b"\r\n")
        assert other.read().status == 200
    expected = [(b"A", b"bb"), (b"X-B", b"c" * 20), (b"X-C", b"d" * 4000)]
    assert upstream.received().trailers == expected
    assert upstream.received_nothing() and gateway.is_running()
