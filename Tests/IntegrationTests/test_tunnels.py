"""Tunnels: bytes both ways by credit, what they may take, and what is told of them. Their ends are
in test_tunnel_ends.py."""

import hashlib
import signal
import threading
import time

import pytest
from support.client import eventually
from support.gateway import Gateway, changed
from support.message import bearer, get
from support.tokens import HANDLE, access
from support.websocket import DATA, HELLO, Switching, both_ways, frame, handshake, open_tunnel

pytestmark = pytest.mark.usefixtures("ended")


def test_bytes_both_ways(tunnel):
    both_ways(*tunnel)


def test_any_bytes(tunnel):
    """What looks like HTTP is none any more."""
    connection, end = tunnel
    data = get("/required") + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok0\r\n\r\n\0"
    connection.send(data)
    assert end.read(len(data)) == data
    end.send(data)
    assert connection.reader.exactly(len(data)) == data


def test_byte_by_byte(tunnel):
    connection, end = tunnel
    for byte in HELLO:
        connection.send(bytes([byte]))
        assert end.read(1) == bytes([byte])
        end.send(bytes([byte]))
        assert connection.reader.exactly(1) == bytes([byte])


# Times.

@pytest.fixture(scope="module")
def short(base_configuration, shared_upstream, tmp_path_factory):
    """Short times; `/endless` has no `tunnel_idle`."""
    configuration = changed(base_configuration, timeouts={
        "send_idle": "700ms", "response_idle": "300ms", "keep_alive": "200ms",
        "request_body_idle": "200ms", "request_head": "200ms",
    })
    target = {"targets": [shared_upstream.url], "response_timeout": "200ms"}
    configuration["upstreams"] = {
        "main": {**target, "tunnel_idle": "600ms"}, "endless": {**target, "tunnel_idle": 0},
    }
    configuration["routes"] = [
        {"path_prefix": "/public", "session": "public", "upstream": "main"},
        {"path_prefix": "/endless", "session": "public", "upstream": "endless"},
    ]
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def last_tunnel(gateway):
    return [line for line in gateway.log_lines() if line["status"] == 101][-1]


@pytest.mark.parametrize("speaks", ["nobody", "client", "upstream"])
def test_idle_direction(short, upstream, speaks):
    """Each direction has a time of its own: one that is silent ends the tunnel."""
    connection, end = open_tunnel(short, Switching(upstream))
    with connection:
        began = time.monotonic()
        while time.monotonic() - began < 0.45:
            if speaks == "client":
                connection.send(b"a")
            elif speaks == "upstream":
                end.send(b"a")
            time.sleep(0.05)
        assert connection.reader.rest().strip(b"a") == b""
        assert 0.55 < time.monotonic() - began < 2
    assert eventually(lambda: last_tunnel(short)["detail"] == "tunnel_idle")
    assert last_tunnel(short)["reason"] == "timeout"
    end.close()


def test_frames_of_ping_count(short, upstream):
    """Both directions carry something now and then: the tunnel stays."""
    connection, end = open_tunnel(short, Switching(upstream))
    with connection:
        for _ in range(8):
            end.send(frame(b"", opcode=9))
            assert connection.reader.exactly(2) == frame(b"", opcode=9)
            connection.send(frame(b"", opcode=10, mask=b"abcd"))
            end.read(6)
            time.sleep(0.15)
        end.close()
        assert connection.is_closed()


def test_no_time_when_it_is_0(short, upstream):
    """Nor does any other time of a request end a tunnel."""
    connection, end = open_tunnel(short, Switching(upstream), "/endless")
    with connection:
        time.sleep(1.2)
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO
        end.close()


@pytest.mark.parametrize("target", ["/public", "/endless"])
@pytest.mark.parametrize("first", ["client", "upstream"])
def test_half_closed_and_silent(short, upstream, target, first):
    """A side that was told the end and says nothing more is not waited for long."""
    connection, end = open_tunnel(short, Switching(upstream), target)
    with connection:
        began = time.monotonic()
        if first == "client":
            connection.socket.shutdown(1)
            assert end.reader.rest() == b""
            assert connection.is_closed()
        else:
            end.finish()
            assert connection.reader.rest() == b""
            assert end.reader.rest() == b""
        assert time.monotonic() - began < 1.5
    end.close()
    assert eventually(lambda: short.metric("sallyport_tunnels ") == 0)


def test_client_that_takes_nothing(short, upstream):
    """`send_idle`: it is given up, as anyone who does not read his answer."""
    connection, end = open_tunnel(short, Switching(upstream), "/endless")
    with connection:
        with pytest.raises(OSError):
            for _ in range(1000):
                end.send(DATA)
    end.close()
    assert eventually(lambda: last_tunnel(short)["reason"] == "client_closed")


def test_upstream_that_takes_nothing(short, upstream):
    connection, end = open_tunnel(short, Switching(upstream), "/endless")
    with connection:
        with pytest.raises(OSError):
            for _ in range(1000):
                connection.send(DATA)
    end.close()
    assert eventually(lambda: last_tunnel(short)["reason"] == "upstream_timeout")
    assert last_tunnel(short)["detail"] == "send_idle"


# Bounds.

def test_slow_readers_with_full_buffers(gateway, upstream):
    """The faster side is not read any more; the worker serves others, and memory is bounded."""
    switch = Switching(upstream)
    tunnels = [open_tunnel(gateway, switch) for _ in range(8)]
    before = gateway.resident_kib()

    def fill(socket):
        sent = 0
        socket.settimeout(0.5)
        try:
            while True:
                sent += socket.send(DATA)
        except TimeoutError:
            return sent

    sent = []
    threads = [
        threading.Thread(target=lambda end=end: sent.append(fill(end.socket)))
        for _, end in tunnels
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    began = time.monotonic()
    assert gateway.ask(get("/public")).status == 200
    assert time.monotonic() - began < 1
    # Two buffers of a direction at their largest, and a little.
    assert gateway.resident_kib() - before < 8 * 2 * 400
    # All of it comes once they read.
    for (connection, end), count in zip(tunnels, sorted(sent), strict=True):
        end.finish()
        connection.socket.settimeout(10)
    taken = sorted(len(connection.reader.rest()) for connection, _ in tunnels)
    assert taken == sorted(sent)
    for connection, end in tunnels:
        connection.close()
        end.close()


def test_large_transfers_arrive_whole(tunnel):
    connection, end = tunnel
    digest, expected = hashlib.sha256(), hashlib.sha256()

    def send():
        for number in range(64):
            block = bytes([number]) * (1 << 20)
            expected.update(block)
            end.send(block)
        end.finish()

    sending = threading.Thread(target=send)
    sending.start()
    while data := connection.socket.recv(1 << 20):
        digest.update(data)
    sending.join(10)
    assert digest.digest() == expected.digest()


def test_tunnels_past_the_limit(start, base_configuration, upstream):
    """503 for the one past `limits.tunnels`, of all workers; a place that is left is free, and a
    reload changes how many there are."""
    configuration = changed(base_configuration, limits={"tunnels": 3}, server__workers=2)
    gateway = start(configuration)
    switch = Switching(upstream)
    tunnels = [open_tunnel(gateway, switch) for _ in range(3)]
    with gateway.connect() as connection:
        answer = connection.ask(handshake("/public"))
        assert (answer.status, answer.reason) == (503, "overloaded")
        assert answer.value("retry-after") == "1"
        assert connection.ask(get("/public")).status == 200
    assert eventually(lambda: gateway.log_lines()[-2].get("detail") == "tunnels")
    connection, end = tunnels.pop()
    end.close()
    assert connection.is_closed()
    connection.close()
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 2)
    tunnels.append(open_tunnel(gateway, switch))
    assert gateway.ask(handshake("/public")).status == 503
    # A reload leaves them alone.
    assert "error" not in gateway.reload(changed(configuration, limits={"tunnels": 4}))
    tunnels.append(open_tunnel(gateway, switch))
    assert gateway.ask(handshake("/public")).status == 503
    for connection, end in tunnels:
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO
        end.close()
        assert connection.is_closed()
        connection.close()


def test_tunnels_at_the_grace_s_end(start, base_configuration, upstream):
    gateway = start(changed(base_configuration, server__shutdown_grace="1s"))
    connection, end = open_tunnel(gateway, Switching(upstream))
    with connection:
        gateway.signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO
        assert connection.is_closed(3)
    assert gateway.process.wait(5) == 0
    assert last_tunnel(gateway)["reason"] == "shutting_down"
    end.close()


# What is told.

def test_access_log_and_metrics(start, base_configuration, upstream, keys):
    gateway = start(base_configuration).wait_for_keys()
    connection, end = open_tunnel(
        gateway, Switching(upstream), "/required", bearer(access(keys.dynamic))
    )
    with connection:
        connection.send(HELLO)
        end.read(len(HELLO))
        end.send(DATA)
        connection.reader.exactly(len(DATA))
        assert gateway.metric("sallyport_tunnels ") == 1
        assert gateway.metric('sallyport_tunnel_bytes_total{direction="in"}') == len(HELLO)
        assert gateway.metric('sallyport_tunnel_bytes_total{direction="out"}') == len(DATA)
        # Its line is written at its end.
        assert gateway.access_log.read_bytes() == b""
        time.sleep(0.3)
        end.close()
        assert connection.is_closed()
    line = gateway.log_lines()[0]
    assert (line["status"], line["reason"], line["route"]) == (101, None, "required")
    assert (line["bytes_in"], line["bytes_out"]) == (len(HELLO), len(DATA))
    assert line["duration_ms"] >= 300 > line["upstream_ms"]
    assert (line["user"], line["session"]) == ("user-1", HANDLE)
    assert gateway.metric("sallyport_tunnels ") == 0
    assert gateway.metric("sallyport_tunnels_total ") == 1
    counted = 'sallyport_requests_total{route="required",method="GET",status="101"'
    assert gateway.metric(counted) == 1
    # A tunnel's time is nobody's waiting time.
    assert gateway.metric("sallyport_request_duration_seconds_count ") == 0
