"""Known attacks by key sets, by verdicts that are remembered, and by what the gateway itself sends:
a key that is none verifies nothing, and no verdict serves another token or another route."""

import contextlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from support.client import eventually
from support.core import Core
from support.forging import header_of, padded_digest, payload, signed, with_hmac
from support.gateway import Gateway, changed
from support.keys import Key, base64url
from support.message import bearer, cookie, get
from support.quiet import nothing_came
from support.serving import respond
from support.tokens import access, compact, now

JWKS = "/.well-known/jwks.json"
STRANGER = Key.made("d-78")


@contextlib.contextmanager
def asking(core, base_configuration, folder):
    """A gateway that asks this core at once for each key it does not know."""
    configuration = changed(
        base_configuration, sessions__core__urls=[core.url],
        sessions__keys={"unknown_key_cooldown": "1ms"},
    )
    with Gateway(configuration, folder) as gateway:
        gateway.wait_for_keys().core = core
        yield gateway


@pytest.fixture(scope="module")
def rotating(base_configuration, keys, tmp_path_factory):
    """In front of a core whose key set changes from test to test."""
    with Core(keys) as core:
        with asking(core, base_configuration, tmp_path_factory.mktemp("gateway")) as gateway:
            yield gateway


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def of_size(bits):
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return Key(f"d-{now()}{bits}", private, 0)


def by_exponent_of_one(key):
    """Everybody's signature under the exponent 1: the padded digest itself."""
    text = base64url(compact(header_of(key))) + "." + base64url(payload(key))
    return f"{text}.{base64url(padded_digest(text.encode(), 256))}"


def by_elliptic_curve(key, algorithm="ES256"):
    private = ec.generate_private_key(ec.SECP256R1())
    text = base64url(compact(header_of(key, alg=algorithm))) + "." + base64url(payload(key))
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    numbers = private.public_key().public_numbers()
    web_key = {"kty": "EC", "crv": "P-256", "kid": key.key_id, "x": number(numbers.x),
               "y": number(numbers.y), "use": "sig"}
    return web_key, f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def unusable_keys():
    """(id, JSON Web Keys, a token that they would verify if they were taken)."""
    key = Key.made("d-77")
    good, token = key.web_key(), access(key)
    without = {name: value for name, value in good.items() if name != "alg"}
    curve, curve_token = by_elliptic_curve(key)
    secret = {"kty": "oct", "kid": key.key_id, "k": base64url(b"secret"), "alg": "HS256"}
    small, nearly = of_size(1024), of_size(2040)
    yield from (
        ("RSA of 1,024 bits", [small.web_key()], access(small)),
        ("RSA of 2,040 bits", [nearly.web_key()], access(nearly)),
        ("exponent 1", [{**good, "e": "AQ"}], by_exponent_of_one(key)),
        ("exponent 1 with zeros", [{**good, "e": "AAAB"}], by_exponent_of_one(key)),
        ("exponent 0", [{**good, "e": "AA"}], token),
        ("even exponent", [{**good, "e": "AQAA"}], token),
        ("exponent of 33 bits", [{**good, "e": "AQAAAAE"}], token),
        ("no exponent", [{**good, "e": ""}], token),
        ("even modulus", [{**good, "n": number(1 << 2047)}], token),
        ("modulus of 16 KiB", [{**good, "n": base64url(b"\xff" * 16_384)}], token),
        ("empty modulus", [{**good, "n": ""}], token),
        ("padded modulus", [{**good, "n": good["n"] + "=="}], token),
        ("modulus in base64", [{**good, "n": good["n"].replace("-", "+").replace("_", "/") + "=="}],
         token),
        ("modulus a number", [{**good, "n": 5}], token),
        ("secret under the same ID", [secret], with_hmac(key, b"secret")),
        ("RSA key called a secret", [{**good, "kty": "oct"}], token),
        ("RSA key without a type", [{**good, "kty": None}], token),
        ("type in lower case", [{**good, "kty": "rsa"}], token),
        ("elliptic curve", [curve], curve_token),
        ("elliptic curve called RS256", [{**curve, "alg": "RS256"}], by_elliptic_curve(key)[1]),
        ("for encryption", [{**good, "use": "enc"}], token),
        ("for encryption by its operations", [{**good, "key_ops": ["encrypt"]}], token),
        ("for signing only", [{**good, "key_ops": ["sign"]}], token),
        ("of another algorithm", [{**good, "alg": "RS512"}], token),
        ("of an encryption algorithm", [{**good, "alg": "RSA-OAEP"}], token),
        ("of no algorithm", [{**good, "alg": "none"}], signed(
            key, header_of(key, alg="none"), payload(key))),
        ("CVE-2026-44699 without an algorithm, HMAC of nothing", [without], with_hmac(key, b"")),
        ("without an ID", [{**good, "kid": None}], token),
        ("ID a number", [{**good, "kid": 77}], token),
        ("two of one ID", [good, Key.made("d-77").web_key()], token),
    )


def fetch(gateway):
    """Has the gateway ask for keys, which it does a moment after the last time."""
    before = gateway.core.count(JWKS)
    unknown = access(Key("d-76", STRANGER.private, 0))

    def is_fetched():
        assert gateway.ask(get("/required", bearer(unknown))).reason == "unknown_key"
        return gateway.core.count(JWKS) > before

    assert eventually(is_fetched)


@pytest.mark.parametrize(
    "added, token", [pytest.param(*row[1:], id=row[0]) for row in unusable_keys()]
)
def test_key_that_is_none(rotating, upstream, keys, added, token):
    """It is skipped, and the keys beside it are taken."""
    rotating.core.web_keys = {"keys": [*keys.web_keys()["keys"], *added]}
    fetch(rotating)
    answer = rotating.ask(get("/required", bearer(token)))
    assert answer.status == 401
    assert answer.reason in ("unknown_key", "bad_signature")
    assert rotating.ask(get("/required", bearer(access(keys.dynamic)))).status == 200
    assert upstream.received()
    nothing_came(rotating, upstream)


def set_of(text):
    return text if isinstance(text, bytes) else json.dumps(text).encode()


def broken_sets(key):
    """(id, status, body) of answers that hold the key and are no key set."""
    good = {"keys": [key.web_key()]}
    text = json.dumps(good).encode()
    many = [{**key.web_key(), "kid": f"d-{index}"} for index in range(64)] + [key.web_key()]
    return [
        ("oversize", 200, {**good, "pad": "x" * 64 * 1024}),
        ("more than 64 keys", 200, {"keys": many}),
        ("doubled member", 200, b'{"keys":[],' + text[1:]),
        ("deep", 200, text[:-1] + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
        ("cut off", 200, text[:-2]),
        ("more after it", 200, text + b"x"),
        ("an array", 200, [key.web_key()]),
        ("keys an object", 200, {"keys": key.web_key()}),
        ("a page", 200, b"<html>" + text + b"</html>"),
        ("byte order mark", 200, b"\xef\xbb\xbf" + text),
        ("UTF-16", 200, text.decode().encode("utf-16")),
        ("JSONP", 200, b"callback(" + text + b")"),
        ("status 201", 201, good), ("status 206", 206, good), ("status 304", 304, good),
        ("status 400", 400, good), ("status 401", 401, good), ("status 500", 500, good),
        ("redirect 301", 301, good), ("redirect 302", 302, good), ("redirect 303", 303, good),
        ("redirect 307", 307, good), ("redirect 308", 308, good),
    ]


class AnsweringCore(Core):
    """Answers the key endpoint with any status and body, and remembers who comes elsewhere."""

    def __init__(self, keys):
        super().__init__(keys)
        self.status, self.body = 200, set_of(keys.web_keys())

    def handle(self, request):
        self.calls.append((request.command, request.path, {}))
        answers = {JWKS: (self.status, self.body), "/elsewhere": (200, self.body)}
        status, body = answers.get(request.path, (404, b'"Not found"'))
        request.close_connection = True
        respond(request, status, body, {"Location": f"{self.url}/elsewhere"})


@pytest.fixture(scope="module")
def answering(base_configuration, keys, tmp_path_factory):
    with AnsweringCore(keys) as core:
        with asking(core, base_configuration, tmp_path_factory.mktemp("gateway")) as gateway:
            yield gateway


@pytest.mark.parametrize(
    "status, body", [pytest.param(*row[1:], id=row[0]) for row in broken_sets(STRANGER)]
)
def test_key_set_that_is_none(answering, upstream, keys, status, body):
    """Nothing is taken from it, nobody follows it elsewhere, the keys from before serve on, and of
    a key that is not among them nothing is known."""
    answering.core.status, answering.core.body = status, set_of(body)
    before = answering.core.count(JWKS)

    def is_asked():
        answer = answering.ask(get("/required", bearer(access(STRANGER))))
        assert (answer.status, answer.reason) == (503, "core_unreachable")
        return answering.core.count(JWKS) > before

    assert eventually(is_asked)
    assert answering.core.count("/elsewhere") == 0
    assert answering.ask(get("/required", bearer(access(keys.dynamic)))).status == 200
    assert upstream.received()
    nothing_came(answering, upstream)


# Rotation.


def test_rotated_key_is_refused_once_the_set_is_fetched(rotating, upstream, keys):
    """A verdict that is remembered ends with its key; the time until then is bounded by
    `maximum_age` (test_keys.py)."""
    old = Key.made("d-79")
    rotating.core.web_keys = {"keys": [old.web_key(), *keys.web_keys()["keys"]]}
    fetch(rotating)
    token = access(old)
    for field in (bearer, cookie):
        assert rotating.ask(get("/required", field(token))).status == 200
    rotating.core.web_keys = keys.web_keys()
    fetch(rotating)
    for field in (bearer, cookie):
        answer = rotating.ask(get("/required", field(token)))
        assert (answer.status, answer.reason) == (401, "unknown_key")


def test_key_id_that_passes_to_another_key(rotating, upstream, keys):
    """The old key's tokens are refused under the new one, the remembered ones too."""
    old, new = Key.made("d-81"), Key.made("d-81")
    rotating.core.web_keys = {"keys": [old.web_key(), *keys.web_keys()["keys"]]}
    fetch(rotating)
    token = access(old)
    assert rotating.ask(get("/required", bearer(token))).status == 200
    rotating.core.web_keys = {"keys": [new.web_key(), *keys.web_keys()["keys"]]}
    fetch(rotating)
    assert rotating.ask(get("/required", bearer(token))).reason == "bad_signature"
    assert rotating.ask(get("/required", bearer(access(new)))).status == 200


# What the gateway sends by itself.


def test_cve_2026_41181_the_core_sees_nothing_of_the_client_s(rotating, upstream, keys):
    """Neither tokens nor cookies nor addresses of clients are in the questions for keys."""
    rotating.core.web_keys = keys.web_keys()
    del rotating.core.calls[:]
    token = access(Key("d-83", keys.dynamic.private, 0))
    fetch(rotating)
    for field in (bearer(token), cookie(token)):
        answer = rotating.ask(get("/required?secret=1", field, "Cookie: other=secret",
                                  "X-Forwarded-For: 6.6.6.6", "X-Secret: secret"))
        assert (answer.status, answer.reason) == (401, "unknown_key")
    assert rotating.core.calls
    for method, path, fields in rotating.core.calls:
        sent = f"{path} {fields}"
        assert "secret" not in sent and "eyJ" not in sent and "6.6.6.6" not in sent
        assert {name.lower() for name in fields} & {"authorization", "cookie"} == set()
    nothing_came(rotating, upstream)
