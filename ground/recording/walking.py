"""Packets that stand in a file one behind the other, without frames; over damage by what was seen before.

Packets carry no marker.  Once some were seen, a packet is believed if its length leads to a header that was seen, if
its CRC-16 is good, or if what follows goes on through `CHAIN` headers; a packet that leads nowhere is damaged if a
header seen before, whose own length leads on, stands inside it.  Over damage the search goes on octet by octet for
such a header.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from flight.wire import SHORTEST_PACKET, Reason, crc_ok, packet_length
from flight.wire.packet import PRIMARY_LENGTH
from ground.recording.assembling import LONGEST_ANY_PACKET
from ground.recording.framing import Placed

SETTLED = 8  # packets after which a new APID must be borne out
CHAIN = 4
WINDOW = 4096  # of the search: damage every few octets must not cost a look at all that is here
DAMAGED, GOOD, UNKNOWN = 0, 1, 2
_new_tuple = tuple.__new__  # a third of what the NamedTuple's own constructor costs


class PacketWalk:
    """Holds one packet and the chain behind it at most.  Linear: each octet starts one candidate of the search."""

    def __init__(self, version: int = 0) -> None:
        self.rejections: Counter[Reason] = Counter()
        self.skipped_octets = 0
        self._version = version
        self._held = b""
        self._place = 0
        self._packets = 0
        self._known = bytearray(1 << 16)  # by the first two octets of a packet: whether one was seen
        self._known_array = np.frombuffer(self._known, dtype=np.uint8)
        self._lost = False

    @property
    def held(self) -> int:
        return len(self._held)

    def receive(self, data: bytes) -> list[Placed]:
        return self._walk(self._held + data, ended=False)

    def finish(self) -> list[Placed]:
        """Nothing will follow."""
        packets = self._walk(self._held, ended=True)
        if self._held:
            self.rejections[Reason.LENGTH] += 1
        return packets

    def _walk(self, stream: bytes, *, ended: bool) -> list[Placed]:
        packets: list[Placed] = []
        position, size, known, place, version = 0, len(stream), self._known, self._place, self._version
        while position < size:
            if self._lost:
                position = self._seek(stream, position, ended)
                if self._lost:
                    break
            if size - position >= PRIMARY_LENGTH and stream[position] >> 5 == version:
                length = (stream[position + 4] << 8 | stream[position + 5]) + SHORTEST_PACKET
            else:
                length = packet_length(stream, position, version)
            if not length:
                break
            after = position + length
            if length < 0 or after + 2 > size or not known[stream[after] << 8 | stream[after + 1]]:
                verdict = self._judge(stream, position, length, ended)
                if verdict == UNKNOWN:
                    break
                if verdict == DAMAGED:
                    self.rejections[Reason.VERSION if length < 0 else Reason.LENGTH] += 1
                    self._lost = True
                    self.skipped_octets += 1
                    position += 1
                    continue
            packets.append(_new_tuple(Placed, (place + position, stream[position:after])))
            known[stream[position] << 8 | stream[position + (length > 1)]] = 1
            self._packets += 1
            position = after
        self._held = stream[position:]
        self._place += position
        return packets

    def _judge(self, stream: bytes, position: int, length: int, ended: bool) -> int:
        """A packet that leads to no header seen before: GOOD, DAMAGED, or UNKNOWN if more must come to tell."""
        after, size = position + length, len(stream)
        if not 0 < length <= LONGEST_ANY_PACKET:
            return DAMAGED
        if after > size or (after + 2 > size and not ended):
            if not ended:
                return UNKNOWN
            found, _ = self._search(stream, position + 1, size, ended)
            return DAMAGED if found >= 0 else UNKNOWN
        if self._packets < SETTLED or after + 2 > size or crc_ok(stream[position:after]):
            return GOOD
        going_on = self._goes_on(stream, after, ended)
        if going_on != DAMAGED:
            return going_on
        found, _ = self._search(stream, position + 1, after, ended)
        return DAMAGED if found >= 0 else GOOD

    def _goes_on(self, stream: bytes, position: int, ended: bool) -> int:
        """Whether headers follow one another from here: to one seen before, to the end, or through `CHAIN`."""
        seen: set[int] = set()
        for _ in range(CHAIN):
            if position + 2 > len(stream):
                return (GOOD if position == len(stream) else DAMAGED) if ended else UNKNOWN
            first = stream[position] << 8 | stream[position + 1]
            if self._known[first] or first in seen:
                return GOOD
            length = packet_length(stream, position, self._version)
            if length < 0:
                return DAMAGED
            if not length:
                return DAMAGED if ended else UNKNOWN
            seen.add(first)
            position += length
        return GOOD

    def _seek(self, stream: bytes, start: int, ended: bool) -> int:
        """Where the next packet begins, or how far the search has come; `_lost` ends with a find."""
        found, verdict = self._search(stream, start, len(stream), ended)
        if found >= 0:
            self._lost = verdict == UNKNOWN
        else:
            found = len(stream) if ended else max(start, len(stream) - 1)
        self.skipped_octets += found - start
        return found

    def _search(self, stream: bytes, start: int, stop: int, ended: bool) -> tuple[int, int]:
        """The first header seen before that leads on, or might once more has come: (where, verdict); -1 if none."""
        for begin in range(start, min(stop, len(stream) - 1), WINDOW):
            octets = np.frombuffer(stream[begin : min(begin + WINDOW, stop) + 1], dtype=np.uint8)
            firsts = octets[:-1].astype(np.uint16) << 8 | octets[1:]
            for candidate in (np.flatnonzero(self._known_array[firsts]) + begin).tolist():
                verdict = self._leads_on(stream, candidate, ended)
                if verdict != DAMAGED:
                    return int(candidate), verdict
        return -1, DAMAGED

    def _leads_on(self, stream: bytes, candidate: int, ended: bool) -> int:
        length = packet_length(stream, candidate, self._version)
        after = candidate + length
        if length < 0:
            return DAMAGED
        if not length or after + 2 > len(stream):
            if not ended:
                return UNKNOWN
            return GOOD if length and after == len(stream) else DAMAGED
        return GOOD if self._known[stream[after] << 8 | stream[after + 1]] else DAMAGED
