"""Checkpoints of modelled jobs on the simulated disk, in the files and the order of writes of the SDK.

`flight.jobs.skyrack_job` writes under another name, syncs, renames, and syncs the directory; two files in turn.  Here
is the same on a `Disk`, so that a power cut or a bad sector can meet it at any operation.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from zlib import crc32

from flight.jobs.skyrack_job import CHECK, HEAD, MAGIC, SLOTS, read_checkpoint
from flight.ports import Disk

BODY_OCTETS = 16  # what a modelled job has to remember is one number
PART = ".part"


def flat(path: str) -> str:
    """A path as the one directory of the simulated disk has it, like a file store's names."""
    return path.strip("/").replace("/", "!")


class JobCheckpoints(MutableMapping[str, int]):
    """Work done by the folder of the job's checkpoints, as `ModelledRunner` wants it.

    `failed` counts checkpoints that the disk would not take: the job goes on, and the one before counts.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.failed = 0

    def __getitem__(self, folder: str) -> int:
        newest = max(self._whole(folder), default=None)
        if newest is None:
            raise KeyError(folder)
        return newest[1]

    def __setitem__(self, folder: str, done: int) -> None:
        number = 1 + max((number for number, _ in self._whole(folder)), default=0)
        body = done.to_bytes(BODY_OCTETS, "big")
        head = HEAD.pack(MAGIC, number, len(body))
        try:
            self._write_for_good(
                _name(folder, number % SLOTS), head + CHECK.pack(crc32(body, crc32(head))) + body
            )
        except OSError:
            self.failed += 1

    def __delitem__(self, folder: str) -> None:
        """A runner takes no checkpoint away: its job is begun anew if the power goes before its end is in the book."""

    def __iter__(self) -> Iterator[str]:
        names = {name.rpartition("!checkpoint-")[0] for name in self.disk.names() if "!checkpoint-" in name}
        return iter(sorted(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _whole(self, folder: str) -> list[tuple[int, int]]:
        """Number and work of each checkpoint that is whole."""
        found = []
        for slot in range(SLOTS):
            octets = self._read(_name(folder, slot))
            if octets is not None and (checkpoint := read_checkpoint(octets)) is not None:
                found.append((checkpoint[0], int.from_bytes(checkpoint[1], "big")))
        return found

    def _read(self, name: str) -> bytes | None:
        try:
            return self.disk.read(name, 0, self.disk.size(name))
        except OSError:
            return None

    def _write_for_good(self, name: str, octets: bytes) -> None:
        part = name + PART
        if self._read(part):
            self.disk.truncate(part, 0)
        self.disk.write(part, 0, octets)
        self.disk.sync(part)
        self.disk.rename(part, name)
        self.disk.sync_directory()


def _name(folder: str, slot: int) -> str:
    return f"{flat(folder)}!checkpoint-{slot}"
