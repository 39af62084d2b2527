"""The release binary with its allocations counted, over TLS, in front of a recording upstream."""

import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent / "IntegrationTests"), str(FOLDER)]

from counting import Table, compiled  # noqa: E402
from support.certificates import write_certificate  # noqa: E402
from support.client import eventually  # noqa: E402
from support.core import Core  # noqa: E402
from support.gateway import Gateway, binary  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from support.upstream import Upstream  # noqa: E402


@pytest.fixture(scope="session")
def keys():
    return KeyRing.made()


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture(scope="session")
def counted_gateway(keys, upstream, tmp_path_factory):
    """Starts a gateway with one worker and the access log on or off; its counts are `.table`."""
    if not binary().exists():
        pytest.exit(f"{binary()} is missing: run scripts/test, or set SALLYPORT_BINARY", 2)
    library = compiled(tmp_path_factory.mktemp("counter"))
    running = []

    def start(access_log, **sessions):
        folder = tmp_path_factory.mktemp("gateway")
        pair = write_certificate(folder, "app", ["app.example.com"])
        table = Table(folder, library)
        gateway = Gateway(
            configuration(core.url, upstream.url, access_log, sessions), folder,
            {"certificates": [pair.files()]}, table.environment,
        )
        gateway.table = table
        running.append(gateway.started().wait_for_keys())
        # Keys of the other kind come a little later, and control allocates then.
        assert eventually(lambda: core.count("/recipe/handshake") >= len(running))
        gateway.settle(0.3)
        return gateway

    with Core(keys) as core:
        yield start
    for gateway in running:
        gateway.kill()


def configuration(core, upstream, access_log, sessions):
    return {
        "server": {"workers": 1, "shutdown_grace": "1s"},
        "sessions": {"core": {"urls": [core]}, "signing_keys": "any", **sessions},
        "upstreams": {"main": {"targets": [upstream]}},
        "routes": [
            {"path_prefix": "/required", "upstream": "main"},
            {"path_prefix": "/optional", "session": "optional", "upstream": "main"},
            {"path_prefix": "/public", "session": "public", "upstream": "main"},
            {
                "path_prefix": "/claims", "upstream": "main",
                "claims": [{"claim": "st-role", "includes": "admin", "max_age": "1h"}],
            },
            {"path_exact": "/jwt", "respond": "jwt"},
        ],
        "forwarding": {"cors": {"origins": ["https://a.test", "https://b.test"]}},
        "log": {"access": {"output": "stdout" if access_log else "off"}},
    }


@pytest.fixture(scope="session", params=[False, True], ids=["log-off", "log-on"])
def gateway(request, counted_gateway):
    return counted_gateway(request.param)


@pytest.fixture(scope="session")
def quiet_gateway(counted_gateway):
    return counted_gateway(False)
