"""Known attacks by a token's encoding, size, depth and numbers, and by tokens of other types: each
spelling but the one is refused, and the gateway serves the next request at once."""

import json
import time

import pytest
from support.forging import header_of, parts, payload, signed
from support.keys import base64url
from support.message import bearer, cookie, get
from support.quiet import nothing_came, refused
from support.tokens import access, compact, inner, legacy, now


# Other serialisations and encodings of a good token.


def serialised(token):
    protected, body, signature = parts(token)
    flat = {"protected": protected, "payload": body, "signature": signature}
    signatures = [{"protected": protected, "signature": signature}]
    return [
        json.dumps(flat), json.dumps({"payload": body, "signatures": signatures}),
        base64url(compact(flat)), json.dumps({**flat, "header": {"alg": "none"}}),
    ]


def test_json_serialised_token(by_default, upstream, keys):
    """Wycheproof's JsonSerialization: only the compact form is a token (RFC 7515 §7.1)."""
    for text in serialised(access(keys.dynamic)):
        refused(by_default, upstream, text)


def test_nested_token(by_default, upstream, keys):
    """RFC 7519 §5.2: a token inside a token is not looked into."""
    inner = access(keys.dynamic)
    for header in ({}, {"cty": "JWT"}):
        head = header_of(keys.dynamic, **header)
        refused(by_default, upstream, signed(keys.dynamic, head, inner.encode()))
        refused(by_default, upstream, signed(keys.dynamic, head, json.dumps(inner).encode()))


def respelled(token):
    """The same token in encodings that lenient decoders take for it (Wycheproof's ModifiedPadding
    and its kin)."""
    header, body, signature = parts(token)
    for pad in ("=", "==", "%3D"):
        yield from (f"{header}{pad}.{body}.{signature}", f"{header}.{body}{pad}.{signature}",
                    f"{header}.{body}.{signature}{pad}")
    yield from (f"{token}.", f".{token}", f"{header}..{body}.{signature}", f"{token}.{signature}",
                f"{header}.{body}.", f"{token}.x", f"{token},{token}", f"{token} {token}")
    for mark in ("\n", "\r\n", " ", "\t", "\x00"):
        encoded = f"%{ord(mark[0]):02x}"
        yield from (f"{header}{encoded}.{body}.{signature}", f"{token}{encoded}x")
    yield from (f"{header} .{body}.{signature}", f"{header}.{body}. {signature}")
    yield from (f"{header}.{body}.{other}" for other in other_last_bits(signature))
    yield from (token.replace("-", "+", 1), token.replace("_", "/", 1), token.swapcase(),
                f"{header}.{body}.{signature}A", f"{header}.{body}.{signature[:-1]}",
                f"{header}.{body[::-1]}.{signature}")


def other_last_bits(text):
    """The last character with its unused bits set: the same bytes to a lenient decoder."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    unused = {0: 0, 2: 4, 3: 2}[len(text) % 4]
    last = alphabet.index(text[-1])
    return [text[:-1] + alphabet[last ^ bits] for bits in range(1, 1 << unused)]


def test_other_encodings_of_a_good_token(by_default, upstream, keys):
    """After the good one is cached: none of its other spellings is the same token."""
    token = access(keys.dynamic, where="-_" * 20 + "\u00ff\u00fe")
    while "-" not in token or "_" not in token:
        token = access(keys.dynamic, again=time.time_ns())
    assert by_default.ask(get("/required", bearer(token))).status == 200
    assert by_default.ask(get("/required", cookie(token))).status == 200
    assert [upstream.received().value("authorization") for _ in "ab"] == [f"Bearer {token}"] * 2
    tried = [other for other in respelled(token) if other != token]
    assert len(tried) > 40
    for other in tried:
        answers = [by_default.ask(get("/required", field(other))) for field in (bearer, cookie)]
        assert [answer.status for answer in answers] == [401, 401], other
    nothing_came(by_default, upstream)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer\t", "Bearer:", "Token", "JWT",
                                    "Bearer=", "Bearer Bearer", "Basic", ""])
def test_scheme_is_read_one_way(by_default, upstream, keys, scheme):
    """Case-sensitive, as the SDKs read it, and one space: anything else is no session."""
    answer = by_default.ask(get("/required", f"Authorization: {scheme} {access(keys.dynamic)}"))
    assert (answer.status, answer.reason) == (401, "no_session")
    nothing_came(by_default, upstream)


# Size, depth, numbers.


def quickly(gateway, token):
    """Refused in a fraction of a second, and the next request is served."""
    for field in (bearer, cookie):
        begin = time.monotonic()
        answer = gateway.ask(get("/required", field(token)))
        assert answer.status in (401, 431)
        assert time.monotonic() - begin < 1
    assert gateway.is_running()


HUGE = [
    ("CVE-2025-30204 dots", "." * 1_000_000),
    ("CVE-2025-30204 segments", "a." * 500_000),
    ("1 MB", "a" * 1_000_000),
    ("1 MB in three segments", ".".join(["a" * 330_000] * 3)),
    ("1 MB of quotes", '"' * 1_000_000),
    ("1 MB of escapes", "%41" * 330_000),
    ("past 1 MiB", "a" * 1_100_000),
]


@pytest.mark.parametrize("token", [pytest.param(row[1], id=row[0]) for row in HUGE])
def test_huge_token(by_default, upstream, token):
    """Its size is looked at before anything else."""
    quickly(by_default, token)
    nothing_came(by_default, upstream)


def test_size_of_a_token_at_its_limit(by_default, upstream, keys):
    """16 KiB are a token and one byte more is none; past 8 KiB it is no JWT to forward."""
    def of(size):
        token = access(keys.dynamic, pad="")
        missing = (size - len(token)) * 3 // 4
        for more in range(missing - 8, missing + 8):
            token = access(keys.dynamic, pad="x" * more)
            if len(token) == size:
                return token
        return None

    def check(limit, at_most, beyond):
        sizes = [size for size in range(limit - 4, limit + 8) if of(size)]
        assert any(size <= limit for size in sizes) and any(size > limit for size in sizes)
        for size in sizes:
            for field in (bearer, cookie):
                answer = by_default.ask(get("/required", field(of(size))))
                expected = at_most if size <= limit else beyond
                assert (answer.status, answer.reason) == expected, size

    check(8 * 1024, (200, None), (500, "jwt_missing"))
    check(16 * 1024, (500, "jwt_missing"), (401, "no_session"))


DEEP = [
    ("arrays", b"[" * 10_000), ("closed arrays", b"[" * 5_000 + b"]" * 5_000),
    ("objects", b'{"a":' * 2_000), ("closed objects", b'{"a":' * 1_900 + b"1" + b"}" * 1_900),
    ("mixed", b'[{"a":' * 1_500), ("long string", b'"' + b"x" * 11_000 + b'"'),
    ("escapes", b'"' + b"\\u0000" * 1_800 + b'"'), ("many members", b"[" + b"0," * 5_000 + b"0]"),
    ("long number", b"1" * 11_000), ("long fraction", b"0." + b"1" * 11_000),
    ("long exponent", b"1e" + b"9" * 11_000), ("CVE-2025-11230 1e99999999", b"1e99999999"),
    ("CVE-2025-11230 -1e99999999", b"-1e99999999"), ("CVE-2025-11230 1e-99999999", b"1e-99999999"),
    ("CVE-2025-11230 0e99999999", b"0e99999999"), ("2^64", b"18446744073709551616"),
    ("-2^63 - 1", b"-9223372036854775809"), ("minus only", b"-"),
]


@pytest.mark.parametrize("value", [pytest.param(row[1], id=row[0]) for row in DEEP])
def test_deep_and_long_json(by_default, upstream, keys, own, value):
    """In the claims and in the header, signed with a known key and with an unknown one."""
    for key in (keys.dynamic, own):
        claims, head = payload(key), compact(header_of(key))
        for token in (signed(key, head, claims[:-1] + b',"x":' + value + b"}"),
                      signed(key, head[:-1] + b',"x":' + value + b"}", claims)):
            for field in (bearer, cookie):
                answer = by_default.ask(get("/required", field(token)))
                assert answer.status in ((401, 200, 500) if key is keys.dynamic else (401,))
                if answer.status == 200:
                    assert upstream.received().value("authorization") == f"Bearer {token}"
    nothing_came(by_default, upstream)


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [
    b"1e99999999", b"-1e99999999", b"9" * 400, b"-" + b"9" * 400, b"1e400", b"9007199254740993e9",
    b'"4102444800"', b"null", b"true", b"[]", b"{}", b'""', b"[4102444800]",
], ids=lambda value: value.decode()[:20])
def test_time_that_is_none(by_default, upstream, keys, claim, value):
    """A time beyond all numbers is no time: such a token is no session, or dead."""
    claims = json.loads(payload(keys.dynamic))
    claims[claim] = "TIME"
    token = signed(keys.dynamic, header_of(keys.dynamic),
                   compact(claims).replace(b'"TIME"', value))
    refused(by_default, upstream, token, ("no_session", "not_a_session_token", "expired"))


def test_times_that_are_past_or_not_yet(by_default, upstream, keys):
    for token in (access(keys.dynamic, expires=now()), access(keys.dynamic, expires=0),
                  access(keys.dynamic, expires=-1), access(keys.dynamic, nbf=now() + 60),
                  legacy(keys.dynamic, expires=now() - 1), legacy(keys.dynamic, expires=0)):
        refused(by_default, upstream, token, ("expired",))


# Other tokens of the same core.


@pytest.mark.parametrize("claims", [
    {"stt": 1}, {"stt": 2}, {"stt": "0"}, {"stt": None}, {"sessionHandle": None}, {"sub": 5},
    {"refreshTokenHash1": None}, {"tId": 1}, {"rsub": None}, {"sessionHandle": ["x"]}, {"sub": ""},
], ids=json.dumps)
def test_token_of_another_type(by_default, upstream, keys, claims):
    """OAuth access and ID tokens, JWTs that a back end made: the same keys, no sessions."""
    token = access(keys.dynamic, **claims)
    if claims == {"sub": ""}:
        assert by_default.ask(get("/required", bearer(token))).status in (200, 401)
    else:
        refused(by_default, upstream, token, ("no_session",))


@pytest.mark.parametrize("version", [None, "2", "3", "4", "5"])
def test_cve_2024_47616_token_of_the_same_core_for_others(gateway, upstream, keys, version):
    """GHSA-r7rh-jww5-5fjr (Pomerium): the JWT inside a seed-era session is none itself when an
    upstream sends it back, whichever of the core's keys signed it, whichever version it claims."""
    header = {} if version is None else {"version": version}
    for key in (keys.static, keys.dynamic):
        for claims in ({}, {"tId": "public", "rsub": "user-1"}, {"email": "a@example.com"}):
            token = inner(key, header=header, **claims)
            refused(gateway, upstream, token, ("no_session", "not_a_session_token"))
