"""Peers that reset their connections, in every phase, many times over: nothing is leaked, nothing
stops, and whoever comes next is served.

A few dozen of each phase; SALLYPORT_LOAD_SECONDS=60 for some thousands."""

import os
import ssl
import threading
import time

import pytest
from support.certificates import trusting
from support.client import Connection, eventually
from support.core import Core
from support.crowd import clients, comes_to_rest, descriptors, is_at_rest, stopped
from support.gateway import Gateway, changed
from support.message import bearer, chunked, get, request, rows
from support.resetting import PHASES, ResettingUpstream
from support.tokens import access
from support.upstream import OK, Upstream

TIMES = 10 * int(os.environ.get("SALLYPORT_LOAD_SECONDS", "4"))
pytestmark = pytest.mark.timeout(60 + 2 * TIMES)

LENGTH = "Content-Length: 1000000"


class Behind(Upstream):
    """Answers at once, holds the request until it is told to go on, or answers without end."""

    def __init__(self):
        super().__init__()
        self.answer, self.go = self.as_asked, threading.Event()

    def as_asked(self, call):
        if "hold" in call.message.target:
            self.go.wait(5)
        if "large" in call.message.target:
            call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            for _ in range(100):
                call.send(b"x" * 1_000_000)
        call.send(OK)


@pytest.fixture(scope="module")
def behind():
    with Behind() as upstream:
        yield upstream


@pytest.fixture(scope="module", params=[False, True], ids=["cleartext", "tls"])
def faulty(request, base_configuration, behind, keys, certificate, tmp_path_factory):
    """A gateway of this module, cleartext or TLS, with a core that answers late."""
    with Core(keys) as core:
        configuration = changed(
            base_configuration, sessions__core={"urls": [core.url], "timeout": "1s"},
            upstreams__main={"targets": [behind.url]}, log={"access": {"output": "off"}},
        )
        tls = {"certificates": [certificate.files()]} if request.param else None
        with Gateway(configuration, tmp_path_factory.mktemp("gateway"), tls) as gateway:
            gateway.context = trusting() if request.param else None
            gateway.wait_for_keys()
            core.delay = 0.2
            yield gateway


def unknown(keys):
    """A token for whose key the core has to be asked."""
    return bearer(access(keys.dynamic, header={"kid": "d-1"}))


# What the client has done when it resets: sent these bytes, and perhaps read some.
CLIENT_PHASES = rows([
    ("after the connect", lambda keys: b"", 0),
    ("in the head", lambda keys: get("/public")[:30], 0),
    ("after the head", lambda keys: get("/public"), 0),
    ("in content", lambda keys: request("POST /public HTTP/1.1", LENGTH, body=b"x" * 5000), 0),
    ("in a chunk", lambda keys: request(
        "POST /public HTTP/1.1", "Transfer-Encoding: chunked", body=b"fff\r\nhalf"), 0),
    ("in trailers", lambda keys: request(
        "POST /public HTTP/1.1", "Transfer-Encoding: chunked",
        body=chunked(b"x", trailers=["X: y"])[:-3]), 0),
    ("before 100", lambda keys: request(
        "POST /public HTTP/1.1", LENGTH, "Expect: 100-continue"), 0),
    ("while waiting for keys", lambda keys: get("/required", unknown(keys)), 0),
    ("while waiting for the upstream", lambda keys: get("/public/hold"), 0),
    ("in the answer", lambda keys: get("/public/large"), 20_000),
    ("in pipelined requests", lambda keys: get("/public") * 200, 2_000),
    ("while refused content is dropped", lambda keys: request(
        "POST /nothing HTTP/1.1", "Content-Length: 60000", body=b"x"), 20),
    ("after a refusal that closes", lambda keys: b"nonsense\r\n\r\n", 20),
    ("idle", lambda keys: get("/public"), 36),
])


@pytest.mark.parametrize("data, reads", CLIENT_PHASES)
def test_client_resets(faulty, behind, keys, data, reads):
    behind.go.clear()
    before, data = descriptors(faulty), data(keys)
    for number in range(TIMES):
        connection = faulty.connect(faulty.context)
        connection.send(data)
        left = reads
        while left > 0 and (piece := connection.socket.recv(left)):
            left -= len(piece)
        if number % 4 == 0:
            time.sleep(0.005)  # Some resets find the gateway where this phase's name says.
        connection.reset()
    behind.go.set()
    assert comes_to_rest(faulty, before)
    assert faulty.ask(get("/public"), faulty.context).status == 200


def test_a_reset_that_comes_with_its_request(faulty, behind):
    """Read together, they are no request: nobody waits for its answer."""
    faulty.ask(get("/public"), faulty.context)
    behind.reset()
    behind.answer = behind.as_asked
    connections = [faulty.connect(faulty.context) for _ in range(20)]
    assert eventually(lambda: clients(faulty) >= 20)
    faulty.settle()
    with stopped(faulty):
        for connection in connections:
            connection.send(get("/public/hold"))
            connection.reset()
    assert eventually(lambda: is_at_rest(faulty))
    assert behind.received_nothing(0.1)


def client_hello():
    """The first flight of a real client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(incoming, outgoing, server_hostname="app.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("faulty", [True], indirect=True, ids=["tls"])
def test_client_resets_in_its_handshake(faulty, share):
    before, hello = descriptors(faulty), client_hello()
    for number in range(5 * TIMES):
        connection = Connection(faulty.port)
        connection.send(hello[:int(share * len(hello))])
        if number % 4 == 0:
            time.sleep(0.002)
        connection.reset()
    assert comes_to_rest(faulty, before)
    assert faulty.ask(get("/public"), faulty.context).status == 200


def test_resets_cost_no_memory(faulty, keys):
    """The second half of many resets takes nothing that the first had not taken."""
    resident = []
    for _ in range(2):
        for parameters in CLIENT_PHASES:
            data = parameters.values[0](keys)
            for _ in range(TIMES // 2):
                connection = faulty.connect(faulty.context)
                connection.send(data)
                connection.reset()
        faulty.settle(0.5)
        resident.append(faulty.resident_kib())
    assert resident[1] - resident[0] < 2048


@pytest.mark.parametrize("phase", PHASES)
def test_upstream_resets(start, base_configuration, phase):
    """The client gets its answer of 502, or what came of the upstream's and then the end."""
    with ResettingUpstream(phase) as upstream:
        configuration = changed(
            base_configuration, upstreams__main={"targets": [upstream.url]},
            log={"access": {"output": "off"}},
        )
        gateway = start(configuration)
        before = descriptors(gateway)
        for number in range(TIMES):
            data = get("/public") if number % 2 else request(
                "POST /public HTTP/1.1", "Content-Length: 200000", body=b"x" * 200_000)
            with gateway.connect() as connection:
                try:
                    connection.send(data)
                    answer = connection.read()
                    while answer.status == 103:
                        answer = connection.read()
                except (EOFError, OSError):
                    assert PHASES[phase].cuts_off or number % 2 == 0
                else:
                    assert answer.status in (PHASES[phase].status, 502)
        assert comes_to_rest(gateway, before)
        upstream.phase = None
        assert eventually(lambda: gateway.ask(get("/public")).status == 200)
