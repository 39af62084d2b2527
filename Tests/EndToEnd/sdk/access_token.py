"""An access token of any version, taken apart."""

import base64
import dataclasses
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from sdk.sessions import PROTECTED


@dataclasses.dataclass
class AccessToken:
    version: int
    key_id: str | None
    handle: str
    user: str
    payload: dict
    expiry: int
    own_hash: str
    parent_hash: str | None
    anti_csrf: str | None
    signed: str
    signature: bytes

    @staticmethod
    def read(text):
        """`ValueError` or `KeyError` where the text is no access token."""
        head, body, signature = text.split(".")
        header, claims = json.loads(decoded(head)), json.loads(decoded(body))
        version = int(header.get("version", "5"))
        if version < 3:
            user, payload = claims["userId"], claims["userData"]
            expiry = claims["expiryTime"]
        else:
            user, expiry = claims["sub"], claims["exp"] * 1000
            payload = {name: claims[name] for name in claims if name not in PROTECTED}
        return AccessToken(
            version, header.get("kid"), claims["sessionHandle"], user, payload, expiry,
            claims["refreshTokenHash1"], claims.get("parentRefreshTokenHash1"),
            claims.get("antiCsrfToken"), f"{head}.{body}", decoded(signature),
        )

    def is_signed_by(self, keys):
        key = keys.static if self.key_id == keys.static.key_id else keys.dynamic
        try:
            key.private.public_key().verify(
                self.signature, self.signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return True


def decoded(segment):
    """Either alphabet of Base 64, padded or not."""
    plain = segment.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
