"""Access tokens of every version, and the JWT that seed-era sessions carry inside."""

import base64
import json
import time

from support.keys import base64url

HEADERS = {
    1: b'{"alg":"RS256","typ":"JWT","version":"1"}',
    2: b'{"alg":"RS256","typ":"JWT","version":"2"}',
}
HANDLE = "0d1d34d0-5e0c-4ba1-9a10-2f4bb1c8a3a1"
REFRESH_HASH = "a" * 64


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def standard(data):
    return base64.b64encode(data).decode()


def now():
    return int(time.time())


def legacy(key, user_data=None, version=2, created=None, expires=None, **payload):
    """A V1 or V2 access token. `created` and `expires` are seconds since the epoch."""
    created = now() if created is None else created
    claims = {
        "sessionHandle": HANDLE, "userId": "user-1", "refreshTokenHash1": REFRESH_HASH,
        "parentRefreshTokenHash1": None, "userData": user_data or {}, "antiCsrfToken": None,
        "expiryTime": (created + 3600 if expires is None else expires) * 1000,
        "timeCreated": created * 1000,
    }
    if version == 2:
        claims["lmrt"] = created * 1000
    claims.update(payload)
    signed = standard(HEADERS[version]) + "." + standard(compact(claims))
    return signed + "." + standard(key.sign(signed.encode()))


def access(key, version=5, created=None, expires=None, header=None, **claims):
    """A V3, V4 or V5 access token; keyword arguments are further claims, None drops one."""
    created = now() if created is None else created
    payload = {
        "iat": created, "exp": created + 3600 if expires is None else expires, "sub": "user-1",
    }
    if version >= 4:
        payload["tId"] = "public"
    if version >= 5:
        payload["rsub"] = "user-1"
    payload.update(
        sessionHandle=HANDLE, refreshTokenHash1=REFRESH_HASH, parentRefreshTokenHash1=None,
        antiCsrfToken=None,
    )
    payload.update(claims)
    head = {"kid": key.key_id, "typ": "JWT", "version": str(version), "alg": "RS256"}
    head.update(header or {})
    return signed_jwt(key, head, payload)


def inner(key, created=None, expires=None, header=None, **claims):
    """The JWT inside a seed-era session; a claim given as None is left out."""
    created = now() if created is None else created
    payload = {"iss": "https://api.example.com/auth", "sub": "user-1"}
    payload.update(exp=created + 3630 if expires is None else expires, iat=created)
    payload.update(claims)
    payload = {name: value for name, value in payload.items() if value is not None}
    head = {"kid": key.key_id, "typ": "JWT", "alg": "RS256"}
    head.update(header or {})
    return signed_jwt(key, head, payload)


def signed_jwt(key, header, payload):
    signed = base64url(compact(header)) + "." + base64url(compact(payload))
    return signed + "." + base64url(key.sign(signed.encode()))


def seed_session(keys, jwt=None, name=None, created=None, **payload):
    """A V2 session with a JWT inside, under `name` where given."""
    data = {}
    if jwt is not None:
        data[name or "jwt"] = jwt
    if name is not None:
        data["_jwtPName"] = name
    return legacy(keys.dynamic, data, created=created, **payload)


def claims_of(token):
    """What a token of either era says."""
    payload = token.split(".")[1].replace("-", "+").replace("_", "/")
    return json.loads(base64.b64decode(payload + "=="))
