"""CCSDS unsegmented time code, 4 octets of seconds and 3 of 2^-24 s (CCSDS 301.0-B, 3.2; agency epoch).

The P-field is implicit: both ends know it.  Nanoseconds become ticks of 59.6 ns by rounding down, so a time
never moves into the next second; a tick becomes the smallest nanosecond that encodes to it, so that
`encode_cuc(decode_cuc(octets)) == octets` and a decoded time is never later than the one encoded.
"""

from __future__ import annotations

from struct import Struct

P_FIELD = 0x2F  # no extension, 010: agency epoch, 4 coarse and 3 fine octets
CUC_LENGTH = 7
SECOND = 1_000_000_000
FINE_BITS = 24

# The last tick that 4 + 3 octets hold, 136 years after the epoch.
_LAST = (2**32 - 1, 0xFFFF, 0xFF)
_LAST_NS = 2**32 * SECOND - 1
_FINE_ROUND_UP = (1 << FINE_BITS) - 1
_pack = Struct(">IHB").pack
_unpack = Struct(">IHB").unpack


def cuc_fields(ns: int) -> tuple[int, int, int]:
    """Seconds (u32), upper 16 and lower 8 bits of the fine time: the three time fields of `TM_PREFIX_FORMAT`.

    What does not fit saturates: a negative time becomes 0, a time past 2^32 s the last tick.
    """
    if not 0 <= ns <= _LAST_NS:
        return (0, 0, 0) if ns < 0 else _LAST
    seconds, rest = divmod(ns, SECOND)
    fine = (rest << FINE_BITS) // SECOND
    return seconds, fine >> 8, fine & 0xFF


def nanoseconds(seconds: int, fine_high: int, fine_low: int) -> int:
    """The inverse of `cuc_fields`."""
    fine = fine_high << 8 | fine_low
    return seconds * SECOND + (fine * SECOND + _FINE_ROUND_UP >> FINE_BITS)


def encode_cuc(ns: int) -> bytes:
    """7 octets; saturates as `cuc_fields` does."""
    return _pack(*cuc_fields(ns))


def decode_cuc(data: bytes) -> int:
    """Nanoseconds since the epoch.  The caller has checked that there are exactly 7 octets."""
    assert len(data) == CUC_LENGTH
    seconds, fine_high, fine_low = _unpack(data)
    return nanoseconds(seconds, fine_high, fine_low)
