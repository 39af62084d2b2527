"""Known attacks by the names of fields: those the gateway sets, reads or removes, in every spelling
that some server takes for the same, doubled, empty, in `Connection`, in trailers, and with bytes no
name or value may have."""

import pytest
from support.gateway import Gateway, changed
from support.message import bearer, chunked, cookie, get, post, request
from support.quiet import nothing_came
from support.spellings import aliases, letter_cases
from support.tokens import access, seed_session

SET = [
    "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "Forwarded", "X-Real-IP", "X-Request-ID",
]
REMOVED = [
    "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-User",
    "X-Forwarded-Server", "X-Forwarded-Tls-Client-Cert", "X-Original-URL", "X-Original-URI",
    "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "anti-csrf",
    "rid", "st-auth-mode", "fdi-version", "Proxy", "Proxy-Authorization", "Proxy-Connection",
    "Keep-Alive", "HTTP2-Settings", "Upgrade", "TE",
]
MANAGED = SET + REMOVED
FORGED = b"forged"


def folded(name):
    return name.lower().replace("_", "-").replace(".", "-")


def spellings(name):
    return [spelling for alias in aliases(name) for spelling in letter_cases(alias)]


def in_lots(items, count=100):
    return [items[start:start + count] for start in range(0, len(items), count)]


@pytest.fixture(scope="module")
def token(keys):
    return access(keys.dynamic)


def received_without(gateway, upstream, data, name, token):
    """The request as it arrived: nothing forged in it, and what the gateway sets is set once."""
    assert gateway.ask(data).status == 200
    received = upstream.received()
    assert all(FORGED not in value for _, value in received.fields)
    count = [folded(other) for other in received.names].count(folded(name))
    assert count == (1 if name in SET else 0)
    assert received.value("authorization") == f"Bearer {token}"
    assert received.value("x-forwarded-for") == received.value("x-real-ip") == "127.0.0.1"
    assert received.value("x-forwarded-host") == received.value("host") == "app.example.com"
    assert received.value("x-forwarded-proto") == "http"
    assert received.value("x-forwarded-port") == str(gateway.port)
    return received


@pytest.mark.parametrize("name", MANAGED)
def test_cve_2026_88011_every_alias_in_every_letter_case(gateway, upstream, token, name):
    """CVE-2026-39858, CVE-2025-64484, CVE-2026-35051, CVE-2026-54764, CVE-2024-52003,
    CVE-2016-5385: once, doubled, and after an empty one."""
    for lot in in_lots(spellings(name), 40):
        sent = [f"{spelling}: forged" for spelling in lot]
        empty = [f"{spelling}:" for spelling in lot]
        for fields in (sent, sent * 2, [*empty, *sent], [*sent, *empty]):
            data = get("/required", cookie(token), *fields)
            received_without(gateway, upstream, data, name, token)


@pytest.mark.parametrize("name", MANAGED + ["Cookie", "Host", "Content-Length", "Connection"])
def test_cve_2024_45410_every_alias_in_connection(gateway, upstream, token, name):
    """CVE-2025-48865, CVE-2026-29054: a list names it in every letter case, and takes nothing off
    that the gateway adds or judges by."""
    for lot in in_lots(spellings(name), 40):
        listed = ", ".join(lot)
        for fields in (
            [f"Connection: {listed}"], [f"Connection: {spelling}" for spelling in lot],
            [f"Connection: keep-alive, {listed}"], [f"connection: {listed},,x", "CONNECTION: y"],
        ):
            data = post("/required", *fields, cookie(f"{token}; a=b"), body=b"abc")
            received = received_without(gateway, upstream, data, name, token) \
                if name in MANAGED else received_as_usual(gateway, upstream, data, token)
            assert received.body == b"abc" and received.value("cookie") == "a=b"
            assert received.value("content-length") == "3"


def received_as_usual(gateway, upstream, data, token):
    return received_without(gateway, upstream, data, "Authorization", token)


@pytest.mark.parametrize("name", [
    *MANAGED, "Host", "Content-Length", "Transfer-Encoding", "Cookie", "Connection", "Trailer",
    "Expect",
])
def test_cve_2026_88004_every_alias_in_trailers(gateway, upstream, token, name):
    """Refused and the connection closed, so that the upstream never gets the end of the request."""
    tried = [f"{alias}: forged" for alias in aliases(name)]
    tried += [f"{spelling}: forged" for spelling in letter_cases(name)[1:]]
    tried += [f"{name}:", f"X-Sum: 1\r\n{name}: forged"]
    head = request("POST /required HTTP/1.1", bearer(token), "Transfer-Encoding: chunked")
    for field in tried:
        with gateway.connect() as connection:
            connection.send(head + chunked(b"a", trailers=[field]) + get("/public/smuggled"))
            answer = connection.read()
            assert (answer.status, answer.reason) == (400, "bad_request"), field
            assert connection.is_closed()
    nothing_came(gateway, upstream)


# Bytes.

TOKEN = set(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("place", [b"%bX-Forwarded-For", b"X-For%bwarded-For", b"X-Forwarded-For%b",
                                   b"Authorization%b", b"Authori%bzation", b"X-%bReal-IP"])
def test_cve_2023_27491_every_byte_in_a_name(gateway, upstream, place):
    """Bytes of no token are refused; others make another name, under which nothing is managed."""
    managed = {folded(name) for name in MANAGED}
    for byte in range(256):
        name = place.replace(b"%b", bytes([byte]))
        answer = gateway.ask(get("/public", name + b": forged"))
        if byte not in TOKEN and not (byte == ord(":") and not place.startswith(b"%b")):
            assert (answer.status, answer.reason) == (400, "bad_request"), hex(byte)
            continue
        assert answer.status == 200, hex(byte)
        for key, value in upstream.received().fields:
            assert value != FORGED or folded(key.decode("latin-1")) not in managed, hex(byte)
    nothing_came(gateway, upstream)


@pytest.mark.parametrize("name", MANAGED + ["X-Other", "Cookie", "Host"])
def test_cve_2023_27491_every_byte_in_a_value(gateway, upstream, token, name):
    """Control bytes are refused wherever they stand; others are dropped with their field."""
    for byte in [*range(0x20), 0x7F, 0x80, 0x85, 0xA0, 0xC0, 0xFF]:
        for value in (b"for%bged", b"%bforged", b"forged%b"):
            value = value.replace(b"%b", bytes([byte]))
            answer = gateway.ask(get("/required", bearer(token), f"{name}: ".encode() + value))
            if byte in range(0x20) and byte != 0x09 or byte == 0x7F:
                assert (answer.status, answer.reason) == (400, "bad_request"), hex(byte)
            elif answer.status == 200:
                received = upstream.received()
                if name in MANAGED:
                    assert FORGED not in b"".join(sent for _, sent in received.fields)
                else:
                    assert received.values(name.lower()) == [value.strip(b"\t").decode("latin-1")]
            else:
                assert name in ("Authorization", "Host")
    nothing_came(gateway, upstream)


# The client's Authorization.


@pytest.mark.parametrize("path", ["/required", "/optional", "/public"])
def test_client_s_authorization_never_arrives(gateway, upstream, token, path):
    """One, two, a list, other schemes: on a session route the session's JWT stands in its place."""
    for fields in (
        ["Authorization: Basic Zm9yZ2Vk"], ["Authorization: Bearer forged"] * 2,
        ["Authorization: Bearer forged, Bearer forged"], ["Authorization: forged"],
        ["Authorization:"], ["authorization: Negotiate forged", "AUTHORIZATION: Digest forged"],
    ):
        assert gateway.ask(get(path, *fields, cookie(token))).status == 200
        received = upstream.received()
        expected = [] if path == "/public" else [f"Bearer {token}"]
        assert received.values("authorization") == expected
        assert "cookie" not in received.names
    if path != "/required":
        assert gateway.ask(get(path, "Authorization: Bearer forged")).status == 200
        assert "authorization" not in upstream.received().names


def test_two_authorizations_that_are_sessions(gateway, upstream, token, keys):
    """Policy for both: none counts, in whichever order, and no list of both."""
    other = access(keys.dynamic, sub="user-2", rsub="user-2")
    for fields in (
        [bearer(token), bearer(other)], [bearer(other), bearer(token)], [bearer(token)] * 2,
        [f"{bearer(token)}, Bearer {other}"], [f"{bearer(token)},{other}"],
        [bearer(token), "Authorization:"], ["Authorization:", bearer(token)],
    ):
        answer = gateway.ask(get("/required", *fields))
        assert (answer.status, answer.reason) == (401, "no_session"), fields
    nothing_came(gateway, upstream)


# Fields that a rule reads.


@pytest.fixture(scope="module")
def cross_origin(base_configuration, tmp_path_factory):
    configuration = changed(base_configuration, forwarding={"cors": {"origins": [ORIGIN]}})
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


ORIGIN = "https://web.example.com"
METHOD = "Access-Control-Request-Method: POST"


@pytest.mark.parametrize("fields", [
    [f"Origin: {ORIGIN}", "Origin: https://evil.test", METHOD],
    ["Origin: https://evil.test", f"Origin: {ORIGIN}", METHOD],
    [f"Origin: {ORIGIN}"] * 2 + [METHOD],
    [f"Origin: {ORIGIN}", "Origin:", METHOD],
    [f"Origin: {ORIGIN}", METHOD, METHOD],
    [f"Origin: {ORIGIN}", METHOD, "Access-Control-Request-Method: GET"],
    [f"Origin: {ORIGIN}", "Access-Control-Request-Method:"],
    [f"Origin: {ORIGIN}", "Access_Control_Request_Method: POST"],
    [f"Origin: {ORIGIN}", "Access.Control.Request.Method: POST"],
    [f"Origin: {ORIGIN}", METHOD, "Content-Length: 1"],
    [f"Origin: {ORIGIN}", METHOD, "Transfer-Encoding: chunked"],
], ids=lambda fields: "; ".join(fields))
def test_cve_2026_26308_preflight_with_several_values(cross_origin, upstream, fields):
    """CVE-2026-31838: what is no preflight, exactly, needs a session like any request."""
    data = request("OPTIONS /required HTTP/1.1", *fields)
    body = b"0\r\n\r\n" if "chunked" in fields[-1] else b"x" if "1" in fields[-1] else b""
    answer = cross_origin.ask(data + body)
    assert (answer.status, answer.reason) == (401, "no_session")
    assert answer.value("access-control-allow-origin") in (None, ORIGIN)
    assert "access-control-allow-methods" not in answer.names
    nothing_came(cross_origin, upstream)


@pytest.mark.parametrize("origin", [
    f"{ORIGIN}, https://evil.test", f"https://evil.test, {ORIGIN}", f"{ORIGIN}/", f"{ORIGIN}:443",
    f"{ORIGIN}.evil.test", "null", "*", "HTTPS://WEB.EXAMPLE.COM", f"{ORIGIN}@evil.test",
    "http://web.example.com", f"{ORIGIN}\t,x",
])
def test_cve_2026_26308_origin_that_is_not_the_listed_one(cross_origin, upstream, origin):
    answer = cross_origin.ask(request("OPTIONS /required HTTP/1.1", f"Origin: {origin}", METHOD))
    assert answer.status in (401, 403)
    assert "access-control-allow-origin" not in answer.names
    nothing_came(cross_origin, upstream)


# The field the JWT goes into, under another name.


@pytest.fixture(scope="module")
def renamed(base_configuration, tmp_path_factory):
    configuration = changed(
        base_configuration, sessions__jwt={"field": "x-uSer-jwT", "required": False},
        forwarding__request_id="x-Trace-iD",
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


@pytest.mark.parametrize("name", ["X-User-JWT", "X-Trace-ID", "Authorization"])
def test_cve_2026_33433_configured_name_in_every_spelling(renamed, upstream, token, name):
    """GHSA-7r4p-vjf4-gxv4: whatever letters the configuration uses, and also where the session
    gives nothing to put there."""
    for lot in in_lots(spellings(name)):
        sent = [f"{spelling}: forged" for spelling in lot]
        sent.append("Connection: " + ", ".join(lot))
        for path, field in (("/required", cookie(token)), ("/optional", "X: y"), ("/public", "X:")):
            assert renamed.ask(get(path, field, *sent)).status == 200
            received = upstream.received()
            assert all(FORGED not in value for _, value in received.fields)
            jwt = [f"Bearer {token}"] if path == "/required" else []
            assert received.values("x-user-jwt") == jwt
            assert len(received.values("x-trace-id")) == 1
            assert "authorization" not in received.names


@pytest.mark.parametrize("name", ["X-User-JWT", "Authorization"])
def test_apisix_13183_session_that_has_no_jwt(renamed, upstream, token, keys, name):
    """APISIX's pull requests 13183 and 13330: the client's value goes also where a session gives
    none in its place, and nothing is left of the session before on the same connection."""
    bare = seed_session(keys)
    for lot in in_lots(spellings(name)):
        sent = [f"{spelling}: forged" for spelling in lot]
        with renamed.connect() as connection:
            for path, field, jwt in (
                ("/required", cookie(token), [f"Bearer {token}"]),
                ("/required", cookie(bare), []), ("/optional", cookie(bare), []),
                ("/optional", "X: y", []), ("/required", cookie(token), [f"Bearer {token}"]),
            ):
                assert connection.ask(get(path, field, *sent)).status == 200
                received = upstream.received()
                assert received.values("x-user-jwt") == jwt
                assert "authorization" not in received.names
                assert all(FORGED not in value for _, value in received.fields)


@pytest.mark.parametrize("name", ["X-User-JWT", "X-Trace-ID"])
def test_cve_2026_88004_configured_name_in_trailers(renamed, upstream, name):
    head = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")
    for spelling in spellings(name):
        with renamed.connect() as connection:
            connection.send(head + chunked(b"a", trailers=[f"{spelling}: forged"]))
            assert connection.read().status == 400
            assert connection.is_closed()
    nothing_came(renamed, upstream)
