"""Free ports on the loopback address."""

import random
import socket

# Below those that Linux gives to whoever asks for any (`ip_local_port_range`): nobody's connection
# takes one of these between the look here and the listening.
FIRST, LAST = 16384, 32767

_given = set()


def free_port():
    """A port that nothing listens on and that was not given before."""
    while True:
        port = random.randint(FIRST, LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
