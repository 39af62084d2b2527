"""Content of any size, sent and taken by processes of their own, as fast as they can or as fast as
they are told: a client, and an upstream that takes uploads and gives downloads.

    bulk.py upstream PORT RATE
    bulk.py client PORT TLS DIRECTION BYTES RATE

RATE is bytes a second, 0 = no limit. The client prints how many bytes of content came through."""

import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

STEP = 256 * 1024
HEAD_END = b"\r\n\r\n"


class Pace:
    """Holds back whoever is ahead of the rate."""

    def __init__(self, rate):
        self.rate, self.moved, self.begin = rate, 0, time.monotonic()

    def step(self, count):
        self.moved += count
        if self.rate:
            ahead = self.begin + self.moved / self.rate - time.monotonic()
            time.sleep(max(ahead, 0))


def send(connection, count, rate):
    pace, piece = Pace(rate), bytes(range(256)) * (STEP // 256)
    while count > 0:
        sent = connection.send(piece[:count])
        count -= sent
        pace.step(sent)


def take(connection, count, rate, first=b""):
    """Reads that many bytes, or what comes before the end; how many came."""
    pace, taken, buffer = Pace(rate), len(first), bytearray(STEP)
    while taken < count and (got := connection.recv_into(buffer)):
        taken += got
        pace.step(got)
    return taken


def head(connection):
    data = b""
    while HEAD_END not in data:
        got = connection.recv(65536)
        if not got:
            raise EOFError(data)
        data += got
    lines, _, rest = data.partition(HEAD_END)
    return lines.lower(), rest


def length(lines):
    return int(lines.split(b"content-length:")[1].split(b"\r\n")[0])


def serve(connection, rate):
    """`GET /public/BYTES` gives that many; a POST is taken and answered with its count."""
    try:
        while True:
            lines, rest = head(connection)
            if lines.startswith(b"get"):
                count = int(lines.split(b" ")[1].rpartition(b"/")[2])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
                send(connection, count, rate)
            else:
                text = b"%d" % take(connection, length(lines), rate, rest)
                answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                connection.sendall(answer % (len(text), text))
    except (EOFError, OSError):
        connection.close()


def upstream(port, rate):
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("listening", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, int(rate)), daemon=True).start()


def client(port, tls, direction, count, rate):
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    from support.certificates import trusting

    count, rate = int(count), int(rate)
    connection = socket.create_connection(("127.0.0.1", int(port)))
    if tls == "tls":
        connection = trusting().wrap_socket(connection, server_hostname="app.example.com")
    if direction == "download":
        connection.sendall(b"GET /public/%d HTTP/1.1\r\nHost: a\r\n\r\n" % count)
        lines, rest = head(connection)
        assert lines.startswith(b"http/1.1 200"), lines
        print(take(connection, length(lines), rate, rest))
    else:
        connection.sendall(
            b"POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % count)
        send(connection, count, rate)
        lines, rest = head(connection)
        assert lines.startswith(b"http/1.1 200"), lines
        while len(rest) < length(lines):
            rest += connection.recv(100)
        print(rest.decode())


def started(*arguments):
    """This file as a process."""
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


if __name__ == "__main__":
    try:
        {"client": client, "upstream": upstream}[sys.argv[1]](*sys.argv[2:])
    except (BrokenPipeError, ssl.SSLError) as failure:
        sys.exit(f"cut off: {failure}")
