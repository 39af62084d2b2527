"""A warm request over a kept-alive TLS connection allocates nothing: neither our code, nor OpenSSL
beyond its pool, on the worker's thread."""

import contextlib
import ssl
import uuid

import pytest
from counting import Counts
from support.certificates import trusting
from support.gateway import binary
from support.message import bearer, chunked, cookie, get, post, request, rows
from support.tokens import access, inner, legacy, now
from support.upstream import OK

CONNECTIONS = 4
WARMING, MEASURED = 12, 40

CONTENT = b"c" * 3000
CHUNKED_ANSWER = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"a" * 500, b"b" * 2000)
)
BROWSER = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd",
    "Cookie: theme=dark; first=1", "X-Forwarded-For: 192.0.2.7", "Priority: u=0, i",
]


def answer(content, *fields):
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *fields])
    return head.encode() + b"\r\n\r\n" + content


def v5(keys):
    return access(keys.dynamic)


def seed(keys):
    return legacy(keys.dynamic, {"jwt": inner(keys.static)})


def role(instant=None):
    """The claim that /claims asks for, set just now or in milliseconds since the epoch."""
    return {"st-role": {"v": ["admin"], "t": now() * 1000 if instant is None else instant}}


def chunked_post(keys):
    fields = [cookie(v5(keys)), "Transfer-Encoding: chunked"]
    return request("POST /required HTTP/1.1", *fields, body=chunked(b"a" * 700, b"b" * 1500))


# Each row: name, the request from the keys, the upstream's answer.
REQUESTS = [
    ("v5-cookie", lambda keys: get("/required/1?a=b", cookie(v5(keys))), OK),
    ("v5-bearer", lambda keys: get("/required", bearer(v5(keys))), OK),
    ("v5-browser", lambda keys: get("/required", *BROWSER, cookie(v5(keys))), OK),
    ("v4-cookie", lambda keys: get("/required", cookie(access(keys.dynamic, version=4))), OK),
    ("legacy-cookie", lambda keys: get("/required", cookie(seed(keys))), OK),
    ("legacy-bearer", lambda keys: get("/required", bearer(seed(keys))), OK),
    ("claims", lambda keys: get("/claims", cookie(access(keys.dynamic, **role()))), OK),
    ("claims-ended", lambda keys: get("/required", cookie(access(keys.dynamic, **role(0)))), OK),
    ("static-key", lambda keys: get("/required", cookie(access(keys.static))), OK),
    ("optional-without", lambda keys: get("/optional"), OK),
    ("optional-with", lambda keys: get("/optional", cookie(v5(keys))), OK),
    ("public", lambda keys: get("/public/%7euser/a%20b"), OK),
    ("listed-origin", lambda keys: get("/required", cookie(v5(keys)), "Origin: https://b.test"),
     OK),
    ("head", lambda keys: request("HEAD /required HTTP/1.1", cookie(v5(keys))), OK),
    ("delete", lambda keys: request("DELETE /required HTTP/1.1", cookie(v5(keys))), OK),
    ("post", lambda keys: post("/required", cookie(v5(keys)), body=CONTENT), OK),
    ("post-chunked", chunked_post, OK),
    ("answer-chunked", lambda keys: get("/required", cookie(v5(keys))), CHUNKED_ANSWER),
    ("answer-64k", lambda keys: get("/required", cookie(v5(keys))), answer(b"x" * 65536)),
    ("answer-204", lambda keys: get("/required", cookie(v5(keys))),
     b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("answer-304", lambda keys: get("/required", cookie(v5(keys))),
     b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'),
    ("answer-cookies", lambda keys: get("/required", cookie(v5(keys))),
     answer(b"ok", "Set-Cookie: a=b; Path=/", "Set-Cookie: c=d", "Vary: Accept", "Server: x")),
]

# What the gateway answers by itself may allocate while it writes, and holds nothing afterwards.
OWN_ANSWERS = [
    ("jwt", lambda keys: get("/jwt", cookie(v5(keys)))),
    ("no-session", lambda keys: get("/required")),
    ("expired", lambda keys: get("/required", cookie(access(keys.dynamic, expires=1)))),
    ("no-route", lambda keys: get("/nothing", cookie(v5(keys)))),
]


def worker(gateway):
    return gateway.table.of(gateway.process.pid, "worker")


def spent_warm(gateway, step, warming=WARMING, measured=MEASURED):
    """What the worker's thread did in the later rounds of `step`."""
    for _ in range(warming):
        step()
    gateway.table.record(True)
    before = worker(gateway)
    for _ in range(measured):
        step()
    spent = worker(gateway) - before
    gateway.table.record(False)
    return spent


def assert_nothing(gateway, spent):
    told = gateway.table.stacks(gateway.process.pid, binary()) if spent != Counts() else ""
    assert spent == Counts(), told


@contextlib.contextmanager
def connected(gateway, count=CONNECTIONS, tls=None):
    tls = tls or trusting()
    connections = [gateway.connect(tls) for _ in range(count)]
    yield connections
    for connection in connections:
        connection.close()


def ask_each(connections, data):
    """One after the other; the statuses."""
    return {connection.ask(data).status for connection in connections}


def ask_together(connections, data):
    for connection in connections:
        connection.send(data)
    return {connection.read().status for connection in connections}


@pytest.mark.parametrize("make, reply", rows(REQUESTS))
def test_warm_request_allocates_nothing(gateway, upstream, keys, make, reply):
    upstream.reset()
    upstream.answer = reply
    data = make(keys)
    expected = {int(reply.split(b" ")[1])}
    with connected(gateway) as connections:
        def step():
            assert ask_each(connections, data) == expected

        assert_nothing(gateway, spent_warm(gateway, step))


def test_warm_request_over_tls_1_2_allocates_nothing(gateway, upstream, keys):
    upstream.reset()
    data = get("/required", cookie(v5(keys)))
    with connected(gateway, tls=trusting(highest=ssl.TLSVersion.TLSv1_2)) as connections:
        def step():
            assert ask_each(connections, data) == {200}

        assert_nothing(gateway, spent_warm(gateway, step))


def test_anti_csrf_tokens_are_compared_where_they_are(counted_gateway, upstream, keys):
    upstream.reset()
    gateway = counted_gateway(access_log=False, anti_csrf="token")
    own = str(uuid.uuid4())
    data = [
        post("/claims", cookie(token), f"anti-csrf: {own}", body=CONTENT)
        for token in [
            access(keys.dynamic, antiCsrfToken=own, **role()),
            legacy(keys.dynamic, {"jwt": inner(keys.static), **role()}, antiCsrfToken=own),
        ]
    ]
    with connected(gateway) as connections:
        def step():
            for each in data:
                assert ask_each(connections, each) == {200}

        assert_nothing(gateway, spent_warm(gateway, step))


def test_many_at_once_allocate_nothing(gateway, upstream, keys):
    """More at once while warming than afterwards: stocks have been as large as they get."""
    upstream.reset()
    data = get("/required", cookie(v5(keys)))
    with connected(gateway, 64) as connections:
        for _ in range(WARMING):
            assert ask_together(connections, data) == {200}

        def step():
            assert ask_together(connections[:16], data) == {200}

        assert_nothing(gateway, spent_warm(gateway, step))


def test_pipelined_requests_allocate_nothing(gateway, upstream, keys):
    upstream.reset()
    data = get("/required", cookie(v5(keys)))
    with connected(gateway) as connections:
        def step():
            for connection in connections:
                connection.send(data * 5)
                assert {connection.read().status for _ in range(5)} == {200}

        assert_nothing(gateway, spent_warm(gateway, step))


@pytest.mark.parametrize("make", rows(OWN_ANSWERS))
def test_own_answer_leaves_nothing(gateway, upstream, keys, make):
    data = make(keys)
    with connected(gateway) as connections:
        spent = spent_warm(gateway, lambda: ask_each(connections, data))
    assert (spent.held_bytes, spent.allocations, spent.mappings) == (0, spent.releases, 0)


def test_new_tokens_and_connections_are_counted(counted_gateway, upstream, keys):
    """The counter counts: what must allocate is seen to, in a gateway whose stocks are empty."""
    upstream.reset()
    gateway = counted_gateway(access_log=False)
    with gateway.connect(trusting()) as connection:
        before = worker(gateway)
        for number in range(10):
            token = access(keys.dynamic, number=number)
            assert connection.ask(get("/required", cookie(token))).status == 200
        of_tokens = worker(gateway) - before
    before = worker(gateway)
    kept = [gateway.connect(trusting()) for _ in range(10)]
    for connection in kept:
        assert connection.ask(get("/public")).status == 200
    of_connections = worker(gateway) - before
    assert of_tokens.allocations >= 10
    assert of_connections.allocations >= 10 and of_connections.held_bytes > 10 * 1024
