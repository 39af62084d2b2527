"""Fixtures: keys, a stand-in core, a recording upstream, and the real binary in front of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import pytest  # noqa: E402

from support.answering import AnsweringProcess  # noqa: E402
from support.certificates import write_certificate  # noqa: E402
from support.core import Core  # noqa: E402
from support.crowd import allow_descriptors  # noqa: E402
from support.gateway import Gateway, binary, changed  # noqa: E402
from support.keys import Key, KeyRing  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.skipping import summary  # noqa: E402
from support.upstream import Upstream  # noqa: E402
from support.websocket import Switching, open_tunnel  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    for line in summary():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _binary_exists():
    if not binary().exists():
        pytest.exit(f"{binary()} is missing: run scripts/test, or set SALLYPORT_BINARY", 2)


@pytest.fixture(scope="session")
def keys():
    return KeyRing.made()


@pytest.fixture(scope="session")
def shared_core(keys):
    with Core(keys) as core:
        yield core


@pytest.fixture
def core(keys):
    """A core of the test's own, which it may stop, delay or give other keys."""
    with Core(keys) as own:
        yield own


@pytest.fixture(scope="session")
def shared_upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def upstream(shared_upstream):
    """The recording upstream, emptied before each test: it answers 200 `ok` unless told."""
    shared_upstream.reset()
    return shared_upstream


@pytest.fixture
def ended(upstream):
    """No test leaves a tunnel or a stream behind."""
    yield
    upstream.close_connections()


@pytest.fixture
def tunnel(gateway, upstream, ended):
    """Both ends of one."""
    connection, end = open_tunnel(gateway, Switching(upstream))
    with connection:
        yield connection, end


@pytest.fixture
def own_upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def many_descriptors():
    """For crowds: the tests' own process may have thousands."""
    assert allow_descriptors() >= 4096


@pytest.fixture(scope="module")
def answering():
    """An upstream for load, in a process of its own."""
    with AnsweringProcess(free_port()) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for app.example.com and *.wild.example.com."""
    folder = tmp_path_factory.mktemp("certificate")
    return write_certificate(folder, "app", ["app.example.com", "*.wild.example.com"])


def routes():
    """One route of every kind, all to the upstream `main`."""
    return [
        {"name": "required", "path_prefix": "/required", "upstream": "main"},
        {"name": "optional", "path_prefix": "/optional", "session": "optional", "upstream": "main"},
        {"name": "public", "path_prefix": "/public", "session": "public", "upstream": "main"},
        {
            "name": "passthrough", "path_prefix": "/passthrough", "session": "passthrough",
            "upstream": "main",
        },
        {"name": "jwt", "path_exact": "/jwt", "respond": "jwt"},
        {
            "name": "exposed", "path_exact": "/exposed", "respond": "jwt",
            "expose_access_token": True,
        },
    ]


@pytest.fixture(scope="session")
def base_configuration(shared_core, shared_upstream):
    """The configuration most tests run with, or change a copy of."""
    return {
        "server": {"workers": 1, "shutdown_grace": "5s"},
        "sessions": {
            "core": {"urls": [shared_core.url], "timeout": "1s"},
            "signing_keys": "any",
            "jwt": {"required": False},
        },
        "upstreams": {"main": {"targets": [shared_upstream.url], "connect_timeout": "1s"}},
        "routes": routes(),
    }


@pytest.fixture(scope="session")
def shared_gateway(base_configuration, tmp_path_factory):
    with Gateway(base_configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


@pytest.fixture(scope="session")
def by_default(base_configuration, tmp_path_factory):
    """A gateway whose sessions have the default settings; a head may have 1 MiB."""
    sessions = {"core": base_configuration["sessions"]["core"]}
    configuration = changed(base_configuration, sessions=sessions, limits={"request_head": "1MiB"})
    with Gateway(configuration, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway.wait_for_keys()


@pytest.fixture(scope="session")
def own():
    """A key that no core knows."""
    return Key.made("d-1")


@pytest.fixture
def gateway(shared_gateway, upstream):
    """The gateway that most tests share, with its upstream emptied."""
    assert shared_gateway.is_running()
    return shared_gateway


@pytest.fixture
def start(tmp_path_factory):
    """Starts a gateway of the test's own with the configuration given; stopped after the test."""
    running = []

    def start_gateway(configuration, **options):
        folder = options.pop("folder", None) or tmp_path_factory.mktemp("gateway")
        running.append(Gateway(configuration, folder, **options).started())
        return running[-1]

    yield start_gateway
    for gateway in running:
        gateway.kill()
    for gateway in running:
        gateway.check_logs()
