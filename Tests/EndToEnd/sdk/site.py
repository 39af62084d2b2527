"""The gateway over TLS before a back end with an SDK and a service without one."""

import contextlib
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import pytest
from support.certificates import write_certificate
from support.client import eventually
from support.gateway import ROOT, Gateway
from support.keys import KeyRing
from support.ports import free_port

from sdk.core import SDKCore
from sdk.relay import Relay
from sdk.service import Service

API_DOMAIN = "https://localhost"
WEBSITE = "https://www.example.com"
ISSUER = API_DOMAIN + "/auth"


class BackEnd:
    """`recent_app.py` or `seed_app.py` as a process in the environment of its generation."""

    def __init__(self, generation, argument, core, folder):
        self.port = free_port()
        python = ROOT / f".build-python-sdk-{generation}/bin/python"
        if not python.exists():
            pytest.fail(f"{python} is missing: run scripts/test")
        program = pathlib.Path(__file__).parent / f"{generation}_app.py"
        self.log = folder / f"{generation}.log"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [
                    python, program, str(self.port), core.url, core.API_KEY, API_DOMAIN, WEBSITE,
                    argument,
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, "SUPERTOKENS_TLDEXTRACT_DISABLE_HTTP": "1", "NO_PROXY": "*"},
            )

    def __enter__(self):
        if not eventually(lambda: self.answers() or not self.is_running(), within=30) \
                or not self.is_running():
            self.__exit__()
            raise AssertionError(f"the back end did not start:\n{self.log.read_text()}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def is_running(self):
        return self.process.poll() is None

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/hello", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class Site(contextlib.ExitStack):
    """All of it, running until closed. `generation` and `argument` are those of the SDK, `versions`
    the interface versions of the core, `settings` go into the configuration's `sessions`."""

    def __init__(self, generation, argument, versions, settings, folder):
        super().__init__()
        self.generation = generation
        self.folder = folder
        self.settings = settings
        self.core = self.enter_context(SDKCore(KeyRing.made(), versions))
        self.back_end = self.enter_context(BackEnd(generation, argument, self.core, folder))
        self.relay = self.enter_context(Relay(self.back_end.port))
        self.service = self.enter_context(Service(self.core, ISSUER))
        self.gateway = self.enter_context(self._gateway())
        self.gateway.wait_for_keys()
        self.url = f"https://localhost:{self.gateway.port}"

    def _gateway(self):
        pair = write_certificate(self.folder, "localhost", ["localhost"])
        self.authority = str(pair.certificate)
        configuration = {
            "server": {"workers": 1},
            "sessions": {
                "core": {"urls": [self.core.url], "api_key": self.core.API_KEY}, **self.settings,
            },
            "upstreams": {
                "back_end": {"targets": [self.relay.url]},
                "service": {"targets": [self.service.url]},
            },
            "routes": [
                {"path_prefix": "/api", "upstream": "service"},
                {"path_exact": "/optional", "session": "optional", "upstream": "service"},
                {"path_exact": "/getJWT", "respond": "jwt"},
                {"path_exact": "/exposed", "respond": "jwt", "expose_access_token": True},
                *(
                    {"path_prefix": prefix, "session": "passthrough", "upstream": "back_end"}
                    for prefix in ("/auth", "/login", "/profile")
                ),
            ],
        }
        return Gateway(configuration, self.folder, {"certificates": [pair.files()]})
