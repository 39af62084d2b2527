"""That the gateway tells nobody a token, and that nothing but its own listener tells of its health:
CVE-2024-39315 (Pomerium's user page) and CVE-2026-34457 (oauth2-proxy's health check)."""

import pytest
from support.gateway import changed
from support.message import bearer, cookie, get, request
from support.quiet import nothing_came
from support.spellings import letter_cases
from support.tokens import access, inner, legacy, seed_session


def parts_of(token):
    """What gives a token away: each of its segments, and its first bytes."""
    return {"eyJ", *[part[:40] for part in token.split(".")]}


def requests_with(token):
    """Requests that end in every answer the gateway makes by itself."""
    in_query = f"?access_token={token}"
    yield from (
        get(f"{path}{in_query}", field, f"Referer: https://a.test/{in_query}", f"X-Token: {token}")
        for path in ("/required", "/optional", "/jwt", "/nothing", "/required/../x", "/required#")
        for field in (bearer(token), cookie(token), cookie(f"{token}; sAccessToken=x"), "X: y")
    )
    yield request(f"POST /jwt{in_query} HTTP/1.1", bearer(token), "Content-Length: 0")
    yield request(f"TRACE /public{in_query} HTTP/1.1", bearer(token))
    yield request(f"GET /public{in_query} HTTP/1.2", bearer(token))
    yield get(f"/public?{'x' * 9000}{token}", bearer(token))
    yield get("/public", f"X: {token * 120}")
    yield get("/public", bearer(token), "Content-Length: x")
    yield get("/public", bearer(token), f"Expect: {token}")


@pytest.mark.parametrize("kind", ["expired", "unknown key", "legacy", "seed", "good"])
def test_cve_2024_39315_no_answer_prints_a_token(gateway, upstream, keys, own, kind):
    """Whatever is refused and why: neither body nor fields repeat what the client sent."""
    token = {
        "expired": lambda: access(keys.dynamic, created=1), "unknown key": lambda: access(own),
        "legacy": lambda: legacy(keys.dynamic, created=1), "good": lambda: access(keys.dynamic),
        "seed": lambda: seed_session(keys, inner(keys.static), created=1),
    }[kind]()
    seen = set()
    for data in requests_with(token):
        answer = gateway.ask(data)
        seen.add(answer.status)
        if answer.status == 200:
            assert answer.reason is None
            continue
        text = f"{answer.line}{answer.fields}{answer.body}"
        assert [part for part in parts_of(token) if part in text] == []
    assert seen >= {400, 401, 404, 405, 414, 431}


def test_cve_2024_39315_no_log_prints_a_token(start, base_configuration, upstream, keys, own):
    """Every level on, core and upstream failing too: the logs are read for `eyJ` at the end."""
    configuration = changed(
        base_configuration, log__level="debug", sessions__core__urls=["http://127.0.0.1:9"],
        upstreams__gone={"targets": ["http://127.0.0.1:9"]},
    )
    configuration["routes"] = [
        *configuration["routes"],
        {"name": "gone", "path_prefix": "/gone", "session": "public", "upstream": "gone"},
    ]
    gateway = start(configuration)
    token = access(keys.dynamic)
    for data in (*requests_with(token), get("/gone", bearer(token), cookie(token))):
        gateway.ask(data)
    gateway.reload(configuration)
    assert b"eyJ" not in gateway.admin("/metrics").body
    assert gateway.terminate() == 0
    written = gateway.access_log.read_text() + gateway.control_log.read_text()
    assert [part for part in parts_of(token) if part in written] == []


AGENTS = [
    "kube-probe/1.29", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Envoy/HC", "Prometheus/2.45",
    "Amazon-Route53-Health-Check-Service", "HAProxy", "sallyport", "",
]


@pytest.mark.parametrize("agent", AGENTS)
def test_cve_2026_34457_no_agent_and_no_path_of_health_opens_anything(gateway, upstream, agent):
    """The public listener has no health: its paths are paths like others, in every spelling."""
    fields = [f"User-Agent: {spelling}" for spelling in letter_cases(agent)][:3]
    for field in fields:
        for path in ("/required", "/required/livez", "/required/ping", "/jwt"):
            answer = gateway.ask(get(path, field, "X-Health-Check: 1"))
            assert (answer.status, answer.reason) == (401, "no_session")
        for path in ("/livez", "/readyz", "/metrics", "/ping", "/healthz", "/%6civez", "/livez/",
                     "/LIVEZ", "//livez", "/livez;x", "/ready%7a"):
            assert gateway.ask(get(path, field)).status in (400, 404)
    nothing_came(gateway, upstream)
