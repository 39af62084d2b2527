"""A core in a process of its own, which can be killed: it lets every session pass, and gives every
child token a successor."""

import json
import signal
import sys

from support.core import Core
from support.keys import base64url
from support.own_process import OwnProcess
from support.tokens import claims_of, compact


class CoreProcess(OwnProcess):
    """Started on a port, killed, and started again."""

    def __init__(self, keys, port):
        super().__init__("core_process", port, json.dumps(keys.web_keys()))


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
