"""WebSocket handshakes on their way upstream: who may send one, and what becomes of the others."""

import pytest
from support.client import eventually, exchange
from support.gateway import Gateway, changed
from support.message import bearer, chunked, cookie, get, request, rows
from support.refusal import AFTER, untouched
from support.tokens import access
from support.websocket import ACCEPT, HELLO, KEY, Switching, frame, handshake, open_tunnel

pytestmark = pytest.mark.usefixtures("ended")


@pytest.fixture
def switch(upstream):
    return Switching(upstream)


def test_handshake_of_a_session(gateway, upstream, keys):
    """The JWT is injected, what the WebSocket needs is kept, and bytes go both ways."""
    switch = Switching(upstream, "Sec-WebSocket-Protocol: chat", "X-Own: a")
    token = access(keys.dynamic)
    connection, end = open_tunnel(
        gateway, switch, "/required/a?b=c", f"Cookie: a=b; sAccessToken={token}",
        "Sec-WebSocket-Protocol: other, chat", "Sec-WebSocket-Extensions: permessage-deflate; x=1",
        "Authorization: Basic x", "Keep-Alive: 5", "Proxy-Authorization: x",
    )
    with connection:
        received = end.message
        assert received.line == b"GET /required/a?b=c HTTP/1.1"
        assert received.value("authorization") == f"Bearer {token}"
        assert received.value("cookie") == "a=b"
        assert received.value("connection").lower() == "upgrade"
        assert received.value("upgrade") == "websocket"
        assert received.value("sec-websocket-key") == KEY
        assert received.value("sec-websocket-version") == "13"
        assert received.value("sec-websocket-protocol") == "other, chat"
        assert received.value("sec-websocket-extensions") == "permessage-deflate; x=1"
        assert not {"keep-alive", "proxy-authorization", "content-length"} & set(received.names)
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO
        data = frame(bytes(range(256)) * 100)
        end.send(data)
        assert connection.reader.exactly(len(data)) == data
        end.close()
        assert connection.is_closed()


def test_answer_to_a_handshake(gateway, upstream):
    switch = Switching(upstream, "Sec-WebSocket-Protocol: chat", "X-Own: a", "Keep-Alive: 5")
    with gateway.connect() as connection:
        connection.send(handshake("/public", "Sec-WebSocket-Protocol: chat"))
        answer = connection.read()
        assert answer.line == b"HTTP/1.1 101 Switching Protocols"
        assert answer.value("connection").lower() == "upgrade"
        assert answer.value("upgrade") == "websocket"
        assert answer.value("sec-websocket-accept") == ACCEPT
        assert answer.value("sec-websocket-protocol") == "chat"
        assert answer.value("x-own") == "a"
        assert not {"keep-alive", "content-length", "transfer-encoding"} & set(answer.names)
        switch.opened().close()


@pytest.mark.parametrize("target, status", [
    ("/optional", 101), ("/public", 101), ("/passthrough", 101), ("/required", 401),
    ("/nothing", 404),
])
def test_handshake_without_a_session(gateway, upstream, switch, target, status):
    with gateway.connect() as connection:
        connection.send(handshake(target))
        assert connection.read().status == status
        if status == 101:
            end = switch.opened()
            assert end.message.value("authorization") is None
            end.close()
        else:
            assert upstream.received_nothing()


@pytest.mark.parametrize("fields", rows([
    ("no token", []), ("garbage", ["Authorization: Bearer a.b.c"]),
    ("a wrong key besides", ["Sec-WebSocket-Key: x"]),
]))
def test_session_is_checked_first(gateway, upstream, switch, fields):
    """Nothing is said of the handshake, and nothing goes upstream, before there is a session."""
    answer = gateway.ask(handshake("/required", "Origin: https://evil.test", *fields))
    assert answer.status == 401
    assert upstream.received_nothing()


def test_frames_behind_a_refused_handshake_are_no_requests(gateway, upstream, switch):
    """They are read as what comes next, and are none."""
    with gateway.connect() as connection:
        connection.send(handshake("/required") + HELLO + get("/public/smuggled"))
        assert connection.read().status == 401
        assert connection.read().status == 400
        assert connection.is_closed()
    assert upstream.received_nothing()


FAULTS = [
    ("no key", {"key": None}, 400, "websocket_key"),
    ("empty key", {"key": "Sec-WebSocket-Key:"}, 400, "websocket_key"),
    ("15 bytes", {"key": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"}, 400, "websocket_key"),
    ("17 bytes", {"key": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="}, 400, "websocket_key"),
    ("no base64", {"key": "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!=="}, 400, "websocket_key"),
    ("base64url", {"key": "Sec-WebSocket-Key: __________________________=="}, 400, "websocket_key"),
    ("no padding", {"key": "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"}, 400, "websocket_key"),
    ("two keys", {"key": f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Key: {KEY}"}, 400,
     "websocket_key"),
    ("two keys in a list", {"key": f"Sec-WebSocket-Key: {KEY}, {KEY}"}, 400, "websocket_key"),
    ("key in an alias", {"key": f"Sec_WebSocket_Key: {KEY}"}, 400, "websocket_key"),
    ("no version", {"version": None}, 400, "websocket_version"),
    ("two versions", {"version": "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13"}, 400,
     "websocket_version"),
    ("version 8", {"version": "Sec-WebSocket-Version: 8"}, 426, "websocket_version"),
    ("version 14", {"version": "Sec-WebSocket-Version: 14"}, 426, "websocket_version"),
    ("version 013", {"version": "Sec-WebSocket-Version: 013"}, 426, "websocket_version"),
    ("several versions", {"version": "Sec-WebSocket-Version: 8, 13"}, 426, "websocket_version"),
]


@pytest.mark.parametrize("changes, status, detail", rows(FAULTS))
def test_handshake_that_is_none(gateway, upstream, switch, changes, status, detail):
    """Refused in words, for whoever wrote the client; nothing goes upstream."""
    with gateway.connect() as connection:
        connection.send(handshake("/public", **changes))
        answer = connection.read()
        assert (answer.status, answer.reason) == (status, "bad_request")
        assert b"Sec-WebSocket" in answer.body
        if status == 426:
            assert answer.value("sec-websocket-version") == "13"
            assert answer.value("upgrade") == "websocket"
            assert connection.ask(get(AFTER)).status == 200
        else:
            assert connection.is_closed()
    assert upstream.received_nothing() or status == 426
    assert eventually(
        lambda: any(line.get("detail") == detail for line in gateway.log_lines())
    )


NONE = [
    ("content of a length", "GET", ["Content-Length: 5"], b"12345"),
    ("content in chunks", "GET", ["Transfer-Encoding: chunked"], chunked(b"12345")),
    ("POST", "POST", ["Content-Length: 0"], b""),
    ("HEAD", "HEAD", [], b""),
    ("PATCH", "PATCH", [], b""),
]


@pytest.mark.parametrize("method, fields, content", rows(NONE))
def test_cve_2026_58055_handshake_with_content(gateway, upstream, keys, method, fields, content):
    """CVE-2026-58055: it asks for no tunnel, so its content is content, and what follows it is the
    next request on a connection that both know."""
    token = bearer(access(keys.dynamic))
    with gateway.connect() as connection:
        connection.send(
            request(f"{method} /required HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
                    f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", token, *fields,
                    body=content)
            + get("/required/next", token)
        )
        assert connection.read(method).status == 200
        assert connection.read().status == 200
    received = upstream.received()
    assert received.body == (b"12345" if content else b"")
    assert not {"upgrade", "connection"} & set(received.names)
    following = upstream.received()
    assert following.target == "/required/next" and following.connection == received.connection


OTHERS = [
    ("h2c", {"upgrade": "Upgrade: h2c"}),
    ("h2c after", {"upgrade": "Upgrade: websocket, h2c"}),
    ("h2c before", {"upgrade": "Upgrade: h2c, websocket"}),
    ("h2c in a line of its own", {"upgrade": "Upgrade: websocket\r\nUpgrade: h2c"}),
    ("twice", {"upgrade": "Upgrade: websocket\r\nUpgrade: websocket"}),
    ("with a version", {"upgrade": "Upgrade: websocket/13"}),
    ("with a parameter", {"upgrade": "Upgrade: websocket;x"}),
    ("a longer name", {"upgrade": "Upgrade: xwebsocket"}),
    ("empty", {"upgrade": "Upgrade:"}),
    ("alias", {"upgrade": "Upgrade_: websocket"}),
    ("not listed", {"connection": "Connection: keep-alive"}),
    ("no Connection", {"connection": None}),
    ("a longer option", {"connection": "Connection: upgrades"}),
    ("neither key nor version", {"key": None, "version": None}),
    ("settings of h2c", {"upgrade": "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
                         "connection": "Connection: Upgrade, HTTP2-Settings"}),
]


@pytest.mark.parametrize("changes", rows(OTHERS))
def test_upgrade_to_anything_else(gateway, upstream, switch, changes):
    """Dropped: an ordinary request, answered, and the connection goes on."""
    with gateway.connect() as connection:
        assert connection.ask(handshake("/public", **changes)).status == 200
        assert not {"upgrade", "connection", "http2-settings"} & set(upstream.received().names)
        assert connection.ask(get(AFTER)).status == 200


@pytest.mark.parametrize("changes", rows([
    ("letter case", {"upgrade": "upgrade: WebSocket", "connection": "connection: UPGRADE"}),
    ("among others", {"connection": "Connection: keep-alive, Upgrade"}),
    ("in two lines", {"connection": "Connection: keep-alive\r\nConnection: upgrade"}),
]))
def test_handshake_in_other_spellings(gateway, switch, changes):
    with gateway.connect() as connection:
        connection.send(handshake("/public", **changes))
        assert connection.read().status == 101
        assert switch.opened().message.value("upgrade") == "websocket"


def test_handshake_of_version_1_0(gateway, upstream, switch):
    """RFC 9110 §7.8: HTTP/1.0 has no upgrade."""
    data = handshake("/public").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert exchange(gateway, data).status == 200
    assert "upgrade" not in upstream.received().names


def test_connection_takes_nothing_of_the_handshake_away(gateway, switch):
    """What the gateway judged goes upstream, whatever `Connection` lists; aliases do not."""
    listed = "Connection: Upgrade, Sec-WebSocket-Key, Sec-WebSocket-Version, " \
        "Sec-WebSocket-Protocol"
    with gateway.connect() as connection:
        connection.send(handshake("/public", "Sec-WebSocket-Protocol: a", "Sec_WebSocket_Key: x",
                                  "Sec.WebSocket.Protocol: b", connection=listed))
        assert connection.read().status == 101
    received = switch.opened().message
    assert received.values("sec-websocket-key") == [KEY]
    assert received.values("sec-websocket-protocol") == ["a"]
    assert not {"sec_websocket_key", "sec.websocket.protocol"} & set(received.names)


def test_handshake_of_a_route_that_answers_by_itself(gateway, keys):
    token = access(keys.dynamic)
    assert gateway.ask(handshake("/jwt", bearer(token))).status == 200


# Cross-site WebSocket hijacking: a page of another site opens one with the victim's cookies.

@pytest.fixture(scope="module")
def listing(base_configuration, tmp_path_factory):
    configuration = changed(base_configuration, forwarding={"trusted_proxies": ["127.0.0.1"]})
    configuration["routes"] = [
        {"path_prefix": path, "session": session, "upstream": "main", **more}
        for path, session, more in [
            ("/required", "required", {}), ("/optional", "optional", {}),
            ("/public", "public", {}), ("/passthrough", "passthrough", {}),
            ("/listed", "required", {"origins": ["https://other.test", "http://a.test:81"]}),
        ]
    ]
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


OWN = [
    ("own", "http://app.example.com", "app.example.com"),
    ("own with the default port", "http://app.example.com:80", "app.example.com"),
    ("own with a port", "http://app.example.com:8080", "app.example.com:8080"),
    ("own, letter case of the host", "http://app.example.com", "APP.example.com"),
    ("IPv6", "http://[::1]:8080", "[::1]:8080"),
]
FOREIGN = [
    ("another site", "https://evil.test"),
    ("another scheme", "https://app.example.com"),
    ("another port", "http://app.example.com:8080"),
    ("a subdomain", "http://evil.app.example.com"),
    ("a parent", "http://example.com"),
    ("a suffix", "http://app.example.com.evil.test"),
    ("a prefix", "http://evilapp.example.com"),
    ("null", "null"),
    ("empty", ""),
    ("with a path", "http://app.example.com/"),
    ("with a user", "http://app.example.com@evil.test"),
    ("two of them", "http://app.example.com http://app.example.com"),
    ("a list", "http://app.example.com, https://evil.test"),
    ("listed elsewhere", "https://other.test"),
    ("no scheme", "app.example.com"),
    ("ws", "ws://app.example.com"),
]


@pytest.mark.parametrize("origin, host", rows(OWN))
@pytest.mark.parametrize("target", ["/required", "/optional", "/listed"])
def test_cswsh_own_origin(listing, switch, keys, target, origin, host):
    with listing.connect() as connection:
        connection.send(handshake(target, f"Host: {host}", f"Origin: {origin}",
                                  cookie(access(keys.dynamic))))
        assert connection.read().status == 101
        assert switch.opened().message.value("origin") == origin


@pytest.mark.parametrize("origin", rows(FOREIGN))
@pytest.mark.parametrize("target", ["/required", "/optional"])
def test_cswsh_foreign_origin(listing, upstream, switch, keys, target, origin):
    """403 whatever carries the session; nothing goes upstream, and the connection goes on."""
    token = access(keys.dynamic)
    for credentials in (cookie(token), bearer(token)):
        with listing.connect() as connection:
            answer = connection.ask(handshake(target, f"Origin: {origin}", credentials))
            assert (answer.status, answer.reason) == (403, "origin_not_allowed")
            assert upstream.received_nothing(0.05)
            assert connection.ask(get(AFTER)).status == 200
            upstream.received()


def test_cswsh_without_a_session(listing, upstream, switch):
    """On `optional` no session is none to be used, but the rule is the same for all."""
    answer = listing.ask(handshake("/optional", "Origin: https://evil.test"))
    assert (answer.status, answer.reason) == (403, "origin_not_allowed")
    assert upstream.received_nothing()


def test_cswsh_two_origins(listing, upstream, switch, keys):
    answer = listing.ask(handshake(
        "/required", "Origin: http://app.example.com", "Origin: http://app.example.com",
        cookie(access(keys.dynamic)),
    ))
    assert (answer.status, answer.reason) == (403, "origin_not_allowed")
    assert upstream.received_nothing()


@pytest.mark.parametrize("origin, status", [
    ("https://other.test", 101), ("http://a.test:81", 101), ("http://a.test", 403),
    ("https://OTHER.test", 403), ("https://other.test:443", 403), ("https://sub.other.test", 403),
])
def test_cswsh_listed_origin(listing, switch, keys, origin, status):
    with listing.connect() as connection:
        connection.send(handshake("/listed", f"Origin: {origin}", cookie(access(keys.dynamic))))
        assert connection.read().status == status


@pytest.mark.parametrize("scheme, status", [
    ("https", 101), ("wss", 101), ("http", 403), ("ws", 403), ("https,http", 403), ("x", 403),
])
def test_cswsh_scheme_of_a_trusted_proxy(listing, switch, keys, scheme, status):
    with listing.connect() as connection:
        connection.send(handshake(
            "/required", "Origin: https://app.example.com", f"X-Forwarded-Proto: {scheme}",
            cookie(access(keys.dynamic)),
        ))
        assert connection.read().status == status


@pytest.mark.parametrize("target", ["/required", "/optional"])
def test_cswsh_no_origin_is_no_browser(listing, switch, keys, target):
    with listing.connect() as connection:
        connection.send(handshake(target, cookie(access(keys.dynamic))))
        assert connection.read().status == 101


@pytest.mark.parametrize("target", ["/public", "/passthrough"])
def test_cswsh_is_the_service_s_own_where_no_session_is_used(listing, switch, target):
    with listing.connect() as connection:
        connection.send(handshake(target, "Origin: https://evil.test"))
        assert connection.read().status == 101
        assert switch.opened().message.value("origin") == "https://evil.test"


def test_cswsh_rule_is_for_handshakes(listing, upstream, keys):
    """An ordinary GET, and one whose upgrade was dropped, are as before: who reads the answer is
    CORS's to say."""
    token = cookie(access(keys.dynamic))
    foreign = "Origin: https://evil.test"
    assert listing.ask(get("/required", foreign, token)).status == 200
    assert listing.ask(handshake("/required", foreign, token, connection=None)).status == 200


def test_tunnels_leave_other_requests_alone(gateway, upstream, switch):
    connection, end = open_tunnel(gateway, switch)
    with connection:
        assert upstream.received() is end.message
        untouched(gateway, upstream)
        connection.send(HELLO)
        assert end.read(len(HELLO)) == HELLO


def test_no_connection_that_was_used(start, base_configuration, upstream):
    """A handshake is not sent twice, so it goes out on a new connection, even where an idle one has
    to make room: the upstream might be about to close that."""
    main = {"targets": [upstream.url], "max_connections": 1, "connect_timeout": "1s"}
    gateway = start(changed(base_configuration, upstreams__main=main))
    switch = Switching(upstream)
    with gateway.connect() as connection:
        assert connection.ask(get("/public")).status == 200
        used = upstream.connections
        tunnel, end = open_tunnel(gateway, switch)
        assert upstream.connections == used + 1
        end.close()
        assert tunnel.is_closed()
        tunnel.close()
        # Its place is free again.
        assert connection.ask(get("/public")).status == 200
