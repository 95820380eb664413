"""A spacecraft flown with faults for the tests beside this file: one fault from second FROM until UNTIL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flight.app import build, load_mission
from flight.kernel.supervisor import Slot
from ground import Ground
from sim.faults import Injector
from sim.scenario import Fault, load_scenario
from sim.simulation import Simulation

REFERENCE = load_scenario("reference")
BUILT = build(load_mission("pathfinder"))
FROM, UNTIL = 20, 40


def fly(*faults: Fault, start_s: int = 0, until_s: int = FROM) -> Simulation:
    """With the first second of a fault done when it stands still."""
    scenario = replace(REFERENCE, epoch=REFERENCE.epoch + timedelta(seconds=start_s), faults=(), commands=())
    simulation = Simulation(scenario, BUILT.mission, Ground(BUILT.dictionary), 1, inject=Injector(faults, 1))
    simulation.run(until_s + 1)
    return simulation


def fault(target: str, kind: str, name: str = "", value: float | None = None, last: int = UNTIL) -> Fault:
    return Fault(FROM, last - FROM, target, name, kind, value)


def level(simulation: Simulation, name: str) -> int:
    return simulation.switches.levels()[simulation.switches.names.index(name)]


def switch(simulation: Simulation, name: str, wanted: int) -> int:
    """Command it as flight does; what it then is."""
    simulation.switches.set(simulation.switches.names.index(name), wanted)
    return level(simulation, name)


def slot(simulation: Simulation, name: str) -> Slot:
    kernel = simulation.computer.kernel
    assert kernel is not None
    return next(one for one in kernel.slots if one.name == name)


def module(simulation: Simulation, name: str) -> Any:
    """The module's object; each has attributes of its own."""
    return slot(simulation, name).module
