"""The counts of `counter.c`: compiled by the toolchain's own compiler, read through shared memory.

Preloaded into the gateway, it counts every call of the C library's allocator by thread."""

import dataclasses
import mmap
import os
import pathlib
import struct
import subprocess

from support.toolchain import beside_swift

SOURCE = pathlib.Path(__file__).with_name("counter.c")
SLOTS = STACKS = 64
HEADER_BYTES, SLOT_BYTES, STACK_BYTES = 64, 64, 256
TABLE_BYTES = HEADER_BYTES + SLOTS * SLOT_BYTES + STACKS * STACK_BYTES


def compiled(folder):
    """The library to preload."""
    library = folder / "counter.so"
    subprocess.run(
        [beside_swift("clang"), "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-pthread",
         "-o", library, SOURCE],
        check=True,
    )
    return library


@dataclasses.dataclass(frozen=True)
class Counts:
    """What one thread, or several together, did so far."""

    allocations: int = 0
    releases: int = 0
    mappings: int = 0
    allocated_bytes: int = 0
    released_bytes: int = 0

    def __add__(self, other):
        return Counts(*map(sum, zip(dataclasses.astuple(self), dataclasses.astuple(other))))

    def __sub__(self, other):
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other))
        return Counts(*(one - two for one, two in pairs))

    @property
    def held_bytes(self):
        """Allocated and not released; a block may be released by another thread."""
        return self.allocated_bytes - self.released_bytes


class Table:
    """The shared memory of one gateway."""

    def __init__(self, folder, library):
        self.file = folder / "allocations"
        self.file.write_bytes(bytes(TABLE_BYTES))
        self.environment = {"LD_PRELOAD": str(library), "ALLOCATION_TABLE": str(self.file)}
        with open(self.file, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), TABLE_BYTES)

    def threads(self):
        """Counts by the number of the thread."""
        taken = min(struct.unpack_from("Q", self.memory, 8)[0], SLOTS)
        slots = [
            struct.unpack_from("6Q", self.memory, HEADER_BYTES + index * SLOT_BYTES)
            for index in range(taken)
        ]
        return {slot[0]: Counts(*slot[1:]) for slot in slots}

    def of(self, process, name):
        """The counts of all threads of a process whose name begins so."""
        found = Counts()
        for thread, counts in self.threads().items():
            comm = pathlib.Path(f"/proc/{process}/task/{thread}/comm")
            if comm.exists() and comm.read_text().startswith(name):
                found += counts
        return found

    def whole(self):
        return sum(self.threads().values(), Counts())

    def record(self, recording):
        """From now on stacks of allocations are kept, from none on, or no more."""
        if recording:
            struct.pack_into("Q", self.memory, 16, 0)
        struct.pack_into("Q", self.memory, 0, int(recording))

    def stacks(self, process, binary):
        """Who allocated while recording, in words: once for each way of getting there."""
        taken = min(struct.unpack_from("Q", self.memory, 16)[0], STACKS)
        places = places_of(process, binary)
        told = []
        for index in range(taken):
            offset = HEADER_BYTES + SLOTS * SLOT_BYTES + index * STACK_BYTES
            thread, size, depth, *addresses = struct.unpack_from("32Q", self.memory, offset)
            own = [places(address) for address in addresses[:depth]]
            told.append(f"thread {thread}, {size} bytes:\n" + names_of(binary, own))
        return "\n".join(dict.fromkeys(told))


def places_of(process, binary):
    """A function from addresses of a running process to offsets in its binary, None elsewhere."""
    starts = []
    for line in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines():
        fields = line.split()
        if fields[-1] == os.path.realpath(binary):
            first, last = (int(number, 16) for number in fields[0].split("-"))
            starts.append((first, last))
    base = min(first for first, _ in starts)
    return lambda address: (
        address - base if any(first <= address < last for first, last in starts) else None
    )


def names_of(binary, places):
    """The functions at these places, innermost first."""
    known = [hex(place - 1) for place in places if place is not None]
    if not known:
        return "  (outside the binary)\n"
    line = [beside_swift("llvm-symbolizer"), "--relativenames", f"--obj={binary}", *known]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    line = [beside_swift("swift-demangle"), "--simplified"]
    return subprocess.run(line, input=text, capture_output=True, text=True, check=True).stdout
