"""Reloads while requests of earlier configurations still run, and what they leave as it is."""

import threading

from support.client import eventually
from support.gateway import changed
from support.message import bearer, get
from support.slow import cpu_seconds
from support.tokens import access
from support.upstream import OK

RELOADS = 80


def test_old_configurations_in_use_never_hide_a_new_one(start, base_configuration, own_upstream):
    """A configuration is live for every new request, or the log says that it is not."""
    go, kept = threading.Event(), []
    own_upstream.answer = lambda call: (go.wait(30), call.send(OK))

    def version(number):
        target = {"targets": [own_upstream.url]}
        routes = [
            {"path_prefix": "/hold", "session": "public", "upstream": "main"},
            {"path_exact": f"/v{number}", "respond": "jwt"},
        ]
        return changed(base_configuration, upstreams__main=target, routes=routes)

    gateway = start(version(0))
    for number in range(1, RELOADS + 1):
        connection = gateway.connect(timeout=30)
        connection.send(get("/hold"))
        own_upstream.received()
        kept.append(connection)
        log = gateway.reload(version(number))
        assert log
        if "error" not in log and "warning" not in log:
            assert eventually(lambda: gateway.ask(get(f"/v{number}")).status == 401, 1), number
    go.set()
    assert [connection.read().status for connection in kept] == [200] * RELOADS
    assert gateway.reload(version(RELOADS + 1))
    assert eventually(lambda: gateway.ask(get(f"/v{RELOADS + 1}")).status == 401)


def test_larger_heads_after_a_reload(start, base_configuration, upstream):
    """What a reload allows is also read: buffers grow with the limit."""
    small = changed(base_configuration, limits={"request_head": "16KiB"})
    gateway = start(small)
    data = get("/public", *[f"X{number}: " + "v" * 16000 for number in range(60)])
    assert gateway.ask(data).status == 431
    limits = {"request_head": "1MiB", "request_fields": 128}
    assert "error" not in gateway.reload(changed(small, limits=limits))
    with gateway.connect() as connection:
        connection.send(data[:-2])
        before = cpu_seconds(gateway)
        gateway.settle(0.5)
        assert cpu_seconds(gateway) - before < 0.1
        connection.send(data[-2:])
        assert connection.read().status == 200
    assert len(upstream.received().value("x59")) == 16000


def admitted(gateway, attempts):
    """How many of as many connections at once are not closed."""
    connections = [gateway.connect() for _ in range(attempts)]
    try:
        return sum(not connection.is_closed(0.1) for connection in connections)
    finally:
        for connection in connections:
            connection.close()
        assert eventually(lambda: gateway.metric('sallyport_connections{side="client"') == 0)


def test_connections_after_a_reload(start, base_configuration):
    """A reload lowers the limit, and raises it to that of the start; beyond, the log says why it
    does not."""
    gateway = start(changed(base_configuration, limits={"connections": 8}))
    for wanted, effective in [(4, 4), (6, 6), (9, 8), (3, 3), (100, 8), (8, 8)]:
        log = gateway.reload(changed(base_configuration, limits={"connections": wanted}))
        told = "limits.connections above that of the start: needs a restart" in log
        assert told == (wanted > 8), log
        assert admitted(gateway, 12) == effective


def test_lines_that_moved_leave_verified_tokens_and_connections(
    start, base_configuration, keys, own_upstream
):
    target = {"targets": [own_upstream.url]}
    gateway = start(changed(base_configuration, upstreams__main=target)).wait_for_keys()
    request = get("/required", bearer(access(keys.dynamic)))

    def ask():
        assert gateway.ask(request).status == 200
        return gateway.metric("sallyport_signature_checks_total"), own_upstream.connections

    before = ask()
    assert before == (1, 1)
    assert "reloaded" in gateway.reload_further_down()
    assert ask() == before
