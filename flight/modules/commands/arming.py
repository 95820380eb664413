"""Arm, then execute, in that order and in time: the two operator actions of SWE-134 d."""

from __future__ import annotations

ARMED_MAX = 4  # an operator arms one thing, does it, and arms the next


class Armed:
    """Which functions are armed and until when.  Never kept over a reboot."""

    def __init__(self) -> None:
        self.until: dict[int, int] = {}

    def arm(self, function: int, until: int) -> bool:
        """False if too many are armed at once."""
        if function not in self.until and len(self.until) >= ARMED_MAX:
            return False
        self.until[function] = until
        return True

    def state(self, function: int, now: int) -> bool | None:
        """True armed, False expired, None never armed.  Looks only."""
        until = self.until.get(function)
        return None if until is None else now <= until

    def spend(self, function: int) -> None:
        """One arming is good for one execution."""
        self.until.pop(function, None)

    def disarm_all(self) -> int:
        count = len(self.until)
        self.until.clear()
        return count

    def expire(self, now: int) -> list[int]:
        gone = [function for function, until in self.until.items() if now > until]
        for function in gone:
            del self.until[function]
        return gone
