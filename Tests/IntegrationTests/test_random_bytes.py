"""Mutated requests through the running gateway: whatever comes in, what goes upstream is one
well-formed request with one reading, and the gateway lives.

A few hundred rounds; SALLYPORT_FUZZ_ROUNDS for more, SALLYPORT_FUZZ_SEED for others."""

import os
import random
import re
import socket

import pytest
from support.message import Reader, chunked, get, post, request
from support.tokens import access
from support.upstream import OK

ROUNDS = min(int(os.environ.get("SALLYPORT_FUZZ_ROUNDS", "400")), 20_000)
SEED = int(os.environ.get("SALLYPORT_FUZZ_SEED", "1"))

pytestmark = pytest.mark.timeout(600)

LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ /[!-~]* HTTP/1\.1")
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(rb"[\t -~\x80-\xff]*")
ONCE = [b"host", b"content-length", b"transfer-encoding", b"authorization", b"x-forwarded-for",
        b"x-forwarded-proto", b"x-real-ip", b"x-request-id"]
NEVER = [b"proxy", b"upgrade", b"keep-alive", b"anti-csrf", b"rid", b"x-original-url",
         b"x-http-method-override"]

PIECES = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"0", b"-", b"+",
    b"_",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Transfer_Encoding: chunked\r\n", b"Host: evil\r\n",
    b"Connection: close\r\n", b"Connection: authorization, host\r\n", b"Authorization: Basic x\r\n",
    b"authorization : x\r\n", b"X_Forwarded_For: 6.6.6.6\r\n", b"Upgrade: h2c\r\n", b"Proxy: x\r\n",
    b"Cookie: a=b; sAccessToken=x\r\n", b"Expect: 100-continue\r\n", b"TE: trailers\r\n",
    b"GET /public/x HTTP/1.1\r\nHost: a\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"HTTP/1.1",
    b"HTTP/1.0", b"%2e%2e", b"%2f", b"..", b"//", b"\\", b"#", b"?", b"\xff", b"\x7f",
]


def corpus(token):
    bearer = f"Authorization: Bearer {token}"
    return [
        get("/required/a?b", bearer, "X-A: b"),
        get("/public/a", f"Cookie: a=b; sAccessToken={token}"),
        post("/required/a", bearer, body=b"hello"),
        request("PUT /required/a HTTP/1.1", bearer, "Transfer-Encoding: chunked",
                body=chunked(b"hello", b"world", trailers=["X-T: u"])),
        get("/optional", "Connection: keep-alive, x-a", "X-A: b") + get("/public/second"),
        request("OPTIONS /required HTTP/1.1", "Origin: https://a.test",
                "Access-Control-Request-Method: GET"),
        request("GET http://app.example.com/public/a HTTP/1.1"),
        get("/passthrough", bearer, "anti-csrf: x"),
    ]


def mutated(numbers, seeds):
    data = bytearray(numbers.choice(seeds))
    for _ in range(numbers.randint(0, 4)):
        place = numbers.randint(0, len(data))
        kind = numbers.randint(0, 4)
        if kind == 0:
            data[place:place] = numbers.choice(PIECES)
        elif kind == 1:
            data[place:place + numbers.randint(0, 8)] = b""
        elif kind == 2 and place < len(data):
            data[place] = numbers.randrange(256)
        elif kind == 3:
            end = min(len(data), place + numbers.randint(0, 40))
            data[place:place] = data[place:end]
        else:
            other = numbers.choice(seeds)
            start = numbers.randint(0, len(other))
            data[place:place] = other[start:start + 60]
    # A token in a method or a path is logged as such, and the logs are read for `eyJ`.
    return re.sub(rb"(?im)^(?!authorization:|cookie:)[^\n]*",
                  lambda line: line[0].replace(b"eyJ", b"eyK"), bytes(data))


def answers_of(gateway, data):
    """All that the client reads until the end, as messages; a cut one at the end is dropped."""
    with gateway.connect(timeout=5) as connection:
        try:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        found = []
        method = data.lstrip(b"\r\n").split(b" ")[0].decode("latin-1")
        try:
            while True:
                found.append(connection.read(method if method == "HEAD" else "GET"))
        except (EOFError, OSError):
            return found


def check_forwarded(message, token):
    """One request, as strict a reader as can be would read it so."""
    assert LINE.fullmatch(message.line), message.line
    names = [name.lower() for name, _ in message.fields]
    folded = [name.replace(b"_", b"-").replace(b".", b"-") for name in names]
    for name, value in message.fields:
        assert NAME.fullmatch(name), name
        assert VALUE.fullmatch(value), value
    untouched = message.target.startswith("/passthrough")
    for name in ONCE:
        assert folded.count(name) <= 1 or (untouched and name == b"authorization"), name
    assert names.count(b"host") == 1
    assert not (b"content-length" in names and b"transfer-encoding" in names)
    for name in NEVER:
        if not untouched or name not in (b"anti-csrf", b"rid"):
            assert name not in folded, name
    assert message.value("x-forwarded-for") == "127.0.0.1"
    if message.target.startswith("/required") and not message.line.startswith(b"OPTIONS "):
        assert message.value("authorization") == f"Bearer {token}"
    if message.target.startswith("/public"):
        assert b"authorization" not in folded
        cookies = ";".join(message.values("cookie")).split(";")
        cookie_names = {cookie.partition("=")[0].strip(" \t\"'").lower() for cookie in cookies}
        assert "saccesstoken" not in cookie_names, cookies


def test_mutated_requests(gateway, upstream, keys):
    token = access(keys.dynamic)
    numbers, seeds = random.Random(SEED), corpus(token)
    forwarded = 0
    for number in range(ROUNDS):
        data = mutated(numbers, seeds)
        answers = answers_of(gateway, data)
        passed = 0
        while not upstream.requests.empty():
            check_forwarded(upstream.received(), token)
            passed += 1
        assert passed <= len(answers) + 1, (number, data)
        forwarded += passed
    assert forwarded > ROUNDS / 20
    assert gateway.ask(get("/public")).status == 200


def test_mutated_answers(gateway, upstream):
    """Whatever an upstream answers, the client reads well-formed messages or an end."""
    numbers = random.Random(SEED)
    seeds = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", b"world"),
        b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    ]
    for number in range(ROUNDS):
        data = mutated(numbers, seeds)
        upstream.answer = lambda call, data=data: (call.send(data), call.close())
        for answer in answers_of(gateway, get("/public", f"X-Number: {number}")):
            assert re.fullmatch(rb"HTTP/1\.1 [1-9]\d\d [\t -~\x80-\xff]*", answer.line), answer.line
            for name, value in answer.fields:
                assert NAME.fullmatch(name) and VALUE.fullmatch(value), (name, value)
            assert not (answer.value("content-length") and answer.value("transfer-encoding"))
    upstream.reset()
    assert gateway.ask(get("/public")).status == 200


def test_reader_of_this_test_is_strict():
    message = Reader(None)
    message.buffer += b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    with pytest.raises(AssertionError):
        check_forwarded(message.head(), "")
