"""Which host is matched: from the target or `Host`, in one form, and 400 where they disagree."""

import pytest
from support.client import exchange
from support.gateway import Gateway, changed
from support.message import get, request, rows

HOSTS = {
    "exact": ["app.example.com"],
    "numbered": [f"h{number}.many.example.com" for number in range(150)],
    "wildcard": ["*.example.com"],
    "longer": ["*.wild.example.com"],
    "v6": ["[2001:db8::1]"],
}


@pytest.fixture(scope="module")
def by_host(base_configuration, tmp_path_factory):
    """Each route names itself by the path it is forwarded to."""
    routes = [
        {
            "name": name, "hosts": hosts, "path_prefix": f"/{name}", "session": "public",
            "upstream": "main",
        }
        for name, hosts in HOSTS.items()
    ]
    routes += [
        {"name": f"{name}-all", "hosts": hosts, "path_exact": "/who", "session": "public",
         "upstream": name}
        for name, hosts in HOSTS.items()
    ]
    routes.append({"name": "any", "path_prefix": "/", "session": "public", "upstream": "any"})
    target = base_configuration["upstreams"]["main"]["targets"]
    upstreams = {name: {"targets": target, "host": name} for name in [*HOSTS, "any"]}
    upstreams["main"] = {"targets": target}
    configuration = changed(base_configuration, routes=routes, upstreams=upstreams)
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def matched(gateway, upstream, data):
    assert gateway.ask(data).status == 200
    return upstream.received().value("host")


MATCHES = [
    ("exact", "app.example.com", "exact"),
    ("CVE-2026-48794 capitals", "APP.Example.COM", "exact"),
    ("trailing dot", "app.example.com.", "exact"),
    ("port", "app.example.com:8443", "exact"),
    ("trailing dot and port", "App.example.com.:80", "exact"),
    ("wildcard", "other.example.com", "wildcard"),
    ("wildcard takes several labels", "a.b.example.com", "wildcard"),
    ("longest wildcard", "a.wild.example.com", "longer"),
    ("wildcard does not take its own name", "example.com", "any"),
    ("CVE-2026-27588 among many", "h149.many.example.com", "numbered"),
    ("CVE-2026-27588 among many, capitals", "H149.MANY.example.COM", "numbered"),
    ("IPv6", "[2001:db8::1]", "v6"),
    ("IPv6 with port and capitals", "[2001:DB8::1]:443", "v6"),
    ("IPv4", "127.0.0.1", "any"),
    ("unknown", "elsewhere.test", "any"),
    ("suffix without a dot", "badexample.com", "any"),
]


@pytest.mark.parametrize("host, route", rows(MATCHES))
def test_host_is_matched(by_host, upstream, host, route):
    assert matched(by_host, upstream, get("/who", f"Host: {host}")) == route


def test_missing_path_falls_to_the_next_class_of_hosts(by_host, upstream):
    assert by_host.ask(get("/wildcard", "Host: app.example.com")).status == 200
    assert upstream.received().target == "/wildcard"


REFUSED = [
    ("empty", b"Host:"),
    ("space inside", b"Host: a b"),
    ("user information", b"Host: a@app.example.com"),
    ("list", b"Host: a, b"),
    ("GHSA-4jgr parameter", b"Host: a;for=1.2.3.4"),
    ("slash", b"Host: app.example.com/x"),
    ("number sign", b"Host: app.example.com#x"),
    ("question mark", b"Host: app.example.com?x"),
    ("backslash", b"Host: app.example.com\\x"),
    ("port too large", b"Host: app.example.com:65536"),
    ("port no number", b"Host: app.example.com:80x"),
    ("port negative", b"Host: app.example.com:-1"),
    ("open bracket", b"Host: [::1"),
    ("no address in brackets", b"Host: [app]"),
    ("IPv6 without brackets", b"Host: ::1"),
    ("escape", b"Host: app%2eexample.com"),
    ("quote", b'Host: "app.example.com"'),
    ("byte above 0x7f", b"Host: \xc3\xa9.example.com"),
    ("two trailing dots", b"Host: app.example.com.."),
    ("empty label", b"Host: app..example.com"),
    ("dot only", b"Host: ."),
]


@pytest.mark.parametrize("field", rows(REFUSED))
def test_malformed_host_is_refused(by_host, upstream, field):
    answer = by_host.ask(get("/who", field))
    assert (answer.status, answer.reason) == (400, "bad_request")
    assert upstream.received_nothing(0.02)


@pytest.mark.parametrize("fields", [
    pytest.param([b"Host: app.example.com", b"Host: app.example.com"], id="twice the same"),
    pytest.param([b"Host: app.example.com", b"Host: b"], id="two"),
    pytest.param([b"Host: app.example.com", b"Ho.st: b"], id="not an alias"),
])
def test_several_hosts(by_host, upstream, fields):
    answer = by_host.ask(get("/who", *fields))
    expected = 200 if b"Ho.st" in fields[1] else 400
    assert answer.status == expected


def test_no_host_is_refused(by_host):
    answer = exchange(by_host, b"GET /who HTTP/1.1\r\n\r\n")
    assert (answer.status, answer.reason) == (400, "bad_request")


def test_version_1_0_without_host_meets_routes_without_hosts(by_host, upstream):
    assert exchange(by_host, b"GET /any HTTP/1.0\r\n\r\n").status == 200
    assert upstream.received().value("host") == "any"


def test_version_1_0_without_host_sends_the_name_of_the_target(gateway, upstream):
    assert exchange(gateway, b"GET /public HTTP/1.0\r\n\r\n").status == 200
    assert upstream.received().value("host") == f"127.0.0.1:{upstream.port}"


ABSOLUTE = [
    ("same host", "http://app.example.com/who?q", "app.example.com", "/who?q"),
    ("capitals in the scheme", "HTTP://app.example.com/who", "app.example.com", "/who"),
    ("capitals in the host", "http://APP.example.com/who", "app.example.com", "/who"),
    ("no path", "http://app.example.com", "app.example.com", "/"),
    ("query without a path", "http://app.example.com?q", "app.example.com", "/?q"),
]


@pytest.mark.parametrize("target, host, forwarded", rows(ABSOLUTE))
def test_absolute_form_is_forwarded_in_origin_form(by_host, upstream, target, host, forwarded):
    assert by_host.ask(get(target, f"Host: {host}")).status == 200
    assert upstream.received().target == forwarded


@pytest.mark.parametrize("target, host", [
    pytest.param("http://app.example.com/who", "other.example.com", id="hosts differ"),
    pytest.param("http://app.example.com:1/who", "app.example.com:2", id="ports differ"),
    pytest.param("http://u@app.example.com/who", "app.example.com", id="user information"),
    pytest.param("http:///who", "app.example.com", id="empty authority"),
    pytest.param("http://h//", "app.example.com", id="CVE-2026-26205 other authority"),
    pytest.param("ftp://app.example.com/who", "app.example.com", id="other scheme"),
    pytest.param("http:app.example.com/who", "app.example.com", id="no slashes"),
])
def test_absolute_form_is_refused(by_host, upstream, target, host):
    answer = by_host.ask(get(target, f"Host: {host}"))
    assert (answer.status, answer.reason) == (400, "bad_request")
    assert upstream.received_nothing(0.02)


@pytest.mark.parametrize("line", ["CONNECT app.example.com:443 HTTP/1.1", "TRACE /who HTTP/1.1"])
def test_connect_and_trace_are_refused(by_host, line):
    answer = by_host.ask(request(line))
    assert (answer.status, answer.reason) == (405, "method_not_allowed")
