"""One file of a log: its records in ascending order, and a coarse index to reach into the middle."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from flight.ports import Disk
from flight.store.reading import read_around
from flight.store.record import OVERHEAD, Damage, Record, place_of, scan

BODY_LIMIT = 65_542  # octets: the largest space packet (CCSDS 133.0-B-2, 4.1.2.1)
INDEX_STEP_OCTETS = 8192  # what is read to find one record; 32 index entries for a segment of 256 KiB


def segment_name(log: str, sequence: int, first: int) -> str:
    return f"{log}.{sequence:08x}.{first:016x}"


def parse_segment_name(log: str, name: str) -> tuple[int, int] | None:
    """(sequence, first number) if `name` is a segment of `log`."""
    try:
        sequence, first = int(name[-25:-17], 16), int(name[-16:], 16)
    except ValueError:
        return None
    return (sequence, first) if segment_name(log, sequence, first) == name else None


class Segment:
    """`size` octets may be in the file; those before `end` are acknowledged, or were found there at start."""

    __slots__ = (
        "_disk",
        "_numbers",
        "_offsets",
        "damage",
        "end",
        "first",
        "name",
        "place",
        "scanned",
        "sequence",
        "size",
        "tail",
    )

    def __init__(self, disk: Disk, log: str, sequence: int, first: int, size: int) -> None:
        self._disk = disk
        self.name = segment_name(log, sequence, first)
        self.sequence = sequence
        self.first = first
        self.place = place_of(self.name)
        self.size = self.end = size
        self.scanned = size == 0
        self.damage = Damage()
        self.tail = 0  # octets after the last good record, at the last scan
        # The index: number and offset of a record about every INDEX_STEP_OCTETS.  What is damaged lies within
        # the steps, so that a read meets it.  Arrays: a full store has 25,000 entries, at 8 octets in place of 40.
        self._numbers = array("Q")
        self._offsets = array("Q")

    def scan(self) -> int:
        """Read it all, build the index, count the damage.  Gives the number after the last good record."""
        data = read_around(self._disk, self.name, 0, self.end)
        damage, numbers, offsets = Damage(), array("Q", [self.first]), array("Q", [0])
        following, step_at, good_to = self.first, INDEX_STEP_OCTETS, 0
        for number, at, body in scan(data, self.place, BODY_LIMIT, damage):
            if at >= step_at:
                numbers.append(number)
                offsets.append(at)
                step_at = at + INDEX_STEP_OCTETS
            following = number + 1
            good_to = at + OVERHEAD + len(body)
        self._numbers, self._offsets = numbers, offsets
        self.damage, self.tail, self.scanned = damage, self.end - good_to, True
        return following

    def accept(self, number: int, octets: int) -> None:
        """A group that begins with `number` is on the disk after `end`."""
        if not self._offsets or self.end >= self._offsets[-1] + INDEX_STEP_OCTETS:
            self._numbers.append(number)
            self._offsets.append(self.end)
        self.end += octets

    def read(self, first: int, last: int, room: int, records: list[Record], met: Damage) -> int:
        """Append the good records from `first` to `last` to `records`, up to `room` octets of bodies.

        Gives the room left, negative once a record did not fit; the very first one is always taken.
        """
        at = max(bisect_right(self._numbers, first) - 1, 0)
        while at < len(self._offsets) and self._numbers[at] <= last:
            start = self._offsets[at]
            end = self._offsets[at + 1] if at + 1 < len(self._offsets) else self.end
            data = read_around(self._disk, self.name, start, end - start)
            for number, _, body in scan(data, self.place + start, BODY_LIMIT, met):
                if not first <= number <= last:
                    continue
                room -= len(body)
                if room < 0 and records:
                    return room
                records.append((number, body))
            at += 1
        return room
