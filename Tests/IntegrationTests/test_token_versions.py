"""Session tokens of every version that cores have made: with and without a question to the core,
by either kind of key, and with all that a payload may hold."""

import json
import uuid

import pytest
from support.client import eventually
from support.gateway import changed
from support.message import bearer, cookie, get
from support.tokens import access, claims_of, inner, legacy, now, signed_jwt

HANDLE = "5c1d9a52-77a0-4b2e-9f40-1f0c7a3f2b33"
VERSIONS = [1, 2, 3, 4, 5]
UNAUTHORISED = (401, b'{"message":"unauthorised"}')
TRY_REFRESH = (401, b'{"message":"try refresh token"}')
VERIFY = "/recipe/session/verify"


def token_of(keys, version, **claims):
    """A token with a JWT in the eras that have one inside."""
    if version > 2:
        return access(keys.dynamic, version, sessionHandle=HANDLE, **claims)
    data = {"jwt": inner(keys.static), **claims}
    return legacy(keys.dynamic, data, version=version, sessionHandle=HANDLE)


def found(answer):
    return answer.status, answer.body


@pytest.fixture(name="asking")
def fixture_asking(start, base_configuration, core, upstream):
    """A gateway with a core of its own, and a route that asks it about every request."""
    core.verify = lambda asked: {"status": "OK", "session": {"handle": HANDLE, "userId": "u"}}

    def started(**sessions):
        configuration = changed(base_configuration, sessions__core__urls=[core.url])
        configuration["sessions"].update(sessions)
        checked = {"path_prefix": "/checked", "check_database": True, "upstream": "main"}
        configuration["routes"].append(checked)
        return start(configuration).wait_for_keys()

    return started


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_end_that_only_the_core_knows(asking, core, keys, upstream, version, by):
    """The token is good until it expires, where the core is not asked; where it is, the session has
    ended, and from then on everywhere."""
    gateway, field = asking(), by(token_of(keys, version))
    for path in ("/required", "/checked"):
        assert gateway.ask(get(path, field)).status == 200
    assert core.count(VERIFY) == 1
    core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "Session missing in db"}
    assert gateway.ask(get("/required", field)).status == 200
    assert core.count(VERIFY) == 1
    answer = gateway.ask(get("/checked", field))
    assert found(answer) == UNAUTHORISED
    assert answer.value("front-token") == "remove"
    for path in ("/required", "/checked"):
        assert found(gateway.ask(get(path, field))) == UNAUTHORISED
    assert core.count(VERIFY) == 2


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_changed_payload_is_told_as_the_token_came(asking, core, keys, upstream, version, by):
    """In a cookie to who sent a cookie, in a field to who sent a bearer; the refresh token and the
    anti-CSRF token stay."""
    gateway = asking(anti_csrf="token")
    new = token_of(keys, version, role="new")
    session = {"handle": HANDLE, "userId": "u"}
    core.verify = lambda asked: {
        "status": "OK", "session": session, "accessToken": {"token": new},
    }
    answer = gateway.ask(get("/checked", by(token_of(keys, version, role="old"))))
    assert answer.status == 200
    sent = upstream.received().value("authorization").removeprefix("Bearer ")
    assert sent == (new if version > 2 else claims_of(new)["userData"]["jwt"])
    names = [value.partition("=")[0] for value in answer.values("set-cookie")]
    assert names == (["sAccessToken"] if by is cookie else [])
    assert answer.values("st-access-token") == ([new] if by is bearer else [])
    assert len(answer.values("front-token")) == 1
    assert not answer.values("st-refresh-token") and not answer.values("anti-csrf")


# JWTs of `POST /recipe/jwt` that hold all of a session's claims are session tokens.


def created_jwt(keys, key):
    """As a back end makes one from a session's payload: the header names no version."""
    payload = claims_of(access(keys.dynamic, sessionHandle=HANDLE))
    payload.update(iat=now(), exp=now() + 1234)
    return signed_jwt(key, {"kid": key.key_id, "typ": "JWT", "alg": "RS256"}, payload)


@pytest.mark.parametrize("path", ["/required", "/checked"])
def test_created_jwt(asking, core, keys, upstream, path):
    gateway, token = asking(), created_jwt(keys, keys.dynamic)
    assert gateway.ask(get(path, bearer(token))).status == 200
    sent = upstream.received().value("authorization").removeprefix("Bearer ")
    assert claims_of(sent)["exp"] - claims_of(sent)["iat"] == 1234
    assert core.count(VERIFY) == (path == "/checked")


@pytest.mark.parametrize("setting", ["dynamic", "static"])
def test_created_jwt_by_the_other_kind_of_key(asking, keys, upstream, setting):
    gateway = asking(signing_keys=setting)
    for kind, key in (("dynamic", keys.dynamic), ("static", keys.static)):
        answer = gateway.ask(get("/required", bearer(created_jwt(keys, key))))
        assert found(answer) == ((200, b"ok") if kind == setting else TRY_REFRESH)


@pytest.mark.parametrize("first, then", [("dynamic", "static"), ("static", "dynamic")])
def test_switch_of_the_kind_of_key(start, base_configuration, keys, upstream, first, then):
    """A token that was accepted, and is remembered, is to be refreshed; the refreshed one passes.
    V2 tokens have no kind."""
    configuration = changed(base_configuration, sessions__signing_keys=first)
    gateway = start(configuration).wait_for_keys()
    made = {"dynamic": access(keys.dynamic), "static": access(keys.static)}
    seed = legacy(keys.dynamic, {"jwt": inner(keys.static)})
    for _ in range(2):
        for token in (made[first], seed):
            assert gateway.ask(get("/required", cookie(token))).status == 200
    gateway.reload(changed(configuration, sessions__signing_keys=then))
    for _ in range(2):
        answer = gateway.ask(get("/required", cookie(made[first])))
        assert (found(answer), answer.reason) == (TRY_REFRESH, "wrong_key_kind")
        for token in (made[then], seed):
            assert gateway.ask(get("/required", cookie(token))).status == 200


# What a payload may hold.

ABSENT = object()


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("value, asks", [
    (ABSENT, False), (None, False), (1, False), ({}, False), ("", True), ("ab" * 32, True),
], ids=["absent", "null", "number", "object", "empty", "hash"])
def test_claims_that_may_be_null(asking, core, keys, upstream, version, value, asks):
    """A parent makes a child token only where it is a string; the session passes with all of
    them."""
    gateway, payload = asking(), claims_of(access(keys.dynamic, version, sessionHandle=HANDLE))
    for name in ("parentRefreshTokenHash1", "antiCsrfToken"):
        del payload[name]
        if value is not ABSENT:
            payload[name] = value
    header = {"kid": keys.dynamic.key_id, "typ": "JWT", "version": str(version), "alg": "RS256"}
    token = signed_jwt(keys.dynamic, header, payload)
    assert gateway.ask(get("/required", bearer(token))).status == 200
    assert core.count(VERIFY) == asks


PROTECTED = {
    "sub": "other", "userId": "other", "exp": 1, "iat": 1, "expiryTime": 1, "timeCreated": 1,
    "sessionHandle": "other", "refreshTokenHash1": 5, "parentRefreshTokenHash1": "ab" * 32,
    "antiCsrfToken": "x", "tId": 1, "rsub": None, "stt": 1, "iss": "https://other.example",
}


@pytest.mark.parametrize("version", [1, 2])
def test_protected_names_in_the_payload_of_an_old_token(asking, core, keys, upstream, version):
    """They are the payload's own there: a session moves on to claims of that name step by step."""
    gateway = asking()
    assert gateway.ask(get("/required", cookie(token_of(keys, version, **PROTECTED)))).status == 200
    assert core.count(VERIFY) == 0
    line = eventually(lambda: gateway.log_lines()[-1])
    assert line["user"] == "user-1"
    assert gateway.ask(get("/checked", cookie(token_of(keys, version, **PROTECTED)))).status == 200
    assert claims_of(core.asked[-1]["accessToken"])["sessionHandle"] == HANDLE


@pytest.mark.parametrize("user", ["custom-user-id", "", "a b\"c\\", "\u00fc\u65e5\U0001f600", "0"])
def test_user_ids_of_any_form(gateway, keys, upstream, user):
    for token in (access(keys.dynamic, sub=user, rsub=user), legacy(keys.dynamic, userId=user)):
        for field in (bearer(token), cookie(token)):
            path = f"/required/{uuid.uuid4()}"
            assert gateway.ask(get(path, field)).status == 200
            assert upstream.received().value("authorization") in (None, f"Bearer {token}")
            [line] = eventually(lambda: [
                line for line in gateway.log_lines() if line["path"] == path
            ])
            assert line["user"] == (user or None)


@pytest.mark.parametrize("content", [{}, {"a": None}, {"a": {"b": None}}, {"": ""}], ids=json.dumps)
def test_payloads_with_nothing_in_them(gateway, keys, upstream, content):
    for token in (access(keys.dynamic, **content), legacy(keys.dynamic, content)):
        assert gateway.ask(get("/required", bearer(token))).status == 200
        sent = upstream.received().value("authorization")
        assert sent in (None, f"Bearer {token}")
