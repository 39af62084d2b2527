"""Which requests may use a session that came in a cookie: `sessions.anti_csrf`."""

import pytest
from support.gateway import changed
from support.message import bearer, cookie, request
from support.tokens import access, inner, legacy

TOKEN = "0a1b2c3d-0000-4000-8000-00000000cafe"
FOREIGN = "Sec-Fetch-Site: cross-site"
EVIL = "Origin: https://evil.example"
LISTED = "https://shop.example"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]


def tokens(keys, anti_csrf=None):
    """A token of each era."""
    return [
        access(keys.dynamic, antiCsrfToken=anti_csrf),
        legacy(keys.dynamic, {"jwt": inner(keys.static)}, antiCsrfToken=anti_csrf),
    ]


def ask(gateway, method, *fields, path="/required"):
    return gateway.ask(request(f"{method} {path} HTTP/1.1", *fields))


def assert_passed(answer, upstream):
    assert answer.status == 200
    received = upstream.received()
    assert received.value("authorization").startswith("Bearer ey")
    assert not received.values("anti-csrf") and not received.values("rid")


def assert_refused(answer):
    assert (answer.status, answer.reason) == (401, "anti_csrf")
    assert answer.body in (b'{"message":"try refresh token"}', b"")


@pytest.fixture(name="with_mode")
def fixture_with_mode(start, base_configuration):
    """A gateway that asks for anti-CSRF in one way."""

    def started(mode, **more):
        return start(changed(base_configuration, sessions__anti_csrf=mode, **more)).wait_for_keys()

    return started


@pytest.mark.parametrize("method", METHODS)
def test_auto_is_the_default(gateway, keys, upstream, method):
    for token in tokens(keys):
        for fields in [(), ("Sec-Fetch-Site: same-origin", EVIL), ("rid: x", FOREIGN)]:
            assert_passed(ask(gateway, method, cookie(token), *fields), upstream)
        for fields in [(FOREIGN,), (EVIL,), ("Origin: null",), (FOREIGN, "r_id: x")]:
            answer = ask(gateway, method, cookie(token), *fields)
            if method in ("GET", "HEAD"):
                assert_passed(answer, upstream)
            else:
                assert_refused(answer)
            assert_passed(ask(gateway, method, bearer(token), *fields), upstream)
    assert upstream.received_nothing()


def test_auto_knows_the_requests_own_origin(gateway, keys, upstream):
    token = cookie(tokens(keys)[0])
    for host in ["app.example.com", "app.example.com:8080", "[::1]:8080"]:
        named = [f"Host: {host}", token]
        assert_passed(ask(gateway, "POST", *named, f"Origin: http://{host}"), upstream)
        for origin in [f"https://{host}", f"http://{host}1", f"http://x{host}", "http://app"]:
            assert_refused(ask(gateway, "POST", *named, f"Origin: {origin}"))
    # Nobody trusts this peer's word on the scheme.
    proto = "X-Forwarded-Proto: https"
    assert_refused(ask(gateway, "POST", token, proto, "Origin: https://app.example.com"))


def test_auto_lets_listed_origins_pass(with_mode, keys, upstream):
    gateway = with_mode("auto", forwarding__cors={"origins": [LISTED]})
    token = cookie(tokens(keys)[0])
    for fields in [(), (FOREIGN,)]:
        assert_passed(ask(gateway, "POST", token, f"Origin: {LISTED}", *fields), upstream)
        assert_refused(ask(gateway, "POST", token, EVIL, *fields))
        assert_refused(ask(gateway, "POST", token, f"Origin: {LISTED}", EVIL, *fields))


def test_auto_believes_a_trusted_proxys_scheme(with_mode, keys, upstream):
    gateway = with_mode("auto", forwarding__trusted_proxies=["127.0.0.0/8"])
    token = cookie(tokens(keys)[0])
    origin = "Origin: https://app.example.com"
    https, http = "X-Forwarded-Proto: https", "X-Forwarded-Proto: http"
    assert_passed(ask(gateway, "POST", token, origin, https), upstream)
    for fields in [(http,), (), (https, http), ("X-Forwarded-Proto: https, http",)]:
        assert_refused(ask(gateway, "POST", token, origin, *fields))


@pytest.mark.parametrize("method", METHODS)
def test_custom_header(with_mode, keys, upstream, method):
    gateway = with_mode("custom_header")
    for token in tokens(keys):
        assert_passed(ask(gateway, method, cookie(token), "rid: session"), upstream)
        assert_passed(ask(gateway, method, bearer(token)), upstream)
        answer = ask(gateway, method, cookie(token), "Sec-Fetch-Site: same-origin")
        if method == "GET":
            assert_passed(answer, upstream)
        else:
            assert_refused(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_token(with_mode, keys, upstream, method):
    gateway = with_mode("token")
    for token in tokens(keys, TOKEN):
        for _ in range(2):  # verified, and remembered
            answer = ask(gateway, method, cookie(token), f"anti-csrf: {TOKEN}")
            assert_passed(answer, upstream)
        wrong = ["rid: session", f"anti-csrf: {TOKEN[:-1]}", f"anti-csrf: {TOKEN}x", "anti-csrf:"]
        for field in wrong:
            answer = ask(gateway, method, cookie(token), field)
            if method == "GET":
                assert_passed(answer, upstream)
            else:
                assert_refused(answer)
        assert_passed(ask(gateway, method, bearer(token)), upstream)


def test_token_that_the_session_does_not_have(with_mode, keys, upstream):
    gateway = with_mode("token")
    for token in tokens(keys):
        for field in ["anti-csrf:", "anti-csrf: null", f"anti-csrf: {TOKEN}"]:
            assert_refused(ask(gateway, "POST", cookie(token), field))
    assert upstream.received_nothing()


def test_token_sent_twice(with_mode, keys):
    gateway = with_mode("token")
    token, field = tokens(keys, TOKEN)[0], f"anti-csrf: {TOKEN}"
    assert_refused(ask(gateway, "POST", cookie(token), field, field))
    assert_refused(ask(gateway, "POST", cookie(token), f"anti_csrf: {TOKEN}"))


def test_none(with_mode, keys, upstream):
    gateway = with_mode("none")
    for token in tokens(keys):
        assert_passed(ask(gateway, "POST", cookie(token), FOREIGN, EVIL), upstream)


@pytest.mark.parametrize("mode", ["auto", "custom_header", "token"])
def test_a_foreign_bearer_beside_a_cookie_is_cookie_mode(with_mode, keys, mode):
    gateway = with_mode(mode)
    for token in tokens(keys, TOKEN):
        answer = ask(gateway, "POST", "Authorization: Bearer other", cookie(token), FOREIGN)
        assert_refused(answer)


@pytest.mark.parametrize("mode", ["auto", "custom_header", "token"])
def test_a_foreign_bearer_beside_a_cookie_reads(with_mode, keys, upstream, mode):
    gateway = with_mode(mode)
    for token in tokens(keys, TOKEN):
        answer = ask(gateway, "GET", "Authorization: Bearer abc.def.ghi", cookie(token), FOREIGN)
        assert_passed(answer, upstream)


@pytest.mark.parametrize("mode", ["auto", "custom_header", "token"])
def test_routes_without_a_session_ask_for_nothing(with_mode, upstream, mode):
    gateway = with_mode(mode)
    assert ask(gateway, "POST", EVIL, FOREIGN, path="/public").status == 200
    assert upstream.received().value("authorization") is None


@pytest.mark.parametrize("mode, field", [
    ("custom_header", "rid: session"), ("token", f"anti-csrf: {TOKEN}"), ("auto", "rid: x"),
], ids=["custom_header", "token", "auto"])
def test_without_a_token_nothing_is_asked_for(with_mode, keys, upstream, mode, field):
    """Where a session is optional: a request without one is no forgery of anything, whatever it
    carries; one with a token is asked as everywhere."""
    gateway = with_mode(mode)
    for fields in [(), (field,), (EVIL,), (cookie("garbage"), EVIL)]:
        assert ask(gateway, "POST", *fields, path="/optional").status == 200
        assert upstream.received().value("authorization") is None
    for token in tokens(keys, TOKEN):
        assert_refused(ask(gateway, "POST", cookie(token), EVIL, path="/optional"))
        passed = ask(gateway, "POST", cookie(token), EVIL, field, path="/optional")
        assert_passed(passed, upstream)
