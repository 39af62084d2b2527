"""supertokens-website of both eras in Chromium, on a website whose API is behind the gateway. Which
bundles: SUPERTOKENS_WEBSITE_14 and SUPERTOKENS_WEBSITE_20, paths of their `bundle/bundle.js`."""

import shutil
from urllib.parse import unquote

import pytest
from browser.site import API, OTHER, WEBSITE, BrowserSite
from browser.tab import Tab
from sdk.access_token import AccessToken
from sdk.service import bearer
from support.client import eventually

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

VISITS = ["14 cookie", "20 cookie", "20 header"]
UNAUTHORISED = (401, {"message": "unauthorised"})
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


@pytest.fixture(scope="module")
def driver():
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def opened(driver, tmp_path_factory):
    """A site by its name, and a browser for which no other site exists."""
    running = {}

    def open_site(name):
        if name not in running:
            site = BrowserSite(name, tmp_path_factory.mktemp(f"website-{name}"))
            names = f"MAP *.example.com 127.0.0.1:{site.gateway.port}, MAP * ~NOTFOUND"
            running[name] = site, driver.chromium.launch(
                executable_path=CHROMIUM, args=[f"--host-resolver-rules={names}"]
            )
        return running[name]

    yield open_site
    for site, browser in running.values():
        browser.close()
        site.close()


class Visitor:
    """Someone's browser, as if just installed."""

    def __init__(self, site, context, mode):
        self.site = site
        self.mode = mode
        self.context = context

    def tab(self, website=WEBSITE):
        return Tab(self.context.new_page(), self.mode, website)


def visitor_of(opened, visit):
    name, mode = visit.split()
    site, browser = opened(name)
    site.core.sessions.access_seconds = 3600
    site.relay.exchanges.clear()
    site.service.forget()
    with browser.new_context(ignore_https_errors=True) as context:
        yield Visitor(site, context, mode)


@pytest.fixture(params=VISITS)
def visitor(request, opened):
    yield from visitor_of(opened, request.param)


def jwt_of(tab, visitor):
    """The page's own, as the SDK gives it."""
    if visitor.site.version == "14":
        return tab.sdk("getAccessTokenPayloadSecurely")["jwt"]
    return tab.sdk("getAccessToken")


def test_page_has_the_session_and_its_jwt(visitor):
    """The page's own, the gateway's, and what the service verified are one."""
    tab = visitor.tab()
    assert tab.sdk("doesSessionExist") is False
    tab.sign_in("user-7")
    assert tab.sdk("doesSessionExist") is True
    assert tab.sdk("getUserId") == "user-7"
    assert tab.sdk("getAccessTokenPayloadSecurely")["plan"] == "gold"
    answer = tab.call("/api/orders")
    assert (answer.status, answer.content["sub"]) == (200, "user-7"), answer
    own = jwt_of(tab, visitor)
    assert bearer(visitor.site.service.received()) == own
    assert tab.call(visitor.site.jwt_path).content == {"token": own}


def test_methods_that_change_something(visitor):
    """Anti-CSRF as the gateway has it by default, and preflights that it answers."""
    tab = visitor.tab()
    tab.sign_in()
    for method in ("POST", "PUT", "DELETE"):
        answer = tab.call("/api/orders", method, {"item": "book"})
        assert answer.status == 200, answer
        assert visitor.site.service.received().line.startswith(method.encode())


def signed_in_until_now(visitor):
    """A tab whose access token has just ended; the next ones last."""
    tab = visitor.tab()
    visitor.site.core.sessions.access_seconds = 2
    tab.sign_in()
    visitor.site.core.sessions.access_seconds = 3600
    assert eventually(lambda: tab.plain_call("/api/orders").status == 401), "never ended"
    return tab


def test_expired_session_is_refreshed_by_itself(visitor):
    tab = signed_in_until_now(visitor)
    before = visitor.site.refreshes()
    for _ in range(3):
        answer = tab.call("/api/orders")
        assert (answer.status, answer.content["sub"]) == (200, "user-1"), answer
    assert visitor.site.refreshes() == before + 1
    assert tab.sdk("doesSessionExist") is True


def test_successor_takes_the_refreshed_token_s_place(visitor):
    """The gateway promotes a refreshed token, and the browser keeps what comes of it alone."""
    tab = signed_in_until_now(visitor)
    visitor.site.service.forget()
    verified = visitor.site.core.count("/recipe/session/verify")
    assert tab.call("/api/orders").status == 200
    successor = bearer(visitor.site.service.received())
    assert jwt_of(tab, visitor) == successor
    assert tab.call("/api/orders").status == 200
    assert bearer(visitor.site.service.received()) == successor
    assert visitor.site.core.count("/recipe/session/verify") == verified + 1
    cookies = [cookie for cookie in visitor.context.cookies() if cookie["name"] == "sAccessToken"]
    assert len(cookies) == (0 if visitor.mode == "header" else 1)
    assert AccessToken.read(unquote(sent_token(tab, cookies))).parent_hash is None


def sent_token(tab, cookies):
    return cookies[0]["value"] if cookies else tab.script_cookies()["st-access-token"]


def test_two_tabs_refresh_once(visitor):
    """Both call at once when their session's token has ended."""
    first = signed_in_until_now(visitor)
    second = visitor.tab()
    before = visitor.site.refreshes()
    both = """(url) => { window.pending = fetch(url, {credentials: "include"})
        .then(async (answer) => [answer.status, (await answer.json()).sub]) }"""
    for tab in (first, second):
        tab.page.evaluate(both, API + "/api/orders")
    for tab in (first, second):
        assert tab.page.evaluate("() => window.pending") == [200, "user-1"]
    assert visitor.site.refreshes() == before + 1


def test_sign_out_in_one_tab_is_one_in_the_other(visitor):
    first, second = visitor.tab(), visitor.tab()
    first.sign_in()
    assert second.call("/api/orders").status == 200
    first.sdk("signOut")
    before = visitor.site.refreshes()
    for tab in (first, second):
        assert tab.sdk("doesSessionExist") is False
        answer = tab.call("/api/orders")
        assert (answer.status, answer.content) == UNAUTHORISED, answer
    assert visitor.site.refreshes() == before
    assert visitor.site.asked("POST", "/auth/signout") == 1
    assert {name: value for name, value in first.script_cookies().items()
            if name in ("st-access-token", "st-refresh-token", "sFrontToken") and value} == {}


def test_refusal_is_readable_for_the_website_alone(visitor):
    """The API is another origin than the website."""
    tab = visitor.tab()
    for answer in (tab.plain_call("/api/orders"), tab.call("/api/orders")):
        assert (answer.status, answer.content) == UNAUTHORISED, answer
        assert answer.reason == "no_session"
    answer = visitor.tab(OTHER).plain_call("/api/orders")
    assert answer.error == "TypeError: Failed to fetch", answer


def received(fields):
    return sorted(field for field in fields if field[0] not in HOP_BY_HOP)


def sent(visitor):
    """The fields of the back end's latest answer, as the browser shows them."""
    _, answer = visitor.site.relay.latest()
    fields = [(name.decode().lower(), value.decode().strip()) for name, value in answer.fields]
    return received(fields)


def test_fields_of_the_session_arrive_as_sent(visitor):
    """Empty ones too: they tell the page to forget."""
    tab = visitor.tab()
    fields = tab.answer_to("POST", "/login", tab.sign_in)
    assert received(fields) == sent(visitor)
    assert {"front-token", "access-control-expose-headers"} <= dict(fields).keys()
    fields = tab.answer_to("POST", "/auth/signout", lambda: tab.sdk("signOut"))
    assert received(fields) == sent(visitor)
    if visitor.mode == "header":
        assert dict(fields)["st-access-token"] == dict(fields)["st-refresh-token"] == ""
    if visitor.site.version == "14":
        assert dict(fields)["id-refresh-token"] == "remove"
    else:
        assert dict(fields)["front-token"] == "remove"


@pytest.mark.parametrize("visitor", ["unset cookie"], indirect=True)
def test_missing_jwt_is_one_refresh_and_no_loop(visitor):
    """The back end makes none. A refresh cures the token's end, and could not cure the rest: the
    answer is none that makes the SDK ask again."""
    tab = signed_in_until_now(visitor)
    before = visitor.site.refreshes()
    for _ in range(3):
        answer = tab.call("/api/orders")
        assert (answer.status, answer.reason) == (500, "jwt_missing"), answer
    assert visitor.site.refreshes() == before + 1
    assert visitor.site.service.received_nothing()
    assert tab.sdk("doesSessionExist") is True
