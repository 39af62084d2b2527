"""Upstreams that leave or stall at any point of an exchange: 502 or 504 while nothing of the answer
was passed on, else the client sees it cut; and each time both connections are free again."""

import socket
import time

import pytest
from support.client import exchange
from support.gateway import Gateway, changed
from support.message import chunked, get, request, rows
from support.refusal import AFTER, unended
from support.slow import cpu_seconds
from support.upstream import OK

ANSWERS = [
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"),
    ("chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     + chunked(b"hello", trailers=["X-T: u"])),
    ("until close", b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello"),
    ("interim first", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
     b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
]


def leaving(answer, how):
    """Sends the answer and leaves; `AFTER` is answered well."""
    def act(call):
        if call.message.target == AFTER:
            call.send(OK)
        elif how == "close":
            call.send(answer)
            call.close()
        elif how == "half-close":
            call.send(answer)
            call.socket.shutdown(socket.SHUT_WR)
            call.reader.rest()
        else:
            call.send(answer)
            call.reset()

    return act


def body_of(connection, message):
    """What came of the content, and whether its end did."""
    try:
        return connection.reader.content(message, until_close=True).body, True
    except EOFError as error:
        rest = error.args[0]
        if message.value("transfer-encoding") is None:
            return rest, False
        return message.body + unended_start(rest), False


def unended_start(rest):
    """The data of chunks of which the last may be cut."""
    while rest and not rest.endswith(b"\r\n"):
        rest = rest[:-1]
    return unended(rest)


@pytest.mark.parametrize("answer", rows(ANSWERS))
@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
def test_cut_at_every_byte(gateway, upstream, answer, how):
    """Of a whole answer nothing is missing; a part is never taken for the whole."""
    final = answer.rindex(b"HTTP/1.1 200")
    head = answer.index(b"\r\n\r\n", final) + 4
    lasts = b"Content-Length" not in answer and b"Transfer-Encoding" not in answer
    for size in range(1, len(answer) + 1):
        upstream.answer = leaving(answer[:size], how)
        with gateway.connect() as connection:
            connection.send(get("/public"))
            message = connection.reader.head()
            while message.status == 103:
                message = connection.reader.head()
            if size < head:
                assert message.status == 502, size
                assert message.reason in ("upstream_protocol", "upstream_unreachable"), size
                connection.reader.content(message)
                assert connection.ask(get(AFTER)).body == b"ok"
                continue
            assert message.status == 200
            body, is_whole = body_of(connection, message)
            assert b"hello".startswith(body), size
            if is_whole:
                assert body == answer[head:size] if lasts else size == len(answer), size
                assert not (lasts and how == "reset"), size
    assert exchange(gateway, get(AFTER)).body == b"ok"


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("taken", [0, 1, 50_000])
def test_cut_in_the_request(gateway, upstream, how, taken):
    """Nothing was answered: 502, and nobody sends a request with content twice."""
    upstream.reads_content = False

    def act(call):
        if call.message.target == AFTER:
            call.send(OK)
            return
        call.reader.exactly(taken)
        call.reset() if how == "reset" else call.close()

    upstream.answer = act
    for framing, content in ((["Content-Length: 100000"], b"x" * 100_000),
                             (["Transfer-Encoding: chunked"], chunked(b"x" * 100_000))):
        with gateway.connect() as connection:
            try:
                connection.send(request("POST /public HTTP/1.1", *framing, body=content))
            except OSError:
                pass
            answer = connection.read()
            assert (answer.status, answer.reason) == (502, "upstream_unreachable")
        assert upstream.received().target == "/public"
        assert exchange(gateway, get(AFTER)).body == b"ok"
        assert upstream.received().target == AFTER


# Slow upstreams.


@pytest.fixture(scope="module")
def hurried(base_configuration, shared_upstream, tmp_path_factory):
    """Half a second for the head, a quarter of one between two reads of the content."""
    configuration = changed(
        base_configuration,
        upstreams__main={"targets": [shared_upstream.url], "response_timeout": "500ms"},
        timeouts={"response_idle": "250ms"},
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def dripping(pieces, pause, ended=None):
    """Sends piece after piece. With `ended` it then waits until the gateway closes, and puts down
    when that was."""
    def act(call):
        if call.message.target == AFTER:
            call.send(OK)
            return
        call.socket.settimeout(pause)
        try:
            for piece in pieces:
                call.send(piece)
                try:
                    if call.socket.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
            call.socket.settimeout(5)
            if ended is not None:
                call.reader.rest()
        except OSError:
            pass
        if ended is not None:
            ended.append(time.monotonic())

    return act


def each(data):
    return [data[index:index + 1] for index in range(len(data))]


@pytest.mark.parametrize("pieces", rows([
    ("byte by byte", each(OK)),
    ("nothing", []),
    ("half a head", [b"HTTP/1.1 200 OK\r\nContent-Le"]),
    ("fields without an end", [b"HTTP/1.1 200 OK\r\n"] + [b"X: y\r\n"] * 100),
    ("interim answers", [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 16),
    ("interim answer, then byte by byte", [b"HTTP/1.1 103 X\r\n\r\n"] + each(OK)),
]))
def test_slow_head(hurried, upstream, pieces):
    """Bytes that trickle do not extend the time of a head, nor do interim answers."""
    ended = []
    upstream.answer = dripping(pieces, 0.1, ended)
    begin = time.monotonic()
    with hurried.connect() as connection:
        connection.send(get("/public"))
        answer = connection.read()
        while answer.status == 103:
            answer = connection.read()
        assert (answer.status, answer.reason) == (504, "upstream_timeout")
        assert 0.4 < time.monotonic() - begin < 1.5
        assert connection.ask(get(AFTER)).body == b"ok"
    assert upstream.received().connection != upstream.received().connection
    assert ended and ended[0] - begin < 1.5


def test_head_after_an_interim_answer_has_its_own_time(hurried, upstream):
    """The time between two reads of content does not run yet."""
    def act(call):
        call.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.35)
        call.send(OK)

    upstream.answer = act
    with hurried.connect() as connection:
        connection.send(get("/public"))
        assert [connection.read().status for _ in range(2)] == [103, 200]


@pytest.mark.parametrize("answer", rows(ANSWERS[:2]))
def test_slow_content(hurried, upstream, answer):
    """It may take as long as it likes, while something comes."""
    head = answer.index(b"\r\n\r\n") + 4
    pieces = [answer[:head], *[answer[place:place + 3] for place in range(head, len(answer), 3)]]
    upstream.answer = dripping(pieces, 0.06)
    with hurried.connect() as connection:
        assert connection.ask(get("/public")).body == b"hello"


@pytest.mark.parametrize("content", rows([
    ("length", b"Content-Length: 10\r\n\r\nhello"),
    ("chunk size", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5"),
    ("chunk", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo"),
    ("between chunks", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    ("before trailers", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
    ("in a trailer", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y"),
    ("after a trailer", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"),
    ("until close", b"X: y\r\n\r\nhello"),
]))
def test_content_that_stalls(hurried, upstream, content):
    """It is given up in time, and waited for without work."""
    before, ended = cpu_seconds(hurried), []
    upstream.answer = dripping([b"HTTP/1.1 200 OK\r\n" + content], 0.1, ended)
    begin = time.monotonic()
    with hurried.connect() as connection:
        connection.send(get("/public"))
        with pytest.raises((EOFError, ConnectionResetError)):
            connection.read()
        assert 0.2 < time.monotonic() - begin < 1.2
    assert cpu_seconds(hurried) - before < 0.1
    assert exchange(hurried, get(AFTER)).body == b"ok"
    assert upstream.received().connection != upstream.received().connection


@pytest.mark.parametrize("pieces", rows([
    ("trailers", [b"0\r\n"] + [b"X: y\r\n"] * 1000),
    ("a trailer", [b"0\r\nX: "] + [b"y" * 1000] * 1000),
    ("a chunk's extension", [b"5;a="] + [b"b" * 100] * 1000),
    ("a chunk's size", [b"0" * 100] * 1000),
]))
def test_endless(gateway, upstream, pieces):
    """Bounded, whatever the upstream sends: the client sees no end of it."""
    ended = []
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    upstream.answer = dripping([head, *pieces], 0.001, ended)
    before = gateway.resident_kib()
    with gateway.connect() as connection:
        connection.send(get("/public") + get(AFTER))
        assert connection.reader.head().status == 200
        assert b"hello".startswith(unended(connection.reader.rest()))
    assert gateway.resident_kib() - before < 4 * 1024
    assert exchange(gateway, get(AFTER)).body == b"ok"


# Answers to no request.


@pytest.mark.parametrize("surplus", rows([
    ("an answer", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
    ("408", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n"
     b"Connection: close\r\n\r\nevil"),
    ("a byte", b"H"), ("an interim answer", b"HTTP/1.1 103 X\r\n\r\n"),
]))
def test_answer_that_comes_while_nobody_asks(gateway, upstream, surplus):
    """What comes on an idle connection ends it; nobody reads it."""
    def act(call):
        call.send(OK)
        time.sleep(0.03)
        call.send(surplus)
        call.reader.rest()

    upstream.answer = act
    with gateway.connect() as connection:
        assert connection.ask(get("/public")).body == b"ok"
        time.sleep(0.06)
        upstream.answer = OK
        assert connection.ask(get(AFTER)).body == b"ok"
        assert not connection.reader.buffer
    assert upstream.received().connection != upstream.received().connection
