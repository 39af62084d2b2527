"""A message through an open tunnel, over TLS, allocates nothing on the worker's thread, whatever
its size and direction."""

import pytest
from support.certificates import trusting
from support.message import cookie
from support.tokens import access
from support.websocket import Switching, frame, open_tunnel
from test_warm_requests import assert_nothing, spent_warm

COUNT = 4


@pytest.mark.parametrize("size", [0, 64, 4096, 65536, 200_000])
def test_warm_messages_allocate_nothing(gateway, upstream, keys, size):
    upstream.reset()
    switch = Switching(upstream)
    token = cookie(access(keys.dynamic))
    tunnels = [
        open_tunnel(gateway, switch, "/required", token, tls=trusting()) for _ in range(COUNT)
    ]
    up, down = frame(bytes(size), mask=b"abcd"), frame(bytes(size))

    def step():
        for connection, end in tunnels:
            connection.send(up)
            assert end.read(len(up)) == up
            end.send(down)
            assert connection.reader.exactly(len(down)) == down

    assert_nothing(gateway, spent_warm(gateway, step))
    for connection, end in tunnels:
        connection.close()
        end.close()
