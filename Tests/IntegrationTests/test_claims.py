"""What a session's claims must say: `sessions.claims` and `routes[].claims`."""

import json
import time

import pytest
from support.client import eventually
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get, request
from support.tokens import access, inner, legacy

ADMIN = {"v": ["user", "admin"], "t": 1_700_000_000_000}
USER = {"v": ["user"], "t": 1_700_000_000_000}
WRONG = {
    "message": "wrong value", "expectedToInclude": "admin", "actualValue": ["user"],
}


def tokens(keys, **claims):
    """A token of each era with the claims in its payload."""
    return [
        access(keys.dynamic, **claims),
        legacy(keys.dynamic, {"jwt": inner(keys.static), **claims}),
        legacy(keys.dynamic, {"jwt": inner(keys.static), **claims}, version=1),
    ]


def body(*errors):
    """The 403's content, as `JSON.stringify` writes it."""
    named = [{"id": name, "reason": reason} for name, reason in errors]
    content = {"message": "invalid claim", "claimValidationErrors": named}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def assert_passed(answer, upstream):
    assert answer.status == 200, answer.body
    assert upstream.received().value("authorization").startswith("Bearer ey")


def assert_refused(answer, *errors, status=403):
    assert (answer.status, answer.reason) == (status, "invalid_claim")
    assert answer.body == body(*errors)
    assert answer.value("content-type") == "application/json; charset=utf-8"
    assert answer.value("cache-control") == "no-store"
    assert not answer.values("set-cookie") and not answer.values("www-authenticate")


@pytest.fixture(scope="module", name="asking")
def fixture_asking(base_configuration, tmp_path_factory):
    """A gateway whose sessions must be an admin's, and whose routes ask for other things."""
    def route(path, claims=None, **more):
        own = {} if claims is None else {"claims": claims}
        return {"path_prefix": path, "upstream": "main", **own, **more}

    many = [
        {"claim": "st-ev", "equals": True},
        {"claim": "st-role", "includes": ["user", "admin"], "id": "roles"},
        {"claim": "st-role", "excludes": "banned"},
        {"claim": "plan", "includes_any": ["gold", "silver"]},
        {"claim": "tier", "equals": 2, "max_age": "1h"},
    ]
    configuration = changed(
        base_configuration,
        sessions__claims=[{"claim": "st-role", "includes": "admin"}],
        routes=[
            route("/role"),
            route("/optional", session="optional"),
            route("/any", []),
            route("/x", [{"claim": "st-x", "equals": True}]),
            route("/many", many),
            route("/age", [{"claim": "st-role", "max_age": "2s"}]),
            route("/public", session="public"),
            route("/passthrough", session="passthrough"),
            {"path_exact": "/jwt", "respond": "jwt"},
            {"path_exact": "/jwt-any", "respond": "jwt", "claims": []},
        ],
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def test_words_of_the_sdk(asking, keys, upstream):
    """As the Node SDK 24 answered: `== claim fail` of its recorded transcripts."""
    for token in tokens(keys, **{"st-x": {"v": False, "t": 1_700_000_000_000}}):
        for field in (cookie(token), bearer(token)):
            answer = asking.ask(get("/x", field))
            assert answer.status == 403
            assert answer.body == (
                b'{"message":"invalid claim","claimValidationErrors":[{"id":"st-x","reason":'
                b'{"message":"wrong value","expectedValue":true,"actualValue":false}}]}'
            )
    assert upstream.received_nothing()


def test_both_eras(asking, keys, upstream):
    for token in tokens(keys, **{"st-role": ADMIN}):
        for field in (cookie(token), bearer(token)):
            for _ in range(2):  # verified, and remembered
                assert_passed(asking.ask(get("/role", field)), upstream)
    for token in tokens(keys, **{"st-role": USER}):
        for field in (cookie(token), bearer(token)):
            for _ in range(2):
                assert_refused(asking.ask(get("/role", field)), ("st-role", WRONG))
    missing = {"message": "value does not exist", "expectedToInclude": "admin"}
    for token in tokens(keys):
        assert_refused(asking.ask(get("/role", cookie(token))), ("st-role", missing))
    assert upstream.received_nothing()


def test_only_the_payload_of_an_era_counts(asking, keys, upstream):
    """What stands beside `userData` in an old token is no claim."""
    token = legacy(keys.dynamic, {"jwt": inner(keys.static)}, **{"st-role": ADMIN})
    assert asking.ask(get("/role", cookie(token))).status == 403
    nested = access(keys.dynamic, userData={"st-role": ADMIN})
    assert asking.ask(get("/role", bearer(nested))).status == 403
    assert upstream.received_nothing()


def test_routes_have_their_own(asking, keys, upstream):
    """One verdict of the cache never serves another list."""
    for token in tokens(keys, **{"st-role": USER, "st-x": {"v": True, "t": 1}}):
        for _ in range(2):
            assert_refused(asking.ask(get("/role", cookie(token))), ("st-role", WRONG))
            assert_passed(asking.ask(get("/x", cookie(token))), upstream)
            assert_passed(asking.ask(get("/any", cookie(token))), upstream)
    for token in tokens(keys, **{"st-role": ADMIN}):
        assert_passed(asking.ask(get("/role", cookie(token))), upstream)
        missing = {"message": "value does not exist", "expectedValue": True}
        assert_refused(asking.ask(get("/x", cookie(token))), ("st-x", missing))


def test_all_errors_in_order(asking, keys, upstream):
    claims = {
        "st-ev": {"v": "true"}, "st-role": ["user", "banned"], "plan": {"v": "gold"},
        "tier": {"v": 2.50, "t": int(time.time() * 1000)},
    }
    errors = [
        ("st-ev", {"message": "wrong value", "expectedValue": True, "actualValue": "true"}),
        ("roles", {
            "message": "wrong value", "expectedToInclude": ["user", "admin"],
            "actualValue": ["user", "banned"],
        }),
        ("st-role", {
            "message": "wrong value", "expectedToNotInclude": "banned",
            "actualValue": ["user", "banned"],
        }),
        ("plan", {
            "message": "wrong value", "expectedToIncludeAtLeastOneOf": ["gold", "silver"],
            "actualValue": "gold",
        }),
        ("tier", {"message": "wrong value", "expectedValue": 2, "actualValue": 2.5}),
    ]
    for token in tokens(keys, **claims):
        assert_refused(asking.ask(get("/many", cookie(token))), *errors)
    good = {
        "st-ev": True, "st-role": ["admin", "user"], "plan": {"v": ["silver"]},
        "tier": {"v": 2.0, "t": int(time.time() * 1000)},
    }
    for token in tokens(keys, **good):
        assert_passed(asking.ask(get("/many", bearer(token))), upstream)
    old = tokens(keys, **{**good, "tier": {"v": 2, "t": 1_000_500}})[0]
    reason = json.loads(asking.ask(get("/many", bearer(old))).body)["claimValidationErrors"][0]
    assert reason["id"] == "tier"
    assert list(reason["reason"]) == ["message", "ageInSeconds", "maxAgeInSeconds"]
    assert reason["reason"]["maxAgeInSeconds"] == 3600
    assert abs(reason["reason"]["ageInSeconds"] - (time.time() - 1000.5)) < 5


def test_optional(asking, keys, upstream):
    assert asking.ask(get("/optional")).status == 200
    assert not upstream.received().values("authorization")
    for token in tokens(keys, **{"st-role": USER}):
        assert_refused(asking.ask(get("/optional", cookie(token))), ("st-role", WRONG))
    for token in tokens(keys, **{"st-role": ADMIN}):
        assert_passed(asking.ask(get("/optional", cookie(token))), upstream)


def test_routes_that_look_at_no_session(asking, keys, upstream):
    for token in tokens(keys, **{"st-role": USER}):
        for path in ("/public", "/passthrough"):
            assert asking.ask(get(path, cookie(token))).status == 200
            upstream.received()


def test_respond(asking, keys):
    """Claims come before the question whether a script may have the token."""
    for token in tokens(keys, **{"st-role": USER}):
        assert_refused(asking.ask(get("/jwt", cookie(token))), ("st-role", WRONG))
        assert asking.ask(get("/jwt-any", bearer(token))).status == 200
    token = tokens(keys, **{"st-role": ADMIN})[0]
    assert json.loads(asking.ask(get("/jwt", bearer(token))).body) == {"token": token}
    assert asking.ask(get("/jwt", cookie(token))).reason == "token_not_exposed"


def test_anti_csrf_comes_first(asking, keys):
    foreign = "Sec-Fetch-Site: cross-site"
    token = tokens(keys, **{"st-role": USER})[0]
    answer = asking.ask(request("POST /role HTTP/1.1", cookie(token), foreign))
    assert (answer.status, answer.reason) == (401, "anti_csrf")
    answer = asking.ask(request("POST /role HTTP/1.1", bearer(token), foreign))
    assert_refused(answer, ("st-role", WRONG))


def test_no_content_for_head(asking, keys):
    token = tokens(keys, **{"st-role": USER})[1]
    answer = asking.ask(request("HEAD /role HTTP/1.1", cookie(token)))
    assert (answer.status, answer.body) == (403, b"")
    assert int(answer.value("content-length")) == len(body(("st-role", WRONG)))


def test_a_remembered_verdict_ends_with_the_claims_age(asking, keys, upstream):
    before = int(time.time() * 1000)
    misses = asking.metric("sallyport_token_cache_misses")
    given = tokens(keys, **{"st-role": {"v": [], "t": before}})
    for token in given:
        assert_passed(asking.ask(get("/age", cookie(token))), upstream)
    time.sleep(max(0, (before + 2050) / 1000 - time.time()))
    for token in given:
        answer = asking.ask(get("/age", cookie(token)))
        assert (answer.status, answer.reason) == (403, "invalid_claim")
        [error] = json.loads(answer.body)["claimValidationErrors"]
        assert error["reason"]["message"] == "expired"
        assert error["reason"]["maxAgeInSeconds"] == 2
        assert 2 < error["reason"]["ageInSeconds"] < 30
        assert_passed(asking.ask(get("/any", cookie(token))), upstream)
    # Nothing was verified a second time.
    assert asking.metric("sallyport_token_cache_misses") == misses + len(given)


def test_metrics_and_log(asking, keys):
    name = 'sallyport_session_checks_total{result="invalid_claim"}'
    before = asking.metric(name)
    assert asking.ask(get("/role", cookie(tokens(keys)[0]))).status == 403
    assert asking.metric(name) == before + 1
    assert eventually(lambda: asking.log_lines()[-1]["reason"] == "invalid_claim")
    assert asking.log_lines()[-1]["status"] == 403


def test_status_and_reload(start, base_configuration, keys, upstream):
    """A reload with other claims judges remembered tokens anew."""
    first = changed(
        base_configuration,
        sessions__claims=[{"claim": "st-role", "includes": "admin"}],
        sessions__invalid_claim_status=418,
        forwarding__cors={"origins": ["https://shop.example"]},
    )
    gateway = start(first).wait_for_keys()
    token = tokens(keys, **{"st-role": USER})[0]
    answer = gateway.ask(get("/required", cookie(token), "Origin: https://shop.example"))
    assert_refused(answer, ("st-role", WRONG), status=418)
    assert answer.value("access-control-allow-origin") == "https://shop.example"
    gateway.reload(changed(first, sessions__claims=[{"claim": "st-role", "includes": "user"}]))
    assert_passed(gateway.ask(get("/required", cookie(token))), upstream)
    gateway.reload(changed(first, sessions__claims=[{"claim": "st-role", "excludes": "user"}]))
    answer = gateway.ask(get("/required", cookie(token)))
    reason = {"message": "wrong value", "expectedToNotInclude": "user", "actualValue": ["user"]}
    assert_refused(answer, ("st-role", reason), status=418)


def test_largest_answer(start, base_configuration, keys):
    """Errors that do not fit are told without the claim's value, and then not at all."""
    rules = [{"claim": "c", "equals": True, "id": str(number)} for number in range(32)]
    gateway = start(changed(base_configuration, sessions__claims=rules)).wait_for_keys()
    token = access(keys.dynamic, c="x" * 5000)
    answer = gateway.ask(get("/required", bearer(token)))
    assert answer.status == 403 and len(answer.body) < 16 * 1024 + 64
    errors = json.loads(answer.body)["claimValidationErrors"]
    assert 3 < len(errors) < len(rules)
    assert [error["id"] for error in errors] == [rule["id"] for rule in rules[:len(errors)]]
    shown = ["actualValue" in error["reason"] for error in errors]
    assert shown == [True] * 3 + [False] * (len(errors) - 3)
