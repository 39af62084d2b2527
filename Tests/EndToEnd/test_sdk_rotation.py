"""What of a session the gateway settles with the core itself, before back ends with real SDKs:
refreshed tokens that get their successor, and ends that are seen before the token's."""

import contextlib

import pytest
from sdk.front_end import FrontEnd
from sdk.service import bearer
from support.gateway import Gateway

UNAUTHORISED = (401, {"message": "unauthorised"})
VERIFY = "/recipe/session/verify"
SESSION_FIELDS = {"front-token", "st-access-token", "st-refresh-token", "id-refresh-token"}


@contextlib.contextmanager
def gateway_for(case, folder, **sessions):
    """The case's front end at a gateway of its own, which writes cookies as the SDKs do here: for
    an API and a website of different sites."""
    site = case.site
    cookies = {**site.sessions.get("cookies", {}), "same_site": "none"}
    told = {**site.sessions, "cookies": cookies, **sessions}
    with Gateway(site.configuration(told), folder, site.tls) as gateway:
        gateway.wait_for_keys()
        case.front_end.http.base_url = f"https://localhost:{gateway.port}"
        yield gateway
        case.front_end.http.close()  # The gateway would wait for it to go.


def kept(case):
    """All that a front end has of its session."""
    own = case.front_end
    return own.access_token, own.refresh_token, own.anti_csrf, dict(own.http.cookies)


def take(front_end, session):
    front_end.access_token, front_end.refresh_token, front_end.anti_csrf, cookies = session
    for name, value in cookies.items():
        front_end.put_cookie(name, value)


@pytest.fixture
def refreshed(case, tmp_path):
    """Signed in, and refreshed: the access token names its parent."""
    with gateway_for(case, tmp_path):
        case.front_end.sign_in("user-4", plan="gold")
        case.parent = kept(case)
        assert case.front_end.refresh().status_code == 200
        assert case.front_end.is_child()
        yield case


def session_cookie(text):
    """Name and attributes of a `Set-Cookie` value, without what differs from token to token."""
    pair, *attributes = text.split(";")
    names = (attribute.strip().lower() for attribute in attributes)
    return pair.partition("=")[0], {name.partition("expires=")[0] or "expires" for name in names}


def session_part(answer):
    """What an answer says of the session: cookies, fields, and what pages may read of it."""
    listed = answer.headers.get("access-control-expose-headers", "").split(",")
    return (
        [session_cookie(text) for text in answer.headers.get_list("set-cookie")],
        SESSION_FIELDS & set(answer.headers),
        SESSION_FIELDS & {name.strip() for name in listed},
    )


def test_successor_arrives_as_the_sdk_sends_it(refreshed):
    of_gateway = refreshed.front_end.get("/api/orders")
    assert of_gateway.status_code == 200
    with FrontEnd(refreshed.site, refreshed.mode) as other:
        other.sign_in()
        assert other.refresh().status_code == 200
        of_sdk = other.get("/profile")
    assert session_part(of_gateway) == session_part(of_sdk)
    assert "front-token" in of_gateway.headers


def test_successor_is_what_the_service_gets(refreshed):
    claims, received = refreshed.call()
    assert (claims["sub"], claims["plan"]) == ("user-4", "gold")
    assert not refreshed.front_end.is_child()
    payload = refreshed.front_end.payload()
    if refreshed.is_seed:
        assert payload[refreshed.argument] == bearer(received)
        assert refreshed.front_end.get("/getJWT").json() == {"token": bearer(received)}
        return
    assert claims["parentRefreshTokenHash1"] is None
    assert payload["refreshTokenHash1"] == claims["refreshTokenHash1"]
    assert refreshed.front_end.get("/exposed").json() == {"token": bearer(received)}


def test_core_is_asked_once(refreshed):
    core, child = refreshed.site.core, refreshed.front_end.sent_token()
    before = core.count(VERIFY)
    refreshed.call()
    assert core.count(VERIFY) == before + 1
    for _ in range(3):
        refreshed.call()
    # A client that did not take the successor.
    refreshed.front_end.send_token(child)
    refreshed.call()
    assert core.count(VERIFY) == before + 1
    assert not refreshed.front_end.is_child()


def test_sdk_takes_the_successor(refreshed):
    refreshed.call()
    before = refreshed.site.core.count(VERIFY)
    answer = refreshed.front_end.get("/profile")
    assert (answer.status_code, answer.json()["user"]) == (200, "user-4")
    assert session_part(answer)[:2] == ([], set())
    assert refreshed.site.core.count(VERIFY) == before


def test_parent_used_after_the_gateway_has_seen_its_child_is_theft(refreshed):
    refreshed.call()
    with FrontEnd(refreshed.site, refreshed.mode) as thief:
        take(thief, refreshed.parent)
        answer = thief.refresh()
    assert (answer.status_code, answer.json()) == (401, {"message": "token theft detected"})


def test_core_is_asked_whether_the_session_goes_on(case, tmp_path):
    """`check_database`: the session ended where the gateway saw nothing of it."""
    with gateway_for(case, tmp_path, check_database=True):
        case.front_end.sign_in("user-6")
        for _ in range(2):
            assert case.call()[0]["sub"] == "user-6"
        ended = case.site.core.sessions.removed({"userId": "user-6"})
        assert len(ended["sessionHandlesRevoked"]) == 1
        assert case.refused() == UNAUTHORISED
    # The refusal told the front end to forget.
    assert case.front_end.session_cookies() == set()
    assert case.front_end.access_token is None


def test_signed_out_session_is_refused_at_once(case, tmp_path):
    """Whoever kept the tokens has no use of them: the gateway saw the SDK's answer pass by."""
    with gateway_for(case, tmp_path):
        case.front_end.sign_in()
        case.call()
        session = kept(case)
        assert case.front_end.sign_out().status_code == 200
        take(case.front_end, session)
        answer = case.front_end.get("/api/orders")
    assert (answer.status_code, answer.json()) == UNAUTHORISED
    assert answer.headers["sallyport-reason"] == "revoked"
