"""Sessions as a core keeps them: tokens of each version, rotation of refresh tokens, theft."""

import hashlib
import secrets
import time
import uuid

from support.tokens import HEADERS, compact, signed_jwt, standard

REFRESH_SECONDS = 100 * 24 * 3600
ROTATION_MS = 7 * 24 * 3600 * 1000

NO_SESSION = {"status": "UNAUTHORISED", "message": "Session does not exist."}

# What a session's payload may not define in V3 tokens and later.
PROTECTED = {
    "sub", "exp", "iat", "sessionHandle", "refreshTokenHash1", "parentRefreshTokenHash1",
    "antiCsrfToken", "tId", "rsub",
}


def now_ms():
    return int(time.time() * 1000)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def token_version(interface):
    """The version of access tokens under a version of the core driver interface."""
    if interface >= (4, 0):
        return 5
    if interface >= (3, 0):
        return 4
    return 3 if interface >= (2, 21) else 2


class Session:
    def __init__(self, user, payload, data, is_dynamic):
        self.handle = str(uuid.uuid4())
        self.user = user
        self.payload = payload
        self.data = data
        self.is_dynamic = is_dynamic
        self.created = now_ms()
        self.expiry = self.created + REFRESH_SECONDS * 1000
        self.current = None

    def described(self, interface, payload=None):
        """As the `session` member of an answer."""
        described = {
            "handle": self.handle, "userId": self.user,
            "userDataInJWT": self.payload if payload is None else payload,
        }
        if interface >= (3, 0):
            described["tenantId"] = "public"
        if interface >= (4, 0):
            described["recipeUserId"] = self.user
        return described


class Sessions:
    """All sessions of a core. `access_seconds` may be changed while it runs, and so may
    `jwt_seconds`, the longest that a JWT of the JWT recipe lasts; `issued` holds every access token
    and every other JWT ever made."""

    def __init__(self, keys):
        self.keys = keys
        self.access_seconds = 3600
        self.jwt_seconds = None
        self.by_handle = {}
        self.refresh_tokens = {}
        self.issued = set()

    def access_token(self, version, session, own_hash, parent_hash, anti_csrf, expiry=None):
        """A new access token, as the `accessToken` member of an answer."""
        created = now_ms()
        expiry = expiry or created + self.access_seconds * 1000
        bound = {
            "sessionHandle": session.handle, "refreshTokenHash1": own_hash,
            "parentRefreshTokenHash1": parent_hash, "antiCsrfToken": anti_csrf,
        }
        if version == 2:
            token = self._legacy(session, bound, created, expiry)
        else:
            created, expiry = created // 1000 * 1000, expiry // 1000 * 1000
            token = self._current(version, session, bound, created, expiry)
        self.issued.add(token)
        return {"token": token, "expiry": expiry, "createdTime": created}

    def _legacy(self, session, bound, created, expiry):
        claims = {
            **bound, "userId": session.user, "userData": session.payload, "expiryTime": expiry,
            "timeCreated": created, "lmrt": created,
        }
        signed = standard(HEADERS[2]) + "." + standard(compact(claims))
        return signed + "." + standard(self.keys.dynamic.sign(signed.encode()))

    def _current(self, version, session, bound, created, expiry):
        key = self.keys.dynamic if session.is_dynamic else self.keys.static
        claims = {"iat": created // 1000, "exp": expiry // 1000, "sub": session.user}
        if version >= 4:
            claims["tId"] = "public"
        if version >= 5:
            claims["rsub"] = session.user
        header = {"kid": key.key_id, "typ": "JWT", "version": str(version), "alg": "RS256"}
        return signed_jwt(key, header, {**claims, **bound, **session.payload})

    def refresh_token(self, session, parent_hash, anti_csrf):
        token = standard(secrets.token_bytes(96)) + "." + secrets.token_hex(32) + ".V2"
        self.refresh_tokens[token] = (session, parent_hash, anti_csrf)
        created = now_ms()
        expiry = created + REFRESH_SECONDS * 1000
        return {"token": token, "expiry": expiry, "createdTime": created}

    def plain_token(self, payload, validity):
        """A JWT of the JWT recipe: the static key, no version."""
        created = int(time.time())
        header = {"kid": self.keys.static.key_id, "typ": "JWT", "alg": "RS256"}
        seconds = int(validity if self.jwt_seconds is None else min(validity, self.jwt_seconds))
        claims = {**payload, "exp": created + seconds, "iat": created}
        token = signed_jwt(self.keys.static, header, claims)
        self.issued.add(token)
        return token

    def created(self, interface, body):
        session = Session(
            body["userId"], body["userDataInJWT"], body["userDataInDatabase"],
            body.get("useDynamicSigningKey", True),
        )
        self.by_handle[session.handle] = session
        answer = self._tokens(interface, session, None, body["enableAntiCsrf"])
        session.current = digest(digest(answer["refreshToken"]["token"]))
        return answer

    def refreshed(self, interface, body):
        """The parent stays usable until its child is seen; then its use again is theft."""
        presented = body["refreshToken"]
        session, parent_hash, anti_csrf = self.refresh_tokens.get(presented, (None, None, None))
        if session is None or session.handle not in self.by_handle:
            return {"status": "UNAUTHORISED", "message": "Session missing in db or has expired"}
        if body["enableAntiCsrf"] and anti_csrf and anti_csrf != body.get("antiCsrfToken"):
            return {
                "status": "UNAUTHORISED", "message": "Anti CSRF token missing, or not matching",
            }
        own_hash = digest(presented)
        self._promote(session, own_hash, parent_hash)
        if session.current != digest(own_hash):
            described = session.described(interface)
            del described["userDataInJWT"]
            return {"status": "TOKEN_THEFT_DETECTED", "session": described}
        return self._tokens(interface, session, own_hash, body["enableAntiCsrf"])

    def _promote(self, session, own_hash, parent_hash):
        """The child of the current refresh token takes its place; whether it did."""
        if parent_hash is None or session.current != digest(parent_hash):
            return False
        session.current = digest(own_hash)
        return True

    def _tokens(self, interface, session, parent_hash, with_anti_csrf):
        anti_csrf = str(uuid.uuid4()) if with_anti_csrf else None
        refresh = self.refresh_token(session, parent_hash, anti_csrf)
        access = self.access_token(
            token_version(interface), session, digest(refresh["token"]), parent_hash, anti_csrf
        )
        answer = {
            "status": "OK", "session": session.described(interface), "accessToken": access,
            "refreshToken": refresh,
        }
        if anti_csrf is not None:
            answer["antiCsrfToken"] = anti_csrf
        if interface < (2, 21):
            answer["idRefreshToken"] = {**refresh, "token": str(uuid.uuid4())}
        return answer

    def verified(self, interface, token, anti_csrf, check_database):
        """What the core says about an access token whose signature is right."""
        if token.expiry < now_ms():
            return {"status": "TRY_REFRESH_TOKEN", "message": "Access token expired"}
        if anti_csrf is not None and anti_csrf != token.anti_csrf:
            return {"status": "TRY_REFRESH_TOKEN", "message": "anti-csrf check failed"}
        session = self.by_handle.get(token.handle)
        if session is None and (check_database or token.parent_hash is not None):
            return {"status": "UNAUTHORISED", "message": "Session missing in db"}
        changed = check_database and session.payload != token.payload
        if token.parent_hash is None and not changed:
            if session is None:
                session = Session(token.user, token.payload, {}, True)
                session.handle = token.handle
            return {"status": "OK", "session": session.described(interface, token.payload)}
        self._promote(session, token.own_hash, token.parent_hash)
        if session.current != digest(token.own_hash):
            return {"status": "OK", "session": session.described(interface, token.payload)}
        access = self.access_token(token.version, session, token.own_hash, None, token.anti_csrf)
        return {"status": "OK", "session": session.described(interface), "accessToken": access}

    def regenerated(self, interface, token, payload):
        """A token with another payload and the same end."""
        session = self.by_handle.get(token.handle)
        if session is None:
            return NO_SESSION
        if payload is not None:
            session.payload = payload
        answer = {"status": "OK", "session": session.described(interface)}
        if token.expiry >= now_ms():
            answer["accessToken"] = self.access_token(
                token.version, session, token.own_hash, token.parent_hash, token.anti_csrf,
                token.expiry,
            )
        return answer

    def information(self, interface, handle):
        session = self.by_handle.get(handle)
        if session is None:
            return NO_SESSION
        described = session.described(interface)
        return {
            "status": "OK", "sessionHandle": described.pop("handle"), **described,
            "userDataInDatabase": session.data, "expiry": session.expiry,
            "timeCreated": session.created,
        }

    def data(self, handle):
        session = self.by_handle.get(handle)
        if session is None:
            return NO_SESSION
        return {"status": "OK", "userDataInDatabase": session.data}

    def change(self, handle, **values):
        """Replaces `payload` or `data`; tokens in circulation keep theirs."""
        session = self.by_handle.get(handle)
        if session is None:
            return NO_SESSION
        vars(session).update(values)
        return {"status": "OK"}

    def handles_of(self, user):
        """Of those that have not expired."""
        return [
            handle for handle, session in self.by_handle.items()
            if session.user == user and session.expiry > now_ms()
        ]

    def removed(self, body):
        handles = body["sessionHandles"] if "sessionHandles" in body \
            else self.handles_of(body["userId"])
        revoked = [handle for handle in handles if self.by_handle.pop(handle, None)]
        return {"status": "OK", "sessionHandlesRevoked": revoked}
