"""TLS: versions, certificates by server name, resumption, close, and what is off."""

import socket
import ssl
import subprocess
import time

import pytest
from support.certificates import trusting, write_certificate
from support.client import Connection
from support.gateway import binary, changed
from support.message import get
from support.ports import free_port


ONLY_1_2 = {"highest": ssl.TLSVersion.TLSv1_2}
ONLY_1_3 = {"lowest": ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    return {
        "app": write_certificate(folder, "app", ["app.example.com", "127.0.0.1"]),
        "wild": write_certificate(folder, "wild", ["*.wild.example.com"]),
        "other": write_certificate(folder, "other", ["other.example.com"]),
    }


@pytest.fixture(scope="module")
def secure(base_configuration, names, tmp_path_factory):
    from support.gateway import Gateway

    configuration = changed(base_configuration, server={"workers": 2, "shutdown_grace": "2s"})
    tls = {"certificates": [pair.files() for pair in names.values()]}
    with Gateway(configuration, tmp_path_factory.mktemp("gateway"), tls) as gateway:
        yield gateway.wait_for_keys()


@pytest.mark.parametrize("versions, name", [(ONLY_1_2, "TLSv1.2"), (ONLY_1_3, "TLSv1.3")])
def test_versions(secure, upstream, versions, name):
    with secure.connect(trusting(**versions)) as connection:
        assert connection.socket.version() == name
        assert connection.socket.selected_alpn_protocol() is None
        for _ in range(3):
            assert connection.ask(get("/public")).status == 200
    assert upstream.received().value("x-forwarded-proto") == "https"


def test_older_versions_are_refused(secure):
    line = ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.port}", "-tls1_1",
            "-cipher", "ALL:@SECLEVEL=0"]
    run = subprocess.run(line, capture_output=True, stdin=subprocess.DEVNULL, timeout=10)
    assert b"Cipher is (NONE)" in run.stdout or b"alert" in run.stderr


def test_minimum_version(start, base_configuration, certificate):
    tls = {"certificates": [certificate.files()], "minimum_version": "1.3"}
    gateway = start(base_configuration, tls=tls)
    with pytest.raises(ssl.SSLError):
        gateway.connect(trusting(**ONLY_1_2))
    assert gateway.ask(get("/public"), trusting()).status == 200


@pytest.mark.parametrize("asked, name", [
    ("app.example.com", "app"), ("APP.example.com", "app"), ("a.wild.example.com", "wild"),
    ("other.example.com", "other"), ("a.b.wild.example.com", "app"), ("wild.example.com", "app"),
    ("unknown.test", "app"), (None, "app"),
])
def test_certificate_by_server_name(secure, names, asked, name):
    with secure.connect(trusting(), server_name=asked) as connection:
        seen = connection.socket.getpeercert(binary_form=True)
    assert seen == ssl.PEM_cert_to_DER_cert(names[name].certificate.read_text())


def test_certificate_is_verified_by_a_client(secure, names):
    context = ssl.create_default_context(cafile=str(names["app"].certificate))
    assert secure.ask(get("/public"), context).status == 200


@pytest.mark.parametrize("offered, chosen", [
    (("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "http/1.1"), ((), None),
])
def test_application_protocol(secure, offered, chosen):
    with secure.connect(trusting(alpn=offered)) as connection:
        assert connection.socket.selected_alpn_protocol() == chosen
        assert connection.ask(get("/public")).status == 200


def test_no_common_application_protocol(secure):
    """RFC 7301 3.2: no_application_protocol."""
    with pytest.raises(ssl.SSLError):
        secure.connect(trusting(alpn=("h2",)))


@pytest.mark.parametrize("versions", [ONLY_1_2, ONLY_1_3])
def test_resumption_over_two_workers(secure, upstream, versions):
    context, session, resumed = trusting(**versions), None, 0
    for _ in range(200):
        with secure.connect(context, session=session) as connection:
            assert connection.ask(get("/public")).status == 200
            resumed += connection.socket.session_reused
            session = connection.socket.session
    assert resumed >= 198


def test_no_early_data(secure):
    """A ticket that allows none; RFC 8446 8: early data can be replayed."""
    line = ["openssl", "s_client", "-tls1_3", "-connect", f"127.0.0.1:{secure.port}",
            "-servername", "app.example.com"]
    data = b"GET /public HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n"
    seen = subprocess.run(line + ["-ign_eof"], input=data, capture_output=True, timeout=20)
    assert b"200 OK" in seen.stdout
    assert b"Max Early Data: 0" in seen.stdout


def test_resumption_over_a_reload(start, base_configuration, certificate):
    gateway = start(base_configuration, tls={"certificates": [certificate.files()]})
    context = trusting()
    with gateway.connect(context) as connection:
        connection.ask(get("/public"))
        session = connection.socket.session
    assert gateway.reload()
    with gateway.connect(context, session=session) as connection:
        assert connection.ask(get("/public")).status == 200
        assert connection.socket.session_reused


def test_sessions_of_one_listener_are_no_good_at_another(start, base_configuration, certificate):
    """CVE-2025-23419."""
    ports = [free_port(), free_port()]
    tls = {"certificates": [certificate.files()]}
    listeners = [{"address": f"127.0.0.1:{port}", "tls": tls} for port in ports]
    gateway = start(changed(base_configuration, listeners=listeners))
    context = trusting()
    with Connection(ports[0], context) as connection:
        connection.ask(get("/public"))
        session = connection.socket.session
    with Connection(ports[1], context, session=session) as connection:
        assert connection.ask(get("/public")).status == 200
        assert not connection.socket.session_reused
    assert gateway.is_running()


def test_ciphers(secure):
    line = ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.port}", "-tls1_2", "-cipher",
            "AES128-SHA:AES256-GCM-SHA384:3DES:RC4:aNULL:eNULL@SECLEVEL=0"]
    run = subprocess.run(line, capture_output=True, stdin=subprocess.DEVNULL, timeout=10)
    assert run.returncode != 0


def test_renegotiation_is_refused(secure):
    line = ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.port}", "-tls1_2"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        time.sleep(0.5)
        process.stdin.write(b"R\n")
        process.stdin.flush()
        time.sleep(0.5)
        process.stdin.close()
        output = process.stdout.read()
        process.kill()
    assert b"renegotiation" in output.lower()
    assert b"error" in output.lower() or b"closed" in output.lower()
    assert b"Compression: NONE" in output


def test_close_is_announced(secure):
    """close_notify, so that a cut answer can be told from a whole one."""
    with secure.connect(trusting()) as connection:
        connection.send(get("/public", "Connection: close"))
        assert connection.read().status == 200
        assert connection.socket.recv(1) == b""


def test_close_of_the_client_is_heard(secure):
    with secure.connect(trusting()) as connection:
        assert connection.ask(get("/public")).status == 200
        connection.socket.unwrap()


def test_cleartext_on_a_secure_port(secure):
    with Connection(secure.port) as connection:
        connection.send(get("/public"))
        assert b"200" not in connection.reader.rest()[:20]
    assert secure.ask(get("/public"), trusting()).status == 200


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b"\x00" * 1000,
                                  b"\x15\x03\x03\x00\x02\x02\x28", b"\x80\x2e\x01\x03\x01"])
def test_junk_on_a_secure_port(secure, junk):
    with Connection(secure.port) as connection:
        connection.send(junk)
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        assert connection.is_closed(5) or connection.reader.rest() is not None
    assert secure.ask(get("/public"), trusting()).status == 200


@pytest.mark.parametrize("size", [1, 100, 16_384, 16_385, 1_000_000])
def test_content_over_tls(secure, upstream, size):
    body = b"q" * size
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body
    data = b"POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body
    with secure.connect(trusting()) as connection:
        for _ in range(2):
            connection.send(data)
            assert connection.read().body == body
            assert upstream.received().body == body


def test_handshake_in_single_bytes(secure):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing, server_hostname="app.example.com")
    with Connection(secure.port) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    connection.send(bytes([byte]))
                incoming.write(connection.socket.recv(65536))
        tls.write(get("/public"))
        for byte in outgoing.read():
            connection.send(bytes([byte]))
        answer = b""
        while b"ok" not in answer:
            try:
                answer += tls.read(65536)
            except ssl.SSLWantReadError:
                incoming.write(connection.socket.recv(65536))
    assert answer.startswith(b"HTTP/1.1 200")


# Certificates that cannot be used.


def refusal(folder, configuration, files):
    import json

    port = free_port()
    listener = {"address": f"127.0.0.1:{port}", "tls": {"certificates": [files]}}
    file = folder / "sallyport.yaml"
    file.write_text(json.dumps(changed(configuration, listeners=[listener]), indent=1))
    line = [binary(), "serve", "--config", file]
    run = subprocess.run(line, capture_output=True, text=True, timeout=10)
    assert run.returncode == 1
    assert str(file) in run.stderr
    return run.stderr


def test_key_of_another_certificate(base_configuration, names, tmp_path):
    files = {**names["app"].files(), "private_key": str(names["other"].private_key)}
    assert "is not the key of" in refusal(tmp_path, base_configuration, files)


def test_missing_certificate_tells_how_to_make_one(base_configuration, tmp_path):
    files = {"certificate": "missing.crt", "private_key": "missing.key"}
    assert "openssl req" in refusal(tmp_path, base_configuration, files)


def test_certificate_that_is_none(base_configuration, names, tmp_path):
    (tmp_path / "no.crt").write_text("nothing")
    refusal(tmp_path, base_configuration, {**names["app"].files(), "certificate": "no.crt"})
