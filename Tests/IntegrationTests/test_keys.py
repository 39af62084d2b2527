"""Keys: fetched in the background, asked for when unknown, never per request; no keys is 503."""

import threading

from support.client import eventually
from support.core import Core
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, get
from support.ports import free_port
from support.tokens import access, legacy, now

JWKS = "/.well-known/jwks.json"
HANDSHAKE = "/recipe/handshake"


def with_core(base_configuration, core, **changes):
    return changed(base_configuration, sessions__core__urls=[core.url], **changes)


def status_of(gateway, token):
    answer = gateway.ask(get("/required", bearer(token)))
    return answer.status, answer.reason


def test_keys_are_fetched_at_start_only(start, base_configuration, core, keys, upstream):
    gateway = start(with_core(base_configuration, core)).wait_for_keys()
    for number in range(30):
        assert status_of(gateway, access(keys.dynamic, number=number)) == (200, None)
        assert status_of(gateway, legacy(keys.dynamic, {"number": number})) == (200, None)
    assert core.count(JWKS) == 1
    assert core.count(HANDSHAKE) == 1


def test_version_and_key_of_the_interface_are_sent(start, base_configuration, core, keys):
    start(with_core(base_configuration, core, sessions__core__api_key="secret-key")).wait_for_keys()
    assert eventually(lambda: core.count(HANDSHAKE) == 1)
    fields = next(call[2] for call in core.calls if call[1] == HANDSHAKE)
    fields = {name.lower(): value for name, value in fields.items()}
    assert fields["cdi-version"] == "2.20"
    assert fields["api-key"] == "secret-key"


def test_base_path(start, base_configuration, keys, upstream):
    with Core(keys, "/appid-one/two") as core:
        gateway = start(with_core(base_configuration, core)).wait_for_keys()
        assert status_of(gateway, access(keys.dynamic)) == (200, None)
        assert status_of(gateway, legacy(keys.dynamic)) == (200, None)


def test_unknown_key_is_asked_for_once(start, base_configuration, core, keys, upstream):
    gateway = start(with_core(base_configuration, core)).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 0.2
    rotated = Key.made(f"d-{now()}999")
    core.keys = KeyRing(rotated, keys.static)
    before = core.count(JWKS)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(status_of(gateway, access(rotated))))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(200, None)] * 20
    assert core.count(JWKS) == before + 1
    core.keys = keys


def test_cooldown_of_unknown_keys(start, base_configuration, core, keys, upstream):
    options = {"unknown_key_cooldown": "1h"}
    configuration = with_core(base_configuration, core, sessions__keys=options)
    gateway = start(configuration).wait_for_keys()
    for number in range(50):
        token = access(Key(f"d-{number}", keys.dynamic.private, 0))
        assert status_of(gateway, token) == (401, "unknown_key")
    assert core.count(JWKS) <= 2


def test_warm_tokens_pass_while_the_core_is_down(start, base_configuration, core, keys, upstream):
    gateway = start(with_core(base_configuration, core)).wait_for_keys()
    core.stop()
    assert status_of(gateway, access(keys.dynamic)) == (200, None)
    gateway.settle(0.6)
    unknown = access(Key("d-77", keys.dynamic.private, 0))
    assert status_of(gateway, unknown) == (503, "core_unreachable")
    core.restart()
    gateway.settle(0.6)
    assert status_of(gateway, unknown) == (401, "unknown_key")


def test_keys_arrive_when_the_core_does(start, base_configuration, core, keys, upstream):
    core.stop()
    gateway = start(with_core(base_configuration, core))
    assert status_of(gateway, access(keys.dynamic)) == (503, "core_unreachable")
    assert gateway.admin("/readyz").status == 503
    core.restart()
    assert eventually(lambda: gateway.admin("/readyz").status == 200, 15)
    assert status_of(gateway, access(keys.dynamic)) == (200, None)


def test_several_cores_are_tried_in_order(start, base_configuration, core, keys, upstream):
    urls = [f"http://127.0.0.1:{free_port()}", core.url]
    gateway = start(changed(base_configuration, sessions__core__urls=urls)).wait_for_keys()
    assert status_of(gateway, access(keys.dynamic)) == (200, None)


def test_core_without_web_keys(start, base_configuration, core, keys, upstream):
    """The seed era: only handshake keys. What needs a web key is answered, not waited for."""
    core.offers_web_keys = False
    gateway = start(with_core(base_configuration, core)).wait_for_keys()
    assert status_of(gateway, legacy(keys.dynamic)) == (200, None)
    assert status_of(gateway, access(keys.dynamic)) == (401, "unknown_key")


def test_core_without_handshake(start, base_configuration, core, keys, upstream):
    """A core of today: legacy tokens are tried against the web keys."""
    core.offers_handshake = False
    gateway = start(with_core(base_configuration, core)).wait_for_keys()
    assert status_of(gateway, access(keys.dynamic)) == (200, None)
    assert status_of(gateway, legacy(keys.dynamic)) == (200, None)


def test_empty_set_replaces_nothing(start, base_configuration, core, keys, upstream):
    configuration = with_core(base_configuration, core, sessions__keys={"maximum_age": "1s"})
    gateway = start(configuration).wait_for_keys()
    core.web_keys = {"keys": []}
    before = core.count(JWKS)
    assert eventually(lambda: core.count(JWKS) > before + 1, 10)
    assert status_of(gateway, access(keys.dynamic)) == (200, None)


def test_withdrawn_key_leaves_the_cache(start, base_configuration, core, keys, upstream):
    configuration = with_core(base_configuration, core, sessions__keys={"maximum_age": "1s"})
    gateway = start(configuration).wait_for_keys()
    token = access(keys.dynamic)
    assert status_of(gateway, token) == (200, None)
    core.web_keys = {"keys": [keys.static.web_key()]}
    assert eventually(lambda: status_of(gateway, token) == (401, "unknown_key"), 10)
    assert status_of(gateway, access(keys.static)) == (200, None)


def test_stale_keys_end(start, base_configuration, core, keys, upstream):
    options = {"maximum_age": "1s", "maximum_stale": "2s"}
    configuration = with_core(base_configuration, core, sessions__keys=options)
    gateway = start(configuration).wait_for_keys()
    token = access(keys.dynamic)
    assert status_of(gateway, token) == (200, None)
    core.stop()
    assert eventually(lambda: status_of(gateway, token) == (503, "core_unreachable"), 10)


def test_slow_core_holds_a_request_no_longer_than_its_timeout(
    start, base_configuration, core, keys, upstream
):
    configuration = with_core(base_configuration, core, sessions__core__timeout="300ms")
    gateway = start(configuration).wait_for_keys()
    gateway.settle(0.6)
    core.delay = 5
    token = access(Key("d-78", keys.dynamic.private, 0))
    assert status_of(gateway, token) == (503, "core_unreachable")
