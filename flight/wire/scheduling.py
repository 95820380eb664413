"""Which time-tagged commands a request of service 11 means, and by how much it shifts them (ECSS-E-ST-70-41C 6.11).

Request ids are those of verification reports: packet id and sequence control, four octets.  A mission without
sub-schedules and groups leaves both out of a filter, so that only its time window is on the wire.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import NamedTuple

from flight.wire.cuc import CUC_LENGTH, FINE_BITS, SECOND, decode_cuc, encode_cuc

REQUESTS_MAX = 200  # what one telecommand frame can hold
OFFSET_LIMIT_NS = 2**31 * SECOND  # either way


class WindowKind(enum.IntEnum):
    """The type of a time window, as its first octet says it."""

    ALL = 0
    BETWEEN = 1
    FROM = 2
    UP_TO = 3


TAGS = {WindowKind.ALL: 0, WindowKind.BETWEEN: 2, WindowKind.FROM: 1, WindowKind.UP_TO: 1}


class Window(NamedTuple):
    """Release times `first` to `last` in mission ns, both included; None is open."""

    first: int | None = None
    last: int | None = None

    def holds(self, at: int) -> bool:
        return (self.first is None or at >= self.first) and (self.last is None or at <= self.last)

    @property
    def kind(self) -> WindowKind:
        if self.first is None:
            return WindowKind.ALL if self.last is None else WindowKind.UP_TO
        return WindowKind.FROM if self.last is None else WindowKind.BETWEEN


def pack_window(window: Window) -> bytes:
    return bytes([window.kind]) + b"".join(encode_cuc(tag) for tag in window if tag is not None)


def read_window(data: bytes) -> Window | None:
    """Type u8, then no, one or two times CUC 4+3; None for anything else, and for an end before its beginning."""
    if not data or data[0] > max(WindowKind):
        return None
    kind = WindowKind(data[0])
    if len(data) != 1 + TAGS[kind] * CUC_LENGTH:
        return None
    tags = [decode_cuc(data[at : at + CUC_LENGTH]) for at in range(1, len(data), CUC_LENGTH)]
    if kind is WindowKind.BETWEEN and tags[0] > tags[1]:
        return None
    first = tags[0] if kind in (WindowKind.BETWEEN, WindowKind.FROM) else None
    return Window(first, tags[-1] if kind in (WindowKind.BETWEEN, WindowKind.UP_TO) else None)


def pack_requests(requests: Sequence[int]) -> bytes:
    assert len(requests) <= REQUESTS_MAX
    return struct.pack(f">B{len(requests)}I", len(requests), *requests)


def read_requests(data: bytes) -> tuple[int, ...] | None:
    """A count u8 and that many request ids u32, one at least; None for anything else."""
    if not data or not 1 <= data[0] <= REQUESTS_MAX or len(data) != 1 + 4 * data[0]:
        return None
    return struct.unpack_from(f">{data[0]}I", data, 1)


def pack_offset(offset_ns: int) -> bytes:
    """A relative time: seconds in 4 octets and 3 of 2^-24 s, as one number in two's complement."""
    assert abs(offset_ns) < OFFSET_LIMIT_NS
    return ((offset_ns << FINE_BITS) // SECOND).to_bytes(CUC_LENGTH, "big", signed=True)


def read_offset(data: bytes) -> int | None:
    """Nanoseconds of the first 7 octets, to the nearest; None if there are fewer."""
    if len(data) < CUC_LENGTH:
        return None
    ticks = int.from_bytes(data[:CUC_LENGTH], "big", signed=True)
    return (ticks * SECOND + (1 << FINE_BITS - 1)) >> FINE_BITS
