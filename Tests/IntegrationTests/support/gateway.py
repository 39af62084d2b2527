"""The real binary, started with a configuration that the test makes."""

import copy
import json
import os
import pathlib
import signal
import subprocess
import time

from support.client import Connection, eventually
from support.message import get
from support.ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[3]


def binary():
    return pathlib.Path(os.environ.get("SALLYPORT_BINARY", ROOT / ".build/release/sallyport"))


def changed(configuration, **changes):
    """A deep copy with some keys replaced: `sessions__jwt__required=True` goes into sections."""
    copied = copy.deepcopy(configuration)
    for path, value in changes.items():
        *sections, last = path.split("__")
        place = copied
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return copied


class Gateway:
    """`sallyport serve`. Without `listeners` it gets one cleartext listener on a free port; without
    `admin` it gets one on a free port. JSON is YAML, so the configuration is written as JSON."""

    # Seconds until it must be ready.
    patience = 10

    def __init__(self, configuration, folder, tls=None, environment=None):
        self.folder = pathlib.Path(folder)
        self.configuration = copy.deepcopy(configuration)
        self.environment = environment or {}
        self.port = free_port()
        self.admin_port = free_port()
        listener = {"address": f"127.0.0.1:{self.port}"}
        if tls is not None:
            listener["tls"] = tls
        self.configuration.setdefault("listeners", [listener])
        self.configuration.setdefault("admin", {"address": f"127.0.0.1:{self.admin_port}"})
        self.file = self.folder / "sallyport.yaml"
        self.process = None

    def __enter__(self):
        return self.started()

    def __exit__(self, *_):
        self.kill()
        self.check_logs()

    def check_logs(self):
        """No log has a token in it: `eyJ` is how they all begin."""
        for log in (self.access_log, self.control_log):
            assert b"eyJ" not in log.read_bytes(), log

    def write(self, configuration=None):
        """Writes the configuration file; listeners and admin stay unless given."""
        if configuration is not None:
            kept = {name: self.configuration[name] for name in ("listeners", "admin")}
            self.configuration = {**kept, **copy.deepcopy(configuration)}
        self.file.write_text(json.dumps(self.configuration, indent=2))

    def program(self):
        return [binary()]

    def started(self):
        self.write()
        self.access_log = self.folder / "access.log"
        self.control_log = self.folder / "control.log"
        with open(self.access_log, "ab") as output, open(self.control_log, "ab") as errors:
            self.process = subprocess.Popen(
                [*self.program(), "serve", "--config", self.file],
                stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env={**os.environ, **self.environment},
            )
        if not eventually(lambda: self.says("] ready") or not self.is_running(), self.patience) \
                or not self.is_running():
            self.kill()
            raise AssertionError(f"did not become ready:\n{self.control_log.read_text()}")
        return self

    def says(self, words):
        """Whether the control log has a line with these words."""
        return words in self.control_log.read_text(errors="replace")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self, within=10):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout=within)

    def reload(self, configuration=None, within=5):
        """Writes the configuration, sends SIGHUP and waits for the log to tell what came of it."""
        self.write(configuration)
        return self.reread(within)

    def reload_further_down(self, within=5):
        """The same with the configuration as it is, of which every line has moved."""
        self.file.write_text("\n" + self.file.read_text())
        return self.reread(within)

    def reread(self, within):
        size = self.control_log.stat().st_size
        self.signal(signal.SIGHUP)

        def told():
            log = self.control_log.read_bytes()[size:].decode(errors="replace")
            return log if "reload" in log else None

        return eventually(told, within)

    def kill(self):
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def connect(self, tls=None, **options):
        return Connection(self.port, tls, **options)

    def ask(self, data, tls=None, **options):
        """One request on a connection of its own."""
        with self.connect(tls, **options) as connection:
            return connection.ask(data)

    def admin(self, path, *fields):
        if not any(field.startswith("Host:") for field in fields):
            fields = (f"Host: 127.0.0.1:{self.admin_port}", *fields)
        with Connection(self.admin_port) as connection:
            return connection.ask(get(path, *fields))

    def metric(self, start):
        """The sum of all samples in /metrics whose line begins so."""
        lines = self.admin("/metrics").body.decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(start))

    def log_lines(self, count=1, within=3):
        """The access log as dictionaries, once it has at least that many lines."""
        def lines():
            found = self.access_log.read_text().splitlines()
            return found if len(found) >= count else None

        found = eventually(lines, within)
        assert found, f"fewer than {count} lines in the access log"
        return [json.loads(line) for line in found]

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def wait_for_keys(self):
        assert eventually(lambda: self.admin("/readyz").status == 200), "no keys were fetched"
        return self

    def settle(self, seconds=0.1):
        time.sleep(seconds)
