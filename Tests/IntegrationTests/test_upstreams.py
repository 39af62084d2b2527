"""Upstreams: pools, balance, failed connects, stale connections, names."""

import time

import pytest
from support.client import eventually
from support.gateway import changed
from support.message import get, post, request
from support.ports import free_port
from support.upstream import OK, Upstream


def targets(base_configuration, *urls, **options):
    return changed(base_configuration, upstreams__main={"targets": list(urls), **options})


def test_connections_are_kept_and_used_again(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    for _ in range(20):
        assert gateway.ask(get("/public")).status == 200
    assert own_upstream.connections == 1


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
])
def test_connections_are_not_used_again(start, base_configuration, own_upstream, answer):
    gateway = start(targets(base_configuration, own_upstream.url))
    own_upstream.answer = answer
    for _ in range(3):
        assert gateway.ask(get("/public")).body == b"ok"
    assert own_upstream.connections == 3


def test_round_robin(start, base_configuration):
    with Upstream() as one, Upstream() as two, Upstream() as three:
        gateway = start(targets(base_configuration, one.url, two.url, three.url))
        for _ in range(30):
            assert gateway.ask(get("/public")).status == 200
        assert [each.requests.qsize() for each in (one, two, three)] == [10, 10, 10]


def test_failed_connect_tries_the_next_target(start, base_configuration, own_upstream):
    closed = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    gateway = start(targets(base_configuration, closed[0], own_upstream.url, closed[1]))
    for _ in range(12):
        assert gateway.ask(post("/public", body=b"once")).status == 200
        assert own_upstream.received().body == b"once"


def test_all_targets_fail(start, base_configuration):
    closed = [f"http://127.0.0.1:{free_port()}" for _ in range(3)]
    gateway = start(targets(base_configuration, *closed))
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")


def test_upstream_comes_back(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    assert gateway.ask(get("/public")).status == 200
    own_upstream.stop()
    assert eventually(lambda: gateway.ask(get("/public")).reason == "upstream_unreachable")
    own_upstream.listen()
    assert eventually(lambda: gateway.ask(get("/public")).status == 200, 3)


def test_missing_socket(start, base_configuration, tmp_path):
    gateway = start(targets(base_configuration, f"unix:{tmp_path}/missing.sock"))
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")


def close_second_use(upstream):
    """The second request on a connection meets its end, as when an idle timeout runs out."""
    uses = {}

    def answer(call):
        uses[call.connection] = uses.get(call.connection, 0) + 1
        if uses[call.connection] == 1:
            call.send(OK)
        else:
            call.close()

    upstream.answer = answer


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_stale_connection_is_replaced_once(start, base_configuration, own_upstream, method):
    gateway = start(targets(base_configuration, own_upstream.url))
    close_second_use(own_upstream)
    assert gateway.ask(get("/public")).status == 200
    answer = gateway.ask(request(f"{method} /public HTTP/1.1"))
    assert answer.status == 200
    assert own_upstream.connections == 2


def test_stale_connection_and_post(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    close_second_use(own_upstream)
    assert gateway.ask(get("/public")).status == 200
    answer = gateway.ask(post("/public", body=b"once"))
    assert answer.status == 502
    time.sleep(0.1)
    assert own_upstream.requests.qsize() == 2


def test_stale_connection_and_content(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    close_second_use(own_upstream)
    assert gateway.ask(get("/public")).status == 200
    answer = gateway.ask(request("PUT /public HTTP/1.1", "Content-Length: 3", body=b"abc"))
    assert answer.status == 502


def test_second_sending_that_fails_leaves_the_client_its_connection(
    start, base_configuration, own_upstream
):
    """The refused request's head was sent already: what the client's input holds is the next."""
    gateway = start(targets(base_configuration, own_upstream.url))

    def answer(call):
        if call.message.target.endswith("second"):
            own_upstream.stop()
        else:
            call.send(OK)

    own_upstream.answer = answer
    with gateway.connect() as connection:
        assert connection.ask(get("/public/first")).status == 200
        connection.send(get("/public/second") + get("/nothing", "X-Pad: " + "x" * 500) * 2)
        statuses = [connection.read().status for _ in range(3)]
        assert statuses == [502, 404, 404]


def test_fresh_connection_that_closes_is_not_tried_again(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    own_upstream.answer = lambda call: call.close()
    answer = gateway.ask(get("/public"))
    assert answer.status == 502
    assert own_upstream.requests.qsize() == 1


def test_connections_closed_while_idle_are_noticed(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    assert gateway.ask(get("/public")).status == 200
    own_upstream.close_connections()
    time.sleep(0.2)
    assert gateway.ask(post("/public", body=b"x")).status == 200
    assert own_upstream.connections == 2


def test_bytes_on_an_idle_connection_close_it(start, base_configuration, own_upstream):
    """An answer nobody asked for must not meet the next request."""
    gateway = start(targets(base_configuration, own_upstream.url))

    def twice(call):
        call.send(OK)
        time.sleep(0.1)
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    own_upstream.answer = twice
    assert gateway.ask(get("/public")).body == b"ok"
    time.sleep(0.3)
    own_upstream.answer = OK
    assert gateway.ask(get("/public")).body == b"ok"
    assert own_upstream.connections == 2


def test_idle_timeout(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url, idle_timeout="300ms"))
    assert gateway.ask(get("/public")).status == 200
    time.sleep(0.7)
    assert gateway.metric('sallyport_connections{side="upstream"') == 0
    assert gateway.ask(get("/public")).status == 200
    assert own_upstream.connections == 2


def test_keep_alive_of_the_upstream_is_respected(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url))
    own_upstream.answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok"
    assert gateway.ask(get("/public")).status == 200
    time.sleep(1.4)
    assert gateway.ask(get("/public")).status == 200
    assert own_upstream.connections == 2


def test_names_are_resolved(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, f"http://localhost:{own_upstream.port}"))
    assert eventually(lambda: gateway.ask(get("/public")).status == 200)


def test_name_that_does_not_exist(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, "http://no-such-name.invalid:80"))
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")


def test_connect_timeout(start, base_configuration):
    """A listener whose queue is full answers no connect."""
    import socket

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        gateway = start(
            targets(base_configuration, f"http://127.0.0.1:{port}", connect_timeout="300ms")
        )
        begin = time.monotonic()
        answer = gateway.ask(get("/public"))
        assert answer.status in (502, 504)
        assert answer.reason in ("upstream_unreachable", "upstream_timeout")
        assert 0.2 < time.monotonic() - begin < 3
        for filler in fillers:
            filler.close()


def test_response_timeout_is_not_tried_again(start, base_configuration, own_upstream):
    gateway = start(targets(base_configuration, own_upstream.url, response_timeout="300ms"))
    own_upstream.answer = lambda call: call.reader.rest()
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (504, "upstream_timeout")
    assert own_upstream.requests.qsize() == 1
