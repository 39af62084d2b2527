"""What the gateway answers by itself: status, body and reason of each refusal."""

import json
import re

import pytest
from support.gateway import changed
from support.message import bearer, cookie, get, post
from support.tokens import access, inner, legacy, now, seed_session

UNAUTHORISED = b'{"message":"unauthorised"}'
TRY_REFRESH = b'{"message":"try refresh token"}'


@pytest.fixture(scope="module")
def strict(base_configuration, tmp_path_factory):
    """The default session settings: dynamic keys only, a JWT required."""
    from support.gateway import Gateway

    sessions = {"core": base_configuration["sessions"]["core"]}
    with Gateway(changed(base_configuration, sessions=sessions),
                 tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def refused(gateway, upstream, data, status, body, reason):
    answer = gateway.ask(data)
    assert (answer.status, answer.reason) == (status, reason)
    if body is not None:
        assert answer.body == body
        assert answer.value("content-type").startswith("application/json")
    assert answer.value("cache-control") == "no-store"
    assert upstream.received_nothing(0.02)
    return answer


def test_no_session(strict, upstream):
    refused(strict, upstream, get("/required"), 401, UNAUTHORISED, "no_session")


def test_expired(strict, upstream, keys):
    token = access(keys.dynamic, created=now() - 7200)
    for field in (bearer(token), cookie(token)):
        refused(strict, upstream, get("/required", field), 401, TRY_REFRESH, "expired")


def test_expired_on_an_optional_route(strict, upstream, keys):
    token = access(keys.dynamic, created=now() - 7200)
    refused(strict, upstream, get("/optional", cookie(token)), 401, TRY_REFRESH, "expired")


def test_expired_legacy_token(strict, upstream, keys):
    token = legacy(keys.dynamic, {"jwt": inner(keys.static)}, created=now() - 7200)
    refused(strict, upstream, get("/required", bearer(token)), 401, TRY_REFRESH, "expired")


def test_bad_signature(strict, upstream, keys):
    token = access(keys.dynamic)
    broken = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    refused(strict, upstream, get("/required", bearer(broken)), 401, TRY_REFRESH, "bad_signature")


def test_unknown_key(strict, upstream, keys):
    from support.keys import Key

    token = access(Key("d-1", keys.dynamic.private, 0))
    refused(strict, upstream, get("/required", bearer(token)), 401, TRY_REFRESH, "unknown_key")


@pytest.mark.parametrize("value", ["garbage", "a.b.c", "", "eyJ.eyJ.x"])
def test_what_is_no_token_counts_as_none(strict, upstream, value):
    for field in (bearer(value), cookie(value)):
        answer = strict.ask(get("/required", field))
        assert (answer.status, answer.body) == (401, UNAUTHORISED)
        assert answer.reason in ("no_session", "not_a_session_token")
        assert strict.ask(get("/optional", field)).status == 200
        assert upstream.received().value("authorization") is None


def test_wrong_kind_of_key(strict, upstream, keys):
    token = access(keys.static)
    refused(strict, upstream, get("/required", bearer(token)), 401, TRY_REFRESH, "wrong_key_kind")


def test_duplicate_cookie(strict, upstream, keys):
    token = access(keys.dynamic)
    for fields in ([cookie(token), cookie(token)], [f"{cookie(token)}; sAccessToken=x"]):
        refused(strict, upstream, get("/required", *fields), 401, TRY_REFRESH, "duplicate_cookie")


def test_duplicate_cookie_does_not_matter_beside_a_bearer(strict, upstream, keys):
    token = access(keys.dynamic)
    answer = strict.ask(get("/required", bearer(token), cookie("x"), cookie("y")))
    assert answer.status == 200


def test_jwt_missing_where_no_refresh_can_cure_it(strict, upstream, keys):
    answer = refused(
        strict, upstream, get("/required", bearer(seed_session(keys))), 500, None, "jwt_missing"
    )
    assert answer.value("content-type").startswith("application/problem+json")
    assert "Session.init({jwt: {enable: true}})" in json.loads(answer.body)["detail"]


def test_jwt_missing_where_a_refresh_may_cure_it(strict, upstream, keys):
    token = seed_session(keys, created=now() - 120)
    refused(strict, upstream, get("/required", bearer(token)), 401, TRY_REFRESH, "jwt_missing")


def test_jwt_expired(strict, upstream, keys):
    token = seed_session(keys, inner(keys.static, created=now() - 7200), created=now() - 120)
    refused(strict, upstream, get("/required", bearer(token)), 401, TRY_REFRESH, "jwt_expired")


def test_no_route(strict, upstream):
    answer = refused(strict, upstream, get("/nothing"), 404, None, "no_route")
    problem(answer, 404)


def test_method_not_allowed(strict, upstream):
    answer = refused(strict, upstream, post("/jwt"), 405, None, "method_not_allowed")
    assert set(answer.value("allow").split(", ")) >= {"GET", "HEAD"}
    problem(answer, 405)


def test_token_not_exposed(strict, upstream, keys):
    token = access(keys.dynamic)
    refused(strict, upstream, get("/jwt", cookie(token)), 403, None, "token_not_exposed")
    assert strict.ask(get("/exposed", cookie(token))).status == 200
    assert strict.ask(get("/jwt", bearer(token))).status == 200


def test_respond_without_a_session(strict, upstream):
    refused(strict, upstream, get("/jwt"), 401, UNAUTHORISED, "no_session")


def test_seed_jwt_is_exposed_from_a_cookie(strict, keys):
    jwt = inner(keys.static)
    answer = strict.ask(get("/jwt", f"Cookie: sAccessToken={seed_session(keys, jwt)}"))
    assert json.loads(answer.body) == {"token": jwt}


def test_bad_request(strict, upstream):
    answer = refused(strict, upstream, get("/required#"), 400, None, "bad_request")
    problem(answer, 400)


def test_other_status_for_refused_sessions(start, base_configuration, upstream, keys):
    gateway = start(changed(base_configuration, sessions__expired_status=440)).wait_for_keys()
    refused(gateway, upstream, get("/required"), 440, UNAUTHORISED, "no_session")
    token = access(keys.dynamic, created=now() - 7200)
    refused(gateway, upstream, get("/required", bearer(token)), 440, TRY_REFRESH, "expired")


def test_core_unreachable(start, base_configuration, upstream, keys):
    configuration = changed(base_configuration, sessions__core__urls=["http://127.0.0.1:9"])
    gateway = start(configuration)
    answer = gateway.ask(get("/required", bearer(access(keys.dynamic))))
    assert (answer.status, answer.reason) == (503, "core_unreachable")
    assert int(answer.value("retry-after")) > 0
    assert gateway.ask(get("/required")).status == 401
    assert gateway.ask(get("/public")).status == 200
    assert gateway.admin("/readyz").status == 503
    assert gateway.admin("/livez").status == 200


def test_upstream_unreachable(start, base_configuration):
    gateway = start(changed(base_configuration, upstreams__main__targets=["http://127.0.0.1:9"]))
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")
    problem(answer, 502)


def test_upstream_timeout(start, base_configuration, own_upstream):
    configuration = changed(
        base_configuration, upstreams__main={
            "targets": [own_upstream.url], "response_timeout": "300ms",
        },
    )
    own_upstream.answer = lambda call: call.reader.fill()
    answer = start(configuration).ask(get("/public"))
    assert (answer.status, answer.reason) == (504, "upstream_timeout")


def test_upstream_protocol(gateway, upstream):
    upstream.answer = b"NONSENSE\r\n\r\n"
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_protocol")


def test_redirect_to_https(start, base_configuration, certificate):
    from support.ports import free_port

    plain, secure = free_port(), free_port()
    configuration = changed(
        base_configuration,
        listeners=[
            {"address": f"127.0.0.1:{plain}", "redirect_to_https": True},
            {"address": f"127.0.0.1:{secure}", "tls": {"certificates": [certificate.files()]}},
        ],
    )
    gateway = start(configuration)
    gateway.port = plain
    answer = gateway.ask(get("/a%2fb?c=d"))
    assert (answer.status, answer.reason) == (308, "redirect")
    assert re.fullmatch(r"https://app\.example\.com(:\d+)?/a%2[fF]b\?c=d", answer.value("location"))
    assert gateway.ask(get("/", "Host: x.wild.example.com")).status == 308
    answer = gateway.ask(get("/", "Host: evil.test"))
    assert (answer.status, answer.reason) == (400, "bad_request")
    assert "evil" not in str(answer.fields)


def problem(answer, status):
    """RFC 9457."""
    assert answer.value("content-type").startswith("application/problem+json")
    assert json.loads(answer.body)["status"] == status


def test_after_a_refusal_nothing_of_the_upstream_reaches_the_client(gateway, upstream):
    """CVE-2025-31492."""
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    with gateway.connect() as connection:
        connection.send(get("/required") + get("/required"))
        connection.socket.settimeout(1)
        first, second = connection.read(), connection.read()
        assert (first.status, second.status) == (401, 401)
        assert b"secret" not in first.body + second.body + connection.reader.buffer
