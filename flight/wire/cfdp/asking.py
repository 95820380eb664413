"""What a receiver asks for again, cut into NAK PDUs that fit (4.6.4), each made when there is room to send it."""

from __future__ import annotations

from flight.wire.cfdp.pdus import Header, Nak
from flight.wire.cfdp.received import ReceivedOctets
from flight.wire.cfdp.settings import Remote
from flight.wire.crc import CRC_LENGTH


class Asking:
    """A cursor over the gaps, not a list of them: what came meanwhile is not asked for."""

    def __init__(self, header: Header, remote: Remote) -> None:
        pair = 2 * header.offset_octets
        room = remote.longest_pdu - header.octets - 1 - pair - CRC_LENGTH * header.crc
        self._per_pdu = room // pair
        assert self._per_pdu >= 1
        self.pending = False
        self._cursor = 0
        self._end = 0
        self._metadata = False
        self._always = False
        self._asked = 0  # up to here, before the EOF
        self._mark: int | None = None  # the end of the file when the oldest unasked gap was seen
        self._latest = 0
        self._round_end = -1  # of the last octets that the last NAK asked for; -1 once they have come

    def gap_seen(self, end: int) -> None:
        if self._mark is None:
            self._mark = end
        self._latest = end

    def ask_gaps(self, end: int, *, metadata: bool) -> bool:
        """The gaps up to the mark, once; True when newer ones wait for their delay."""
        if self._mark is None:
            if not metadata:
                self._begin(0, 0)
            return False
        self._begin(self._asked, self._mark)
        self._asked = self._mark
        self._mark = self._latest if self._latest > self._mark else None
        return self._mark is not None

    def ask_all(self, end: int, *, always: bool = False) -> None:
        """Everything below `end`; `always`: a NAK also when nothing is missing."""
        self._begin(0, end)
        self._always = always

    def _begin(self, start: int, end: int) -> None:
        self.pending = self._metadata = True
        self._always = False
        self._cursor, self._end = start, end

    def answered_to(self, end: int) -> bool:
        """What was asked for last has come, once: repairs are sent in order, so whatever is missing was lost again."""
        if end != self._round_end:
            return False
        self._round_end = -1
        return True

    def stop(self) -> None:
        self.pending = False

    def next(self, received: ReceivedOctets, *, metadata: bool) -> Nak | None:
        """The next PDU, or None when nothing is missing."""
        requests: list[tuple[int, int]] = []
        if self._metadata and not metadata:
            requests.append((0, 0))
        start = end = self._cursor
        self.pending = False
        for gap in received.gaps(start, self._end):
            if len(requests) == self._per_pdu:
                self.pending = True
                break
            requests.append(gap)
            end = gap[1]
        self._metadata = False
        self._cursor = end
        if not requests and not self._always:
            return None
        self._always = False
        self._round_end = end if requests else -1
        return Nak(start, end if self.pending else max(start, self._end), tuple(requests))
