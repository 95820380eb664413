"""Jobs as names on the simulated disk: what came is kept, outputs are what a modelled job must have made.

    jobs!7!taken                            package hash, manifest
    jobs!7!0!checkpoints!checkpoint-1 ...   `sim.payload.checkpoints`
    jobs!7!0!outputs!wrong                  one octet: a bit of its outputs has flipped

The parts of a package are verified and not laid out: no program runs here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from flight.jobs import Closed, Fault, FileHash, Gate, Manifest, PackageReader, Refusal
from flight.ports import Disk
from flight.workers.job_shelf import RECORD_NAME, TABLE_NAME, Printed, folders_of, read_record, record_of
from sim.payload.checkpoints import flat
from sim.payload.stand_in import true_output

ROOT = "/jobs"
PART = ".part"
PIECE = 1 << 16
TABLE = flat(f"{ROOT}/{TABLE_NAME}")


class ModelledShelf:
    """`flight.workers.job_shelf.JobShelf`.  Every output is as long as it may be."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def jobs(self) -> list[int]:
        end = f"!{RECORD_NAME}"
        names = [name for name in self.disk.names() if name.endswith(end)]
        return sorted(int(name.split("!")[1]) for name in names)

    def taken(self, job: int) -> Closed | None:
        name = _record(job)
        try:
            return read_record(self.disk.read(name, 0, self.disk.size(name)))
        except FileNotFoundError:
            return None

    def take(self, job: int, pieces: Iterable[bytes], gate: Gate) -> Closed | Refusal:
        closed = _read(pieces, gate)
        if isinstance(closed, Refusal):
            return closed
        self._remove(lambda number: number == str(job))
        self._write(_record(job), record_of(closed))
        return closed

    def outputs(self, job: int, stage: int, manifest: Manifest) -> tuple[FileHash, ...] | tuple[Fault, ...]:
        found = []
        for output in manifest.outputs:
            octets = self._made(job, stage, manifest, output.path, output.size_most)
            found.append(FileHash(output.path, len(octets), sha256(octets).digest()))
        return tuple(found)

    def read_output(self, job: int, stage: int, file: FileHash) -> Iterator[bytes]:
        closed = self.taken(job)
        assert closed is not None
        octets = self._made(job, stage, closed.manifest, file.path, file.size)
        yield from (octets[start : start + PIECE] for start in range(0, len(octets), PIECE))

    def printed(self, job: int, stage: int) -> Printed:
        return Printed(f"modelled job {job}, stage {stage}\n".encode(), b"")

    def keep_only(self, jobs: frozenset[int]) -> None:
        kept = {TABLE_NAME, *map(str, jobs)}
        self._remove(lambda number: number not in kept)

    def table(self) -> bytes | None:
        try:
            return self.disk.read(TABLE, 0, self.disk.size(TABLE))
        except FileNotFoundError:
            return None

    def keep_table(self, octets: bytes | None) -> None:
        if octets is not None:
            self._write(TABLE, octets)
        elif TABLE in self.disk.names():
            self.disk.remove(TABLE)
            self.disk.sync_directory()

    def _write(self, name: str, octets: bytes) -> None:
        """Whole or not at all."""
        part = name + PART
        self.disk.write(part, 0, octets)
        self.disk.truncate(part, len(octets))
        self.disk.sync(part)
        self.disk.rename(part, name)
        self.disk.sync_directory()

    def _remove(self, goes: Callable[[str], bool]) -> None:
        """The record first: without it nothing else of a job counts."""
        parts = [name for name in self.disk.names() if name.startswith(flat(ROOT) + "!")]
        going = [name for name in parts if goes(name.split("!")[1])]
        for name in sorted(going, key=lambda name: not name.endswith(f"!{RECORD_NAME}")):
            self.disk.remove(name)
        if going:
            self.disk.sync_directory()

    def _made(self, job: int, stage: int, manifest: Manifest, path: str, octets: int) -> bytes:
        right = true_output(manifest.owner, manifest.name, manifest.serial, path, octets)
        with contextlib.suppress(FileNotFoundError):
            wrong = self.disk.read(wrong_name(folders_of(ROOT, job, stage).outputs), 0, 1)
            if wrong:
                return bytes([right[0] ^ wrong[0], *right[1:]])
        return right


def wrong_name(outputs: str) -> str:
    """Where a runner leaves what it has flipped in a job's folder of outputs."""
    return f"{flat(outputs)}!wrong"


def _record(job: int) -> str:
    return flat(f"{ROOT}/{job}/{RECORD_NAME}")


def _read(pieces: Iterable[bytes], gate: Gate) -> Closed | Refusal:
    """To its last octet."""
    reader = PackageReader(gate)
    for piece in pieces:
        for event in reader.receive(piece):
            if isinstance(event, Refusal):
                return event
    closed = reader.finish()
    assert closed is not None
    return closed
