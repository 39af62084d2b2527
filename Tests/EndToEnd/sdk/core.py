"""A stand-in core for SDKs of both eras: what they call to make, check, renew and end sessions."""

import json
import threading
import urllib.parse

from sdk.access_token import AccessToken
from sdk.sessions import PROTECTED, ROTATION_MS, Sessions, token_version
from support.serving import Server, respond

# Interface versions of a core of the time of the `jwt` payload feature, and of one of today.
SEED = ["2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15"]
RECENT = [*SEED, "2.16", "2.17", "2.18", "2.19", "2.20", "2.21", "3.0", "4.0", "5.0", "5.4"]


def number(version):
    return tuple(int(part) for part in version.split("."))


def has_protected(interface, payload):
    """Whether it defines what later tokens have beside it."""
    return token_version(interface) > 2 and bool(PROTECTED & payload.keys())


class SDKCore:
    """Speaks the interface versions given and wants its API key; `calls` lists (method, path)."""

    API_KEY = "the-key-of-this-core"

    def __init__(self, keys, versions):
        self.keys = keys
        self.versions = versions
        self.sessions = Sessions(keys)
        self.calls = []
        self._lock = threading.Lock()

    def __enter__(self):
        self._server = Server(self.handle)
        return self

    def __exit__(self, *_):
        self._server.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def has_public_keys(self):
        """Whether session tokens may be JWTs, with the keys at a well-known place."""
        return "2.21" in self.versions

    def count(self, path):
        return sum(1 for call in self.calls if call[1] == path)

    def handle(self, request):
        content = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        target = urllib.parse.urlsplit(request.path)
        path = target.path.removeprefix("/public")
        self.calls.append((request.command, path))
        asked = json.loads(content) if content else dict(urllib.parse.parse_qsl(target.query))
        with self._lock:
            status, value = self.answer(request.command, path, request.headers, asked)
        is_text = isinstance(value, str)
        body = (value if is_text else json.dumps(value)).encode() + b"\n"
        media = "text/html" if is_text else "application/json"
        fields = {"Content-Type": f"{media}; charset=UTF-8"}
        respond(request, status, body, fields, phrase="")

    def answer(self, method, path, fields, body):
        if path == "/hello":
            return 200, "Hello"
        if (method, path) == ("GET", "/.well-known/jwks.json") and self.has_public_keys:
            return 200, self.keys.web_keys()
        handler = HANDLERS.get((method, path))
        if handler is None:
            return 404, "Not found"
        if fields.get("api-key") != self.API_KEY:
            return 401, "Invalid API key"
        version = fields.get("cdi-version", self.versions[-1])
        if version not in self.versions:
            return 400, f"cdi-version {version} not supported"
        return handler(self, number(version), body)

    def apiversion(self, _, __):
        return 200, {"versions": self.versions}

    def telemetry(self, _, __):
        return 200, {"exists": False}

    def user(self, _, __):
        return 200, {"status": "UNKNOWN_USER_ID_ERROR"}

    def web_keys(self, interface, _):
        """Before JWT access tokens only the key of the JWT recipe."""
        keys = self.keys.web_keys()["keys"]
        if not self.has_public_keys:
            keys = [self.keys.static.web_key()]
        return 200, {"status": "OK", "keys": keys}

    def handshake(self, interface, _):
        if interface >= (2, 21):
            return 404, "Not found"
        return 200, self.with_keys(interface, {
            "status": "OK", "accessTokenBlacklistingEnabled": False,
            "accessTokenValidity": self.sessions.access_seconds * 1000,
            "refreshTokenValidity": 8_640_000_000,
        })

    def with_keys(self, interface, answer):
        """Older interfaces give the signing keys with many answers."""
        if interface < (2, 21):
            key = self.keys.dynamic
            expiry = key.created_ms + ROTATION_MS
            answer["jwtSigningPublicKey"] = key.subject_public_key_info()
            answer["jwtSigningPublicKeyExpiryTime"] = expiry
            answer["jwtSigningPublicKeyList"] = [{
                "publicKey": key.subject_public_key_info(), "expiryTime": expiry,
                "createdAt": key.created_ms,
            }]
        return answer

    def plain_token(self, _, body):
        if body["algorithm"] != "RS256":
            return 200, {"status": "UNSUPPORTED_ALGORITHM_ERROR"}
        payload = {"iss": body["jwksDomain"], **body["payload"]}
        return 200, {"status": "OK", "jwt": self.sessions.plain_token(payload, body["validity"])}

    def create(self, interface, body):
        if has_protected(interface, body["userDataInJWT"]):
            return 400, "The user payload contains protected field"
        return 200, self.with_keys(interface, self.sessions.created(interface, body))

    def verify(self, interface, body):
        return 200, self.with_keys(interface, self._verified(interface, body))

    def _verified(self, interface, body):
        try:
            token = AccessToken.read(body["accessToken"])
        except (ValueError, KeyError):
            token = None
        if token is None or not token.is_signed_by(self.keys):
            return {"status": "TRY_REFRESH_TOKEN", "message": "JWT verification failed"}
        is_checked = body["enableAntiCsrf"] and body["doAntiCsrfCheck"]
        anti_csrf = body.get("antiCsrfToken", "") if is_checked else None
        return self.sessions.verified(
            interface, token, anti_csrf, body.get("checkDatabase", False)
        )

    def refresh(self, interface, body):
        return 200, self.sessions.refreshed(interface, body)

    def regenerate(self, interface, body):
        token = AccessToken.read(body["accessToken"])
        return 200, self.sessions.regenerated(interface, token, body.get("userDataInJWT"))

    def information(self, interface, asked):
        return 200, self.sessions.information(interface, asked["sessionHandle"])

    def of_user(self, _, asked):
        return 200, {"status": "OK", "sessionHandles": self.sessions.handles_of(asked["userId"])}

    def remove(self, _, body):
        if ("sessionHandles" in body) == ("userId" in body):
            return 400, "Invalid Json Input"
        return 200, self.sessions.removed(body)

    def data(self, _, asked):
        return 200, self.sessions.data(asked["sessionHandle"])

    def put_data(self, _, body):
        data = body["userDataInDatabase"]
        return 200, self.sessions.change(body["sessionHandle"], data=data)

    def put_payload(self, interface, body):
        payload = body["userDataInJWT"]
        if has_protected(interface, payload):
            return 400, "The user payload contains protected field"
        return 200, self.sessions.change(body["sessionHandle"], payload=payload)


HANDLERS = {
    ("GET", "/apiversion"): SDKCore.apiversion,
    ("GET", "/telemetry"): SDKCore.telemetry,
    ("GET", "/user/id"): SDKCore.user,
    ("GET", "/recipe/jwt/jwks"): SDKCore.web_keys,
    ("POST", "/recipe/jwt"): SDKCore.plain_token,
    ("POST", "/recipe/handshake"): SDKCore.handshake,
    ("POST", "/recipe/session"): SDKCore.create,
    ("GET", "/recipe/session"): SDKCore.information,
    ("GET", "/recipe/session/user"): SDKCore.of_user,
    ("GET", "/recipe/session/data"): SDKCore.data,
    ("PUT", "/recipe/session/data"): SDKCore.put_data,
    ("PUT", "/recipe/jwt/data"): SDKCore.put_payload,
    ("POST", "/recipe/session/verify"): SDKCore.verify,
    ("POST", "/recipe/session/refresh"): SDKCore.refresh,
    ("POST", "/recipe/session/regenerate"): SDKCore.regenerate,
    ("POST", "/recipe/session/remove"): SDKCore.remove,
}
