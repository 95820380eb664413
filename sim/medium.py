"""What a storage medium holds, what is still on its way there, and what of that survives a power cut.

Used by `sim.disk`.  A file keeps what readers see and enough to take back each change that is not sure, so
that an honest disk without faults pays for one list entry for each write.
"""

from __future__ import annotations

import os
import random
import tempfile
import weakref
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

SHELVED_FROM = 256 * 1024  # octets; smaller files are state that changes again
SECTOR_OCTETS = 512  # the unit that a card or a drive writes whole

# What becomes of an unsure write at a power cut (the rest is torn), and of a sector of a torn one (the rest
# stays as it was).  No card is measured yet; what matters is that each outcome is common.
KEPT, DROPPED = 0.35, 0.25
SECTOR_KEPT, SECTOR_GARBAGE = 0.40, 0.25

Change = tuple[int, bytes | None, bytes, int]
"""(offset, data, what they replaced, size before); with data None a truncation to `offset`."""


class Fate(Enum):
    """Of a change that is no longer plainly pending."""

    SURE = "on the medium"
    CACHED = "acknowledged by a lying device"
    DOOMED = "its sync failed; no later sync covers it"


class Settling:
    """A change on its way to the medium."""

    __slots__ = ("change", "fate")

    def __init__(self, change: Change, fate: Fate) -> None:
        self.change = change
        self.fate = fate


class Shelf:
    """Octets that nobody changes, in a file without a name: a month's recording is no matter of memory."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.size = len(data)
        self._file, name = tempfile.mkstemp(prefix="skyrack-medium-")
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, max(0, min(length, self.size - offset)), offset)


class StoredFile:
    """One file, by whatever name."""

    __slots__ = ("_content", "_shelf", "_untouched", "pending", "settling")

    def __init__(self) -> None:
        self._content = bytearray()
        self._shelf: Shelf | None = None  # holds the octets instead
        self._untouched = False
        self.pending: list[Change] = []  # since the last sync, oldest first
        self.settling: list[Settling] = []  # older; empty on an honest disk that had no errors

    @property
    def size(self) -> int:
        return self._shelf.size if self._shelf is not None else len(self._content)

    @property
    def content(self) -> bytearray:
        """All octets, to be changed."""
        self._untouched = False
        if self._shelf is not None:
            self._content, self._shelf = bytearray(self._shelf.read(0, self._shelf.size)), None
        return self._content

    def read(self, offset: int, length: int) -> bytes:
        if self._shelf is not None:
            return self._shelf.read(offset, length)
        return bytes(self._content[offset : offset + length])

    @property
    def at_rest(self) -> bool:
        return self._shelf is not None

    def rest(self) -> None:
        """Asked now and then: a large file that was not changed since the last time leaves the memory."""
        sure = not (self.pending or self.settling)
        if self._untouched and sure and self._shelf is None and len(self._content) >= SHELVED_FROM:
            self._shelf, self._content = Shelf(self._content), bytearray()
        self._untouched = True

    def put(self, offset: int, data: bytes) -> None:
        """A write, pending."""
        content = self.content
        size = len(content)
        if offset == size:
            content += data
            self.pending.append((offset, data, b"", size))
            return
        self.pending.append((offset, data, bytes(self.content[offset : offset + len(data)]), size))
        self._apply(offset, data)

    def cut(self, size: int) -> None:
        """A truncation (or an extension with zeros), pending."""
        self.pending.append((size, None, bytes(self.content[size:]), len(self.content)))
        self._apply(size, None)

    def settle(self, fate: Fate) -> list[Settling]:
        """Turn what is pending into changes of this fate."""
        while self.settling and self.settling[0].fate is Fate.SURE:
            del self.settling[0]
        moved = [Settling(change, fate) for change in self.pending]
        self.settling += moved
        self.pending.clear()
        return moved

    def land(self, rng: random.Random, stopped: bool, torn: Settling | None) -> None:
        """Power cut: take back all unsure changes, then write again those that survive.

        With `stopped` nothing unsure survives, but for some sectors of `torn`.
        """
        settled, pending = self.settling, self.pending
        for change in reversed(pending):
            self._undo(change)
        for settling in reversed(settled):
            self._undo(settling.change)
        self.settling, self.pending = [], []
        for settling in settled:
            offset, data, _, _ = settling.change
            if settling.fate is Fate.SURE:
                self._apply(offset, data)
            elif settling is torn:
                self._tear(rng, offset, data)
            elif not stopped:
                self._try_luck(rng, offset, data)
        if not stopped:
            for offset, data, _, _ in pending:
                self._try_luck(rng, offset, data)

    def _apply(self, offset: int, data: bytes | None) -> None:
        content = self.content
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
            return
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data

    def _undo(self, change: Change) -> None:
        offset, _, replaced, size = change
        del self.content[size:]
        self.content[offset : offset + len(replaced)] = replaced

    def _try_luck(self, rng: random.Random, offset: int, data: bytes | None) -> None:
        luck = rng.random()
        if luck < KEPT:
            self._apply(offset, data)
        elif luck >= KEPT + DROPPED:
            self._tear(rng, offset, data)

    def _tear(self, rng: random.Random, offset: int, data: bytes | None) -> None:
        """Write some sectors, put garbage into some, leave the others; a torn truncation did not happen."""
        for start, sector in sectors(offset, data or b""):
            luck = rng.random()
            if luck < SECTOR_KEPT:
                self._apply(start, sector)
            elif luck < SECTOR_KEPT + SECTOR_GARBAGE:
                self._apply(start, rng.randbytes(len(sector)))


def sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split a write where the device's sectors end: (offset, octets)."""
    at = 0
    while at < len(data):
        end = at + SECTOR_OCTETS - (offset + at) % SECTOR_OCTETS
        yield offset + at, data[at:end]
        at = end


NameChange = tuple[str, str, StoredFile | None]
"""(name, "", file) adds, (old, new, None) renames, (name, "", None) removes."""


def apply_name(names: dict[str, StoredFile], change: NameChange) -> None:
    name, new, file = change
    if file is not None:
        names[name] = file
    elif name in names:
        moved = names.pop(name)
        if new:
            names[new] = moved
