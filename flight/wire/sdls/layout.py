"""Security header and trailer, authentication masks, and a mission's rule for each direction (CCSDS 355.0-B-2).

    prefix | SPI 16 | IV 96 | encrypted data | MAC 128 | trailer

The prefix is the primary header with the segment header (TC) or the secondary header (TM); the trailer is the
operational control field (TM) and the error control field.  The IV counts, and is the anti-replay sequence number
as well: yamcs and CryptoLib do the same, so there is no separate number and no padding with AES-GCM.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from struct import Struct

SPI_LENGTH = 2
IV_LENGTH = 12
MAC_LENGTH = 16
KEY_LENGTH = 32
SECURITY_HEADER_LENGTH = SPI_LENGTH + IV_LENGTH
SECURITY_OVERHEAD = SECURITY_HEADER_LENGTH + MAC_LENGTH
SPI_MAX = 0xFFFE  # 0 and 65535 are reserved
# Numbers are below it: the highest is never used, so that "all are used" fits into the field too.
NUMBER_LIMIT = (1 << 8 * IV_LENGTH) - 1

SECURITY_HEADER = Struct(">HIQ")  # SPI, upper and lower part of the IV

TC_PREFIX, TC_TRAILER = 5, 2
TM_PREFIX, TM_TRAILER = 6, 6

# How far a number may jump ahead.  Only the holder of the key gets so far, so this is no defence against forgers;
# it keeps a sender's mistake from using up the numbers.  Well over what reboots on either side skip (`counter.py`).
TC_WINDOW = 1 << 32
TM_WINDOW = 1 << 48


class Use(IntEnum):
    """Which way an association serves.  Never both: two senders under one key would use an IV twice."""

    TELECOMMAND = 1
    TELEMETRY = 2


class Protection(Enum):
    CLEAR = "clear"
    PROTECTED = "authenticated and encrypted"


@dataclass(frozen=True, slots=True)
class LinkRule:
    """One direction of the link, from the mission's table.  Nothing that arrives can change it.

    `mask` covers the prefix and the security header: bits of ones are authenticated.  The encrypted data always are.
    """

    use: Use
    channels: frozenset[int]
    mask: bytes
    trailer_length: int
    window: int
    protection: Protection = Protection.PROTECTED

    def __post_init__(self) -> None:
        shortest = (TC_PREFIX if self.use is Use.TELECOMMAND else TM_PREFIX) + SECURITY_HEADER_LENGTH
        if len(self.mask) < shortest:
            raise ValueError(f"mask of {len(self.mask)} octets, at least {shortest}")
        if not 0 < self.window < NUMBER_LIMIT:
            raise ValueError(f"window {self.window} is not in 1..2^96 - 1")

    @property
    def prefix_length(self) -> int:
        return len(self.mask) - SECURITY_HEADER_LENGTH


def telecommand_rule(
    channels: frozenset[int],
    *,
    segment_header: bool = False,
    protection: Protection = Protection.PROTECTED,
    mask: bytes = b"",
    window: int = TC_WINDOW,
) -> LinkRule:
    """`mask` left out: that of yamcs."""
    mask = mask or tc_mask(segment_header=segment_header)
    if len(mask) != TC_PREFIX + segment_header + SECURITY_HEADER_LENGTH:
        raise ValueError(f"mask of {len(mask)} octets does not fit the headers of a TC frame")
    return LinkRule(Use.TELECOMMAND, channels, mask, TC_TRAILER, window, protection)


def telemetry_rule(
    channels: frozenset[int],
    *,
    secondary_header_length: int = 0,
    protection: Protection = Protection.PROTECTED,
    mask: bytes = b"",
    window: int = TM_WINDOW,
) -> LinkRule:
    """`mask` left out: that of yamcs.  Frames with operational control field and error control."""
    mask = mask or tm_mask(secondary_header_length)
    if len(mask) != TM_PREFIX + secondary_header_length + SECURITY_HEADER_LENGTH:
        raise ValueError(f"mask of {len(mask)} octets does not fit the headers of a TM frame")
    return LinkRule(Use.TELEMETRY, channels, mask, TM_TRAILER, window, protection)


def tc_mask(*, segment_header: bool = False) -> bytes:
    """What yamcs authenticates (StandardAuthMask.TC): virtual channel, segment header and SPI.

    The IV need not be in it: it goes into every MAC as the IV.
    """
    return bytes([0, 0, 0xFC, 0, 0]) + b"\xff" * segment_header + b"\xff\xff" + bytes(IV_LENGTH)


def tm_mask(secondary_header_length: int = 0) -> bytes:
    """What yamcs authenticates (StandardAuthMask.TM): virtual channel and SPI."""
    return bytes([0, 0x0E, 0, 0, 0, 0]) + bytes(secondary_header_length) + b"\xff\xff" + bytes(IV_LENGTH)


def strict_mask(prefix_length: int) -> bytes:
    """Every bit of all headers, for links with Skyrack at both ends: N(S), bypass flag, first header pointer too."""
    return b"\xff" * (prefix_length + SECURITY_HEADER_LENGTH)
