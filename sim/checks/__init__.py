"""The invariants that are watched in every run."""

from __future__ import annotations

from sim.checks.check import Check
from sim.checks.state import (
    ClockMonotonic,
    KnownStateAfterBoot,
    QueuesBounded,
    StoredWithinBudget,
    SwitchLimits,
)
from sim.result import CheckCount
from sim.simulation import GroundSegment, Simulation

__all__ = ["Check", "Checks"]


class Checks:
    """All of them, as one watcher."""

    def __init__(self, simulation: Simulation, ground: GroundSegment) -> None:
        self.all: list[Check] = [
            KnownStateAfterBoot(),
            ClockMonotonic(),
            StoredWithinBudget(simulation),
            SwitchLimits(simulation),
            QueuesBounded(),
        ]
        self.ground = ground

    def look(self, simulation: Simulation, second: int) -> None:
        for check in self.all:
            check.look(simulation, second)

    def counts(self) -> tuple[CheckCount, ...]:
        return tuple(CheckCount(check.name, check.exercised, check.failed) for check in self.all)

    def failures(self) -> list[str]:
        return [f"{check.name}: {text}" for check in self.all for text in check.failures]
