"""Tokens as attackers make them: parts given byte by byte, signed with whatever is at hand."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import serialization
from support.keys import base64url
from support.tokens import access, compact


def parts(token):
    return token.split(".")


def claims_of(key, **claims):
    """The second segment of a V5 token."""
    return parts(access(key, **claims))[1]


def payload(key, **claims):
    """The claims of a V5 token as JSON."""
    text = claims_of(key, **claims)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(key, **changes):
    """The header of a V5 token with some members changed; a member given as None is left out."""
    head = {"kid": key.key_id, "typ": "JWT", "version": "5", "alg": "RS256", **changes}
    return {name: value for name, value in head.items() if value is not None}


def signed(key, header, payload):
    """Signed as RS256; header and payload are objects, or JSON as bytes."""
    first, second = (
        base64url(part if isinstance(part, bytes) else compact(part)) for part in (header, payload)
    )
    text = f"{first}.{second}"
    return f"{text}.{base64url(key.sign(text.encode()))}"


def with_signature(token, signature):
    return ".".join([*parts(token)[:2], base64url(signature)])


def with_hmac(key, secret, algorithm="HS256"):
    """Signed by HMAC with a secret that everybody knows."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    text = base64url(compact(header_of(key, alg=algorithm))) + "." + claims_of(key)
    return f"{text}.{base64url(hmac.new(secret, text.encode(), digest).digest())}"


def public_forms(key):
    """What an attacker may take a public key's bytes to be."""
    public = key.private.public_key()
    encodings, formats = serialization.Encoding, serialization.PublicFormat
    spki = public.public_bytes(encodings.PEM, formats.SubjectPublicKeyInfo)
    number = public.public_numbers().n
    return {
        "PEM": spki, "PEM without the last line feed": spki.rstrip(b"\n"),
        "DER": public.public_bytes(encodings.DER, formats.SubjectPublicKeyInfo),
        "PKCS 1 PEM": public.public_bytes(encodings.PEM, formats.PKCS1),
        "JWK": json.dumps(key.web_key()).encode(), "modulus": number.to_bytes(256, "big"),
        "modulus in base64url": key.web_key()["n"].encode(), "empty": b"",
        "key ID": key.key_id.encode(),
    }


def padded_digest(message, size):
    """EMSA-PKCS1-v1_5 of SHA-256 (RFC 8017 §9.2): a signature for the exponent 1."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") \
        + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
