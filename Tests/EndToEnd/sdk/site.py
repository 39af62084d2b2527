"""The gateway over TLS before a back end with an SDK and a service without one."""

import contextlib
import dataclasses
import json
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
# What `back_ends/back_end.py` writes where an SDK tries to reach another machine.
LEFT = "left this machine"
# Today's SDK would else ask for a list of public suffixes.
OFFLINE = {"SUPERTOKENS_TLDEXTRACT_DISABLE_HTTP": "1"}
PROGRAMS = pathlib.Path(__file__).parents[1] / "back_ends"


@dataclasses.dataclass
class Kind:
    """Which back end: the SDK's generation, `recent` or `seed`; its framework; its extra argument,
    the kind of key or the JWT's property; how it holds off other sites' pages."""

    generation: str
    framework: str
    argument: str
    anti_csrf: str
    exposes_token: bool = False
    api_domain: str = API_DOMAIN
    website: str = WEBSITE
    environment: dict = dataclasses.field(default_factory=lambda: OFFLINE)

    @property
    def name(self):
        return f"{self.generation}-{self.framework}"

    @property
    def program(self):
        return PROGRAMS / f"on_{self.framework}.py"

    @property
    def python(self):
        path = ROOT / f".build-python-sdk-{self.generation}/bin/python"
        if not path.exists():
            pytest.fail(f"{path} is missing: run scripts/test")
        return path

    @property
    def issuer(self):
        return self.api_domain + "/auth"

    def settings(self, core, **more):
        return json.dumps({
            "generation": self.generation, "core": core.url, "api_key": core.API_KEY,
            "api_domain": self.api_domain, "website": self.website, "argument": self.argument,
            "anti_csrf": self.anti_csrf, "exposes_token": self.exposes_token, **more,
        })

    @property
    def variables(self):
        return {**os.environ, "NO_PROXY": "*", **self.environment}

    def without_request(self, core, *calls):
        """What functions of the SDK return in a process that serves nothing; each call is a list of
        `asyncio` or `syncio`, the function's name, and its arguments."""
        done = subprocess.run(
            [self.python, PROGRAMS / "without_request.py", self.settings(core, calls=calls)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
            env=self.variables,
        )
        assert done.returncode == 0 and LEFT not in done.stderr, done.stderr
        return json.loads(done.stdout)


class BackEnd:
    """A program of `back_ends` as a process in the environment of its generation."""

    def __init__(self, kind, core, folder):
        self.port = free_port()
        self.log = folder / f"{kind.name}.log"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [kind.python, kind.program, kind.settings(core, port=self.port)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=kind.variables,
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
        assert LEFT not in self.log.read_text(), self.log.read_text()

    def is_running(self):
        return self.process.poll() is None

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/hello", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class Site(contextlib.ExitStack):
    """All of it, running until closed. `versions` are the interface versions of the core,
    `sessions` goes into that section of the configuration."""

    names = ["localhost"]

    def __init__(self, kind, versions, sessions, folder):
        super().__init__()
        self.kind = kind
        self.sessions = sessions
        self.folder = folder
        self.core = self.enter_context(SDKCore(KeyRing.made(), versions))
        self.back_end = self.enter_context(BackEnd(kind, self.core, folder))
        self.relay = self.enter_context(Relay(self.back_end.port))
        self.service = self.enter_context(Service(self.core, kind.issuer))
        pair = write_certificate(folder, self.names[0], self.names)
        self.authority = str(pair.certificate)
        self.tls = {"certificates": [pair.files()]}
        self.gateway = self.enter_context(Gateway(self.configuration(sessions), folder, self.tls))
        self.gateway.wait_for_keys()
        self.url = f"https://localhost:{self.gateway.port}"

    def configuration(self, sessions):
        return {
            "server": {"workers": 1},
            "sessions": {
                "core": {"urls": [self.core.url], "api_key": self.core.API_KEY}, **sessions,
            },
            "upstreams": {
                "back_end": {"targets": [self.relay.url]},
                "service": {"targets": [self.service.url]},
            },
            "routes": self.routes(),
        }

    def routes(self):
        return [
            {"path_prefix": "/api", "upstream": "service"},
            {"path_exact": "/optional", "session": "optional", "upstream": "service"},
            {"path_exact": "/getJWT", "respond": "jwt"},
            {"path_exact": "/exposed", "respond": "jwt", "expose_access_token": True},
            *(
                {"path_prefix": prefix, "session": "passthrough", "upstream": "back_end"}
                for prefix in ("/auth", "/login", "/profile")
            ),
        ]
