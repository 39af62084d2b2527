"""What was measured on, with what, and how long."""

import os
import pathlib
import subprocess
import time

import peers
import servers


def machine(options):
    """One paragraph."""
    programs = ", ".join(servers.versions())
    commit = subprocess.run(
        ["git", "-C", str(peers.ROOT), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()
    return (
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, commit {commit}; "
        f"{os.cpu_count()} × {processor_name()}, Linux {os.uname().release}; {programs}; "
        f"{options.rounds} rounds of {options.seconds} s.\n"
    )


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return os.uname().machine
