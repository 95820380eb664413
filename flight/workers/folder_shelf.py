"""Jobs as folders on a disk, where a runner finds them.

    ROOT/7/taken                what came: package hash, manifest
    ROOT/7/package/...          its files, read only
    ROOT/7/models/...           links to the resident models that it names
    ROOT/7/0/outputs/ ...       of each stage its own folders (`folders_of`)

A job is made as `7.new` and removed as `7.old`: a name without a suffix is a whole job.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from flight.declare import JobFolders
from flight.jobs import (
    CHUNK,
    PRINTED,
    PRINTED_OCTETS,
    TABLE_OCTETS,
    Closed,
    Fault,
    FileHash,
    Gate,
    Kind,
    Manifest,
    Refusal,
    Refused,
    find_installed,
)
from flight.runners.scratch import empty
from flight.workers.breath import Breath
from flight.workers.job_outputs import collect
from flight.workers.job_shelf import (
    RECORD_NAME,
    TABLE_NAME,
    Printed,
    folders_of,
    read_record,
    record_of,
    stages_of,
)
from flight.workers.no_follow import EXISTING, NEW, parent_of
from flight.workers.unpacking import sync_folder, unpack, write_all

FOLDER_MODE = 0o711  # a job with a user of its own and no mount namespace passes through
FILE_MODE = 0o600
RECORD_OCTETS = 1 << 17
TABLE_KEPT_OCTETS = TABLE_OCTETS + 64  # with its head; longer ones are not ours
MODELS = frozenset({Kind.MODEL})
NEW_SUFFIX, OLD_SUFFIX = ".new", ".old"


class FolderShelf:
    """`models` is the folder of the resident models, each a file NAME-VERSION on the same file system."""

    def __init__(self, root: Path, models: Path | None = None, breath: Breath | None = None) -> None:
        """`root` is made if it is missing; OSError."""
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.root, self.models, self.breath = root, models, breath or Breath()

    def jobs(self) -> list[int]:
        return sorted(int(path.name) for path in self.root.iterdir() if path.name.isdecimal())

    def taken(self, job: int) -> Closed | None:
        try:
            with parent_of(self.root, f"{job}/{RECORD_NAME}") as (at, name):
                return read_record(_read(os.open(name, EXISTING, dir_fd=at), RECORD_OCTETS))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def take(self, job: int, pieces: Iterable[bytes], gate: Gate) -> Closed | Refusal:
        place = self.root / str(job)
        fresh = place.with_suffix(NEW_SUFFIX)
        self._remove(fresh)
        fresh.mkdir(mode=FOLDER_MODE)
        closed = unpack(pieces, fresh / "package", gate, self.breath)
        if isinstance(closed, Closed):
            closed = self._furnish(fresh, closed, gate) or closed
        if isinstance(closed, Refusal):
            self._remove(fresh)
            return closed
        self._remove(place)  # one whose record was damaged
        fresh.rename(place)
        sync_folder(self.root)
        return closed

    def outputs(self, job: int, stage: int, manifest: Manifest) -> tuple[FileHash, ...] | tuple[Fault, ...]:
        return collect(Path(self._folders(job, stage).outputs), manifest, self.breath)

    def read_output(self, job: int, stage: int, file: FileHash) -> Iterator[bytes]:
        with parent_of(Path(self._folders(job, stage).outputs), file.path) as (at, name):
            handle = os.open(name, EXISTING, dir_fd=at)
        try:
            left = file.size
            while left and (piece := os.read(handle, min(CHUNK, left))):
                left -= len(piece)
                yield piece
        finally:
            os.close(handle)

    def printed(self, job: int, stage: int) -> Printed:
        return Printed(*(self._printed(job, stage, name) for name in PRINTED))

    def _printed(self, job: int, stage: int, name: str) -> bytes:
        try:
            with parent_of(Path(self._folders(job, stage).record), name) as (at, last):
                return _read(os.open(last, EXISTING, dir_fd=at), PRINTED_OCTETS)
        except (FileNotFoundError, NotADirectoryError):  # it has never run
            return b""

    def keep_only(self, jobs: frozenset[int]) -> None:
        kept = {TABLE_NAME, *map(str, jobs)}
        for path in sorted(self.root.iterdir()):
            if path.name not in kept:
                self._remove(path)

    def table(self) -> bytes | None:
        try:
            handle = os.open(self.root / TABLE_NAME, EXISTING)
        except FileNotFoundError:
            return None
        return _read(handle, TABLE_KEPT_OCTETS)

    def keep_table(self, octets: bytes | None) -> None:
        place = self.root / TABLE_NAME
        if octets is None:
            place.unlink(missing_ok=True)
        else:
            fresh = place.with_suffix(NEW_SUFFIX)
            fresh.unlink(missing_ok=True)
            _write(fresh, octets)
            fresh.rename(place)
        sync_folder(self.root)

    # ---------------------------------------------------------------- folders

    def _folders(self, job: int, stage: int) -> JobFolders:
        return folders_of(str(self.root), job, stage)

    def _furnish(self, fresh: Path, closed: Closed, gate: Gate) -> Refusal | None:
        """All that a job has beside its package, on the disk."""
        _write(fresh / RECORD_NAME, record_of(closed))
        (fresh / "models").mkdir(mode=FOLDER_MODE)
        lacking = self._link_models(fresh / "models", closed.manifest, gate)
        if lacking:
            return Refusal(Refused.ABSENT, lacking)
        for stage in stages_of(closed.manifest):
            (fresh / str(stage)).mkdir(mode=FOLDER_MODE)
            for name in ("outputs", "checkpoints", "scratch", "control", "record"):
                (fresh / str(stage) / name).mkdir(mode=FOLDER_MODE)
            sync_folder(fresh / str(stage))
        for folder in (fresh / "models", fresh):
            sync_folder(folder)
        return None

    def _link_models(self, folder: Path, manifest: Manifest, gate: Gate) -> tuple[str, ...]:
        """A line for each that is not there."""
        lacking = []
        for needed in manifest.models:
            one = find_installed(gate.catalogue or (), needed, MODELS)
            file = None if one is None or self.models is None else self.models / f"{one.name}-{one.version}"
            if one is None or file is None or not file.is_file():
                lacking.append(f"model {needed} is in the catalogue, and its file is not on board")
            else:
                os.link(file, folder / one.name, follow_symlinks=False)
        return tuple(lacking)

    def _remove(self, path: Path) -> None:
        """Of a job, under another name first: so no part of one is ever taken for a whole one."""
        if path.is_dir() and not path.suffix:
            old = path.with_suffix(OLD_SUFFIX)
            _destroy(old)
            path.rename(old)
            sync_folder(self.root)
            path = old
        _destroy(path)


def _destroy(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        empty(str(path))
        path.rmdir()


def _write(place: Path, octets: bytes) -> None:
    """A new file, synced."""
    handle = os.open(place, NEW, FILE_MODE)
    try:
        write_all(handle, octets)
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(handle: int, most: int) -> bytes:
    """The last octets of a file, and its handle is closed."""
    try:
        size = os.fstat(handle).st_size
        return os.pread(handle, most, max(0, size - most))
    finally:
        os.close(handle)
