"""Known attacks on routing by fields, on framing, on fields of answers, and on keys that arrive
late; each named after its ancestor."""

import time

import pytest
from support.client import eventually
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, chunked, get, request
from support.tokens import access, now


def test_cve_2026_40575_forwarded_fields_never_choose_the_route(gateway, upstream):
    """CVE-2026-40575, GHSA-vhr5-ggp3-qq85: no field makes another request of a guarded one."""
    for field in ("X-Forwarded-Uri: /public", "X-Original-URL: /public",
                  "X-Forwarded-Method: OPTIONS", "X-HTTP-Method-Override: OPTIONS",
                  "X-Forwarded-Prefix: /public",
                  "X-Forwarded-Host: other.example.com", "X-Auth-Request-Redirect: /public"):
        assert gateway.ask(get("/required", field)).status == 401
    assert upstream.received_nothing(0.05)


# Framing.


def test_cve_2026_2836_version_1_0_content_without_a_length(gateway, upstream):
    """What follows an HTTP/1.0 request without a length is no second request, nor content."""
    head = request("POST /public HTTP/1.0")
    with gateway.connect() as connection:
        connection.send(head + get("/public/smuggled"))
        assert connection.read().status == 200
        assert connection.is_closed()
    assert upstream.received().body == b""
    assert upstream.received_nothing(0.1)


@pytest.mark.parametrize("line", ["GET /public HTTP/1.1", "OPTIONS /public HTTP/1.1"])
def test_cve_2025_32094_expectation_without_content(gateway, upstream, line):
    """CVE-2025-32094: an upstream is not asked for a 100 that leads nowhere."""
    with gateway.connect() as connection:
        connection.send(request(line, "Expect: 100-continue") + get("/public/next"))
        assert connection.read(line.split()[0]).status == 200
        assert connection.read().status == 200
    assert "expect" not in upstream.received().names
    assert upstream.received().target == "/public/next"


def test_cve_2025_32094_folded_expectation(gateway, upstream):
    data = request("POST /public HTTP/1.1", "Expect:\r\n 100-continue", "Content-Length: 5")
    with gateway.connect() as connection:
        connection.send(data + b"hello" + get("/public/smuggled"))
        assert connection.read().status in (400, 417)
        assert connection.is_closed()
    assert upstream.received_nothing(0.1)


def test_cve_2025_4366_early_answer_with_content_that_is_a_request(gateway, upstream):
    """The upstream answers before the content came; the content never becomes a request."""
    upstream.reads_content = False
    smuggled = get("/public/smuggled")
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", f"Content-Length: {len(smuggled)}"))
        assert connection.read().status == 200
        try:
            connection.send(smuggled)
            assert connection.is_closed()
        except OSError:
            pass
    upstream.received()
    assert upstream.received_nothing(0.2)


def test_cve_2025_31492_refused_content_is_no_answer(gateway, upstream):
    """After a refusal nothing of an upstream follows, whatever was pipelined behind it."""
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    data = request("POST /required HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(b"x"))
    with gateway.connect() as connection:
        connection.send(data + get("/public"))
        assert connection.read().status == 401
        assert connection.is_closed()
        assert b"secret" not in bytes(connection.reader.buffer)
    assert upstream.received_nothing(0.1)


@pytest.mark.parametrize("value", [
    b"/a\r\nX-Forged: 1", b"/a\rX-Forged: 1", b"/a\nX-Forged: 1", b"/a\x00",
], ids=["CRLF", "CR", "LF", "NUL"])
@pytest.mark.parametrize("name", [b"Location", b"Set-Cookie"])
def test_fields_of_an_answer_do_not_split(gateway, upstream, name, value):
    """A CRLF makes two fields upstream already; every lesser break is no answer at all."""
    upstream.answer = b"HTTP/1.1 302 Found\r\n" + name + b": " + value + \
        b"\r\nContent-Length: 0\r\n\r\n"
    answer = gateway.ask(get("/public"))
    if b"\r\n" in value:
        assert answer.status == 302 and answer.value("x-forged") == "1"
    else:
        assert answer.status == 502 and answer.reason == "upstream_protocol"
        assert "x-forged" not in answer.names


# Keys and caches.


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cve_2024_45809_keys_arrive_after_the_client_left(
    start, base_configuration, core, keys, upstream, how
):
    """CVE-2024-45809, CVE-2025-64527: the answer to a question nobody waits for changes nothing."""
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    gateway = start(configuration).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 0.5
    rotated = Key.made(f"d-{now()}222")
    core.keys = KeyRing(rotated, keys.static)
    for _ in range(20):
        connection = gateway.connect()
        connection.send(get("/required", bearer(access(rotated))))
        gateway.settle(0.01)
        getattr(connection, how)()
    assert eventually(
        lambda: gateway.ask(get("/required", bearer(access(rotated)))).status == 200
    )
    assert gateway.is_running()
    client = 'sallyport_connections{side="client"}'
    assert eventually(lambda: gateway.metric(client) == 0)


def test_reload_while_a_request_waits_for_keys(start, base_configuration, core, keys, upstream):
    """It is judged by the configuration it began with, and answered."""
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    gateway = start(configuration).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 0.6
    rotated = Key.made(f"d-{now()}333")
    core.keys = KeyRing(rotated, keys.static)
    with gateway.connect() as connection:
        connection.send(get("/required", bearer(access(rotated))))
        time.sleep(0.2)
        assert "reload" in gateway.reload(changed(configuration, sessions__token_transfer="header"))
        assert connection.read().status in (200, 401, 503)
    assert gateway.is_running()
