"""A client that is served all the time, whatever others do."""

import contextlib
import statistics
import threading
import time

from support.message import bearer, get


@contextlib.contextmanager
def established(gateway, token, tls=None):
    """A client with a session that asks all the time; every answer must be 200, and the slowest
    but two of a hundred must not take long."""
    stop, times, failures = threading.Event(), [], []

    def ask(connection):
        while not stop.is_set():
            begin = time.monotonic()
            status = connection.ask(get("/required", bearer(token))).status
            times.append(time.monotonic() - begin)
            if status != 200:
                failures.append(status)
            time.sleep(0.002)

    def run():
        try:
            with gateway.connect(tls) as connection:
                ask(connection)
        except (EOFError, OSError) as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield times
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert len(times) > 50
    assert statistics.quantiles(times, n=50)[-1] < 0.25
