"""Real SuperTokens SDKs behind the gateway, of today and of the time when sessions carried a JWT:
sign-in, calls, refresh, sign-out; a service without an SDK gets a JWT it can verify."""

import concurrent.futures
import time

import jwt as pyjwt
import pytest
from sdk.access_token import AccessToken
from sdk.case import SEED_CASES, Case
from sdk.front_end import FrontEnd
from sdk.service import bearer
from sdk.site import LEFT, OFFLINE, WEBSITE, BackEnd, Kind
from support.client import eventually

HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding"}
TRY_REFRESH = (401, {"message": "try refresh token"})
# These wait for a token's end: each back end once.
EXPIRING = ["recent-fastapi cookie", "recent-flask header", "recent-django cookie", *SEED_CASES]
UNAUTHORISED = (401, {"message": "unauthorised"})


def assert_same_fields(answer, case):
    """The fields of an answer in the order and bytes in which the back end sent them."""
    _, sent = case.site.relay.latest()
    assert answer.status_code == sent.status
    received = [field for field in answer.headers.raw if field[0].lower() not in HOP_BY_HOP]
    assert received == [field for field in sent.fields if field[0].lower() not in HOP_BY_HOP]


def cookie_names(answer):
    return [text.partition("=")[0] for text in answer.headers.get_list("set-cookie")]


def exposed(answer):
    listed = answer.headers.get("access-control-expose-headers", "").split(",")
    return {name.strip() for name in listed}


def test_sign_in_answers_what_the_sdk_answered(case):
    answer = case.front_end.sign_in()
    assert_same_fields(answer, case)
    assert answer.headers["front-token"]
    assert "front-token" in exposed(answer)
    if case.mode == "header":
        assert answer.headers["st-access-token"] in case.site.core.sessions.issued
        assert answer.headers["st-refresh-token"] in case.site.core.sessions.refresh_tokens
        assert {"st-access-token", "st-refresh-token"} <= exposed(answer)
        assert cookie_names(answer) == []
        return
    assert {"sAccessToken", "sRefreshToken"} <= set(cookie_names(answer))
    assert ("anti-csrf" in answer.headers) == case.has_anti_csrf_token
    assert ("anti-csrf" in exposed(answer)) == case.has_anti_csrf_token
    if case.is_seed:
        assert "sIdRefreshToken" in cookie_names(answer)
        assert "id-refresh-token" in exposed(answer)


def test_sign_in_reaches_the_sdk_as_it_was_sent(case):
    case.front_end.sign_in()
    received, _ = case.site.relay.latest()
    assert received.value("rid") == "anti-csrf"
    assert received.value("st-auth-mode") == case.mode
    assert received.value("fdi-version") == "1.16,1.17,4.2"
    assert received.value("cookie") == "theme=dark"


def test_service_gets_a_jwt_of_the_user(case):
    assert case.refused() == UNAUTHORISED
    case.front_end.sign_in("user-7", plan="gold")
    claims, received = case.call()
    assert (claims["sub"], claims["plan"]) == ("user-7", "gold")
    assert received.target == "/api/orders?page=2"
    assert bearer(received) in case.site.core.sessions.issued
    assert received.value("cookie") == "theme=dark"
    gone = {"rid", "anti-csrf", "st-auth-mode", "fdi-version"}
    assert gone.isdisjoint(received.names)


def test_every_method_and_content(case):
    case.front_end.sign_in()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        claims, received = case.call(method, {"item": "book"})
        assert claims["sub"] == "user-1"
        assert received.line.startswith(method.encode())
        assert received.body == b'{"item":"book"}'


def test_the_bearer_is_the_jwt_inside_the_session(seed):
    """And not the session's own token, which no library for JWTs can read."""
    seed.front_end.sign_in()
    _, received = seed.call()
    cookies = {cookie.name: cookie.value for cookie in seed.front_end.http.cookies.jar}
    assert bearer(received) not in cookies["sAccessToken"]
    assert pyjwt.get_unverified_header(bearer(received)).keys() == {"kid", "typ", "alg"}


def test_front_token_holds_the_jwt(seed):
    """The three ways to the JWT agree: the front end's, `/getJWT`, and the service's bearer."""
    seed.front_end.sign_in()
    payload = seed.front_end.payload()
    assert payload["_jwtPName"] == seed.argument
    _, received = seed.call()
    assert payload[seed.argument] == bearer(received)
    assert seed.front_end.get("/getJWT").json() == {"token": bearer(received)}


def test_the_bearer_is_the_access_token(recent):
    recent.front_end.sign_in()
    _, received = recent.call()
    payload = recent.front_end.payload()
    token = AccessToken.read(bearer(received))
    assert (token.version, token.handle) == (5, payload["sessionHandle"])
    assert token.key_id.startswith("d-" if recent.argument == "dynamic" else "s-")
    assert recent.front_end.get("/exposed").json() == {"token": bearer(received)}
    if recent.mode == "header":
        assert bearer(received) == recent.front_end.access_token
        assert recent.front_end.get("/getJWT").json() == {"token": bearer(received)}
    else:
        assert recent.front_end.get("/getJWT").status_code == 403


def test_answer_of_get_jwt(case):
    path = "/getJWT" if case.is_seed else "/exposed"
    answer = case.front_end.get(path)
    assert (answer.status_code, answer.json()) == UNAUTHORISED
    case.front_end.sign_in()
    answer = case.front_end.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("application/json")
    refused = case.front_end.ask("POST", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_sdk_and_gateway_give_the_same_jwt(case):
    """`/getJWT` as a back end with the SDK has it, and the gateway's."""
    case.front_end.sign_in()
    path = "/getJWT" if case.is_seed else "/exposed"
    of_sdk, of_gateway = case.front_end.get("/profile/jwt"), case.front_end.get(path)
    assert (of_sdk.status_code, of_gateway.status_code) == (200, 200)
    assert of_sdk.json() == of_gateway.json()
    assert of_sdk.json()["token"] in case.site.core.sessions.issued


def test_keys_of_the_sdk_verify_the_jwt(case):
    """The back end publishes the same keys as the core, through the gateway."""
    case.front_end.sign_in()
    _, received = case.call()
    published = case.front_end.get("/auth/jwt/jwks.json")
    key_id = pyjwt.get_unverified_header(bearer(received))["kid"]
    keys = pyjwt.PyJWKSet.from_dict(published.json())
    pyjwt.decode(bearer(received), keys[key_id].key, algorithms=["RS256"])


@pytest.mark.parametrize("case", EXPIRING, indirect=True)
def test_expired_session_is_refreshed(case):
    """A refreshed session's first token names its parent; it is accepted like any other."""
    case.site.core.sessions.access_seconds = 2
    case.front_end.sign_in("user-2", plan="gold")
    token = case.front_end.sent_token()
    _, first = case.call()
    with FrontEnd(case.site, case.mode) as late:
        late.send_token(token)
        assert eventually(lambda: late.get("/getJWT").status_code == 401), "never expired"
        assert late.get("/getJWT").json() == TRY_REFRESH[1]
        assert Case(case.site, late, case.mode).refused() == TRY_REFRESH
    # Cookies of the older SDK end with their token: the browser sends none, and refreshes as well.
    assert case.refused() == TRY_REFRESH
    case.site.core.sessions.access_seconds = 3600
    answer = case.front_end.refresh()
    assert answer.status_code == 200
    assert_same_fields(answer, case)
    assert case.front_end.is_child()
    claims, second = case.call()
    assert (claims["sub"], claims["plan"]) == ("user-2", "gold")
    assert bearer(second) != bearer(first)
    assert claims["exp"] > time.time() + 3000


def test_refresh_again_and_again(case):
    case.front_end.sign_in()
    bearers = set()
    for _ in range(4):
        assert case.front_end.refresh().status_code == 200
        claims, received = case.call()
        assert claims["sub"] == "user-1"
        bearers.add(bearer(received))
    if not case.is_seed:
        assert len(bearers) == 4


def test_an_sdk_that_verifies_gives_the_child_a_successor(case):
    """The back end's own route promotes the refreshed token; the gateway takes the new one too."""
    case.front_end.sign_in()
    assert case.front_end.refresh().status_code == 200
    answer = case.front_end.get("/profile")
    assert (answer.status_code, answer.json()["user"]) == (200, "user-1")
    assert_same_fields(answer, case)
    if case.mode == "header":
        assert answer.headers["st-access-token"]
    else:
        assert cookie_names(answer) == ["sAccessToken"]
    claims, _ = case.call()
    assert claims.get("parentRefreshTokenHash1") is None


def test_changed_payload_reaches_the_service_with_the_next_call(case):
    case.front_end.sign_in(plan="silver")
    assert case.call()[0]["plan"] == "silver"
    answer = case.front_end.ask("POST", "/profile", {"plan": "gold"})
    assert answer.status_code == 200, answer.text
    assert_same_fields(answer, case)
    claims, received = case.call()
    assert claims["plan"] == "gold"
    if case.is_seed:
        assert case.front_end.payload()[case.argument] == bearer(received)


def test_sign_out_clears(case):
    case.front_end.sign_in()
    case.call()
    answer = case.front_end.sign_out()
    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert_same_fields(answer, case)
    if case.mode == "header":
        assert answer.headers["st-access-token"] == ""
        assert answer.headers["st-refresh-token"] == ""
    if not case.is_seed:
        assert answer.headers["front-token"] == "remove"
    assert case.front_end.session_cookies() == set()
    assert case.refused() == UNAUTHORISED
    assert case.site.core.count("/recipe/session/remove") > 0


def test_stolen_refresh_token(case):
    """Used again after its child was: the SDK ends the session, and clears every form of token."""
    case.front_end.sign_in()
    stolen_cookies = dict(case.front_end.http.cookies)
    stolen = case.front_end.refresh_token, case.front_end.anti_csrf
    for _ in range(2):
        assert case.front_end.refresh().status_code == 200
    with FrontEnd(case.site, case.mode) as thief:
        thief.refresh_token, thief.anti_csrf = stolen
        for name, value in stolen_cookies.items():
            thief.http.cookies.set(name, value)
        answer = thief.refresh()
        assert (answer.status_code, answer.json()) == (401, {"message": "token theft detected"})
        assert_same_fields(answer, case)
        if not case.is_seed:
            assert answer.headers["st-access-token"] == ""
            assert answer.headers["front-token"] == "remove"
    refused = case.front_end.refresh()
    assert (refused.status_code, refused.json()) == UNAUTHORISED


@pytest.mark.parametrize("path", ["/login", "/auth/session/refresh", "/auth/signout"])
def test_preflight_is_the_back_ends(case, path):
    answer = case.front_end.http.options(path, headers={
        "Origin": WEBSITE, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "rid,anti-csrf,content-type",
    })
    assert_same_fields(answer, case)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == WEBSITE
    assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert {"rid", "anti-csrf", "content-type"} <= {name.strip() for name in allowed.split(",")}
    received, _ = case.site.relay.latest()
    assert received.value("origin") == WEBSITE
    assert received.value("access-control-request-method") == "POST"


def test_answers_to_another_origin(case):
    """The website's origin differs from the API's: the back end's CORS fields arrive."""
    answer = case.front_end.ask(
        "POST", "/login", {"user": "user-1"}, origin=WEBSITE, sec_fetch_site="cross-site"
    )
    assert answer.status_code == 200
    assert_same_fields(answer, case)
    assert answer.headers["access-control-allow-origin"] == WEBSITE
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_session_that_outlived_its_sdk(site_of, tmp_path, monkeypatch):
    """A session made by the old SDK is refreshed by the new one: its payload still holds the old
    JWT, which nobody renews; the service gets the access token, which has no issuer."""
    site = site_of("recent-fastapi")
    monkeypatch.setattr(site.service, "issuer", None)
    kind = Kind("seed", "flask", "jwt", "VIA_TOKEN")
    with BackEnd(kind, site.core, tmp_path) as old, FrontEnd(site, "cookie") as front_end:
        made = front_end.http.post(
            f"http://127.0.0.1:{old.port}/login", json={"user": "user-3"}, headers={"rid": "x"}
        )
        assert made.status_code == 200
        front_end.anti_csrf = made.headers["anti-csrf"]
        front_end.http.cookies.clear()
        for text in made.headers.get_list("set-cookie"):
            front_end.http.cookies.set(*text.partition(";")[0].split("=", 1))
        case = Case(site, front_end, "cookie")
        claims, received = case.call()
        assert claims["sub"] == "user-3"
        assert "version" not in pyjwt.get_unverified_header(bearer(received))
        front_end.http.cookies.delete("sAccessToken")
        assert front_end.refresh().status_code == 200
        claims, received = case.call()
        assert (claims["sub"], claims["jwt"]) == ("user-3", front_end.payload()["jwt"])
        assert bearer(received) != claims["jwt"]
        assert AccessToken.read(bearer(received)).version == 5


def test_optional_session(case):
    """The service's own refusal tells that it got no bearer."""
    assert case.front_end.get("/optional").status_code == 403
    assert "authorization" not in case.site.service.received().names
    case.front_end.sign_in("user-5")
    assert case.front_end.get("/optional").json()["sub"] == "user-5"
    case.front_end.sign_out()
    assert case.front_end.get("/optional").status_code == 403


def test_visitors_do_not_mix(case):
    """Many at once over the same pooled connections: each gets the claims of its own session."""
    def visit(number):
        with FrontEnd(case.site, case.mode) as visitor:
            visitor.sign_in(f"user-{number}")
            return {visitor.get("/api/x").json()["sub"] for _ in range(10)}

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(visit, range(8)))
    assert seen == [{f"user-{number}"} for number in range(8)]


def test_warm_calls_ask_the_core_nothing(case):
    case.front_end.sign_in()
    case.call()
    before = len(case.site.core.calls)
    for _ in range(10):
        case.call()
    assert len(case.site.core.calls) == before


def test_an_sdk_that_would_leave_the_machine_is_noticed(site_of, tmp_path):
    """The others need no network, then: each fails if its back end wants any."""
    site = site_of("recent-flask")
    environment = {**dict.fromkeys(OFFLINE, "0"), "TLDEXTRACT_CACHE": str(tmp_path / "cache")}
    kind = Kind("recent", "flask", "static", "NONE", api_domain="https://api.example.com",
                environment=environment)
    with pytest.raises(AssertionError, match=LEFT), BackEnd(kind, site.core, tmp_path):
        pass
