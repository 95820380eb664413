"""The open file store with all that must know of a change in it: files that appear whole, and files that go."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from flight.ports import Disk
from flight.wire.cfdp import CfdpEntity, DiskFileStore, KeptSums
from flight.wire.cfdp.kept_sums import Kept
from flight.wire.cfdp.names import OWN_PREFIX, safe_name
from flight.workers.breath import SLICE_OCTETS

CHUNK = 1 << 16
PART = OWN_PREFIX + "shelf.part"  # cleared away by the next start if the power is cut


@dataclass(frozen=True, slots=True)
class OpenFiles:
    disk: Disk
    store: DiskFileStore
    sums: KeptSums
    entity: CfdpEntity
    breath: Callable[[], None] = lambda: None
    arrived: set[str] = field(default_factory=set)  # names of files that have come since the work began

    def is_sent(self, name: str) -> bool:
        """Right now: it must not change."""
        return any(one.file_name == name and not one.ending for one in self.entity.senders.values())

    def is_touched(self, name: str) -> bool:
        """While the work at hand took its breaths it went, another came in its place, or it began to be sent."""
        return name in self.arrived or self.is_sent(name) or not self.holds(name)

    def holds(self, name: str) -> bool:
        return is_safe(name) and self.store.exists(name)

    def size(self, name: str) -> int:
        file = self.store.open(name)
        try:
            return file.size()
        finally:
            file.close()

    def remove(self, name: str) -> None:
        """OSError, FileNotFoundError if it is absent."""
        self.store.remove(name)
        self.disk.sync_directory()
        self.sums.forget(name)

    def read(self, name: str) -> Iterator[bytes]:
        file = self.store.open(name)
        try:
            at = 0
            while piece := file.read(at, CHUNK):
                at += len(piece)
                yield piece
                self.breath()
        finally:
            file.close()

    def write(self, name: str, pieces: Iterable[bytes]) -> int:
        """A file that is there whole, or not at all, or still the old one.

        Gives its octets.  OSError, also for the quota, and for a file that somebody has begun to send meanwhile.
        """
        assert is_safe(name)
        octets = total = unsynced = 0
        try:
            file = self.store.create(PART)
            try:
                for piece in pieces:
                    file.write(octets, piece)
                    octets, total = octets + len(piece), crc32(piece, total)
                    unsynced += len(piece)
                    if unsynced >= SLICE_OCTETS:
                        file.sync()
                        unsynced = 0
                    self.breath()
                file.sync()
            finally:
                file.close()
            self._refuse_sent(name)
            self.sums.expect(name, Kept(octets, total))
            self.store.rename(PART, name)
        except OSError:
            with contextlib.suppress(OSError):
                self.store.remove(PART)
            raise
        self.sums.delivered(name)
        return octets

    def _refuse_sent(self, name: str) -> None:
        if self.is_sent(name):
            raise OSError(errno.EBUSY, f"{name} is being sent")


def is_safe(name: str) -> bool:
    return safe_name(name.encode(errors="replace")) == name
