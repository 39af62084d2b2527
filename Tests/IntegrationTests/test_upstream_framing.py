"""An upstream's answer with two readings is a 502, or the end of the client's connection where the
answer has begun, and the end of the upstream's connection: never another client's bytes. Ids as in
support/framing.py."""

import queue

import pytest
from support.client import exchange
from support.framing import CHUNKS, CODINGS, FIELDS, LENGTHS
from support.message import chunked, get, request, rows
from support.refusal import AFTER, unended
from support.upstream import OK

HEAD = b"HTTP/1.1 200 OK\r\n"


class Hostile:
    """Answers `AFTER` well, other requests with these bytes; then it keeps what the gateway still
    sends until the connection's end, or ends it itself."""

    def __init__(self, upstream, answer, ends=False):
        self.rests = queue.Queue()
        self.answer = answer
        self.ends = ends
        upstream.answer = self

    def __call__(self, call):
        if call.message.target == AFTER:
            call.send(OK)
            return
        try:
            call.send(self.answer)
        except OSError:
            pass
        if self.ends:
            call.close()
        else:
            self.rests.put(call.reader.rest())


def final(connection, method="GET"):
    """The next answer that is no interim one."""
    answer = connection.read(method)
    while 100 <= answer.status < 200:
        answer = connection.read(method)
    return answer


def broken(gateway, upstream, answer, ends=False):
    """502 and that connection's end; the request behind gets an answer of its own, elsewhere."""
    hostile = Hostile(upstream, answer, ends)
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        seen = final(connection)
        assert (seen.status, seen.reason) == (502, "upstream_protocol")
        seen = connection.read()
        assert (seen.status, seen.body) == (200, b"ok")
        assert not connection.reader.buffer
    assert ends or hostile.rests.get(timeout=5) == b""
    assert exchange(gateway, get(AFTER)).body == b"ok"
    received = [upstream.received() for _ in range(3)]
    assert [message.target for message in received] == ["/public", AFTER, AFTER]
    assert received[0].connection not in [message.connection for message in received[1:]]


LINES = [
    ("no HTTP", b"HELLO\r\n\r\n"),
    ("HTTP/0.9", b"<html>\r\nhello\r\n</html>\r\n"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a request", get("/public/smuggled")),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    ("bare CR", b"HTTP/1.1 200 OK\rX: b\r\nContent-Length: 2\r\n\r\nok"),
    ("empty line first", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("space first", b" HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("version 2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("version 2", b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("version 1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("version 0.9", b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("version in lower case", b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("other protocol", b"ICY 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status 099", b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status with a sign", b"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status in hexadecimal", b"HTTP/1.1 0xC OK\r\nContent-Length: 2\r\n\r\nok"),
    ("no status", b"HTTP/1.1\r\nContent-Length: 2\r\n\r\nok"),
    ("two spaces", b"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("tab", b"HTTP/1.1\t200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("NUL in the reason phrase", b"HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nok"),
    ("delete in the reason phrase", b"HTTP/1.1 200 O\x7fK\r\nContent-Length: 2\r\n\r\nok"),
    ("two status lines", HEAD + HEAD + b"Content-Length: 2\r\n\r\nok"),
    ("101 unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    ("101 with a length", b"HTTP/1.1 101 X\r\nContent-Length: 2\r\n\r\nok"),
    ("reason phrase past the limit", b"HTTP/1.1 200 " + b"a" * 70_000 + b"\r\n\r\n"),
    ("field past the limit", HEAD + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n"),
    ("fields past the limit", HEAD + b"X-A: b\r\n" * 129 + b"\r\n"),
    ("endless line", b"HTTP/1.1 200 " + b"a" * 200_000),
]


@pytest.mark.parametrize("answer", rows(LINES))
def test_lines(gateway, upstream, answer):
    broken(gateway, upstream, answer)


@pytest.mark.parametrize("text", rows(FIELDS))
def test_fields(gateway, upstream, text):
    length = b"Content-Length: 2"
    for lines in (text + b"\r\n" + length, length + b"\r\n" + text):
        broken(gateway, upstream, HEAD + lines + b"\r\n\r\nok")
        upstream.reset()


@pytest.mark.parametrize("value", rows([
    ("CR", b"/a\rX-Forged: 1"), ("LF", b"/a\nX-Forged: 1"), ("NUL", b"/a\x00"),
    ("vertical tab", b"/a\x0bb"), ("delete", b"/a\x7f"), ("obs-fold", b"/a\r\n X-Forged: 1"),
]))
@pytest.mark.parametrize("name", [b"Location", b"Set-Cookie", b"Content-Type", b"front-token"])
def test_fields_of_an_answer_do_not_split(gateway, upstream, name, value):
    """Response splitting: what an upstream let through is no answer."""
    head = b"HTTP/1.1 302 Found\r\n" + name + b": " + value + b"\r\n"
    broken(gateway, upstream, head + b"Content-Length: 0\r\n\r\n")


def test_answer_that_was_split_before_is_two(gateway, upstream):
    """A CRLF makes two fields, or two answers, at the upstream already: the second reaches nobody.
    """
    split = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
    hostile = Hostile(upstream, split + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        assert connection.read().status == 302
        assert connection.read().body == b"ok"
    assert hostile.rests.get(timeout=5) == b""


# An answer may say the same length twice (RFC 9112 §6.3), and only a request's aliases are names
# that somebody else may read.
AS_FIELDS = {"twice the same", "CVE-2023-40518 underscore in the name", "dot in the name",
             "underscore beside the real one", "CVE-2023-40518 underscore", "dot",
             "underscore with a length", "underscore with the real one"}


@pytest.mark.parametrize("field", [row for row in rows(LENGTHS) if row.id not in AS_FIELDS])
def test_lengths(gateway, upstream, field):
    for status in (b"200 OK", b"204 No Content", b"304 Not Modified"):
        broken(gateway, upstream, b"HTTP/1.1 " + status + b"\r\n" + field + b"\r\n\r\n12345")
        upstream.reset()


@pytest.mark.parametrize("field", [row for row in rows(CODINGS) if row.id not in AS_FIELDS])
def test_codings(gateway, upstream, field):
    for status in (b"200 OK", b"204 No Content", b"304 Not Modified"):
        content = b"\r\n\r\n" + chunked(b"x")
        broken(gateway, upstream, b"HTTP/1.1 " + status + b"\r\n" + field + content)
        upstream.reset()


def test_coding_in_version_1_0(gateway, upstream):
    """CVE-2026-2835, the other way."""
    field = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    broken(gateway, upstream, field + chunked(b"x"))


@pytest.mark.parametrize("length, expected", [
    pytest.param([b"Content-Length: 010"], "10", id="Garden s32 not octal"),
    pytest.param([b"Content-Length: 10", b"Content-Length: 010"], "10", id="twice the same"),
    pytest.param([b"Content-Length: " + b"0" * 40 + b"10"], "10", id="zeros"),
])
def test_length_as_it_may_be(gateway, upstream, length, expected):
    """It goes to the client once and with one spelling."""
    upstream.answer = b"\r\n".join([b"HTTP/1.1 200 OK", *length, b"", b"1234567890"])
    with gateway.connect() as connection:
        for _ in range(2):
            answer = connection.ask(get("/public"))
            assert answer.value("content-length") == expected and answer.body == b"1234567890"


INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"


@pytest.mark.parametrize("answer", rows([
    ("one too many", INTERIM * 17 + OK),
    ("flood", INTERIM * 5000),
    ("flood of 100", b"HTTP/1.1 100 Continue\r\n\r\n" * 5000),
    ("with content", b"HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello" + OK),
    ("with chunks", b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"a") + OK),
    ("with both framings",
     b"HTTP/1.1 103 X\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + OK),
    ("with a broken field", b"HTTP/1.1 103 X\r\nX : b\r\n\r\n" + OK),
    ("then 101", INTERIM + b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ("then nonsense", INTERIM + b"HELLO\r\n\r\n"),
]))
def test_interim_answers(gateway, upstream, answer):
    broken(gateway, upstream, answer)


def test_as_many_interim_answers_as_may_be(gateway, upstream):
    upstream.answer = INTERIM * 16 + OK
    with gateway.connect() as connection:
        connection.send(get("/public"))
        assert [connection.read().status for _ in range(17)] == [103] * 16 + [200]


@pytest.mark.parametrize("answer", rows([
    ("HTTP/0.9 without a line end", b"<html>hello"),
    ("HTTP/2 settings", b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
    ("half a line", b"HTTP/1.1 200"),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    ("head without its last line end", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r"),
    ("interim answer alone", INTERIM),
]))
def test_head_without_an_end(gateway, upstream, answer):
    broken(gateway, upstream, answer, ends=True)


def test_nothing_at_all(gateway, upstream):
    """A pooled connection may have been closed before the request: then it is tried once more."""
    Hostile(upstream, b"", ends=True)
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        answer = connection.read()
        assert (answer.status, answer.reason) == (502, "upstream_unreachable")
        assert connection.read().body == b"ok"
    targets = [upstream.received().target for _ in range(upstream.requests.qsize())]
    assert targets in (["/public", AFTER], ["/public", "/public", AFTER])


# Content.

# Dropped alone from an answer: they mean nothing there.
DROPPED = {"CVE-2026-88004 trailer of a forwarded field", "CVE-2026-88004 trailer of a connection"}


@pytest.mark.parametrize("content", [row for row in rows(CHUNKS) if row.id not in DROPPED])
def test_chunks(gateway, upstream, content):
    """The client sees what was good and no end of it; the request behind is answered by nobody."""
    hostile = Hostile(upstream, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + content)
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        try:
            assert connection.reader.head().status == 200
            assert b"hello\r".startswith(unended(connection.reader.rest()))
        except EOFError:
            # Cut off before the head was sent.
            pass
    assert hostile.rests.get(timeout=5) == b""
    used = upstream.received().connection
    assert exchange(gateway, get(AFTER)).body == b"ok"
    received = upstream.received()
    assert received.target == AFTER and received.connection != used


@pytest.mark.parametrize("content", [row for row in rows(CHUNKS) if row.id in DROPPED])
def test_trailers_that_are_dropped(gateway, upstream, content):
    upstream.answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + content
    with gateway.connect() as connection:
        for _ in range(2):
            assert connection.ask(get("/public")).trailers == []


@pytest.mark.parametrize("content", rows([
    ("chunks", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nXX\r\n"),
    ("trailers", b"Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"),
]))
def test_break_is_a_reset_for_a_client_of_version_1_0(gateway, upstream, content):
    """Its content ends with the connection: a regular end would make the part the whole."""
    Hostile(upstream, HEAD + content)
    with gateway.connect() as connection:
        connection.send(request("GET /public HTTP/1.0"))
        with pytest.raises(ConnectionResetError):
            while connection.socket.recv(65536):
                pass


# Bytes behind an answer.

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
SURPLUS = [
    ("length", "GET", HEAD + b"Content-Length: 2\r\n\r\nok", b"ok"),
    ("length of zero", "GET", HEAD + b"Content-Length: 0\r\n\r\n", b""),
    ("chunks", "GET", HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"ok"), b"ok"),
    ("204", "GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ("204 with a length", "GET", b"HTTP/1.1 204 X\r\nContent-Length: 4\r\n\r\n", b""),
    ("204 with chunks", "GET", b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    ("304", "GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", b""),
    ("304 with a length", "GET", b"HTTP/1.1 304 X\r\nContent-Length: 4\r\n\r\n", b""),
    ("HEAD", "HEAD", HEAD + b"Content-Length: 4\r\n\r\n", b""),
    ("HEAD with chunks", "HEAD", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b""),
    ("HEAD without a framing", "HEAD", HEAD + b"\r\n", b""),
]


@pytest.mark.parametrize("method, answer, body", rows(SURPLUS))
@pytest.mark.parametrize("surplus", rows([
    ("bytes", b"evil"), ("one byte", b"\n"), ("an answer", EVIL), ("line ends", b"\r\n\r\n"),
    ("chunks", chunked(b"evil")), ("interim answers", INTERIM * 3), ("much", EVIL * 5000),
]))
def test_bytes_behind_an_answer_reach_nobody(gateway, upstream, method, answer, body, surplus):
    """The request behind is pipelined: its answer comes from another connection."""
    hostile = Hostile(upstream, answer + surplus)
    with gateway.connect() as connection:
        connection.send(request(f"{method} /public HTTP/1.1") + get(AFTER))
        seen = connection.read(method)
        assert seen.status == int(answer[9:12]) and seen.body == body
        assert seen.status != 204 or not {"content-length", "transfer-encoding"} & set(seen.names)
        seen = connection.read()
        assert (seen.status, seen.body) == (200, b"ok")
        assert not connection.reader.buffer
    assert hostile.rests.get(timeout=5) == b""
    assert upstream.received().connection != upstream.received().connection


@pytest.mark.parametrize("answer", rows([
    ("close", HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"),
    ("close in a list", HEAD + b"Connection: x, Close\r\nContent-Length: 2\r\n\r\nok"),
    ("connection that is no list", HEAD + b"Connection: a b\r\nContent-Length: 2\r\n\r\nok"),
    ("version 1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
]))
def test_connection_that_ends_with_its_answer_is_not_used_again(gateway, upstream, answer):
    hostile = Hostile(upstream, answer)
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        assert [connection.read().body for _ in range(2)] == [b"ok", b"ok"]
    assert hostile.rests.get(timeout=5) == b""
    assert upstream.received().connection != upstream.received().connection
