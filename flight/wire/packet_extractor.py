"""Space packets out of the data fields of one virtual channel's telemetry frames (CCSDS 132.0-B, 4.3.2)."""

from __future__ import annotations

from struct import Struct

from flight.wire.counters import LinkCounters
from flight.wire.packet import IDLE_APID, LONGEST_PACKET, PRIMARY_LENGTH, SHORTEST_PACKET
from flight.wire.rejection import Reason
from flight.wire.tm_frame import NO_PACKET_START, ONLY_IDLE

_peek = Struct(">H2xH").unpack_from
_VERSION_1_UP = 0x2000  # the first 16 bits of a packet of version 0 are below


class PacketExtractor:
    """Joins packets across frames.  Where pointer and packet lengths disagree the pointer is believed.

    Holds at most `longest_packet` octets and one data field.  No octet is copied more than three times.
    """

    __slots__ = ("_counters", "_longest", "_partial", "_synchronised")

    def __init__(self, counters: LinkCounters | None = None, longest_packet: int = LONGEST_PACKET) -> None:
        self._counters = LinkCounters() if counters is None else counters
        self._longest = longest_packet
        self._partial = bytearray()  # the packet under way; its first octet is a packet's first
        self._synchronised = False  # whether the next data field continues where the last one ended

    def lose(self) -> None:
        """Frames are missing: drop the packet under way and wait for the next first header."""
        if self._partial:
            self._counters.rejections[Reason.PACKET_LOST] += 1
        self._desynchronise()

    def extract(self, zone: bytes, first_header: int) -> list[bytes]:
        """The packets that `zone` completes, in order, without idle packets."""
        if first_header >= ONLY_IDLE:
            return self._continue(zone) if first_header == NO_PACKET_START else []
        if first_header >= len(zone):
            self._disagree(Reason.FIRST_HEADER)
            return []
        packets: list[bytes] = []
        if self._synchronised:
            self._finish(zone[:first_header], packets)
        return self._walk(zone, first_header, packets)

    def _walk(self, zone: bytes, position: int, packets: list[bytes]) -> list[bytes]:
        """Packets from `position`, where one starts, to the end of the zone."""
        end = len(zone)
        while end - position >= PRIMARY_LENGTH:
            identification, length = _peek(zone, position)
            length += SHORTEST_PACKET
            if identification >= _VERSION_1_UP or length > self._longest:
                self._refuse(identification)
                return packets
            stop = position + length
            if stop > end:
                break
            if identification & IDLE_APID == IDLE_APID:
                self._counters.idle_packets += 1
            else:
                packets.append(zone[position:stop])
            position = stop
        self._partial = bytearray(zone[position:])
        self._synchronised = True
        return packets

    def _finish(self, head: bytes, packets: list[bytes]) -> None:
        """The packet under way must end exactly where the next one starts."""
        partial = self._partial
        partial += head
        if not partial:
            return
        if len(partial) >= PRIMARY_LENGTH:
            identification, length = _peek(partial)
            if identification < _VERSION_1_UP and length + SHORTEST_PACKET == len(partial) <= self._longest:
                self._emit(identification, packets)
                return
        self._disagree(Reason.FIRST_HEADER)

    def _continue(self, zone: bytes) -> list[bytes]:
        """A zone in which no packet starts: all of it belongs to the packet under way, which may end here."""
        packets: list[bytes] = []
        if not self._synchronised:
            return packets
        partial = self._partial
        if not partial:
            self._disagree(Reason.FIRST_HEADER)
            return packets
        partial += zone
        if len(partial) < PRIMARY_LENGTH:
            return packets
        identification, length = _peek(partial)
        length += SHORTEST_PACKET
        if identification >= _VERSION_1_UP or length > self._longest:
            self._refuse(identification)
        elif len(partial) > length:
            self._disagree(Reason.FIRST_HEADER)
        elif len(partial) == length:
            self._emit(identification, packets)
            self._partial = bytearray()
        return packets

    def _emit(self, identification: int, packets: list[bytes]) -> None:
        if identification & IDLE_APID == IDLE_APID:
            self._counters.idle_packets += 1
        else:
            packets.append(bytes(self._partial))

    def _refuse(self, identification: int) -> None:
        self._disagree(Reason.VERSION if identification >= _VERSION_1_UP else Reason.TOO_LONG)

    def _disagree(self, reason: Reason) -> None:
        self._counters.rejections[reason] += 1
        self._desynchronise()

    def _desynchronise(self) -> None:
        self._partial = bytearray()
        self._synchronised = False
