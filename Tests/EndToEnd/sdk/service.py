"""A service that knows nothing of sessions: it verifies the bearer's JWT with the core's keys."""

import json

import jwt
from support.upstream import Upstream

from sdk.core import SDKCore


class Service(Upstream):
    """Answers the claims; 403 and why where the JWT does not verify. No issuer: any. Pages of
    `origin` may read it."""

    def __init__(self, core, issuer):
        super().__init__()
        if core.has_public_keys:
            self.keys = jwt.PyJWKClient(core.url + "/.well-known/jwks.json")
        else:
            fields = {"api-key": SDKCore.API_KEY, "cdi-version": core.versions[-1]}
            self.keys = jwt.PyJWKClient(core.url + "/recipe/jwt/jwks", headers=fields)
        self.issuer = issuer
        self.origin = None
        self.answer = self.check

    def forget(self):
        """What was received until now."""
        while not self.requests.empty():
            self.received()

    def check(self, call):
        try:
            status, said = b"200 OK", self.claims(bearer(call.message))
        except (jwt.PyJWTError, ValueError) as error:
            status, said = b"403 Forbidden", {"message": str(error)}
        content = json.dumps(said).encode()
        call.send(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
            % (status, self.cross_origin(), len(content), content)
        )

    def cross_origin(self):
        if self.origin is None:
            return b""
        return (
            b"Access-Control-Allow-Origin: %s\r\nAccess-Control-Allow-Credentials: true\r\n"
            % self.origin.encode()
        )

    def claims(self, token):
        key = self.keys.get_signing_key_from_jwt(token).key
        return jwt.decode(
            token, key, algorithms=["RS256"], issuer=self.issuer,
            options={"require": ["exp", "iat", "sub"]},
        )


def bearer(message):
    """The token of a request's one `Authorization` field; `ValueError` unless it is one."""
    values = message.values("authorization")
    if len(values) != 1 or not values[0].startswith("Bearer "):
        raise ValueError(f"no bearer in {values}")
    return values[0].removeprefix("Bearer ")
