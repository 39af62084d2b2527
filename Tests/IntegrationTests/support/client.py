"""A client that sends exactly the bytes it is given."""

import socket
import struct
import time

from support.message import Reader

NO_CONTENT = {204, 304}


class Connection:
    """One connection to the gateway, cleartext or wrapped by an `ssl` context."""

    def __init__(self, port, tls=None, server_name="app.example.com", session=None, timeout=10):
        plain = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket = plain if tls is None else tls.wrap_socket(
            plain, server_hostname=server_name, session=session
        )
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves for good: a mere close could as well be the end of sending only."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, method="GET"):
        """The next answer, interim ones included."""
        message = self.reader.head()
        interim = 100 <= message.status < 200
        if method == "HEAD" or interim or message.status in NO_CONTENT:
            return message
        return self.reader.content(message, until_close=True)

    def ask(self, data):
        self.send(data)
        return self.read(data.split(b" ", 1)[0].decode("latin-1"))

    def is_closed(self, within=2.0):
        """Whether the gateway closes the connection, sending nothing more, in that many seconds."""
        if self.reader.buffer:
            return False
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def exchange(gateway, data, tls=None, **options):
    """Sends a request on a connection of its own and reads the answer."""
    with Connection(gateway.port, tls, **options) as connection:
        return connection.ask(data)


def eventually(condition, within=5.0):
    """Waits until the condition holds; its last value."""
    end = time.monotonic() + within
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value
