"""Invariants of the spacecraft's state, seen from outside once a second."""

from __future__ import annotations

from flight.boot import CLOCK_STATE
from flight.declare import Mode, SaveState, Stored
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.kernel.work import PENDING_MAX
from flight.modules.commands.ledger import OPEN_MAX
from flight.modules.downlink import Downlink
from flight.modules.downlink.ranges import RANGES_MAX
from sim.checks.check import Check
from sim.checks.commands import commands_of
from sim.simulation import NS, Simulation

SAFE_WITHIN_S = 5
SLOT_OCTETS = 64 * 1024  # critical slots, documents and their temporary copies beside the stores
LOOK_EVERY_S = 10
SLACK = 2  # requests of one tick beyond a limit that is checked once a tick
READY_OCTETS_MAX = 832 * 1024  # of playback: 512 KiB waiting, one read of 256 KiB, and one record more
CLOCK_FLOOR_OCTETS = 8


class KnownStateAfterBoot(Check):
    """Every reboot ends in safe mode with the receiver on, within 5 s.

    Not looked at while the modes module itself has been made to crash, or a fault holds the receiver's rail.
    """

    def __init__(self) -> None:
        super().__init__("every reboot ends in safe mode with the receiver on")
        self.booted_at = -1

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.booted_at = self.moment.second

    def look(self, simulation: Simulation, second: int) -> None:
        if self.booted_at < 0 or second < self.booted_at + SAFE_WITHIN_S:
            return
        self.booted_at = -1
        kernel = simulation.computer.kernel
        if kernel is None or any(
            slot.state is not State.RUNNING for slot in kernel.slots if slot.row.critical
        ):
            return
        mode = kernel.bus.read("mode")
        on = simulation.world.plant.switch_levels()[simulation.receiver] > 0
        held = simulation.receiver_jammed() or simulation.receiver in simulation.latched
        self.expect(mode == Mode.SAFE and (on or held), f"mode {mode}, receiver {'on' if on else 'off'}")


class ClockMonotonic(Check):
    """The mission clock never runs backwards, over reboots either.

    A clock that has outrun the floor which storage last acknowledged (storage took nothing for half a minute) may.
    """

    def __init__(self) -> None:
        super().__init__("the mission clock never runs backwards")
        self.last = -1
        self.floor = 0
        self.excused = 0

    def performed(self, request: object, result: object) -> None:
        if isinstance(request, SaveState) and request.name == CLOCK_STATE and isinstance(result, Stored):
            self.floor = int.from_bytes(request.body[:CLOCK_FLOOR_OCTETS], "big")

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        now = self.moment.second * NS + simulation.computer.offset
        if self.last > self.floor:
            self.excused += 1
        else:
            self.expect(now > self.last, f"mission time {now} after {self.last}")

    def look(self, simulation: Simulation, second: int) -> None:
        if simulation.computer.kernel is not None:
            self.last = second * NS + simulation.computer.offset


class StoredWithinBudget(Check):
    """Stored bytes never exceed their budget."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("stored bytes stay within their budget")
        self.budget = sum(store.budget for store in simulation.mission.stores) + SLOT_OCTETS

    def look(self, simulation: Simulation, second: int) -> None:
        stored = simulation.disk.stored_bytes
        self.exercised += 1
        if stored > self.budget:
            self.fail(f"{stored} octets stored, budget {self.budget}")


class SwitchLimits(Check):
    """Actuator limits hold whatever the sensors say."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("no switch leaves its range of levels")
        self.highest = [switch.highest for switch in simulation.mission.switches]
        self.seen: object = None

    def look(self, simulation: Simulation, second: int) -> None:
        levels = simulation.switches.levels()
        if levels != self.seen:
            self.seen = levels
            good = all(0 <= level <= highest for level, highest in zip(levels, self.highest, strict=True))
            self.expect(good, f"levels {levels}")


class QueuesBounded(Check):
    """Inboxes, the ledger, tickets and playback hold no more than they may."""

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("no queue holds more than its capacity")

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if kernel is None:
            return
        over = [name for name, box in kernel.boxes.items() if len(box.items) > box.capacity]
        commands = commands_of(kernel)
        if commands is not None and len(commands.ledger.open) > OPEN_MAX + SLACK:
            over.append("ledger")
        if len(kernel.tickets.pending) > PENDING_MAX:
            over.append("tickets")
        for slot in kernel.slots:
            if isinstance(slot.module, Downlink):
                playback = slot.module.playback
                if playback.ready_bytes > READY_OCTETS_MAX:
                    over.append("playback")
                if any(len(ranges.items) > RANGES_MAX for ranges in playback.unseen):
                    over.append("ranges")
        self.expect(not over, f"over capacity: {over}")
