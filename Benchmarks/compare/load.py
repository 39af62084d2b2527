"""wrk against a proxy, and what the proxy used meanwhile."""

import dataclasses
import json

from processor import running_on
from support.message import cookie
from support.wrk import Load

# wrk rounds what it prints; this prints whole numbers.
REPORT = """
done = function(summary)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"bytes":%d,"microseconds":%d,"failed":%d}\\n',
        summary.requests, summary.bytes, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout
    ))
end
"""


@dataclasses.dataclass
class Measured:
    """One run of wrk, and the processor time that the proxy used in it."""

    requests: int
    bytes: int
    seconds: float
    processor_seconds: float

    @property
    def microseconds(self):
        """Of processor time for each request."""
        return self.processor_seconds / self.requests * 1e6

    @property
    def rate(self):
        """Requests a second."""
        return self.requests / self.seconds


def measure(bench, proxy, path="/orders/1", token=None, connections=64, script="", seconds=None):
    """Has wrk ask for `path` on kept-alive connections; fails when any answer is an error."""
    file = bench.folder / f"load-{next(bench.numbers)}.lua"
    file.write_text(REPORT + script)
    fields = [cookie((token or bench.token).cookie), "Host: app.example.com"]
    with running_on(bench.places.load):
        load = Load(
            f"https://127.0.0.1:{proxy.port}{path}", seconds or bench.options.seconds, connections,
            fields=fields, options=["-s", str(file), "--timeout", "30s"],
        )
    before = proxy.processor_seconds()
    report = load.report()
    used = proxy.processor_seconds() - before
    found = json.loads(report.text.splitlines()[-1])
    assert found["failed"] == 0 and found["requests"] > 0, report.text
    return Measured(found["requests"], found["bytes"], found["microseconds"] / 1e6, used)


def rounds(bench, proxies, measuring):
    """The results of each proxy, one a round; every second round goes the other way about."""
    results = {name: [] for name in proxies}
    for number in range(bench.options.rounds):
        order = list(proxies) if number % 2 == 0 else list(reversed(proxies))
        for name in order:
            results[name].append(measuring(proxies[name]))
    return results
