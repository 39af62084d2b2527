"""A core whose name has several addresses, of which nobody listens at the first: `localhost` where
::1 comes before 127.0.0.1."""

import os
import subprocess

import pytest
from support.client import eventually
from support.gateway import Gateway, binary, changed
from support.message import bearer, get
from support.tokens import access
from test_core_replies import child, fine
from test_sessions_command import described

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives names addresses")


def named(folder):
    """Runs the program with a hosts file of its own."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 core.test\n127.0.0.9 core.test\n")
    line = f'mount --bind {hosts} /etc/hosts && exec {binary()} "$@"'
    return ["unshare", "--mount", "sh", "-c", line, "sallyport"]


class Named(Gateway):
    def program(self):
        return named(self.folder)


@pytest.fixture(name="moved")
def fixture_moved(base_configuration, core):
    """The configuration for a core that listens at the second address only."""
    core.stop()
    core.restart("127.0.0.9")
    core.verify, core.users = fine, {"u": ["h"]}
    core.session = lambda handle: described(handle, {}, user="u")
    return changed(base_configuration, sessions__core__urls=[f"http://core.test:{core.port}"])


def test_the_gateway_finds_it(moved, core, keys, tmp_path, upstream):
    with Named(moved, tmp_path) as gateway:
        gateway.wait_for_keys()
        assert not gateway.says("no keys from a core")
        assert gateway.ask(get("/required", bearer(access(keys.dynamic)))).status == 200
        for number in range(3):
            token = child(keys, f"h{number}")
            assert gateway.ask(get("/required", bearer(token))).status == 200
        core.stop()
        core.restart("127.0.0.1")
        core.verify = fine
        again = child(keys, "again")
        assert eventually(lambda: gateway.ask(get("/required", bearer(again))).status == 200)


def test_the_command_finds_it(moved, tmp_path):
    gateway = Gateway(moved, tmp_path)
    gateway.write()
    done = subprocess.run(
        [*named(tmp_path), "sessions", "list", "--user", "u", "--config", gateway.file],
        capture_output=True, text=True, timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "the core was asked; no gateway was told\n")
    assert done.stdout.startswith("h  u  until ")
