"""Where processes run, and what they used: processor time and memory, from /proc."""

import contextlib
import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


class Places:
    """The proxy's processor, and the others, which upstream and load share."""

    def __init__(self):
        self.every = set(os.sched_getaffinity(0))
        assert len(self.every) > 1, "two processors are needed: one for the proxy, one for the load"
        self.proxy = {min(self.every)}
        self.load = self.every - self.proxy


@contextlib.contextmanager
def running_on(processors):
    """What is started meanwhile runs there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def children(process):
    return list(map(int, pathlib.Path(f"/proc/{process}/task/{process}/children")
                    .read_text().split()))


def processor_seconds(processes):
    """User and system time of the processes so far."""
    ticks = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def resident_bytes(processes):
    """Memory of the processes that is in RAM."""
    return sum(
        int(pathlib.Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0])
        for process in processes
    ) * 1024
