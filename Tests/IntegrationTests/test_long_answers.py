"""Answers that last: event streams and others that come piece by piece flow at once, take as long
as they like, and stop their upstream when nobody reads."""

import threading
import time

import pytest
from support.client import eventually
from support.gateway import Gateway, changed
from support.message import bearer, get, request
from support.tokens import access

pytestmark = pytest.mark.usefixtures("ended")

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = EVENTS + b"Transfer-Encoding: chunked\r\n\r\n"
BY_ITS_END = EVENTS + b"\r\n"
OF_A_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def event(number):
    return b"id: %d\ndata: {}\n\n" % number


def in_chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def as_it_is(data):
    return data


class Stream:
    """The upstream's answer: the head, and then what the test sends."""

    def __init__(self, upstream, head, write=as_it_is):
        self.head = head
        self.write = write
        self.call = None
        self.began = threading.Event()
        self.over = threading.Event()
        upstream.answer = self

    def __call__(self, call):
        call.send(self.head)
        self.call = call
        self.began.set()
        self.over.wait(60)

    def send(self, data):
        assert self.began.wait(5)
        self.call.send(self.write(data))

    def end(self, last=b""):
        self.call.send(last)
        self.call.close()
        self.over.set()


@pytest.fixture(scope="module")
def short(base_configuration, shared_upstream, tmp_path_factory):
    """Short times; `/patient` waits longer between two events."""
    configuration = changed(base_configuration, timeouts={
        "response_idle": "300ms", "send_idle": "5s", "keep_alive": "200ms",
        "request_body_idle": "200ms", "request_head": "200ms",
    })
    target = {"targets": [shared_upstream.url], "response_timeout": "200ms"}
    configuration["upstreams"] = {"main": target}
    configuration["routes"] = [
        {"path_prefix": "/public", "session": "public", "upstream": "main"},
        {"path_prefix": "/required", "upstream": "main"},
        {"path_prefix": "/patient", "session": "public", "upstream": "main",
         "response_idle": "1500ms"},
    ]
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


@pytest.mark.parametrize("head, write, version", [
    (CHUNKED, in_chunk, "1.1"), (CHUNKED, in_chunk, "1.0"), (BY_ITS_END, as_it_is, "1.1"),
    (BY_ITS_END, as_it_is, "1.0"), (OF_A_LENGTH % 1_000_000, as_it_is, "1.1"),
], ids=["chunked", "chunked to 1.0", "by its end", "by its end to 1.0", "of a length"])
def test_each_event_comes_at_once(short, upstream, keys, head, write, version):
    """Each before the next is sent, and the whole takes longer than any time of a request."""
    stream = Stream(upstream, head, write)
    with short.connect() as connection:
        token = bearer(access(keys.dynamic))
        connection.send(request(f"GET /required/events HTTP/{version}", token))
        answer = connection.reader.head()
        assert answer.status == 200 and answer.value("content-length") in (None, "1000000")
        began = time.monotonic()
        for number in range(12):
            sent = time.monotonic()
            stream.send(event(number))
            connection.reader.until(event(number))
            assert time.monotonic() - sent < 0.2
            time.sleep(0.12)
        assert time.monotonic() - began > 1.2


@pytest.mark.parametrize("head, write", [(CHUNKED, in_chunk), (BY_ITS_END, as_it_is)],
                         ids=["chunked", "by its end"])
def test_time_of_a_route(short, upstream, head, write):
    """`response_idle` of a route takes the place of that of all."""
    for path, passes in (("/patient", True), ("/public", False)):
        stream = Stream(upstream, head, write)
        with short.connect() as connection:
            connection.send(get(path))
            assert connection.reader.head().status == 200
            stream.send(event(1))
            connection.reader.until(event(1))
            time.sleep(0.8)
            if passes:
                stream.send(event(2))
                connection.reader.until(event(2))
                stream.end(b"0\r\n\r\n" if write is in_chunk else b"")
                connection.reader.rest()
            else:
                # Broken off: no last chunk.
                assert b"0\r\n\r\n" not in connection.reader.rest()
                stream.over.set()


def test_end_of_a_stream(short, upstream):
    """Its last event, then its end, and the connection goes on."""
    stream = Stream(upstream, CHUNKED, in_chunk)
    with short.connect() as connection:
        connection.send(get("/public"))
        head = connection.reader.head()
        stream.send(event(1))
        stream.end(b"0\r\n\r\n")
        assert connection.reader.content(head).body == event(1)
        upstream.reset()
        assert connection.ask(get("/public")).status == 200


def test_client_that_leaves_ends_its_stream(short, upstream):
    stream = Stream(upstream, CHUNKED, in_chunk)
    connection = short.connect()
    connection.send(get("/patient"))
    assert connection.reader.head().status == 200
    connection.reset()

    def is_over():
        try:
            stream.send(event(1))
        except OSError:
            return True
        return False

    assert eventually(is_over)
    stream.over.set()


def test_slow_reader_stops_its_upstream_and_nobody_else(short, upstream):
    """The upstream cannot send on while nobody reads; others' events come as before, and once the
    reader reads, it has them all in order."""
    stream = Stream(upstream, CHUNKED, in_chunk)
    data = b"".join(event(number) for number in range(4000))
    before = short.resident_kib()
    with short.connect() as slow:
        slow.send(get("/patient"))
        assert stream.began.wait(5)
        stream.call.socket.settimeout(0.4)
        sent, waiting = 0, in_chunk(data)
        try:
            while sent < 64 << 20:
                sent += stream.call.socket.send(waiting[sent % len(waiting):])
        except TimeoutError:
            pass
        assert sent < 64 << 20
        assert short.resident_kib() - before < 2048
        second = Stream(upstream, CHUNKED, in_chunk)
        with short.connect() as other:
            other.send(get("/patient"))
            assert other.reader.head().status == 200
            for number in range(5):
                begun = time.monotonic()
                second.send(event(number))
                other.reader.until(event(number))
                assert time.monotonic() - begun < 0.2
        slow.reader.head()
        received = bytearray()
        while len(received) < sent // len(waiting) * len(data):
            size = int(slow.reader.until(b"\r\n"), 16)
            received += slow.reader.exactly(size + 2)[:-2]
        whole = sent // len(waiting) * len(data)
        assert bytes(received[:whole]) == data * (sent // len(waiting))
        second.over.set()
        stream.over.set()
