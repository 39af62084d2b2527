"""An upstream for load: answers every request on many connections, in one thread of its own
process, so that the tests' interpreter stays out of the way."""

import asyncio
import sys

from support.own_process import OwnProcess

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Answering(asyncio.Protocol):
    """Counts the ends of heads; enough for requests without content."""

    def connection_made(self, transport):
        self.transport = transport
        self.rest = b""

    def data_received(self, data):
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        self.transport.write(ANSWER * len(heads))


class AnsweringProcess(OwnProcess):
    """The same in another process, on a port given."""

    def __init__(self, port):
        super().__init__("answering", port)


async def main(port):
    server = await asyncio.get_running_loop().create_server(
        Answering, "127.0.0.1", port, backlog=1024
    )
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
