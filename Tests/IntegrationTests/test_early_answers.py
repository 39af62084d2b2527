"""Requests that are answered before their content came, that wait to be told to send it, or that
ask for a protocol nobody speaks: what follows them is the next request, or nothing. WebSockets are
in test_websocket.py."""

import pytest
from support.client import exchange
from support.framing import EXPECTATIONS, SMUGGLED, post_with
from support.message import bearer, chunked, get, request, rows
from support.refusal import AFTER, refused, untouched
from support.tokens import access
from support.upstream import OK

REFUSALS = [
    ("401", "/required", 401, "no_session"),
    ("404", "/nothing", 404, "no_route"),
]


@pytest.mark.parametrize("path, status, reason", rows(REFUSALS))
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_cve_2019_20372_content_of_a_refused_request(gateway, upstream, path, status, reason,
                                                     method):
    """Its length is known and small: it is read and dropped, and the next request served."""
    data = request(f"{method} {path} HTTP/1.1", f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED)
    with gateway.connect() as connection:
        connection.send(data + get(AFTER))
        answer = connection.read()
        assert (answer.status, answer.reason) == (status, reason)
        assert connection.read().body == b"ok"
    assert upstream.received().target == AFTER
    untouched(gateway, upstream)


@pytest.mark.parametrize("path, status, reason", rows(REFUSALS))
def test_cve_2025_4366_content_that_comes_after_the_refusal(
    gateway, upstream, path, status, reason
):
    """In the buffer at the answer, in the kernel, or not sent yet: it never is a request."""
    content = SMUGGLED * 20
    head = request(f"POST {path} HTTP/1.1", f"Content-Length: {len(content)}")
    for first in (0, 1, len(SMUGGLED), len(content) - 1):
        with gateway.connect() as connection:
            connection.send(head + content[:first])
            answer = connection.read()
            assert (answer.status, answer.reason) == (status, reason)
            connection.send(content[first:] + get(AFTER))
            assert connection.read().body == b"ok"
        assert upstream.received().target == AFTER
        untouched(gateway, upstream)


@pytest.mark.parametrize("fields, body", [
    pytest.param([b"Transfer-Encoding: chunked"], chunked(b"x"), id="chunks, all there"),
    pytest.param([b"Transfer-Encoding: chunked"], b"", id="chunks, none yet"),
    pytest.param([b"Content-Length: 65537"], b"", id="one byte past what is dropped"),
    pytest.param([b"Content-Length: 9223372036854775807"], b"x", id="2^63 - 1"),
    pytest.param([b"Content-Length: 5", b"Expect: 100-continue"], b"", id="none was asked for"),
])
def test_cve_2025_4366_refused_request_whose_end_is_unknown(gateway, upstream, fields, body):
    """The connection ends instead."""
    for _, path, status, reason in REFUSALS:
        data = request(f"POST {path} HTTP/1.1", *fields, body=body)
        refused(gateway, upstream, data, status, reason)


def test_cve_2025_4366_early_answer_leaves_neither_connection_to_others(gateway, upstream):
    """An upstream that did not read all of a request would take the next one for its content."""
    upstream.reads_content = False
    upstream.answer = OK
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", f"Content-Length: {2 * len(SMUGGLED)}"))
        connection.send(SMUGGLED)
        answer = connection.read()
        assert answer.status == 200 and answer.value("connection") == "close"
        try:
            connection.send(SMUGGLED + SMUGGLED)
        except OSError:
            pass
        assert connection.is_closed()
    used = upstream.received().connection
    # What the upstream makes of the content that it did not read is its own affair; the gateway
    # sent it nothing but that content.
    assert gateway.ask(get(AFTER)).status == 200
    found = [upstream.received()]
    while found[-1].target != AFTER:
        assert found[-1].connection == used
        found.append(upstream.received())
    assert found[-1].connection != used


def test_cve_2025_4366_content_that_comes_after_an_early_answer(gateway, upstream):
    """It is read by nobody: neither as content nor as a request."""
    upstream.reads_content = False
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", f"Content-Length: {len(SMUGGLED)}"))
        assert connection.read().status == 200
        try:
            connection.send(SMUGGLED)
        except OSError:
            pass
        assert connection.is_closed()
    assert upstream.received().target == "/public"
    untouched(gateway, upstream)


@pytest.mark.parametrize("path, status, reason", rows(REFUSALS))
def test_cve_2025_31492_nothing_of_an_upstream_follows_a_refusal(
    gateway, upstream, path, status, reason
):
    """Whatever is pipelined before and behind: answers stay in step, and none comes after it."""
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    data = request(f"POST {path} HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(b"x"))
    with gateway.connect() as connection:
        connection.send(get("/public/first") + get(path) + data + SMUGGLED)
        assert connection.read().body == b"secret"
        for closes in (False, True):
            answer = connection.read()
            assert (answer.status, answer.reason) == (status, reason)
            assert (answer.value("connection") == "close") == closes
            assert b"secret" not in answer.body
        assert connection.is_closed()
    assert upstream.received().target == "/public/first"
    upstream.answer = OK
    untouched(gateway, upstream)


# Expectations.


@pytest.mark.parametrize("fields, status", rows(EXPECTATIONS))
def test_other_expectations(gateway, upstream, fields, status):
    refused(gateway, upstream, post_with(fields, b"Content-Length: 5"), status)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "HEAD", "DELETE", "POST"])
@pytest.mark.parametrize("fields", [
    pytest.param([], id="no framing"), pytest.param(["Content-Length: 0"], id="length of zero"),
])
def test_cve_2025_32094_expectation_without_content(gateway, upstream, method, fields):
    """It leads nowhere, so it goes nowhere; what follows is the next request."""
    line = f"{method} /public HTTP/1.1"
    with gateway.connect() as connection:
        connection.send(request(line, "Expect: 100-continue", *fields) + get("/public/next"))
        assert connection.read(method).status == 200
        assert connection.read().status == 200
    assert "expect" not in upstream.received().names
    assert upstream.received().target == "/public/next"


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_cve_2025_32094_expectation_with_content_that_is_a_request(gateway, upstream, method):
    """The content is sent at once, without waiting: it stays content."""
    line = f"{method} /public HTTP/1.1"
    length = f"Content-Length: {len(SMUGGLED)}"
    with gateway.connect() as connection:
        data = request(line, "Expect: 100-continue", length, body=SMUGGLED)
        connection.send(data + get("/public/next"))
        assert connection.read(method).status == 200
        assert connection.read().status == 200
    assert upstream.received().body == SMUGGLED
    assert upstream.received().target == "/public/next"


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "417 Expectation Failed"])
def test_cve_2025_32094_final_answer_instead_of_a_100(gateway, upstream, status):
    """The content nobody asked for never becomes a request, on either connection."""
    upstream.reads_content = False
    upstream.answer = f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno".encode()
    length = f"Content-Length: {len(SMUGGLED)}"
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", "Expect: 100-continue", length))
        answer = connection.read()
        assert answer.status == int(status[:3]) and answer.value("connection") == "close"
        try:
            connection.send(SMUGGLED)
        except OSError:
            pass
        assert connection.is_closed()
    used = upstream.received().connection
    upstream.reset()
    assert gateway.ask(get(AFTER)).status == 200
    received = upstream.received()
    assert received.target == AFTER and received.connection != used


def test_expectation_of_version_1_0(gateway, upstream):
    """RFC 9110 §10.1.1: it is ignored, and not passed on."""
    data = request("POST /public HTTP/1.0", "Expect: 100-continue", "Content-Length: 5",
                   body=b"hello")
    assert exchange(gateway, data).status == 200
    received = upstream.received()
    assert received.body == b"hello" and "expect" not in received.names


# Upgrades.

UPGRADES = [
    ("h2c", ["Upgrade: h2c", "Connection: Upgrade"]),
    ("h2c with settings", ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__",
                           "Connection: Upgrade, HTTP2-Settings"]),
    ("h2c among others", ["Upgrade: websocket, h2c", "Connection: upgrade"]),
    ("h2c twice", ["Upgrade: h2c", "upgrade: h2c", "Connection: UPGRADE"]),
    ("h2c not listed", ["Upgrade: h2c"]),
    ("settings alone", ["HTTP2-Settings: AAMAAABkAAQAAP__"]),
    ("underscore", ["HTTP2_Settings: AAMAAABkAAQAAP__", "Upgrade_: h2c", "Connection: Upgrade"]),
    ("websocket not listed", ["Upgrade: websocket", "Connection: keep-alive",
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                              "Sec-WebSocket-Version: 13"]),
    ("TLS", ["Upgrade: TLS/1.0", "Connection: Upgrade"]),
    ("empty", ["Upgrade:", "Connection: Upgrade"]),
]
CONTENTS = [
    ("no content", [], b""),
    ("length", ["Content-Length: 5"], b"12345"),
    ("chunks", ["Transfer-Encoding: chunked"], chunked(b"12345")),
]


@pytest.mark.parametrize("fields", rows(UPGRADES))
@pytest.mark.parametrize("framing, content", rows(CONTENTS))
def test_cve_2026_58055_upgrade_is_not_asked_for(
    gateway, upstream, keys, fields, framing, content
):
    """The field is dropped; the content stays content and what follows is the next request."""
    token = bearer(access(keys.dynamic))
    data = request("POST /required HTTP/1.1", *fields, *framing, token, body=content)
    with gateway.connect() as connection:
        connection.send(data + get("/required/next", token))
        assert [connection.read().status for _ in range(2)] == [200, 200]
    received = upstream.received()
    assert received.body == (b"12345" if content else b"")
    assert {"upgrade", "http2-settings", "http2_settings", "connection"} & set(received.names) \
        == set()
    assert upstream.received().target == "/required/next"


@pytest.mark.parametrize("fields", rows(UPGRADES))
def test_cve_2026_2833_bytes_behind_an_upgrade_are_requests(gateway, upstream, fields):
    """No tunnel is open: each is judged, an HTTP/2 preface refused."""
    with gateway.connect() as connection:
        connection.send(get("/public", *fields) + get("/required") + get("/nothing")
                        + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED)
        answers = [connection.read() for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 401, 404, 505]
        assert connection.is_closed()
    assert upstream.received().target == "/public"
    untouched(gateway, upstream)


@pytest.mark.parametrize("fields", rows(UPGRADES))
def test_cve_2026_2833_switch_that_nobody_asked_for(gateway, upstream, fields):
    """A 101 is no answer; nothing of what follows it reaches the client, and nothing the upstream.
    """
    upstream.answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n" \
        b"Connection: Upgrade\r\n\r\nsecret" + OK
    with gateway.connect() as connection:
        connection.send(get("/public", *fields))
        answer = connection.read()
        assert (answer.status, answer.reason) == (502, "upstream_protocol")
        used = upstream.received().connection
        upstream.reset()
        assert connection.ask(get(AFTER)).body == b"ok"
        assert not connection.reader.buffer
    received = upstream.received()
    assert received.target == AFTER and received.connection != used


@pytest.mark.parametrize("listed", [
    "Transfer-Encoding", "transfer-encoding", "close, TRANSFER-ENCODING", "Transfer_Encoding",
    "Content-Length", "content-length, transfer-encoding", "Host, Content-Length",
])
def test_cve_2026_26365_connection_takes_no_framing_away(gateway, upstream, listed):
    """CVE-2026-26365: what `Connection` lists ends here, but not what frames the content."""
    for framing, content in ((["Transfer-Encoding: chunked"], chunked(SMUGGLED)),
                             ([f"Content-Length: {len(SMUGGLED)}"], SMUGGLED)):
        data = request("POST /public HTTP/1.1", f"Connection: {listed}", *framing, body=content)
        assert exchange(gateway, data).status == 200
        assert upstream.received().body == SMUGGLED
        untouched(gateway, upstream)
