"""Faults of the space link: several may lie over each other, and each one ends by itself."""

from __future__ import annotations

import random
from collections.abc import Callable

from sim.intruders import Intruder
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


def listen(simulation: Simulation, rng: random.Random) -> None:
    """Somebody begins to listen to the way up; so far he is silent."""
    mission, radio = simulation.mission, simulation.radio
    octets_s, seed = radio.up_octets_s, simulation.seed
    radio.intruder = Intruder(mission.spacecraft_id, mission.telecommand, octets_s, seed, rng)
    radio.listeners.append(radio.intruder.hear)


def begin_intrusion(simulation: Simulation, fault: Fault) -> Callable[[], None]:
    """Give what ends it."""
    intruder = simulation.radio.intruder
    assert intruder is not None, "somebody listens as soon as a run has such a fault"
    end_share = intruder.begin(fault.kind, fault.value or 0.0)

    def end() -> None:
        end_share()
        simulation.flooded += 1

    return end
