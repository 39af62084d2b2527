"""Known attacks by paths that policy and upstream read differently: every spelling of each, sent to
a host that guards only `/admin` and to one that opens only `/open`. Nothing but the canonical form
of what was matched reaches the upstream."""

import re
import urllib.parse

import pytest
from support import quiet
from support.gateway import Gateway, changed
from support.message import bearer, get, request, rows
from support.spellings import encoded_again, escapes_in_both_cases
from support.tokens import access

FEW = "few.example.com"
MOST = "most.example.com"


@pytest.fixture(scope="module")
def guarding(base_configuration, tmp_path_factory):
    """At `FEW` only `/open` needs no session; at `MOST` everything but `/admin` and two more."""
    few = {"hosts": [FEW], "upstream": "main"}
    most = {"hosts": [MOST], "upstream": "main"}
    configuration = changed(base_configuration, routes=[
        {**few, "name": "open", "path_prefix": "/open", "session": "public"},
        {**few, "name": "few admin", "path_prefix": "/admin"},
        {**most, "name": "all", "path_prefix": "/", "session": "public"},
        {**most, "name": "most admin", "path_prefix": "/admin"},
        {**most, "name": "secret", "path_exact": "/secret"},
        {**most, "name": "edit", "path_regex": "/items/[^/]+/edit"},
        {
            **most, "name": "cut", "path_prefix": "/v1.0", "strip_prefix": True,
            "session": "public",
        },
    ])
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def ask(gateway, host, target):
    return gateway.ask(request(_line(target), f"Host: {host}"))


def _line(target):
    target = target.encode() if isinstance(target, str) else target
    return b"GET " + target + b" HTTP/1.1"


def nothing_came(gateway, upstream):
    quiet.nothing_came(gateway, upstream, "/open/last", f"Host: {FEW}")


REFUSED = [
    ("CVE-2026-33494 dot segments", "/open/../admin"),
    ("CVE-2026-33494 dot segment", "/open/./../admin"),
    ("CVE-2026-33494 encoded dots", "/open/%2e%2e/admin"),
    ("CVE-2026-33494 second dot encoded", "/open/.%2e/admin"),
    ("CVE-2026-33494 first dot encoded", "/open/%2e./admin"),
    ("CVE-2026-33494 dots and a parameter", "/open/..;/admin"),
    ("CVE-2026-33494 encoded dots and a parameter", "/open/%2e%2e;/admin"),
    ("CVE-2026-33494 dots and an encoded parameter", "/open/..%3b/admin"),
    ("CVE-2026-73551 dots and a parameter's value", "/open/..;x=y/admin"),
    ("CVE-2026-73551 dot and a parameter", "/open/.;x/../admin"),
    ("CVE-2026-42274 dots and slash encoded", "/open/%2e%2e%2fadmin"),
    ("CVE-2026-42274 dots encoded, slashes both", "/open%2f%2e%2e%2fadmin"),
    ("CVE-2026-42272 slash encoded", "/open/..%2fadmin"),
    ("CVE-2026-42272 slash in the guarded prefix", "/admin%2fx"),
    ("CVE-2026-42272 slash ends the guarded prefix", "/admin%2f"),
    ("CVE-2026-34908 slash before the dots", "/open%2f..%2fadmin"),
    ("CVE-2026-34908 slash and dots, plain slash", "/open%2f../admin"),
    ("CVE-2020-14359 slash first", "/%2fadmin"),
    ("CVE-2026-40912 dot segment first", "/./admin"),
    ("CVE-2026-40912 encoded dot segment first", "/%2e/admin"),
    ("CVE-2026-40912 dot segment after the cut prefix", "/v1.0/./admin"),
    ("CVE-2026-40912 encoded dot after the cut prefix", "/v1.0/%2e/admin"),
    ("CVE-2026-40912 dots after the cut prefix", "/v1.0/%2e%2e/admin"),
    ("CVE-2026-40912 two slashes after the cut prefix", "/v1.0//admin"),
    ("CVE-2026-40912 encoded slash ends the cut prefix", "/v1.0%2fadmin"),
    ("CVE-2026-40912 dots in the cut prefix", "/v1.0/../v1.0/admin"),
    ("CVE-2026-26205 two slashes", "//admin/x"),
    ("CVE-2026-26205 three slashes", "///admin"),
    ("CVE-2026-26205 host after two slashes", f"//{FEW}/admin"),
    ("CVE-2026-26205 slash and encoded backslash", "/%5cadmin"),
    ("CVE-2026-26205 tab after the slash", "/%09/admin"),
    ("GHSA-r8x2-fhmf-6mxp encoded question mark", "/admin%3fx"),
    ("GHSA-r8x2-fhmf-6mxp encoded question mark last", "/admin%3f"),
    ("GHSA-r8x2-fhmf-6mxp encoded question mark, exact path", "/secret%3fx"),
    ("CVE-2026-41059 encoded number sign", "/admin%23/bar"),
    ("CVE-2026-41059 encoded number sign last", "/admin%23"),
    ("CVE-2021-32779 encoded number sign, exact path", "/secret%23foo"),
    ("CVE-2019-9901 encoded backslash", "/open/..%5cadmin"),
    ("CVE-2021-29492 encoded backslashes", "/open%5c..%5cadmin"),
    ("CVE-2021-29492 encoded slashes", "/something%2f..%2fadmin"),
    ("CVE-2021-29492 encoded backslash in the prefix", "/admin%5cx"),
    ("CVE-2021-42013 escapes in escapes", "/open/%%32%65%%32%65/admin"),
    ("CVE-2026-73511 parameter in the guarded segment", "/admin;x/y"),
    ("CVE-2026-73511 parameter ends the guarded segment", "/admin;"),
    ("CVE-2026-73511 parameter of an earlier segment", "/;x/admin"),
    ("CVE-2026-73511 parameter, exact path", "/secret;a=b"),
    ("CVE-2026-73553 encoded parameter", "/admin%3bx"),
    ("CVE-2026-73553 encoded parameter of an earlier segment", "/%3bx/admin"),
    ("CVE-2026-27587 capitals and an escape", "/%41DMIN"),
    ("CVE-2026-27587 capital", "/Admin/x"),
    ("CVE-2026-27587 capitals, exact path", "/SECRET"),
    ("overlong dots in two bytes", "/open/%c0%ae%c0%ae/admin"),
    ("overlong dot in three bytes", "/open/%e0%80%ae./admin"),
    ("overlong dot in four bytes", "/open/%f0%80%80%ae./admin"),
    ("overlong slash in two bytes", "/open/..%c0%afadmin"),
    ("overlong backslash in two bytes", "/open/..%c1%9cadmin"),
    ("escaped NUL", "/admin%00"),
    ("escaped NUL and another name", "/admin%00.css"),
    ("escaped line feed", "/admin%0a"),
    ("escaped CRLF", "/admin%0d%0aX-Forged:%201"),
    ("escaped delete", "/admin%7f"),
    ("%u escape", "/open/%u002e%u002e/admin"),
    ("trailing dot", "/admin."),
    ("trailing encoded dot", "/admin%2e"),
    ("trailing space", "/admin%20"),
    ("trailing dot and space", "/admin.%20"),
    ("trailing dot segment", "/admin/."),
    ("trailing dot, exact path", "/secret."),
    ("trailing space, exact path", "/secret%20"),
    ("trailing slash, exact path", "/secret/"),
]


@pytest.mark.parametrize("path", rows(REFUSED))
def test_every_spelling_is_refused(guarding, upstream, path):
    """Escapes in both letter cases, and escaped once, twice and three times more."""
    spellings = escapes_in_both_cases(path)
    if "%" in path and "%u" not in path:
        spellings += [encoded_again(path, times) for times in (1, 2, 3)]
    for spelling in spellings:
        answer = ask(guarding, MOST, spelling)
        assert (answer.status, answer.reason) == (400, "bad_request"), spelling
        assert ask(guarding, FEW, spelling).status in (400, 404), spelling
    nothing_came(guarding, upstream)


GUARDED = [
    ("plain", "/admin"),
    ("final slash", "/admin/"),
    ("below", "/admin/x"),
    ("first letter escaped", "/%61dmin"),
    ("last letter escaped", "/admi%6e"),
    ("every letter escaped", "/%61%64%6d%69%6e"),
    ("CVE-2025-54576 open path in the query", "/admin?x=/open/"),
    ("CVE-2025-54576 open path and dots in the query", "/admin?/open/../open"),
    ("CVE-2025-54576 encoded question mark in the query", "/admin?%3f/open"),
    ("GHSA-r8x2-fhmf-6mxp empty query", "/admin?"),
    ("GHSA-r8x2-fhmf-6mxp two question marks", "/admin??x"),
    ("CVE-2025-46821 asterisk below", "/admin/*"),
    ("CVE-2025-46821 encoded asterisk below", "/admin/%2a"),
]


@pytest.mark.parametrize("host", [FEW, MOST])
@pytest.mark.parametrize("path", rows(GUARDED))
def test_guarded_path_in_every_spelling(guarding, upstream, host, path):
    for spelling in escapes_in_both_cases(path):
        answer = ask(guarding, host, spelling)
        assert (answer.status, answer.reason) == (401, "no_session"), spelling
    nothing_came(guarding, upstream)


@pytest.mark.parametrize("path", [
    "/items/*/edit", "/items/a*b/edit", "/items/%2a/edit", "/items/**/edit", "/items/%2A%2a/edit",
    "/items/{x}/edit", "/items/[a]/edit", "/items/$/edit", "/items/a|b/edit", "/items/%24/edit",
])
def test_cve_2025_46821_pattern_matches_every_character(guarding, upstream, path):
    assert ask(guarding, MOST, path).status == 401
    nothing_came(guarding, upstream)


def test_cve_2021_41773_decoded_once(guarding, upstream):
    """CVE-2021-42013: what was escaped twice is forwarded escaped twice less nothing."""
    for sent, forwarded in (
        ("/open/%2541", "/open/%2541"), ("/open/%252525", "/open/%252525"),
        ("/open/a%41%2d%2Eb", "/open/aA-.b"),
    ):
        assert ask(guarding, FEW, sent).status == 200
        assert upstream.received().target == forwarded


@pytest.mark.parametrize("path, cut", [
    ("/v1.0/x", "/x"), ("/v1%2e0/x", "/x"), ("/v1%2E0/x", "/x"), ("/%76%31.0", "/"),
    ("/v1.0/%c3%a9", "/%C3%A9"), ("/v1.0/%25", "/%25"), ("/v1.0/x/y.z", "/x/y.z"),
    ("/v1.00/x", "/v1.00/x"), ("/v1x0/x", "/v1x0/x"),
])
def test_cve_2026_40912_prefix_is_cut_from_what_was_matched(guarding, upstream, path, cut):
    assert ask(guarding, MOST, path).status == 200
    assert upstream.received().target == cut


NOT_A_PATH = [
    ("CVE-2026-33186 no slash", b"admin"),
    ("CVE-2026-33186 backslash", b"\\admin"),
    ("CVE-2026-33186 asterisk", b"*"),
    ("CVE-2026-33186 asterisk and path", b"*/admin"),
    ("CVE-2026-26205 slash and backslash", b"/\\admin"),
    ("CVE-2026-26205 scheme of one slash", b"http:/admin"),
    ("CVE-2026-26205 scheme of three slashes", b"http:///admin"),
    ("CVE-2026-26205 another authority", b"http://h//admin"),
    ("CVE-2026-41059 number sign", b"/open#/../admin"),
    ("CVE-2026-41059 number sign after the guarded path", b"/foo/secret#/bar"),
    ("CVE-2021-32779 number sign", b"/admin#foo"),
    ("CVE-2021-32779 number sign in the query", b"/open?x#/admin"),
    ("CVE-2019-9901 backslash", b"/open/..\\admin"),
    ("dots before the path", b"../admin"),
    ("question mark only", b"?/admin"),
]


@pytest.mark.parametrize("target", rows(NOT_A_PATH))
def test_target_that_is_no_path(guarding, upstream, target):
    for host in (FEW, MOST):
        answer = ask(guarding, host, target)
        assert (answer.status, answer.reason) == (400, "bad_request")
    nothing_came(guarding, upstream)


@pytest.mark.parametrize("scheme", ["http", "HTTP", "hTTp", "https", "HTTPS", "hTtPs"])
def test_cve_2023_35944_scheme_in_any_letter_case(guarding, upstream, scheme):
    """The same verdict whatever its letters; another scheme than the listener's is no way in."""
    guarded = ask(guarding, MOST, f"{scheme}://{MOST}/admin")
    assert guarded.status in ((401,) if scheme.lower() == "http" else (400, 401))
    assert ask(guarding, MOST, f"{scheme}://{MOST}/open/../admin").status == 400
    assert ask(guarding, MOST, f"{scheme}://{FEW}/open").status == 400
    nothing_came(guarding, upstream)


# Every byte.

UNRESERVED = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
NEVER_RAW = {*range(0x21), 0x7F, *range(0x80, 0x100), ord("#"), ord("\\")}


def test_every_byte_in_a_path(guarding, upstream):
    """Control bytes, space, `#`, `\\` and bytes from 0x80 are refused, the rest is kept."""
    for byte in range(256):
        sent = b"/open/a" + bytes([byte]) + b"b"
        answer = ask(guarding, FEW, sent)
        if byte in NEVER_RAW or byte == ord("%"):
            assert answer.status == 400, hex(byte)
        elif byte == ord("?"):
            assert upstream.received().target == "/open/a?b"
        else:
            assert answer.status == 200, hex(byte)
            assert upstream.received().target == sent.decode()
    nothing_came(guarding, upstream)


def test_every_byte_in_a_query(guarding, upstream):
    for byte in range(256):
        sent = b"/open?a" + bytes([byte]) + b"b"
        answer = ask(guarding, FEW, sent)
        if byte in NEVER_RAW - {ord("\\")}:
            assert answer.status == 400, hex(byte)
        elif answer.status == 200:
            assert upstream.received().target == sent.decode()
        else:
            assert byte == ord("\\")
    nothing_came(guarding, upstream)


def spelled_like_a_guarded_path(path):
    """Whether some reader, decoding and dropping as servers do, comes to `/admin` or `/secret`."""
    for _ in range(5):
        path = urllib.parse.unquote(path, "latin-1")
    path = re.split("[?#;]", path.replace("\\", "/"))[0].lower()
    segments = [segment.rstrip(". ") for segment in path.split("/") if segment]
    return bool(segments) and (segments[0] == "admin" or segments == ["secret"])


@pytest.mark.parametrize("place", ["/admin{}", "/{}admin", "/adm{}in", "/admin{}/x", "/secret{}"])
def test_cve_2026_42272_every_escape_in_a_guarded_path(guarding, upstream, place):
    """Each escape in both letter cases: one verdict, and what goes upstream is canonical and in no
    reading the guarded path."""
    for byte in range(256):
        outcomes = set()
        for escape in escapes_in_both_cases(f"%{byte:02x}"):
            answer = ask(guarding, MOST, place.format(escape))
            target = upstream.received().target if answer.status == 200 else None
            outcomes.add((answer.status, target))
        assert len(outcomes) == 1, hex(byte)
        status, target = outcomes.pop()
        assert status in (200, 400, 401), hex(byte)
        if status == 200:
            canonical = chr(byte) if byte in UNRESERVED else f"%{byte:02X}"
            assert target == place.format(canonical)
            assert not spelled_like_a_guarded_path(target), target
    nothing_came(guarding, upstream)


@pytest.mark.parametrize("place", ["/admin{}", "/{}admin", "/admin{}x"])
def test_every_raw_byte_in_a_guarded_path(guarding, upstream, place):
    before, after = (part.encode() for part in place.split("{}"))
    for byte in set(range(256)) - {ord("%")}:
        answer = ask(guarding, MOST, before + bytes([byte]) + after)
        assert answer.status in (200, 400, 401), hex(byte)
        if answer.status == 200:
            target = upstream.received().target
            assert target == (before + bytes([byte]) + after).decode()
            assert not spelled_like_a_guarded_path(target), target
    nothing_came(guarding, upstream)


@pytest.mark.parametrize("path", [
    "//x/admin", "///x/admin", "//x//admin", f"//{FEW}/admin", "//admin@x/admin", "//x:80/admin",
    "//x/admin/y", "//x/ADMIN", "//x/secret", "/%2fx/admin", "/%5cx/admin", "/%5C%5Cx/admin",
    "//x%2fadmin", "//x%5cadmin", "//x;/admin", "/;//x/admin", "//x/admin;y", "//x/admin%3f",
    "//x/%61dmin", "//%2f/admin", "/%252fx/admin", "//x/%2561dmin", "//x/y/edit",
    "//x/items/1/edit",
])
def test_what_follows_two_slashes_is_also_read_as_an_authority(guarding, upstream, path):
    """The other side of CVE-2026-26205: readers that resolve the target as a reference (RFC 3986
    §4.2) take `//x/admin` for `/admin` of another host."""
    answer = ask(guarding, MOST, path)
    if path == "//x/y/edit":
        assert upstream.received().target == path
    else:
        assert (answer.status, answer.reason) == (400, "bad_request")
    nothing_came(guarding, upstream)


def test_query_is_never_matched(guarding, upstream):
    """CVE-2025-54576 the other way round: a guarded path in the query guards nothing."""
    for target in ("/open?/admin", "/open?../admin", "/open?%2e%2e%2fadmin", "/open?x=/admin;y"):
        answer = guarding.ask(get(target, f"Host: {FEW}"))
        assert answer.status == 200
        assert upstream.received().target == target


JUDGED = "judged.example.com"


@pytest.fixture
def two_upstreams(base_configuration, own_upstream, start):
    """At one host a public route to `main` and, within it, guarded ones to an upstream apart."""
    public = {"hosts": [JUDGED], "upstream": "main", "session": "public"}
    guarded = {"hosts": [JUDGED], "upstream": "guarded"}
    return start(changed(
        base_configuration, upstreams__guarded={"targets": [own_upstream.url]}, routes=[
            {**public, "name": "all", "path_prefix": "/"},
            {**guarded, "name": "exact", "path_exact": "/a/secret"},
            {**guarded, "name": "below", "path_prefix": "/a/admin"},
            {**guarded, "name": "pattern", "path_regex": "/a/[^/]+/edit"},
        ],
    )).wait_for_keys()


@pytest.mark.parametrize("path", [
    "/", "/a", "/a/", "/a/secret", "/a/secre%74", "/a/secret?x=/", "/a/secret/", "/a/secret/x",
    "/a/secret//", "/a/admin", "/a/%61dmin", "/a/admin/", "/a/admin//x", "/a/administrator",
    "/a//admin", "//a/admin", "/a/b/edit", "/a/%2a/edit", "/a/b/edit/", "/a/b/edit;x",
    "/a/b/c/edit", "/a//edit", "/a/b%2fc/edit", "/a/admin/edit", "/A/SECRET", "/a?/a/admin",
    "/a/%73ecret%3f",
])
def test_cve_2023_33189_what_is_judged_is_what_is_routed(
    two_upstreams, upstream, own_upstream, keys, path
):
    """Pomerium's wrong decisions on crafted requests: the guarded upstream gets what needed a
    session and nothing else, however the request is written."""
    session = bearer(access(keys.dynamic))
    for method in ("GET", "POST", "PROPFIND"):
        for target in (path, f"http://{JUDGED}{path}"):
            for host in (JUDGED, JUDGED.upper(), f"{JUDGED}:80", f"{JUDGED}."):
                line, field = f"{method} {target} HTTP/1.1", f"Host: {host}"
                anonymous = two_upstreams.ask(request(line, field)).status
                assert upstream.requests.qsize() == (1 if anonymous == 200 else 0)
                assert own_upstream.requests.empty(), line
                with_session = two_upstreams.ask(request(line, field, session)).status
                assert anonymous in (200, 400, 401)
                assert with_session == (400 if anonymous == 400 else 200)
                assert upstream.requests.qsize() == (2 if anonymous == 200 else 0), line
                assert own_upstream.requests.qsize() == (1 if anonymous == 401 else 0), line
                upstream.reset()
                own_upstream.reset()
