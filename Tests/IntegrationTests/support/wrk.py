"""Runs wrk and reads what it says."""

import dataclasses
import re
import subprocess


@dataclasses.dataclass
class Report:
    requests: int
    refused: int
    read: int
    write: int
    timeout: int
    other_status: int
    text: str


class Load:
    """wrk against a URL, running until it ends by itself; `options` are more of wrk's own."""

    def __init__(self, url, seconds, connections=256, threads=1, fields=(), options=()):
        line = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", *options]
        for field in fields:
            line += ["-H", field]
        self.process = subprocess.Popen(
            [*line, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def report(self):
        text, _ = self.process.communicate(timeout=600)
        errors = re.search(
            r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text
        )
        connect, read, write, timeout = map(int, errors.groups()) if errors else (0, 0, 0, 0)
        other = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        return Report(
            int(re.search(r"(\d+) requests in", text).group(1)), connect, read, write, timeout,
            int(other.group(1)) if other else 0, text,
        )
