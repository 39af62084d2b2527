"""Between the gateway and a back end: passes everything on and keeps what both said."""

import contextlib
import socket

from support.message import Reader
from support.upstream import Upstream


class Relay(Upstream):
    """`exchanges` lists (request, answer) as the back end received and sent them."""

    def __init__(self, port):
        super().__init__()
        self.back_end = ("127.0.0.1", port)
        self.exchanges = []
        self.answer = self.forward

    def forward(self, call):
        with contextlib.closing(socket.create_connection(self.back_end, timeout=10)) as connection:
            connection.sendall(written(call.message))
            reader = Reader(connection)
            answer = reader.content(reader.head(), until_close=True)
        self.exchanges.append((call.message, answer))
        call.send(written(answer))

    def latest(self):
        return self.exchanges[-1]


def written(message):
    """The bytes of a message that was read."""
    fields = b"".join(b"%s: %s\r\n" % field for field in message.fields)
    return message.line + b"\r\n" + fields + b"\r\n" + message.raw_body
