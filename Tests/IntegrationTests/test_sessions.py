"""Sessions of every version through the running gateway, by cookie and by bearer."""

import json
import pathlib

import jwt as pyjwt
import pytest
from support.core import Core
from support.gateway import Gateway, changed
from support.keys import Key, KeyRing
from support.message import bearer, cookie, get, rows
from support.tokens import access, claims_of, inner, legacy, now, seed_session

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
VECTORS = json.loads((FIXTURES / "token-vectors.json").read_text())


@pytest.fixture(scope="module")
def vectors(base_configuration, tmp_path_factory):
    """A gateway whose core has the keys of the vectors."""
    with Core(KeyRing(None, None)) as core:
        core.take_keys(VECTORS)
        core.verify = confirmed
        configuration = changed(base_configuration, sessions__core__urls=[core.url])
        with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
            yield gateway.wait_for_keys()


def confirmed(asked):
    """A child token's session stands, and the token stays."""
    handle = claims_of(asked["accessToken"])["sessionHandle"]
    return {"status": "OK", "session": {"handle": handle, "userId": "u"}}


EXPECTED = {
    "ok": {(200, None)},
    "no_token": {(401, b'{"message":"unauthorised"}')},
    "try_refresh": {(401, b'{"message":"try refresh token"}')},
    "refuse": {(401, b'{"message":"unauthorised"}'), (401, b'{"message":"try refresh token"}')},
}


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS["vectors"]]
)
def test_vector(vectors, upstream, vector, by):
    answer = vectors.ask(get("/required", by(vector["token"])))
    seen = (answer.status, None if answer.status == 200 else answer.body)
    if vector["expected"] == "any":
        assert answer.status in (200, 401)
    else:
        assert seen in EXPECTED[vector["expected"]]
    assert (answer.status == 200) == (not upstream.requests.empty())


def test_there_are_55_vectors():
    assert len(VECTORS["vectors"]) == 55


# Default settings.


@pytest.fixture(scope="module")
def default(base_configuration, tmp_path_factory):
    sessions = {"core": base_configuration["sessions"]["core"]}
    with Gateway(changed(base_configuration, sessions=sessions),
                 tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def injected(gateway, upstream, field, status=200):
    assert gateway.ask(get("/required", field)).status == status
    return upstream.received().value("authorization").removeprefix("Bearer ")


def verified(core, token):
    """The claims, as PyJWT verifies the exact bytes against the keys that the core serves."""
    keys = pyjwt.PyJWKSet.from_dict(core.answer("GET", "/.well-known/jwks.json")[1])
    key_id = pyjwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys.keys if key.key_id == key_id)
    return pyjwt.decode(token, key.key, algorithms=["RS256"], options={"verify_aud": False})


@pytest.mark.parametrize("by", [bearer, cookie])
def test_seed_session(default, upstream, shared_core, keys, by):
    token = injected(default, upstream, by(seed_session(keys, inner(keys.static))))
    assert verified(shared_core, token)["iss"] == "https://api.example.com/auth"


def test_seed_session_in_a_quoted_and_escaped_cookie(default, upstream, shared_core, keys):
    jwt = inner(keys.static)
    session = seed_session(keys, jwt)
    escaped = session.replace("=", "%3D").replace("+", "%2B").replace("/", "%2f")
    for value in (escaped, f'"{session}"', f'"{escaped}"', session.replace("=", "%3d")):
        assert injected(default, upstream, cookie(value)) == jwt


def test_seed_session_under_a_name_of_its_own(default, upstream, shared_core, keys):
    jwt = inner(keys.static, role="admin")
    token = injected(default, upstream, bearer(seed_session(keys, jwt, name="ownName")))
    assert verified(shared_core, token)["role"] == "admin"


def test_version_1_session(default, upstream, keys):
    jwt = inner(keys.static)
    token = legacy(keys.dynamic, {"jwt": jwt}, version=1)
    assert injected(default, upstream, bearer(token)) == jwt


UNUSABLE = [
    ("expired", lambda k: inner(k.static, created=now() - 7200), "jwt_expired"),
    ("without exp", lambda k: inner(k.static, exp=None), "jwt_missing"),
    ("alg none", lambda k: inner(k.static, header={"alg": "none"}), "jwt_missing"),
    ("two segments", lambda k: inner(k.static).rpartition(".")[0], "jwt_missing"),
    ("empty segment", lambda k: inner(k.static).rpartition(".")[0] + ".", "jwt_missing"),
    ("exp a string", lambda k: inner(k.static, exp="4102444800"), "jwt_missing"),
    ("a number", lambda k: 5, "jwt_missing"),
    ("an object", lambda k: {"a": 1}, "jwt_missing"),
    ("longer than 8 KiB", lambda k: inner(k.static, pad="x" * 6200), "jwt_missing"),
    ("absent", lambda k: None, "jwt_missing"),
]


@pytest.mark.parametrize("make, reason", rows(UNUSABLE))
@pytest.mark.parametrize("age", [0, 120])
def test_unusable_jwt(default, upstream, keys, make, reason, age):
    session = seed_session(keys, make(keys), created=now() - age)
    answer = default.ask(get("/required", cookie(session)))
    assert (answer.status, answer.reason) == expected_of_unusable(reason, age)
    assert upstream.received_nothing(0.02)


def expected_of_unusable(reason, age):
    """Young and beyond cure by a refresh: 500. `jwt_expired` is cured by a refresh, but for a JWT
    that was dead when the token was made and is not older than it."""
    if age == 0 and reason == "jwt_missing":
        return (500, "jwt_missing")
    return (401, reason)


def test_jwt_dead_when_the_session_was_made(default, upstream, keys):
    """`exp` not after `timeCreated` and no `iat`: a refresh makes the same again."""
    created = now() - 120
    jwt = inner(keys.static, expires=created - 1, iat=None)
    answer = default.ask(get("/required", bearer(seed_session(keys, jwt, created=created))))
    assert (answer.status, answer.reason) == (500, "jwt_missing")


def test_version_5_session(default, upstream, shared_core, keys):
    token = access(keys.dynamic)
    assert injected(default, upstream, cookie(token)) == token
    assert verified(shared_core, token)["sessionHandle"]


def test_migrated_session_keeps_a_dead_jwt_at_its_root(default, upstream, keys):
    dead = inner(keys.static, created=now() - 7200)
    token = access(keys.dynamic, jwt=dead, _jwtPName="jwt")
    assert injected(default, upstream, cookie(token)) == token


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("by", [bearer, cookie])
def test_recent_versions(default, upstream, keys, version, by):
    token = access(keys.dynamic, version)
    assert injected(default, upstream, by(token)) == token


def test_second_request_with_the_same_token_is_the_same(default, upstream, keys):
    token = access(keys.dynamic)
    with default.connect() as connection:
        for _ in range(20):
            assert connection.ask(get("/required", bearer(token))).status == 200
            assert upstream.received().value("authorization") == f"Bearer {token}"


def test_tokens_that_differ_in_the_last_byte_never_share_a_verdict(default, upstream, keys):
    token = access(keys.dynamic)
    assert default.ask(get("/required", bearer(token))).status == 200
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if last != token[-1]:
            assert default.ask(get("/required", bearer(token[:-1] + last))).status == 401


def test_token_expires_while_it_is_cached(default, upstream, keys):
    token = access(keys.dynamic, expires=now() + 2)
    assert default.ask(get("/required", bearer(token))).status == 200
    default.settle(2.2)
    answer = default.ask(get("/required", bearer(token)))
    assert (answer.status, answer.reason) == (401, "expired")


def test_inner_jwt_expires_while_it_is_cached(default, upstream, keys):
    session = seed_session(keys, inner(keys.static, expires=now() + 2))
    assert default.ask(get("/required", bearer(session))).status == 200
    default.settle(2.2)
    answer = default.ask(get("/required", bearer(session)))
    assert (answer.status, answer.reason) == (401, "jwt_expired")


# Where the token is found: section 3.2 of the protocol.


@pytest.fixture(scope="module")
def transfers(base_configuration, tmp_path_factory):
    running = {}
    for transfer in ("any", "cookie", "header"):
        configuration = changed(base_configuration, sessions__token_transfer=transfer)
        gateway = Gateway(configuration, tmp_path_factory.mktemp("gateway")).started()
        running[transfer] = gateway.wait_for_keys()
    yield running
    for gateway in running.values():
        gateway.kill()


@pytest.mark.parametrize("transfer, has_bearer, has_cookie, used", [
    ("any", "yes", True, "bearer"),
    ("any", "yes", False, "bearer"),
    ("any", "no", True, "cookie"),
    ("any", "foreign", True, "cookie"),
    ("any", "lower case", True, "cookie"),
    ("any", "foreign", False, None),
    ("any", "lower case", False, None),
    ("header", "yes", True, "bearer"),
    ("header", "no", True, None),
    ("header", "foreign", True, None),
    ("cookie", "yes", True, "cookie"),
    ("cookie", "no", True, "cookie"),
    ("cookie", "yes", False, None),
])
def test_location(transfers, upstream, keys, transfer, has_bearer, has_cookie, used):
    tokens = {"bearer": access(keys.dynamic, where="b"), "cookie": access(keys.dynamic, where="c")}
    fields = {
        "yes": [bearer(tokens["bearer"])], "no": [], "foreign": [bearer("abc.def.ghi")],
        "lower case": [f"Authorization: bearer {tokens['bearer']}"],
    }[has_bearer]
    if has_cookie:
        fields.append(cookie(tokens["cookie"]))
    answer = transfers[transfer].ask(get("/required", *fields))
    if used is None:
        assert (answer.status, answer.body) == (401, b'{"message":"unauthorised"}')
    else:
        assert answer.status == 200
        assert upstream.received().value("authorization") == f"Bearer {tokens[used]}"


def test_bad_bearer_never_falls_back_to_the_cookie(default, upstream, keys):
    expired = access(keys.dynamic, created=now() - 7200)
    answer = default.ask(get("/required", bearer(expired), cookie(access(keys.dynamic))))
    assert (answer.status, answer.reason) == (401, "expired")


def test_bearer_value_is_trimmed(default, upstream, keys):
    token = access(keys.dynamic)
    assert injected(default, upstream, f"Authorization: Bearer   {token}  ") == token


def test_two_authorization_fields_never_both_count(default, upstream, keys):
    good, other = access(keys.dynamic), access(Key.made("d-1"))
    for fields in ([bearer(good), bearer(other)], [bearer(other), bearer(good)]):
        answer = default.ask(get("/required", *fields))
        assert answer.status in (400, 401)


# Settings.


def test_formats_accepted(start, base_configuration, upstream, keys):
    old, new = legacy(keys.dynamic), access(keys.dynamic)
    for formats, taken, refused in ((["jwt"], new, old), (["legacy"], old, new)):
        gateway = start(changed(base_configuration, sessions__access_tokens=formats))
        gateway.wait_for_keys()
        assert gateway.ask(get("/required", bearer(taken))).status == 200
        assert gateway.ask(get("/required", bearer(refused))).status == 401


def test_signing_keys(start, base_configuration, upstream, keys):
    made = {"dynamic": access(keys.dynamic), "static": access(keys.static)}
    for rule in ("dynamic", "static", "any"):
        gateway = start(changed(base_configuration, sessions__signing_keys=rule)).wait_for_keys()
        for kind, token in made.items():
            answer = gateway.ask(get("/required", bearer(token)))
            if rule in (kind, "any"):
                assert answer.status == 200
            else:
                assert (answer.status, answer.reason) == (401, "wrong_key_kind")


@pytest.mark.parametrize("source, session, expected", [
    ("auto", "seed", "inner"), ("auto", "recent", "token"),
    ("payload", "seed", "inner"), ("payload", "recent", "inner"),
    ("access_token", "recent", "token"),
])
def test_source_of_the_jwt(start, base_configuration, upstream, keys, source, session, expected):
    jwt = inner(keys.static)
    token = seed_session(keys, jwt) if session == "seed" else access(keys.dynamic, jwt=jwt)
    gateway = start(changed(base_configuration, sessions__jwt={"source": source})).wait_for_keys()
    wanted = jwt if expected == "inner" else token
    assert injected(gateway, upstream, bearer(token)) == wanted


def test_property_of_the_jwt(start, base_configuration, upstream, keys):
    gateway = start(changed(base_configuration, sessions__jwt={"property": "own"})).wait_for_keys()
    own, named = inner(keys.static, a=1), inner(keys.static, b=2)
    session = legacy(keys.dynamic, {"own": own, "jwt": named})
    assert injected(gateway, upstream, bearer(session)) == own
    session = legacy(keys.dynamic, {"own": own, "jwt": named, "_jwtPName": "jwt"})
    assert injected(gateway, upstream, bearer(session)) == named


def test_jwt_not_required(gateway, upstream, keys):
    assert gateway.ask(get("/required", bearer(seed_session(keys)))).status == 200
    assert "authorization" not in upstream.received().names
