"""WebSockets of others' making through the gateway: the client and the server of `websockets`, and
aiohttp's client, over TLS, with a session."""

import asyncio
import contextlib
import ssl
import threading

import aiohttp
import pytest
import websockets
from support.certificates import write_certificate
from support.gateway import Gateway
from support.tokens import access
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

SIZE = 4 << 20


async def echo(connection):
    """Sends back what comes; some texts have it do something else."""
    async for message in connection:
        if message == "who":
            await connection.send(connection.request.headers.get("Authorization", "nobody"))
        elif message == "pieces":
            await connection.send(piece for piece in ["a" * 70_000, "", "b", "c" * 3])
        elif message == "ping":
            await (await connection.ping(b"from the server"))
            await connection.send("ponged")
        elif message == "close":
            await connection.close(4001, "as asked")
        else:
            await connection.send(message)


class Server:
    """`websockets.serve` in a thread of its own."""

    def __enter__(self):
        self.started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True).start()
        assert self.started.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stopped.set)

    async def run(self):
        self.loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        async with serve(
            echo, "127.0.0.1", 0, max_size=SIZE,
            select_subprotocol=lambda _, offered: "chat" if "chat" in offered else None,
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.started.set()
            await self.stopped.wait()


@pytest.fixture(scope="module")
def sockets(core, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sockets")
    pair = write_certificate(folder, "localhost", ["localhost", "127.0.0.1"])
    with Server() as server:
        configuration = {
            "server": {"workers": 2, "shutdown_grace": "1s"},
            "sessions": {"core": {"urls": [core.url]}},
            "upstreams": {"main": {"targets": [f"http://127.0.0.1:{server.port}"]}},
            "routes": [{"path_prefix": "/", "upstream": "main"}],
        }
        with Gateway(configuration, folder, {"certificates": [pair.files()]}) as gateway:
            gateway.wait_for_keys()
            gateway.url = f"wss://localhost:{gateway.port}/socket"
            gateway.tls = ssl.create_default_context(cafile=str(pair.certificate))
            yield gateway


@pytest.fixture
def token(keys):
    return access(keys.dynamic)


def opened(sockets, token, **options):
    headers = {"Cookie": f"sAccessToken={token}"}
    options = {"max_size": SIZE, "additional_headers": headers, **options}
    return connect(sockets.url, ssl=sockets.tls, **options)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages(sockets, token, compression):
    """Texts and bytes of every length of the length's three forms, compressed and not."""
    async def talk():
        async with opened(sockets, token, compression=compression) as connection:
            extensions = [each.name for each in connection.protocol.extensions]
            assert extensions == (["permessage-deflate"] if compression else [])
            for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
                for message in ("ü" * (size // 2), bytes(range(256)) * (size // 256 + 1)):
                    await connection.send(message)
                    assert await connection.recv() == message
            await connection.send("who")
            assert await connection.recv() == f"Bearer {token}"

    run(talk())


def test_fragmented_messages(sockets, token):
    async def talk():
        async with opened(sockets, token) as connection:
            await connection.send(part for part in [b"a", b"", b"b" * 100_000, b"c"])
            assert await connection.recv() == b"a" + b"b" * 100_000 + b"c"
            await connection.send("pieces")
            assert [part async for part in connection.recv_streaming()] \
                == ["a" * 70_000, "", "b", "ccc", ""]

    run(talk())


def test_ping_and_pong(sockets, token):
    async def talk():
        async with opened(sockets, token) as connection:
            assert await (await connection.ping(b"from the client")) >= 0
            await connection.send("ping")
            assert await connection.recv() == "ponged"

    run(talk())


def test_close_of_the_server(sockets, token):
    async def talk():
        async with opened(sockets, token) as connection:
            await connection.send("close")
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await connection.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as asked")

    run(talk())


def test_close_of_the_client(sockets, token):
    async def talk():
        async with opened(sockets, token) as connection:
            await connection.close(4002, "enough")
            assert connection.close_code == 4002

    run(talk())


def test_subprotocol(sockets, token):
    async def talk():
        async with opened(sockets, token, subprotocols=["other", "chat"]) as connection:
            assert connection.subprotocol == "chat"

    run(talk())


@pytest.mark.parametrize("origin, status", [
    ("https://localhost:{port}", 101), ("https://evil.test", 403), (None, 101),
])
def test_origin(sockets, token, origin, status):
    async def talk():
        own = origin and origin.format(port=sockets.port)
        async with opened(sockets, token, origin=own):
            return 101

    try:
        found = run(talk())
    except websockets.InvalidStatus as refused:
        found = refused.response.status_code
    assert found == status


def test_no_session(sockets):
    async def talk():
        async with connect(sockets.url, ssl=sockets.tls):
            pass

    with pytest.raises(websockets.InvalidStatus) as refused:
        run(talk())
    assert refused.value.response.status_code == 401


def test_many_at_once(sockets, token):
    """Each gets its own messages, in order, while the others send theirs."""
    async def one(number):
        async with opened(sockets, token) as connection:
            messages = [f"{number}:{index}" * (index * 100 + 1) for index in range(20)]
            sending = asyncio.create_task(send_all(connection, messages))
            found = [await connection.recv() for _ in messages]
            await sending
            return found == messages

    async def send_all(connection, messages):
        for message in messages:
            await connection.send(message)

    async def talk():
        return await asyncio.gather(*(one(number) for number in range(40)))

    assert run(talk()) == [True] * 40


def test_aiohttp(sockets, token):
    async def talk():
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            socket = await stack.enter_async_context(session.ws_connect(
                sockets.url, ssl=sockets.tls, compress=15, max_msg_size=SIZE,
                headers={"Authorization": f"Bearer {token}"},
            ))
            await socket.send_str("a" * (1 << 20))
            assert await socket.receive_str() == "a" * (1 << 20)
            await socket.ping(b"x")
            await socket.send_bytes(bytes(1000))
            assert await socket.receive_bytes() == bytes(1000)

    run(talk())
