"""A website and its API, both behind the gateway, under names that only the browser here knows."""

import json
import os
import pathlib

import pytest
from sdk.core import RECENT, SEED
from sdk.site import Kind, Site
from support.serving import Server, respond

API = "https://api.example.com"
WEBSITE = "https://www.example.com"
OTHER = "https://other.example.com"


def seed(argument):
    return Kind("seed", "flask", argument, "VIA_TOKEN", api_domain=API, website=WEBSITE)


# By name of a site: version of the web SDK, the back end of its time, interface versions of the
# core, and what the gateway is told of sessions. That of `unset` makes no JWTs.
SITES = {
    "14": ("14", seed("jwt"), SEED, {}),
    "unset": ("14", seed(None), SEED, {}),
    "20": (
        "20",
        Kind("recent", "fastapi", "dynamic", "VIA_TOKEN", True, api_domain=API, website=WEBSITE),
        RECENT, {"cookies": {"expose_access_token": True}},
    ),
}
# `plainFetch` is what the page would have without the SDK.
PAGE = """<!doctype html>
<title>Website</title>
<script>window.plainFetch = window.fetch</script>
<script src="/supertokens.js"></script>
<script>supertokens.init(%s)</script>
"""


def bundle(version):
    """The web SDK as a file that its makers built; the test is skipped where there is none."""
    name = f"SUPERTOKENS_WEBSITE_{version}"
    path = os.environ.get(name)
    if not path:
        pytest.skip(f"{name} names no bundle.js of supertokens-website {version}")
    return pathlib.Path(path).read_bytes()


class Website:
    """`/` is a page that keeps its session in cookies, `/header` one that sends it in fields."""

    def __init__(self, version):
        self.script = bundle(version)

    def __enter__(self):
        self.server = Server(self.handle)
        self.url = f"http://127.0.0.1:{self.server.port}"
        return self

    def __exit__(self, *_):
        self.server.stop()

    def handle(self, request):
        if request.path == "/supertokens.js":
            respond(request, 200, self.script, {"Content-Type": "text/javascript"})
            return
        options = {"apiDomain": API, "apiBasePath": "/auth"}
        if request.path == "/header":
            options["tokenTransferMethod"] = "header"
        page = PAGE % json.dumps(options)
        respond(request, 200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


class BrowserSite(Site):
    """The website under several names, the API under its own; one of the names may read it."""

    names = ["api.example.com", "www.example.com", "other.example.com"]

    def __init__(self, name, folder):
        self.version, kind, versions, sessions = SITES[name]
        self.website = Website(self.version)
        super().__init__(kind, versions, sessions, folder)
        self.service.origin = WEBSITE

    def configuration(self, sessions):
        website = self.enter_context(self.website)
        configuration = super().configuration(sessions)
        configuration["upstreams"]["website"] = {"targets": [website.url]}
        configuration["forwarding"] = {"cors": {"origins": [WEBSITE]}}
        return configuration

    def routes(self):
        pages = {
            "hosts": ["*.example.com"], "path_prefix": "/", "session": "public",
            "upstream": "website",
        }
        return [*({**route, "hosts": ["api.example.com"]} for route in super().routes()), pages]

    @property
    def jwt_path(self):
        """Where the gateway gives the JWT, be it the token of a cookie itself."""
        return "/getJWT" if self.version == "14" else "/exposed"

    def refreshes(self):
        """How often the back end was asked to."""
        return self.asked("POST", "/auth/session/refresh")

    def asked(self, method, path):
        start = f"{method} {path} ".encode()
        return sum(1 for asked, _ in self.relay.exchanges if asked.line.startswith(start))
