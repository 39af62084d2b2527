"""An upstream that resets its connections at a point of its own choosing."""

import dataclasses
import socket
import struct
import threading

from support.message import Reader

RESET = struct.pack("ii", 1, 0)


@dataclasses.dataclass(frozen=True)
class Phase:
    """How far it goes before the reset: what it reads, what it sends, and what the client may get
    to see: a whole answer of that status, or a part of one."""

    reads: str = "head"
    sends: bytes = b""
    status: int = 502
    cuts_off: bool = False


PHASES = {
    "accept": Phase(reads="nothing"),
    "head": Phase(reads="some"),
    "request": Phase(),
    "content": Phase(reads="content"),
    "interim": Phase(sends=b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
    "status line": Phase(sends=b"HTTP/1.1 20"),
    "fields": Phase(sends=b"HTTP/1.1 200 OK\r\nContent-Le"),
    "answered head": Phase(
        sends=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", cuts_off=True),
    "length": Phase(
        sends=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", cuts_off=True),
    "chunk": Phase(
        sends=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf", cuts_off=True),
    "until close": Phase(sends=b"HTTP/1.1 200 OK\r\n\r\nhalf", cuts_off=True),
    "idle": Phase(
        reads="content", sends=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status=200,
        cuts_off=True),
}


class ResettingUpstream:
    """Resets in the phase named; serves as others do once that is None."""

    def __init__(self, phase):
        self.phase = phase
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        phase = PHASES[self.phase or "idle"]
        reader = Reader(connection)
        try:
            connection.settimeout(5)
            if phase.reads == "some":
                connection.recv(10)
            elif phase.reads != "nothing":
                message = reader.head()
                if phase.reads == "content":
                    reader.content(message)
            connection.sendall(phase.sends)
        except (EOFError, OSError):
            pass
        if self.phase is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.close()
