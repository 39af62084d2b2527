"""More connections than are allowed, and no descriptor left: shed, survived, and over when it is
over. No descriptor stays behind."""

import contextlib
import os
import resource
import signal
import time

import pytest
from support.certificates import trusting, write_certificate
from support.client import eventually
from support.core import Core
from support.crowd import Crowd, attempt, clients, comes_to_rest, descriptors, is_at_rest
from support.gateway import changed
from support.message import bearer, get
from support.ports import free_port
from support.tokens import access

ATTEMPTS = 20_000
LIMIT = 300

pytestmark = pytest.mark.usefixtures("many_descriptors")


@contextlib.contextmanager
def without_descriptors(gateway, held=0):
    """Clients hold all descriptors that the gateway may have while this lasts; that many of them
    may be let go by the function it gives. Only the soft limit comes back, which is all the same
    to a reload: that raises it to the hard one."""
    process = gateway.process.pid
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    with Crowd(gateway.port, held) as crowd:
        gateway.settle()
        numbers = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
        limit = max(numbers) + 1
        resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, limit if held else hard))

        def let_go(number):
            for _ in range(number):
                crowd.sockets.pop().close()
            gateway.settle()

        with Crowd(gateway.port, limit - len(numbers)):
            gateway.settle()
            yield let_go
        if not held:
            resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("tls", [False, True], ids=["cleartext", "tls"])
def test_attempts_past_the_limit(start, base_configuration, certificate, keys, upstream, tls):
    """Twenty thousand attempts while every place is taken: each is closed at once, those within
    are served all the time, and afterwards there is room again."""
    configuration = changed(
        base_configuration, limits={"connections": LIMIT}, log={"access": {"output": "off"}},
    )
    pairs = {"certificates": [certificate.files()]} if tls else None
    gateway, context = start(configuration, tls=pairs).wait_for_keys(), trusting() if tls else None
    token, before = bearer(access(keys.dynamic)), descriptors(gateway)
    with gateway.connect(context) as connection:
        assert connection.ask(get("/required", token)).status == 200
        with Crowd(gateway.port, LIMIT - 1):
            assert eventually(lambda: clients(gateway) == LIMIT)
            resident = gateway.resident_kib()
            for _ in range(20):
                assert attempt(gateway.port, ATTEMPTS // 20) == ATTEMPTS // 20
                assert connection.ask(get("/required", token)).status == 200
            shed = 'sallyport_client_connections_total{result="shed"'
            assert gateway.metric(shed) == ATTEMPTS
            assert clients(gateway) == LIMIT
            assert gateway.resident_kib() - resident < 1024
        assert eventually(lambda: clients(gateway) == 1)
        assert gateway.ask(get("/required", token), context).status == 200
    assert comes_to_rest(gateway, before)


def test_no_descriptor_for_clients(start, base_configuration, keys, upstream):
    """EMFILE at accept: turned away without spinning; who is connected is served."""
    gateway = start(base_configuration).wait_for_keys()
    token, before = bearer(access(keys.dynamic)), descriptors(gateway)
    with gateway.connect() as connection:
        assert connection.ask(get("/required", token)).status == 200
        with without_descriptors(gateway):
            for _ in range(5):
                assert attempt(gateway.port, 200) == 200
                assert connection.ask(get("/required", token)).status == 200
        assert gateway.ask(get("/required", token)).status == 200
    assert comes_to_rest(gateway, before)


def test_no_descriptor_for_the_clients_of_two_workers(start, base_configuration, upstream):
    """One may get the descriptor that the other turns clients away with: it takes it back."""
    gateway = start(changed(base_configuration, server={"workers": 2, "shutdown_grace": "1s"}))
    before = descriptors(gateway)
    with gateway.connect() as connection:
        assert connection.ask(get("/public")).status == 200
        with without_descriptors(gateway):
            for _ in range(3):
                attempt(gateway.port, 300)
                assert connection.ask(get("/nothing")).status == 404
            assert eventually(lambda: attempt(gateway.port, 300) == 300, 20)
        assert gateway.ask(get("/public")).status == 200
    assert comes_to_rest(gateway, before)


@pytest.mark.parametrize("_", range(6))
def test_no_descriptor_while_it_drains(start, base_configuration, _):
    """Whoever finds no descriptor within the drain pauses no listener that is closed already."""
    ports = [free_port() for _ in range(3)]
    gateway = start(changed(
        base_configuration, server={"workers": 4, "shutdown_grace": "1s"},
        listeners=[{"address": f"127.0.0.1:{port}"} for port in ports],
    ))
    process = gateway.process.pid
    _, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    limit = max(int(name) for name in os.listdir(f"/proc/{process}/fd")) + 3
    resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, hard))
    with contextlib.ExitStack() as crowds:
        crowds.enter_context(Crowd(ports[0], 8))
        gateway.signal(signal.SIGSTOP)
        for port in ports[1:]:
            crowds.enter_context(Crowd(port, 2500))
        gateway.signal(signal.SIGTERM)
        gateway.signal(signal.SIGCONT)
        assert gateway.process.wait(timeout=15) == 0


def test_no_descriptor_for_the_upstream(start, base_configuration, own_upstream):
    """EMFILE at the connect: 502, and the client keeps its connection."""
    configuration = changed(base_configuration, upstreams__main={
        "targets": [own_upstream.url], "connect_timeout": "1s",
    })
    gateway = start(configuration)
    with gateway.connect() as connection:
        assert connection.ask(get("/nothing")).status == 404
        before = descriptors(gateway)
        with without_descriptors(gateway):
            for _ in range(20):
                answer = connection.ask(get("/public"))
                assert (answer.status, answer.reason) == (502, "upstream_unreachable")
        assert connection.ask(get("/public")).status == 200
    assert comes_to_rest(gateway, before)


@pytest.mark.parametrize("free", range(5))
def test_no_descriptor_for_a_reload(start, base_configuration, tmp_path, upstream, free):
    """Wherever within a reload the descriptors end, one whole configuration is live."""
    log = tmp_path / "access.log"
    configuration = changed(base_configuration, log={"access": {"output": str(log)}})
    pair = write_certificate(tmp_path, "app", ["app.example.com"])
    gateway = start(configuration, tls={"certificates": [pair.files()]}).wait_for_keys()
    with gateway.connect(trusting()) as connection, without_descriptors(gateway, held=8) as let_go:
        let_go(free)
        said = gateway.reload()
        assert said and ("error" in said or free > 0)
        assert connection.ask(get("/nothing")).status == 404
        let_go(8 - free)
        assert "error" not in gateway.reload()
        assert connection.ask(get("/public")).status == 200
    assert gateway.ask(get("/public"), trusting()).status == 200
    assert eventually(lambda: is_at_rest(gateway))


def test_no_descriptor_for_the_access_log(start, base_configuration, tmp_path, upstream):
    """The log file cannot be opened again: the one that is open is written on."""
    log = tmp_path / "access.log"
    configuration = changed(base_configuration, log={"access": {"output": str(log)}})
    gateway = start(configuration).wait_for_keys()
    assert gateway.ask(get("/public")).status == 200
    with gateway.connect() as connection, without_descriptors(gateway, held=8) as let_go:
        log.rename(tmp_path / "old.log")
        assert "error" in gateway.reload()
        assert connection.ask(get("/public")).status == 200
        let_go(8)
        assert "error" not in gateway.reload()
        assert connection.ask(get("/public")).status == 200
    assert eventually(lambda: log.exists() and log.read_text().count("\n") >= 1)
    assert (tmp_path / "old.log").read_text().count("\n") == 2


def test_no_descriptor_for_the_core(start, base_configuration, keys, upstream):
    """Keys that cannot be asked for are 503; they are fetched once there is a descriptor."""
    with Core(keys) as core:
        gateway = start(changed(base_configuration, sessions__core={"urls": [core.url]}))
        gateway.wait_for_keys()
        token = bearer(access(keys.dynamic, header={"kid": "d-1"}))
        with gateway.connect() as connection:
            assert connection.ask(get("/public")).status == 200
            assert connection.ask(get("/required", token)).reason == "unknown_key"
            time.sleep(0.6)  # `unknown_key_cooldown`.
            core.stop()
            with without_descriptors(gateway):
                answer = connection.ask(get("/required", token))
                assert answer.reason in ("core_unreachable", "unknown_key")
                assert connection.ask(get("/public")).status == 200
            core.restart()
            time.sleep(0.6)
            assert connection.ask(get("/required", token)).reason == "unknown_key"
    assert eventually(lambda: is_at_rest(gateway))
