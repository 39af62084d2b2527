"""What upstreams answer to WebSocket handshakes: a switch as it was asked for, or none. Nothing
goes out of turn, and no connection is used again after doubt."""

import threading

import pytest
from support.client import eventually
from support.framing import SMUGGLED
from support.gateway import changed
from support.message import get, rows
from support.refusal import AFTER
from support.upstream import OK
from support.websocket import ACCEPT, HELLO, Switching, frame, handshake, open_tunnel, switching

pytestmark = pytest.mark.usefixtures("ended")

OFFER = ["Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: a; b=1, c"]
TAKEN = "Sec-WebSocket-Accept: "
SWITCHES = [
    ("no accept", switching(accept=None), "websocket_accept"),
    ("empty accept", switching(accept=TAKEN), "websocket_accept"),
    ("another key's", switching(accept=TAKEN + "HSmrc0sMlYUkAGmm5OPpG2HaGWk="), "websocket_accept"),
    ("one bit else", switching(accept=TAKEN + "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="), "websocket_accept"),
    ("letter case", switching(accept=TAKEN + ACCEPT.lower()), "websocket_accept"),
    ("cut", switching(accept=TAKEN + ACCEPT[:-1]), "websocket_accept"),
    ("longer", switching(accept=TAKEN + ACCEPT + "="), "websocket_accept"),
    ("the key", switching(accept=TAKEN + "dGhlIHNhbXBsZSBub25jZQ=="), "websocket_accept"),
    ("twice", switching(TAKEN + ACCEPT), "websocket_accept"),
    ("in an alias", switching(accept=f"Sec_WebSocket_Accept: {ACCEPT}"), "websocket_accept"),
    ("to h2c", switching(upgrade="Upgrade: h2c"), "switch_protocol"),
    ("to TLS", switching(upgrade="Upgrade: TLS/1.0"), "switch_protocol"),
    ("to two", switching(upgrade="Upgrade: websocket, h2c"), "switch_protocol"),
    ("to two lines", switching("Upgrade: h2c"), "switch_protocol"),
    ("to nothing", switching(upgrade=None), "switch_protocol"),
    ("of version 1.0", switching(line="HTTP/1.0 101 X"), "switch_protocol"),
    ("not listed", switching(connection=None), "unasked_switch"),
    ("listed otherwise", switching(connection="Connection: close"), "unasked_switch"),
    ("with a length", switching("Content-Length: 5"), "unasked_switch"),
    ("with chunks", switching("Transfer-Encoding: chunked"), "unasked_switch"),
    ("protocol not offered", switching("Sec-WebSocket-Protocol: other"), "websocket_protocol"),
    ("protocol in capitals", switching("Sec-WebSocket-Protocol: CHAT"), "websocket_protocol"),
    ("two protocols", switching("Sec-WebSocket-Protocol: chat, superchat"), "websocket_protocol"),
    ("protocol twice", switching("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"),
     "websocket_protocol"),
    ("empty protocol", switching("Sec-WebSocket-Protocol:"), "websocket_protocol"),
    ("part of a protocol", switching("Sec-WebSocket-Protocol: super"), "websocket_protocol"),
    ("extension not offered", switching("Sec-WebSocket-Extensions: d"), "websocket_extension"),
    ("one of two", switching("Sec-WebSocket-Extensions: a, d"), "websocket_extension"),
    ("in the second line", switching("Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: d"),
     "websocket_extension"),
    ("a parameter", switching("Sec-WebSocket-Extensions: b=1"), "websocket_extension"),
    ("hidden in quotes", switching('Sec-WebSocket-Extensions: a; x=", d'), "websocket_extension"),
    ("nameless", switching("Sec-WebSocket-Extensions: ;x"), "websocket_extension"),
]


@pytest.mark.parametrize("answer, detail", rows(SWITCHES))
def test_cve_2026_2833_switch_that_is_none(gateway, upstream, answer, detail):
    """502, nothing of what follows it reaches the client, nor the client's frames the upstream; the
    upstream's connection is not used again, the client's is known."""
    kept = []

    def answering(call):
        if call.message.target == AFTER:
            call.send(OK)
            return
        call.send(answer + b"secret" + OK)
        kept.append(call.reader.rest())

    upstream.answer = answering
    with gateway.connect() as connection:
        connection.send(handshake("/public", *OFFER))
        refusal = connection.read()
        assert (refusal.status, refusal.reason) == (502, "upstream_protocol")
        assert b"secret" not in refusal.body
        assert connection.ask(get(AFTER)).body == b"ok"
        assert not connection.reader.buffer
    first, second = upstream.received(), upstream.received()
    assert (second.target, second.connection != first.connection) == (AFTER, True)
    assert eventually(lambda: kept) == [b""]
    assert eventually(
        lambda: any(line.get("detail") == detail for line in gateway.log_lines())
    )


UNASKED = [
    ("GET", get("/public")),
    ("h2c", handshake("/public", upgrade="Upgrade: h2c")),
    ("h2c among others", handshake("/public", upgrade="Upgrade: h2c, websocket")),
    ("not listed", handshake("/public", connection=None)),
    ("with content", handshake("/public", "Content-Length: 1") + b"a"),
]


@pytest.mark.parametrize("data", rows(UNASKED))
def test_cve_2026_2833_switch_that_nobody_asked_for(gateway, upstream, data):
    upstream.answer = switching() + b"secret" + OK
    with gateway.connect() as connection:
        answer = connection.ask(data)
        assert (answer.status, answer.reason) == (502, "upstream_protocol")
        assert b"secret" not in answer.body
        used = upstream.received().connection
        upstream.reset()
        assert connection.ask(get(AFTER)).body == b"ok"
    assert upstream.received().connection != used


GOOD = [
    ("bare", []),
    ("one protocol", ["Sec-WebSocket-Protocol: superchat"]),
    ("an extension with parameters", ["Sec-WebSocket-Extensions: a; b=2;c", "X-Own: b"]),
    ("both extensions", ["Sec-WebSocket-Extensions: a, c"]),
    ("in two lines", ["Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: c"]),
    ("an empty element", ["Sec-WebSocket-Extensions: , a ,"]),
    ("a length of none", ["Content-Length: 0"]),
]


@pytest.mark.parametrize("fields", rows(GOOD))
def test_switch_as_it_was_offered(gateway, upstream, fields):
    switch = Switching(upstream, *fields)
    with gateway.connect() as connection:
        connection.send(handshake("/public", *OFFER))
        answer = connection.read()
        assert answer.status == 101 and "content-length" not in answer.names
        connection.send(HELLO)
        assert switch.opened().read(len(HELLO)) == HELLO


REFUSALS = [
    ("200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200),
    ("200 in chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
     200),
    ("200 with the fields of a switch", switching("Content-Length: 2", line="HTTP/1.1 200 OK")
     + b"ok", 200),
    ("204", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    ("302", b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n", 302),
    ("401", b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", 401),
    ("403", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403),
    ("426", b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nno", 426),
    ("500", b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno", 500),
]


@pytest.mark.parametrize("answer, status", rows(REFUSALS))
def test_cve_2026_2833_refusal_and_pipelined_requests(gateway, upstream, answer, status):
    """CVE-2026-2833: what the client sent behind its handshake is the next request, judged as any;
    the upstream never sees it on the connection that was asked to switch."""
    kept = []

    def answering(call):
        if call.message.target == AFTER:
            call.send(OK)
            return
        call.send(answer)
        kept.append(call.reader.rest())

    upstream.answer = answering
    with gateway.connect() as connection:
        connection.send(handshake("/public") + get("/required/secret") + get(AFTER))
        first = connection.read()
        assert first.status == status and "upgrade" not in first.names
        assert connection.read().status == 401
        assert connection.read().body == b"ok"
    asked, after = upstream.received(), upstream.received()
    assert after.target == AFTER and after.connection != asked.connection
    assert upstream.received_nothing()
    # The connection was closed without another byte.
    assert eventually(lambda: kept) == [b""]


def test_cve_2026_2833_frames_behind_a_handshake_that_the_upstream_refuses(gateway, upstream):
    """Nobody's request: 400, and the end."""
    with gateway.connect() as connection:
        connection.send(handshake("/public") + HELLO + SMUGGLED)
        assert connection.read().status == 200
        assert connection.read().status == 400
        assert connection.is_closed()
    upstream.received()
    assert upstream.received_nothing()


def test_cve_2025_64763_bytes_before_the_switch_wait(gateway, upstream):
    """CVE-2025-64763: not one goes upstream before its 101; then all do, in order."""
    switch = Switching(upstream)
    switch.may_answer.clear()
    data = b"".join(frame(bytes([number]) * 500, mask=b"abcd") for number in range(50))
    with gateway.connect() as connection:
        connection.send(handshake("/public") + data[:100])
        end = switch.asked.get(timeout=5)
        connection.send(data[100:])
        assert end.has_nothing()
        switch.may_answer.set()
        assert connection.read().status == 101
        assert end.read(len(data)) == data


def test_bytes_before_the_switch_are_bounded(gateway, upstream):
    """A client that sends on and on is not read: its own buffers fill, not ours."""
    switch = Switching(upstream)
    switch.may_answer.clear()
    before = gateway.resident_kib()
    with gateway.connect() as connection:
        connection.send(handshake("/public"))
        end = switch.asked.get(timeout=5)
        connection.socket.settimeout(1)
        sent, data = 0, bytes(1 << 20)
        try:
            while sent < 64 << 20:
                sent += connection.socket.send(data)
        except TimeoutError:
            pass
        assert sent < 64 << 20
        assert gateway.resident_kib() - before < 2048
        assert end.has_nothing()
        switch.may_answer.set()
        connection.socket.settimeout(10)
        assert connection.read().status == 101
        taken = 0
        while taken < sent:
            taken += len(end.socket.recv(1 << 20))
        assert taken == sent


@pytest.mark.parametrize("behind", [HELLO, frame(b"a" * 100_000)])
def test_bytes_right_behind_the_switch(gateway, upstream, behind):
    """They came in one read with the head, and are the tunnel's."""
    switch = Switching(upstream, behind=behind)
    connection, end = open_tunnel(gateway, switch)
    with connection:
        assert connection.reader.exactly(len(behind)) == behind
        assert end.has_nothing()


def test_interim_answers_before_the_switch(gateway, upstream):
    def answering(call):
        call.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        call.send(switching())
        call.send(HELLO)
        call.reader.rest()

    upstream.answer = answering
    with gateway.connect() as connection:
        connection.send(handshake("/public"))
        assert [connection.read().status for _ in range(2)] == [103, 101]
        assert connection.reader.exactly(len(HELLO)) == HELLO


def test_switch_in_pieces(gateway, upstream):
    def answering(call):
        for byte in switching():
            call.send(bytes([byte]))
        call.reader.rest()

    upstream.answer = answering
    with gateway.connect() as connection:
        connection.send(handshake("/public"))
        assert connection.read().status == 101


def test_handshake_is_never_sent_twice(gateway, upstream):
    """The upstream had it and closed: whether it acted on it nobody knows."""
    upstream.answer = lambda call: call.close()
    for _ in range(3):
        answer = gateway.ask(handshake("/public"))
        assert (answer.status, answer.reason) == (502, "upstream_unreachable")
        upstream.received()
    assert upstream.received_nothing()


def test_handshake_goes_out_on_a_connection_of_its_own(gateway, upstream):
    """A pooled one may be stale, and a handshake is not sent again."""
    assert gateway.ask(get("/public")).status == 200
    pooled = upstream.received().connection
    switch = Switching(upstream)
    connection, end = open_tunnel(gateway, switch)
    with connection:
        assert end.message.connection != pooled


@pytest.mark.parametrize("leaves", ["close", "reset"])
def test_client_that_leaves_before_the_switch(gateway, upstream, leaves):
    """Nobody's tunnel is opened: the upstream's connection ends."""
    switch = Switching(upstream)
    switch.may_answer.clear()
    connection = gateway.connect()
    connection.send(handshake("/public"))
    end = switch.asked.get(timeout=5)
    getattr(connection, leaves)()
    switch.may_answer.set()
    try:
        assert end.reader.rest() == b""
    except OSError:
        pass
    end.close()
    assert eventually(lambda: gateway.metric("sallyport_tunnels ") == 0)


def test_half_handshakes_held_open(start, base_configuration, own_upstream):
    """An upstream that takes handshakes and never answers: each ends at `response_timeout` and
    holds a tunnel's place no longer."""
    main = {"targets": [own_upstream.url], "response_timeout": "500ms"}
    gateway = start(changed(base_configuration, upstreams={"main": main}, limits={"tunnels": 4}))
    silent = threading.Event()
    own_upstream.answer = lambda call: silent.wait(20)
    connections = [gateway.connect() for _ in range(5)]
    for connection in connections:
        connection.send(handshake("/public"))
    found = sorted(connection.read().status for connection in connections)
    assert found == [503, 504, 504, 504, 504]
    silent.set()
    switch = Switching(own_upstream)
    kept = [open_tunnel(gateway, switch) for _ in range(4)]
    assert gateway.ask(handshake("/public")).reason == "overloaded"
    for connection, end in kept:
        connection.close()
        end.close()
