"""Each way in which an SDK holds off other sites' pages, before a gateway in each of its own."""

import contextlib
import dataclasses

import pytest
from sdk.case import SITES, Case, case_of
from sdk.front_end import FrontEnd
from sdk.site import Site
from support.gateway import Gateway

TRY_REFRESH = (401, {"message": "try refresh token"})
FOREIGN = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
OF_THE_SDK = {"NONE": "none", "VIA_CUSTOM_HEADER": "custom_header", "VIA_TOKEN": "token"}


@pytest.fixture(params=SITES)
def visitor(request, site_of):
    """Signed in, its session in cookies."""
    with case_of(site_of, f"{request.param} cookie") as case:
        case.front_end.sign_in()
        yield case


@contextlib.contextmanager
def gateway_with(mode, visitor, folder):
    site = visitor.site
    sessions = {**visitor.site.sessions, "anti_csrf": mode}
    with Gateway(site.configuration(sessions), folder, site.tls) as gateway:
        yield gateway.wait_for_keys()
        visitor.front_end.http.close()  # The gateway would wait for it to go.


def sent_fields(visitor):
    """What a request may carry, alone and together, of this page and of another site's."""
    rid, token = {"rid": "anti-csrf"}, {"anti-csrf": visitor.front_end.anti_csrf or "made-up"}
    own = [{}, rid, token, rid | token]
    return own + [fields | FOREIGN for fields in own]


def passes(mode, fields, visitor):
    if mode == "custom_header":
        return "rid" in fields
    if mode == "token":
        return visitor.has_anti_csrf_token and "anti-csrf" in fields
    return mode == "none" or "rid" in fields or "origin" not in fields


def ask(visitor, gateway, method, path, fields):
    url = f"https://localhost:{gateway.port}{path}"
    content = {"plan": "gold"} if method == "POST" else None
    return visitor.front_end.http.request(method, url, headers=fields, json=content)


@pytest.mark.parametrize("mode", ["none", "custom_header", "token", "auto"])
def test_gateway_asks_for_what_it_is_told_to(visitor, mode, tmp_path):
    with gateway_with(mode, visitor, tmp_path) as gateway:
        for fields in sent_fields(visitor):
            answer = ask(visitor, gateway, "POST", "/api/orders", fields)
            if passes(mode, fields, visitor):
                assert (answer.status_code, answer.json()["sub"]) == (200, "user-1"), fields
                continue
            assert (answer.status_code, answer.json()) == TRY_REFRESH, fields
            assert answer.headers["sallyport-reason"] == "anti_csrf"
            assert ask(visitor, gateway, "GET", "/api/orders", fields).status_code == 200


@pytest.fixture(params=[f"{name} {mode}" for name in SITES for mode in OF_THE_SDK])
def alike(request, tmp_path):
    """Signed in where the gateway and an SDK of each framework are set alike, to each mode."""
    name, anti_csrf = request.param.split()
    kind, versions, sessions = SITES[name]
    kind = dataclasses.replace(kind, anti_csrf=anti_csrf)
    sessions = {**sessions, "anti_csrf": OF_THE_SDK[anti_csrf]}
    with Site(kind, versions, sessions, tmp_path) as site, FrontEnd(site, "cookie") as front_end:
        front_end.sign_in()
        yield Case(site, front_end, "cookie")


def test_gateway_says_what_the_sdk_says(alike):
    """The SDK is asked through the gateway, on a passthrough route."""
    gateway, mode = alike.site.gateway, alike.site.sessions["anti_csrf"]
    statuses = set()
    for fields in sent_fields(alike):
        of_gateway = ask(alike, gateway, "POST", "/api/orders", fields)
        of_sdk = ask(alike, gateway, "POST", "/profile", fields)
        assert of_gateway.status_code == of_sdk.status_code, fields
        if of_sdk.status_code != 200:
            assert of_gateway.json() == of_sdk.json()
        statuses.add(of_sdk.status_code)
    assert statuses == ({200} if mode == "none" else {200, 401})
