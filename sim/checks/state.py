"""Invariants of the spacecraft's state, seen from outside once a second."""

from __future__ import annotations

from flight.declare import Mode
from flight.kernel import Kernel
from sim.checks.check import Check
from sim.simulation import NS, Simulation

SAFE_WITHIN_S = 5
SLOT_OCTETS = 64 * 1024  # critical slots, documents and their temporary copies beside the stores


class KnownStateAfterBoot(Check):
    """Every reboot ends in a known safe state with the link alive."""

    def __init__(self) -> None:
        super().__init__("every reboot ends in safe mode with the receiver on")
        self.boots_seen = 0
        self.booted_at = -1

    def look(self, simulation: Simulation, second: int) -> None:
        computer = simulation.computer
        if computer.boots != self.boots_seen:
            self.boots_seen, self.booted_at = computer.boots, second
        kernel = computer.kernel
        if kernel is None or self.booted_at < 0 or second < self.booted_at + SAFE_WITHIN_S:
            return
        self.booted_at = -1
        mode = kernel.bus.read("mode")
        levels = simulation.world.plant.switch_levels()
        receiver = levels[simulation.receiver] > 0 or simulation.receiver_jammed()
        self.expect(mode == Mode.SAFE and receiver, second, f"mode {mode}, receiver {receiver}")


class ClockMonotonic(Check):
    """The mission clock never runs backwards, over reboots either."""

    def __init__(self) -> None:
        super().__init__("the mission clock never runs backwards")
        self.last = -1
        self.kernel: Kernel | None = None

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if kernel is None:
            return
        now = second * NS + simulation.computer.offset
        if kernel is not self.kernel:
            self.expect(now > self.last, second, f"mission time {now} after {self.last}")
            self.kernel = kernel
        self.last = now


class StoredWithinBudget(Check):
    """Stored bytes never exceed their budget."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("stored bytes stay within their budget")
        self.budget = sum(store.budget for store in simulation.mission.stores) + SLOT_OCTETS

    def look(self, simulation: Simulation, second: int) -> None:
        stored = simulation.disk.stored_bytes
        self.expect(stored <= self.budget, second, f"{stored} octets stored, budget {self.budget}")


class SwitchLimits(Check):
    """Actuator limits hold whatever the sensors say."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("no switch leaves its range of levels")
        self.highest = [switch.highest for switch in simulation.mission.switches]

    def look(self, simulation: Simulation, second: int) -> None:
        levels = simulation.switches.levels()
        good = all(0 <= level <= highest for level, highest in zip(levels, self.highest, strict=True))
        self.expect(good, second, f"levels {levels}")


class QueuesBounded(Check):
    """No inbox holds more than its capacity."""

    def __init__(self) -> None:
        super().__init__("no queue holds more than its capacity")

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if kernel is None:
            return
        over = [name for name, box in kernel.boxes.items() if len(box.items) > box.capacity]
        self.expect(not over, second, f"over capacity: {over}")
