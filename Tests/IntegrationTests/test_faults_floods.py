"""Floods of tokens from another process: established sessions are answered all the time, and what
the flood costs is bounded in each turn. `Benchmarks/compare --only floods` measures how long they
wait."""

import pytest
from support.core import Core
from support.crowd import comes_to_rest, descriptors, stopped
from support.established import established
from support.flood import script
from support.gateway import changed
from support.message import bearer, get, rows
from support.tokens import access
from support.wrk import Load

SPENT = "sallyport_signature_budget_spent_total"


@pytest.fixture
def flooded(start, base_configuration, answering, keys):
    """One worker with the smallest cache of tokens."""
    with Core(keys) as core:
        configuration = changed(
            base_configuration, sessions__core={"urls": [core.url]},
            sessions__token_cache={"size": "1MiB"}, upstreams__main={"targets": [answering.url]},
            log={"access": {"output": "off"}},
        )
        gateway = start(configuration).wait_for_keys()
        gateway.core = core
        yield gateway


# Tokens of unknown keys wait for the next fetch, half a second after the last: each of the 128
# connections brings about four in two seconds.
@pytest.mark.parametrize("kind, header, is_valid, is_bounded, requests", rows([
    ("never seen", "never_seen", None, True, True, range(1001, 10_000_000)),
    ("forged", "forged", None, False, True, range(1001, 10_000_000)),
    ("unknown keys", "warm", {"kid": "d-1"}, False, False, range(128 * 3, 128 * 6)),
]))
def test_flood(flooded, keys, tmp_path, kind, header, is_valid, is_bounded, requests):
    warm, before = access(keys.dynamic), descriptors(flooded)
    assert flooded.ask(get("/required", bearer(warm))).status == 200
    resident = flooded.resident_kib()
    tokens = [access(keys.dynamic, header=header, number=number) for number in range(100)]
    file = tmp_path / "flood.lua"
    file.write_text(script(tmp_path, kind, tokens, "/required"))
    flood = Load(
        f"http://127.0.0.1:{flooded.port}/", 2, connections=128, options=["-s", str(file)]
    )
    with established(flooded, warm):
        report = flood.report()
    assert (report.read, report.write, report.timeout) == (0, 0, 0)
    assert report.requests in requests
    assert report.other_status == (0 if is_valid else report.requests)
    assert (flooded.metric(SPENT) > 0) == is_bounded
    assert flooded.metric("sallyport_token_cache_entries") <= 1024
    assert flooded.resident_kib() - resident < 8 * 1024
    assert flooded.core.count("/.well-known/jwks.json") < 10
    assert comes_to_rest(flooded, before)


def test_a_burst_waits_for_its_turns(flooded, keys):
    """Many new tokens at once are all verified, no more than sixteen in one turn."""
    tokens = [access(keys.dynamic, number=number) for number in range(100)]
    connections = [flooded.connect() for _ in tokens]
    flooded.settle()
    with stopped(flooded):
        for connection, token in zip(connections, tokens):
            connection.send(get("/required", bearer(token)))
    assert [connection.read().status for connection in connections] == [200] * len(tokens)
    assert flooded.metric("sallyport_signature_checks_total") == len(tokens)
    # 84 wait after the first turn, 68 after the second, and so on; parsed or not, each once.
    assert flooded.metric(SPENT) >= (len(tokens) - 1) // 16
    for connection in connections:
        connection.close()
