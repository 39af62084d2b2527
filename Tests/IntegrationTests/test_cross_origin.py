"""What a page of a listed origin may read: every answer of the gateway's own, also one that takes
the place of an answer of the upstream's, when the request has long been passed on."""

import pytest
from support.gateway import Gateway, changed
from support.message import chunked, get, post, request, rows

LISTED = ["https://web.example.com", "https://two.example.com"]
# As long as a listed one.
OTHER = "https://bad.example.com"


@pytest.fixture(scope="module")
def hurried(base_configuration, tmp_path_factory):
    """Two origins are listed, and nothing is waited for long."""
    target = base_configuration["upstreams"]["main"]["targets"]
    configuration = changed(
        base_configuration,
        forwarding={"cors": {"origins": LISTED}},
        limits={"request_body": "1KiB"},
        timeouts={"request_body_idle": "200ms"},
        upstreams={"main": {"targets": target, "response_timeout": "200ms"}},
    )
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


def assert_readable(answer, origin):
    """The fields that a browser asks for; none of them for an origin that is not listed."""
    names = ["access-control-allow-origin", "access-control-allow-credentials",
             "access-control-expose-headers", "vary"]
    expected = [origin, "true", "sallyport-reason", "Origin"] if origin in LISTED else [None] * 4
    assert [answer.value(name) for name in names] == expected


def closes(call):
    call.close()


def resets(call):
    call.reset()


def stays_silent(call):
    call.reader.rest()


def is_cut_off(call):
    call.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    call.close()


BREAKS = rows([
    ("closes", closes, 502, "upstream_unreachable"),
    ("resets", resets, 502, "upstream_unreachable"),
    ("cut-off", is_cut_off, 502, "upstream_protocol"),
    ("nonsense", b"NONSENSE\r\n\r\n", 502, "upstream_protocol"),
    ("switches", b"HTTP/1.1 101 Switching\r\n\r\n", 502, "upstream_protocol"),
    ("silent", stays_silent, 504, "upstream_timeout"),
])


@pytest.mark.parametrize("behaviour, status, reason", BREAKS)
def test_upstream_breaks_off(hurried, upstream, behaviour, status, reason):
    upstream.answer = behaviour
    for origin in [*LISTED, OTHER, "null", None]:
        fields = [f"Origin: {origin}"] if origin else []
        for data in (get("/public", *fields), post("/public", *fields, body=b"content")):
            answer = hurried.ask(data)
            assert (answer.status, answer.reason) == (status, reason)
            assert_readable(answer, origin)


@pytest.mark.parametrize("content, status, reason", rows([
    ("stalls", b"5\r\nabc", 408, "timeout"),
    ("broken", b"5\r\nabcdeX\n", 400, "bad_request"),
    ("too-large", chunked(b"x" * 1025), 413, "body_too_large"),
]))
def test_content_breaks_off(hurried, upstream, content, status, reason):
    upstream.reads_content = False
    upstream.answer = stays_silent
    for origin in [LISTED[1], OTHER]:
        line = "POST /public HTTP/1.1"
        head = request(line, f"Origin: {origin}", "Transfer-Encoding: chunked")
        with hurried.connect() as connection:
            connection.send(head)
            upstream.received()
            connection.send(content)
            answer = connection.read()
        assert (answer.status, answer.reason) == (status, reason)
        assert_readable(answer, origin)


@pytest.mark.parametrize("first, second", [(OTHER, LISTED[0]), (LISTED[0], OTHER), tuple(LISTED)])
def test_origin_is_the_request_s_own(hurried, upstream, first, second):
    """The next request lies where the first one's head was, byte for byte."""
    upstream.answer = stays_silent
    with hurried.connect() as connection:
        connection.send(get("/public", f"Origin: {first}") + get("/public", f"Origin: {second}"))
        for origin in (first, second):
            answer = connection.read()
            assert (answer.status, answer.reason) == (504, "upstream_timeout")
            assert_readable(answer, origin)


def test_upstream_s_own_answer_is_its_own(hurried, upstream):
    answer = hurried.ask(get("/public", f"Origin: {LISTED[0]}"))
    assert answer.status == 200
    assert_readable(answer, None)


def test_redirect_to_https(start, base_configuration, certificate):
    """A browser follows it for a page of another origin only if that may read it."""
    from support.ports import free_port

    plain = free_port()
    gateway = start(changed(
        base_configuration,
        forwarding={"cors": {"origins": LISTED}},
        listeners=[
            {"address": f"127.0.0.1:{plain}", "redirect_to_https": True},
            {"address": f"127.0.0.1:{free_port()}", "tls": {"certificates": [certificate.files()]}},
        ],
    ))
    gateway.port = plain
    for origin in [LISTED[1], OTHER]:
        answer = gateway.ask(get("/public", f"Origin: {origin}"))
        assert answer.status == 308
        assert_readable(answer, origin)
