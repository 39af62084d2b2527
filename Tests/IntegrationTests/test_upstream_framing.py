"""An upstream's answer with two readings is a 502, or the end of the client's connection where the
answer has begun, and the end of the upstream's connection: never another client's bytes."""

import pytest
from support.message import get, rows


HALF_A_HEAD = b"HTTP/1.1 200 OK\r\nContent-Le"

BROKEN_ANSWERS = [
    ("no HTTP", b"HELLO\r\n\r\n"),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    ("version 2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("status 099", b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("length and coding", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n"
     b"\r\n2\r\nok\r\n0\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
    ("length no number", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok"),
    ("unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"),
    ("coding in version 1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("101 unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    ("folded field", b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"),
    ("CR in a value", b"HTTP/1.1 200 OK\r\nX-A: b\rX-C: d\r\nContent-Length: 2\r\n\r\nok"),
    ("NUL in a value", b"HTTP/1.1 200 OK\r\nX-A: \x00\r\nContent-Length: 2\r\n\r\nok"),
    ("space before a colon", b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok"),
    ("nothing", b""),
    ("half a head", HALF_A_HEAD),
    ("flood of interim answers", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    ("head too large", b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n"),
]


@pytest.mark.parametrize("answer", rows(BROKEN_ANSWERS))
def test_broken_answers(gateway, upstream, answer):
    def broken(call):
        call.send(answer)
        if answer in (b"", HALF_A_HEAD):
            call.close()
        else:
            call.reader.rest()

    upstream.answer = broken
    with gateway.connect() as connection:
        seen = connection.ask(get("/public"))
        while seen.status == 103:
            seen = connection.read()
        reasons = {"upstream_protocol"} if answer else {"upstream_protocol", "upstream_unreachable"}
        assert seen.status == 502 and seen.reason in reasons
    first = upstream.received().connection
    upstream.reset()
    assert gateway.ask(get("/public")).status == 200
    assert upstream.received().connection != first


@pytest.mark.parametrize("answer", [
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA", id="length"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\nEXTRA", id="204"),
    pytest.param(b"HTTP/1.1 304 Not Modified\r\n\r\nEXTRA", id="304"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", id="two"),
])
def test_bytes_after_an_answer_never_reach_the_next(gateway, upstream, answer):
    upstream.answer = answer
    with gateway.connect() as connection:
        first = connection.ask(get("/public"))
        assert b"EXTRA" not in first.body
        used = upstream.received().connection
        upstream.reset()
        second = connection.ask(get("/public"))
        assert second.body == b"ok"
        assert upstream.received().connection != used


def test_answer_cut_in_its_content(gateway, upstream):
    def cut(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        call.close()

    upstream.answer = cut
    with gateway.connect() as connection:
        connection.send(get("/public"))
        with pytest.raises(EOFError):
            connection.read()


def test_chunked_answer_broken_in_its_content(gateway, upstream):
    def broken(call):
        call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\nXX\r\n")
        call.reader.rest()

    upstream.answer = broken
    with gateway.connect() as connection:
        connection.send(get("/public"))
        with pytest.raises(EOFError):
            connection.read()
