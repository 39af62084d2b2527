"""The life of a session that carries a JWT, step by step as the seed-era SDKs make it: what goes
upstream is always the JWT of the token that the request brought, and never a dead one."""

import pytest
from support.client import eventually
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get
from support.tokens import HANDLE, claims_of, inner, legacy, now

TRY_REFRESH = (401, b'{"message":"try refresh token"}')
PARENT = "ab" * 32


@pytest.fixture(scope="module", name="by_default")
def fixture_by_default(base_configuration, tmp_path_factory):
    """A gateway whose sessions have the default settings, and a route with claims."""
    sessions = {"core": base_configuration["sessions"]["core"]}
    configuration = changed(base_configuration, sessions=sessions)
    configuration["routes"].append({
        "path_prefix": "/verified", "upstream": "main",
        "claims": [{"claim": "st-ev", "equals": True}],
    })
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def session(keys, jwt=None, name="jwt", created=None, **payload):
    """A session of the SDK's: its payload, the JWT under its name, and that name."""
    data = payload if jwt is None else {**payload, name: jwt, "_jwtPName": name}
    return legacy(keys.dynamic, data, created=created)


def sent(gateway, upstream, token, path="/required"):
    """The claims of the JWT that a service gets, by cookie as by bearer."""
    jwts = set()
    for field in (cookie(token), bearer(token)):
        answer = gateway.ask(get(path, field))
        assert answer.status == 200, answer.body
        jwts.add(upstream.received().value("authorization"))
    [jwt] = jwts
    return claims_of(jwt.removeprefix("Bearer "))


def refusal(gateway, token, path="/required"):
    answer = gateway.ask(get(path, cookie(token)))
    return (answer.status, answer.body), answer.reason


@pytest.mark.parametrize("payload", [{"role": "admin", "n": 5}, {}], ids=["some", "none"])
def test_created(by_default, upstream, keys, payload):
    """The JWT holds what the payload does, and who made it for whom."""
    jwt = inner(keys.static, **payload)
    claims = sent(by_default, upstream, session(keys, jwt, **payload))
    own = {"iss": "https://api.example.com/auth", "sub": "user-1"}
    assert {name: claims[name] for name in claims if name not in ("exp", "iat")} == own | payload
    assert claims["exp"] - claims["iat"] == 3630


@pytest.mark.parametrize("claims", [
    {"sub": "another"}, {"iss": "https://own.example"}, {"sub": None, "iss": None},
], ids=["sub", "iss", "neither"])
def test_own_subject_and_issuer(by_default, upstream, keys, claims):
    """They are the back end's word to its services; the session's user is the token's."""
    jwt = inner(keys.static, **claims)
    token = legacy(keys.dynamic, {"jwt": jwt, "_jwtPName": "jwt"}, userId="user-of-this")
    assert sent(by_default, upstream, token) == claims_of(jwt)
    assert eventually(lambda: by_default.log_lines()[-1]["user"] == "user-of-this")


def test_jwt_outlives_its_token_to_no_use(by_default, upstream, keys):
    """30 seconds longer than the access token; an expired token is one to refresh all the same."""
    created = now() - 3610
    jwt = inner(keys.static, created=created)
    assert claims_of(jwt)["exp"] > now()
    found, reason = refusal(by_default, session(keys, jwt, created=created))
    assert (found, reason) == (TRY_REFRESH, "expired")
    assert upstream.received_nothing(0.02)


def test_updated(by_default, upstream, keys):
    """New keys, and the JWT's end as it was."""
    created = now() - 600
    end = created + 3630
    first = session(keys, inner(keys.static, created=created, a=1), created=created, a=1)
    claims = sent(by_default, upstream, first)
    assert (claims["a"], claims["exp"]) == (1, end)
    updated = session(keys, inner(keys.static, expires=end, b=2), created=created, b=2)
    claims = sent(by_default, upstream, updated)
    assert (claims.get("a"), claims["b"], claims["exp"]) == (None, 2, end)
    assert (claims["iss"], claims["sub"]) == ("https://api.example.com/auth", "user-1")
    # The token before the update is good until it expires, and its JWT is the one inside.
    assert sent(by_default, upstream, first)["a"] == 1


def test_refreshed(by_default, upstream, keys):
    """After both have ended: the new token carries a new JWT, and the payload stays."""
    created = now() - 7200
    ended = session(keys, inner(keys.static, created=created, a=1), created=created, a=1)
    assert refusal(by_default, ended) == (TRY_REFRESH, "expired")
    claims = sent(by_default, upstream, session(keys, inner(keys.static, a=1), a=1))
    assert (claims["a"], claims["iss"], claims["sub"]) == (
        1, "https://api.example.com/auth", "user-1"
    )
    assert claims["exp"] > now() + 3600


def test_session_from_before_the_jwt(by_default, upstream, keys):
    """An update gives it none, a refresh does: until then it is refused, as one to refresh."""
    old = now() - 120
    for token in (session(keys, created=old, a=1), session(keys, created=old, a=1, updated=True)):
        assert refusal(by_default, token) == (TRY_REFRESH, "jwt_missing")
    assert upstream.received_nothing(0.02)
    assert sent(by_default, upstream, session(keys, inner(keys.static, a=1), a=1))["a"] == 1


def test_feature_that_is_off(by_default, gateway, upstream, keys):
    """A token just made and without a JWT tells that its SDK makes none: no refresh would help, and
    that is said as the operator's matter. Where no JWT is required it passes without one."""
    token = session(keys, a=1)
    answer = by_default.ask(get("/required", cookie(token)))
    assert (answer.status, answer.reason) == (500, "jwt_missing")
    assert gateway.ask(get("/required", cookie(token))).status == 200
    assert upstream.received().value("authorization") is None


def test_property_of_another_name(by_default, upstream, keys):
    """An update keeps the name that the session has, a refresh takes the one configured now; the
    token says which."""
    jwts = [inner(keys.static, step=number) for number in range(3)]
    steps = [
        session(keys, jwts[0], "first"), session(keys, jwts[1], "first", updated=True),
        session(keys, jwts[2], "second", first="no JWT of its own any more"),
    ]
    for number, token in enumerate(steps):
        assert sent(by_default, upstream, token)["step"] == number


def test_claims_are_the_payload_s(by_default, upstream, keys):
    """Set, changed and removed in both: the payload is judged, the JWT goes upstream."""
    yes, no = {"st-ev": {"v": True, "t": 1}}, {"st-ev": {"v": False, "t": 1}}
    token = session(keys, inner(keys.static, **yes), **yes)
    claims = sent(by_default, upstream, token, "/verified")
    assert claims["st-ev"] == {"v": True, "t": 1}
    stale = inner(keys.static, **yes)
    for payload in (no, {}):
        (status, _), reason = refusal(by_default, session(keys, stale, **payload), "/verified")
        assert (status, reason) == (403, "invalid_claim")
    assert upstream.received_nothing(0.02)


def test_promotion_leaves_the_jwt_as_it_is(start, base_configuration, core, keys, upstream):
    """The successor lives a full time from its promotion on, and its JWT not: once that has ended
    the session is one to refresh, whoever asks."""
    configuration = changed(base_configuration, sessions={"core": {"urls": [core.url]}})
    gateway = start(configuration).wait_for_keys()
    end = now() + 2
    data = {"jwt": inner(keys.static, created=end - 3630, expires=end), "_jwtPName": "jwt"}
    successor = legacy(keys.dynamic, data)
    core.verify = lambda asked: {
        "status": "OK", "session": {"handle": HANDLE, "userId": "u"},
        "accessToken": {"token": successor},
    }
    child = legacy(
        keys.dynamic, data, created=now() - 3000, parentRefreshTokenHash1=PARENT
    )
    for token in (child, successor):
        assert sent(gateway, upstream, token)["exp"] == end
    gateway.settle(2.2)
    for token in (successor, child):
        assert refusal(gateway, token) == (TRY_REFRESH, "jwt_expired")
    assert core.count("/recipe/session/verify") == 1
