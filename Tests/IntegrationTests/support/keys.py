"""Signing keys as a core has them: one dynamic, one static."""

import base64
import dataclasses
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclasses.dataclass
class Key:
    """An RSA key under a key ID."""

    key_id: str
    private: rsa.RSAPrivateKey
    created_ms: int

    @staticmethod
    def made(key_id=None, age_ms=10_000):
        created = int(time.time() * 1000) - age_ms
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return Key(key_id or f"d-{created}", private, created)

    def sign(self, message):
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def web_key(self):
        numbers = self.private.public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return {
            "kty": "RSA", "kid": self.key_id, "n": base64url(modulus), "e": "AQAB",
            "alg": "RS256", "use": "sig",
        }

    def subject_public_key_info(self):
        return base64.b64encode(
            self.private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        ).decode()


@dataclasses.dataclass
class KeyRing:
    """The keys of one core; the dynamic one also signs V1 and V2 tokens."""

    dynamic: Key
    static: Key

    @staticmethod
    def made():
        return KeyRing(Key.made(), Key.made(f"s-{uuid.uuid4()}"))

    def web_keys(self):
        return {"keys": [self.dynamic.web_key(), self.static.web_key()]}
