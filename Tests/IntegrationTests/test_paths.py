"""Which path is matched and which is forwarded: one canonical form, and 400 where there are two
readings. Ids name the advisory a case descends from."""

import pytest
from support.gateway import changed
from support.message import get, request, rows

AMBIGUOUS = 400
GUARDED = 401


@pytest.fixture(scope="module")
def open_and_admin(base_configuration, tmp_path_factory):
    """`/open` needs no session, `/admin` does; nothing else is routed."""
    from support.gateway import Gateway

    configuration = changed(
        base_configuration,
        routes=[
            {"name": "open", "path_prefix": "/open", "session": "public", "upstream": "main"},
            {"name": "admin", "path_prefix": "/admin", "upstream": "main"},
            {
                "name": "api", "path_prefix": "/api", "strip_prefix": True, "session": "public",
                "upstream": "main",
            },
        ],
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


FORWARDED = [
    ("plain", "/open/a", "/open/a"),
    ("the prefix itself", "/open", "/open"),
    ("final slash", "/open/", "/open/"),
    ("unreserved characters decoded", "/%6fpen/%41%7e%2d%2E%5fx", "/open/A~-._x"),
    ("escapes in upper case", "/open/%3a%c3%a9", "/open/%3A%C3%A9"),
    ("reserved escapes stay", "/open/%2B%26%3D", "/open/%2B%26%3D"),
    ("encoded slash within the route, lower", "/open/a%2fb", "/open/a%2Fb"),
    ("encoded slash within the route, upper", "/open/a%2Fb", "/open/a%2Fb"),
    ("encoded backslash within the route", "/open/a%5cb", "/open/a%5Cb"),
    ("path parameter within the route", "/open/a;b=c/d", "/open/a;b=c/d"),
    ("empty segment within the route", "/open//a", "/open//a"),
    ("encoded question mark within the route", "/open/a%3fb", "/open/a%3Fb"),
    ("encoded number sign within the route", "/open/a%23b", "/open/a%23b"),
    ("twice encoded letter", "/open/%2541", "/open/%2541"),
    ("per cent that begins no escape later", "/open/%25zz", "/open/%25zz"),
    ("capitals below the route", "/open/ABC", "/open/ABC"),
    ("dots inside a name", "/open/a..b/...c", "/open/a..b/...c"),
    ("query as received", "/open?a=%2e%2e/../b&c=;d", "/open?a=%2e%2e/../b&c=;d"),
    ("empty query", "/open?", "/open?"),
    ("GHSA-7rh7 guarded path in the query", "/open?x=/admin/", "/open?x=/admin/"),
    ("question marks in the query", "/open?a?b", "/open?a?b"),
    ("prefix stripped", "/api/x?y", "/x?y"),
    ("prefix stripped to nothing", "/api", "/"),
    ("prefix stripped to nothing, with a query", "/api?x=1", "/?x=1"),
    ("prefix stripped to its slash", "/api/", "/"),
]


@pytest.mark.parametrize("target, forwarded", rows(FORWARDED))
def test_forwarded_path(open_and_admin, upstream, target, forwarded):
    answer = open_and_admin.ask(get(target))
    assert answer.status == 200
    assert upstream.received().target == forwarded


GUARDED_PATHS = [
    ("plain", "/admin"),
    ("below", "/admin/x"),
    ("final slash", "/admin/"),
    ("unreserved characters decoded", "/%61dmin"),
    ("GHSA-7rh7 public path in the query", "/admin?x=/open/"),
    ("escape below the route", "/admin/%C3%A9"),
]


@pytest.mark.parametrize("target", rows(GUARDED_PATHS))
def test_guarded_path(open_and_admin, upstream, target):
    answer = open_and_admin.ask(get(target))
    assert (answer.status, answer.reason) == (GUARDED, "no_session")
    assert upstream.received_nothing(0.02)


TWO_READINGS = [
    ("GHSA-p224 dot segments", "/open/../admin"),
    ("GHSA-p224 encoded dots, lower", "/open/%2e%2e/admin"),
    ("GHSA-p224 encoded dots, upper", "/open/%2E%2E/admin"),
    ("GHSA-p224 half encoded", "/open/.%2e/admin"),
    ("GHSA-p224 dots with a parameter", "/open/..;/admin"),
    ("GHSA-p224 dots with a parameter value", "/open/..;x=y/admin"),
    ("CVE-2026-42274 dots and slash encoded, lower", "/open/%2e%2e%2fadmin"),
    ("CVE-2026-42274 dots and slash encoded, upper", "/open/%2E%2E%2Fadmin"),
    ("CVE-2026-42272 slash encoded, lower", "/open/..%2fadmin"),
    ("CVE-2026-42272 slash encoded, upper", "/open/..%2Fadmin"),
    ("CVE-2026-34908 slash encoded after dots", "/open%2f..%2fadmin"),
    ("CVE-2026-40912 dot segment first", "/./admin"),
    ("dot segment last", "/open/."),
    ("two dots last", "/open/.."),
    ("dots with an escaped space", "/open/..%20/admin"),
    ("dots with an escaped semicolon, lower", "/open/..%3b/admin"),
    ("dots with an escaped semicolon, upper", "/open/..%3Bx/admin"),
    ("CVE-2026-26205 two slashes first", "//admin/x"),
    ("CVE-2026-26205 three slashes first", "///admin"),
    ("CVE-2026-26205 two slashes, open route", "//open"),
    ("CVE-2019-9901 encoded backslash, lower", "/open/..%5cadmin"),
    ("CVE-2019-9901 encoded backslash, upper", "/open/..%5Cadmin"),
    ("encoded backslash first", "/%5cadmin"),
    ("encoded slash in the route", "/admin%2fx"),
    ("encoded slash in the open route", "/open%2Fx"),
    ("CVE-2021-41773 twice encoded dots", "/open/%252e%252e/admin"),
    ("CVE-2021-42013 twice encoded slash", "/open/..%252fadmin"),
    ("CVE-2021-42013 dots in pieces", "/open/%25%32%65%25%32%65/admin"),
    ("CVE-2021-42013 slash in pieces", "/open/..%25%32%66admin"),
    ("four rounds of encoding", "/open/%25252541"),
    ("parameter in the guarded segment", "/admin;x/y"),
    ("parameter ends the guarded segment", "/admin;"),
    ("escaped semicolon in the guarded segment", "/admin%3bx"),
    ("capitals", "/ADMIN"),
    ("one capital, encoded", "/%41dmin"),
    ("capitals of the open route", "/Open/x"),
    ("trailing dot", "/admin."),
    ("trailing space", "/admin%20"),
    ("trailing dot and space", "/admin.%20"),
    ("CVE-2026-41059 encoded number sign", "/open%23/bar"),
    ("GHSA-r8x2 encoded question mark, lower", "/admin%3fx"),
    ("GHSA-r8x2 encoded question mark, upper", "/admin%3Fx"),
    ("twice encoded letter of a route", "/%2561dmin"),
    ("strip: rest begins with two slashes", "/api//x"),
    ("strip: rest has an encoded dot segment", "/api/%2e%2e/admin"),
    ("strip: dot in the prefix", "/api./x"),
]


@pytest.mark.parametrize("target", rows(TWO_READINGS))
def test_two_readings_are_refused(open_and_admin, upstream, target):
    answer = open_and_admin.ask(get(target))
    assert (answer.status, answer.reason) == (AMBIGUOUS, "bad_request")
    assert upstream.received_nothing(0.02)


REFUSED = [
    ("CVE-2026-41059 number sign", b"/open#x"),
    ("number sign in the query", b"/open?a#b"),
    ("backslash", b"/open\\x"),
    ("CVE-2026-26205 slash and backslash first", b"/\\admin"),
    ("NUL", b"/open\x00"),
    ("tab", b"/open\tx"),
    ("unit separator", b"/open\x1f"),
    ("delete", b"/open\x7f"),
    ("byte above 0x7f", b"/open/\xc3\xa9"),
    ("byte above 0x7f in the query", b"/open?\xff"),
    ("control byte in the query", b"/open?\x01"),
    ("lone per cent", b"/open/%"),
    ("cut escape", b"/open/%4"),
    ("malformed escape", b"/open/%zz"),
    ("half malformed escape", b"/open/%4g"),
    ("%u escape", b"/open/%u002e"),
    ("escaped NUL", b"/open/%00"),
    ("escaped line feed, lower", b"/open/%0a"),
    ("escaped carriage return, upper", b"/open/%0D"),
    ("escaped delete", b"/open/%7f"),
    ("overlong dot, lower", b"/open/%c0%ae"),
    ("overlong dot, upper", b"/open/%C0%AE"),
    ("overlong slash in three bytes", b"/open/%e0%80%af"),
    ("twice escaped NUL", b"/open/%2500"),
    ("twice escaped overlong dot", b"/open/%25c0%25ae"),
    ("no slash first", b"open"),
    ("asterisk", b"*"),
    ("authority form", b"app.example.com:80"),
]


@pytest.mark.parametrize("target", rows(REFUSED))
def test_malformed_target_is_refused(open_and_admin, upstream, target):
    answer = open_and_admin.ask(request(b"GET " + target + b" HTTP/1.1"))
    assert (answer.status, answer.reason) == (400, "bad_request")
    assert upstream.received_nothing(0.02)


def test_options_of_everything_is_refused(open_and_admin):
    answer = open_and_admin.ask(request("OPTIONS * HTTP/1.1"))
    assert (answer.status, answer.reason) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/", "/nothing", "/adminx", "/openx", "/adm", "/x/admin"])
def test_no_route(open_and_admin, path):
    answer = open_and_admin.ask(get(path))
    assert (answer.status, answer.reason) == (404, "no_route")


def test_detail_of_two_readings_is_in_the_log(open_and_admin):
    open_and_admin.ask(get("/open/..;/admin"))
    open_and_admin.settle(0.3)
    assert "ambiguous_path" in open_and_admin.access_log.read_text()
