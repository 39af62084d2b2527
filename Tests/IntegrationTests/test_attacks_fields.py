"""Known attacks on the fields a gateway manages, on framing and on keys; each named after its
ancestor."""

import http.server
import threading
import time

import pytest
from support.client import eventually
from support.core import Core
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, chunked, cookie, get, request
from support.tokens import access, legacy, now

MANAGED = [
    "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "Forwarded", "X-Real-IP",
    "X-Request-ID", "X-Original-URL", "X-Rewrite-URL", "Proxy", "Proxy-Connection",
]


def spellings(name):
    yield name
    yield name.lower()
    yield name.upper()
    yield name.replace("-", "_")
    yield name.replace("-", ".")


@pytest.mark.parametrize("name", MANAGED)
def test_cve_2026_35051_managed_fields(gateway, upstream, keys, name):
    """CVE-2026-35051, CVE-2026-54764, CVE-2026-39858, CVE-2025-64484, CVE-2016-5385: once, twice,
    empty, in every spelling: nothing of the client's arrives."""
    token = access(keys.dynamic)
    for spelling in spellings(name):
        for sent in ([f"{spelling}: forged"], [f"{spelling}: forged"] * 2,
                     [f"{spelling}:", f"{spelling}: forged"]):
            assert gateway.ask(get("/required", cookie(token), *sent)).status == 200
            received = upstream.received()
            assert b"forged" not in b"".join(value for _, value in received.fields), sent
            assert received.value("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("name", [
    "authorization", "X-Forwarded-For", "x-forwarded-proto", "X-REAL-IP", "Host", "X-Request-Id",
    "Forwarded", "X-FORWARDED-HOST", "content-length",
])
def test_cve_2024_45410_connection_removes_nothing_of_ours(gateway, upstream, keys, name):
    """CVE-2024-45410, CVE-2025-48865: `Connection` in several letter cases and lists."""
    token = access(keys.dynamic)
    for listed in (name, name.upper(), f"close , {name.lower()}", f"x,{name},,keep-alive"):
        data = request("POST /required HTTP/1.1", f"Connection: {listed}", bearer(token),
                       "Content-Length: 3", body=b"abc")
        assert gateway.ask(data).status == 200
        received = upstream.received()
        assert received.value("authorization") == f"Bearer {token}"
        assert received.value("host") == "app.example.com"
        assert received.value("x-forwarded-for") == "127.0.0.1"
        assert received.value("x-forwarded-host") == "app.example.com"
        assert received.value("x-request-id") and received.value("x-real-ip")
        assert received.body == b"abc"


def test_cve_2026_40575_forwarded_fields_never_choose_the_route(gateway, upstream):
    """CVE-2026-40575, GHSA-vhr5-ggp3-qq85: no field makes another request of a guarded one."""
    for field in ("X-Forwarded-Uri: /public", "X-Original-URL: /public",
                  "X-Forwarded-Method: OPTIONS", "X-HTTP-Method-Override: OPTIONS",
                  "X-Forwarded-Prefix: /public",
                  "X-Forwarded-Host: other.example.com", "X-Auth-Request-Redirect: /public"):
        assert gateway.ask(get("/required", field)).status == 401
    assert upstream.received_nothing(0.05)


@pytest.mark.parametrize("agent", [
    "kube-probe/1.29", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Envoy/HC", "curl/8",
])
def test_cve_2026_34457_no_user_agent_skips_the_session(gateway, upstream, agent):
    for path in ("/required", "/required/ping", "/required/healthz"):
        assert gateway.ask(get(path, f"User-Agent: {agent}")).status == 401
    for path in ("/livez", "/readyz", "/metrics"):
        assert gateway.ask(get(path, f"User-Agent: {agent}")).status == 404
    assert upstream.received_nothing(0.05)


def test_cve_2026_30851_no_client_value_where_the_session_gives_none(
    start, base_configuration, upstream, keys
):
    """GHSA-7r4p-vjf4-gxv4: the field is absent upstream when there is nothing to put into it."""
    gateway = start(
        changed(base_configuration, sessions__jwt={"field": "x-user-jwt", "required": False})
    ).wait_for_keys()
    forged = ["X-User-JWT: forged", "x_user_jwt: forged", "X.User.JWT: forged"]
    for data in (get("/optional", *forged), get("/public", *forged),
                 get("/required", cookie(legacy(keys.dynamic)), *forged)):
        assert gateway.ask(data).status == 200
        names = [name.replace("_", "-").replace(".", "-") for name in upstream.received().names]
        assert "x-user-jwt" not in names


@pytest.mark.parametrize("name", ["X-User-JWT", "x_user.jwt", "X-Trace-ID", "x_trace_id"])
def test_cve_2026_88004_trailers_of_own_names(start, base_configuration, upstream, name):
    gateway = start(
        changed(base_configuration, sessions__jwt__field="x-user-jwt",
                forwarding={"request_id": "x-trace-id"})
    )
    data = request("POST /public HTTP/1.1", "Transfer-Encoding: chunked")
    with gateway.connect() as connection:
        connection.send(data + chunked(b"a", trailers=[f"{name}: forged"]))
        assert connection.read().status == 400
    while not upstream.requests.empty():
        assert upstream.received().trailers == []


# Framing.


def test_cve_2026_2836_version_1_0_content_without_a_length(gateway, upstream):
    """What follows an HTTP/1.0 request without a length is no second request, nor content."""
    head = request("POST /public HTTP/1.0")
    with gateway.connect() as connection:
        connection.send(head + get("/public/smuggled"))
        assert connection.read().status == 200
        assert connection.is_closed()
    assert upstream.received().body == b""
    assert upstream.received_nothing(0.1)


@pytest.mark.parametrize("line", ["GET /public HTTP/1.1", "OPTIONS /public HTTP/1.1"])
def test_cve_2025_32094_expectation_without_content(gateway, upstream, line):
    """CVE-2025-32094: an upstream is not asked for a 100 that leads nowhere."""
    with gateway.connect() as connection:
        connection.send(request(line, "Expect: 100-continue") + get("/public/next"))
        assert connection.read(line.split()[0]).status == 200
        assert connection.read().status == 200
    assert "expect" not in upstream.received().names
    assert upstream.received().target == "/public/next"


def test_cve_2025_32094_folded_expectation(gateway, upstream):
    data = request("POST /public HTTP/1.1", "Expect:\r\n 100-continue", "Content-Length: 5")
    with gateway.connect() as connection:
        connection.send(data + b"hello" + get("/public/smuggled"))
        assert connection.read().status in (400, 417)
        assert connection.is_closed()
    assert upstream.received_nothing(0.1)


def test_cve_2025_4366_early_answer_with_content_that_is_a_request(gateway, upstream):
    """The upstream answers before the content came; the content never becomes a request."""
    upstream.reads_content = False
    smuggled = get("/public/smuggled")
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", f"Content-Length: {len(smuggled)}"))
        assert connection.read().status == 200
        try:
            connection.send(smuggled)
            assert connection.is_closed()
        except OSError:
            pass
    upstream.received()
    assert upstream.received_nothing(0.2)


def test_cve_2025_31492_refused_content_is_no_answer(gateway, upstream):
    """After a refusal nothing of an upstream follows, whatever was pipelined behind it."""
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    data = request("POST /required HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(b"x"))
    with gateway.connect() as connection:
        connection.send(data + get("/public"))
        assert connection.read().status == 401
        assert connection.is_closed()
        assert b"secret" not in bytes(connection.reader.buffer)
    assert upstream.received_nothing(0.1)


@pytest.mark.parametrize("value", [
    b"/a\r\nX-Forged: 1", b"/a\rX-Forged: 1", b"/a\nX-Forged: 1", b"/a\x00",
], ids=["CRLF", "CR", "LF", "NUL"])
@pytest.mark.parametrize("name", [b"Location", b"Set-Cookie"])
def test_fields_of_an_answer_do_not_split(gateway, upstream, name, value):
    """A CRLF makes two fields upstream already; every lesser break is no answer at all."""
    upstream.answer = b"HTTP/1.1 302 Found\r\n" + name + b": " + value + \
        b"\r\nContent-Length: 0\r\n\r\n"
    answer = gateway.ask(get("/public"))
    if b"\r\n" in value:
        assert answer.status == 302 and answer.value("x-forged") == "1"
    else:
        assert answer.status == 502 and answer.reason == "upstream_protocol"
        assert "x-forged" not in answer.names


# Keys and caches.


def test_keys_are_taken_from_no_redirect(start, base_configuration, upstream, keys):
    """A core's answer that leads elsewhere is no key set, and nobody goes there."""
    stranger = KeyRing(Key.made(f"d-{now()}111"), keys.static)
    with Core(stranger) as elsewhere:
        class Redirecting(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(302)
                self.send_header("Location", elsewhere.url + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        gateway = start(changed(base_configuration, sessions__core__urls=[url]))
        answer = gateway.ask(get("/required", bearer(access(stranger.dynamic))))
        assert answer.status in (401, 503)
        assert elsewhere.calls == []
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cve_2024_45809_keys_arrive_after_the_client_left(
    start, base_configuration, core, keys, upstream, how
):
    """CVE-2024-45809, CVE-2025-64527: the answer to a question nobody waits for changes nothing."""
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    gateway = start(configuration).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 0.5
    rotated = Key.made(f"d-{now()}222")
    core.keys = KeyRing(rotated, keys.static)
    for _ in range(20):
        connection = gateway.connect()
        connection.send(get("/required", bearer(access(rotated))))
        gateway.settle(0.01)
        getattr(connection, how)()
    assert eventually(
        lambda: gateway.ask(get("/required", bearer(access(rotated)))).status == 200
    )
    assert gateway.is_running()
    client = 'sallyport_connections{side="client"}'
    assert eventually(lambda: gateway.metric(client) == 0)


def test_reload_while_a_request_waits_for_keys(start, base_configuration, core, keys, upstream):
    """It is judged by the configuration it began with, and answered."""
    configuration = changed(base_configuration, sessions__core__urls=[core.url])
    gateway = start(configuration).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 0.6
    rotated = Key.made(f"d-{now()}333")
    core.keys = KeyRing(rotated, keys.static)
    with gateway.connect() as connection:
        connection.send(get("/required", bearer(access(rotated))))
        time.sleep(0.2)
        assert "reload" in gateway.reload(changed(configuration, sessions__token_transfer="header"))
        assert connection.read().status in (200, 401, 503)
    assert gateway.is_running()


def test_ghsa_4mq7_a_verdict_is_not_shared_between_formats(gateway, upstream, keys):
    """GHSA-4mq7-pvjg-xp2r, CVE-2021-32701: a bearer's verdict says nothing of a cookie with other
    bytes, nor of a longer or shorter one."""
    token = access(keys.dynamic)
    assert gateway.ask(get("/required", bearer(token))).status == 200
    for other in (token[:-1], token + "A", token + ".", token.replace(".", "%2E", 1) + "x"):
        assert gateway.ask(get("/required", cookie(other))).status == 401
        assert gateway.ask(get("/required", bearer(other))).status == 401


def test_thousands_of_cookies(gateway, upstream, keys):
    """4,096 cookies, the session's among them: read once, forwarded without it."""
    token = access(keys.dynamic)
    crumbs = [f"c{number}={number}" for number in range(4096)]
    line = "; ".join([*crumbs[:2000], f"sAccessToken={token}", *crumbs[2000:]])
    assert gateway.ask(get("/required", f"Cookie: {line}")).status == 200
    assert upstream.received().value("cookie") == "; ".join(crumbs)
    line = "; ".join([*crumbs[:2000], "sAccessToken=x", f"sAccessToken={token}"])
    answer = gateway.ask(get("/required", f"Cookie: {line}"))
    assert (answer.status, answer.reason) == (401, "duplicate_cookie")
