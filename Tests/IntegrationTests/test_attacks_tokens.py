"""Known attacks by a token's algorithm, signature, keys, header and claims, by bearer and by
cookie: nothing of them reaches the upstream, and no key is fetched from where they say."""

import json
import socket
import zlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from support.forging import (
    header_of, padded_digest, parts, payload, public_forms, signed, with_hmac, with_signature,
)
from support.keys import base64url
from support.quiet import refused
from support.tokens import access, compact


# The algorithm.


@pytest.mark.parametrize("algorithm", [
    "none", "None", "NONE", "nOnE", "", " ", "null", None, ["RS256"], ["none"], {"alg": "RS256"},
    0, True, "rs256", "RS256 ", " RS256", "RS256\x00", "RS384", "RS512", "PS256", "PS384", "ES256",
    "ES384", "EdDSA", "HS256", "HS384", "HS512", "RSA1_5", "dir", "A128KW",
], ids=repr)
def test_cve_2022_23540_algorithm_of_the_header(by_default, upstream, keys, algorithm):
    """CVE-2015-9235, CVE-2016-10555: with a valid RS256 signature, with none, and with two
    segments only."""
    header = header_of(keys.dynamic, alg=algorithm)
    token = signed(keys.dynamic, header, json.loads(payload(keys.dynamic)))
    for variant in (token, f"{'.'.join(parts(token)[:2])}.", ".".join(parts(token)[:2])):
        refused(by_default, upstream, variant)


@pytest.mark.parametrize("form", [
    "PEM", "PEM without the last line feed", "DER", "PKCS 1 PEM", "JWK", "modulus",
    "modulus in base64url", "empty", "key ID",
])
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_cve_2016_5431_public_key_as_a_secret(by_default, upstream, keys, form, algorithm):
    """CVE-2022-29217, CVE-2023-48223, CVE-2024-54150, CVE-2026-39999, CVE-2026-44699 (empty)."""
    secret = public_forms(keys.dynamic)[form]
    refused(by_default, upstream, with_hmac(keys.dynamic, secret, algorithm), ("bad_signature",))


@pytest.mark.parametrize("make", [
    pytest.param(lambda key, token: b"", id="empty"),
    pytest.param(lambda key, token: bytes(1), id="one zero"),
    pytest.param(lambda key, token: bytes(64), id="CVE-2022-21449 zeros of ECDSA"),
    pytest.param(lambda key, token: b"\x30\x06\x02\x01\x00\x02\x01\x00", id="CVE-2022-21449 DER"),
    pytest.param(lambda key, token: bytes(256), id="zeros"),
    pytest.param(lambda key, token: bytes(255) + b"\x01", id="one"),
    pytest.param(lambda key, token: modulus(key).to_bytes(256, "big"), id="modulus"),
    pytest.param(lambda key, token: (modulus(key) - 1).to_bytes(256, "big"), id="modulus less one"),
    pytest.param(lambda key, token: b"\xff" * 256, id="all ones"),
    pytest.param(lambda key, token: padded_digest(token.rpartition(".")[0].encode(), 256),
                 id="padded digest"),
    pytest.param(lambda key, token: b"\x00" + genuine(key, token), id="a zero before"),
    pytest.param(lambda key, token: genuine(key, token) + b"\x00", id="a zero after"),
    pytest.param(lambda key, token: genuine(key, token)[1:], id="first byte missing"),
    pytest.param(lambda key, token: (modulus(key) + int.from_bytes(genuine(key, token))).to_bytes(
        257, "big"), id="modulus added"),
    pytest.param(lambda key, token: genuine(key, token) * 40, id="ten kilobytes"),
    pytest.param(lambda key, token: pss(key, token), id="PSS"),
    pytest.param(lambda key, token: of_sha512(key, token), id="SHA-512"),
])
def test_signature_that_is_none(by_default, upstream, keys, make):
    token = access(keys.dynamic)
    forged = with_signature(token, make(keys.dynamic, token))
    refused(by_default, upstream, forged, ("bad_signature", "no_session"))


def modulus(key):
    return key.private.public_key().public_numbers().n


def genuine(key, token):
    return key.sign(token.rpartition(".")[0].encode())


def pss(key, token):
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    return key.private.sign(token.rpartition(".")[0].encode(), scheme, hashes.SHA256())


def of_sha512(key, token):
    message = token.rpartition(".")[0].encode()
    return key.private.sign(message, padding.PKCS1v15(), hashes.SHA512())


# Keys that the token brings along, or names.


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "x5t", "iss", "kid"])
def test_cve_2018_0114_key_of_the_token_s_own(by_default, upstream, shared_core, own, name):
    """Nothing the token says leads the gateway anywhere: nobody connects, the core is not asked
    for what it names."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/jwks.json"
        member = {"jwk": own.web_key(), "x5c": ["MIIB"], "x5t": "AAAA"}.get(name, url)
        refused(by_default, upstream, signed(own, header_of(own, **{name: member}),
                                         json.loads(payload(own, iss=url))))
        listener.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert all(call[1] in CORE_PATHS for call in shared_core.calls)


CORE_PATHS = ("/.well-known/jwks.json", "/recipe/handshake", "/apiversion")


@pytest.mark.parametrize("key_id", [
    "../../../../dev/null", "/dev/null", "file:///dev/null", "d-../../x", "' OR '1'='1",
    "d-1' UNION SELECT 'x'-- ", "d-1; DROP TABLE keys", "$(id)", "`id`", "d-1\x00", "d-\n1", "",
    " ", "d-" + "9" * 10_000, "d-%s%n", "http://127.0.0.1:9/", "\u0660", 5, 5.5, True, [], ["d-1"],
    {}, None,
], ids=lambda value: repr(value)[:30])
def test_key_id_that_is_a_path_or_a_query(by_default, upstream, own, key_id):
    refused(by_default, upstream, signed(own, header_of(own, kid=key_id), json.loads(payload(own))))


def test_key_id_of_another_spelling(by_default, upstream, keys):
    """A key's ID is its bytes: no letter case, no blanks, no prefix makes it another's."""
    known = keys.dynamic.key_id
    for key_id in (known.upper(), f" {known}", f"{known} ", known[:-1], f"{known}0", f"{known}\x00",
                   known.replace("-", "\u2010"), keys.static.key_id):
        token = signed(keys.dynamic, header_of(keys.dynamic, kid=key_id),
                       json.loads(payload(keys.dynamic)))
        refused(by_default, upstream, token)


# The header's and the payload's form: what is signed here is signed with the right key.


@pytest.mark.parametrize("header", [
    {"crit": ["exp"]}, {"crit": []}, {"crit": "exp"}, {"crit": ["x"], "x": 1},
    {"crit": ["b64"], "b64": True}, {"crit": ["b64"], "b64": False}, {"typ": "at+jwt"},
    {"typ": "jwt"}, {"typ": "JOSE"}, {"typ": None}, {"typ": ["JWT"]}, {"version": "6"},
    {"version": "2"}, {"version": 5}, {"version": ["5"]}, {"version": "5 "}, {"version": ""},
], ids=json.dumps)
def test_header_that_asks_for_more_or_for_other_than_is_known(by_default, upstream, keys, header):
    """Wycheproof's unknown `crit`; RFC 7797; other types of token of the same core."""
    token = signed(keys.dynamic, header_of(keys.dynamic, **header),
                   json.loads(payload(keys.dynamic)))
    refused(by_default, upstream, token)


def test_payload_that_is_not_encoded_or_is_compressed(by_default, upstream, keys):
    """`b64: false` without `crit`, and `zip`, change nothing of how the payload is read."""
    claims = payload(keys.dynamic)
    for header, body in (({"b64": False}, claims.hex()), ({"b64": False}, claims.decode()),
                         ({"zip": "DEF"}, base64url(zlib.compress(claims)[2:-4])),
                         ({"zip": "GZIP"}, base64url(zlib.compress(claims)))):
        text = base64url(compact(header_of(keys.dynamic, **header))) + "." + body
        refused(by_default, upstream, f"{text}.{base64url(keys.dynamic.sign(text.encode()))}")


DUPLICATES = [
    ("alg, none first", b'{"alg":"none","kid":"%k","typ":"JWT","version":"5","alg":"RS256"}', None),
    ("alg, none last", b'{"alg":"RS256","kid":"%k","typ":"JWT","version":"5","alg":"none"}', None),
    ("alg, escaped name",
     b'{"alg":"RS256","kid":"%k","typ":"JWT","version":"5","\\u0061lg":"none"}', None),
    ("kid", b'{"alg":"RS256","kid":"%k","kid":"d-1","typ":"JWT","version":"5"}', None),
    ("typ", b'{"alg":"RS256","kid":"%k","typ":"JWT","typ":"JWT","version":"5"}', None),
    ("sub", None, b'"sub":"admin",'), ("exp", None, b'"exp":99999999999,'),
    ("iat", None, b'"iat":1,'), ("sessionHandle", None, b'"sessionHandle":"x",'),
    ("sub, escaped name", None, b'"\\u0073ub":"admin",'), ("stt", None, b'"stt":1,"stt":0,'),
    ("nested", None, b'"a":{"b":1,"b":2},'),
]


@pytest.mark.parametrize(
    "header, more", [pytest.param(*row[1:], id=row[0]) for row in DUPLICATES]
)
def test_duplicate_members(by_default, upstream, keys, header, more):
    """Readers differ on which counts: none does."""
    key = keys.dynamic
    header = header.replace(b"%k", key.key_id.encode()) if header else header_of(key)
    body = payload(key)
    refused(by_default, upstream, signed(key, header, b"{" + more + body[1:] if more else body))


@pytest.mark.parametrize("body", [
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"{}{}", b"{} x", b"\xef\xbb\xbf{}", b"{'a':1}",
    b'{"a":1,}', b'{"a":\xff}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\x01"}', b'{"a":NaN}',
    b'{"a":Infinity}', b'{"a":01}', b'{"a":1.}', b'{"a":+1}', b'{"a":0x1}', b"/**/{}",
], ids=repr)
def test_json_that_is_none(by_default, upstream, keys, body):
    claims = payload(keys.dynamic)
    spoilt = [body] if not body.startswith(b'{"a"') else [
        body[:-1] + b"," + claims[1:], claims[:-1] + b"," + body[1:],
    ]
    for text in spoilt:
        refused(by_default, upstream, signed(keys.dynamic, header_of(keys.dynamic), text))
        refused(by_default, upstream, signed(keys.dynamic, text, claims))
