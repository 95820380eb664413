"""The first milliseconds: what storage still knows, which boot this is, and where the mission clock goes on.

The mission clock never runs backwards over a reboot: a floor is reserved ahead in a critical slot, and after an unclean
end the clock goes on from there.  After an orderly end it goes on where it stopped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from flight.declare import SECOND, Boot

BOOT_STATE = "boot"
CLOCK_STATE = "clock"
RESERVED_NS = 60 * SECOND  # how far ahead the floor is reserved: at most this is skipped by a power cut
_boot = struct.Struct(">I")
_clock = struct.Struct(">Q?")


@dataclass(frozen=True, slots=True)
class Resumed:
    """`clock` is mission time in whole seconds, ns, at which this boot begins."""

    boot: Boot
    clock: int


def pack_clock(floor: int, clean: bool) -> bytes:
    return _clock.pack(floor, clean)


def pack_boot(count: int) -> bytes:
    return _boot.pack(count)


def resume(boot_state: bytes | None, clock_state: bytes | None, reason: int, safe: bool) -> Resumed:
    """From the two slots to this boot.  Unreadable slots count as a first, unclean boot at clock zero."""
    count = _boot.unpack(boot_state)[0] if boot_state and len(boot_state) == _boot.size else 0
    floor, clean = (
        _clock.unpack(clock_state) if clock_state and len(clock_state) == _clock.size else (0, count == 0)
    )
    whole = -(-floor // SECOND) * SECOND
    return Resumed(Boot(count + 1, clean, safe, reason), whole)
