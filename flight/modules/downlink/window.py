"""Retrieval by time (TC[15,9]): which records a time window holds, found by halving the range of their counts.

Records have no index by time, but a store's counts and times grow together: some twenty reads of one record find a
border among a million.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Sequence
from typing import NamedTuple

from flight.declare import DONE, SECOND, Outbox, Outcome, Read, Records, Refused, Waiting
from flight.wire.cuc import CUC_LENGTH, decode_cuc

ENTRY = struct.Struct(f">B{CUC_LENGTH}s{CUC_LENGTH}s")
WINDOWS_MAX = 8  # in one request: a few contacts' worth of each store
READ_WITHIN_NS = 30 * SECOND
ATTEMPTS = 3  # of one read
TIME_AT = 13  # of the time in a telemetry packet: primary header 6, secondary header 7 before it
ANSWER_WITHIN_NS = 300 * SECOND  # two borders of eight windows, some twenty reads each


class Wanted(NamedTuple):
    """Mission times `first` to `last` of a store, both included."""

    store: int
    first: int
    last: int


def read_windows(data: bytes, stores: int) -> tuple[Wanted, ...] | None:
    """A count u8, then store u8 and two times CUC 4+3 each; None for anything else."""
    if not data or not 1 <= data[0] <= WINDOWS_MAX or len(data) != 1 + data[0] * ENTRY.size:
        return None
    rows = ENTRY.iter_unpack(data[1:])
    found = tuple(Wanted(store, decode_cuc(first), decode_cuc(last)) for store, first, last in rows)
    return found if all(one.store < stores and one.first <= one.last for one in found) else None


Range = tuple[int, int, int]
"""Store, first and last count."""


class TimeSearch:
    """One request at a time; meanwhile a read is under way."""

    def __init__(self) -> None:
        self.ident = 0  # of the command that asks; 0 while there is none
        self.found: list[Range] = []  # when it has ended well
        self.ticket = 0
        self.attempts = 0

    def begin(self, ident: int, wanted: Sequence[Wanted], next_counts: Sequence[int], out: Outbox) -> Outcome:
        """Records that are made from now on do not belong to it."""
        assert not self.ident
        self.ident, self.attempts = ident, 0
        self.steps = search(wanted, tuple(next_counts))
        outcome = self._advance(None, out)
        return Waiting(ANSWER_WITHIN_NS) if outcome is None else outcome

    def completed(self, ticket: int, result: object, out: Outbox) -> Outcome | None:
        """The outcome, if the search ends with it."""
        if not self.ident or ticket != self.ticket:
            return None
        if isinstance(result, Records):
            self.attempts = 0
            return self._advance(result, out)
        self.attempts += 1
        if self.attempts >= ATTEMPTS:
            self.ident = 0
            return Refused("the store cannot be read")
        self._submit(out)
        return None

    def _advance(self, result: Records | None, out: Outbox) -> Outcome | None:
        try:
            self.read = self.steps.send(result)
        except StopIteration as end:
            self.ident, self.found = 0, end.value
            return DONE if self.found else Refused("there are no records of that time")
        self._submit(out)
        return None

    def _submit(self, out: Outbox) -> None:
        self.ticket = out.submit(self.read, READ_WITHIN_NS)


Steps = Generator[Read, Records | None, list[Range]]


def search(wanted: Sequence[Wanted], next_counts: Sequence[int]) -> Steps:
    """Yields reads, is sent their records, and returns the ranges that hold anything."""
    found = []
    for store, first, last in wanted:
        begin = yield from _later(store, first - 1, 0, next_counts[store])
        end = yield from _later(store, last, begin, next_counts[store])
        if begin < end:
            found.append((store, begin, end - 1))
    return found


def _later(store: int, time: int, low: int, high: int) -> Generator[Read, Records | None, int]:
    """The count of the first record in low..high-1 that is later than `time`; `high` if there is none."""
    found = high
    while low < high:
        middle = (low + high) // 2
        answer = yield Read(store, middle, high - 1, 1)
        assert answer is not None
        count, packet = answer.records[0] if answer.records else (found, b"")
        if not packet or decode_cuc(packet[TIME_AT : TIME_AT + CUC_LENGTH]) > time:
            found, high = count, middle
        else:
            low = count + 1
    return found
