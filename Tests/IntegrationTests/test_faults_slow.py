"""Crowds of peers that are slow on purpose: their limits act, memory stays within the named
bounds, and a client that was there before is served as if they were not."""

import threading
import time

import pytest
from support.certificates import trusting
from support.client import eventually
from support.crowd import Crowd, clients, comes_to_rest, descriptors
from support.established import established
from support.gateway import changed
from support.message import get
from support.tokens import access
from support.upstream import OK, Upstream

# A connection in the middle of a handshake or of a head: OpenSSL's objects and a buffer or two of
# 32 KiB (docs/limits.md).
SLOW_KIB = 96
# A connection with a full buffer each way, and the upstream's beside it (docs/limits.md).
FULL_KIB = 640

pytestmark = pytest.mark.usefixtures("many_descriptors")


@pytest.fixture
def slowed(base_configuration, answering, start, certificate):
    """Short timeouts; over TLS where asked."""
    def start_slowed(tls=True, upstream=answering, **timeouts):
        configuration = changed(
            base_configuration, upstreams__main={"targets": [upstream.url]},
            timeouts=timeouts, log={"access": {"output": "off"}},
        )
        pairs = {"certificates": [certificate.files()]} if tls else None
        return start(configuration, tls=pairs).wait_for_keys()

    return start_slowed


def trickled(crowd, data, seconds):
    """A byte now and then, as a slow peer sends."""
    for byte in data[:max(int(seconds / 0.1), 1)]:
        crowd.send(bytes([byte]))
        time.sleep(0.1)


CLIENT_HELLO = bytes.fromhex("16030102000100")
HEAD = b"GET /public HTTP/1.1\r\nHost: app.example.com\r\nX-Slow: y"


@pytest.mark.parametrize("tls, data, timeout", [
    pytest.param(True, CLIENT_HELLO, "handshake", id="handshake"),
    pytest.param(False, HEAD, "request_head", id="head"),
])
def test_slow_beginnings(slowed, keys, tls, data, timeout):
    """Bytes that trickle do not lengthen the time that a handshake or a head may take."""
    gateway = slowed(tls, **{timeout: "1s"})
    before, resident = descriptors(gateway), gateway.resident_kib()
    with established(gateway, access(keys.dynamic), trusting() if tls else None):
        with Crowd(gateway.port, 1000) as crowd:
            trickled(crowd, data, 0.6)
            assert clients(gateway) == 1001
            assert gateway.resident_kib() - resident < 1000 * SLOW_KIB
            assert eventually(lambda: crowd.ended() == 1000, 4)
        assert eventually(lambda: clients(gateway) == 1)
    assert comes_to_rest(gateway, before)


def test_slow_content(slowed, keys, own_upstream):
    """Content that stops is refused after `request_body_idle`; the upstream's side is freed."""
    gateway = slowed(False, own_upstream, request_body_idle="1s")
    before, resident = descriptors(gateway), gateway.resident_kib()
    own_upstream.reads_content = False
    own_upstream.answer = lambda call: call.reader.rest()
    head = b"POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
    with Crowd(gateway.port, 300) as crowd:
        crowd.send(head)
        trickled(crowd, b"slow", 0.4)
        assert eventually(lambda: gateway.metric("sallyport_exchanges_in_flight") == 300)
        assert crowd.ended() == 0
        assert gateway.resident_kib() - resident < 300 * SLOW_KIB
        own_upstream.reset()
        with established(gateway, access(keys.dynamic)):
            assert eventually(lambda: crowd.ended() == 300, 4)
    assert comes_to_rest(gateway, before)


def test_slow_readers_with_full_buffers(slowed, keys, own_upstream):
    """What waits for a client that does not read is bounded, and so is the time it waits."""
    gateway = slowed(False, own_upstream, send_idle="2s")
    before, resident = descriptors(gateway), gateway.resident_kib()

    def answer(call):
        if "large" not in call.message.target:
            call.send(OK)
            return
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1000):
            call.send(b"x" * 1_000_000)

    own_upstream.answer = answer
    with established(gateway, access(keys.dynamic)):
        with Crowd(gateway.port, 150, receive_buffer=4096) as crowd:
            crowd.send(get("/public/large"))
            assert eventually(lambda: clients(gateway) == 151)
            time.sleep(1)
            assert gateway.resident_kib() - resident < 150 * FULL_KIB
            assert eventually(lambda: clients(gateway) == 1, 8)
    assert comes_to_rest(gateway, before)


def test_slow_upstreams_with_full_buffers(slowed, keys):
    """The other way round: uploads that an upstream does not read."""
    go = threading.Event()

    def answer(call):
        if call.message.target == "/required":
            call.send(OK)
        else:
            go.wait(20)

    with Upstream(receive_buffer=4096) as behind:
        behind.answer, behind.reads_content = answer, False
        gateway = slowed(False, behind, send_idle="1s")
        before, resident = descriptors(gateway), gateway.resident_kib()
        head = b"POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"
        with established(gateway, access(keys.dynamic)):
            with Crowd(gateway.port, 100) as crowd:
                crowd.send(head)
                for _ in range(60):
                    crowd.send(b"x" * 65536)
                    time.sleep(0.01)
                assert gateway.resident_kib() - resident < 100 * FULL_KIB
                assert eventually(lambda: gateway.metric("sallyport_exchanges_in_flight") < 2)
        go.set()
        assert comes_to_rest(gateway, before)
