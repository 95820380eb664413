"""A job package laid out as files, for a runner: whole, or not at all.

The new folder is made beside its place and renamed when the last part is right and everything is on the disk.  Each
name is walked from a descriptor and made new there, so that nothing that stands in the way is followed or overwritten.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from flight.jobs import Closed, Gate, Opened, PackageReader, PartEnds, PartOctets, Refusal, Refused
from flight.workers.breath import SLICE_OCTETS
from flight.workers.no_follow import FOLDER, FOLDER_MODE, NEW, parent_of

FILE_MODE = 0o444  # inputs are read only
PROGRAM_MODE = 0o555  # the entry and the verifier, which may be programs of the board's architecture


def unpack(
    pieces: Iterable[bytes], place: Path, gate: Gate, breath: Callable[[], None] = lambda: None
) -> Closed | Refusal:
    """`place` must not be there yet, its parent must.  After a refusal nothing is left.

    `breath` is called often, and each file synced in slices (`flight.workers.breath`).
    """
    fresh = place.with_name(place.name + ".part")
    try:
        shutil.rmtree(fresh, ignore_errors=True)  # of a power cut
        if place.exists() or place.is_symlink():
            return Refusal(Refused.STORAGE, (f"{place.name} is there already",))
        fresh.mkdir(mode=FOLDER_MODE)
        result = _fill(pieces, fresh, gate, breath)
        if isinstance(result, Closed):
            fresh.rename(place)
            sync_folder(place.parent)
    except OSError as error:
        result = Refusal(Refused.STORAGE, (error.strerror or type(error).__name__,))
    if isinstance(result, Refusal):
        shutil.rmtree(fresh, ignore_errors=True)
    return result


def _fill(pieces: Iterable[bytes], folder: Path, gate: Gate, breath: Callable[[], None]) -> Closed | Refusal:
    reader, file, programs, unsynced = PackageReader(gate), -1, set[str](), 0
    try:
        for piece in pieces:
            for event in reader.receive(piece):
                if isinstance(event, Refusal):
                    return event
                if isinstance(event, PartOctets | PartEnds) and file < 0:
                    file = _new_file(folder, event.part.path, programs)
                if isinstance(event, PartOctets):
                    unsynced = write_slice(file, event.octets, unsynced)
                    breath()
                if isinstance(event, PartEnds):
                    os.fsync(file)
                    os.close(file)
                    file = -1
                if isinstance(event, Opened):
                    programs = {event.manifest.entry, event.manifest.verifier}
        closed = reader.finish()
    finally:
        if file >= 0:
            os.close(file)
    assert closed is not None
    if isinstance(closed, Closed):
        for path, _, _ in os.walk(folder):
            sync_folder(Path(path))
    return closed


def _new_file(folder: Path, path: str, programs: set[str]) -> int:
    with parent_of(folder, path, make=True) as (at, name):
        return os.open(name, NEW, PROGRAM_MODE if path in programs else FILE_MODE, dir_fd=at)


def write_slice(file: int, octets: bytes, unsynced: int) -> int:
    """How many octets are not synced after it, with so many before it."""
    write_all(file, octets)
    unsynced += len(octets)
    if unsynced < SLICE_OCTETS:
        return unsynced
    os.fdatasync(file)
    return 0


def write_all(file: int, octets: bytes) -> None:
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
