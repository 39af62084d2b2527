"""Every line of "What goes upstream", seen in the bytes that the upstream received."""

import pytest
from support.client import exchange
from support.gateway import changed
from support.message import bearer, chunked, cookie, get, post, request, rows
from support.tokens import access

SESSION_COOKIES = [
    "sAccessToken", "sRefreshToken", "sIdRefreshToken", "sFrontToken", "sAntiCsrf", "sIRTFrontend",
    "st-access-token", "st-refresh-token", "st-last-access-token-update",
]
OVERRIDES = [
    "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method",
    "X-Method-Override",
]


@pytest.fixture(scope="module")
def token(keys):
    return access(keys.dynamic)


def forwarded(gateway, upstream, data, status=200):
    assert gateway.ask(data).status == status
    return upstream.received()


# The client's Authorization, and the session's JWT.


def test_token_of_a_cookie_is_injected_once(gateway, upstream, token):
    received = forwarded(gateway, upstream, get("/required", cookie(token)))
    assert received.value("authorization") == f"Bearer {token}"
    assert received.value("cookie") is None


def test_token_of_a_bearer_is_injected_once(gateway, upstream, token):
    received = forwarded(gateway, upstream, get("/required", bearer(token)))
    assert received.value("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("name", ["Authorization", "AUTHORIZATION", "authorization"])
@pytest.mark.parametrize("value", ["Bearer abc.def.ghi", "Basic dXNlcjpwYXNz", "", "bearer x"])
def test_foreign_authorization_is_replaced(gateway, upstream, token, name, value):
    received = forwarded(gateway, upstream, get("/required", f"{name}: {value}", cookie(token)))
    assert received.value("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("path", ["/optional", "/public"])
@pytest.mark.parametrize("value", ["Bearer abc", "Basic dXNlcjpwYXNz", ""])
def test_authorization_without_a_session_is_removed(gateway, upstream, path, value):
    received = forwarded(gateway, upstream, get(path, f"Authorization: {value}"))
    assert "authorization" not in received.names


def test_public_route_looks_at_no_session(gateway, upstream, token):
    data = get("/public", bearer(token), f"Cookie: a=b; sAccessToken={token}; c=d")
    received = forwarded(gateway, upstream, data)
    assert "authorization" not in received.names
    assert received.value("cookie") == "a=b; c=d"


@pytest.mark.parametrize("name", [
    "X_Request_Id", "X.Request.Id", "X_Forwarded_For", "X.Forwarded.Host", "x_real_ip",
    "X_Forwarded-Proto", "x-real.ip",
])
def test_names_that_fold_to_one_the_gateway_sets_are_removed(gateway, upstream, token, name):
    """CVE-2026-39858, CVE-2025-64484."""
    received = forwarded(gateway, upstream, get("/required", f"{name}: forged", cookie(token)))
    assert name.lower() not in received.names
    assert all(b"forged" not in value for _, value in received.fields)


def test_passthrough_changes_nothing_of_the_session(gateway, upstream):
    fields = [
        "Authorization: Bearer refresh", "Cookie: sAccessToken=a; sRefreshToken=b; c=d",
        "anti-csrf: x", "rid: session", "st-auth-mode: cookie", "fdi-version: 1.16",
    ]
    received = forwarded(gateway, upstream, get("/passthrough", *fields))
    sent = [tuple(field.split(": ", 1)) for field in fields]
    for name, value in sent:
        assert received.values(name.lower()) == [value]


# Cookies.


@pytest.mark.parametrize("name", SESSION_COOKIES)
def test_session_cookies_are_removed(gateway, upstream, token, name):
    data = get("/required", f"Cookie: a=1; {name}=secret; b=2", bearer(token))
    assert forwarded(gateway, upstream, data).value("cookie") == "a=1; b=2"


COOKIES = [
    ("first", "sAccessToken=x; a=1", "a=1"),
    ("last", "a=1; sAccessToken=x", "a=1"),
    ("only", "sAccessToken=x", None),
    ("only two", "sAccessToken=x; sRefreshToken=y", None),
    ("similar names stay", "sAccessTokens=1; xsAccessToken=2", "sAccessTokens=1; xsAccessToken=2"),
    ("odd bytes stay", 'a="b; c"; d=%20\xe9=;=e', 'a="b; c"; d=%20\xe9=;=e'),
    ("empty value", "a=; sFrontToken=; b=", "a=; b="),
]


@pytest.mark.parametrize("sent, kept", rows(COOKIES))
def test_other_cookies_stay_byte_for_byte(gateway, upstream, sent, kept):
    received = forwarded(gateway, upstream, get("/public", f"Cookie: {sent}"))
    assert received.value("cookie") == kept


def test_several_cookie_fields(gateway, upstream, token):
    data = get("/required", "Cookie: a=1", cookie(token), "Cookie: b=2; sFrontToken=x")
    received = forwarded(gateway, upstream, data)
    assert "; ".join(received.values("cookie")) == "a=1; b=2"


def test_configured_cookie_names(start, base_configuration, upstream, keys):
    configuration = changed(
        base_configuration,
        sessions__cookie_names={"access_token": "own-access", "refresh_token": "own-refresh"},
    )
    gateway = start(configuration).wait_for_keys()
    token = access(keys.dynamic)
    data = get("/required", f"Cookie: own-access={token}; own-refresh=r; sAccessToken=a; b=c")
    received = forwarded(gateway, upstream, data)
    assert received.value("authorization") == f"Bearer {token}"
    assert received.value("cookie") in ("b=c", "sAccessToken=a; b=c")
    assert "own-" not in received.value("cookie")


# Fields of the SDK, hop-by-hop fields, overrides.


@pytest.mark.parametrize("name", ["anti-csrf", "rid", "st-auth-mode", "fdi-version", "RID",
                                  "anti_csrf", "st.auth.mode"])
@pytest.mark.parametrize("path", ["/required", "/public"])
def test_fields_of_the_sdk_are_removed(gateway, upstream, token, path, name):
    received = forwarded(gateway, upstream, get(path, f"{name}: x", bearer(token)))
    assert name.lower() not in received.names


HOP_BY_HOP = [
    "Keep-Alive: timeout=5", "Proxy: http://evil", "Proxy-Authorization: Basic x",
    "Proxy-Connection: keep-alive", "Proxy-Anything: x", "TE: gzip", "HTTP2-Settings: AAMAAABk",
    "Upgrade: h2c", "Upgrade: websocket", "Proxy_Authorization: x",
]


@pytest.mark.parametrize("field", HOP_BY_HOP)
@pytest.mark.parametrize("path", ["/required", "/passthrough"])
def test_hop_by_hop_fields_are_removed(gateway, upstream, token, path, field):
    name = field.split(":")[0]
    data = get(path, field, f"Connection: {name}, keep-alive", bearer(token))
    received = forwarded(gateway, upstream, data)
    assert name.lower() not in received.names
    assert "close" not in (received.value("connection") or "")


def test_te_trailers_stays(gateway, upstream, token):
    data = get("/required", "TE: trailers", "Connection: TE", bearer(token))
    assert forwarded(gateway, upstream, data).value("te") == "trailers"


def test_fields_named_by_connection_are_removed(gateway, upstream, token):
    data = get("/required", "Connection: x-hop, X-OTHER", "X-Hop: 1", "x-other: 2", "X-Kept: 3",
               bearer(token))
    received = forwarded(gateway, upstream, data)
    assert "x-hop" not in received.names and "x-other" not in received.names
    assert received.value("x-kept") == "3"


@pytest.mark.parametrize("listed", [
    "authorization", "Authorization", "AUTHORIZATION", "cookie", "host", "x-forwarded-for",
    "X-Forwarded-Proto", "x-request-id", "forwarded", "x-real-ip", "content-length",
])
def test_connection_never_removes_what_the_gateway_sets(gateway, upstream, token, listed):
    """CVE-2024-45410, CVE-2025-48865."""
    data = post("/required", f"Connection: {listed}", "Cookie: a=b", bearer(token), body=b"x")
    received = forwarded(gateway, upstream, data)
    assert received.value("authorization") == f"Bearer {token}"
    assert received.value("host") == "app.example.com"
    assert received.value("x-forwarded-for") == "127.0.0.1"
    assert received.value("x-forwarded-proto") == "http"
    assert received.value("x-request-id")
    assert received.body == b"x"


@pytest.mark.parametrize("name", OVERRIDES + ["x_original_url", "X.HTTP.Method.Override"])
@pytest.mark.parametrize("path", ["/required", "/public", "/passthrough"])
def test_override_fields_are_removed(gateway, upstream, token, path, name):
    received = forwarded(gateway, upstream, get(path, f"{name}: /admin", bearer(token)))
    assert name.lower() not in received.names


def test_override_fields_readmitted(start, base_configuration, upstream):
    configuration = changed(base_configuration, forwarding__pass_fields=["x-http-method-override"])
    data = get("/public", "X-HTTP-Method-Override: PUT", "X-Original-URL: /x")
    received = forwarded(start(configuration), upstream, data)
    assert received.value("x-http-method-override") == "PUT"
    assert "x-original-url" not in received.names


# Forwarded fields.

FORGED = [
    "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil",
    "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /p", "X-Forwarded-Uri: /admin",
    "X-Forwarded-User: root", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6",
    "X-Request-ID: forged",
]


@pytest.mark.parametrize("path", ["/required", "/public", "/passthrough"])
def test_untrusted_peers_forwarded_fields_are_replaced(gateway, upstream, token, path):
    """CVE-2026-35051, CVE-2026-54764, GHSA-vhr5."""
    received = forwarded(gateway, upstream, get(path, *FORGED, *FORGED, bearer(token)))
    assert received.value("x-forwarded-for") == "127.0.0.1"
    assert received.value("x-forwarded-proto") == "http"
    assert received.value("x-forwarded-host") == "app.example.com"
    assert received.value("x-forwarded-port") == str(gateway.port)
    assert received.value("x-real-ip") == "127.0.0.1"
    assert "6.6.6.6" not in received.value("forwarded")
    assert "for=127.0.0.1" in received.value("forwarded").replace('"', "")
    for name in ["x-forwarded-prefix", "x-forwarded-uri", "x-forwarded-user"]:
        assert name not in received.names
    assert received.value("x-request-id") not in (None, "forged")


@pytest.fixture(scope="module")
def trusting(base_configuration, tmp_path_factory):
    from support.gateway import Gateway

    configuration = changed(
        base_configuration, forwarding__trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def test_trusted_peers_forwarded_fields_are_extended(trusting, upstream):
    data = get("/public", "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3",
               "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /p", "X-Request-ID: theirs")
    received = forwarded(trusting, upstream, data)
    assert received.value("x-forwarded-for") == "6.6.6.6, 203.0.113.7, 10.1.2.3, 127.0.0.1"
    assert received.value("x-forwarded-proto") == "https"
    assert received.value("x-forwarded-prefix") == "/p"
    assert received.value("x-request-id") == "theirs"
    assert received.value("x-real-ip") == "203.0.113.7"


def test_trusted_peers_fields_change_neither_host_nor_path(trusting, upstream):
    """CVE-2026-40575."""
    data = get("/required", "X-Forwarded-Uri: /public", "X-Forwarded-Host: other.example.com",
               "X-Forwarded-Method: OPTIONS")
    answer = trusting.ask(data)
    assert (answer.status, answer.reason) == (401, "no_session")
    assert upstream.received_nothing(0.05)


def test_request_ids_are_made_and_differ(gateway, upstream):
    found = {forwarded(gateway, upstream, get("/public")).value("x-request-id") for _ in range(5)}
    assert len(found) == 5


def test_request_id_field_of_another_name(start, base_configuration, upstream):
    gateway = start(changed(base_configuration, forwarding__request_id="x-own-id"))
    received = forwarded(gateway, upstream, get("/public", "X-Request-ID: theirs"))
    assert received.value("x-own-id")


# Everything else.


def test_the_rest_keeps_order_and_bytes(gateway, upstream):
    rest = ["X-B: 2", "x-a:1", "X-B:   3  ", "Accept: */*", "X-Empty:", "User-Agent: \xe9\ttab",
            "Origin: https://o.test", "Referer: https://r.test/?q", "If-None-Match: \"x\""]
    received = forwarded(gateway, upstream, get("/public", *rest))
    kept = [(name, value) for name, value in received.fields
            if name.decode() in {field.split(":")[0] for field in rest}]
    assert kept == [
        (b"X-B", b"2"), (b"x-a", b"1"), (b"X-B", b"3"), (b"Accept", b"*/*"), (b"X-Empty", b""),
        (b"User-Agent", b"\xe9\ttab"), (b"Origin", b"https://o.test"),
        (b"Referer", b"https://r.test/?q"), (b"If-None-Match", b'"x"'),
    ]


def test_request_line_is_version_1_1(gateway, upstream):
    assert exchange(gateway, b"GET /public HTTP/1.0\r\nHost: a\r\n\r\n").status == 200
    assert upstream.received().line == b"GET /public HTTP/1.1"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "PROPFIND", "x-own"])
def test_methods_are_forwarded_as_sent(gateway, upstream, method):
    data = request(f"{method} /public HTTP/1.1", "Content-Length: 0")
    assert forwarded(gateway, upstream, data).line == f"{method} /public HTTP/1.1".encode()


# Trailers.


@pytest.mark.parametrize("name", [
    "Authorization", "Cookie", "Host", "Content-Length", "Transfer-Encoding", "X-Forwarded-For",
    "x-request-id", "X_Forwarded_For", "x-real-ip", "Forwarded",
])
def test_trailers_the_gateway_sets_are_refused(gateway, upstream, token, name):
    """CVE-2026-88004."""
    data = request("POST /required HTTP/1.1", bearer(token), "Transfer-Encoding: chunked")
    data += chunked(b"body", trailers=[f"{name}: forged"])
    with gateway.connect() as connection:
        connection.send(data)
        try:
            assert connection.read("POST").status == 400
        except EOFError:
            pass
    while not upstream.requests.empty():
        assert upstream.received().trailers == []


def test_other_trailers_pass(gateway, upstream, token):
    data = request("POST /required HTTP/1.1", bearer(token), "Transfer-Encoding: chunked",
                   "Trailer: X-Sum")
    data += chunked(b"body", b"more", trailers=["X-Sum: 1", "x-second:2"])
    received = forwarded(gateway, upstream, data)
    assert received.body == b"bodymore"
    assert received.trailers == [(b"X-Sum", b"1"), (b"x-second", b"2")]


# Host.


@pytest.mark.parametrize("rule, sent", [
    ("preserve", "app.example.com:8443"), ("target", None), ("name.internal", "name.internal"),
])
def test_host_rules(start, base_configuration, upstream, rule, sent):
    gateway = start(changed(base_configuration, upstreams__main__host=rule))
    received = forwarded(gateway, upstream, get("/public", "Host: App.example.com:8443"))
    assert received.value("host") == (sent or f"127.0.0.1:{upstream.port}")
    assert received.names.index("host") >= 0


# Where the JWT goes.


@pytest.mark.parametrize("jwt, name, value", [
    ({"field": "x-jwt", "scheme": ""}, "x-jwt", "{}"),
    ({"field": "X-Session", "scheme": "JWT"}, "x-session", "JWT {}"),
    ({"scheme": "Token"}, "authorization", "Token {}"),
])
def test_field_and_scheme(start, base_configuration, upstream, keys, jwt, name, value):
    gateway = start(changed(base_configuration, sessions__jwt=jwt)).wait_for_keys()
    token = access(keys.dynamic)
    forged = [f"{name}: forged", f"{name.replace('-', '_')}: forged"]
    received = forwarded(gateway, upstream, get("/required", cookie(token), *forged))
    assert received.value(name) == value.format(token)
    assert all(b"forged" not in field for _, field in received.fields)
    assert "forged" not in str(forwarded(gateway, upstream, get("/public", *forged)).fields)
