"""What jobs draw beside what they say: a lie is a load of its own on the rail of the job's board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flight.declare.running import NUMBERS_EACH
from flight.modules.jobs import Jobs

if TYPE_CHECKING:
    from sim.simulation import Simulation


class JobPower:
    """`second` once a second, while a job lies or has lied.  A rail that is latched up keeps its own extra load."""

    def __init__(self) -> None:
        self.boards: dict[int, int] = {}  # rail by the book's number, as the executive said last
        self.drawn: dict[int, float] = {}  # W by rail

    def second(self, simulation: Simulation) -> None:
        lying = simulation.afflictions.lying_w
        runner = simulation.computer.runner
        wanted: dict[int, float] = {}
        if lying and runner is not None:
            self._learn(simulation)
            for number in runner.at_work():
                brief, _ = runner.names.get(number, (None, 0))
                rail = self.boards.get(number // NUMBERS_EACH)
                if brief is not None and rail is not None:
                    watts = lying.get(f"{brief.owner}/{brief.name}", 0.0)
                    wanted[rail] = wanted.get(rail, 0.0) + watts
        power = simulation.world.plant.power
        for rail in {*self.drawn, *wanted} - simulation.latched:
            if self.drawn.get(rail, 0.0) != wanted.get(rail, 0.0):
                power.set_extra_load(rail, wanted.get(rail, 0.0))
        self.drawn = {rail: watts for rail, watts in wanted.items() if watts}

    def _learn(self, simulation: Simulation) -> None:
        kernel = simulation.computer.kernel
        module = next((slot.module for slot in kernel.slots if slot.name == "jobs"), None) if kernel else None
        if isinstance(module, Jobs):
            places = simulation.switches.places
            for number, run in module.crew.runs.items():
                self.boards[number] = places[module.desk.lanes[run.lane].switch]
