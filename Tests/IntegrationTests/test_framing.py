"""Framing with two readings: 400 and the connection closed; in an upstream's answer 502 and that
connection closed. Ids name the advisory a case descends from (attacks on HTTP/1 framing)."""

import pytest
from support.client import exchange
from support.message import bearer, chunked, get, post, request, rows
from support.tokens import access

LONG_NAME = b"X-" + b"a" * 300


def post_with(*fields, body=b"12345", version=b"1.1"):
    return request(b"POST /public HTTP/" + version, *fields, body=body)


REFUSED_LENGTHS = [
    ("CVE-2023-40225 empty", b"Content-Length:"),
    ("comma", b"Content-Length: ,"),
    ("plus", b"Content-Length: +5"),
    ("hexadecimal", b"Content-Length: 0x5"),
    ("two numbers", b"Content-Length: 5 5"),
    ("list of the same", b"Content-Length: 5,5"),
    ("list", b"Content-Length: 5, 6"),
    ("minus zero", b"Content-Length: -0"),
    ("minus", b"Content-Length: -5"),
    ("2^64", b"Content-Length: 18446744073709551616"),
    ("2^64 + 5", b"Content-Length: 18446744073709551621"),
    ("many digits", b"Content-Length: " + b"9" * 400),
    ("underscore", b"Content-Length: 5_0"),
    ("letter", b"Content-Length: 5a"),
    ("vertical tab", b"Content-Length: \x0b5"),
    ("space in the name", b"Content-Length : 5"),
    ("alias with underscore", b"Content_Length: 5"),
    ("alias with dot", b"Content.Length: 5"),
    ("twice the same", b"Content-Length: 5\r\nContent-Length: 5"),
    ("twice", b"Content-Length: 5\r\nContent-Length: 6"),
    ("folded", b"Content-Length:\r\n 5"),
]

REFUSED_CODINGS = [
    ("CVE-2019-18277 vertical tab", b"Transfer-Encoding: \x0bchunked"),
    ("chunked, identity", b"Transfer-Encoding: chunked, identity"),
    ("identity", b"Transfer-Encoding: identity"),
    ("xchunked", b"Transfer-Encoding: xchunked"),
    ("chunked with a vertical tab", b"Transfer-Encoding: chunked\x0b"),
    ("gzip, chunked", b"Transfer-Encoding: gzip, chunked"),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked"),
    ("leading comma", b"Transfer-Encoding: ,chunked"),
    ("trailing comma", b"Transfer-Encoding: chunked,"),
    ("quoted", b'Transfer-Encoding: "chunked"'),
    ("parameter", b"Transfer-Encoding: chunked;a=b"),
    ("empty", b"Transfer-Encoding:"),
    ("two fields", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    ("two fields, one odd", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
    ("obs-fold", b"Transfer-Encoding:\r\n chunked"),
    ("obs-fold after", b"Transfer-Encoding: chunked\r\n , identity"),
    ("CVE-2020-11724 with a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5"),
    ("length first", b"Content-Length: 5\r\nTransfer-Encoding: chunked"),
    ("space in the name", b"Transfer-Encoding : chunked"),
    ("underscore", b"Transfer_Encoding: chunked"),
    ("dot", b"Transfer.Encoding: chunked"),
    ("underscore with a length", b"Content-Length: 5\r\nTransfer_Encoding: chunked"),
]


def refused_and_closed(gateway, upstream, data, statuses=(400,)):
    """The refusal, then the connection's end: nothing after it is read as a request."""
    with gateway.connect() as connection:
        connection.send(data + get("/public/smuggled"))
        answer = connection.read()
        assert answer.status in statuses, answer.line
        assert answer.value("connection") == "close"
        assert connection.is_closed()
    while not upstream.requests.empty():
        assert "smuggled" not in upstream.received().target
    return answer


@pytest.mark.parametrize("fields", rows(REFUSED_LENGTHS))
def test_lengths(gateway, upstream, fields):
    answer = refused_and_closed(gateway, upstream, post_with(fields))
    assert answer.reason == "bad_request"
    assert upstream.received_nothing(0.02)


@pytest.mark.parametrize("fields", rows(REFUSED_CODINGS))
def test_codings(gateway, upstream, fields):
    answer = refused_and_closed(gateway, upstream, post_with(fields, body=chunked(b"x")))
    assert answer.reason == "bad_request"
    assert upstream.received_nothing(0.02)


def test_coding_in_version_1_0(gateway, upstream):
    """CVE-2026-2835."""
    data = post_with(b"Transfer-Encoding: chunked", body=chunked(b"x"), version=b"1.0")
    refused_and_closed(gateway, upstream, data)


@pytest.mark.parametrize("value", [b"chunked", b"Chunked", b"CHUNKED", b"  chunked  "])
def test_coding_as_it_should_be(gateway, upstream, value):
    data = post_with(b"Transfer-Encoding: " + value, body=chunked(b"one", b"two"))
    assert exchange(gateway, data).status == 200
    assert upstream.received().body == b"onetwo"


REFUSED_CHUNKS = [
    ("hexadecimal prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("underscore", b"5_\r\nhello\r\n0\r\n\r\n"),
    ("leading space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("minus", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("2^64", b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
    ("empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("letter", b"5g\r\nhello\r\n0\r\n\r\n"),
    ("CVE-2025-22871 bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("bare CR after the size", b"5\rhello\r\n0\r\n\r\n"),
    ("CVE-2022-1705 bare LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("other bytes after the data", b"5\r\nhelloXX0\r\n\r\n"),
    ("data longer", b"5\r\nhello!\r\n0\r\n\r\n"),
    ("bare LF at the end", b"5\r\nhello\r\n0\r\n\n"),
    ("bare LF after the last size", b"5\r\nhello\r\n0\n\r\n"),
    ("extension with a LF", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("extension with a CR", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("extension with NUL", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    ("extension with an open quote", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    ("quote closed on the next line", b'5;a="\r\nhello\r\n0\r\n\r\n"\r\n'),
    ("size and space and digits", b"5 5\r\nhello\r\n0\r\n\r\n"),
    ("trailer folded", b"0\r\nX-A: b\r\n c\r\n\r\n"),
    ("trailer without a colon", b"0\r\nX-A\r\n\r\n"),
    ("trailer with a space before the colon", b"0\r\nX-A : b\r\n\r\n"),
    ("trailer with a bare LF", b"0\r\nX-A: b\n\r\n"),
    ("trailer with NUL", b"0\r\nX-A: \x00\r\n\r\n"),
]


@pytest.mark.parametrize("content", rows(REFUSED_CHUNKS))
def test_chunks(gateway, upstream, content):
    upstream.answer = lambda call: None
    with gateway.connect() as connection:
        connection.send(post_with(b"Transfer-Encoding: chunked", body=content))
        connection.send(get("/public/smuggled"))
        try:
            answer = connection.read("POST")
            assert answer.status == 400
            assert answer.reason == "bad_request"
        except EOFError:
            pass
        assert connection.is_closed()
    while not upstream.requests.empty():
        assert "smuggled" not in upstream.received().target


@pytest.mark.parametrize("content, body", [
    pytest.param(b"5;a\r\nhello\r\n0\r\n\r\n", b"hello", id="extension"),
    pytest.param(b"5;a=b;c=\"d;\\\"e\"\r\nhello\r\n0;f\r\n\r\n", b"hello", id="quoted extension"),
    pytest.param(b"A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n",
                 b"0123456789abcdefghij", id="letters"),
    pytest.param(b"005\r\nhello\r\n000\r\n\r\n", b"hello", id="zeros"),
    pytest.param(b"0\r\n\r\n", b"", id="empty"),
])
def test_chunks_as_they_may_be(gateway, upstream, content, body):
    data = post_with(b"Transfer-Encoding: chunked", body=content)
    assert exchange(gateway, data).status == 200
    received = upstream.received()
    assert received.body == body
    assert b";" not in received.raw_body


REFUSED_HEADS = [
    ("two spaces", b"GET  /public HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("tab", b"GET\t/public HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("space at the end", b"GET /public HTTP/1.1 \r\nHost: a\r\n\r\n"),
    ("space first", b" GET /public HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("NUL in the line", b"GET /public\x00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("no version", b"GET /public\r\nHost: a\r\n\r\n"),
    ("version 1.2", b"GET /public HTTP/1.2\r\nHost: a\r\n\r\n"),
    ("version 1.10", b"GET /public HTTP/1.10\r\nHost: a\r\n\r\n"),
    ("version 2.0", b"GET /public HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("version in lower case", b"GET /public http/1.1\r\nHost: a\r\n\r\n"),
    ("version 01.1", b"GET /public HTTP/01.1\r\nHost: a\r\n\r\n"),
    ("method with a colon", b"GE:T /public HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("empty method", b" /public HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("bare LF after the line", b"GET /public HTTP/1.1\nHost: a\r\n\r\n"),
    ("bare LF after a field", b"GET /public HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    ("bare LF only", b"GET /public HTTP/1.1\nHost: a\n\n"),
    ("bare CR in a value", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"),
    ("NUL in a value", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n"),
    ("control byte in a value", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n"),
    ("delete in a value", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n"),
    ("CVE-2023-25725 empty name", b"GET /public HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
    ("empty name first", b"GET /public HTTP/1.1\r\n: b\r\nHost: a\r\n\r\n"),
    ("no colon", b"GET /public HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
    ("space in a name", b"GET /public HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
    ("space before the colon", b"GET /public HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"),
    ("tab before the colon", b"GET /public HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n"),
    ("quote in a name", b"GET /public HTTP/1.1\r\nHost: a\r\nX\": b\r\n\r\n"),
    ("byte above 0x7f in a name", b"GET /public HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n"),
    ("folded field", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
    ("folded first field", b"GET /public HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("folded with a tab", b"GET /public HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"),
    ("TLS hello on a cleartext port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("three empty lines first", b"\r\n\r\n\r\nGET /public HTTP/1.1\r\nHost: a\r\n\r\n"),
]


@pytest.mark.parametrize("data", rows(REFUSED_HEADS))
def test_heads(gateway, upstream, data):
    refused_and_closed(gateway, upstream, data, statuses=(400, 505))
    assert upstream.received_nothing(0.02)


@pytest.mark.parametrize("name", [LONG_NAME, b"a" * 256, b"a" * 270])
def test_long_names_are_whole(gateway, upstream, name):
    """CVE-2021-40346."""
    data = request("POST /public HTTP/1.1", name + b": x", "Content-Length: 3", body=b"abc")
    assert exchange(gateway, data).status == 200
    received = upstream.received()
    assert (name, b"x") in received.fields
    assert received.body == b"abc"


def test_empty_line_before_a_request(gateway, upstream):
    with gateway.connect() as connection:
        assert connection.ask(b"\r\n" + get("/public")).status == 200
        assert connection.ask(b"\r\n" + get("/public")).status == 200


# Early answers, Expect, Upgrade.


def test_refused_request_with_content_does_not_become_the_next_request(gateway, upstream):
    """CVE-2025-4366: the content of a refused request is read or the connection closed."""
    smuggled = get("/public/smuggled")
    data = request("POST /required HTTP/1.1", f"Content-Length: {len(smuggled)}", body=smuggled)
    with gateway.connect() as connection:
        assert connection.ask(data).status == 401
        try:
            connection.send(get("/public/next"))
            assert connection.read().status == 200
            assert upstream.received().target == "/public/next"
        except (EOFError, OSError):
            pass
    assert upstream.received_nothing(0.1)


@pytest.mark.parametrize("fields", [
    pytest.param(["Expect: y 100-continue"], id="two words"),
    pytest.param(["Expect: 200-ok"], id="another"),
    pytest.param(["Expect: 100-continue, x"], id="list"),
])
def test_other_expectations(gateway, upstream, fields):
    data = post_with(*fields, "Content-Length: 5")
    answer = refused_and_closed(gateway, upstream, data, statuses=(400, 417))
    assert answer.reason == "bad_request"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_expectation_without_content(gateway, upstream, method):
    with gateway.connect() as connection:
        connection.send(request(f"{method} /public HTTP/1.1", "Expect: 100-continue"))
        answer = connection.read(method)
        if answer.status == 100:
            answer = connection.read(method)
        assert answer.status in (200, 400)
        if answer.status == 200:
            assert connection.ask(get("/public")).status == 200


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "h2c, websocket", "TLS/1.0"])
def test_upgrade_is_not_performed(gateway, upstream, keys, upgrade):
    """CVE-2026-58055, CVE-2026-2833: the field is dropped; what follows is the next request."""
    token = bearer(access(keys.dynamic))
    data = request("POST /required HTTP/1.1", f"Upgrade: {upgrade}", "Connection: Upgrade", token,
                   "Content-Length: 5", body=b"12345")
    with gateway.connect() as connection:
        connection.send(data + get("/required", token))
        assert connection.read().status == 200
        assert connection.read().status == 200
    received = upstream.received()
    assert received.body == b"12345" and "upgrade" not in received.names
    assert upstream.received().line.startswith(b"GET /required ")


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
        import socket
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            connection.send(data[start:start + size])
        assert [connection.read().status for _ in range(2)] == [200, 200]
    assert upstream.received().body == b"hello"
