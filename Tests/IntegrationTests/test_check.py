"""`sallyport check`: the configurations that ship are fine, broken ones are told with place and
remedy."""

import json
import re
import shutil
import subprocess

import pytest
from support.certificates import write_certificate
from support.gateway import ROOT, binary, changed

SHIPPED = sorted(path.relative_to(ROOT / "Config") for path in (ROOT / "Config").rglob("*.yaml"))


def check(file, *options, environment=None):
    line = [binary(), "check", "--config", file, *options]
    return subprocess.run(line, capture_output=True, text=True, timeout=10, env=environment)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A copy of Config with a certificate beside every file."""
    folder = tmp_path_factory.mktemp("shipped") / "Config"
    shutil.copytree(ROOT / "Config", folder)
    for place in [folder, *(path for path in folder.iterdir() if path.is_dir())]:
        pair = write_certificate(place, "app", ["app.example.com", "*.example.com", "localhost"])
        text = "".join(path.read_text() for path in place.glob("*.yaml"))
        for name in set(re.findall(r"[\w./-]+\.crt", text)) - {"app.crt"}:
            shutil.copy(pair.certificate, place / name)
        for name in set(re.findall(r"[\w./-]+\.key", text)) - {"app.key"}:
            shutil.copy(pair.private_key, place / name)
    return folder


@pytest.mark.parametrize("file", SHIPPED, ids=str)
def test_shipped_configurations_are_fine(shipped, file):
    run = check(shipped / file)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "error:" not in run.stdout + run.stderr


def test_default_configuration_tells_how_to_make_its_certificate(tmp_path):
    shutil.copy(ROOT / "Config/sallyport.yaml", tmp_path)
    run = check(tmp_path / "sallyport.yaml")
    assert run.returncode == 1
    assert "openssl req -x509" in run.stdout + run.stderr


BROKEN = """\
listeners:
  - address: 127.0.0.1:8443
    protocol: [http/1.1]
upstreams:
  app:
    targets: ["http://127.0.0.1:9100"]
    idle_timeout: 30
routes:
  - path_prefix: /a
    upstream: ap
  - path_prefix: /b
    session: requird
    upstream: app
"""


def test_every_error_is_told_with_its_place(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    run = check(file)
    assert run.returncode == 1
    lines = [line for line in (run.stdout + run.stderr).splitlines() if ": error: " in line]
    places = [re.match(rf"{re.escape(str(file))}:(\d+):\d+: error: .+; .+", line) for line in lines]
    assert all(places), lines
    assert {int(place.group(1)) for place in places} == {3, 7, 10, 12}
    text = "\n".join(lines)
    assert "protocols" in text and "required" in text and "app" in text


def test_errors_for_machines(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    run = check(file, "--json")
    assert run.returncode == 1
    errors = [entry for entry in json.loads(run.stdout) if entry["severity"] == "error"]
    assert {entry["line"] for entry in errors} == {3, 7, 10, 12}
    for entry in errors:
        assert entry["file"] == str(file) and entry["column"] > 0
        assert entry["message"] and entry["remedy"]


@pytest.mark.parametrize("text", [
    "", "[]", "a: [", "listeners: &a [*a]", "\x00", "\t", "- " * 5000,
])
def test_files_that_are_no_configuration(tmp_path, text):
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    run = check(file)
    assert run.returncode == 1
    assert str(file) in run.stdout + run.stderr


def test_missing_file(tmp_path):
    run = check(tmp_path / "missing.yaml")
    assert run.returncode == 1
    assert "missing.yaml" in run.stdout + run.stderr


def test_secrets_are_not_shown(tmp_path):
    file = tmp_path / "secret.yaml"
    file.write_text("sessions: {core: {api_key: \"${SALLYPORT_TEST_KEY}\nx\"}}\nlisteners: []\n")
    run = check(file, environment={"SALLYPORT_TEST_KEY": "very-secret"})
    assert run.returncode == 1
    assert "very-secret" not in run.stdout + run.stderr


DURATION = ("1ms", "24h", "0ms", "86400001ms")
# Key: the lowest and the highest value, one below and one above; None where there is no such end.
RANGES = {
    "server.workers": (1, 256, 0, 257),
    "server.shutdown_grace": ("0s", "1h", None, "3600001ms"),
    "sessions.core.timeout": DURATION,
    "sessions.expired_status": (400, 499, 399, 500),
    "sessions.keys.maximum_age": ("1s", "8760h", "999ms", "8761h"),
    "sessions.keys.maximum_stale": ("1s", "8760h", "999ms", "8761h"),
    "sessions.keys.unknown_key_cooldown": DURATION,
    "sessions.token_cache.size": ("1MiB", "1024GiB", 1048575, "1025GiB"),
    "sessions.token_cache.maximum_age": ("1s", "24h", "999ms", "86400001ms"),
    **{f"timeouts.{name}": DURATION for name in (
        "handshake", "request_head", "request_body_idle", "response_idle", "send_idle",
        "keep_alive")},
    "limits.request_head": (256, "1MiB", 255, 1048577),
    "limits.request_fields": (1, 4096, 0, 4097),
    "limits.request_target": (16, "1MiB", 15, 1048577),
    "limits.request_body": (0, "1048576GiB", None, "1048577GiB"),
    "limits.connections": (1, 1_000_000, 0, 1_000_001),
    "limits.tunnels": (1, 1_000_000, 0, 1_000_001),
    "forwarding.cors.max_age": ("0s", "24h", None, "86400001ms"),
    "upstreams.app.max_connections": (1, 65_536, 0, 65_537),
    "upstreams.app.tunnel_idle": (0, "8760h", None, "8761h"),
    **{f"upstreams.app.{name}": DURATION for name in (
        "connect_timeout", "response_timeout", "idle_timeout")},
}


@pytest.mark.parametrize("column, is_fine", [(0, True), (1, True), (2, False), (3, False)])
def test_range_of_every_key(tmp_path, column, is_fine):
    """docs/configuration.md has the ranges. At each end it is fine, one past it is an error."""
    configuration = {
        "listeners": [{"address": "127.0.0.1:8080"}],
        "upstreams": {"app": {"targets": ["http://127.0.0.1:9100"]}},
        "routes": [{"path_prefix": "/", "session": "public", "upstream": "app"}],
    }
    set_here = {path: row[column] for path, row in RANGES.items() if row[column] is not None}
    for path, value in set_here.items():
        configuration = changed(configuration, **{path.replace(".", "__"): value})
    file = tmp_path / "sallyport.yaml"
    file.write_text(json.dumps(configuration))
    run = check(file)
    told = run.stdout + run.stderr
    assert run.returncode == (0 if is_fine else 1), told
    wrong = [path for path in set_here if not re.search(rf"error: `{re.escape(path)}`", told)]
    assert wrong == (list(set_here) if is_fine else []), told


def test_targets_of_an_upstream(tmp_path):
    file = tmp_path / "sallyport.yaml"
    for count, status in ((64, 0), (65, 1)):
        targets = [f"http://127.0.0.1:{9000 + number}" for number in range(count)]
        file.write_text(json.dumps({
            "listeners": [{"address": "127.0.0.1:8080"}],
            "upstreams": {"app": {"targets": targets}},
            "routes": [{"path_prefix": "/", "session": "public", "upstream": "app"}],
        }))
        assert check(file).returncode == status
