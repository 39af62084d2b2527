"""What all rows share: keys, tokens, the stand-in core, the upstream; and starting proxies."""

import contextlib
import dataclasses
import itertools

import servers
from checks import check
from cryptography.hazmat.primitives import serialization
from processor import running_on
from support.certificates import write_certificate
from support.tokens import access, inner, seed_session

TOKEN_BYTES = 840


@dataclasses.dataclass
class Token:
    """What a client's cookie holds, and the JWT that goes to the upstream for it."""

    cookie: str
    forwarded: str


class Bench:
    """One run. Its folder holds every file that is made; `places` are processors."""

    def __init__(self, options, folder, places, keys, core):
        self.options, self.folder, self.places = options, folder, places
        self.keys, self.core = keys, core
        self.numbers = itertools.count()
        # Requests a second of each proxy, once they are known.
        self.rates = None
        self.pair = write_certificate(folder, "app", ["app.example.com"])
        self.bundle = folder / "app.pem"
        self.bundle.write_bytes(
            self.pair.certificate.read_bytes() + self.pair.private_key.read_bytes()
        )
        self.public_key = folder / "session.pem"
        self.public_key.write_bytes(keys.dynamic.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ))
        self.files = folder / "files"
        (self.files / "stored").mkdir(parents=True)
        self.token = self.fresh_token()
        jwt = inner(keys.static)
        self.legacy = Token(seed_session(keys, jwt), jwt)
        with running_on(places.load):
            self.upstream = servers.upstream(folder / "upstream", self.files)

    def fresh_token(self, **claims):
        """A V5 token as long as those of sessions with a few claims."""
        bare = access(self.keys.dynamic, roles="", **claims)
        text = access(
            self.keys.dynamic, roles="r" * ((TOKEN_BYTES - len(bare)) * 3 // 4), **claims
        )
        return Token(text, text)

    @contextlib.contextmanager
    def proxies(self, *names, tokens=None, **variant):
        """Started, pinned and checked: each answers 200 and forwards what it should."""
        running = {}
        workers = variant.get("workers", 1)
        try:
            for name in names:
                folder = self.folder / f"{name}-{next(self.numbers)}"
                with running_on(self.places.proxy if workers == 1 else self.places.every):
                    running[name] = servers.start(name, folder, self, **variant)
                for token in tokens or [self.token]:
                    check(running[name], token)
            yield running
        finally:
            for proxy in running.values():
                proxy.stop()

    def stop(self):
        self.upstream.stop()
