"""Which telecommands have been taken: the last few request ids, kept over reboots."""

from __future__ import annotations

from flight.declare import U8, U32, Kept

SEEN = 16  # a repeated transmission comes within seconds; a pass carries a few hundred commands


class Seen(Kept, version=1):
    """A ring of request ids (packet id and sequence control; never 0 for a telecommand)."""

    next: U8
    r0: U32
    r1: U32
    r2: U32
    r3: U32
    r4: U32
    r5: U32
    r6: U32
    r7: U32
    r8: U32
    r9: U32
    r10: U32
    r11: U32
    r12: U32
    r13: U32
    r14: U32
    r15: U32
    accepted: U32  # since the spacecraft was built


def was_seen(seen: Seen, request: int) -> bool:
    return any(getattr(seen, f"r{index}") == request for index in range(SEEN))


def note(seen: Seen, request: int) -> None:
    setattr(seen, f"r{seen.next % SEEN}", request)
    seen.next = (seen.next + 1) % SEEN
    seen.accepted = (seen.accepted + 1) & 0xFFFFFFFF
