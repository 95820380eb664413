"""Telecommand packets with a time: the list that service 11 carries and that schedule and sequences store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flight.wire.cuc import CUC_LENGTH, decode_cuc, encode_cuc
from flight.wire.packet import SHORTEST_PACKET


class Timed(NamedTuple):
    """`at` in ns: a mission time, or a delay after the step before."""

    at: int
    packet: bytes

    @property
    def request(self) -> int:
        """Packet id and sequence control, as verification reports name it."""
        return int.from_bytes(self.packet[:4], "big")


def pack_timed(entries: Sequence[Timed]) -> bytes:
    return bytes([len(entries)]) + b"".join(encode_cuc(entry.at) + entry.packet for entry in entries)


def read_timed(data: bytes) -> list[Timed] | None:
    """A count u8, then CUC 4+3 and a whole packet each; None for anything else."""
    found = read_some(data)
    return found[0] if found is not None and found[1] == len(data) else None


def read_some(data: bytes) -> tuple[list[Timed], int] | None:
    """The list that `data` begins with, and where it ends."""
    if not data:
        return None
    entries = []
    at = 1
    for _ in range(data[0]):
        start = at + CUC_LENGTH
        if len(data) < start + SHORTEST_PACKET:
            return None
        end = start + int.from_bytes(data[start + 4 : start + 6], "big") + SHORTEST_PACKET
        if len(data) < end:
            return None
        entries.append(Timed(decode_cuc(data[at:start]), data[start:end]))
        at = end
    return entries, at
