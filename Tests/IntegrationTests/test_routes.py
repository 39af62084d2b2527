"""Order of match, methods, patterns, and CORS preflights."""

import pytest
from support.gateway import Gateway, changed
from support.message import bearer, get, post, request
from support.tokens import access


def route(name, **keys):
    return {"name": name, "session": "public", "upstream": name, **keys}


ROUTES = [
    route("root", path_prefix="/"),
    route("a", path_prefix="/a"),
    route("ab", path_prefix="/a/b"),
    route("exact", path_exact="/a/b/exact"),
    route("number", path_prefix="/a", path_regex="/a/[0-9]+"),
    route("second", path_prefix="/a", path_regex="/a/[0-9]{3}"),
    route("deep", path_regex="/x/(y|z)/.*"),
    route("get", path_prefix="/methods", methods=["GET", "HEAD"]),
    route("post", path_prefix="/methods", methods=["POST"]),
    route("odd", path_prefix="/odd", methods=["PURGE"]),
    route("slow", path_regex="/slow/(a|aa|a[a-z])+/x"),
]


@pytest.fixture(scope="module")
def routed(base_configuration, tmp_path_factory):
    """Each route's upstream names the route in `Host`."""
    target = base_configuration["upstreams"]["main"]["targets"]
    names = [entry["name"] for entry in ROUTES]
    upstreams = {name: {"targets": target, "host": name} for name in names}
    configuration = changed(base_configuration, routes=ROUTES, upstreams=upstreams)
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.mark.parametrize("path, name", [
    ("/", "root"),
    ("/other", "root"),
    ("/a", "a"),
    ("/ab", "root"),
    ("/a/c", "a"),
    ("/a/b", "ab"),
    ("/a/b/c", "ab"),
    ("/a/b/exact", "exact"),
    ("/a/b/exact/more", "ab"),
    ("/a/12", "number"),
    ("/a/123", "number"),
    ("/a/12x", "a"),
    ("/a/12/3", "a"),
    ("/x/y/1", "deep"),
    ("/x/z/1/2", "deep"),
    ("/x/w/1", "root"),
    ("/prefix/x/y/1", "root"),
])
def test_most_specific_route(routed, upstream, path, name):
    assert routed.ask(get(path)).status == 200
    assert upstream.received().value("host") == name


@pytest.mark.parametrize("line, name", [
    ("GET /methods HTTP/1.1", "get"),
    ("HEAD /methods HTTP/1.1", "get"),
    ("POST /methods/x HTTP/1.1", "post"),
    ("PURGE /odd HTTP/1.1", "odd"),
])
def test_methods_choose(routed, upstream, line, name):
    assert routed.ask(request(line, "Content-Length: 0")).status == 200
    assert upstream.received().value("host") == name


@pytest.mark.parametrize("line, allowed", [
    ("PUT /methods HTTP/1.1", {"GET", "HEAD", "POST"}),
    ("get /methods HTTP/1.1", {"GET", "HEAD", "POST"}),
    ("GET /odd HTTP/1.1", {"PURGE"}),
    ("purge /odd HTTP/1.1", {"PURGE"}),
])
def test_other_methods_never_fall_to_a_less_specific_path(routed, upstream, line, allowed):
    answer = routed.ask(request(line))
    assert (answer.status, answer.reason) == (405, "method_not_allowed")
    assert set(answer.value("allow").split(", ")) == allowed
    assert upstream.received_nothing(0.02)


def test_limit_of_a_pattern(routed):
    answer = routed.ask(get("/slow/" + "a" * 2000 + "!/x"))
    assert (answer.status, answer.reason) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/a/12/", "/A/12", "/a/12;x", "/a/1%32/%2e"])
def test_readings_of_a_pattern(routed, path):
    assert routed.ask(get(path)).status in (200, 400)


@pytest.fixture(scope="module")
def cross_origin(base_configuration, tmp_path_factory):
    configuration = changed(
        base_configuration,
        forwarding={"cors": {
            "origins": ["https://web.example.com"], "allow_headers": ["x-own"], "max_age": "10m",
        }},
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def preflight(target, method="POST", origin="https://web.example.com", *fields):
    return request(
        f"OPTIONS {target} HTTP/1.1", f"Origin: {origin}",
        f"Access-Control-Request-Method: {method}", *fields,
    )


@pytest.mark.parametrize("target", ["/required", "/optional", "/public"])
def test_preflight_is_answered_where_origins_are_listed(cross_origin, upstream, target):
    answer = cross_origin.ask(preflight(target))
    assert answer.status == 204
    assert answer.value("access-control-allow-origin") == "https://web.example.com"
    assert answer.value("access-control-allow-credentials") == "true"
    assert "POST" in answer.value("access-control-allow-methods")
    listed = answer.value("access-control-allow-headers").split(",")
    allowed = {name.strip().lower() for name in listed}
    assert {"anti-csrf", "rid", "authorization", "st-auth-mode", "fdi-version", "x-own"} <= allowed
    assert answer.value("access-control-max-age") == "600"
    assert "origin" in answer.value("vary").lower()
    assert upstream.received_nothing(0.05)


@pytest.mark.parametrize("origin", [
    "https://evil.example.com", "https://web.example.com.evil.test", "http://web.example.com",
    "https://web.example.com:444", "null", "*",
])
def test_preflight_of_another_origin(cross_origin, upstream, origin):
    answer = cross_origin.ask(preflight("/required", origin=origin))
    assert (answer.status, answer.reason) == (403, "origin_not_allowed")
    assert answer.value("access-control-allow-origin") is None
    assert upstream.received_nothing(0.05)


def test_preflight_on_passthrough_is_forwarded_unchanged(cross_origin, upstream):
    data = preflight("/passthrough", "POST", "https://evil.example.com", "Authorization: Bearer x")
    assert cross_origin.ask(data).status == 200
    received = upstream.received()
    assert received.line.startswith(b"OPTIONS /passthrough ")
    assert received.value("authorization") == "Bearer x"


def test_preflight_without_listed_origins_is_forwarded_as_on_a_public_route(gateway, upstream):
    data = preflight("/required", "POST", "https://web.example.com", "Authorization: Bearer x",
                     "Cookie: sAccessToken=x; a=b")
    assert gateway.ask(data).status == 200
    received = upstream.received()
    assert received.value("authorization") is None
    assert received.value("cookie") == "a=b"
    assert received.value("origin") == "https://web.example.com"


def test_preflight_on_a_respond_route_without_listed_origins(gateway, upstream):
    answer = gateway.ask(preflight("/jwt", "GET"))
    assert (answer.status, answer.reason) == (403, "origin_not_allowed")


def test_preflight_on_a_respond_route(cross_origin):
    assert cross_origin.ask(preflight("/jwt", "GET")).status == 204


def test_preflight_meets_the_route_of_the_method_it_names(routed, upstream):
    assert routed.ask(preflight("/methods", "POST")).status == 200
    assert upstream.received().value("host") == "post"
    answer = routed.ask(preflight("/methods", "PUT"))
    assert (answer.status, answer.reason) == (405, "method_not_allowed")


@pytest.mark.parametrize("data", [
    pytest.param(request("OPTIONS /required HTTP/1.1"), id="plain"),
    pytest.param(request("OPTIONS /required HTTP/1.1", "Origin: https://a.test"), id="origin only"),
    pytest.param(
        request("OPTIONS /required HTTP/1.1", "Access-Control-Request-Method: POST"),
        id="method only",
    ),
    pytest.param(
        preflight("/required", "POST", "https://a.test", "Origin: https://b.test"), id="two origins"
    ),
    pytest.param(
        preflight("/required", "POST", "https://a.test", "Access-Control-Request-Method: GET"),
        id="two methods",
    ),
    pytest.param(
        preflight("/required", "POST", "https://a.test", "Content-Length: 1") + b"x", id="content"
    ),
])
def test_any_other_options_is_an_ordinary_request(gateway, upstream, data):
    answer = gateway.ask(data)
    assert (answer.status, answer.reason) == (401, "no_session")
    assert upstream.received_nothing(0.02)


def test_refusals_carry_cross_origin_fields_for_listed_origins(cross_origin):
    answer = cross_origin.ask(get("/required", "Origin: https://web.example.com"))
    assert answer.status == 401
    assert answer.value("access-control-allow-origin") == "https://web.example.com"


def test_respond_route_takes_get_and_head_only(gateway, keys):
    token = access(keys.dynamic)
    assert gateway.ask(get("/exposed", bearer(token))).status == 200
    with gateway.connect() as connection:
        connection.send(request("HEAD /exposed HTTP/1.1", bearer(token)))
        assert connection.read("HEAD").status == 200
    answer = gateway.ask(post("/exposed", bearer(token)))
    assert (answer.status, answer.reason) == (405, "method_not_allowed")
