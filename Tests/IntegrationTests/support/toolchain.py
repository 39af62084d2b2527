"""Programs of the Swift toolchain."""

import os
import shutil


def beside_swift(program):
    """The path of a program that comes with Swift, or else of the system's."""
    folder = os.path.dirname(shutil.which("swift") or "")
    found = shutil.which(program, path=os.pathsep.join([folder, os.environ["PATH"]]))
    assert found, f"no {program} beside swift"
    return found
