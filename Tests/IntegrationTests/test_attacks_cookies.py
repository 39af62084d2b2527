"""Known attacks by cookies that gateway and upstream read differently: one documented reading, the
same as the SDKs', and of the session's cookies nothing that any reader could find goes upstream."""

import pytest
from support.message import bearer, cookie, get, rows
from support.quiet import nothing_came
from support.tokens import access, legacy

NAME = "sAccessToken"


@pytest.fixture(scope="module")
def token(keys):
    return access(keys.dynamic)


NONE = "no_session"
BAD = "bad_signature"

# (id, the line with {} for the token, the reason of the refusal, what is left of the line)
READ = [
    ("alone", "sAccessToken={}", None, None),
    ("first", "sAccessToken={}; a=b", None, "a=b"),
    ("last", "a=b; sAccessToken={}", None, "a=b"),
    ("without a space", "a=b;sAccessToken={};c=d", None, "a=b;c=d"),
    ("spaces around the name", "a=b;  sAccessToken  ={}; c=d", None, "a=b; c=d"),
    ("tabs around the name", "a=b;\tsAccessToken\t=\t{}\t; c=d", None, "a=b; c=d"),
    ("spaces around the value", "sAccessToken=  {}  ; a=b", None, "a=b"),
    ("quoted", 'sAccessToken="{}"', None, None),
    ("quoted beside another", 'a="b"; sAccessToken="{}"', None, 'a="b"'),
    ("$Version", "$Version=1; sAccessToken={}", None, "$Version=1"),
    ("$Version and $Path", '$Version="1"; sAccessToken={}; $Path="/"', None,
     '$Version="1"; $Path="/"'),
    ("semicolons in the quotes of another", 'a="; sAccessToken={}; b="', None, 'a="; b="'),
    ("JSON and a broken escape in another", 'custom={{"a":"b%b"}}; sAccessToken={}', None,
     'custom={{"a":"b%b"}}'),
    ("empty pairs", "; ;sAccessToken={};;", None, None),
    ("a name without a value", "a; sAccessToken={}; b", None, "a; b"),
    ("equals signs before", "=; sAccessToken={}", None, "="),
    ("open quote before", 'a="; sAccessToken={}', None, 'a="'),
    ("open quote at the value", 'sAccessToken="{}; a=b', NONE, None),
    ("closing quote at the value", 'sAccessToken={}"; a=b', BAD, None),
    ("single quotes", "sAccessToken='{}'", NONE, None),
    ("two quotes", 'sAccessToken=""{}""', NONE, None),
    ("comma for semicolon", "a=b, sAccessToken={}", NONE, None),
    ("comma after", "sAccessToken={}, a=b", BAD, None),
    ("space for semicolon", "a=b sAccessToken={}", NONE, None),
    ("after an ampersand", "a=b&sAccessToken={}", NONE, "a=b&sAccessToken={}"),
    ("in the quotes of another", 'a="sAccessToken={}"', NONE, None),
    ("lower case", "saccesstoken={}", NONE, None),
    ("upper case", "SACCESSTOKEN={}", NONE, None),
    ("escaped name", "sAccess%54oken={}", NONE, None),
    ("escaped name, lower", "%73AccessToken={}", NONE, None),
    ("quoted name", '"sAccessToken"={}', NONE, None),
    ("array", "sAccessToken[]={}", NONE, None),
    ("array with a number", "sAccessToken[0]={}", NONE, None),
    ("space in the name", "s AccessToken={}", NONE, "s AccessToken={}"),
    ("other name behind", "sAccessToken2={}", NONE, "sAccessToken2={}"),
    ("other name before", "xsAccessToken={}", NONE, "xsAccessToken={}"),
    ("no equals sign", "sAccessToken", NONE, None),
    ("empty value", "sAccessToken=", NONE, None),
    ("only quotes", 'sAccessToken=""', NONE, None),
    ("CVE-2024-24814 number of pieces", "sAccessToken_chunks=99999999; sAccessToken_0={}", NONE,
     "sAccessToken_chunks=99999999; sAccessToken_0={}"),
    ("pieces", "sAccessToken.0={}; sAccessToken.1=x", NONE, "sAccessToken.0={}; sAccessToken.1=x"),
]


@pytest.mark.parametrize("line, reason, left", rows(READ))
def test_cookie_is_read_one_way(gateway, upstream, token, line, reason, left):
    """Where it is no session the request is anonymous, and the token is not passed on either when
    its name could be read as the session's."""
    field = "Cookie: " + line.format(token)
    answer = gateway.ask(get("/required", field))
    assert (answer.status, answer.reason) == ((401, reason) if reason else (200, None))
    if reason is None:
        assert upstream.received().value("authorization") == f"Bearer {token}"
    for path in ("/required", "/optional", "/public"):
        answer = gateway.ask(get(path, field))
        if answer.status == 401:
            assert path == "/required" or (path == "/optional" and reason == BAD)
            continue
        received = upstream.received()
        is_session = reason is None and path != "/public"
        assert received.value("authorization") == (f"Bearer {token}" if is_session else None)
        kept = received.value("cookie")
        assert kept == left.format(token) if left else kept is None or token not in kept
    nothing_came(gateway, upstream)


@pytest.mark.parametrize("prefix", ["__Host-", "__Secure-", "__host-", "__HOST-", "__Http-"])
def test_prefixed_names_are_other_cookies(gateway, upstream, token, prefix):
    """A browser keeps the rules of the prefix, a server's reader does not: another name."""
    line = f"Cookie: {prefix}{NAME}={token}"
    answer = gateway.ask(get("/required", line))
    assert (answer.status, answer.reason) == (401, "no_session")
    answer = gateway.ask(get("/required", f"{line}; {NAME}={token}"))
    assert answer.status == 200
    assert NAME not in (upstream.received().value("cookie") or "").replace(f"{prefix}{NAME}", "")
    nothing_came(gateway, upstream)


TWICE = [
    ("the same twice", ["{}", "{}"]), ("good first", ["{}", "x"]), ("good last", ["x", "{}"]),
    ("empty first", ["", "{}"]), ("empty last", ["{}", ""]), ("quoted last", ["{}", '"{}"']),
    ("quotes first", ['""', "{}"]), ("three", ["x", "{}", "y"]), ("dead last", ["{}", "dead"]),
    ("dead first", ["dead", "{}"]),
]


@pytest.mark.parametrize("values", rows(TWICE))
def test_two_of_one_name_are_none(gateway, upstream, keys, token, values):
    """In one line and in several, near and far apart: never the first or the last that is valid."""
    dead = access(keys.dynamic, created=1, expires=2)
    pairs = [f"{NAME}={dead if value == 'dead' else value.format(token)}" for value in values]
    for fields in (
        ["Cookie: " + "; ".join(pairs)], ["Cookie: " + ";".join(pairs)],
        [f"Cookie: {pair}" for pair in pairs], [f"cOOkie: {pairs[0]}",
                                                *[f"COOKIE: a=b; {pair}" for pair in pairs[1:]]],
        ["Cookie: " + "; a=b; c=d; ".join(pairs)],
        ["Cookie: " + "; ".join([*pairs, f" {NAME} = x"])],
    ):
        for path in ("/required", "/optional"):
            answer = gateway.ask(get(path, *fields))
            assert (answer.status, answer.reason) == (401, "duplicate_cookie"), fields
    nothing_came(gateway, upstream)


def test_two_cookies_beside_a_bearer(gateway, upstream, token):
    """The bearer is looked at first; nothing of either cookie goes upstream."""
    line = f"Cookie: {NAME}={token}; a=b; {NAME}=x"
    assert gateway.ask(get("/required", bearer(token), line)).status == 200
    received = upstream.received()
    assert received.value("authorization") == f"Bearer {token}"
    assert received.value("cookie") == "a=b"


@pytest.mark.parametrize("count", [4_096, 8_000])
def test_thousands_of_pairs(gateway, upstream, token, count):
    """Read once and in one pass, wherever the session's is among them."""
    pairs = [f"c{number % 1000}=" for number in range(count)]
    for place in (0, count // 2, count):
        line = "; ".join([*pairs[:place], f"{NAME}={token}", *pairs[place:]])
        assert gateway.ask(get("/required", f"Cookie: {line}")).status == 200
        assert upstream.received().value("cookie") == "; ".join(pairs)
    many = "; ".join([f"{NAME}=x"] * count)[:60_000]
    assert gateway.ask(get("/required", f"Cookie: {many}")).reason == "duplicate_cookie"


def test_hundred_cookie_fields(gateway, upstream, token):
    lines = [f"Cookie: c{number}=x" for number in range(100)]
    assert gateway.ask(get("/required", *lines, cookie(token))).status == 200
    received = upstream.received()
    assert "; ".join(received.values("cookie")) == "; ".join(f"c{n}=x" for n in range(100))


def test_every_byte_in_a_cookie(gateway, upstream, token):
    """Before the name, in it, before and in the value: never a token upstream that is not its
    session's own field."""
    for place in ("%b{n}={t}", "{n}%b={t}", "sAccess%bToken={t}", "{n}=%b{t}", "{n}={t}%b",
                  "a=%b{n}={t}", "a=b%b{n}={t}"):
        before, after = place.format(n=NAME, t=token).encode().split(b"%b")
        for byte in range(256):
            line = b"Cookie: " + before + bytes([byte]) + after
            answer = gateway.ask(get("/optional", line))
            if byte in range(0x20) and byte != 0x09 or byte == 0x7F:
                assert (answer.status, answer.reason) == (400, "bad_request"), (place, hex(byte))
            elif answer.status == 200:
                check_passed_on(upstream.received(), token, (place, hex(byte)))
            else:
                assert answer.status == 401, (place, hex(byte))
    nothing_came(gateway, upstream)


def check_passed_on(received, token, where):
    authorization = received.value("authorization")
    assert authorization in (None, f"Bearer {token}"), where
    left = received.value("cookie") or ""
    if authorization is not None:
        assert token not in left, where
    # What is left names something else: letters and digits join the name on one side.
    assert NAME not in left or f"{NAME}=" not in left or joined_before(left), where


def joined_before(left):
    before = left[:left.index(f"{NAME}=")][-1:]
    return before.isalnum() or before in "!#$%&'*+-.^_`|~"


@pytest.mark.parametrize("field", [
    "Cookie:", "Cookie: ;", "Cookie: =", "Cookie: ;;;;", "Cookie: \t", "Authorization:",
    "Authorization: Bearer", "Authorization: Bearer ", "Authorization:  ", "Origin:", "Forwarded:",
    "X-Forwarded-For:", "X-Forwarded-For: ,,,", "Connection:", "Connection: ,,", "TE:", "Trailer:",
    "Content-Type:", "Accept:", "User-Agent:", "Range:", "Access-Control-Request-Method:",
])
def test_cve_2023_28625_empty_fields(gateway, upstream, field):
    """mod_auth_openidc crashed on an empty one, and CVE-2025-3891 on an empty POST."""
    for path, status in (("/required", 401), ("/optional", 200), ("/public", 200)):
        assert gateway.ask(get(path, field)).status == status
        data = get(path, field, "Content-Length: 0").replace(b"GET ", b"POST ", 1)
        assert gateway.ask(data).status == status
    assert gateway.is_running()


def test_legacy_token_in_every_form(gateway, upstream, keys):
    """`=` and `+` and `/` of Base64, raw, quoted and escaped: one session; cut and mixed: none."""
    session = legacy(keys.dynamic)
    escaped = session.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F")
    for value in (session, f'"{session}"', escaped, f'"{escaped}"'):
        assert gateway.ask(get("/required", cookie(value))).status == 200
        assert upstream.received().value("cookie") is None
    for value in (session[:-1], session + "=", session.replace("+", " "), escaped + "%",
                  escaped.replace("%3D", "%3", 1), escaped.replace("%3D", "%253D", 1)):
        if value not in (session, escaped):
            assert gateway.ask(get("/required", cookie(value))).status == 401
    nothing_came(gateway, upstream)
