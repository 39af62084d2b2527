"""The access log: one JSON object a line, no token, cookie or query, and never in the way."""

import json
import os
import re
import signal

import pytest
from support.certificates import trusting
from support.client import eventually
from support.gateway import Gateway, changed
from support.message import bearer, cookie, get, post, request
from support.tokens import HANDLE, access, legacy

NAMES = [
    "time", "request_id", "client", "method", "host", "path", "route", "status", "reason", "user",
    "session", "upstream", "duration_ms", "upstream_ms", "bytes_in", "bytes_out", "protocol", "tls",
]


@pytest.fixture(scope="module")
def logged(base_configuration, tmp_path_factory):
    with Gateway(base_configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def line_of(gateway, data, **options):
    count = len(gateway.access_log.read_text().splitlines())
    gateway.ask(data, **options)
    return gateway.log_lines(count + 1)[-1]


def test_line(logged, upstream, keys):
    data = post("/required/a%2fb?secret=1", bearer(access(keys.dynamic)), body=b"abc")
    line = line_of(logged, data)
    assert set(NAMES) <= set(line)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["time"])
    assert line["request_id"] == upstream.received().value("x-request-id")
    assert line["client"].startswith("127.0.0.1")
    assert (line["method"], line["host"]) == ("POST", "app.example.com")
    assert line["path"] == "/required/a%2Fb"
    assert (line["route"], line["status"], line["reason"]) == ("required", 200, None)
    assert (line["user"], line["session"], line["upstream"]) == ("user-1", HANDLE, "main")
    assert line["protocol"] == "HTTP/1.1" and line["tls"] is None
    assert line["duration_ms"] >= line["upstream_ms"] >= 0
    assert line["bytes_in"] >= 3 and line["bytes_out"] >= 2


def test_line_of_a_refusal(logged):
    line = line_of(logged, get("/required"))
    assert (line["status"], line["reason"], line["route"]) == (401, "no_session", "required")
    assert line["user"] is line["session"] is line["upstream"] is line["upstream_ms"] is None


def test_line_without_a_route(logged):
    line = line_of(logged, get("/nothing"))
    assert (line["status"], line["reason"], line["route"]) == (404, "no_route", None)


def test_line_of_a_bad_request_has_its_detail(logged):
    line = line_of(logged, get("/public/../x"))
    assert (line["status"], line["reason"]) == (400, "bad_request")
    assert line["detail"] == "ambiguous_path"


def test_line_of_a_client_that_left(logged, upstream):
    upstream.answer = lambda call: call.reader.rest()
    count = len(logged.access_log.read_text().splitlines())
    connection = logged.connect()
    connection.send(get("/public"))
    upstream.received()
    connection.reset()
    assert logged.log_lines(count + 1)[-1]["reason"] == "client_closed"


def test_line_over_tls(start, base_configuration, certificate):
    context = trusting()
    gateway = start(base_configuration, tls={"certificates": [certificate.files()]})
    assert line_of(gateway, get("/public"), tls=context)["tls"] == "TLSv1.3"


def test_odd_bytes_are_escaped(logged, upstream):
    for data in (
        request(b'GET /public/"x HTTP/1.1'),
        request(b"GE\"T /public HTTP/1.1"),
        request(b"GET /public HTTP/1.1", b"Host: \xff\xfe"),
        request(b"GET /public/%22%5c%C3%A9 HTTP/1.1"),
        b"\xff\xff\xff\r\n\r\n",
    ):
        count = len(logged.access_log.read_text().splitlines())
        logged.ask(data)
        logged.log_lines(count + 1)


def test_no_secret_is_ever_logged(start, base_configuration, upstream, keys):
    """CVE-2024-39315."""
    gateway = start(changed(base_configuration, log__level="debug")).wait_for_keys()
    tokens = [access(keys.dynamic), legacy(keys.dynamic), access(keys.dynamic, created=0)]
    for token in tokens:
        for field in (bearer(token), cookie(token)):
            for path in ("/required", "/optional", "/public", "/passthrough", "/jwt", "/nothing"):
                gateway.ask(get(f"{path}?query-secret=1", field, "Cookie: other=cookie-secret"))
    assert gateway.terminate() == 0
    text = gateway.access_log.read_text() + gateway.control_log.read_text()
    assert "query-secret" not in text and "cookie-secret" not in text
    for token in tokens:
        assert token.rsplit(".", 1)[1] not in text


def test_file_is_opened_again_on_reload(start, base_configuration, upstream, tmp_path):
    log, moved = tmp_path / "own.log", tmp_path / "moved.log"
    configuration = changed(base_configuration, log={"access": {"output": str(log)}})
    gateway = start(configuration)
    gateway.ask(get("/public/before"))
    assert eventually(lambda: log.exists() and "before" in log.read_text())
    os.rename(log, moved)
    assert gateway.reload()
    gateway.ask(get("/public/after"))
    assert eventually(lambda: log.exists() and "after" in log.read_text())
    assert "after" not in moved.read_text()


@pytest.mark.parametrize("off", ["off", False])
def test_off(start, base_configuration, upstream, off):
    gateway = start(changed(base_configuration, log={"access": {"output": off}}))
    assert gateway.ask(get("/public")).status == 200
    gateway.settle(0.3)
    assert gateway.access_log.read_text() == ""


def test_full_disk_never_stops_traffic(start, base_configuration, upstream):
    gateway = start(changed(base_configuration, log={"access": {"output": "/dev/full"}}))
    for _ in range(50):
        assert gateway.ask(get("/public")).status == 200
    assert eventually(lambda: dropped(gateway) > 0)
    assert gateway.is_running()


def test_closed_pipe_never_stops_traffic(start, base_configuration, upstream, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    gateway = start(changed(base_configuration, log={"access": {"output": str(pipe)}}))
    assert gateway.ask(get("/public")).status == 200
    os.close(reader)
    for _ in range(50):
        assert gateway.ask(get("/public")).status == 200
    gateway.settle(0.3)
    assert gateway.ask(get("/public")).status == 200
    assert eventually(lambda: dropped(gateway) > 0)


def test_blocked_pipe_never_stops_traffic(start, base_configuration, upstream, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    gateway = start(changed(base_configuration, log={"access": {"output": str(pipe)}}))
    with gateway.connect() as connection:
        for _ in range(3000):
            assert connection.ask(get("/public/" + "x" * 900)).status == 200
    os.close(reader)
    assert gateway.terminate() == 0


def dropped(gateway):
    lines = gateway.admin("/metrics").body.decode().splitlines()
    return sum(
        float(line.split()[-1]) for line in lines
        if "log" in line and "drop" in line and not line.startswith("#")
    )


def test_lines_are_written_before_the_end(start, base_configuration, upstream):
    gateway = start(base_configuration)
    for _ in range(100):
        gateway.ask(get("/public"))
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    lines = gateway.access_log.read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 100
