"""Known attacks by hosts that policy and upstream read differently, on `Forwarded`, on redirects,
and on server names of TLS. Every host but the guarded ones is open here, so that a host misread
gets in."""

import pytest
from support import quiet
from support.certificates import trusting, write_certificate
from support.client import Connection
from support.gateway import Gateway, changed
from support.message import get, request, rows
from support.ports import free_port
from support.spellings import letter_cases

APP = "app.example.com"
GUARDED = [APP, "*.wild.example.com", "xn--bcher-kva.example.com", "[2001:db8::1]", "192.0.2.7"]
NUMBERED = [f"h{number}.many.example.com" for number in range(120)]


@pytest.fixture(scope="module")
def vhosts(base_configuration, tmp_path_factory):
    """A cleartext listener, a TLS one, and one that redirects to it."""
    folder = tmp_path_factory.mktemp("names")
    names = {"app": [APP], "open": ["open.example.com", "*.open.example.com"]}
    pairs = [write_certificate(folder, name, hosts).files() for name, hosts in names.items()]
    ports = [free_port() for _ in range(3)]
    configuration = changed(
        base_configuration,
        listeners=[
            {"address": f"127.0.0.1:{ports[0]}"},
            {"address": f"127.0.0.1:{ports[1]}", "tls": {"certificates": pairs}},
            {"address": f"127.0.0.1:{ports[2]}", "redirect_to_https": True},
        ],
        routes=[
            {"name": "guarded", "hosts": GUARDED, "path_prefix": "/", "upstream": "main"},
            {"name": "numbered", "hosts": NUMBERED, "path_prefix": "/", "upstream": "main"},
            {"name": "open", "path_prefix": "/", "session": "public", "upstream": "main"},
        ],
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        gateway.port, gateway.tls_port, gateway.redirect_port = ports
        yield gateway.wait_for_keys()


def nothing_came(gateway, upstream):
    quiet.nothing_came(gateway, upstream, "/last", "Host: open.example.com")


SAME_HOST = [
    ("CVE-2026-48794 letter cases", letter_cases(APP)),
    ("CVE-2026-48794 trailing dot", [f"{APP}.", f"{APP.upper()}."]),
    ("CVE-2026-48794 port", [f"{APP}:80", f"{APP}:8443", f"{APP}:0", f"{APP}:65535"]),
    ("CVE-2026-48794 trailing dot and port", [f"{APP}.:80", f"{APP.upper()}.:1"]),
    ("CVE-2026-42273 below a wildcard", letter_cases("a.Wild.example.com")),
    ("CVE-2026-42273 deep below a wildcard", letter_cases("a.b.c.wild.example.com")),
    ("CVE-2026-27588 among more than a hundred", letter_cases("h119.many.example.com")),
    ("CVE-2026-27588 first of more than a hundred", letter_cases("h0.many.example.com")),
    ("CVE-2026-42273 IDN", letter_cases("xn--bcher-kva.example.com")),
    ("CVE-2026-42273 IPv6", letter_cases("[2001:db8::1]") + ["[2001:DB8::1]:443"]),
    ("CVE-2026-42273 IPv6 in other words", [
        "[2001:db8:0:0:0:0:0:1]", "[2001:0db8::0001]", "[2001:db8::0:1]", "[2001:db8::0.0.0.1]",
    ]),
    ("CVE-2026-42273 IPv4", ["192.0.2.7", "192.0.2.7:80", "192.0.2.7."]),
]


@pytest.mark.parametrize("hosts", rows(SAME_HOST))
def test_guarded_host_in_every_spelling(vhosts, upstream, hosts):
    for host in hosts:
        answer = vhosts.ask(get("/x", f"Host: {host}"))
        assert answer.status in (400, 401), host
        absolute = vhosts.ask(get(f"http://{host}/x", f"Host: {host}"))
        assert absolute.status == answer.status, host
    first = vhosts.ask(get("/x", f"Host: {hosts[0]}"))
    assert (first.status, first.reason) == (401, "no_session")
    nothing_came(vhosts, upstream)


REFUSED = [
    ("empty", b""),
    ("list", b"app.example.com, open.example.com"),
    ("list without a space", b"open.example.com,app.example.com"),
    ("space inside", b"open.example.com app.example.com"),
    ("tab inside", b"open.example.com\tapp.example.com"),
    ("user information", b"user@app.example.com"),
    ("user and password", b"open.example.com:x@app.example.com"),
    ("number sign", b"app.example.com#open.example.com"),
    ("question mark", b"app.example.com?x"),
    ("slash", b"app.example.com/x"),
    ("backslash", b"app.example.com\\x"),
    ("semicolon", b"app.example.com;x"),
    ("GHSA-4jgr-pg2m-m988 parameter", b"a;for=1.2.3.4"),
    ("GHSA-4jgr-pg2m-m988 element", b"a,for=1.2.3.4"),
    ("GHSA-4jgr-pg2m-m988 closed quote", b'a";for="1.2.3.4'),
    ("GHSA-4jgr-pg2m-m988 quoted pair", b'a\\";for=1.2.3.4'),
    ("GHSA-4jgr-pg2m-m988 port", b"a:80;for=1.2.3.4"),
    ("GHSA-4jgr-pg2m-m988 equals", b"a=b"),
    ("scheme", b"http://app.example.com"),
    ("IDN in UTF-8", "b\u00fccher.example.com".encode()),
    ("ideographic full stop", "app\u3002example.com".encode()),
    ("full-width letters", "\uff41pp.example.com".encode()),
    ("escaped letter", b"%61pp.example.com"),
    ("escaped dot, lower", b"app%2eexample.com"),
    ("escaped dot, upper", b"app%2Eexample.com"),
    ("escaped NUL", b"app.example.com%00"),
    ("two trailing dots", b"app.example.com.."),
    ("leading dot", b".app.example.com"),
    ("IPv6 without brackets", b"2001:db8::1"),
    ("IPv6 zone", b"[fe80::1%25eth0]"),
    ("IPv6 and more", b"[2001:db8::1]x"),
    ("two brackets", b"[[2001:db8::1]]"),
    ("two ports", b"app.example.com:80:80"),
    ("port of six digits", b"app.example.com:000080"),
    ("port with a sign", b"app.example.com:+80"),
    ("only a port", b":80"),
    ("wildcard", b"*.wild.example.com"),
    ("vertical tab", b"app.example.com\x0b"),
    ("delete", b"app.example.com\x7f"),
    ("long label", b"a" * 64 + b".example.com"),
    ("long name", b".".join([b"a" * 60] * 5)),
]


@pytest.mark.parametrize("host", rows(REFUSED))
def test_host_that_is_none(vhosts, upstream, host):
    answer = vhosts.ask(get("/x", b"Host: " + host))
    assert (answer.status, answer.reason) == (400, "bad_request")
    with vhosts.connect() as connection:
        connection.send(request(b"GET http://" + host + b"/x HTTP/1.1", b"Host: " + host))
        assert connection.read().status == 400
    nothing_came(vhosts, upstream)


def test_every_byte_in_a_host(vhosts, upstream):
    """What is forwarded is the host that was matched, and no spelling of the guarded one."""
    for place in (b"app.exam%bple.com", b"%bapp.example.com", b"app.example.com%b"):
        for byte in range(256):
            host = place.replace(b"%b", bytes([byte]))
            answer = vhosts.ask(get("/x", b"Host: " + host))
            assert answer.status in (200, 400, 401), (place, hex(byte))
            if answer.status == 200:
                received = upstream.received()
                assert received.value("host") == host.decode().lower()
                assert chr(byte).isalnum() or byte in b"-_.", (place, hex(byte))
            if answer.status == 401:
                assert byte in b"\t ." or (place.endswith(b"%b") and byte == ord(":"))
    nothing_came(vhosts, upstream)


@pytest.mark.parametrize("fields", [
    pytest.param([f"Host: {APP}", f"Host: {APP}"], id="twice the same"),
    pytest.param(["Host: open.example.com", f"Host: {APP}"], id="guarded last"),
    pytest.param([f"Host: {APP}", "Host: open.example.com"], id="guarded first"),
    pytest.param([f"HOST: {APP}", "host: open.example.com"], id="letter cases"),
    pytest.param(["Host:", f"Host: {APP}"], id="empty first"),
    pytest.param([f"Host: {APP}", "Host:"], id="empty last"),
    pytest.param([f"Host: {APP}", "X: a", "hOsT: open.example.com"], id="apart"),
    pytest.param([f"Host : {APP}"], id="space before the colon"),
    pytest.param([f"Host: open.example.com\r\n {APP}"], id="folded"),
])
@pytest.mark.parametrize("target", ["/x", f"http://{APP}/x", "http://open.example.com/x"])
def test_several_hosts(vhosts, upstream, target, fields):
    """HTTP Garden: two servers take the first, the last, or both joined."""
    answer = vhosts.ask(get(target, *fields))
    assert (answer.status, answer.reason) == (400, "bad_request")
    nothing_came(vhosts, upstream)


@pytest.mark.parametrize("target, host", [
    (f"http://{APP}/x", "open.example.com"), ("http://open.example.com/x", APP),
    (f"http://{APP}:1/x", f"{APP}:2"), (f"http://open.example.com@{APP}/x", APP),
    (f"http://{APP}@open.example.com/x", "open.example.com"),
    (f"http://open.example.com#@{APP}/x", APP), (f"http://open.example.com\\@{APP}/x", APP),
    (f"http://open.example.com?@{APP}/x", APP), (f"http://{APP}%2f@open.example.com/", APP),
])
def test_target_and_host_disagree(vhosts, upstream, target, host):
    answer = vhosts.ask(get(target, f"Host: {host}"))
    assert (answer.status, answer.reason) == (400, "bad_request")
    nothing_came(vhosts, upstream)


@pytest.mark.parametrize("host, written", [
    ("open.example.com", "open.example.com"), ("OPEN.example.com.:8443", "open.example.com:8443"),
    ("[2001:db8::2]:80", "[2001:db8::2]:80"), ("a_b.example.com", "a_b.example.com"),
])
def test_ghsa_4jgr_pg2m_m988_host_in_forwarded_is_quoted(vhosts, upstream, host, written):
    assert vhosts.ask(get("/x", f"Host: {host}", "Forwarded: for=6.6.6.6")).status == 200
    forwarded = upstream.received().value("forwarded")
    assert forwarded == f'for=127.0.0.1;host="{written}";proto=http'


# Redirects.


PATHS = [
    ("CVE-2020-4037 two slashes", "//evil.test"),
    ("CVE-2020-4037 two slashes and a path", "//evil.test/%2e%2e"),
    ("CVE-2020-11053 slash and backslash", "/\\evil.test"),
    ("slash and encoded backslash", "/%5cevil.test"),
    ("slash and encoded slash", "/%2fevil.test"),
    ("tab between slashes", "/%09/evil.test"),
    ("raw tab between slashes", "/\t/evil.test"),
    ("scheme without slashes", "https:evil.test"),
    ("javascript", "javascript:alert(1)"),
    ("encoded CRLF", "/%0d%0aLocation:%20https://evil.test/"),
    ("encoded CRLF, upper", "/%0D%0ASet-Cookie:%20a=b"),
    ("raw CR", "/\rLocation:https://evil.test"),
    ("at sign", "/@evil.test"),
    ("dot segments", "/../evil.test"),
    ("query", "/?next=//evil.test"),
    ("other absolute form", "http://evil.test/"),
]


@pytest.mark.parametrize("target", rows(PATHS))
def test_redirect_leads_to_this_host_only(vhosts, target):
    """The origin is made of what the configuration names, and a path follows it."""
    line = b"GET " + target.encode() + b" HTTP/1.1"
    with Connection(vhosts.redirect_port) as connection:
        answer = connection.ask(request(line, "Host: open.example.com"))
    location = answer.value("location")
    if answer.status == 308:
        assert location.startswith(f"https://open.example.com:{vhosts.tls_port}/")
        assert "set-cookie" not in answer.names
    else:
        assert answer.status == 400 and location is None


@pytest.mark.parametrize("host, status", [
    ("open.example.com", 308), ("OPEN.example.com.", 308), ("a.open.example.com", 308),
    ("h7.many.example.com", 308), ("a.wild.example.com:80", 308), ("xopen.example.com", 400),
    ("evil.test", 400), ("open.example.com.evil.test", 400), ("open.example.com:evil", 400),
    ("open.example.com@evil.test", 400), ("evil.test#open.example.com", 400), ("127.0.0.1", 400),
    ("wild.example.com", 400), ("evil.test/.open.example.com", 400),
])
def test_cve_2020_11053_redirect_to_names_of_the_configuration(vhosts, host, status):
    for fields in ([f"Host: {host}"], [f"Host: {host}", "X-Forwarded-Host: evil.test"]):
        with Connection(vhosts.redirect_port) as connection:
            answer = connection.ask(get("/x", *fields))
        assert answer.status == status
        assert "evil" not in str(answer.fields)
        name = host.split(":")[0].rstrip(".").lower()
        expected = f"https://{name}:{vhosts.tls_port}/x" if status == 308 else None
        assert answer.value("location") == expected


# Server names.


def ask_tls(gateway, host, **options):
    with Connection(gateway.tls_port, options.pop("context", trusting()), **options) as connection:
        answer = connection.ask(get("/x", f"Host: {host}"))
        return answer, connection.socket.session, connection.socket.session_reused


def test_policy_follows_the_host_whatever_the_server_name(vhosts, upstream):
    """A connection to the certificate of an open host opens nothing of a guarded one."""
    for name in ("open.example.com", "a.open.example.com", "unknown.test", None):
        answer, _, _ = ask_tls(vhosts, APP, server_name=name)
        assert (answer.status, answer.reason) == (401, "no_session")
    assert ask_tls(vhosts, "open.example.com", server_name=APP)[0].status == 200
    assert upstream.received().value("x-forwarded-proto") == "https"
    nothing_came(vhosts, upstream)


def test_cve_2025_23419_session_of_one_name_resumed_under_another(vhosts, upstream):
    """A ticket says nothing about the host: policy is asked for each request."""
    context = trusting()
    answer, session, _ = ask_tls(vhosts, "open.example.com", context=context,
                                 server_name="open.example.com")
    assert answer.status == 200 and session is not None
    answer, _, _ = ask_tls(vhosts, APP, context=context, server_name=APP, session=session)
    assert (answer.status, answer.reason) == (401, "no_session")
    assert upstream.received().target == "/x"
    nothing_came(vhosts, upstream)


def test_kept_connection_is_judged_for_each_host(vhosts, upstream):
    with Connection(vhosts.tls_port, trusting(), "open.example.com") as connection:
        for host, status in (("open.example.com", 200), (APP, 401), ("open.example.com", 200)):
            assert connection.ask(get("/x", f"Host: {host}")).status == status
