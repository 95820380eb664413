"""The onboard recorder: packet stores, each a log with its own budget and its own counts.

A record's number on board and on the ground is store << 56 | count.  A number is never used twice, for the
ground may have seen it in live telemetry even when the log lost it in a power cut: counts are reserved ahead,
in blocks, in critical slots, and after an unclean end they go on at the end of the block.

Deleting moves a floor, in slots of its own: records below it are no longer read, from then on and after any reboot,
and whole segments below it are given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack, unpack
from typing import NamedTuple

from flight.declare.storage import Extent
from flight.ports import Disk
from flight.store.log import SEGMENT_OCTETS, Log
from flight.store.record import Record
from flight.store.refused import Refused
from flight.store.slots import Slots

COUNT_BITS = 56
COUNT_LIMIT = 1 << COUNT_BITS
STORES_LIMIT = 1 << (64 - COUNT_BITS)
# Counts reserved at once: a day of a busy store costs a few saves, and 2^40 reboots fit into the 56 bits.
RESERVED_BLOCK = 65_536


class StoreBudget(NamedTuple):
    """A packet store: the name of its files, and the octets that they may take."""

    name: str
    budget_bytes: int
    segment_bytes: int = SEGMENT_OCTETS


class Recorder:
    """`open` before anything else; it may be called again when it has raised OSError."""

    def __init__(
        self, disk: Disk, stores: Sequence[StoreBudget], reserved_block: int = RESERVED_BLOCK
    ) -> None:
        assert 0 < len(stores) <= STORES_LIMIT
        assert len({budget.name for budget in stores}) == len(stores), "stores share a name"
        self.logs = [
            Log(disk, store.name, store.budget_bytes, store.segment_bytes, first=index << COUNT_BITS)
            for index, store in enumerate(stores)
        ]
        self._reserved_block = reserved_block
        self._next = [0] * len(stores)  # the lowest count that may be appended
        self._reserved = [0] * len(stores)  # counts below are reserved in the slots
        self._deleted = [0] * len(stores)  # counts below are deleted
        self.floors = Slots(disk, "recorder")
        self.deletions = Slots(disk, "deleted")
        self.floors_lost = False  # a slot was damaged, or none was found beside stored records

    def open(self) -> None:
        kept = self.floors.load()
        self.floors_lost = self.floors.damaged > 0
        reserved = _unpack(kept or b"", len(self.logs))
        self._deleted = _unpack(self.deletions.load() or b"", len(self.logs))
        for store, log in enumerate(self.logs):
            log.open()
            found = log.next - (store << COUNT_BITS)
            self._next[store] = max(found, reserved[store], self._deleted[store])
            log.forget_below(store << COUNT_BITS | self._deleted[store])
            self.floors_lost |= kept is None and found > 0
        if self.floors_lost:  # the floor that is lost was at most a block and a group above what is known
            self._next = [min(count + 2 * self._reserved_block, COUNT_LIMIT) for count in self._next]
        self._reserved = reserved

    def append(self, store: int, first_count: int, packets: Sequence[bytes]) -> None:
        """Take packets of counts from `first_count` on for the next commit.  No count may be used twice.

        Raises Refused (nothing is taken) or OSError (nothing is taken; the same call may be made again).
        """
        log = self._log(store)
        end = first_count + len(packets)
        if not self._next[store] <= first_count <= COUNT_LIMIT - len(packets):
            raise Refused(
                f"store {store}: count {first_count} may be in use, the next is {self._next[store]}"
            )
        if end + self._reserved_block // 2 > self._reserved[store]:
            self._reserve(store, end)
        log.extend(store << COUNT_BITS | first_count, packets)
        self._next[store] = end

    def commit(self) -> None:
        """Make all stores durable.  One that fails does not stop the others; its OSError comes at the end."""
        failure: OSError | None = None
        for log in self.logs:
            try:
                log.commit()
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Commit, and reserve no count beyond those used: the next life goes on without a gap."""
        self.commit()
        self.floors.save(pack(f"<{len(self._next)}Q", *self._next))
        self._reserved = list(self._next)

    def read(self, store: int, first: int, last: int, limit_bytes: int) -> list[Record]:
        """Committed packets of counts `first` to `last`, ascending, as (count, packet); see `Log.read`."""
        log, base = self._log(store), store << COUNT_BITS
        first = max(first, self._deleted[store])
        records = log.read(base + first, base + min(last, COUNT_LIMIT - 1), limit_bytes)
        return [(number - base, packet) for number, packet in records]

    def delete(self, store: int, before: int) -> None:
        """Forget the records of counts below `before`.  After OSError the old or the new floor may be found."""
        log = self._log(store)
        if not 0 <= before <= self._next[store]:
            raise Refused(f"store {store}: records below {before}, the next is {self._next[store]}")
        if before > self._deleted[store]:
            deleted = list(self._deleted)
            deleted[store] = before
            self.deletions.save(pack(f"<{len(deleted)}Q", *deleted))
            self._deleted = deleted
        log.forget_below(store << COUNT_BITS | before)

    @property
    def damage_met(self) -> int:
        """Octets that reads could not make sense of, in this life."""
        return sum(log.met.octets for log in self.logs)

    def extent(self, store: int) -> Extent:
        log, following = self._log(store), self._next[store]
        if not log.stored_bytes:
            return Extent(following, following)
        oldest = max(log.oldest - (store << COUNT_BITS), self._deleted[store])
        return Extent(min(oldest, following), following)

    def _log(self, store: int) -> Log:
        if not 0 <= store < len(self.logs):
            raise Refused(f"there is no store {store}")
        return self.logs[store]

    def _reserve(self, store: int, end: int) -> None:
        """Reserve a block from `end` on.  Half a block early, so that a device which lies about a flush, or one
        that fails for a while, costs nothing."""
        floors = list(self._reserved)
        floors[store] = min(end + self._reserved_block, COUNT_LIMIT)
        try:
            self.floors.save(pack(f"<{len(floors)}Q", *floors))
        except OSError:
            if end > self._reserved[store]:
                raise
        else:
            self._reserved = floors


def _unpack(body: bytes, stores: int) -> list[int]:
    """As many floors as there are stores: another version of the mission may have had more or fewer."""
    floors = list(unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
    return (floors + [0] * stores)[:stores]
