"""Packets of one virtual channel out of its frames: space packets, idle ones too, and encapsulation packets."""

from __future__ import annotations

from collections import Counter

from flight.wire import NO_PACKET_START, ONLY_IDLE, SHORTEST_PACKET, Reason, packet_length
from flight.wire.packet import PRIMARY_LENGTH
from ground.recording.framing import Placed

# What a damaged length field can swallow, and the memory of a channel: encapsulation packets may claim 4 GiB.
LONGEST_ANY_PACKET = 1 << 20
_new_tuple = tuple.__new__  # a third of what the NamedTuple's own constructor costs


class Assembler:
    """Where pointer and packet lengths disagree the pointer is believed.  `rejections` is shared and counted up."""

    __slots__ = ("_partial", "_place", "_rejections", "_synchronised", "_version")

    def __init__(self, rejections: Counter[Reason], version: int = 0) -> None:
        self._rejections = rejections
        self._version = version
        self._partial = bytearray()
        self._place = 0  # of the partial packet's first octet
        self._synchronised = False

    def lose(self) -> None:
        """Frames are missing: drop the packet under way, wait for the next first header."""
        if self._partial:
            self._rejections[Reason.PACKET_LOST] += 1
        self._desynchronise()

    def add(self, zone: bytes, first_header: int, place: int) -> list[Placed]:
        """The packets that `zone` completes; `place` is that of its first octet."""
        if first_header == ONLY_IDLE:
            return []
        packets: list[Placed] = []
        if first_header == NO_PACKET_START:
            self._continue(zone, packets)
            return packets
        if first_header >= len(zone):
            self._disagree(Reason.FIRST_HEADER)
            return packets
        if self._synchronised and (self._partial or first_header):
            self._finish(zone[:first_header], packets)
        self._walk(zone, first_header, place, packets)
        return packets

    def _walk(self, zone: bytes, position: int, place: int, packets: list[Placed]) -> None:
        end, version = len(zone), self._version
        while position < end:
            if zone[position] >> 5 == version and end - position >= PRIMARY_LENGTH:
                stop = position + (zone[position + 4] << 8 | zone[position + 5]) + SHORTEST_PACKET
            else:
                length = packet_length(zone, position, version)
                if length < 0 or length > LONGEST_ANY_PACKET:
                    self._disagree(Reason.VERSION if length < 0 else Reason.TOO_LONG)
                    return
                stop = position + length if length else end + 1
            if stop > end:
                break
            packets.append(_new_tuple(Placed, (place + position, zone[position:stop])))
            position = stop
        self._partial = bytearray(zone[position:])
        self._place = place + position
        self._synchronised = True

    def _finish(self, head: bytes, packets: list[Placed]) -> None:
        """The packet under way must end exactly where the next one starts."""
        self._partial += head
        whole = bytes(self._partial)
        if packet_length(whole, 0, self._version) == len(whole):
            packets.append(Placed(self._place, whole))
        else:
            self._disagree(Reason.FIRST_HEADER)

    def _continue(self, zone: bytes, packets: list[Placed]) -> None:
        """All of the zone belongs to the packet under way, which may end here."""
        if not self._synchronised:
            return
        if not self._partial:
            self._disagree(Reason.FIRST_HEADER)
            return
        self._partial += zone
        length = packet_length(bytes(self._partial[:8]), 0, self._version)
        if length < 0 or length > LONGEST_ANY_PACKET:
            self._disagree(Reason.VERSION if length < 0 else Reason.TOO_LONG)
        elif length and len(self._partial) > length:
            self._disagree(Reason.FIRST_HEADER)
        elif length and len(self._partial) == length:
            packets.append(Placed(self._place, bytes(self._partial)))
            self._partial = bytearray()

    def _disagree(self, reason: Reason) -> None:
        self._rejections[reason] += 1
        self._desynchronise()

    def _desynchronise(self) -> None:
        self._partial = bytearray()
        self._synchronised = False
