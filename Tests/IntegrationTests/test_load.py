"""Under load: no error, a drain that loses nothing, a core and an upstream that come and go.

A few seconds each; SALLYPORT_LOAD_SECONDS=60 for the long run."""

import os
import signal
import time

import pytest
from support.certificates import trusting
from support.core import Core
from support.gateway import Gateway, changed
from support.keys import Key, KeyRing
from support.message import bearer, get
from support.tokens import access, now
from support.wrk import Load

SECONDS = int(os.environ.get("SALLYPORT_LOAD_SECONDS", "4"))

pytestmark = pytest.mark.timeout(60 + 4 * SECONDS)


@pytest.fixture
def loaded(base_configuration, answering, core, certificate, tmp_path):
    """Two workers over TLS, access log off."""
    configuration = changed(
        base_configuration, server={"workers": 2, "shutdown_grace": "10s"},
        sessions__core={"urls": [core.url], "timeout": "1s"},
        upstreams__main={"targets": [answering.url]},
        log={"access": {"output": "off"}},
    )
    with Gateway(configuration, tmp_path, {"certificates": [certificate.files()]}) as gateway:
        yield gateway.wait_for_keys()


def load(gateway, token, seconds=SECONDS, connections=256):
    url = f"https://127.0.0.1:{gateway.port}/required"
    return Load(url, seconds, connections, fields=[bearer(token), "Host: app.example.com"])


def without_error(report):
    seen = (report.read, report.write, report.timeout, report.other_status)
    assert seen == (0, 0, 0, 0), report.text
    assert report.requests > 0
    return report


def test_load(loaded, keys):
    report = without_error(load(loaded, access(keys.dynamic)).report())
    assert report.refused == 0
    assert loaded.is_running()


def test_drain_under_load(loaded, keys):
    running = load(loaded, access(keys.dynamic))
    time.sleep(SECONDS / 2)
    loaded.signal(signal.SIGTERM)
    assert loaded.process.wait(15) == 0
    without_error(running.report())


def test_reloads_under_load(loaded, keys):
    running = load(loaded, access(keys.dynamic), SECONDS + 4, connections=64)
    time.sleep(0.5)
    count = 200 if SECONDS >= 30 else 40
    for _ in range(count // 4):
        loaded.signal(signal.SIGHUP)
        time.sleep(0.02)
    before = loaded.resident_kib()
    for _ in range(count - count // 4):
        loaded.signal(signal.SIGHUP)
        time.sleep(0.02)
    time.sleep(0.3)
    after = loaded.resident_kib()
    without_error(running.report())
    assert after - before < 8 * 1024


def test_core_stops_under_load(loaded, core, keys):
    running = load(loaded, access(keys.dynamic), connections=64)
    time.sleep(0.5)
    core.stop()
    time.sleep(0.2)
    for number in range(20):
        token = access(keys.dynamic, number=number)
        assert loaded.ask(get("/required", bearer(token)), trusting()).status == 200
    without_error(running.report())


def test_key_rotation_under_load(loaded, core, keys):
    running = load(loaded, access(keys.dynamic), connections=32)
    rotated = Key.made(f"d-{now()}001")
    time.sleep(0.7)
    core.web_keys = {"keys": [key.web_key() for key in (rotated, keys.dynamic, keys.static)]}
    second = load(loaded, access(rotated), max(SECONDS - 2, 1), connections=32)
    without_error(second.report())
    without_error(running.report())


def test_upstream_stops_and_starts_under_load(loaded, answering, keys):
    running = load(loaded, access(keys.dynamic), SECONDS + 2, connections=32)
    time.sleep(1)
    answering.kill()
    time.sleep(0.5)
    assert loaded.metric("sallyport_requests_total") > 0
    answering.start()
    report = running.report()
    assert (report.read, report.write, report.timeout) == (0, 0, 0), report.text
    without_error(load(loaded, access(keys.dynamic), 1, connections=32).report())
    text = loaded.admin("/metrics").body.decode()
    assert 'status="502"' in text and 'reason="upstream_unreachable"' in text


def test_many_new_tokens(base_configuration, answering, keys, tmp_path):
    """A flood of fresh tokens evicts and is bounded; warm ones still pass."""
    with Core(KeyRing(keys.dynamic, keys.static)) as core:
        configuration = changed(
            base_configuration, sessions__core={"urls": [core.url]},
            sessions__token_cache={"size": "1MiB"}, upstreams__main={"targets": [answering.url]},
            log={"access": {"output": "off"}},
        )
        with Gateway(configuration, tmp_path) as gateway:
            gateway.wait_for_keys()
            with gateway.connect() as connection:
                for number in range(1500):
                    token = access(keys.dynamic, number=number)
                    assert connection.ask(get("/required", bearer(token))).status == 200
            assert gateway.metric("sallyport_token_cache_entries") < 1300
