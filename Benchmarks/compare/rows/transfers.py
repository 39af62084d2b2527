"""Answers and uploads of some size: how many bytes a second of processor time moves."""

from load import measure, rounds
from support.certificates import trusting
from support.client import Connection
from support.message import cookie, get, request
from tables import NAMES, Goal, Table, median, ratio

ORDER = ["nginx", "haproxy", "relay", "sallyport"]
MEBIBYTE = 1 << 20
ANSWERS = {"64 KiB answers": (64 << 10, 64), "8 MiB answers": (8 << 20, 16)}
UPLOADS = "1 MiB uploads"
SENDING = f"""
wrk.method = "PUT"
wrk.body = string.rep("x", {MEBIBYTE})
"""


def run(bench):
    for size, _ in ANSWERS.values():
        (bench.files / str(size)).write_bytes(b"x" * size)
    costs = {}
    with bench.proxies(*ORDER) as proxies:
        for proxy in proxies.values():
            check(bench, proxy)
        for title, (size, connections) in ANSWERS.items():
            costs[title] = rounds(
                bench, proxies, lambda proxy: answers(bench, proxy, size, connections)
            )
        costs[UPLOADS] = rounds(bench, proxies, lambda proxy: uploads(bench, proxy))
    lines = []
    for name in ORDER:
        cells = [NAMES[name]]
        for found in costs.values():
            cells += [
                f"{1 / median(found[name]):.0f}", f"{ratio(found[name], found['nginx']):.2f}"
            ]
        lines.append(cells)
    columns = [""]
    for title in costs:
        columns += [f"{title}, MiB/CPU s", "CPU ÷ nginx"]
    return Table(
        "Content, TLS 1.3 to the client", columns, lines, {"seconds_a_mebibyte": costs},
        goals=[
            Goal(f"{title}, CPU ÷ nginx", ratio(found["sallyport"], found["nginx"]), 1.05)
            for title, found in costs.items() if title in ANSWERS
        ],
    )


def answers(bench, proxy, size, connections):
    """Seconds of processor time for each MiB; parts of the last answers count as well."""
    found = measure(bench, proxy, f"/orders/files/{size}", connections=connections)
    return found.processor_seconds / (found.bytes / MEBIBYTE)


def uploads(bench, proxy):
    found = measure(bench, proxy, "/orders/store/load", connections=8, script=SENDING)
    return found.processor_seconds / found.requests


def check(bench, proxy):
    """What arrives is what was sent, both ways."""
    session = cookie(bench.token.cookie)
    with Connection(proxy.port, trusting()) as connection:
        for size, _ in ANSWERS.values():
            answer = connection.ask(get(f"/orders/files/{size}", session))
            assert (answer.status, answer.body) == (200, b"x" * size), answer.line
        content = bytes(range(256)) * (MEBIBYTE // 256)
        connection.send(request(
            "PUT /orders/store/check HTTP/1.1", session, f"Content-Length: {MEBIBYTE}",
            body=content,
        ))
        assert connection.read().status in (201, 204)
        assert (bench.files / "stored/check").read_bytes() == content
