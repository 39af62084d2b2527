"""The machine's wall clock jumps: expiry follows it both ways, nothing else does."""

import email.utils
import threading
import time

import pytest
from support.certificates import trusting
from support.client import eventually
from support.clock import WallClock
from support.core import Core
from support.crowd import is_at_rest
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get, rows
from support.tokens import access, inner, now, seed_session
from support.upstream import OK, Upstream

MINUTE, HOUR, DAY = 60, 3600, 86_400
YEARS = 200 * 365 * DAY
CHECKS = "sallyport_signature_checks_total"


@pytest.fixture(scope="module")
def behind():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def own_core(keys):
    with Core(keys) as core:
        yield core


@pytest.fixture(scope="module")
def clocked(base_configuration, behind, own_core, certificate, tmp_path_factory):
    clock = WallClock(tmp_path_factory.mktemp("clock"))
    configuration = changed(
        base_configuration, sessions__core={"urls": [own_core.url], "timeout": "1s"},
        sessions__jwt={"required": True}, upstreams__main={"targets": [behind.url]},
        timeouts={"request_head": "500ms"},
    )
    tls = {"certificates": [certificate.files()]}
    folder = tmp_path_factory.mktemp("gateway")
    with Gateway(configuration, folder, tls, clock.environment) as gateway:
        gateway.clock = clock
        yield gateway.wait_for_keys()


@pytest.fixture
def gateway(clocked, behind, own_core):
    clocked.clock.jump(0)
    behind.reset()
    if own_core.failing:
        own_core.restart()
    yield clocked
    clocked.clock.jump(0)
    assert eventually(lambda: is_at_rest(clocked)) and clocked.is_running()


def result(connection, token):
    answer = connection.ask(get("/required", token))
    return answer.reason or answer.status


def test_a_verified_token_ends_when_the_clock_says(gateway, keys):
    """Forward past its end it is refused, back again it is as good as before."""
    token = bearer(access(keys.dynamic, expires=now() + 10 * MINUTE, number="end"))
    with gateway.connect(trusting()) as connection:
        seen = []
        for jump in (0, 9 * MINUTE, 11 * MINUTE, 0, DAY, YEARS, 0, -HOUR, 11 * MINUTE, 0):
            gateway.clock.jump(jump)
            seen.append(result(connection, token))
    assert seen == [200, 200, "expired", 200, "expired", "expired", 200, 200, "expired", 200]


def test_a_jwt_inside_ends_when_the_clock_says(gateway, keys):
    jwt = inner(keys.static, expires=now() + 10 * MINUTE)
    token = cookie(seed_session(keys, jwt, expires=now() + HOUR))
    with gateway.connect(trusting()) as connection:
        seen = []
        for jump in (0, 11 * MINUTE, 0, -HOUR, 0, 61 * MINUTE, 0):
            gateway.clock.jump(jump)
            seen.append(result(connection, token))
    assert seen == [200, "jwt_expired", 200, 200, 200, "expired", 200]


def test_a_clock_set_back_lengthens_no_verdict(gateway, keys):
    """What was verified in a later time is verified once more, not believed for longer."""
    token = bearer(access(keys.dynamic, expires=now() + HOUR, number="back"))
    with gateway.connect(trusting()) as connection:
        checks = []
        for jump in (0, 0, -HOUR, -HOUR, 30 * MINUTE, 30 * MINUTE, 0, 0):
            gateway.clock.jump(jump)
            before = gateway.metric(CHECKS)
            assert result(connection, token) == 200
            checks.append(gateway.metric(CHECKS) - before)
    assert checks == [1, 0, 1, 0, 1, 0, 1, 0]


def test_a_verdict_ends_with_its_age(gateway, keys):
    """`token_cache.maximum_age`: then the token is verified once more."""
    token = bearer(access(keys.dynamic, expires=now() + DAY, number="age"))
    with gateway.connect(trusting()) as connection:
        checks = []
        for jump in (0, 4 * MINUTE, 6 * MINUTE, 6 * MINUTE):
            gateway.clock.jump(jump)
            before = gateway.metric(CHECKS)
            assert result(connection, token) == 200
            checks.append(gateway.metric(CHECKS) - before)
    assert checks == [1, 0, 1, 0]


def test_old_keys_are_asked_for_again(gateway, own_core, keys):
    """A jump past `maximum_stale` makes the keys old: the core is asked, and if it does not
    answer nothing is known. Back again they are as young as before."""
    token = bearer(access(keys.dynamic, expires=now() + 9 * DAY, number="stale"))
    with gateway.connect(trusting()) as connection:
        own_core.stop()
        gateway.clock.jump(2 * DAY)
        assert result(connection, token) == "core_unreachable"
        gateway.clock.jump(0)
        assert result(connection, token) == 200
        own_core.restart()
        gateway.clock.jump(2 * DAY)
        assert eventually(lambda: result(connection, token) == 200)
        gateway.clock.jump(0)
        assert result(connection, token) == 200
        assert gateway.admin("/readyz").status == 200


@pytest.mark.parametrize("jump", rows([
    ("a day on", DAY), ("a day back", -DAY), ("200 years on", YEARS), ("to 1970", -now()),
]))
def test_timers_run_on(gateway, behind, keys, jump):
    """A request that waits is not given up, an idle connection stays, a slow head is cut off in its
    own time."""
    behind.answer = lambda call: (time.sleep(0.3), call.send(OK))
    context = trusting()
    with gateway.connect(context) as waiting, gateway.connect(context) as idle, \
            gateway.connect(context) as slow:
        assert idle.ask(get("/nothing")).status == 404
        waiting.send(get("/public"))
        behind.received()
        slow.send(b"GET /public HTTP/1.1\r\n")
        begin = time.monotonic()
        gateway.clock.jump(jump)
        assert slow.read().status == 408
        assert 0.3 < time.monotonic() - begin < 2
        assert waiting.read().status == 200
        answer = idle.ask(get("/nothing"))
        assert answer.status == 404
    told = email.utils.parsedate_to_datetime(answer.value("date")).timestamp()
    assert abs(told - now() - jump) < 5
    assert gateway.ask(get("/public"), context).status == 200


def test_sessions_of_tls_across_jumps(gateway):
    """A ticket of another time is taken or not; the connection is made."""
    context = trusting()
    session = None
    for jump in (0, DAY, 0, -DAY, 10 * DAY, YEARS, 0):
        gateway.clock.jump(jump)
        with gateway.connect(context, session=session) as connection:
            assert connection.ask(get("/nothing")).status == 404
            session = connection.socket.session


def test_jumps_beside_traffic(gateway, keys):
    """Every answer is one of the two that the clock allows, and no duration is negative."""
    token = bearer(access(keys.dynamic, expires=now() + 10 * MINUTE, number="traffic"))
    stop, seen = threading.Event(), []

    def ask():
        with gateway.connect(trusting()) as connection:
            while not stop.is_set():
                seen.append(result(connection, token))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        gateway.clock.jump((0, 2 * HOUR, -2 * HOUR, 0, YEARS)[number % 5])
        time.sleep(0.005)
    gateway.clock.jump(0)
    time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(seen) == {200, "expired"} and seen[-1] == 200
    assert all(0 <= line["duration_ms"] < 5000 for line in gateway.log_lines(len(seen)))
