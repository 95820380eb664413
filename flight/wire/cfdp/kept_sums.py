"""What a stored file must be: its octets and CRC-32, kept beside the files from the transfer that brought each.

A sum is on the medium before its file gets its name, so a power cut between the two leaves two sums for one name, the
old file's and the new one's; either is good until the file has been read once.  A file that nobody vouched for is
taken as it is found the first time (`adopt`), and watched from then on.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from flight.wire.cfdp.journal import FileJournal
from flight.wire.cfdp.names import OWN_PREFIX
from flight.wire.cfdp.store import FileStore

SUMS_NAME = OWN_PREFIX + "journal-sums"
CANDIDATES_MAX = (
    4  # of one name: so many deliveries in a row whose rename failed; more, and the file is as unknown
)
JOURNAL_OCTETS_LIMIT = 64 * 1024  # between two rewrites: some 300 deliveries
_head = Struct(">BQI")


class Kept(NamedTuple):
    octets: int
    sum: int  # CRC-32


class _Kind(IntEnum):
    EXPECTED = 1
    UNVOUCHED = 2  # a file comes under that name whose sum nobody knows
    DAMAGED = 3
    READ = 4  # the whole file was read, and was this: it alone is good


class KeptSums:
    """Names are those of the store.  Changes may raise OSError; `holds` never does."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._journal = FileJournal(store, SUMS_NAME)
        self._candidates: dict[str, list[Kept | None]] = {}
        self._octets = 0
        self.damaged: set[str] = set()
        self.suspects: list[str] = []  # to be read soon
        self.changes = 0  # deliveries and removals so far

    def start(self) -> None:
        """Once, before anything else.  OSError if it cannot be read."""
        for record in self._journal.read():
            self._take(record)
        there = {name for name, _ in self._store.names()}
        for name in [name for name in self._candidates if name not in there]:
            self._drop(name)
        if self._candidates or self._octets:
            self._rewrite()

    def _take(self, record: bytes) -> None:
        self._octets += len(record)
        if len(record) <= _head.size:
            return
        kind, octets, total = _head.unpack_from(record)
        name = record[_head.size :].decode("latin-1")
        if kind == _Kind.DAMAGED:
            self.damaged.add(name)
        elif kind == _Kind.READ:
            self._candidates[name] = [Kept(octets, total)]
            self.damaged.discard(name)
        else:
            self._add(name, Kept(octets, total) if kind == _Kind.EXPECTED else None)

    def _add(self, name: str, kept: Kept | None) -> None:
        held = self._candidates.setdefault(name, [])
        held.append(kept)
        del held[:-CANDIDATES_MAX]
        self.damaged.discard(name)

    def _drop(self, name: str) -> None:
        self._candidates.pop(name, None)
        self.damaged.discard(name)

    # ------------------------------------------------------------ deliveries

    def expect(self, name: str, kept: Kept | None) -> None:
        """A file is about to get this name; None if only its own checksum, of another kind, is known."""
        damaged = name in self.damaged
        self._append(_Kind.UNVOUCHED if kept is None else _Kind.EXPECTED, name, kept or Kept(0, 0))
        self._add(name, kept)
        if damaged:
            self.damaged.add(name)  # until the new one stands there

    def delivered(self, name: str) -> None:
        """It has the name: only the newest sum is good."""
        self._candidates[name] = self._candidates[name][-1:]
        self.damaged.discard(name)
        self.changes += 1
        if self._octets > JOURNAL_OCTETS_LIMIT:
            self._rewrite()

    def forget(self, name: str) -> None:
        """Removed.  If the power fails before this is written, the next start finds no such file."""
        self.changes += 1
        if name in self._candidates:
            self._drop(name)
            self._rewrite()

    # ------------------------------------------------------------ what was read

    def holds(self, name: str, read: Kept) -> bool:
        """Whether this is what was kept, or nothing was."""
        candidates = self._candidates.get(name)
        return not candidates or None in candidates or read in candidates

    def settle(self, name: str, read: Kept) -> bool:
        """The whole file was read: from now on it must stay so.  True if it is newly found damaged."""
        if self.holds(name, read):
            if self._candidates.get(name) != [read]:
                self._append(_Kind.READ, name, read)
                self._candidates[name] = [read]
            self.damaged.discard(name)
            return False
        if name in self.damaged:
            return False
        self.damaged.add(name)
        self._append(_Kind.DAMAGED, name, Kept(0, 0))
        return True

    # ------------------------------------------------------------ the journal

    def _append(self, kind: _Kind, name: str, kept: Kept) -> None:
        record = _record(kind, name, kept)
        self._journal.append(record)
        self._octets += len(record)

    def _rewrite(self) -> None:
        records = []
        for name, candidates in self._candidates.items():
            for kept in candidates:
                kind = _Kind.UNVOUCHED if kept is None else _Kind.EXPECTED
                records.append(_record(kind, name, kept or Kept(0, 0)))
            if name in self.damaged:
                records.append(_record(_Kind.DAMAGED, name, Kept(0, 0)))
        self._journal.rewrite(records)
        self._octets = sum(map(len, records))


def _record(kind: _Kind, name: str, kept: Kept) -> bytes:
    return _head.pack(kind, *kept) + name.encode("latin-1")
