"""Telecommand segments: a service data unit cut up for frames, on multiplexer access points (CCSDS 232.0-B, 4.1.3.2).

The segment header is one octet in front of a type A or B frame's data, in the clear under SDLS:

    sequence flags 2 bits | MAP identifier 6 bits

Whether a virtual channel has segment headers is agreed beforehand; nothing in the frame says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from flight.wire.packet import LONGEST_PACKET, SequenceFlags
from flight.wire.rejection import Reason, Rejection

SEGMENT_HEADER_LENGTH = 1
MAPS = 64


class Segment(NamedTuple):
    flags: SequenceFlags
    map_id: int
    data: bytes


class ServiceDataUnit(NamedTuple):
    """One or more whole packets, from one MAP."""

    map_id: int
    data: bytes


def encode_segment(segment: Segment) -> bytes:
    """The data field of a frame."""
    assert 0 <= segment.map_id < MAPS
    assert segment.data
    return bytes([segment.flags.value << 6 | segment.map_id]) + segment.data


def decode_segment(field: bytes) -> Segment | Rejection:
    if len(field) <= SEGMENT_HEADER_LENGTH:
        return Rejection(Reason.TOO_SHORT, f"segment of {len(field)} octets")
    return Segment(SequenceFlags(field[0] >> 6), field[0] & 0x3F, field[1:])


def cut_into_segments(unit: ServiceDataUnit, longest: int) -> list[bytes]:
    """Frame data fields of at most `longest` octets, 2 or more, in order; one if the unit fits."""
    assert longest > SEGMENT_HEADER_LENGTH
    size = longest - SEGMENT_HEADER_LENGTH
    pieces = [unit.data[start : start + size] for start in range(0, len(unit.data), size)]
    if len(pieces) == 1:
        return [encode_segment(Segment(SequenceFlags.UNSEGMENTED, unit.map_id, unit.data))]
    flags = [SequenceFlags.CONTINUATION] * len(pieces)
    flags[0], flags[-1] = SequenceFlags.FIRST, SequenceFlags.LAST
    return [
        encode_segment(Segment(flag, unit.map_id, piece)) for flag, piece in zip(flags, pieces, strict=True)
    ]


@dataclass(slots=True)
class SegmentCounters:
    segments: int = 0  # that were due
    units: int = 0
    rejections: Counter[Reason] = field(
        default_factory=Counter
    )  # of segments, and of units begun and not ended


class SegmentAssembler:
    """On board: frame data fields to service data units.  Each MAP is put together on its own.

    Holds at most `longest_unit` octets for each MAP that is served.
    """

    def __init__(self, maps: Iterable[int], longest_unit: int = LONGEST_PACKET) -> None:
        self.counters = SegmentCounters()
        self._longest = longest_unit
        self._begun: dict[int, bytearray | None] = dict.fromkeys(maps)
        assert all(0 <= map_id < MAPS for map_id in self._begun)

    @property
    def held(self) -> int:
        return sum(len(begun) for begun in self._begun.values() if begun)

    def add(self, field: bytes) -> ServiceDataUnit | None:
        """The unit that this frame completes."""
        segment = decode_segment(field)
        found = segment if isinstance(segment, Rejection) else self._take(segment)
        if isinstance(found, Rejection):
            self.counters.rejections[found.reason] += 1
            return None
        return found

    def _take(self, segment: Segment) -> ServiceDataUnit | Rejection | None:
        if segment.map_id not in self._begun:
            return Rejection(Reason.CHANNEL, f"MAP {segment.map_id}")
        begun, self._begun[segment.map_id] = self._begun[segment.map_id], None
        if segment.flags in {SequenceFlags.FIRST, SequenceFlags.UNSEGMENTED}:
            if begun is not None:
                self.counters.rejections[Reason.PACKET_LOST] += 1
            begun = bytearray()
        elif begun is None:
            return Rejection(Reason.PACKET_LOST, "segment without a beginning")
        if len(begun) + len(segment.data) > self._longest:
            return Rejection(Reason.TOO_LONG, f"unit of more than {self._longest} octets")
        begun += segment.data
        self.counters.segments += 1
        if segment.flags in {SequenceFlags.LAST, SequenceFlags.UNSEGMENTED}:
            self.counters.units += 1
            return ServiceDataUnit(segment.map_id, bytes(begun))
        self._begun[segment.map_id] = begun
        return None

    def lose(self) -> None:
        """Frames were lost or the receiver was set back: what was begun cannot be ended."""
        for map_id, begun in self._begun.items():
            if begun is not None:
                self.counters.rejections[Reason.PACKET_LOST] += 1
                self._begun[map_id] = None
