"""Pages: a browser that opens one without a session is sent to `routes[].sign_in`."""

import pytest
from support.gateway import changed
from support.message import bearer, cookie, get, request
from support.tokens import access, now

NAVIGATION = "Sec-Fetch-Mode: navigate"
PAGE = "https://login.example/auth?show=signin"


@pytest.fixture(name="pages")
def fixture_pages(start, base_configuration):
    """A gateway whose every route leads to a sign-in."""
    routes = [
        {"path_prefix": "/pages", "upstream": "main", "sign_in": PAGE},
        {"path_prefix": "/maybe", "upstream": "main", "session": "optional", "sign_in": "/login"},
        {"path_prefix": "/login", "upstream": "main", "sign_in": "/login"},
        {"path_prefix": "/api", "upstream": "main"},
    ]
    return start(changed(base_configuration, routes=routes)).wait_for_keys()


def assert_sent(answer, location, reason):
    assert (answer.status, answer.reason, answer.body) == (302, reason, b"")
    assert answer.value("location") == location
    assert answer.value("cache-control") == "no-store"


def test_who_opens_a_page_is_sent(pages, keys, upstream):
    back = "&redirectToPath=%2Fpages%2Fa%3Fb%3Dc%26d"
    ask = get("/pages/a?b=c&d", NAVIGATION)
    assert_sent(pages.ask(ask), PAGE + back, "no_session")
    ended = access(keys.dynamic, created=now() - 7200, expires=now() - 3600)
    for field in (cookie, bearer):
        ask = get("/pages/a?b=c&d", NAVIGATION, field(ended))
        assert_sent(pages.ask(ask), PAGE + back, "expired")
    ask = request("HEAD /pages/a?b=c&d HTTP/1.1", NAVIGATION)
    assert_sent(pages.ask(ask), PAGE + back, "no_session")
    assert upstream.received_nothing()


def test_who_has_a_session_is_not(pages, keys, upstream):
    answer = pages.ask(get("/pages/a", NAVIGATION, cookie(access(keys.dynamic))))
    assert answer.status == 200
    assert upstream.received().value("authorization").startswith("Bearer ")


@pytest.mark.parametrize("fields", [
    (), ("Sec-Fetch-Mode: cors",), (NAVIGATION, NAVIGATION), ("Sec-Fetch-Mode: Navigate",),
    ("Sec_Fetch_Mode: navigate",),
])
def test_who_calls_is_told(pages, fields):
    answer = pages.ask(get("/pages/a", *fields))
    assert (answer.status, answer.reason) == (401, "no_session")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_who_changes_something_is_told(pages, method):
    assert pages.ask(request(f"{method} /pages/a HTTP/1.1", NAVIGATION)).status == 401


def test_optional_sessions_pass_and_ended_ones_are_sent(pages, keys, upstream):
    assert pages.ask(get("/maybe", NAVIGATION)).status == 200
    assert upstream.received().value("authorization") is None
    ended = cookie(access(keys.dynamic, created=now() - 7200, expires=now() - 3600))
    answer = pages.ask(get("/maybe", NAVIGATION, ended))
    assert_sent(answer, "/login?redirectToPath=%2Fmaybe", "expired")


def test_routes_without_it_and_the_page_itself_answer_401(pages):
    for path in ["/api", "/login", "/login?redirectToPath=%2Flogin"]:
        assert pages.ask(get(path, NAVIGATION)).status == 401
    assert pages.ask(get("/login/more", NAVIGATION)).status == 302


@pytest.mark.parametrize("fields", [
    ("Host: evil.example",), ("X-Forwarded-Host: evil.example",), ("Origin: https://evil.example",),
    ("X-Forwarded-Proto: javascript",), ("Referer: https://evil.example/",),
])
def test_no_request_chooses_the_origin(pages, fields):
    answer = pages.ask(get("/pages", NAVIGATION, *fields))
    assert_sent(answer, PAGE + "&redirectToPath=%2Fpages", "no_session")


def test_longest_way_back(pages):
    within = "/pages/" + "a" * (4096 - len("%2Fpages%2F"))
    assert pages.ask(get(within, NAVIGATION)).value("location").endswith("aaa")
    assert_sent(pages.ask(get(within + "a", NAVIGATION)), PAGE, "no_session")
    assert_sent(pages.ask(get("/pages?" + "&" * 2800, NAVIGATION)), PAGE, "no_session")


@pytest.mark.parametrize("page", ["http://app.example.com/auth", "/auth"])
def test_nobody_is_led_in_a_circle(start, base_configuration, page):
    """Whatever the page is, its own route included, one redirect is the last."""
    routes = [
        {"path_exact": "/auth", "upstream": "main", "sign_in": "/more"},
        {"path_prefix": "/", "upstream": "main", "sign_in": page},
    ]
    gateway = start(changed(base_configuration, routes=routes)).wait_for_keys()
    target, statuses = "/start", []
    for _ in range(3):
        answer = gateway.ask(get(target, NAVIGATION))
        statuses.append(answer.status)
        if answer.status != 302:
            break
        target = answer.value("location").removeprefix("http://app.example.com")
    assert statuses == [302, 401]


def test_a_page_that_another_site_opens_is_no_sign_in(start, base_configuration, keys):
    """HEAD without what the SDK's mode asks for: refused, not led away from a valid session."""
    gateway = start(changed(
        base_configuration, sessions__anti_csrf="custom_header",
        routes=[{"path_prefix": "/", "upstream": "main", "sign_in": PAGE}],
    )).wait_for_keys()
    ask = request("HEAD / HTTP/1.1", NAVIGATION, cookie(access(keys.dynamic)))
    answer = gateway.ask(ask)
    assert (answer.status, answer.reason) == (401, "anti_csrf")
