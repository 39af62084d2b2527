"""Start, reload by SIGHUP, drain by SIGTERM."""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest
from support.certificates import trusting
from support.client import Connection, eventually
from support.gateway import binary, changed
from support.message import bearer, get, request
from support.ports import free_port
from support.tokens import access
from support.upstream import OK, Upstream


def test_version():
    run = subprocess.run([binary(), "version"], capture_output=True, text=True, timeout=10)
    assert run.returncode == 0
    assert "OpenSSL" in run.stdout


@pytest.mark.parametrize("line", [["nonsense"], ["serve", "--nonsense"], ["check", "--config"]])
def test_wrong_usage(line):
    assert subprocess.run([binary(), *line], capture_output=True, timeout=10).returncode == 64


@pytest.mark.parametrize("command", [[], ["serve"], ["check"], ["version"], ["demo"]])
def test_help(command):
    run = subprocess.run([binary(), *command, "--help"], capture_output=True, timeout=10)
    assert run.returncode == 0
    assert b"USAGE" in run.stdout


def test_serve_refuses_a_broken_configuration(tmp_path):
    file = tmp_path / "sallyport.yaml"
    file.write_text("listener: []\n")
    run = subprocess.run(
        [binary(), "serve", "--config", file], capture_output=True, text=True, timeout=10
    )
    assert run.returncode == 1
    assert f"{file}:1:1: error: " in run.stderr
    assert "listeners" in run.stderr


def test_serve_looks_for_its_configuration(tmp_path):
    run = subprocess.run(
        [binary(), "serve"], capture_output=True, text=True, timeout=10, cwd=tmp_path
    )
    assert run.returncode == 1
    assert "Config/sallyport.yaml" in run.stderr


def test_address_in_use(start, base_configuration, upstream):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        listeners = [{"address": f"127.0.0.1:{port}"}]
        with pytest.raises(AssertionError) as failure:
            start(changed(base_configuration, listeners=listeners))
        assert str(port) in str(failure.value)


def test_unix_listener_and_upstream(start, base_configuration, tmp_path):
    with Upstream(str(tmp_path / "up.sock")) as behind:
        path = tmp_path / "in.sock"
        configuration = changed(
            base_configuration, listeners=[{"address": f"unix:{path}"}],
            upstreams__main={"targets": [behind.url]},
            forwarding__trusted_proxies=["unix"],
        )
        gateway = start(configuration)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(get("/public", "X-Forwarded-For: 203.0.113.9", "Connection: close"))
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        received = behind.received()
        assert received.value("x-real-ip") == "203.0.113.9"
        assert gateway.terminate() == 0
        gateway = start(configuration)
        assert gateway.is_running(), "the stale socket was not replaced"


# Reload.


def test_reload_changes_routes(start, base_configuration, upstream):
    gateway = start(base_configuration)
    assert gateway.ask(get("/new")).status == 404
    routes = [{"path_prefix": "/new", "session": "public", "upstream": "main"}]
    assert gateway.reload(changed(base_configuration, routes=routes))
    assert eventually(lambda: gateway.ask(get("/new")).status == 200)
    assert gateway.ask(get("/public")).status == 404


def test_reload_with_an_error_keeps_everything(start, base_configuration, upstream):
    gateway = start(base_configuration)
    log = gateway.reload(changed(base_configuration, routes=[{"path_prefix": "nonsense"}]))
    assert "error" in log
    for _ in range(10):
        assert gateway.ask(get("/public")).status == 200
    assert gateway.is_running()


@pytest.mark.parametrize("change", [
    {"server": {"workers": 2}}, {"listeners": [{"address": "127.0.0.1:1"}]},
])
def test_reload_tells_what_needs_a_restart(start, base_configuration, upstream, change):
    gateway = start(base_configuration)
    configuration = changed(base_configuration, **change)
    configuration.setdefault("listeners", gateway.configuration["listeners"])
    gateway.configuration["listeners"] = configuration["listeners"]
    gateway.reload(configuration)
    assert eventually(lambda: gateway.says("needs a restart"))
    assert gateway.ask(get("/public")).status == 200


def test_reload_loads_certificates_again(start, base_configuration, tmp_path):
    from support.certificates import write_certificate

    pair = write_certificate(tmp_path, "app", ["app.example.com"])
    gateway = start(base_configuration, tls={"certificates": [pair.files()]})
    context = trusting()

    def shown():
        with gateway.connect(context) as connection:
            return connection.socket.getpeercert(binary_form=True)

    before = shown()
    write_certificate(tmp_path, "app", ["app.example.com"])
    assert gateway.reload()
    assert eventually(lambda: shown() != before)


def test_running_request_keeps_its_configuration(start, base_configuration, own_upstream):
    configuration = changed(base_configuration, upstreams__main={"targets": [own_upstream.url]})
    gateway = start(configuration)
    go = threading.Event()
    own_upstream.answer = lambda call: (go.wait(5), call.send(OK))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        routes = [{"path_prefix": "/other", "session": "public", "upstream": "main"}]
        assert gateway.reload(changed(configuration, routes=routes))
        go.set()
        assert connection.read().status == 200
        assert connection.ask(get("/public")).status == 404


def test_reloads_under_traffic(start, base_configuration, upstream, keys):
    gateway = start(base_configuration).wait_for_keys()
    token, failed, stop = bearer(access(keys.dynamic)), [], threading.Event()

    def traffic():
        with gateway.connect() as connection:
            while not stop.is_set():
                answer = connection.ask(get("/required", token))
                if answer.status != 200:
                    failed.append(answer)

    threads = [threading.Thread(target=traffic) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        gateway.signal(signal.SIGHUP)
        time.sleep(0.03)
    before = gateway.resident_kib()
    for _ in range(50):
        gateway.signal(signal.SIGHUP)
        time.sleep(0.03)
    after = gateway.resident_kib()
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert after - before < 4 * 1024
    while not upstream.requests.empty():
        upstream.received()


# Drain.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_gateway_ends_at_once(start, base_configuration, number):
    gateway = start(base_configuration)
    begin = time.monotonic()
    gateway.signal(number)
    assert gateway.process.wait(5) == 0
    assert time.monotonic() - begin < 2


def test_running_request_is_finished(start, base_configuration, own_upstream):
    gateway = start(changed(base_configuration, upstreams__main={"targets": [own_upstream.url]}))
    own_upstream.answer = lambda call: (time.sleep(1), call.send(OK))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        gateway.signal(signal.SIGTERM)
        answer = connection.read()
        assert (answer.status, answer.value("connection")) == (200, "close")
        assert connection.is_closed()
    assert gateway.process.wait(5) == 0


def test_idle_connections_are_closed(start, base_configuration, upstream):
    gateway = start(base_configuration)
    with gateway.connect() as idle, gateway.connect() as silent:
        assert idle.ask(get("/public")).status == 200
        gateway.signal(signal.SIGTERM)
        assert idle.is_closed() and silent.is_closed()
    assert gateway.process.wait(5) == 0


def test_nothing_new_is_accepted(start, base_configuration, own_upstream):
    gateway = start(changed(base_configuration, upstreams__main={"targets": [own_upstream.url]}))
    own_upstream.answer = lambda call: (time.sleep(1), call.send(OK))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        gateway.signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises((OSError, EOFError)):
            gateway.ask(get("/public"))
        assert connection.read().status == 200


def test_connections_in_the_accept_queue_are_served(start, base_configuration, own_upstream):
    """Sent before the signal, accepted after it: answered, not reset."""
    gateway = start(changed(base_configuration, upstreams__main={"targets": [own_upstream.url]}))
    gateway.signal(signal.SIGSTOP)
    waiting = [gateway.connect() for _ in range(10)]
    for connection in waiting:
        connection.send(get("/public"))
    gateway.signal(signal.SIGTERM)
    gateway.signal(signal.SIGCONT)
    assert [connection.read().status for connection in waiting] == [200] * 10
    for connection in waiting:
        connection.close()
    assert gateway.process.wait(5) == 0


def test_grace_ends(start, base_configuration, own_upstream):
    configuration = changed(
        base_configuration, server={"workers": 1, "shutdown_grace": "500ms"},
        upstreams__main={"targets": [own_upstream.url]},
    )
    gateway = start(configuration)
    own_upstream.answer = lambda call: None
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(5) == 0
        assert 0.4 < time.monotonic() - begin < 3


def test_second_signal_ends_the_grace(start, base_configuration, own_upstream):
    gateway = start(changed(base_configuration, upstreams__main={"targets": [own_upstream.url]}))
    own_upstream.answer = lambda call: None
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        gateway.signal(signal.SIGTERM)
        time.sleep(0.2)
        assert gateway.is_running()
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(2) == 0


def test_readiness_tells_of_the_drain(start, base_configuration, own_upstream):
    gateway = start(changed(base_configuration, upstreams__main={"targets": [own_upstream.url]}))
    own_upstream.answer = lambda call: (time.sleep(1), call.send(OK))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        own_upstream.received()
        gateway.signal(signal.SIGTERM)
        time.sleep(0.1)
        try:
            assert gateway.admin("/readyz").status == 503
        except OSError:
            pass
        assert connection.read().status == 200


# Descriptors.


def test_out_of_descriptors(base_configuration, tmp_path, own_upstream):
    """EMFILE is survived: those beyond are closed at once, those within are served."""
    import json

    port, admin = free_port(), free_port()
    configuration = changed(
        base_configuration, listeners=[{"address": f"127.0.0.1:{port}"}],
        admin={"address": f"127.0.0.1:{admin}"}, upstreams__main={"targets": [own_upstream.url]},
    )
    file = tmp_path / "sallyport.yaml"
    file.write_text(json.dumps(configuration))
    line = f"ulimit -n 60; exec {binary()} serve --config {file}"
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(["bash", "-c", line], stderr=log, stdout=subprocess.DEVNULL)
    try:
        assert eventually(lambda: "ready" in (tmp_path / "log").read_text())
        held = []
        for _ in range(80):
            try:
                held.append(Connection(port))
            except OSError:
                pass  # Closed before the connect returned.
        time.sleep(0.3)
        assert process.poll() is None
        ticks = processor_ticks(process.pid)
        time.sleep(0.5)
        assert processor_ticks(process.pid) - ticks < 25, "it spins"
        for connection in held:
            connection.close()

        def works():
            try:
                with Connection(port) as connection:
                    return connection.ask(get("/public")).status == 200
            except (EOFError, OSError):
                return False

        assert eventually(works)
    finally:
        process.terminate()
        assert process.wait(10) == 0


def processor_ticks(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_idle_gateway_uses_no_processor_time(gateway, upstream):
    gateway.ask(get("/public"))
    gateway.settle(0.3)
    before = processor_ticks(gateway.process.pid)
    time.sleep(1)
    assert processor_ticks(gateway.process.pid) - before <= 2


def test_no_descriptor_leaks(gateway, upstream):
    for _ in range(20):
        gateway.ask(get("/public"))
    folder = f"/proc/{gateway.process.pid}/fd"
    before = len(os.listdir(folder))
    for number in range(200):
        gateway.ask(get("/public" if number % 2 else "/required"))
        gateway.ask(request("GET /public HTTP/9.9"))
    assert eventually(lambda: len(os.listdir(folder)) <= before + 2)
