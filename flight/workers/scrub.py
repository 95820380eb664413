"""A slow walk over the stored files: each is read in slices and compared with the sum that was kept of it."""

from __future__ import annotations

from zlib import crc32

from flight.declare.filing import NO_DEADLINE
from flight.wire.cfdp import DiskFileStore, StoredFile
from flight.wire.cfdp.kept_sums import Kept, KeptSums
from flight.wire.cfdp.names import OWN_PREFIX

SECOND = 1_000_000_000
SLICE_OCTETS = 1 << 20  # 50 ms of an SD card at 20 MB/s, so that a turn of the line waits no longer
PAUSE_NS = 60 * SECOND  # between slices: a full store of 64 MiB takes an hour
ROUND_NS = 6 * 3600 * SECOND  # between rounds; two upsets in one file within that time are one damage, too
FIRST_NS = 300 * SECOND  # after a boot, which has better things to do


class Scrub:
    """`due` is when it wants `walk` to be called, NO_DEADLINE while nothing is stored."""

    def __init__(self, store: DiskFileStore, sums: KeptSums, now: int) -> None:
        self._store, self._sums = store, sums
        self._waiting: list[str] = []  # names of this round, the next one last
        self._name = ""
        self._file: StoredFile | None = None
        self._read = Kept(0, 0)
        self._changes = sums.changes
        self.octets = self.rounds = self.unreadable = 0
        self.due = now + FIRST_NS if self._names() else NO_DEADLINE

    def _names(self) -> list[str]:
        return [name for name, _ in self._store.names() if not name.startswith(OWN_PREFIX)]

    def look(self, now: int) -> list[str]:
        """Once in each turn: a slice if one is due.  Files that are newly found damaged."""
        sums = self._sums
        if sums.suspects and self.due > now + PAUSE_NS:
            self.due = now
        elif self.due == NO_DEADLINE and sums.changes != self._changes:
            self.due = now + ROUND_NS
        if now < self.due:
            return []
        return self._walk(now)

    def _walk(self, now: int) -> list[str]:
        """Whole files as long as the slice lasts."""
        found, left = [], SLICE_OCTETS
        if not self._waiting and self._file is None:
            self._begin_round()
        while left > 0 and self._next():
            assert self._file is not None
            data = self._piece(left)
            left -= max(len(data), 1)
            self.octets += len(data)
            if data:
                self._read = Kept(self._read.octets + len(data), crc32(data, self._read.sum))
            elif self._ended():
                found.append(self._name)
        if self._file is not None or self._waiting or self._sums.suspects:
            self.due = now + PAUSE_NS
        else:
            self.rounds += 1
            self._changes = self._sums.changes
            self.due = now + ROUND_NS if self._names() else NO_DEADLINE
        return found

    def _begin_round(self) -> None:
        self._waiting = self._names()[::-1]

    def _next(self) -> bool:
        """Whether a file is open; one that was replaced or removed meanwhile is begun anew, or passed over."""
        if self._file is not None and self._changes != self._sums.changes:
            self._close()
            self._waiting.append(self._name)
        self._changes = self._sums.changes
        while self._file is None and (self._sums.suspects or self._waiting):
            suspects = self._sums.suspects
            self._name = suspects.pop() if suspects else self._waiting.pop()
            self._read = Kept(0, 0)
            if self._store.exists(self._name):
                self._file = self._store.open(self._name)
        return self._file is not None

    def _piece(self, left: int) -> bytes:
        """Empty at the end, or where the disk cannot read: then the file is shorter than it was, and damaged."""
        assert self._file is not None
        try:
            return self._file.read(self._read.octets, left)
        except OSError:
            self.unreadable += 1
            return b""

    def _ended(self) -> bool:
        self._close()
        return self._sums.settle(self._name, self._read)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
