"""HTTP/1.1 messages as bytes: written by hand, read without mercy."""

import dataclasses

import pytest


def request(line, *fields, body=b""):
    """The bytes of a request. Fields are strings or bytes, `Host: app.example.com` unless given."""
    lines = [_bytes(field) for field in fields]
    if not any(field.lower().startswith(b"host") for field in lines):
        lines.insert(0, b"Host: app.example.com")
    return b"\r\n".join([_bytes(line), *lines, b"", b""]) + body


def get(target, *fields):
    return request(f"GET {target} HTTP/1.1", *fields)


def post(target, *fields, body=b""):
    return request(f"POST {target} HTTP/1.1", *fields, f"Content-Length: {len(body)}", body=body)


def chunked(*chunks, trailers=()):
    """Content in the chunked coding."""
    out = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return out + b"0\r\n" + b"".join(_bytes(field) + b"\r\n" for field in trailers) + b"\r\n"


def bearer(token):
    return f"Authorization: Bearer {token}"


def cookie(token):
    return f"Cookie: sAccessToken={token}"


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def rows(table):
    """Parameters of a test from rows that begin with their name."""
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@dataclasses.dataclass
class Message:
    """A message as read: start line, field lines in order, content decoded and as sent."""

    line: bytes
    fields: list
    body: bytes = b""
    raw_body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)

    @property
    def status(self):
        return int(self.line.split(b" ")[1])

    @property
    def target(self):
        return self.line.split(b" ")[1].decode("latin-1")

    def values(self, name):
        """The values of all fields of that name, in order."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == wanted]

    def value(self, name):
        """The one value of a field that occurs at most once."""
        found = self.values(name)
        assert len(found) <= 1, f"{name} occurs {len(found)} times"
        return found[0] if found else None

    @property
    def names(self):
        return [key.decode("latin-1").lower() for key, _ in self.fields]

    @property
    def reason(self):
        return self.value("sallyport-reason")


class Reader:
    """Reads messages from a socket."""

    def __init__(self, socket):
        self.socket = socket
        self.buffer = bytearray()

    def fill(self):
        """Reads once; False at the end of the stream."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return data != b""

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise EOFError(bytes(self.buffer))
        return self.taken(self.buffer.index(mark) + len(mark))

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError(bytes(self.buffer))
        return self.taken(count)

    def taken(self, count):
        found = bytes(self.buffer[:count])
        del self.buffer[:count]
        return found

    def rest(self):
        while self.fill():
            pass
        return self.taken(len(self.buffer))

    def head(self):
        lines = self.until(b"\r\n\r\n")[:-4].split(b"\r\n")
        return Message(lines[0], [_field(line) for line in lines[1:]])

    def content(self, message, until_close=False):
        """Reads what follows the head, as that says."""
        coding, length = message.value("transfer-encoding"), message.value("content-length")
        if coding is not None:
            self.chunks(message)
        elif length is not None:
            message.raw_body = message.body = self.exactly(int(length))
        elif until_close:
            message.raw_body = message.body = self.rest()
        return message

    def chunks(self, message):
        while True:
            line = self.until(b"\r\n")
            size = int(line.split(b";")[0].strip(), 16)
            message.raw_body += line
            if size == 0:
                break
            data = self.exactly(size + 2)
            assert data.endswith(b"\r\n")
            message.raw_body += data
            message.body += data[:-2]
        while (line := self.until(b"\r\n")) != b"\r\n":
            message.trailers.append(_field(line[:-2]))
            message.raw_body += line
        message.raw_body += b"\r\n"


def _field(line):
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")
