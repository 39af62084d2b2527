"""Many connections at once from one thread, and what a gateway holds while they are there."""

import contextlib
import errno
import os
import pathlib
import resource
import select
import signal
import socket
import struct
import time

from support.client import eventually

RESET = struct.pack("ii", 1, 0)


def allow_descriptors():
    """As many descriptors for the tests' own process as the machine allows; that number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def descriptors(gateway):
    """Descriptors that the gateway's process holds now, but for its connections to upstreams, of
    which it may keep some for later requests."""
    pooled = gateway.metric('sallyport_connections{side="upstream"')
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd")) - pooled


def clients(gateway):
    return gateway.metric('sallyport_connections{side="client"')


def is_at_rest(gateway):
    """Whether it holds no client and no exchange."""
    return clients(gateway) == 0 and gateway.metric("sallyport_exchanges_in_flight") == 0


def comes_to_rest(gateway, descriptors_before, within=10):
    """Holds nobody any more, and no descriptor more than before but for one or two that answer
    the question itself."""
    return eventually(
        lambda: is_at_rest(gateway) and descriptors(gateway) <= descriptors_before + 2, within
    )


@contextlib.contextmanager
def stopped(gateway):
    """The gateway's process stands still meanwhile; then it finds everything at once."""
    tasks = pathlib.Path(f"/proc/{gateway.process.pid}/task")
    gateway.signal(signal.SIGSTOP)
    try:
        assert eventually(lambda: all(
            (task / "stat").read_text().rpartition(") ")[2].startswith("T")
            for task in tasks.iterdir()
        ))
        yield
    finally:
        gateway.signal(signal.SIGCONT)


class Crowd:
    """Connections that only send, wait and end together."""

    def __init__(self, port, count, receive_buffer=None):
        self.sockets = []
        for _ in range(count):
            one = socket.socket()
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.settimeout(10)
            # Who is turned away at once has been connected too.
            with contextlib.suppress(ConnectionResetError):
                one.connect(("127.0.0.1", port))
            one.setblocking(False)
            self.sockets.append(one)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reset()

    def send(self, data):
        """The same from each; whoever was closed meanwhile sends nothing."""
        for one in self.sockets:
            try:
                one.send(data)
            except OSError:
                pass

    def ended(self):
        """How many of them the gateway has ended."""
        poll = select.poll()
        for one in self.sockets:
            poll.register(one, select.POLLIN | select.POLLRDHUP)
        over = select.POLLRDHUP | select.POLLHUP | select.POLLERR
        return sum(1 for _, event in poll.poll(0) if event & over)

    def reset(self):
        for one in self.sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.close()
        self.sockets = []


def attempt(port, count, wave=500, within=60):
    """Begins that many connections, some at a time, and waits for the end of each; those that are
    neither served nor ended by the gateway are given up. Returns how many it ended."""
    ended, end = 0, time.monotonic() + within
    while count > 0 and time.monotonic() < end:
        number, poll, opened = min(count, wave), select.poll(), {}
        for _ in range(number):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.setblocking(False)
            if one.connect_ex(("127.0.0.1", port)) in (0, errno.EINPROGRESS):
                opened[one.fileno()] = one
                poll.register(one, select.POLLRDHUP)
            else:
                one.close()
        waits = time.monotonic() + 2
        while opened and time.monotonic() < waits:
            for number_of_one, _ in poll.poll(50):
                poll.unregister(number_of_one)
                opened.pop(number_of_one).close()
                ended += 1
        for one in opened.values():
            one.close()
        count -= number
    return ended
