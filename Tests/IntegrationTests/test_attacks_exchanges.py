"""Attacks on exchanges: every wait ends, answers stay in step, no peer holds up another."""

import os
import socket
import threading
import time

import pytest
from support.certificates import trusting
from support.client import eventually
from support.gateway import changed
from support.message import get, post, request
from support.upstream import OK, Upstream

TIMEOUTS = {
    "handshake": "3s", "request_head": "1s", "request_body_idle": "1s", "response_idle": "1s",
    "send_idle": "1s", "keep_alive": "5s",
}


def hurried(base_configuration, upstream, **options):
    """Timeouts of a second, and one upstream."""
    main = {"targets": [upstream.url], "connect_timeout": "1s", "response_timeout": "1s", **options}
    return changed(base_configuration, upstreams__main=main, timeouts=TIMEOUTS)


def is_free(gateway):
    """Whether nobody is connected any more, on either side."""
    return eventually(
        lambda: gateway.metric('sallyport_connections{side="client"}') == 0
        and gateway.metric('sallyport_connections{side="upstream"}') == 0
    )


# A connection of the pool that the upstream closed.


def dying(upstream):
    """Answers the first request; at the second it stops listening and closes without an answer."""
    def answer(call):
        if upstream.requests.qsize() == 1:
            call.send(OK)
            return
        listener, upstream._listener = upstream._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if upstream.path:
            os.unlink(upstream.path)
        call.socket.shutdown(socket.SHUT_RDWR)

    return answer


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_second_sending_that_cannot_connect(start, base_configuration, tmp_path, kind):
    """The connect of a `unix:` target fails at once, within the step that began it."""
    with Upstream(str(tmp_path / "socket") if kind == "unix" else None) as upstream:
        upstream.answer = dying(upstream)
        gateway = start(hurried(base_configuration, upstream))
        with gateway.connect() as connection:
            assert connection.ask(get("/public")).status == 200
            assert connection.ask(get("/public")).reason == "upstream_unreachable"
        assert gateway.is_running()
        assert is_free(gateway)


def test_failed_second_sending_leaves_the_next_request_whole(
    start, base_configuration, own_upstream
):
    """CVE-2025-4366's kin: what follows in the buffer is the next request, all of it."""
    own_upstream.answer = dying(own_upstream)
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        assert connection.ask(get("/public/0")).status == 200
        connection.send(get("/public/a") + get("/nowhere") + get("/public/b") + get("/nowhere"))
        try:
            statuses = [connection.read().status for _ in range(4)]
        except EOFError:
            statuses = None  # Closed after the refusal: nothing can be out of step then.
    assert statuses in (None, [502, 404, 502, 404])
    if statuses:
        paths = [line["path"] for line in gateway.log_lines(5)]
        assert paths == ["/public/0", "/public/a", "/nowhere", "/public/b", "/nowhere"]


# Every wait ends.


def test_upstream_that_does_not_read_the_content(start, base_configuration, own_upstream):
    own_upstream.reads_content = False
    own_upstream.answer = lambda call: time.sleep(20)
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", "Content-Length: 50000000"))
        sender = threading.Thread(target=flood, args=(connection.socket, 50_000_000), daemon=True)
        sender.start()
        try:
            assert connection.read().reason == "upstream_timeout"
        except (EOFError, OSError):
            pass
    assert is_free(gateway)


def flood(connection, size):
    try:
        connection.sendall(b"x" * size)
    except OSError:
        pass


def test_early_head_and_then_nothing(start, base_configuration, own_upstream):
    """The head comes before the request is complete; then the upstream falls silent."""
    own_upstream.reads_content = False

    def answer(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        time.sleep(10)

    own_upstream.answer = answer
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        connection.send(request("POST /public HTTP/1.1", "Content-Length: 4", body=b"ab"))
        assert connection.reader.head().status == 200
        connection.send(b"cd")
        assert connection.is_closed(within=3)
    assert is_free(gateway)


@pytest.mark.parametrize("total", [3_000, 65_536, 81_920, 300_000])
def test_answer_that_stops(start, base_configuration, own_upstream, total):
    def answer(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * total)
        time.sleep(10)

    own_upstream.answer = answer
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        connection.socket.settimeout(4)
        try:
            while connection.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert is_free(gateway)


def test_slow_upload_on_a_pooled_connection(start, base_configuration, own_upstream):
    """The time a connection may stay idle does not run while it carries an upload."""
    gateway = start(hurried(base_configuration, own_upstream, idle_timeout="1s"))
    with gateway.connect() as connection:
        assert connection.ask(get("/public")).status == 200
        connection.send(request("POST /public HTTP/1.1", "Content-Length: 5"))
        for _ in range(5):
            time.sleep(0.4)
            connection.send(b"x")
        assert connection.read().status == 200


def test_trickled_bytes_do_not_extend_the_wait_for_an_answer(
    start, base_configuration, own_upstream
):
    own_upstream.answer = lambda call: time.sleep(10)
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        connection.send(get("/public"))
        begin = time.monotonic()
        trickle = threading.Thread(target=drip, args=(connection.socket,), daemon=True)
        trickle.start()
        assert connection.read().reason == "upstream_timeout"
        assert time.monotonic() - begin < 2


def drip(connection):
    try:
        for _ in range(30):
            connection.sendall(b"G")
            time.sleep(0.2)
    except OSError:
        pass


def test_reset_client_frees_what_it_held(start, base_configuration, own_upstream):
    own_upstream.answer = lambda call: time.sleep(10)
    patient = changed(hurried(base_configuration, own_upstream, response_timeout="60s"))
    gateway = start(patient)
    for _ in range(20):
        connection = gateway.connect()
        connection.send(get("/public"))
        assert own_upstream.received()
        connection.reset()
    assert is_free(gateway)


# Nobody holds up another.


def test_busy_client_does_not_starve_who_waits(start, base_configuration, own_upstream):
    def answer(call):
        time.sleep(0.01)
        call.send(OK)

    own_upstream.answer = answer
    gateway = start(hurried(base_configuration, own_upstream, max_connections=1))
    is_over = threading.Event()

    def hammer():
        with gateway.connect() as busy:
            busy.send(get("/public") * 50)
            while not is_over.is_set():
                busy.read()
                busy.send(get("/public"))

    hammering = threading.Thread(target=hammer, daemon=True)
    hammering.start()
    time.sleep(0.2)
    try:
        with gateway.connect(timeout=3) as connection:
            assert connection.ask(get("/public")).status == 200
    finally:
        is_over.set()
        hammering.join()


def test_client_that_asks_faster_than_it_reads_is_held_back(start, base_configuration, upstream):
    """Thousands of requests in one write: each is answered, whatever the client reads."""
    gateway = start(base_configuration)
    count = 20_000
    with gateway.connect(timeout=20) as connection:
        sender = threading.Thread(target=connection.send, args=(get("/nowhere") * count,))
        sender.start()
        time.sleep(1)
        for _ in range(count):
            assert connection.read().status == 404
        sender.join()
    assert gateway.resident_kib() < 200_000


# What a cut means.


def test_reset_is_no_end_of_an_answer(gateway, upstream):
    """A close-delimited answer that a reset cuts is not passed on as complete."""
    def answer(call):
        call.send(b"HTTP/1.1 200 OK\r\n\r\npart")
        time.sleep(0.2)
        call.reset()

    upstream.answer = answer
    with gateway.connect() as connection:
        connection.send(get("/public"))
        with pytest.raises((EOFError, OSError)):
            connection.read()


def test_upstream_that_speaks_first(start, base_configuration):
    """An overloaded server that answers before it reads is not waited for in vain; what came before
    the request went out is no answer to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n"
                             b"Connection: close\r\n\r\nbusy")
                peers.append(peer)

        peers = []
        threading.Thread(target=answer, daemon=True).start()
        target = f"http://127.0.0.1:{listener.getsockname()[1]}"
        gateway = start(changed(base_configuration, upstreams__main={"targets": [target]}))
        for _ in range(5):
            with gateway.connect(timeout=3) as connection:
                answer = connection.ask(get("/public"))
                assert (answer.status, answer.reason) in (
                    (503, None), (502, "upstream_protocol"),
                )


@pytest.mark.parametrize("size", [100_000, 200_000])
@pytest.mark.parametrize("tls", [False, True], ids=["cleartext", "tls"])
def test_refusal_arrives_while_content_still_comes(
    start, base_configuration, certificate, tls, size
):
    """RFC 9112 §9.6: what the client still sends is read, so that no reset overtakes the answer."""
    options = {"tls": {"certificates": [certificate.files()]}} if tls else {}
    gateway = start(base_configuration, **options)
    for _ in range(5):
        with gateway.connect(trusting() if tls else None) as connection:
            connection.send(request("POST /required HTTP/1.1", f"Content-Length: {size}"))
            time.sleep(0.02)
            for _ in range(0, size, 20_000):
                connection.send(b"x" * 20_000)
                time.sleep(0.001)
            assert connection.read().status == 401


def test_answer_whose_head_grows_is_whole(start, base_configuration, upstream):
    """Fields without a space after the colon get one: the head grows by a byte each."""
    gateway = start(changed(base_configuration, limits={"request_fields": 4096}))
    for size in range(28_600, 32_600, 400):
        fields = [b"a:" + b"b" * (size // 4000 - 4)] * 4000
        lines = [b"HTTP/1.1 200 OK", *fields, b"Content-Length: 11", b"", b"X-Forged: 1"]
        upstream.answer = b"\r\n".join(lines)
        answer = gateway.ask(get("/public"))
        assert answer.status == 502 or len(answer.fields) == 4001, size
        assert answer.status == 502 or answer.body == b"X-Forged: 1", size


def test_large_client_hello(start, base_configuration, certificate):
    """A handshake message of several reads does not wait for an event that never comes."""
    gateway = start(
        changed(base_configuration, timeouts=TIMEOUTS), tls={"certificates": [certificate.files()]}
    )
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=2) as connection:
        connection.sendall(client_hello(60 * 1024))
        assert connection.recv(1)[:1] in (b"\x16", b"\x15")


def client_hello(padding):
    """A ClientHello with an unknown extension of that many bytes, in records of 16 KiB."""
    import ssl
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        trusting().wrap_bio(incoming, outgoing, server_hostname="app.example.com").do_handshake()
    body = bytearray(outgoing.read()[9:])
    place = 34 + 1 + body[34]
    place += 2 + int.from_bytes(body[place:place + 2])
    place += 1 + body[place]
    length = int.from_bytes(body[place:place + 2]) + 4 + padding
    body[place:place + 2] = length.to_bytes(2)
    body += b"\xfa\xfa" + padding.to_bytes(2) + bytes(padding)
    message = b"\x01" + len(body).to_bytes(3) + body
    parts = [message[start:start + 16384] for start in range(0, len(message), 16384)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in parts)


def test_post_on_a_stale_connection_is_not_sent_twice(start, base_configuration, own_upstream):
    """RFC 9110 §9.2.2: what is not idempotent is never repeated."""
    def answer(call):
        if own_upstream.requests.qsize() == 1:
            call.send(OK)
        else:
            call.socket.shutdown(socket.SHUT_RDWR)

    own_upstream.answer = answer
    gateway = start(hurried(base_configuration, own_upstream))
    with gateway.connect() as connection:
        assert connection.ask(get("/public")).status == 200
        assert connection.ask(post("/public", body=b"once")).status == 502
    assert own_upstream.requests.qsize() == 2
