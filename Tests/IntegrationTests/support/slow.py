"""Clients that send byte by byte, cleartext or in records of TLS cut anywhere; and what waiting
for them costs."""

import os
import pathlib
import socket
import ssl
import time

from support.certificates import trusting
from support.client import Connection
from support.message import Reader

# Long enough for the gateway to have read a byte before the next, mostly.
PAUSE = 0.00001


def byte_by_byte(connection, data):
    """Sends until all is sent or the gateway has closed."""
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for byte in data:
            connection.send(bytes([byte]))
            time.sleep(PAUSE)
    except OSError:
        pass


def at_once(connection, data):
    try:
        connection.send(data)
    except OSError:
        pass


class CutRecords:
    """A TLS client over a socket, each byte of whose records is a write of its own."""

    def __init__(self, plain):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.plain = plain
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting().wrap_bio(self.incoming, self.outgoing, server_hostname="app.example")
        self.progress(self.tls.do_handshake)

    def progress(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            finally:
                self.flush()

    def flush(self):
        for byte in self.outgoing.read():
            self.plain.sendall(bytes([byte]))
            time.sleep(PAUSE)

    def sendall(self, data):
        self.progress(lambda: self.tls.write(data))

    def recv(self, count):
        try:
            return self.progress(lambda: self.tls.read(count))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def settimeout(self, seconds):
        self.plain.settimeout(seconds)

    def close(self):
        self.plain.close()


class CutConnection(Connection):
    """A connection with `CutRecords`."""

    def __init__(self, port, timeout=10):
        self.socket = CutRecords(socket.create_connection(("127.0.0.1", port), timeout=timeout))
        self.reader = Reader(self.socket)


def cpu_seconds(gateway):
    """What the process used so far, of user and of system time."""
    text = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
