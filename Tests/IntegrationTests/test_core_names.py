"""Cores that have names: one with several addresses, of which nobody listens at the first (as
`localhost` where ::1 comes before 127.0.0.1), and names that resolve late or no more."""

import os
import subprocess
import threading

import pytest
from support.client import eventually
from support.gateway import Gateway, binary, changed
from support.message import bearer, get
from support.names import NameServer
from support.tokens import access
from test_core_replies import child, fine
from test_sessions_command import described

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives names addresses")


def named(folder, hosts="127.0.0.1 core.test\n127.0.0.9 core.test\n", sources="files"):
    """Runs the program with a hosts file of its own, and a name server of ours."""
    files = {
        "hosts": hosts, "nsswitch.conf": f"hosts: {sources}\n",
        "resolv.conf": f"nameserver {NameServer.host}\noptions timeout:1 attempts:2\n",
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    binds = " && ".join(f"mount --bind {folder / name} /etc/{name}" for name in files)
    return ["unshare", "--mount", "sh", "-c", f'{binds} && exec {binary()} "$@"', "sallyport"]


class Named(Gateway):
    def program(self):
        return named(self.folder)


class Asking(Gateway):
    def program(self):
        return named(self.folder, hosts="", sources="dns")


@pytest.fixture(name="moved")
def fixture_moved(base_configuration, core):
    """The configuration for a core that listens at the second address only."""
    core.stop()
    core.restart("127.0.0.9")
    core.verify, core.users = fine, {"u": ["h"]}
    core.session = lambda handle: described(handle, {}, user="u")
    return at_name(base_configuration, core)


def at_name(configuration, core):
    return changed(configuration, sessions__core__urls=[f"http://core.test:{core.port}"])


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


def test_a_reload_keeps_the_address_of_a_name_that_resolves_no_more(
    base_configuration, core, keys, tmp_path, upstream
):
    core.verify = fine
    configuration = at_name(base_configuration, core)
    with Named(configuration, tmp_path) as gateway:
        gateway.wait_for_keys()
        (tmp_path / "hosts").write_text("")
        assert "reloaded" in gateway.reload_further_down()
        token = child(keys, "same cores")
        assert gateway.ask(get("/required", bearer(token))).status == 200


def test_a_reload_with_another_core_loses_no_question(
    base_configuration, core, keys, tmp_path, upstream
):
    core.verify, core.verify_delay = fine, 1
    configuration = at_name(base_configuration, core)
    urls = [*configuration["sessions"]["core"]["urls"], "http://127.0.0.1:1"]
    statuses = []
    with Named(configuration, tmp_path) as gateway:
        gateway.wait_for_keys()
        request = get("/required", bearer(child(keys, "in flight")))
        asking = threading.Thread(target=lambda: statuses.append(gateway.ask(request).status))
        asking.start()
        assert eventually(lambda: core.asked)
        (tmp_path / "hosts").write_text("")
        assert "reloaded" in gateway.reload(changed(configuration, sessions__core__urls=urls))
        asking.join()
    assert statuses == [200]


def test_a_reload_while_a_name_is_looked_up_loses_no_keys(
    base_configuration, core, tmp_path, upstream
):
    with NameServer() as names, Asking(at_name(base_configuration, core), tmp_path) as gateway:
        assert names.asked.wait(5)
        assert "reloaded" in gateway.reload_further_down()
        names.speaks.set()
        assert eventually(lambda: gateway.admin("/readyz").status == 200, within=10)
