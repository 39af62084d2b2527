"""A stand-in core that promotes child tokens: `children.py PORT FILE KEYS`, where each line of FILE
is a child and its successor, and KEYS a key set. One process, no thread, no log."""

import asyncio
import json
import pathlib
import sys

from templates import CORE_VERSION

SESSION = {"handle": "", "userId": "user-1", "userDataInJWT": {}, "tenantId": "public"}


def answer(value):
    content = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def promotions(file, handle):
    """The answer for each child."""
    session = {**SESSION, "handle": handle}
    found = {}
    for line in pathlib.Path(file).read_text().splitlines():
        child, successor = line.split()
        token = {"token": successor, "expiry": 0, "createdTime": 0}
        found[child] = answer({"status": "OK", "session": session, "accessToken": token})
    return found


class Asked(asyncio.Protocol):
    """One connection."""

    def __init__(self, fixed, promoted):
        self.fixed, self.promoted = fixed, promoted
        self.transport, self.data = None, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            _, _, length = head.partition(b"\r\ncontent-length:")
            whole = end + 4 + int(length.split(b"\r\n")[0] or 0)
            if len(self.data) < whole:
                return
            content, self.data = self.data[end + 4:whole], self.data[whole:]
            path = head.split(b" ")[1]
            self.transport.write(self.fixed.get(path) or self.answered(content))

    def answered(self, content):
        return self.promoted[json.loads(content)["accessToken"]]


async def serve(port, file, keys, handle):
    fixed = {
        b"/apiversion": answer({"versions": [CORE_VERSION]}),
        b"/.well-known/jwks.json": answer(json.loads(keys)),
    }
    promoted = promotions(file, handle)
    server = await asyncio.get_running_loop().create_server(
        lambda: Asked(fixed, promoted), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
