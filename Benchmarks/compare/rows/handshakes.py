"""TLS 1.3 connections for each second of processor time: `openssl s_time`, one after the other.

Without a request a client of OpenSSL sees no session ticket, so resumed handshakes are only to be
had with one: hence both kinds are also measured with a verified request on each connection."""

import re
import subprocess

from load import rounds
from processor import TICKS, running_on
from support.certificates import trusting
from support.client import Connection
from support.message import cookie
from tables import NAMES, Goal, Table, median, ratio
from templates import ANSWER

ORDER = ["nginx", "haproxy", "relay", "sallyport"]
KINDS = {"full": ("-new", False), "full + request": ("-new", True),
         "resumed + request": ("-reuse", True)}


def run(bench):
    costs = {}
    with bench.proxies(*ORDER) as proxies:
        for proxy in proxies.values():
            check(bench, proxy)
        for kind, (option, asks) in KINDS.items():
            found = rounds(bench, proxies, lambda proxy: cost(bench, proxy, option, asks))
            for name in ORDER:
                costs.setdefault(name, {})[kind] = found[name]
    per_second = {
        name: {kind: 1e6 / median(costs[name][kind]) for kind in KINDS} for name in ORDER
    }
    ratios = {
        name: {kind: ratio(costs[name][kind], costs["nginx"][kind]) for kind in KINDS}
        for name in ORDER
    }
    lines = []
    for name in ORDER:
        cells = [NAMES[name]]
        for kind in KINDS:
            cells += [f"{per_second[name][kind]:.0f}", f"{ratios[name][kind]:.2f}"]
        lines.append(cells)
    columns = [""]
    for kind in KINDS:
        columns += [f"{kind}/CPU s", "CPU ÷ nginx"]
    return Table(
        "TLS 1.3 handshakes, P-256 certificate, X25519", columns, lines,
        {"microseconds": costs, "per_second": per_second},
        goals=[
            Goal(f"handshake, {kind}, CPU ÷ nginx", ratios["sallyport"][kind], 1.05)
            for kind in KINDS
        ],
    )


def cost(bench, proxy, option, asks):
    """Microseconds of processor time for each connection."""
    command = [
        "openssl", "s_time", "-connect", f"127.0.0.1:{proxy.port}", option, "-tls1_3",
        "-time", str(bench.options.seconds),
    ]
    if asks:
        command += ["-www", request(bench.token)]
    with running_on(bench.places.load):
        before = proxy.processor_seconds()
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    used = proxy.processor_seconds() - before
    counted = re.search(r"(\d+) connections in \d+ real seconds, (\d+) bytes", ended.stdout)
    assert counted, ended.stdout[-400:] + ended.stderr[-400:]
    connections, bytes_each = map(int, counted.groups())
    resumed = "r" * 5 in ended.stdout
    assert resumed == (option == "-reuse"), "resumed and should not have been, or the reverse"
    assert not asks or bytes_each > 100, ended.stdout[-400:]
    # Where nothing is left of so short a run, at least what the clock can tell.
    return max(used, 1 / TICKS) / connections * 1e6


def check(bench, proxy):
    """What s_time asks is answered, and the connection ends."""
    with Connection(proxy.port, trusting()) as connection:
        answer = connection.ask(f"GET {request(bench.token)} HTTP/1.0\r\n\r\n".encode())
        assert (answer.status, answer.body) == (200, ANSWER.encode()), answer
        assert connection.is_closed()


def request(token):
    """s_time writes `GET … HTTP/1.0` around this: its version ends up in a field of no meaning."""
    return "\r\n".join([
        "/orders/1 HTTP/1.1", "Host: app.example.com", cookie(token.cookie), "Connection: close",
        "X-Tool: s_time",
    ])
