"""WebSocket handshakes and frames as bytes (RFC 6455), and upstreams that switch."""

import base64
import hashlib
import queue
import socket
import struct
import threading

from support.message import get
from support.upstream import OK

# RFC 6455 §1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
IDENTIFIER = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# A masked text frame `Hello` (RFC 6455 §5.7): bytes that no request begins with.
HELLO = bytes([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])

DATA = bytes(range(256)) * 4096


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + IDENTIFIER).encode()).digest()).decode()


def handshake(target, *fields, upgrade="Upgrade: websocket", connection="Connection: Upgrade",
              key=f"Sec-WebSocket-Key: {KEY}", version="Sec-WebSocket-Version: 13"):
    """A client's handshake; what is None is left out."""
    lines = [line for line in (upgrade, connection, key, version) if line is not None]
    return get(target, *lines, *fields)


def switching(*fields, upgrade="Upgrade: websocket", connection="Connection: Upgrade",
              accept=f"Sec-WebSocket-Accept: {ACCEPT}", line="HTTP/1.1 101 Switching Protocols"):
    """A server's answer to it."""
    lines = [line, upgrade, connection, accept, *fields]
    return "".join(f"{line}\r\n" for line in lines if line is not None).encode() + b"\r\n"


def frame(payload, opcode=2, final=True, mask=None):
    """One frame; a client's has a mask of four bytes."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 1 << 16:
        length = b"\x7e" + struct.pack(">H", size)
    else:
        length = b"\x7f" + struct.pack(">Q", size)
    head = bytes([opcode | (0x80 if final else 0), length[0] | (0x80 if mask else 0)]) + length[1:]
    if mask:
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        head += mask
    return head + payload


class End:
    """The upstream's end of a tunnel."""

    def __init__(self, call):
        self.socket = call.socket
        self.message = call.message
        self.reader = call.reader
        self.over = threading.Event()
        self.socket.settimeout(5)

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        return self.reader.exactly(count)

    def finish(self):
        """Ends its sending, and reads on."""
        self.socket.shutdown(socket.SHUT_WR)

    def has_nothing(self, within=0.2):
        """Whether nothing comes, and no end."""
        if self.reader.buffer:
            return False
        self.socket.settimeout(within)
        try:
            self.socket.recv(1)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def close(self):
        self.socket.close()
        self.over.set()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Switching:
    """Makes an upstream switch where it is asked to, once `may_answer` is set; `opened()` is its
    end of the next tunnel. Other requests get 200."""

    def __init__(self, upstream, *fields, behind=b""):
        self.fields = fields
        self.behind = behind
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = queue.Queue()
        self.ends = queue.Queue()
        upstream.answer = self

    def __call__(self, call):
        key = call.message.value("sec-websocket-key")
        if call.message.value("upgrade") is None or key is None:
            call.send(OK)
            return
        end = End(call)
        self.asked.put(end)
        self.may_answer.wait(20)
        accept = f"Sec-WebSocket-Accept: {accept_of(key)}"
        call.send(switching(*self.fields, accept=accept) + self.behind)
        self.ends.put(end)
        end.over.wait(60)

    def opened(self):
        return self.ends.get(timeout=5)


def open_tunnel(gateway, switch, target="/public", *fields, **options):
    """Both ends of a new tunnel: the client's connection, and the upstream's `End`."""
    connection = gateway.connect(**options)
    connection.send(handshake(target, *fields))
    answer = connection.read()
    assert answer.status == 101, answer
    end = switch.opened()
    for each in (connection.socket, end.socket):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection, end


def both_ways(connection, end, data=DATA):
    """Both sides send at once, and get all of it."""
    found = {}

    def read(name, reader):
        found[name] = reader.exactly(len(data))

    threads = [
        threading.Thread(target=read, args=("client", connection.reader)),
        threading.Thread(target=read, args=("upstream", end.reader)),
        threading.Thread(target=connection.socket.sendall, args=(data,)),
        threading.Thread(target=end.socket.sendall, args=(data,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {"client": data, "upstream": data}
