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


class Running(Load):
    """wrk on kept-alive connections, asking until its time is over."""

    def checked(self):
        """Its numbers; fails when any answer was an error."""
        text = self.report().text
        found = json.loads(text.splitlines()[-1])
        assert found["failed"] == 0 and found["requests"] > 0, text
        return found


def started(bench, proxy, path="/orders/1", token=None, connections=64, script="", seconds=None):
    """Has wrk ask for `path`."""
    file = bench.folder / f"load-{next(bench.numbers)}.lua"
    file.write_text(REPORT + script)
    with running_on(bench.places.load):
        return Running(
            f"https://127.0.0.1:{proxy.port}{path}", seconds or bench.options.seconds, connections,
            fields=[cookie((token or bench.token).cookie), "Host: app.example.com"],
            options=["-s", str(file), "--timeout", "30s"],
        )


def measure(bench, proxy, *arguments, **options):
    """Lets wrk, started with these, run to its end."""
    before = proxy.processor_seconds()
    found = started(bench, proxy, *arguments, **options).checked()
    used = proxy.processor_seconds() - before
    return Measured(found["requests"], found["bytes"], found["microseconds"] / 1e6, used)


def rounds(bench, proxies, measuring):
    """The results of each proxy, one a round; every second round goes the other way about."""
    results = {name: [] for name in proxies}
    for number in range(bench.options.rounds):
        order = list(proxies) if number % 2 == 0 else list(reversed(proxies))
        for name in order:
            results[name].append(measuring(proxies[name]))
    return results
