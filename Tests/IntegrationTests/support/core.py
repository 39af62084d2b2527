"""A stand-in core: serves the key endpoints of both eras and remembers what it was asked."""

import json
import time
import urllib.parse

from support.serving import Server, respond

VERSIONS = ["2.7", "2.8", "2.9", "2.15", "2.20", "2.21", "3.0", "4.0", "5.0"]
WEEK_MS = 7 * 24 * 3600 * 1000


class Core:
    """Settings may be changed while it runs; `calls` lists (method, path, fields) as received.
    With `tls`, a server's context, it is on https."""

    def __init__(self, keys, base_path="", tls=None):
        self.tls = tls
        self.keys = keys
        self.base_path = base_path
        self.calls = []
        self.delay = 0
        self.failing = False
        self.web_keys = None
        self.legacy_keys = None
        self.offers_web_keys = True
        self.offers_handshake = True
        self.versions = VERSIONS
        # What is answered to `verify` and to the look for a session, by what was asked; None = 404.
        self.verify = None
        self.session = None
        self.verify_delay = 0
        self.asked = []
        # The handles of each user's sessions; None = 404.
        self.users = None
        self.removed = []
        self._server = None

    def take_keys(self, vectors):
        """Has the keys of a file of token vectors."""
        self.web_keys = vectors["jwks"]
        self.legacy_keys = [{
            "publicKey": vectors["legacySigningPublicKey"], "expiryTime": 4102444800000,
            "createdAt": 1700000000000,
        }]

    def __enter__(self):
        self.listen(0)
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}{self.base_path}"

    def listen(self, port=None, host="127.0.0.1"):
        """Starts, on the port it had before unless one is given (0 = any)."""
        self._server = Server(self.handle, self.port if port is None else port, self.tls, host)
        self.port = self._server.port

    def stop(self):
        """Stops listening; connections that are open are answered no more."""
        if self._server is not None:
            self.failing = True
            self._server.stop()
            self._server = None

    def restart(self, host="127.0.0.1"):
        self.failing = False
        self.listen(host=host)

    def count(self, path):
        return sum(1 for call in self.calls if call[1] == self.base_path + path)

    def handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        content = request.rfile.read(length)
        self.calls.append((request.command, request.path, dict(request.headers.items())))
        time.sleep(self.delay)
        if self.failing:
            request.close_connection = True
            return
        status, value = self.answer(request.command, request.path, content)
        fields = {"Content-Type": "application/json; charset=UTF-8"}
        respond(request, status, json.dumps(value).encode(), fields)

    def answer(self, method, path, content=b""):
        asked = (method, path.removeprefix(self.base_path).partition("?")[0])
        if asked == ("GET", "/apiversion"):
            return 200, {"versions": self.versions}
        if asked == ("GET", "/.well-known/jwks.json") and self.offers_web_keys:
            return 200, self.web_keys or self.keys.web_keys()
        if asked == ("POST", "/recipe/handshake") and self.offers_handshake:
            return 200, self.handshake()
        if asked == ("POST", "/recipe/session/verify") and self.verify:
            question = json.loads(content)
            self.asked.append(question)
            time.sleep(self.verify_delay)
            return 200, self.verify(question)
        if asked == ("GET", "/recipe/session") and self.session:
            return 200, self.session(path.partition("=")[2])
        if asked == ("GET", "/recipe/session/user") and self.users is not None:
            user = urllib.parse.unquote(path.partition("=")[2])
            return 200, {"status": "OK", "sessionHandles": self.users.get(user, [])}
        if asked == ("POST", "/recipe/session/remove") and self.users is not None:
            self.removed += json.loads(content)["sessionHandles"]
            return 200, {"status": "OK", "sessionHandlesRevoked": self.removed}
        return 404, "Not found"

    def handshake(self):
        listed = self.legacy_keys or [
            {
                "publicKey": self.keys.dynamic.subject_public_key_info(),
                "expiryTime": self.keys.dynamic.created_ms + WEEK_MS,
                "createdAt": self.keys.dynamic.created_ms,
            }
        ]
        return {
            "status": "OK",
            "jwtSigningPublicKey": listed[0]["publicKey"],
            "jwtSigningPublicKeyExpiryTime": listed[0]["expiryTime"],
            "jwtSigningPublicKeyList": listed,
            "accessTokenBlacklistingEnabled": False,
            "accessTokenValidity": 3_600_000,
            "refreshTokenValidity": 8_640_000_000,
        }
