"""The gateway over TLS in front of a service, for clients of other people's making."""

import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent / "IntegrationTests"), str(FOLDER)]

from support.certificates import write_certificate  # noqa: E402
from support.core import Core  # noqa: E402
from support.gateway import Gateway, binary  # noqa: E402
from support.keys import KeyRing  # noqa: E402
from support.upstream import Upstream  # noqa: E402

from sdk.case import RECENT_CASES, SEED_CASES, SITES, case_of  # noqa: E402
from sdk.site import Site  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _binary_exists():
    if not binary().exists():
        pytest.exit(f"{binary()} is missing: run scripts/test, or set SALLYPORT_BINARY", 2)


@pytest.fixture(scope="session")
def keys():
    return KeyRing.made()


@pytest.fixture(scope="session")
def core(keys):
    with Core(keys) as running:
        yield running


@pytest.fixture(scope="session")
def behind():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(behind):
    behind.reset()
    return behind


@pytest.fixture(scope="session")
def site(core, behind, tmp_path_factory):
    """The gateway with default session settings; `site.authority` is trusted by the clients."""
    folder = tmp_path_factory.mktemp("site")
    pair = write_certificate(folder, "localhost", ["localhost", "127.0.0.1"])
    configuration = {
        "server": {"workers": 2},
        "sessions": {"core": {"urls": [core.url]}},
        "upstreams": {"main": {"targets": [behind.url]}},
        "routes": [
            {"path_prefix": "/api", "upstream": "main"},
            {"path_prefix": "/auth", "session": "passthrough", "upstream": "main"},
            {"path_prefix": "/files", "session": "public", "upstream": "main"},
            {"path_exact": "/getJWT", "respond": "jwt", "expose_access_token": True},
        ],
    }
    with Gateway(configuration, folder, {"certificates": [pair.files()]}) as gateway:
        gateway.wait_for_keys()
        gateway.url = f"https://localhost:{gateway.port}"
        gateway.authority = str(pair.certificate)
        yield gateway


@pytest.fixture(scope="session")
def site_of(tmp_path_factory):
    """A site of `sdk.case` by its name, started when it is first asked for."""
    running = {}

    def site(name):
        if name not in running:
            running[name] = Site(*SITES[name], tmp_path_factory.mktemp(name))
        return running[name]

    yield site
    for each in running.values():
        each.close()


@pytest.fixture(params=RECENT_CASES + SEED_CASES)
def case(request, site_of):
    with case_of(site_of, request.param) as visitor:
        yield visitor


@pytest.fixture(params=SEED_CASES)
def seed(request, site_of):
    with case_of(site_of, request.param) as visitor:
        yield visitor


@pytest.fixture(params=RECENT_CASES)
def recent(request, site_of):
    with case_of(site_of, request.param) as visitor:
        yield visitor
