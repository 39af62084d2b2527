"""A server in a process of its own: the tests' interpreter stays out of its way, and it can be
killed."""

import subprocess
import sys


class OwnProcess:
    """A module of `support` that serves on a port: it says `listening` when it does."""

    def __init__(self, module, port, told=""):
        self.module, self.port, self.told = module, port, told
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Returns when it listens; it was told what it reads from its input."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"support.{self.module}", str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        self.process.stdin.write(self.told)
        self.process.stdin.close()
        assert self.process.stdout.readline() == "listening\n"

    def kill(self):
        """Returns when nothing of it is left."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
