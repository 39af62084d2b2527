"""A wall clock that the test sets: `clock.c`, preloaded into the gateway."""

import mmap
import pathlib
import struct
import subprocess

from support.toolchain import beside_swift

SOURCE = pathlib.Path(__file__).with_name("clock.c")


class WallClock:
    """How far the gateway's wall clock is from the machine's; `environment` makes it so."""

    def __init__(self, folder):
        library, file = folder / "clock.so", folder / "clock"
        subprocess.run(
            [beside_swift("clang"), "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o", library,
             SOURCE],
            check=True,
        )
        file.write_bytes(bytes(8))
        with open(file, "r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "SALLYPORT_CLOCK_OFFSET": str(file)}

    def jump(self, seconds):
        """Sets it so far from the machine's time; negative = the past."""
        self.memory[:8] = struct.pack("<q", seconds)
