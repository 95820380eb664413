"""Invariants of the supervisor and of what the watchdog is told."""

from __future__ import annotations

import traceback

from flight.declare import Done, Invocation, Outcome
from flight.kernel import Kernel
from flight.kernel.supervisor import FORGIVEN_AFTER_NS, State
from sim.checks.check import Check
from sim.computer import Crash
from sim.module_faults import SimulatedCrash
from sim.simulation import NS, Simulation

FORGIVEN_AFTER_S = FORGIVEN_AFTER_NS // NS
LATE_PERIODS = 3  # of a critical module: then it has missed its deadline (architecture 2.2)


class NoOwnCrash(Check):
    """No module raises by itself.  Exercised: a module raised, mostly because it was made to."""

    def __init__(self) -> None:
        super().__init__("no module raises of its own accord")
        self.seen = 0

    def look(self, simulation: Simulation, second: int) -> None:
        crashes = simulation.computer.crashes
        if len(crashes) == self.seen:
            return
        for crash in crashes[self.seen :]:
            self.expect(isinstance(crash.error, SimulatedCrash), _words(crash))
        self.seen = len(crashes)


def _words(crash: Crash) -> str:
    frames = traceback.extract_tb(crash.error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{crash.module} raised {type(crash.error).__name__}: {crash.error} ({place})"


class RestartsBounded(Check):
    """A module is restarted as often as its row allows, then isolated.  Exercised: a module crashed again."""

    def __init__(self) -> None:
        super().__init__("restarts are bounded, then the module is isolated")
        self.seen = 0
        self.crashes: dict[str, list[int]] = {}
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel
        self.crashes.clear()
        self.seen = len(simulation.computer.crashes)

    def called(self, invocation: Invocation, request: int, outcome: Outcome) -> None:
        assert self.kernel is not None
        label = self.kernel.dictionary.commands_by_number[invocation.function].label
        if label == "executive.revive" and isinstance(outcome, Done):
            number = invocation.arguments[0]
            assert isinstance(number, int)
            self.crashes.pop(self.kernel.slots[number].name, None)

    def look(self, simulation: Simulation, second: int) -> None:
        crashes = simulation.computer.crashes
        if len(crashes) == self.seen or self.kernel is None:
            return
        for crash in crashes[self.seen :]:
            times = self.crashes.setdefault(crash.module, [])
            times.append(second)
            self._judge(self.kernel, crash.module, times)
        self.seen = len(crashes)

    def _judge(self, kernel: Kernel, name: str, times: list[int]) -> None:
        recent = [at for at in times if self.moment.second - at < FORGIVEN_AFTER_S]
        if len(recent) < 2:
            return
        slot = next(slot for slot in kernel.slots if slot.name == name)
        allowed = slot.row.restarts
        isolated = slot.state is State.ISOLATED
        self.expect(
            len(recent) <= allowed or (isolated and len(recent) == allowed + 1),
            f"{name} crashed {len(recent)} times, {allowed} restarts are allowed, it is {slot.state.value}",
        )


class WatchdogTruth(Check):
    """The watchdog would be fed only while every critical module has met its deadline.

    The truth is what each module last published, not what the executive remembers of its steps.  Exercised: a critical
    module was late.
    """

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("the watchdog is fed only while every critical module meets its deadline")
        base = simulation.mission.base_tick_ns
        self.limits = [
            (f"{row.name}_at", LATE_PERIODS * row.every * base)
            for row in simulation.mission.rows
            if row.critical
        ]
        self.tick_ns = NS - base  # from the first tick of a second to its last

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if kernel is None:
            return
        now = kernel.emitter.now
        stamps = vars(kernel.bus)
        for stamp, limit in self.limits:
            if now - stamps[stamp] > limit:
                self.expect(kernel.met_until(now) <= now, f"{stamp[:-3]} is late, and the watchdog is fed")
                return
