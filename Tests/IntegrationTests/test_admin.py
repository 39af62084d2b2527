"""Admin endpoints: health, metrics, and that no web page may reach them."""

import re

import pytest
from support.certificates import trusting
from support.client import Connection
from support.gateway import changed
from support.message import bearer, get, request
from support.tokens import access, now


def test_health(gateway):
    assert gateway.admin("/livez").status == 200
    assert gateway.admin("/readyz").status == 200


def test_ready_tells_why_not(start, base_configuration):
    gateway = start(changed(base_configuration, sessions__core__urls=["http://127.0.0.1:9"]))
    answer = gateway.admin("/readyz")
    assert answer.status == 503
    assert b"key" in answer.body


@pytest.mark.parametrize("fields", [
    pytest.param(["Origin: http://127.0.0.1"], id="origin"),
    pytest.param(["Origin: null"], id="origin null"),
    pytest.param(["Sec-Fetch-Site: same-origin"], id="fetch site"),
    pytest.param(["Sec-Fetch-Site: none"], id="fetch site none"),
    pytest.param(["Host: evil.example.com"], id="name"),
    pytest.param(["Host: localhost.evil.test"], id="name that begins so"),
    pytest.param(["Host: 127.0.0.1.nip.io"], id="name like an address"),
])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/other"])
def test_web_pages_are_refused(gateway, fields, path):
    assert gateway.admin(path, *fields).status == 403


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.0.0.1:{}", "localhost", "LOCALHOST:{}", "[::1]",
])
def test_hosts_that_are_served(gateway, host):
    assert gateway.admin("/livez", f"Host: {host.format(gateway.admin_port)}").status == 200


@pytest.mark.parametrize("path", ["/", "/other", "/livez/x", "/metricsx", "/debug"])
def test_other_paths_need_the_token(gateway, path):
    assert gateway.admin(path).status in (401, 403, 404)
    assert gateway.admin(path).status != 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(gateway, method):
    with Connection(gateway.admin_port) as connection:
        data = request(f"{method} /livez HTTP/1.1", "Host: localhost", "Content-Length: 0")
        assert connection.ask(data).status in (404, 405)


def test_admin_answers_are_kept_alive(gateway):
    with Connection(gateway.admin_port) as connection:
        for _ in range(5):
            assert connection.ask(get("/livez", "Host: localhost")).status == 200


def test_health_is_not_on_the_public_listener(gateway):
    """CVE-2026-34457: health answers only on its own listener."""
    assert gateway.ask(get("/livez", "User-Agent: kube-probe/1.0")).status == 404
    assert gateway.ask(get("/metrics")).status == 404


@pytest.mark.parametrize("off", ["off", False])
def test_admin_off(start, base_configuration, upstream, off):
    gateway = start(changed(base_configuration, admin={"address": off}))
    assert gateway.ask(get("/public")).status == 200
    with pytest.raises(OSError):
        gateway.admin("/livez")


# Metrics.


@pytest.fixture(scope="module")
def counted(base_configuration, tmp_path_factory, certificate):
    from support.gateway import Gateway

    with Gateway(base_configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


SAMPLE = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? [0-9.e+-]+(Inf|NaN)?'
)


def test_text_format(counted):
    answer = counted.admin("/metrics")
    assert answer.status == 200
    assert answer.value("content-type").startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    assert text.endswith("\n")
    seen = set()
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) [a-z_0-9]+ .+", line), line
        else:
            assert SAMPLE.fullmatch(line), line
            assert line.rsplit(" ", 1)[0] not in seen, f"twice: {line}"
            seen.add(line.rsplit(" ", 1)[0])


@pytest.mark.parametrize("name", [
    "sallyport_requests_total", "sallyport_request_duration_seconds_bucket",
    "sallyport_upstream_duration_seconds_bucket", "sallyport_session_checks_total",
    "sallyport_token_cache_hits", "sallyport_token_cache_misses", "sallyport_token_cache_entries",
    "sallyport_keys_age_seconds", "sallyport_keys_fetches_total", "sallyport_connections",
    "sallyport_upstream_up",
])
def test_names(counted, upstream, keys, name):
    assert counted.ask(get("/required", bearer(access(keys.dynamic)))).status == 200
    lines = counted.admin("/metrics").body.decode().splitlines()
    assert any(line.startswith((f"{name}{{", f"{name} ")) for line in lines), name


def requests(gateway, **labels):
    text = gateway.admin("/metrics").body.decode()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("sallyport_requests_total{")
        and all(f'{name}="{value}"' in line for name, value in labels.items())
    )


def test_requests_are_counted(counted, upstream, keys):
    cases = [
        (get("/public"), {"route": "public", "method": "GET", "status": "200", "reason": ""}),
        (get("/required"), {"route": "required", "status": "401", "reason": "no_session"}),
        (get("/nothing"), {"status": "404", "reason": "no_route"}),
        (request("PURGE /public HTTP/1.1"), {"route": "public", "method": "other"}),
        (get("/public#"), {"status": "400", "reason": "bad_request"}),
        (
            get("/required", bearer(access(keys.dynamic, created=now() - 7200))),
            {"route": "required", "status": "401", "reason": "expired"},
        ),
    ]
    for data, labels in cases:
        before = requests(counted, **labels)
        for _ in range(3):
            counted.ask(data)
        assert requests(counted, **labels) == before + 3, labels


def test_token_cache_is_counted(counted, upstream, keys):
    token = access(keys.dynamic, counted=1)
    hits = counted.metric("sallyport_token_cache_hits")
    misses = counted.metric("sallyport_token_cache_misses")
    for _ in range(4):
        assert counted.ask(get("/required", bearer(token))).status == 200
    assert counted.metric("sallyport_token_cache_misses") == misses + 1
    assert counted.metric("sallyport_token_cache_hits") == hits + 3
    assert counted.metric("sallyport_token_cache_entries") >= 1


def test_connections_are_counted(counted):
    name = 'sallyport_connections{side="client"'
    before = counted.metric(name)
    with counted.connect() as connection:
        connection.ask(get("/public"))
        assert counted.metric(name) == before + 1
    counted.settle(0.2)
    assert counted.metric(name) == before


def test_handshakes_are_counted(start, base_configuration, certificate):
    context = trusting()
    gateway = start(base_configuration, tls={"certificates": [certificate.files()]})
    with gateway.connect(context) as connection:
        connection.ask(get("/public"))
        session = connection.socket.session
    with gateway.connect(context, session=session) as connection:
        connection.ask(get("/public"))
    text = gateway.admin("/metrics").body.decode()
    name = "sallyport_tls_handshakes_total{"
    lines = [line for line in text.splitlines() if line.startswith(name)]
    full = [line for line in lines if 'version="TLSv1.3"' in line and 'resumed="false"' in line]
    resumed = [line for line in lines if 'version="TLSv1.3"' in line and 'resumed="true"' in line]
    assert sum(float(line.split()[-1]) for line in full) == 1, lines
    assert sum(float(line.split()[-1]) for line in resumed) == 1, lines


def test_peers_choose_no_label(counted, upstream):
    """Neither paths nor methods nor hosts of a client become labels."""
    for number in range(20):
        counted.ask(request(f"M{number} /public/{number} HTTP/1.1", f"Host: h{number}.test"))
    text = counted.admin("/metrics").body.decode()
    assert "M19" not in text and "h19" not in text and "/public/19" not in text
