"""The time in a packet's secondary header, for lines of a dump (CCSDS 301.0-B; P-field implicit)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NS = 1_000_000_000
PUS_C_TIME_AT = 13  # version, service, subtype, counter u16, destination u16 behind the primary header
HEADER_TIME_AT = 6
CDS_EPOCH = datetime(1958, 1, 1, tzinfo=UTC)
DAY_NS = 86_400 * NS
_CUC = re.compile(r"cuc:([1-4])\+([0-3])")


@dataclass(frozen=True, slots=True)
class TimeCode:
    """`coarse` octets of seconds and `fine` of 2^-8 s each; of day segmented time `coarse` is 0.

    `at`: where in the packet; -1: behind a PUS-C header, in PUS-C packets alone.  `epoch`: None shows seconds.
    """

    coarse: int = 4
    fine: int = 3
    at: int = -1
    epoch: datetime | None = None

    def read(self, packet: bytes, *, pus: bool) -> int | None:
        """Nanoseconds since the epoch; None where there is no such time."""
        if self.at < 0 and not pus:
            return None
        at = self.at if self.at >= 0 else PUS_C_TIME_AT
        if not self.coarse:
            if len(packet) < at + 8:
                return None
            day, ms, us = (
                int.from_bytes(packet[at + a : at + b], "big") for a, b in ((0, 2), (2, 6), (6, 8))
            )
            return day * DAY_NS + ms * 1_000_000 + us * 1000
        if len(packet) < at + self.coarse + self.fine:
            return None
        ticks = int.from_bytes(packet[at : at + self.coarse + self.fine], "big")
        return ticks * NS >> 8 * self.fine

    def words(self, time_ns: int) -> str:
        """`1234.567890 s`, or UTC from the epoch on, leap seconds not counted."""
        epoch = self.epoch if self.coarse else self.epoch or CDS_EPOCH
        if epoch is None:
            return f"{time_ns // NS}.{time_ns % NS // 1000:06d} s"
        try:
            moment = epoch + timedelta(microseconds=time_ns // 1000)
        except OverflowError:
            return f"{time_ns // NS} s"
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_code(text: str, at: int | None, epoch: datetime | None) -> TimeCode:
    """Of `cuc:4+3`, `cds`, or nothing.  ValueError for anything else."""
    if not text:
        return TimeCode(at=-1 if at is None else at, epoch=epoch)
    if text == "cds":
        return TimeCode(0, 0, HEADER_TIME_AT if at is None else at, epoch)
    found = _CUC.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r}: expected cds or cuc:C+F, such as cuc:4+2")
    return TimeCode(int(found[1]), int(found[2]), -1 if at is None else at, epoch)
