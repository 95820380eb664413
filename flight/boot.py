"""The first milliseconds: what storage still knows, which boot this is, and where the mission clock goes on.

The mission clock never runs backwards over a reboot: a floor is reserved ahead in a critical slot, and after an unclean
end the clock goes on from there.  After an orderly end it goes on where it stopped.  Where slots are damaged, the
newest record in a packet store tells a floor too: its time stamp is mission time.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from flight.declare import SECOND, Boot

BOOT_STATE = "boot"
CLOCK_STATE = "clock"
POWER_ON = 1  # the reset reason, as the guardian gives it
RESERVED_NS = 60 * SECOND  # how far ahead the floor is reserved: at most this is skipped by a power cut
_boot = struct.Struct(">I")
_clock = struct.Struct(">Q?")


@dataclass(frozen=True, slots=True)
class Resumed:
    """`clock` is mission time in whole seconds, ns, at which this boot begins.

    `provisional`: storage could not be opened, so nobody knows what it holds, and nothing may be written to it.
    """

    boot: Boot
    clock: int
    provisional: bool = False


def pack_clock(floor: int, clean: bool) -> bytes:
    return _clock.pack(floor, clean)


def pack_boot(count: int) -> bytes:
    return _boot.pack(count)


def resume(
    boot_state: bytes | None,
    clock_state: bytes | None,
    reason: int,
    safe: bool,
    recorded: int | None = None,
    *,
    ordered: bool = False,
) -> Resumed:
    """From the two slots to this boot; both absent is the first one, and a clean one.

    `recorded` is given where a slot is damaged, or absent beside stored data: the newest time that was found in a
    packet store, ns, 0 for none.  The boot is unclean then, and the clock goes on beyond that time.  A boot count that
    is lost goes on at the clock in seconds: each boot has taken a second at least, so it was not used before.

    `ordered`: the run before was told to shut down, and had that stored.  If then its power went, it ended in order.
    """
    count = _boot.unpack(boot_state)[0] if boot_state and len(boot_state) == _boot.size else None
    stored = _clock.unpack(clock_state) if clock_state and len(clock_state) == _clock.size else None
    floor, clean = stored or (0, count is None)
    clean = clean or (ordered and reason == POWER_ON)
    if recorded is not None:
        floor, clean = max(floor, recorded + RESERVED_NS), False
    whole = -(-floor // SECOND) * SECOND
    if count is None:
        count = 0 if recorded is None else whole // SECOND
    return Resumed(Boot(count + 1, clean, safe, reason), whole)
