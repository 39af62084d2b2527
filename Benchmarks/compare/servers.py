"""What stands in front of the upstream, and the upstream: each with as many workers as asked for.

All of them terminate TLS 1.3 with the same certificate and the same cipher suite, keep connections
alive on both sides, and write no access log unless asked to."""

import subprocess

import peers
import templates
from processor import children, processor_seconds, resident_bytes
from support.client import Connection, eventually
from support.gateway import Gateway, binary
from support.ports import free_port

RELAY_TOKEN_BYTES = 800
ADMIN_TOKEN = "operators-secret"


class Server:
    """A program on a port; `workers` are the processes whose use counts."""

    verifies = False

    def __init__(self, command, port, errors):
        self.port = port
        with open(errors, "wb") as output:
            self.process = subprocess.Popen(
                list(map(str, command)), env=peers.environment(),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )
        assert eventually(self.answers), f"{command[0]}: {errors.read_text()}"

    def answers(self):
        try:
            Connection(self.port).close()
            return True
        except OSError:
            return False

    def workers(self):
        return [self.process.pid]

    def processor_seconds(self):
        return processor_seconds(self.workers())

    def resident_bytes(self):
        return resident_bytes(self.workers())

    def authorization(self, token):
        """What the upstream has to get for a session's token."""
        return f"Bearer {token.forwarded}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Nginx(Server):
    """nginx with the content of an `http` block."""

    def __init__(self, folder, port, content, workers=1):
        folder.mkdir()
        file = folder / "nginx.conf"
        file.write_text(templates.nginx(folder, content, workers))
        super().__init__(
            [peers.NGINX, "-p", folder, "-c", file], port, folder / "errors.log"
        )

    def workers(self):
        return children(self.process.pid)

    def authorization(self, token):
        return ""


class Asking(Nginx):
    """nginx whose `auth_request` asks the core."""

    def authorization(self, token):
        return f"Bearer {token.forwarded}"


class HAProxy(Server):
    """HAProxy, which verifies the signature of the cookie's token on each request."""

    verifies = True

    def __init__(self, folder, port, content):
        folder.mkdir()
        file = folder / "haproxy.cfg"
        file.write_text(content)
        super().__init__([peers.HAPROXY, "-db", "-f", file], port, folder / "errors.log")


class Relay(Server):
    """The bare relay of ours."""

    def __init__(self, folder, port, behind, pair):
        folder.mkdir()
        super().__init__(
            [peers.RELAY, port, behind, pair.certificate, pair.private_key, RELAY_TOKEN_BYTES],
            port, folder / "errors.log",
        )

    def authorization(self, token):
        return "Bearer " + "x" * RELAY_TOKEN_BYTES


class Sallyport(Server):
    """The gateway, sessions required."""

    verifies = True

    def __init__(self, folder, configuration, pair):
        folder.mkdir()
        self.gateway = Gateway(configuration, folder, {"certificates": [pair.files()]})
        self.gateway.configuration["admin"]["token"] = ADMIN_TOKEN
        self.gateway.started()
        self.gateway.wait_for_keys()
        self.process, self.port = self.gateway.process, self.gateway.port

    def stop(self):
        self.gateway.kill()


def upstream(folder, files):
    port = free_port()
    return Nginx(folder, port, templates.upstream(port, files))


def core(folder, keys, session):
    """A stand-in core that answers at once."""
    port = free_port()
    return Nginx(folder, port, templates.core(port, keys, session))


def start(name, folder, bench, workers=1, access_log=False, core=None, sessions=None):
    """One of nginx, asking, haproxy, relay and sallyport in front of the bench's upstream; `core`
    is the port of a core, `sessions` more of Sallyport's settings."""
    behind, pair, port = bench.upstream.port, bench.pair, free_port()
    if name == "nginx":
        log = folder / "access.log" if access_log else "off"
        return Nginx(folder, port, templates.forwarding(port, behind, pair, log), workers)
    if name == "asking":
        return Asking(folder, port, templates.asking(port, behind, core, pair), workers)
    if name == "haproxy":
        return HAProxy(folder, port, templates.haproxy(port, behind, bench, workers))
    if name == "relay":
        return Relay(folder, port, behind, pair)
    url = f"http://127.0.0.1:{core}" if core else bench.core.url
    return Sallyport(
        folder, templates.sallyport(behind, url, workers, access_log, sessions or {}), pair
    )


def versions():
    """One line a program."""
    return [
        peers.first_line(peers.NGINX, "-v").removeprefix("nginx version: "),
        " ".join(peers.first_line(peers.HAPROXY, "-v").split()[:3]),
        " ".join(peers.first_line("wrk", "-v").split()[:2]),
        peers.first_line(peers.H2LOAD, "--version"),
        " ".join(peers.first_line("openssl", "version").split()[:2]),
        peers.first_line(binary(), "version"),
    ]
