"""A child token's successor beside what else an answer says: claims, refusals, the upstream's own
fields, and settings of the cookie."""

import json

import pytest
from support.gateway import changed
from support.message import bearer, cookie, post, request
from support.tokens import access
from test_children import HANDLE, Rotation

METHODS = {"cookie": cookie, "bearer": bearer}
SESSION_FIELDS = ["set-cookie", "front-token", "st-access-token", "st-refresh-token"]


@pytest.fixture(name="rotation")
def fixture_rotation(keys, core):
    return Rotation(keys, core)


@pytest.fixture(name="started")
def fixture_started(start, base_configuration, core, rotation, upstream):
    """A gateway with a core of its own."""

    def with_settings(**more):
        configuration = changed(base_configuration, sessions__core__urls=[core.url], **more)
        return start(configuration).wait_for_keys()

    return with_settings


def ask(gateway, *fields, method="GET", path="/required"):
    return gateway.ask(request(f"{method} {path} HTTP/1.1", *fields))


def given(answer):
    """What an answer gives or takes of the session."""
    return [name for name in SESSION_FIELDS if answer.values(name)]


@pytest.mark.parametrize("era", ["recent", "seed"])
@pytest.mark.parametrize("by", METHODS)
def test_a_refusal_for_claims_delivers_nothing(started, rotation, upstream, by, era):
    """As in the SDKs, which look at claims before they touch the answer. The successor is kept for
    the next request."""
    gateway = started(routes=[
        {"path_prefix": "/role", "upstream": "main",
         "claims": [{"claim": "st-role", "includes": "admin"}]},
        {"path_prefix": "/required", "upstream": "main"},
    ])
    child, field = (made := rotation.child(era)), METHODS[by](made)
    for _ in range(2):
        answer = ask(gateway, field, path="/role")
        assert (answer.status, json.loads(answer.body)["message"]) == (403, "invalid claim")
        assert given(answer) == []
        assert "front-token" not in (answer.value("access-control-expose-headers") or "")
    answer = ask(gateway, field)
    assert answer.status == 200
    assert given(answer) == {
        "cookie": ["set-cookie", "front-token"], "bearer": ["front-token", "st-access-token"],
    }[by]
    assert rotation.count() == 1 and rotation.promoted[child]


def test_a_refusal_for_anti_csrf_delivers_nothing(started, rotation, upstream):
    """Neither before the core was asked nor once its answer is known."""
    gateway, child = started(sessions__anti_csrf="custom_header"), rotation.child()
    for count in (0, 1):
        answer = ask(gateway, cookie(child), method="POST")
        assert (answer.status, answer.body) == (401, b'{"message":"try refresh token"}')
        assert given(answer) == [] and rotation.count() == count
        assert given(ask(gateway, cookie(child), "rid: x", method="POST")) == SESSION_FIELDS[:2]


@pytest.mark.parametrize("exposed, by, expected", [
    ("x-own", "cookie", "x-own, front-token"),
    ("x-own", "bearer", "x-own, front-token, st-access-token"),
    ("", "cookie", "front-token"),
])
def test_fields_of_the_upstream_stay(started, rotation, own_upstream, exposed, by, expected):
    """The successor's are added to them; none is replaced."""
    lines = [
        "HTTP/1.1 200 OK", "Set-Cookie: a=b", f"Access-Control-Expose-Headers: {exposed}",
        "x-own: 1", "Set-Cookie: sAccessToken2=c; Path=/", "anti-csrf: d", "Content-Length: 0",
    ]
    own_upstream.answer = "\r\n".join([*lines, "", ""]).encode()
    gateway = started(upstreams__main__targets=[own_upstream.url])
    answer = ask(gateway, METHODS[by](rotation.child()))
    assert answer.value("access-control-expose-headers") == expected
    assert answer.values("set-cookie")[:2] == ["a=b", "sAccessToken2=c; Path=/"]
    assert (answer.value("x-own"), answer.value("anti-csrf")) == ("1", "d")
    assert len(answer.values("set-cookie")) == (3 if by == "cookie" else 2)


@pytest.mark.parametrize("size", [1, 4500])
@pytest.mark.parametrize("is_exposed", [False, True], ids=["hidden", "exposed"])
def test_access_token_of_a_cookie_for_pages(
    started, rotation, keys, upstream, is_exposed, size
):
    """Its copy in a field, where the back end's SDK gives one too
    (`exposeAccessTokenToFrontendInCookieBasedAuth`); by our own answers as by an upstream's."""
    gateway = started(sessions__cookies={"expose_access_token": is_exposed})
    claims = {"sessionHandle": HANDLE, "large": "x" * size}
    child = access(keys.dynamic, parentRefreshTokenHash1="ab" * 32, **claims)
    rotation.promoted[child] = access(keys.dynamic, **claims)
    for path in ("/required", "/exposed"):
        answer = ask(gateway, cookie(child), path=path)
        assert answer.status == 200
        [line] = answer.values("set-cookie")
        assert line.startswith(f"sAccessToken={rotation.promoted[child]}; ")
        assert answer.values("st-access-token") == [rotation.promoted[child]] * is_exposed
        names = "front-token, st-access-token" if is_exposed else "front-token"
        assert answer.value("access-control-expose-headers") == names
    answer = ask(gateway, bearer(child))
    assert given(answer) == ["front-token", "st-access-token"]


@pytest.mark.parametrize("site", ["none", "lax", "strict"])
def test_same_site_without_anti_csrf(started, rotation, upstream, site):
    """Every `SameSite` may be used with anti-CSRF off; the cookie has it as written."""
    gateway = started(sessions__anti_csrf="none", sessions__cookies={"same_site": site})
    answer = gateway.ask(post("/required", cookie(rotation.child())))
    assert answer.status == 200
    [line] = answer.values("set-cookie")
    assert line.endswith(f"; Secure; SameSite={site.capitalize()}")


@pytest.mark.parametrize("path", [None, "/access"])
def test_path_of_the_cookie(started, rotation, upstream, path):
    gateway = started(**({"sessions__cookies": {"path": path}} if path else {}))
    [line] = ask(gateway, cookie(rotation.child())).values("set-cookie")
    assert f"; Path={path or '/'}; Expires=" in line


@pytest.mark.parametrize("older", [None, "", "old.example.com"], ids=["absent", "host", "other"])
def test_domain_of_older_cookies(started, rotation, keys, upstream, older):
    """Two cookies of a name are refused, and the refresh that the client makes then is the back
    end's to answer, which knows what to clear. An end is told for both domains."""
    cookies = {"domain": "example.com"} | ({} if older is None else {"older_domain": older})
    gateway, token = started(sessions__cookies=cookies), access(keys.dynamic)
    for pairs in (f"sAccessToken={token}; sAccessToken={token}", f"{'sAccessToken=x; ' * 3}"):
        answer = ask(gateway, f"Cookie: {pairs}")
        assert (answer.status, answer.body) == (401, b'{"message":"try refresh token"}')
        assert given(answer) == [] and upstream.received_nothing(0.02)
        sent = post("/passthrough/auth/session/refresh", f"Cookie: {pairs}")
        assert gateway.ask(sent).status == 200
        assert upstream.received().value("cookie") == pairs.strip()
    rotation.core.verify = lambda asked: {"status": "UNAUTHORISED", "message": "x"}
    lines = ask(gateway, cookie(rotation.child())).values("set-cookie")
    names = [line.split("=")[0] for line in lines]
    domains = ["; Domain=example.com"] + {
        None: [], "": [""], "old.example.com": ["; Domain=old.example.com"],
    }[older]
    assert names == ["sAccessToken", "sRefreshToken"] * len(domains)
    for number, line in enumerate(lines):
        assert line.split("=", 1)[1].startswith(f"{domains[number // 2]}; Path=/")


@pytest.mark.parametrize("era", ["recent", "seed"])
@pytest.mark.parametrize("kind", ["parent", "child", "known child", "checked"])
def test_core_down(start, base_configuration, core, rotation, upstream, kind, era):
    """With warm keys: who needs no answer passes, who needs one is told to come back."""
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    checked = {"path_prefix": "/checked", "check_database": True, "upstream": "main"}
    configuration["routes"].append(checked)
    gateway = start(configuration).wait_for_keys()
    child, parent = rotation.child(era), rotation.token(era, None)
    token = parent if kind in ("parent", "checked") else child
    path = "/checked" if kind == "checked" else "/required"
    assert ask(gateway, bearer(parent)).status == 200
    if kind == "known child":
        assert ask(gateway, bearer(child)).status == 200
    core.stop()
    for _ in range(2):
        answer = ask(gateway, bearer(token), path=path)
        if kind in ("parent", "known child"):
            assert answer.status == 200
            continue
        assert (answer.status, answer.reason) == (503, "core_unreachable")
        assert answer.value("retry-after") and given(answer) == []
    assert HANDLE not in gateway.control_log.read_text()
