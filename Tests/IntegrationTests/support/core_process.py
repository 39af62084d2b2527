"""A core in a process of its own, which can be killed: it lets every session pass, and gives every
child token a successor."""

import json
import signal
import subprocess
import sys

from support.core import Core
from support.keys import base64url
from support.tokens import claims_of, compact


class CoreProcess:
    """Started on a port, killed, and started again."""

    def __init__(self, keys, port):
        self.keys = keys
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Returns when it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "support.core_process", str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        self.process.stdin.write(json.dumps(self.keys.web_keys()))
        self.process.stdin.close()
        assert self.process.stdout.readline() == "listening\n"

    def kill(self):
        """Returns when nothing of it is left."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def verify(asked):
    token = asked["accessToken"]
    claims = claims_of(token)
    answer = {"status": "OK", "session": {"handle": claims["sessionHandle"], "userId": "user-1"}}
    if claims.pop("parentRefreshTokenHash1") is not None:
        header, _, signature = token.split(".")
        successor = {**claims, "parentRefreshTokenHash1": None}
        answer["accessToken"] = {"token": f"{header}.{base64url(compact(successor))}.{signature}"}
    return answer


def main(port):
    core = Core(None)
    core.web_keys = json.load(sys.stdin)
    core.offers_handshake = False
    core.verify = verify
    core.listen(port)
    print("listening", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]))
