"""Invariants of heat: heaters keep their share of time, and no single bad sensor cooks or freezes a node."""

from __future__ import annotations

from dataclasses import dataclass

from flight.kernel import Kernel
from flight.modules.thermal import Node, Thermal
from sim.checks.check import Check
from sim.simulation import Simulation
from sim.thermal import ZERO_CELSIUS_K

SLACK_S = 90.0  # readings, back-offs, and a computer that is off for half a minute with the heater on
NEAR = 0.25  # of a budget: below, the limit is near
HALF = 0.5  # of its budget a restarted heater may have again
OUTSIDE_S = 600  # a node that is outside for so long has not been helped
LOOK_EVERY_S = 5


def thermal_of(kernel: Kernel) -> Thermal | None:
    return next((slot.module for slot in kernel.slots if isinstance(slot.module, Thermal)), None)


@dataclass
class Bucket:
    """Heating time that is left: fills at the duty allowed, empties while the heater is on."""

    switch: int
    name: str
    level_s: float
    near: bool = False


class HeaterDuty(Check):
    """Over any time T a heater is on for at most duty x T + its budget, whatever the sensors say.

    A heater that a fault holds is left out while it is held.  Exercised: a heater used up most of its budget.
    """

    def __init__(self) -> None:
        super().__init__("no heater is on for longer than its duty limit")
        self.buckets: list[Bucket] = []
        self.duty = 1.0
        self.budget_s = 0.0

    def installed(self, kernel: Kernel, name: str) -> None:
        module = thermal_of(kernel)
        if name != "thermal" or module is None:
            return
        self.duty = module.duty_max
        self.budget_s = module.longest_on_s * (1 - module.duty_max)
        if not self.buckets:
            heaters = [watch.row for watch in module.watches if watch.row.heater]
            self.buckets = [
                Bucket(node.heater.switch, node.name, self.budget_s) for node in heaters if node.heater
            ]
        for bucket in self.buckets:
            bucket.level_s = min(self.budget_s, bucket.level_s + HALF * self.budget_s)

    def look(self, simulation: Simulation, second: int) -> None:
        levels = simulation.switches.levels()
        duty, budget_s = self.duty, self.budget_s
        for bucket in self.buckets:
            if not levels[bucket.switch]:
                if bucket.level_s < budget_s:
                    bucket.level_s = min(budget_s, bucket.level_s + duty)
                    bucket.near = bucket.near and bucket.level_s < HALF * budget_s
            elif simulation.switches.names[bucket.switch] not in simulation.switches.jammed:
                bucket.level_s -= 1.0 - duty
                self._judge(bucket, budget_s)

    def _judge(self, bucket: Bucket, budget_s: float) -> None:
        if bucket.level_s < NEAR * budget_s and not bucket.near:
            bucket.near = True
            self.exercised += 1
        if bucket.level_s < -SLACK_S:
            self.fail(f"the heater of {bucket.name} is on for {-bucket.level_s:.0f} s beyond its limit")
            bucket.level_s = budget_s


class NodesWithinLimits(Check):
    """No node with one bad sensor at most is cooked or frozen beyond its red limits by what the software does.

    Heat that a fault brings (a heater or a rail that does not obey, a latch-up) is not the software's, nor is cold
    without power.  Exercised: a node had one bad sensor for long enough to matter.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("no single bad sensor cooks or freezes a node")
        self.table: list[Node] = []
        self.nodes: list[tuple[Node, int]] = []
        self.outside: dict[str, int] = {}
        self.bad: dict[str, int] = {}
        self.cold_excuse = 0

    def installed(self, kernel: Kernel, name: str) -> None:
        module = thermal_of(kernel)
        if name == "thermal" and module is not None:
            self.table = [watch.row for watch in module.watches]

    def look(self, simulation: Simulation, second: int) -> None:
        plant = simulation.world.plant
        if not self.nodes:
            names = plant.thermal.names
            self.nodes = [(node, names.index(node.name)) for node in self.table if node.heater or node.board]
        self._excuse(simulation, second)
        temperatures = plant.thermal.temperatures_k
        for node, place in self.nodes:
            temperature = temperatures[place] - ZERO_CELSIUS_K
            if node.red_low < temperature < node.red_high:
                self.outside.pop(node.name, None)
            else:
                self._outside(simulation, node, temperature, second)
        if simulation.sensors.distortions:
            self._count(simulation)

    def _excuse(self, simulation: Simulation, second: int) -> None:
        """Faults that heat or chill by themselves, and for how long they may still be felt."""
        switches = simulation.switches
        own = bool(switches.jammed or simulation.latched) or simulation.computer.kernel is None
        if own or not simulation.world.plant.power.bus_on:
            self.cold_excuse = second + OUTSIDE_S

    def _outside(self, simulation: Simulation, node: Node, temperature: float, second: int) -> None:
        distorted = sum(name in simulation.sensors.distortions for name in node.sensors)
        if second < self.cold_excuse or distorted > 1:
            self.outside.pop(node.name, None)
            return
        since = self.outside.setdefault(node.name, second)
        if second - since == OUTSIDE_S:
            self.fail(
                f"{node.name} is at {temperature:.1f} degC for {OUTSIDE_S} s, with {distorted} bad sensors"
            )

    def _count(self, simulation: Simulation) -> None:
        for node, _ in self.nodes:
            distorted = sum(name in simulation.sensors.distortions for name in node.sensors)
            self.bad[node.name] = self.bad.get(node.name, 0) + LOOK_EVERY_S if distorted == 1 else 0
            self.exercised += self.bad[node.name] == OUTSIDE_S
