"""An idle TLS connection holds no buffer: what it holds does not depend on what went through it."""

import contextlib
import socket

import pytest
from support.certificates import trusting
from support.message import get, post
from support.upstream import OK

CONNECTIONS = 200
LARGE = b"x" * 64 * 1024
# Of stocks that the whole worker keeps, whatever the number of connections.
SLACK = 1024 * 1024
# OpenSSL's objects, our own, and the allocator's rounding; a lent chunk alone is 32 KiB, and a
# record buffer of OpenSSL 16 KiB.
CONNECTION_MAXIMUM = 15 * 1024


def answer_large(call):
    call.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(LARGE), LARGE))


def held(gateway):
    """Bytes that the process holds from the allocator."""
    return gateway.table.whole().held_bytes


@contextlib.contextmanager
def idle(gateway):
    """Connections that each had an answer, and what one more of them holds."""
    tls = trusting()
    connections = []

    def open_some(count):
        for _ in range(count):
            connection = gateway.connect(tls)
            # Without it each large request waits 40 ms for an acknowledgement.
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            assert connection.ask(get("/public")).status == 200
            connections.append(connection)

    open_some(CONNECTIONS // 2)
    before = held(gateway)
    open_some(CONNECTIONS)
    yield connections, (held(gateway) - before) / CONNECTIONS
    for connection in connections:
        connection.close()


def test_idle_connection_is_small(quiet_gateway, upstream):
    upstream.reset()
    with idle(quiet_gateway) as (_, each):
        print(f"{each:.0f} bytes held by an idle TLS connection")
        assert each < CONNECTION_MAXIMUM


@pytest.mark.parametrize(
    "data, answer, status",
    [
        pytest.param(get("/public"), OK, 200, id="small"),
        pytest.param(get("/public"), answer_large, 200, id="large-answers"),
        pytest.param(post("/public", body=LARGE), OK, 200, id="large-requests"),
        pytest.param(get("/required"), OK, 401, id="refused"),
        pytest.param(post("/required", body=LARGE), OK, 401, id="refused-with-content"),
    ],
)
def test_idle_connection_holds_no_buffer(quiet_gateway, upstream, data, answer, status):
    upstream.reset()
    with idle(quiet_gateway) as (connections, _):
        before = held(quiet_gateway)
        upstream.answer = answer
        for connection in connections:
            assert connection.ask(data).status == status
        quiet_gateway.settle()
        grown = held(quiet_gateway) - before
        print(f"{grown} bytes more after the traffic of {len(connections)} connections")
        assert grown < SLACK


def test_half_a_request_is_all_that_is_held(quiet_gateway, upstream):
    """The measure measures: a connection in the middle of a request holds its chunk."""
    upstream.reset()
    with idle(quiet_gateway) as (connections, _):
        before = held(quiet_gateway)
        for connection in connections:
            connection.send(get("/public")[:20])
        quiet_gateway.settle(0.3)
        during = held(quiet_gateway) - before
        for connection in connections:
            connection.send(get("/public")[20:])
            assert connection.read().status == 200
        after = held(quiet_gateway) - before
    assert during > len(connections) * 16 * 1024
    assert after < during
