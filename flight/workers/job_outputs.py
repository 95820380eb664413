"""What a job has left in its folder of outputs, held against its manifest.  Nothing there is trusted or followed.

Only what the manifest names is looked at: a file, at its place, not larger than it says.  Anything else in the folder
is nobody's result and goes nowhere.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from flight.jobs import CHUNK, Fault, FileHash, Manifest, Output
from flight.workers.no_follow import EXISTING, parent_of


def collect(
    folder: Path, manifest: Manifest, breath: Callable[[], None] = lambda: None
) -> tuple[FileHash, ...] | tuple[Fault, ...]:
    """Hashes of all outputs, or a fault for each that is not as it should be.  The job must have ended."""
    found = [_one(folder, output, breath) for output in manifest.outputs]
    faults = tuple(one for one in found if isinstance(one, Fault))
    return faults or tuple(one for one in found if isinstance(one, FileHash))


def _one(folder: Path, output: Output, breath: Callable[[], None]) -> FileHash | Fault:
    try:
        with parent_of(folder, output.path) as (at, name):
            file = os.open(name, EXISTING, dir_fd=at)
    except OSError as error:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return Fault(output.path, "is missing" if absent else os.strerror(error.errno or 0), "a file")
    try:
        state = os.fstat(file)
        if not S_ISREG(state.st_mode):
            return Fault(output.path, "a folder or a device", "a file")
        digest, size = sha256(), 0
        while size <= output.size_most and (piece := os.read(file, CHUNK)):
            digest.update(piece)
            size += len(piece)
            breath()
    except OSError as error:
        return Fault(output.path, os.strerror(error.errno or 0), "a file")
    finally:
        os.close(file)
    if size > output.size_most:
        return Fault(output.path, f"more than {output.size_most:,} octets", "what the manifest says")
    return FileHash(output.path, size, digest.digest())
