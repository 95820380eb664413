"""Faults of a scenario on a bench: those that strike the world, the line or the processes.

What strikes inside the flight program (a module, its disk, its clock) cannot be done from outside; such a fault is
left out, and the run says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from hil.bench import Bench
from sim.faults import Injector
from sim.scenario import Fault, Scenario
from sim.simulation import Simulation

FROM_OUTSIDE = {
    "sensor",
    "rail",
    "heater",
    "array",
    "battery",
    "station",
    "link.up",
    "link.down",
    "computer",
    "package",
}
SendHostile = Callable[[str, int, random.Random], None]
KILLS = {("process.executive", "kill")}


def possible(fault: Fault) -> bool:
    return fault.target in FROM_OUTSIDE or (fault.target, fault.kind) in KILLS


def left_out(scenario: Scenario) -> list[str]:
    """One line for each fault that this bench cannot make."""
    return [
        f"{fault.target}{'.' if fault.name else ''}{fault.name} {fault.kind} at {fault.at_s:g} s"
        for fault in scenario.faults
        if not possible(fault)
    ]


class Truth:
    """The bench as `sim.faults` sees a simulation: the same names for world, ports, radio and power."""

    def __init__(self, bench: Bench, send_hostile: SendHostile | None = None) -> None:
        """`send_hostile` sends a package that no tenant would."""
        around = bench.surroundings
        self.bench, self.scenario, self.ground = bench, bench.scenario, bench.ground
        self.world, self.radio = around.world, around.radio
        self.sensors, self.switches = around.sensors, around.switches
        self.silenced = around.silenced
        self.latched: set[int] = set()
        self.injected = 0
        self.send_hostile = send_hostile
        self.now_s = 0
        self.injector = Injector([one for one in bench.scenario.faults if possible(one)], bench.seed)

    def strike(self, second: int) -> None:
        """Once a second, before the world moves."""
        self.now_s = second
        self.injector(cast(Simulation, self), second)
        plant = self.world.plant
        for index in sorted(self.latched):
            if plant.switch_levels()[index] == 0:
                plant.power.set_extra_load(index, 0.0)
                self.latched.discard(index)

    def cut_power(self, seconds: int, reason: int = 0) -> None:
        self.bench.cut_power(seconds)

    def restart_executive(self, hung: int | None) -> None:
        self.bench.kill_flight()
