"""Faults of the space link: several may lie over each other, and each one ends by itself."""

from __future__ import annotations

from collections.abc import Callable

from sim.scenario import Fault
from sim.simulation import Simulation

FIELDS = {
    "silent": "loss",
    "corrupt": "flip",
}  # what a kind is called in `sim.link.Spoiling`, where it differs


class Lines:
    """Of each property of a line the largest of what the faults now ask for, and at least the scenario's own."""

    def __init__(self) -> None:
        self.own: dict[tuple[str, str], float] = {}
        self.asked: dict[tuple[str, str], list[float]] = {}

    def begin(self, simulation: Simulation, fault: Fault) -> Callable[[], None]:
        """Give what ends it."""
        field = FIELDS.get(fault.kind, fault.kind)
        key = fault.target, field
        line = simulation.radio.down if fault.target == "link.down" else simulation.radio.up
        share = 1.0 if fault.kind == "silent" else fault.value or 0.0
        self.own.setdefault(key, getattr(line.spoiling, field))
        asked = self.asked.setdefault(key, [])

        def apply() -> None:
            setattr(line.spoiling, field, max([self.own[key], *asked]))

        def end() -> None:
            asked.remove(share)
            apply()

        asked.append(share)
        apply()
        return end
