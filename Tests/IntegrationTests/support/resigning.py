"""Recorded tokens, signed anew with keys of the tests and moved in time."""

import base64
import dataclasses
import functools
import json
import math
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from support.core import WEEK_MS
from support.keys import Key, base64url
from support.tokens import HEADERS, standard

LEGACY_HEADS = [standard(header) for header in HEADERS.values()]
DAY_MS = 24 * 3600 * 1000
SECONDS = {"iat", "exp"}
MILLISECONDS = {"expiryTime", "timeCreated", "lmrt", "ate", "expiry", "createdTime"}
LOOKS_SIGNED = re.compile(r"eyJ[\w+/=-]*\.[\w+/=-]+\.[\w+/=-]+")


@dataclasses.dataclass(frozen=True)
class Shift:
    """How far a recording's times are moved: claims in seconds by whole seconds."""

    seconds: int
    milliseconds: int

    @staticmethod
    def since(at_ms, legacy, late=False):
        """From that time to now. Tokens whose times are whole seconds are moved to the next one,
        so that they are at most one second younger than they were, or, `late`, older."""
        distance = time.time() * 1000 - at_ms
        whole = math.floor(distance / 1000) if legacy or late else math.ceil(distance / 1000)
        return Shift(whole, math.floor(distance) if legacy else whole * 1000)


def text_of(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def decoded(segment):
    return base64.b64decode(segment.replace("-", "+").replace("_", "/") + "==")


@functools.cache
def key_of(key_id):
    """The tests' key for a key ID of the recordings."""
    return Key.made(key_id)


LEGACY = "legacy"


def legacy_keys():
    """The handshake's list: one key, older than all tokens."""
    created = int(time.time() * 1000) - DAY_MS
    public = key_of(LEGACY).subject_public_key_info()
    return [{"publicKey": public, "createdAt": created, "expiryTime": created + WEEK_MS}]


def web_keys(key_ids):
    return {"keys": [key_of(key_id).web_key() for key_id in key_ids]}


def key_ids_in(text):
    """Key IDs of all tokens in a text, whole or cut."""
    found = set()
    for head in set(re.findall(r"eyJ[\w-]{20,}", text)):
        try:
            found.add(json.loads(decoded(head)).get("kid"))
        except (ValueError, AttributeError):
            continue
    return sorted(found - {None})


def signed(head, payload, broken=False):
    """A token of either form: `head` is a whole segment of a legacy token, or an object."""
    if head in LEGACY_HEADS:
        key, encoded = key_of(LEGACY), standard
        message = f"{head}.{standard(text_of(payload).encode())}"
    else:
        key, encoded = key_of(head["kid"]), base64url
        message = f"{base64url(text_of(head).encode())}.{base64url(text_of(payload).encode())}"
    signature = key.sign(message.encode())
    if broken:
        signature = bytes([signature[0] ^ 1]) + signature[1:]
    return f"{message}.{encoded(signature)}"


def parts(token):
    """Header (see `signed`) and payload; None for what is no token."""
    segments = token.split(".")
    if len(segments) != 3:
        return None
    try:
        payload = json.loads(decoded(segments[1]))
        if segments[0] in LEGACY_HEADS:
            return segments[0], payload
        head = json.loads(decoded(segments[0]))
    except ValueError:
        return None
    return (head, payload) if isinstance(head, dict) and "kid" in head else None


def resigned(token, shift, publics=None):
    """The token, signed anew. One that none of the recorded keys has signed stays a forgery."""
    found = parts(token)
    if found is None:
        return token
    genuine = publics is None or not publics.knows(found[0]) or is_signed(token, found[0], publics)
    return signed(found[0], moved(found[1], shift), broken=not genuine)


def moved(value, shift):
    """A value of JSON with its times moved and its tokens signed anew."""
    if isinstance(value, dict):
        return {name: _member(name, one, shift) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one, shift) for one in value]
    if isinstance(value, str) and LOOKS_SIGNED.fullmatch(value):
        return resigned(value, shift)
    return value


def _member(name, value, shift):
    if isinstance(value, int) and not isinstance(value, bool):
        if name in SECONDS:
            return value + shift.seconds
        return value + shift.milliseconds if name in MILLISECONDS else value
    return moved(value, shift)


class PublicKeys:
    """The keys a recorded core had said: by key ID, and those of legacy tokens."""

    def __init__(self):
        self.by_id = {}
        self.legacy = []

    def learn(self, answer):
        """From any of a core's answers."""
        for key in answer.get("keys", []):
            numbers = [int.from_bytes(decoded(key[name])) for name in ("e", "n")]
            self.by_id[key["kid"]] = rsa.RSAPublicNumbers(*numbers).public_key()
        for listed in answer.get("jwtSigningPublicKeyList", []):
            der = base64.b64decode(listed["publicKey"])
            self.legacy.append(serialization.load_der_public_key(der))
        return self

    def knows(self, head):
        """Whether a token with such a header can be judged."""
        return bool(self.legacy or self.by_id) if head in LEGACY_HEADS else \
            head["kid"] in self.by_id


def is_signed(token, head, publics):
    known = publics.legacy if head in LEGACY_HEADS else [publics.by_id.get(head["kid"])]
    known = known + (list(publics.by_id.values()) if head in LEGACY_HEADS else [])
    message, _, signature = token.rpartition(".")
    for key in filter(None, known):
        try:
            key.verify(decoded(signature), message.encode(), padding.PKCS1v15(), hashes.SHA256())
            return True
        except InvalidSignature:
            continue
    return False
