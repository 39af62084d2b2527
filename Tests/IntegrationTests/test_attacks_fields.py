"""Known attacks on routing by fields, and on keys that arrive late; each named after its
ancestor."""

import re
import time

import pytest
from support.client import eventually
from support.gateway import changed
from support.keys import Key, KeyRing
from support.message import bearer, get
from support.quiet import nothing_came
from support.spellings import aliases, letter_cases
from support.tokens import access, now


def test_cve_2026_40575_forwarded_fields_never_choose_the_route(gateway, upstream):
    """CVE-2026-40575, GHSA-vhr5-ggp3-qq85: no field makes another request of a guarded one."""
    for field in ("X-Forwarded-Uri: /public", "X-Original-URL: /public",
                  "X-Forwarded-Method: OPTIONS", "X-HTTP-Method-Override: OPTIONS",
                  "X-Forwarded-Prefix: /public",
                  "X-Forwarded-Host: other.example.com", "X-Auth-Request-Redirect: /public"):
        assert gateway.ask(get("/required", field)).status == 401
    assert upstream.received_nothing(0.05)


ORIGINAL_PATH = "X-Envoy-Original-Path"


def test_cve_2023_27487_original_path_of_the_client_s(gateway, upstream):
    """Whatever path the field claims, once, twice or after an empty one: the path of the request
    line is the one that is judged, forwarded and logged."""
    guarded, public = "/required/27487", "/public/27487"
    names = [*aliases(ORIGINAL_PATH), *letter_cases(ORIGINAL_PATH)[1:]]
    for name in names:
        for fields in ([f"{name}: {{}}"], [f"{name}: {{}}"] * 2, [f"{name}:", f"{name}: {{}}"]):
            claimed = [field.format("/public/claimed") for field in fields]
            answer = gateway.ask(get(guarded, *claimed))
            assert (answer.status, answer.reason) == (401, "no_session"), claimed
            claimed = [field.format("/required/claimed") for field in fields]
            assert gateway.ask(get(public, *claimed)).status == 200, claimed
            assert upstream.received().target == public
    nothing_came(gateway, upstream)

    def logged():
        paths = [(line["path"], line["route"], line["status"]) for line in gateway.log_lines()]
        return [row for row in paths if re.search("27487|claimed", row[0] or "")]

    assert eventually(lambda: len(logged()) >= 6 * len(names))
    assert set(logged()) == {(guarded, "required", 401), (public, "public", 200)}


# Keys and caches.


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
        assert "reload" in gateway.reload(changed(configuration, sessions__token_transfer="cookie"))
        assert connection.read().status == 200
        answer = connection.ask(get("/required", bearer(access(rotated))))
        assert (answer.status, answer.reason) == (401, "no_session")
