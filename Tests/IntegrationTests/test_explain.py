"""`sallyport explain`: the same verdict as the running gateway, why, and no secret."""

import json
import subprocess
import time

import pytest
from support.client import eventually
from support.core import Core
from support.gateway import Gateway, binary, changed
from support.keys import Key, KeyRing
from support.message import bearer, cookie, get
from support.tokens import access, inner, now, seed_session
from test_sessions import VECTORS, confirmed

URL = "http://app.example.com"


def explain(gateway, *arguments, url=f"{URL}/required", ask_core=True, status=None):
    """What it prints, as JSON; `status` is the exit status that it must end with."""
    line = [binary(), "explain", "--config", gateway.file, "--json", *arguments, url]
    if ask_core:
        line.insert(-1, "--ask-core")
    run = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert run.returncode in (0, 1), run.stderr
    said = json.loads(run.stdout)
    assert run.returncode == (1 if said["verdict"]["outcome"] == "refused" else 0)
    assert status is None or run.returncode == status
    assert "eyJ" not in run.stdout + run.stderr
    said["printed"] = run.stdout
    return said


def steps(said):
    return {step["step"]: step["result"] for step in said["session"]}


def verdict(said):
    return said["verdict"]["status"], said["verdict"]["reason"]


def fields(said):
    return [(one["change"], one["name"].lower(), one["client"], one["upstream"])
            for one in said["upstream"]["fields"]]


@pytest.fixture(scope="module")
def explained(base_configuration, tmp_path_factory):
    """A gateway whose core has the keys of the vectors, and its configuration."""
    with Core(KeyRing(None, None)) as core:
        core.take_keys(VECTORS)
        core.verify = confirmed
        configuration = changed(
            base_configuration, sessions__core__urls=[core.url],
            sessions__keys={"cache_file": "keys.json"},
        )
        with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
            gateway.core = core
            gateway.wait_for_keys()
            assert eventually(
                lambda: (gateway.folder / "keys.json").exists()
                and "legacy" in json.loads((gateway.folder / "keys.json").read_text())
            )
            yield gateway


class Configured:
    """A configuration that no gateway runs with."""

    def __init__(self, configuration, folder):
        self.file = folder / "sallyport.yaml"
        listeners = configuration.get("listeners", [{"address": "127.0.0.1:8080"}])
        self.file.write_text(json.dumps({**configuration, "listeners": listeners}))


@pytest.fixture(scope="module")
def fileless(base_configuration, explained, tmp_path_factory):
    configuration = changed(base_configuration, sessions__core__urls=[explained.core.url])
    return Configured(configuration, tmp_path_factory.mktemp("fileless"))


SESSION_REASONS = {
    "no_session", "expired", "bad_signature", "unknown_key", "not_a_session_token",
    "wrong_key_kind", "duplicate_cookie", "jwt_missing", "jwt_expired",
    "core_unreachable",
}


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS["vectors"]]
)
def test_agrees_with_the_gateway(explained, upstream, vector, by):
    """With the keys of the file, and of the core."""
    field = by(vector["token"])
    answer = explained.ask(get("/required", field))
    if "\n" in field or "\r" in field or "\0" in field:
        return
    # The gateway has asked for a key that the file cannot have, or about a child token.
    ask_core = answer.reason == "unknown_key" or "child" in vector["name"]
    said = explain(explained, "-H", field, ask_core=ask_core)
    status = 204 if answer.status == 200 else answer.status
    assert verdict(said) == (status, answer.reason)
    failed = [step["reason"] for step in said["session"] if step["result"] == "failed"]
    assert failed == ([answer.reason] if answer.reason in SESSION_REASONS else [])


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS["vectors"]]
)
def test_agrees_when_it_asks_the_core(explained, fileless, vector, by):
    field = by(vector["token"])
    answer = explained.ask(get("/required", field))
    status = 204 if answer.status == 200 else answer.status
    assert verdict(explain(fileless, "-H", field)) == (status, answer.reason)


def test_sends_nothing_and_asks_nobody(explained, upstream, keys):
    before = len(explained.core.calls)
    said = explain(explained, "-H", bearer(access(keys.dynamic)), ask_core=False, status=1)
    assert verdict(said) == (503, "core_unreachable")
    assert len(explained.core.calls) == before
    assert upstream.requests.empty()
    assert steps(said)["signature"] == "failed"
    assert any("--ask-core" in note for note in said["notes"])
    explain(explained, "-H", bearer(access(keys.dynamic)), status=1)
    assert len(explained.core.calls) > before
    assert upstream.requests.empty()


@pytest.fixture(scope="module")
def keyless(base_configuration, shared_core, tmp_path_factory):
    """Without a file of keys; its JWT goes into a field of its own."""
    configuration = changed(
        base_configuration,
        sessions={"core": {"urls": [shared_core.url]}, "signing_keys": "any"},
        forwarding={"cors": {"origins": ["https://app.example.com"]}},
    )
    configuration["routes"] += [
        {"path_prefix": "/api", "strip_prefix": True, "upstream": "main",
         "hosts": ["api.example.com"], "methods": ["GET", "POST"], "name": "api"},
        {"path_exact": "/api/health", "session": "public", "upstream": "main", "name": "health",
         "hosts": ["api.example.com"]},
        {"path_prefix": "/page", "upstream": "main", "name": "page", "sign_in": "/sign-in"},
    ]
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def test_signature_that_cannot_be_judged(keyless, keys):
    said = explain(keyless, "-H", bearer(access(keys.dynamic)), ask_core=False, status=1)
    assert verdict(said) == (503, "core_unreachable")
    assert steps(said)["signature"] == "open" and steps(said)["jwt"] == "passed"
    notes = " ".join(said["notes"])
    assert "cache_file is not set" in notes and "with a good signature" in notes
    # What needs no key is judged without.
    late = explain(keyless, "-H", bearer(access(keys.dynamic, created=now() - 9000)),
                   ask_core=False, status=1)
    assert verdict(late) == (401, "expired")


def test_what_goes_upstream(keyless, keys):
    token = access(keys.dynamic)
    said = explain(
        keyless, "-H", "X-Mine: kept", "-H", "anti-csrf: 1234567", "-H", "X-Api-Key: hush",
        "-H", "X-Forwarded-For: 6.6.6.6", "-H", "X-Original-URL: /admin", "-H", "Connection: x-a",
        "-H", "X-A: 1", "-b", f"sAccessToken={token}; theme=dark",
        url="https://api.example.com/api/orders?state=hush&id=7", status=0,
    )
    assert said["route"]["name"] == "api" and said["upstream"]["name"] == "main"
    assert said["route"]["file"] == str(keyless.file) and said["route"]["line"] > 1
    assert said["upstream"]["request"] == "GET /orders?state=***&id=***"
    seen = fields(said)
    assert ("kept", "x-mine", "kept", "kept") in seen
    assert ("kept", "host", "api.example.com", "api.example.com") in seen
    for name in ("anti-csrf", "x-original-url", "connection", "x-a"):
        assert [one[0] for one in seen if one[1] == name] == ["removed"], name
    assert [one[0] for one in seen if one[1] == "authorization"] == ["added"]
    assert ("changed", "x-forwarded-for", "6.6.6.6", "127.0.0.1") in seen
    assert [one for one in seen if one[1] == "cookie"] == [
        ("changed", "cookie", "sAccessToken=***; theme=***", "theme=***")
    ]
    assert ("added", "x-forwarded-proto", None, "http") in seen
    for secret in ("hush", "1234567", "dark", token):
        assert secret not in said["printed"]
    assert steps(said)["cookie"] == steps(said)["signature"] == steps(said)["anti-csrf"] == "passed"


def test_what_goes_upstream_of_a_websocket(keyless, keys):
    lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    fields_of = [part for line in lines for part in ("-H", line)]
    cookie = f"sAccessToken={access(keys.dynamic)}"
    url = "https://api.example.com/api/orders"
    said = explain(keyless, *fields_of, "-b", cookie, url=url, status=0)
    kept = {one[1] for one in fields(said) if one[0] == "kept"}
    assert {line.split(":")[0].lower() for line in lines} <= kept
    said = explain(
        keyless, *fields_of, "-H", "Origin: https://evil.test", "-b", cookie, url=url, status=1
    )
    assert said["verdict"]["status"] == 403
    assert said["verdict"]["reason"] == "origin_not_allowed"


def test_prints_the_same_for_people(keyless, keys):
    token = access(keys.dynamic)
    line = [binary(), "explain", "--config", keyless.file, "--ask-core",
            "-b", f"sAccessToken={token}; theme=dark", f"{URL}/required/1?secret=hush"]
    run = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    for words in ("path      /required/1", f"required ({keyless.file}:", "signature", "forwarded",
                  "+ Authorization: Bearer ***", "- Cookie: sAccessToken=***; theme=***",
                  "+ Cookie: theme=***", "main ("):
        assert words in run.stdout, run.stdout
    for secret in ("hush", "dark", "eyJ"):
        assert secret not in run.stdout + run.stderr


@pytest.mark.parametrize("arguments, url, outcome, status, reason", [
    (["-X", "DELETE"], "http://api.example.com/api/1", "refused", 405, "method_not_allowed"),
    ([], "http://other.example.com/api/1", "refused", 404, "no_route"),
    ([], f"{URL}/required/%2e%2e/x", "refused", 400, "bad_request"),
    ([], f"{URL}/required", "refused", 401, "no_session"),
    (["-H", "Sec-Fetch-Mode: navigate"], f"{URL}/page", "refused", 302, "no_session"),
    ([], f"{URL}/public", "forwarded", 204, None),
    ([], f"{URL}/passthrough", "forwarded", 204, None),
    ([], f"{URL}/optional", "forwarded", 204, None),
    ([], f"{URL}/jwt", "refused", 401, "no_session"),
    (["-H", "Bad Name: x"], f"{URL}/public", "refused", 400, "bad_request"),
    (["-X", "OPTIONS", "-H", "Origin: https://app.example.com",
      "-H", "Access-Control-Request-Method: GET"], f"{URL}/required", "answered", 204, None),
    (["-X", "OPTIONS", "-H", "Origin: https://evil.example.com",
      "-H", "Access-Control-Request-Method: GET"], f"{URL}/required", "refused", 403,
     "origin_not_allowed"),
])
def test_verdicts(keyless, arguments, url, outcome, status, reason):
    said = explain(keyless, *arguments, url=url, ask_core=False)
    assert said["verdict"]["outcome"] == outcome
    assert verdict(said) == (status, reason)


def test_answered_with_the_jwt(keyless, keys):
    said = explain(keyless, "-b", f"sAccessToken={seed_session(keys, inner(keys.static))}",
                   url=f"{URL}/jwt", status=0)
    assert said["verdict"]["outcome"] == "answered" and said["verdict"]["status"] == 200


def test_anti_csrf(keyless, keys):
    arguments = ["-X", "POST", "-b", f"sAccessToken={access(keys.dynamic)}"]
    cross = explain(keyless, *arguments, "-H", "Sec-Fetch-Site: cross-site", status=1)
    assert verdict(cross) == (401, "anti_csrf") and steps(cross)["anti-csrf"] == "failed"
    assert steps(explain(keyless, *arguments, status=0))["anti-csrf"] == "passed"


def test_refused_head_is_answered_at_once(keyless):
    begin = time.monotonic()
    assert verdict(explain(keyless, "-X", "HEAD", ask_core=False, status=1)) == (401, "no_session")
    # It has a length, and no content to wait for.
    assert time.monotonic() - begin < 5


def test_near_misses(keyless):
    def near(*arguments, url):
        said = explain(keyless, *arguments, url=url, ask_core=False)
        return {one["name"]: one["why"] for one in said["near_misses"]}

    assert near("-X", "PUT", url="http://api.example.com/api/1")["api"] == "only for GET, POST"
    assert near(url=f"{URL}/api/1")["api"] == "only for api.example.com"
    assert near(url=f"{URL}/requiredx")["required"] == "its path is /required and below"
    assert "less specific" in near(url="http://api.example.com/api/health")["api"]
    assert near(url=f"{URL}/elsewhere") == {}


def test_other_readings_are_shown(keyless):
    said = explain(keyless, url=f"{URL}/public/A%2Fb", ask_core=False)
    assert said["request"]["path"] == "/public/A%2Fb" and said["request"]["readings"]


def test_listener_of_the_url(base_configuration, certificate, tmp_path):
    """Scheme and port of the listener are told upstream, and it redirects as that does."""
    plain = {"address": "127.0.0.1:0", "redirect_to_https": True}
    listeners = [{"address": "127.0.0.1:0", "tls": {"certificates": [certificate.files()]}}, plain]
    configuration = changed(base_configuration, listeners=listeners)
    configuration["listeners"][0]["address"] = "127.0.0.1:8443"
    configured = Configured(configuration, tmp_path)
    https = explain(configured, url="https://app.example.com:8443/public", ask_core=False)
    assert ("added", "x-forwarded-proto", None, "https") in fields(https)
    assert ("added", "x-forwarded-port", None, "8443") in fields(https)
    http = explain(configured, url="http://app.example.com/public", ask_core=False, status=0)
    assert verdict(http) == (308, "redirect")
    location = [f["value"] for f in http["verdict"]["fields"] if f["name"] == "Location"]
    assert location == ["https://app.example.com:8443/public"]


def test_a_new_token_of_the_core_s_is_told(base_configuration, core, keys, tmp_path):
    child = access(keys.dynamic, sessionHandle="s", parentRefreshTokenHash1="ab" * 32)
    new = access(keys.dynamic, sessionHandle="s", n=1)
    core.verify = lambda _: {
        "status": "OK", "session": {"handle": "s", "userId": "u"}, "accessToken": {"token": new},
    }
    urls = [core.url]
    gateway = Gateway(changed(base_configuration, sessions__core__urls=urls), tmp_path)
    gateway.write()
    told = "the core gave a new access token, which the client gets too"
    assert told in explain(gateway, "-b", f"sAccessToken={child}")["notes"]
    core.verify = lambda _: {"status": "OK", "session": {"handle": "s", "userId": "u"}}
    assert told not in explain(gateway, "-b", f"sAccessToken={child}")["notes"]


def test_queries_are_masked_where_answers_repeat_them(base_configuration, certificate, tmp_path):
    """In the way to a sign-in page, and to https."""
    configuration = changed(
        base_configuration, admin={"address": "off"},
        listeners=[
            {"address": "127.0.0.1:8080"},
            {"address": "127.0.0.1:8081", "redirect_to_https": True},
            {"address": "127.0.0.1:8443", "tls": {"certificates": [certificate.files()]}},
        ],
    )
    configuration["routes"][0]["sign_in"] = "https://auth.example.com/in?x=1"
    gateway = Gateway(configuration, tmp_path)
    gateway.write()
    for port, status, place in (
        (8080, 302, "https://auth.example.com/in?x=***&redirectToPath=***"),
        (8081, 308, "https://app.example.com:8443/required/7?code=***"),
    ):
        said = explain(
            gateway, "-H", "Sec-Fetch-Mode: navigate", ask_core=False,
            url=f"http://app.example.com:{port}/required/7?code=s3cret",
        )
        assert said["verdict"]["status"] == status
        fields = {one["name"]: one["value"] for one in said["verdict"]["fields"]}
        assert fields["Location"] == place
        assert "s3cret" not in said["printed"]
    assert said["near_misses"][0]["why"] == "it fits, and was not asked for"


def test_a_request_does_not_write_on_the_terminal(keyless):
    """Fields may hold what terminals obey: requests are explained that somebody else sent."""
    field = "x-y: a\u009b31m\u202e"
    said = explain(keyless, "-H", field, url=f"{URL}/public", ask_core=False)
    assert r"a\u009b31m\u202e" in said["printed"]
    line = [binary(), "explain", "--config", keyless.file, "-H", field, f"{URL}/public"]
    run = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert r"a\u009b31m\u202e" in run.stdout
    assert all(shown.isprintable() for shown in run.stdout.splitlines())


def test_wrong_usage_shows_no_secret(keyless):
    for arguments in (["-H", "s3cret", f"{URL}/"], ["app.example.com/?code=s3cret"]):
        line = [binary(), "explain", "--config", keyless.file, *arguments]
        run = subprocess.run(line, capture_output=True, text=True, timeout=30)
        assert run.returncode == 64 and "s3cret" not in run.stdout + run.stderr


@pytest.mark.parametrize("arguments", [
    [], ["app.example.com/x"], ["ftp://app.example.com/"], ["http:///x"], ["http://a:b/"],
    ["-H", "no colon", "http://a/"], ["-H", "A: b\r\nC: d", "http://a/"],
    ["-X", "A B", "http://a/"],
    ["http://a/b c"], ["http://user@a/"], ["-b", "a=b\nC: d", "http://a/"],
])
def test_wrong_usage(keyless, arguments):
    line = [binary(), "explain", "--config", keyless.file, *arguments]
    run = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert run.returncode == 64, run.stdout + run.stderr


def test_broken_configuration(tmp_path):
    file = tmp_path / "sallyport.yaml"
    file.write_text("listeners: [\n")
    line = [binary(), "explain", "--config", file, f"{URL}/"]
    run = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert run.returncode == 1 and "error:" in run.stderr


def test_another_core_is_another_key(keyless):
    said = explain(keyless, "-H", bearer(access(Key.made("d-3"))), status=1)
    assert verdict(said) == (401, "unknown_key") and steps(said)["signature"] == "failed"
