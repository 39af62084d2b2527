"""The combinations that the tests run with, and a visitor of one of them."""

import contextlib
import dataclasses

from sdk.core import RECENT, SEED
from sdk.front_end import FrontEnd
from sdk.site import Kind, Site

# Name of a site: its back end, interface versions of the core, and what the gateway is told of
# sessions.
SITES = {
    "recent-fastapi": (
        Kind("recent", "fastapi", "dynamic", "VIA_TOKEN", exposes_token=True), RECENT,
        {"cookies": {"expose_access_token": True}},
    ),
    "recent-flask": (
        Kind("recent", "flask", "static", "VIA_CUSTOM_HEADER"), RECENT, {"signing_keys": "static"}
    ),
    "recent-django": (Kind("recent", "django", "dynamic", "NONE"), RECENT, {}),
    "seed-flask": (Kind("seed", "flask", "jwt", "VIA_TOKEN"), SEED, {}),
    "seed-fastapi": (Kind("seed", "fastapi", "serviceToken", "VIA_CUSTOM_HEADER"), RECENT, {}),
    "seed-django": (Kind("seed", "django", "jwt", "NONE"), SEED, {}),
}
RECENT_CASES = [f"{name} {mode}" for name in SITES if name.startswith("recent")
                for mode in ("cookie", "header")]
SEED_CASES = [f"{name} cookie" for name in SITES if name.startswith("seed")]


@dataclasses.dataclass
class Case:
    """A visitor of a site."""

    site: Site
    front_end: FrontEnd
    mode: str

    @property
    def is_seed(self):
        return self.site.kind.generation == "seed"

    @property
    def argument(self):
        """The SDK's: the JWT's property, or the kind of key."""
        return self.site.kind.argument

    @property
    def has_anti_csrf_token(self):
        return self.mode == "cookie" and self.site.kind.anti_csrf == "VIA_TOKEN"

    def call(self, method="GET", value=None, **fields):
        """A call of the service: the claims that it verified, and the request it received."""
        answer = self.front_end.ask(method, "/api/orders?page=2", value, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json(), self.site.service.received()

    def refused(self):
        answer = self.front_end.get("/api/orders")
        assert self.site.service.received_nothing()
        return answer.status_code, answer.json()


@contextlib.contextmanager
def case_of(site_of, text):
    """`text` is the name of a site and the transfer mode."""
    name, mode = text.split()
    site = site_of(name)
    site.core.sessions.access_seconds = 3600
    site.core.sessions.jwt_seconds = None
    site.service.forget()
    with FrontEnd(site, mode) as front_end:
        yield Case(site, front_end, mode)
