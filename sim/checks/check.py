"""One watched invariant: a sentence, a look once a second, and how often there was something to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flight.kernel import Kernel
    from sim.simulation import Simulation

FAILURES_KEPT = 20  # texts of one check; the count goes on


@dataclass
class Check:
    """`exercised` counts how often the precondition occurred: a check that was never exercised says nothing."""

    name: str
    exercised: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, second: int, text: str) -> None:
        """The precondition has occurred; does the invariant hold?"""
        self.exercised += 1
        if not holds:
            self.failed += 1
            if len(self.failures) < FAILURES_KEPT:
                self.failures.append(f"{second} s: {text}")

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        """A new kernel is about to start."""

    def look(self, simulation: Simulation, second: int) -> None:
        """After each second."""

    def finish(self, simulation: Simulation) -> None:
        """After the last."""
