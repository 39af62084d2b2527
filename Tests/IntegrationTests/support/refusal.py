"""What every refusal of a framing has to keep: the answer, the connection's end, and that nothing
of it, nor of what was pipelined behind it, reaches an upstream."""

import queue

from support.framing import SMUGGLED
from support.message import get
from support.upstream import OK

AFTER = "/public/after"


def refused(gateway, upstream, data, status=400, reason="bad_request", connection=None, send=None):
    """Sends what must be refused with another request behind it; nothing reaches the upstream."""
    check_refusal(connection or gateway.connect(), data, status, reason, send)
    untouched(gateway, upstream)


def check_refusal(connection, data, status=400, reason="bad_request", send=None):
    """One answer, the documented one, and nothing after it but the connection's end."""
    with connection:
        if send is None:
            connection.send(data + SMUGGLED)
        else:
            send(connection, data + SMUGGLED)
        answer = connection.read()
        assert (answer.status, answer.reason) == (status, reason), answer.line
        assert answer.value("connection") == "close"
        assert connection.is_closed()


def untouched(gateway, upstream):
    """The next request to reach the upstream is one that is sent now."""
    assert gateway.ask(get(AFTER)).status == 200
    assert upstream.received().target == AFTER
    assert upstream.requests.empty()


class Recorder:
    """Answers `AFTER` alone; of other requests it keeps the bytes behind the head, unread, until
    the gateway closes."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.rests = queue.Queue()
        upstream.reads_content = False
        upstream.answer = self

    def __call__(self, call):
        if call.message.target == AFTER:
            call.send(OK)
        else:
            self.rests.put(call.reader.rest())

    def contents(self, gateway):
        """Of each request that began to arrive, the content that came: data of whole chunks. No
        request may have come to its end, and none but `/public` have begun."""
        assert gateway.ask(get(AFTER)).status == 200
        found = []
        while not self.upstream.requests.empty():
            message = self.upstream.received()
            if message.target != AFTER:
                assert message.target == "/public"
                found.append(unended(self.rests.get(timeout=5)))
        return found


def unended(raw):
    """The data of chunks, each as strict as can be, without a last one."""
    data = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        assert length > 0 and size == b"%x" % length, size
        assert raw[length:length + 2] == b"\r\n"
        data, raw = data + raw[:length], raw[length + 2:]
    return data
