"""The release binary under callgrind, and what its functions cost."""

import collections
import subprocess

from support.gateway import Gateway, binary
from support.toolchain import beside_swift


class CountedGateway(Gateway):
    """A gateway whose instructions are counted; slower by a factor of fifty."""

    patience = 60

    def program(self):
        stripped = self.folder / "sallyport"
        # valgrind cannot read Swift's debug information.
        subprocess.run(
            [beside_swift("llvm-objcopy"), "--strip-debug", binary(), stripped], check=True
        )
        return [
            "valgrind", "--quiet", "--tool=callgrind", f"--vgdb-prefix={self.folder}/vgdb",
            f"--callgrind-out-file={self.folder}/costs", "--compress-strings=no",
            "--compress-pos=no", stripped,
        ]

    def spent(self):
        """What each function cost since this was asked last: (name, calls, instructions)."""
        before = set(self.folder.glob("costs.*"))
        subprocess.run(
            ["vgdb", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={self.process.pid}", "dump"],
            check=True, capture_output=True,
        )
        (dump,) = set(self.folder.glob("costs.*")) - before
        return read(dump)


def read(dump):
    """Reads a file of callgrind's: calls of each function and what they cost, callees included."""
    calls, costs = collections.Counter(), collections.Counter()
    function = callee = None
    for line in dump.read_text().splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line.startswith("cfn="):
            callee = line[4:]
        elif line.startswith("calls="):
            calls[callee] += int(line[6:].split()[0])
        elif line[:1].isdigit() and function:
            costs[function] += int(line.split()[1])
    names = demangled(costs)
    return [(names[name], calls[name], costs[name]) for name in costs]


def demangled(names):
    """Each name as it is written in Swift, without its types."""
    names = list(names)
    text = subprocess.run(
        [beside_swift("swift-demangle"), "--simplified"], input="\n".join(names),
        capture_output=True, text=True, check=True,
    ).stdout
    plain = [line.removeprefix("specialized ").removeprefix("static ") for line in text.split("\n")]
    return dict(zip(names, plain))
