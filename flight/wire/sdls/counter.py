"""Numbers that are reserved ahead on disk, so that no reboot can use one twice or take one twice."""

from __future__ import annotations

from flight.wire.sdls.layout import NUMBER_LIMIT

# Numbers reserved at once.  96 bits are plenty, so a block is large: a board whose disk dies in flight still sends
# for 1.3 years at 50 frames a second and takes half a million frames, and no counter is saved more than once a day.
SENDING_BLOCK = 1 << 32
RECEIVING_BLOCK = 1 << 20

# Blocks skipped when a slot of the store was damaged: of four slots the newest three may be, each a block old.
BLOCKS_SKIPPED = 4


class Counter:
    """Of a sender: the next number to use.  Of a receiver: the lowest that it still takes.

    Numbers below `reserved` are on disk as used.  A life begins at `reserved`, whatever was used of it before.
    Nothing is reserved before the first use, so reboots without traffic skip nothing.
    """

    __slots__ = ("asked", "block", "next", "reserved", "used")

    def __init__(self, reserved: int, block: int) -> None:
        assert 0 <= reserved <= NUMBER_LIMIT
        assert block >= 2
        self.next = self.reserved = self.asked = reserved
        self.block = block
        self.used = False  # in this life

    def take(self) -> int | None:
        """The next number to send with; None until more is reserved."""
        self.used = True
        number = self.next
        if number >= self.reserved:
            return None
        self.next = number + 1
        return number

    @property
    def ready(self) -> bool:
        """`take` would give a number.  It counts as use, so that numbers get reserved."""
        self.used = True
        return self.next < self.reserved

    def pass_over(self, number: int) -> None:
        """`number` was received, so it and those below are not taken again.  It counts once it is below `reserved`."""
        assert number >= self.next
        self.used = True
        self.next = number + 1

    def raise_to(self, number: int) -> None:
        """The other end takes nothing below `number`."""
        self.next = min(max(self.next, number), NUMBER_LIMIT)

    @property
    def low(self) -> bool:
        """Less than half a block is left, or nothing."""
        return self.used and self.reserved < min(self.next + self.block // 2, NUMBER_LIMIT)

    def ask(self) -> int:
        """What to write to the disk as reserved; it counts after `granted`."""
        if self.low:
            self.asked = min(self.next + self.block, NUMBER_LIMIT)
        assert self.asked >= self.reserved, "what is reserved never shrinks"
        return self.asked

    def granted(self) -> None:
        self.reserved = self.asked


class FollowingCounter(Counter):
    """Of a ground that hears telemetry: what is written follows what was taken, and is never ahead of it.

    A spacecraft cannot be asked to skip what such an end has reserved, so a block ahead would make the ground deaf
    until the spacecraft has come so far.  The price: after a crash, frames since the last write would be taken once
    more.  Their packets would not: each has a record number that the archive knows.
    """

    @property
    def low(self) -> bool:
        return self.next > self.reserved

    def ask(self) -> int:
        self.asked = max(self.asked, self.next)
        return self.asked
