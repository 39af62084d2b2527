"""The combinations that the tests run with, and a visitor of one of them."""

import dataclasses

from sdk.core import RECENT, SEED
from sdk.front_end import FrontEnd
from sdk.site import Site

# Name of a site: generation of the SDK, its extra argument, interface versions of the core, and
# what the gateway is told of sessions.
SITES = {
    "recent": ("recent", "dynamic", RECENT, {}),
    "recent-static": ("recent", "static", RECENT, {"signing_keys": "static"}),
    "seed": ("seed", "jwt", SEED, {}),
    "seed-recent-core": ("seed", "serviceToken", RECENT, {}),
}
ALL = ["recent cookie", "recent header", "recent-static cookie", "seed cookie",
       "seed-recent-core cookie"]


@dataclasses.dataclass
class Case:
    """A visitor of a site. `argument` is the SDK's: the JWT's property, or the kind of key."""

    site: Site
    front_end: FrontEnd
    mode: str
    argument: str

    @property
    def is_seed(self):
        return self.site.generation == "seed"

    def call(self, method="GET", value=None, **fields):
        """A call of the service: the claims that it verified, and the request it received."""
        answer = self.front_end.ask(method, "/api/orders?page=2", value, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json(), self.site.service.received()

    def refused(self):
        answer = self.front_end.get("/api/orders")
        assert self.site.service.received_nothing()
        return answer.status_code, answer.json()
