"""An append-only log of numbered records in segment files, kept below a byte budget.

A group of records is acknowledged when `commit` returns: one write, one `sync`, and for a new segment one
`sync_directory`.  After an error of the disk the segment is left as it is, for good, and the records that
were not acknowledged are written again to a new one: what a failed fsync has done to its file cannot be known
(Rebello et al., ATC 2020).  A segment's name holds the first number in it, which hides the records of the
same or higher numbers in the segments before.
"""

from __future__ import annotations

import errno
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress

from flight.ports import Disk
from flight.store.record import NUMBER_LIMIT, OVERHEAD, Damage, Record, encode
from flight.store.refused import Refused
from flight.store.segment import BODY_LIMIT, Segment, parse_segment_name

SEGMENT_OCTETS = 256 * 1024  # about 40 minutes of pathfinder's telemetry: what a full log forgets at once
SEGMENT_LIMIT = 16 * 1024 * 1024  # a segment is read whole when it is checked
SEGMENTS_LIMIT = 4096  # a reboot loop that leaves a torn segment each time ends here, not with the inodes
ATTEMPTS = 2  # of a commit: the open segment and a new one; a third would fail for the same reason


class Log:
    """`open` before anything else; it may be called again when it has raised OSError."""

    def __init__(
        self, disk: Disk, name: str, budget_bytes: int, segment_bytes: int = SEGMENT_OCTETS, first: int = 0
    ) -> None:
        """The files together never exceed `budget_bytes`; `first` is the first number of an empty log."""
        assert OVERHEAD < segment_bytes <= SEGMENT_LIMIT
        assert budget_bytes >= 2 * segment_bytes, "the oldest segment must be able to yield to a new one"
        self._disk = disk
        self._name = name
        self._budget_bytes = budget_bytes
        self._segment_bytes = segment_bytes
        self._first = first
        self._segments: list[Segment] = []  # oldest first
        self._current: Segment | None = None  # the one that is appended to
        self._pending: list[Record] = []
        self._pending_bytes = 0
        self._sequence = 0  # of the next segment
        self._names_unsure = False  # a removed file may still come back at a power cut
        self._may_yield = True  # on a full disk; until a write succeeds it gives one segment only
        self._scrubbed = -1
        self.body_limit = min(BODY_LIMIT, segment_bytes - OVERHEAD)
        self.next = first  # the lowest number that may be appended
        self.stored_bytes = 0
        self.errors = 0  # OSErrors of the disk but for those of reads
        self.met = Damage()  # what reads ran into, also beside the records asked for
        self.dropped_segments = 0  # for the budget, or for a full disk

    def open(self) -> None:
        """Find what is stored.  Only the newest segment is read; `scrub` and `read` look at the others."""
        assert not self._pending, "a log is opened once"
        found = [(parse_segment_name(self._name, name), name) for name in self._disk.names()]
        self._segments = [
            Segment(self._disk, self._name, *parsed, self._disk.size(name))
            for parsed, name in found
            if parsed
        ]
        self._segments.sort(key=lambda segment: segment.sequence)
        self._sequence = self._segments[-1].sequence + 1 if self._segments else 0
        self.stored_bytes = sum(segment.size for segment in self._segments)
        for empty in [segment for segment in self._segments if segment.size == 0]:
            self._discard(empty)
        if self._segments:
            newest = self._segments[-1]
            # Octets that cannot be read may have held so many records; their numbers stay theirs.
            self.next = max(self._first, newest.scan() + newest.tail // OVERHEAD)
            self._trim()
            if self._segments:
                self._continue(newest)

    def _trim(self) -> None:
        """Come back below the budget: it may have been larger, or removed files have come back."""
        while self._segments and self.stored_bytes > self._budget_bytes:
            self._drop_oldest()

    def _continue(self, newest: Segment) -> None:
        """Append to the newest segment if it ends well; what it holds may be in a cache only: sync first."""
        if newest.tail or newest.end >= self._segment_bytes:
            return
        try:
            self._disk.sync(newest.name)
            self._disk.sync_directory()
        except OSError:
            self.errors += 1
        else:
            self._current = newest

    @property
    def oldest(self) -> int:
        """The number from which on records may be stored; `next` if there are none."""
        return self._segments[0].first if self._segments else self.next

    @property
    def damage(self) -> Damage:
        """What the segments read so far have lost, a torn end after a power cut included."""
        total = Damage()
        for segment in self._segments:
            total.octets += segment.damage.octets
            total.stretches += segment.damage.stretches
        return total

    def append(self, number: int, body: bytes) -> None:
        self.extend(number, (body,))

    def extend(self, first: int, bodies: Sequence[bytes]) -> None:
        """Take records `first`, `first` + 1 ... for the next commit; commits first when they would not fit.

        Raises Refused for a number that may have been used or a body that is too long, OSError when that
        commit fails; then none of `bodies` is taken.
        """
        if not self.next <= first <= NUMBER_LIMIT - len(bodies):
            raise Refused(f"{self._name}: number {first} may be in use, the next is {self.next}")
        octets = sum(map(len, bodies)) + OVERHEAD * len(bodies)
        if octets > self._segment_bytes or max(map(len, bodies), default=0) > self.body_limit:
            raise Refused(f"{self._name}: {octets} octets in a group, or a body over {self.body_limit}")
        if self._pending_bytes + octets > self._segment_bytes:
            self.commit()
        self._pending += zip(range(first, first + len(bodies)), bodies, strict=True)
        self._pending_bytes += octets
        self.next = first + len(bodies)

    def commit(self) -> None:
        """Make all that was appended durable.  After OSError the records are kept for the next commit."""
        attempts = ATTEMPTS
        while self._pending:
            try:
                self._write_pending()
            except OSError as error:
                self.errors += 1
                self._abandon(full=error.errno == errno.ENOSPC)
                attempts -= 1
                if not attempts:
                    raise

    def read(self, first: int, last: int, limit_bytes: int) -> list[Record]:
        """The committed records from `first` to `last`, ascending; those missing or damaged are left out.

        At most `limit_bytes` of bodies, but at least one record: an empty answer says that there is none.
        """
        records: list[Record] = []
        limit_bytes = max(limit_bytes, 0)
        at = max(bisect_right(self._segments, first, key=lambda segment: segment.first) - 1, 0)
        while at < len(self._segments) and self._segments[at].first <= last and limit_bytes >= 0:
            segment = self._segments[at]
            at += 1
            hidden_from = self._segments[at].first if at < len(self._segments) else NUMBER_LIMIT
            if not segment.scanned:
                segment.scan()
            upper = min(last, hidden_from - 1)
            limit_bytes = segment.read(first, upper, limit_bytes, records, self.met)
        return records

    def scrub(self) -> bool:
        """Check the stored octets of one more segment; False when that was the last of a round."""
        left = [segment for segment in self._segments if segment.sequence > self._scrubbed]
        if left:
            left[0].scan()
        self._scrubbed = left[0].sequence if len(left) > 1 else -1
        return len(left) > 1

    def forget_below(self, number: int) -> None:
        """Give back the segments that hold nothing from `number` on.  One that stays behind ages out.

        Never the newest, in which the highest number used is found again.
        """
        while len(self._segments) > 1 and self._segments[1].first <= number:
            try:
                self._remove(self._segments[0])
            except OSError:
                self.errors += 1
                return

    def _write_pending(self) -> None:
        octets = self._pending_bytes
        segment = self._current
        fresh = segment is None or segment.end + octets > self._segment_bytes
        if segment is None or fresh:
            segment = self._begin_segment(self._pending[0][0])
        self._make_room(octets)
        segment.size += octets
        self.stored_bytes += octets
        data = encode(self._pending, segment.place + segment.end)
        assert len(data) == octets
        self._disk.write(segment.name, segment.end, data)
        self._disk.sync(segment.name)
        if fresh:
            self._disk.sync_directory()
        segment.accept(self._pending[0][0], octets)
        self._pending = []
        self._pending_bytes = 0
        self._may_yield = True

    def _begin_segment(self, first: int) -> Segment:
        segment = Segment(self._disk, self._name, self._sequence, first, 0)
        self._sequence += 1
        self._segments.append(segment)
        self._current = segment
        return segment

    def _make_room(self, octets: int) -> None:
        """Drop the oldest segments until `octets` more fit, and be sure that they are gone before writing."""
        while self.stored_bytes + octets > self._budget_bytes or len(self._segments) > SEGMENTS_LIMIT:
            self._drop_oldest()
        if self._names_unsure:
            self._disk.sync_directory()
            self._names_unsure = False

    def _drop_oldest(self) -> None:
        oldest = self._segments[0]
        assert oldest is not self._current, "two segments fit into the budget"
        self._remove(oldest)
        self.dropped_segments += 1

    def _remove(self, segment: Segment) -> None:
        with suppress(FileNotFoundError):  # its creation failed, or somebody else has removed it
            self._disk.remove(segment.name)
        self._segments.remove(segment)
        self.stored_bytes -= segment.size
        self._names_unsure = True

    def _abandon(self, full: bool) -> None:
        """Never touch the current segment again; on a full disk let the oldest data yield, once."""
        segment, self._current = self._current, None
        if segment is not None and segment.end == 0:
            self._discard(segment)
        if full and self._may_yield and len(self._segments) > 1:
            self._may_yield = False
            try:
                self._drop_oldest()
            except OSError:
                self.errors += 1

    def _discard(self, segment: Segment) -> None:
        """Remove a segment that holds nothing acknowledged.  If it stays, it still counts, and ages out."""
        try:
            self._remove(segment)
        except OSError:
            self.errors += 1
