"""The programs that are compared and those that make the load: unpacked, not installed."""

import os
import pathlib
import subprocess

from support.gateway import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = pathlib.Path(os.environ.get("SALLYPORT_PEERS", ROOT / ".build/peers"))

NGINX = UNPACKED / "usr/sbin/nginx"
HAPROXY = UNPACKED / "usr/sbin/haproxy"
H2LOAD = UNPACKED / "usr/bin/h2load"
RELAY = pathlib.Path(os.environ.get("SALLYPORT_RELAY", ROOT / ".build/benchmarks/release/relay"))


def missing():
    """The first program that is not there; None when all are."""
    for program in [NGINX, HAPROXY, H2LOAD, RELAY, binary()]:
        if not program.exists():
            return program
    return None


def environment():
    """Finds the libraries that were unpacked beside the programs."""
    machine = os.uname().machine
    return {**os.environ, "LD_LIBRARY_PATH": str(UNPACKED / f"usr/lib/{machine}-linux-gnu")}


def first_line(*command):
    """What a program says of its version."""
    ended = subprocess.run(
        list(map(str, command)), env=environment(), capture_output=True, text=True, check=False
    )
    return (ended.stdout or ended.stderr).splitlines()[0].strip()
