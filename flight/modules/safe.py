"""The safe state of the switches: what is on and what is off while the spacecraft is in safe mode.

It trusts nobody: any mode but IDLE or COMPUTE counts as safe, and so does a mode that nobody wrote lately.
Levels are asserted again every ten seconds whatever they were before, and compared with the levels read back.
Heaters belong in no such table: thermal keeps them, also in safe mode.
"""

from dataclasses import dataclass
from typing import NamedTuple

from flight.declare import COMPUTE, IDLE, SECOND, U8, U32, Event, Module, Outbox, Severity, Telemetry

ASSERT_EVERY_NS = 10 * SECOND
AWAKE = (int(IDLE), int(COMPUTE))
MODE_LATE_NS = 5 * SECOND  # the modes module runs each second
OBEY_WITHIN_NS = 3 * SECOND  # levels are read back once a second; then a disobeying switch is an event


@dataclass(frozen=True, slots=True)
class SafeLevel:
    """`switch` is its index in the mission's table of switches."""

    switch: int
    level: int


class Safe(Module):
    """Holds the switches of the table while the spacecraft is safe; in IDLE and COMPUTE touches nothing."""

    class Inputs(NamedTuple):
        mode: int
        mode_age: int
        levels: tuple[int, ...]

    class Status(Telemetry, period=30):
        """Whether the safe state of the switches is asserted and obeyed."""

        holding: bool
        disobeying: U8  # switches that read back another level
        assertions: U32
        corrections: U32

    not_obeyed = Event(
        Severity.HIGH, "switch {switch} reads {reads}, safe is {level}", switch=U8, reads=U8, level=U8
    )

    def __init__(self, table: tuple[SafeLevel, ...]) -> None:
        self.status = self.Status()
        self.table = table
        self.assert_at = 0
        self.wrong_since = [0] * len(table)
        self.told = [False] * len(table)

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        mode, age, levels = sees
        if age <= MODE_LATE_NS and mode in AWAKE:
            if self.status.holding:
                self._release()
            return
        self.status.holding = True
        if now >= self.assert_at:
            self.assert_at = now + ASSERT_EVERY_NS
            self.status.assertions += 1
            for row in self.table:
                out.set(row.switch, row.level)
        self._verify(now, levels, out)

    def _release(self) -> None:
        self.status.holding = False
        self.status.disobeying = 0
        self.assert_at = 0  # the next safe step asserts at once
        self.wrong_since = [0] * len(self.table)
        self.told = [False] * len(self.table)

    def _verify(self, now: int, levels: tuple[int, ...], out: Outbox) -> None:
        """A switch that reads back wrong is set again each second, and reported once."""
        disobeying = 0
        for index, row in enumerate(self.table):
            reads = levels[row.switch] if row.switch < len(levels) else 0xFF
            if reads == row.level:
                self.wrong_since[index] = 0
                self.told[index] = False
                continue
            disobeying += 1
            if not self.wrong_since[index]:
                self.wrong_since[index] = now
                continue  # the assertion of this very step has not been read back yet
            self.status.corrections += 1
            out.set(row.switch, row.level)
            if now - self.wrong_since[index] >= OBEY_WITHIN_NS and not self.told[index]:
                self.told[index] = True
                out.event(self.not_obeyed, row.switch, reads, row.level)
        self.status.disobeying = disobeying
