"""TLS to upstreams: who is trusted, what happens when nobody is, resumption, reload."""

import json
import socket
import ssl
import subprocess
import threading

import pytest
from support.certificates import serving, write_certificate
from support.client import eventually
from support.gateway import binary, changed
from support.message import get, post
from support.ports import free_port
from support.upstream import OK, Upstream

ONLY_1_2 = ssl.TLSVersion.TLSv1_2


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upstreams")
    return {
        "own": write_certificate(folder, "own", ["127.0.0.1", "orders.internal"]),
        "other": write_certificate(folder, "other", ["other.internal"]),
        "stranger": write_certificate(folder, "stranger", ["127.0.0.1"]),
        "expired": write_certificate(folder, "expired", ["127.0.0.1"], days=-0.5),
        "gateway": write_certificate(folder, "gateway", ["gateway.internal"]),
    }


@pytest.fixture
def secure(pairs):
    with Upstream(tls=serving(pairs["own"])) as upstream:
        yield upstream


def to(base_configuration, *upstreams, **tls):
    main = {"targets": [each.url for each in upstreams], "connect_timeout": "1s"}
    if tls:
        main["tls"] = {key: value if isinstance(value, bool) else str(value)
                       for key, value in tls.items()}
    return changed(base_configuration, upstreams__main=main)


def trust(pair):
    return {"ca_file": pair.certificate}


def refused(gateway, detail):
    answer = gateway.ask(get("/public"))
    assert (answer.status, answer.reason) == (502, "upstream_unreachable")
    assert detail not in answer.body.decode()
    return gateway.log_lines()[-1]["detail"] == detail


@pytest.mark.parametrize("highest, version", [(ONLY_1_2, "TLSv1.2"), (None, "TLSv1.3")])
def test_requests_go_over_tls(start, base_configuration, pairs, highest, version):
    context = serving(pairs["own"], highest=highest or ssl.TLSVersion.TLSv1_3)
    seen = []
    with Upstream(tls=context) as upstream:
        upstream.answer = lambda call: (seen.append(call.socket.version()), call.send(OK))
        gateway = start(to(base_configuration, upstream, **trust(pairs["own"])))
        for size in (0, 10, 300_000):
            assert gateway.ask(post("/public", body=b"x" * size)).status == 200
            assert len(upstream.received().body) == size
        assert set(seen) == {version}
        assert upstream.connections == 1


def test_large_answers_come_whole(start, base_configuration, pairs, secure):
    body = bytes(range(256)) * 20_000
    secure.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    gateway = start(to(base_configuration, secure, **trust(pairs["own"])))
    for _ in range(2):
        assert gateway.ask(get("/public")).body == body


def test_answers_are_read_however_they_are_cut(start, base_configuration, pairs, secure):
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"

    def byte_by_byte(call):
        for byte in answer:
            call.send(bytes([byte]))

    secure.answer = byte_by_byte
    gateway = start(to(base_configuration, secure, **trust(pairs["own"])))
    for _ in range(3):
        assert gateway.ask(get("/public")).body == b"abcd"
    assert secure.connections == 1


def test_server_name_is_asked_for_and_verified(start, base_configuration, pairs):
    asked = []
    context = serving(pairs["own"])
    context.sni_callback = lambda _, name, __: asked.append(name)
    with Upstream(tls=context) as upstream:
        files = trust(pairs["own"])
        gateway = start(to(base_configuration, upstream, server_name="orders.internal", **files))
        assert gateway.ask(get("/public")).status == 200
        assert asked == ["orders.internal"]
        gateway.reload(to(base_configuration, upstream, **files))
        assert gateway.ask(get("/public")).status == 200
        assert asked == ["orders.internal", None]


@pytest.mark.parametrize("shown, trusted, detail", [
    ("other", "other", "tls: the certificate is for another name"),
    ("stranger", "own", "tls: nobody trusted has issued the certificate"),
    ("expired", "expired", "tls: the certificate has expired"),
])
def test_certificates_that_are_refused(start, base_configuration, pairs, shown, trusted, detail):
    with Upstream(tls=serving(pairs[shown])) as upstream:
        gateway = start(to(base_configuration, upstream, **trust(pairs[trusted])))
        assert refused(gateway, detail)
        assert upstream.received_nothing(), "a request went to a server that is not trusted"
        gateway.reload(to(base_configuration, upstream, verify=False))
        assert gateway.ask(get("/public")).status == 200


def test_the_system_trusts_no_test(start, base_configuration, secure):
    gateway = start(to(base_configuration, secure))
    assert refused(gateway, "tls: nobody trusted has issued the certificate")
    assert secure.received_nothing()


def test_system_authorities_may_be_replaced(start, base_configuration, pairs, secure):
    environment = {"SSL_CERT_FILE": str(pairs["own"].certificate)}
    gateway = start(to(base_configuration, secure), environment=environment)
    assert gateway.ask(get("/public")).status == 200


def test_minimum_version(start, base_configuration, pairs):
    with Upstream(tls=serving(pairs["own"], highest=ONLY_1_2)) as upstream:
        files = trust(pairs["own"])
        gateway = start(to(base_configuration, upstream, minimum_version="1.3", **files))
        assert refused(gateway, "tls: no version in common")


def test_server_without_tls(start, base_configuration, pairs, own_upstream):
    own_upstream.answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    configuration = to(base_configuration, own_upstream, **trust(pairs["own"]))
    main = configuration["upstreams"]["main"]
    main["targets"] = [own_upstream.url.replace("http:", "https:")]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def answer():
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(own_upstream.answer)
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        main["targets"] = [f"https://127.0.0.1:{listener.getsockname()[1]}"]
        gateway = start(configuration)
        assert refused(gateway, "tls: the server does not speak TLS")


def test_client_certificate(start, base_configuration, pairs):
    context = serving(pairs["own"], highest=ONLY_1_2, clients=pairs["gateway"])
    subjects = []
    with Upstream(tls=context) as upstream:
        upstream.answer = lambda call: (
            subjects.append(dict(call.socket.getpeercert()["subject"][0])), call.send(OK))
        files = trust(pairs["own"])
        gateway = start(to(base_configuration, upstream, **files))
        assert refused(gateway, "tls: the server refused with an alert")
        shown = pairs["gateway"]
        gateway.reload(to(base_configuration, upstream, **files, certificate=shown.certificate,
                          private_key=shown.private_key))
        assert gateway.ask(get("/public")).status == 200
        assert subjects == [{"commonName": "gateway.internal"}]


def test_client_certificate_that_comes_too_late(start, base_configuration, pairs):
    """In TLS 1.3 the server refuses after the client has said everything."""
    context = serving(pairs["own"], clients=pairs["gateway"])
    with Upstream(tls=context) as upstream:
        gateway = start(to(base_configuration, upstream, **trust(pairs["own"])))
        answer = gateway.ask(get("/public"))
        assert (answer.status, answer.reason) == (502, "upstream_unreachable")
        assert gateway.log_lines()[-1]["detail"] == "tls: the server refused with an alert"
        assert upstream.received_nothing()


@pytest.mark.parametrize("highest", [ONLY_1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(start, base_configuration, pairs, highest):
    with Upstream(tls=serving(pairs["own"], highest=highest)) as upstream:
        upstream.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
        gateway = start(to(base_configuration, upstream, **trust(pairs["own"])))
        for _ in range(4):
            assert gateway.ask(get("/public")).status == 200
        assert upstream.handshakes == [False, True, True, True]


def test_a_stale_connection_is_no_failure(start, base_configuration, pairs, secure):
    def close_second_use(call):
        if call.connection in seen:
            call.close()
            return
        seen.append(call.connection)
        call.send(OK)

    seen = []
    secure.answer = close_second_use
    gateway = start(to(base_configuration, secure, **trust(pairs["own"])))
    for _ in range(4):
        assert gateway.ask(get("/public")).status == 200
    assert seen == [1, 2, 3, 4]


def test_an_answer_that_somebody_cut_off_is_none(start, base_configuration, pairs, secure):
    """Without close_notify nobody knows whether the end is the server's (RFC 9112 section 9.8)."""
    def cut(call):
        call.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf")
        call.socket.shutdown(socket.SHUT_RDWR)

    def end(call):
        call.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole")
        call.socket.unwrap()

    gateway = start(to(base_configuration, secure, **trust(pairs["own"])))
    secure.answer = end
    assert gateway.ask(get("/public")).body == b"whole"
    secure.answer = cut
    with gateway.connect() as connection:
        connection.send(get("/public"))
        with pytest.raises(EOFError):
            connection.read()
    assert gateway.log_lines(2)[-1]["detail"] == "cut_off"


def test_the_next_target_is_tried(start, base_configuration, pairs, secure):
    with Upstream(tls=serving(pairs["stranger"])) as stranger:
        gateway = start(to(base_configuration, stranger, secure, **trust(pairs["own"])))
        for _ in range(6):
            assert gateway.ask(post("/public", body=b"once")).status == 200
            assert secure.received().body == b"once"
        assert stranger.received_nothing()


def test_connect_timeout_bounds_the_handshake_too(start, base_configuration, pairs):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        configuration = to(base_configuration, **trust(pairs["own"]))
        configuration["upstreams"]["main"].update(
            targets=[f"https://127.0.0.1:{listener.getsockname()[1]}"], connect_timeout="300ms")
        gateway = start(configuration)
        answer = gateway.ask(get("/public"))
        assert (answer.status, answer.reason) == (502, "upstream_unreachable")


def test_reload_of_the_authorities(start, base_configuration, pairs, tmp_path):
    authorities = tmp_path / "ca.crt"
    authorities.write_bytes(pairs["stranger"].certificate.read_bytes())
    with Upstream(tls=serving(pairs["own"])) as upstream:
        configuration = to(base_configuration, upstream, ca_file=authorities)
        gateway = start(configuration)
        assert refused(gateway, "tls: nobody trusted has issued the certificate")
        authorities.write_bytes(pairs["own"].certificate.read_bytes())
        gateway.reload()
        assert gateway.ask(get("/public")).status == 200
        # Neither a pooled connection nor a session of before counts any more.
        authorities.write_bytes(pairs["stranger"].certificate.read_bytes())
        gateway.reload()
        assert eventually(lambda: gateway.ask(get("/public")).status == 502)
        authorities.write_text("nothing")
        assert "reload refused" in gateway.reload()


def test_check_reads_the_files(base_configuration, pairs, tmp_path):
    with Upstream(tls=serving(pairs["own"])) as upstream:
        configuration = to(base_configuration, upstream, ca_file=tmp_path / "none.crt")
    configuration["listeners"] = [{"address": f"127.0.0.1:{free_port()}"}]
    file = tmp_path / "sallyport.yaml"
    file.write_text(json.dumps(configuration))
    run = subprocess.run([binary(), "check", "--config", file], capture_output=True, text=True)
    assert run.returncode == 1
    assert "none.crt does not exist" in run.stdout


def test_core_over_https(start, base_configuration, keys, pairs):
    from support.core import Core
    from support.message import bearer
    from support.tokens import access, legacy

    with Core(keys, "/base", tls=serving(pairs["own"])) as core:
        urls = {"urls": [core.url], "timeout": "1s"}
        own = {**urls, "tls": {"ca_file": str(pairs["own"].certificate)}}
        gateway = start(changed(base_configuration, sessions__core=own)).wait_for_keys()
        for token in (access(keys.dynamic), legacy(keys.dynamic)):
            assert gateway.ask(get("/required", bearer(token))).status == 200
        wrong = {**urls, "tls": {"ca_file": str(pairs["stranger"].certificate)}}
        gateway = start(changed(base_configuration, sessions__core=wrong))
        assert eventually(lambda: gateway.says("tls: nobody trusted has issued the certificate"))
        answer = gateway.ask(get("/required", bearer(access(keys.dynamic))))
        assert (answer.status, answer.reason) == (503, "core_unreachable")
