"""What comes back: answers pass unchanged but for hop-by-hop fields and `private`."""

import pytest
from support.message import bearer, chunked, cookie, get, request
from support.tokens import access
from support.upstream import OK


def answering(upstream, *fields, status="200 OK", body=b"ok"):
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    upstream.answer = "\r\n".join(lines).encode("latin-1") + body


def test_fields_pass_in_order_and_bytes(gateway, upstream):
    fields = ["Set-Cookie: a=b; Path=/", "X-Z: 1", "Set-Cookie: c=d", "front-token: remove",
              "st-access-token:", "st-refresh-token:", "anti-csrf: x", "Server: own/1",
              "Access-Control-Allow-Origin: https://a.test", "Access-Control-Expose-Headers: a,b",
              "WWW-Authenticate: Bearer", "Date: Tue, 24 Nov 2026 00:00:00 GMT", "x-\xe9: y"]
    fields.pop()
    answering(upstream, *fields)
    answer = gateway.ask(get("/public"))
    expected = [tuple(field.split(":", 1)) for field in fields]
    kept = [(name.decode(), value.decode()) for name, value in answer.fields
            if name.decode() in {name for name, _ in expected}]
    assert kept == [(name, value.strip()) for name, value in expected]
    assert answer.body == b"ok"


def test_hop_by_hop_fields_are_removed(gateway, upstream):
    answering(upstream, "Connection: x-hop, keep-alive", "Keep-Alive: timeout=5", "X-Hop: 1",
              "Proxy-Authenticate: Basic", "X-Kept: 2")
    answer = gateway.ask(get("/public"))
    assert {"keep-alive", "x-hop", "proxy-authenticate"} & set(answer.names) == set()
    assert answer.value("x-kept") == "2"


@pytest.mark.parametrize("status", [
    "200 OK", "201 Created", "299 Odd", "302 Found", "401 Unauthorized", "403 Forbidden",
    "404 Not Found", "500 Oops", "503 Busy", "599 X",
])
def test_status_passes(gateway, upstream, status):
    answering(upstream, status=status)
    answer = gateway.ask(get("/public"))
    assert answer.status == int(status[:3])
    assert answer.reason is None
    assert answer.body == b"ok"


def test_reason_of_an_upstream_is_not_the_gateways(gateway, upstream):
    answering(upstream, "sallyport-reason: no_session", status="401 Unauthorized")
    assert gateway.ask(get("/public")).status == 401


@pytest.mark.parametrize("sent, expected", [
    pytest.param([], ["private"], id="none"),
    pytest.param(["Cache-Control: max-age=60"], ["max-age=60", "private"], id="other"),
    pytest.param(["Cache-Control: public, max-age=60"], ["public, max-age=60"], id="public"),
    pytest.param(["Cache-Control: s-maxage=60"], ["s-maxage=60"], id="s-maxage"),
    pytest.param(["Cache-Control: must-revalidate"], ["must-revalidate"], id="must-revalidate"),
    pytest.param(["Cache-Control: private"], ["private"], id="private"),
    pytest.param(["Cache-Control: no-store"], ["no-store"], id="no-store"),
    pytest.param(["Cache-Control: No-Store"], ["No-Store"], id="letters without case"),
    pytest.param(["Cache-Control: a=b", "Cache-Control: public"], ["a=b", "public"], id="second"),
    pytest.param(["Cache-Control: x-public"], ["x-public", "private"], id="not a part of a word"),
])
def test_private_is_added_for_sessions_from_cookies(gateway, upstream, keys, sent, expected):
    answering(upstream, *sent)
    answer = gateway.ask(get("/required", cookie(access(keys.dynamic))))
    joined = ", ".join(answer.values("cache-control"))
    assert joined == ", ".join(expected)


@pytest.mark.parametrize("path", ["/required", "/optional", "/public", "/passthrough"])
def test_private_is_not_added_otherwise(gateway, upstream, keys, path):
    fields = [bearer(access(keys.dynamic))] if path == "/required" else []
    assert gateway.ask(get(path, *fields)).values("cache-control") == []


def test_answers_of_the_gateway_are_not_stored(gateway):
    for path in ["/required", "/nothing", "/jwt"]:
        assert gateway.ask(get(path)).value("cache-control") == "no-store"


def test_head_has_no_content(gateway, upstream):
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    with gateway.connect() as connection:
        connection.send(request("HEAD /public HTTP/1.1"))
        answer = connection.read("HEAD")
        assert answer.value("content-length") == "500"
        upstream.answer = OK
        assert connection.ask(get("/public")).body == b"ok"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_content(gateway, upstream, status):
    upstream.answer = f"HTTP/1.1 {status}\r\nETag: x\r\n\r\n".encode()
    with gateway.connect() as connection:
        answer = connection.ask(get("/public"))
        assert (answer.status, answer.value("etag")) == (int(status[:3]), "x")
        assert connection.ask(get("/public")).status == int(status[:3])


def test_chunked_answer_with_trailers(gateway, upstream):
    upstream.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + \
        chunked(b"one", b"two" * 1000, trailers=["X-Sum: 1"])
    with gateway.connect() as connection:
        answer = connection.ask(get("/public", "TE: trailers", "Connection: TE"))
        assert answer.body == b"one" + b"two" * 1000
        assert answer.trailers == [(b"X-Sum", b"1")]
        assert connection.ask(get("/public")).status == 200


def test_chunk_extensions_are_dropped_or_kept_but_not_content(gateway, upstream):
    upstream.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
        b"3;a=b;c=\"d\"\r\none\r\n0\r\n\r\n"
    assert gateway.ask(get("/public")).body == b"one"


def test_close_delimited_answer(gateway, upstream):
    def answer(call):
        call.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for part in [b"one", b"two", b"three" * 10000]:
            call.send(part)
        call.close()

    upstream.answer = answer
    assert gateway.ask(get("/public")).body == b"onetwo" + b"three" * 10000


def test_close_delimited_answer_to_a_version_1_0_client(gateway, upstream):
    def answer(call):
        call.send(b"HTTP/1.1 200 OK\r\n\r\nbody")
        call.close()

    upstream.answer = answer
    answer = gateway.ask(b"GET /public HTTP/1.0\r\nHost: a\r\n\r\n")
    assert answer.value("transfer-encoding") is None
    assert answer.body == b"body"


def test_chunked_answer_to_a_version_1_0_client(gateway, upstream):
    upstream.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"body")
    with gateway.connect() as connection:
        data = request("GET /public HTTP/1.0", "Connection: keep-alive")
        answer = connection.ask(data)
        assert answer.value("transfer-encoding") is None
        assert answer.body == b"body"


def test_version_1_0_answer(gateway, upstream):
    def answer(call):
        call.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        call.close()

    upstream.answer = answer
    assert gateway.ask(get("/public")).body == b"ok"
    assert gateway.ask(get("/public")).body == b"ok"


def test_interim_answers_pass(gateway, upstream):
    upstream.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" \
        b"HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + OK
    with gateway.connect() as connection:
        first = connection.ask(get("/public"))
        assert (first.status, first.value("link")) == (103, "</a>; rel=preload")
        assert connection.read().value("link") == "</b>"
        assert connection.read().status == 200


def test_interim_answers_are_not_sent_to_version_1_0(gateway, upstream):
    upstream.answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK
    assert gateway.ask(b"GET /public HTTP/1.0\r\nHost: a\r\n\r\n").status == 200


def test_respond_gives_the_jwt(gateway, keys):
    token = access(keys.dynamic)
    answer = gateway.ask(get("/jwt", bearer(token)))
    assert answer.status == 200
    assert answer.body == b'{"token":"%s"}' % token.encode()
    assert answer.value("content-type").startswith("application/json")
    assert answer.value("cache-control") == "no-store"
    assert gateway.ask(get("/exposed", cookie(token))).body == b'{"token":"%s"}' % token.encode()
