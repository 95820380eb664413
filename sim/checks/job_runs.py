"""Invariants of running jobs: begun as often as promised, held in time, kept out of the anomaly, throttled once."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from flight.declare import COMPUTE, Occurrence
from flight.declare.running import ExitReason, JobState
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.modules.jobs import Jobs
from flight.modules.jobs.stages import Why
from flight.planning.ahead.anomaly import in_anomaly
from sim.checks.check import Check
from sim.payload.history import TrueRun
from sim.simulation import NS, Simulation

STOP_RUNG = 3
SETTLE_S = 3  # after a start of the executive or of the module: it asks the runner what there is
ANOMALY_S = 25  # for a checkpoint at its border, 20 s by the parameter
LOOK_EVERY_S = 5
TAU_LEAST_S = 60.0
EVENT_NUMBER, WHY_AT = 2, 6  # octets of an event's body before its first argument, and before the second

Key = tuple[str, str, int, int]


def jobs_of(kernel: Kernel | None) -> Jobs | None:
    """The module, if it flies and lives."""
    if kernel is None:
        return None
    slot = next((one for one in kernel.slots if one.name == "jobs"), None)
    if slot is None or slot.state is not State.RUNNING:
        return None
    assert isinstance(slot.module, Jobs)
    return slot.module


def job_in(occurrence: Occurrence) -> int:
    """The number of the job that an event of the module names first."""
    return int.from_bytes(occurrence.body[EVENT_NUMBER:WHY_AT], "big")


class OnceMeansOnce(Check):
    """A job that may be begun once is begun again only after a stop that it answered with a checkpoint.

    Holds over reboots, and ends of the executive and of the runner.  Exercised: such a job's run was ended by a fault.
    """

    def __init__(self) -> None:
        super().__init__("no job that may be begun once is begun twice")
        self.seen = 0
        self.newest: dict[Key, TrueRun] = {}

    def look(self, simulation: Simulation, second: int) -> None:
        runs = simulation.history.runs
        while self.seen < len(runs):
            self._begun(runs[self.seen])
            self.seen += 1

    def _begun(self, run: TrueRun) -> None:
        brief = run.brief
        if brief.attempts != 1:
            return
        key = brief.owner, brief.name, brief.serial, run.stage
        before = self.newest.get(key)
        self.newest[key] = run
        if before is None:
            self.exercised += 1
            return
        self.expect(
            before.reason is ExitReason.STOPPED,
            f"{run.label} is begun again; the run before ended by {before.reason.name} at {before.ended_ns // NS} s",
        )


class JobsHeld(Check):
    """Within a second of rung 3, or of another mode than COMPUTE, no job is at work.

    One that was asked to stop may write its checkpoint.  Not looked at while the runner stands still, or just after a
    start.  Exercised: a job was at work when it had to be held.
    """

    def __init__(self) -> None:
        super().__init__("jobs are held within a second of the ladder or the mode")
        self.since = -1  # second from which they must be held
        self.working = False  # a job, when this looked last
        self.settled_s = 0
        self.kernel: Kernel | None = None
        self.counted: set[int] = set()

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "jobs":
            self.settled_s = self.moment.second + SETTLE_S

    def look(self, simulation: Simulation, second: int) -> None:
        runner, kernel = simulation.computer.runner, simulation.computer.kernel
        if runner is None or not runner.process.jobs:
            self.since = -1
            return
        if runner.hung or runner.down_until >= 0 or kernel is None or jobs_of(kernel) is None:
            self.since = -1
            return
        values = vars(kernel.bus)
        if values["mode"] == COMPUTE and values["rung"] < STOP_RUNG:
            self.since = -1
            self.counted.clear()
            self.working = any(one.entry.state is JobState.RUNNING for one in runner.process.jobs.values())
            return
        if self.since < 0:
            self.since = second
            self.exercised += self.working
            self.working = False
        elif second > max(self.since, self.settled_s):
            self._judge(simulation, values["mode"], values["rung"])

    def _judge(self, simulation: Simulation, mode: int, rung: int) -> None:
        runner = simulation.computer.runner
        assert runner is not None
        for number, found in runner.process.jobs.items():
            if found.entry.state is JobState.RUNNING and number not in self.counted:
                self.counted.add(number)
                self.fail(f"job {number} is at work in mode {mode} at rung {rung}")


class OutOfTheAnomaly(Check):
    """A job that may not run in the anomaly does not, but for the time that its checkpoint takes.

    Judged by the true position.  Exercised: the spacecraft came into it while such a job was in the book.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("no job runs in the anomaly unless it may")
        self.inside_s = 0
        self.counted: set[int] = set()

    def look(self, simulation: Simulation, second: int) -> None:
        runner = simulation.computer.runner
        if runner is None:
            return
        module = jobs_of(simulation.computer.kernel)
        latitude, longitude, _ = simulation.world.position()
        if module is None or runner.hung or runner.down_until >= 0 or not in_anomaly(latitude, longitude):
            self.inside_s = 0
            self.counted.clear()
            return
        self.inside_s += LOOK_EVERY_S
        if self.inside_s == LOOK_EVERY_S:
            rows = module.desk.book.unfinished()
            self.exercised += any(not row.known.anomaly_allowed for row in rows)
        if self.inside_s <= ANOMALY_S:
            return
        for number, found in runner.process.jobs.items():
            brief, _ = runner.names.get(number, (None, 0))
            working = found.entry.state is JobState.RUNNING and number not in self.counted
            if brief is not None and not brief.anomaly_allowed and working:
                self.counted.add(number)
                self.fail(f"{brief.owner}/{brief.name} is at work at {latitude:.1f} N {longitude:.1f} E")


@dataclass(slots=True)
class Throttled:
    """What the guard did to one job: when, s."""

    level: int = -1
    changes: deque[int] = field(default_factory=deque)


class NoCycling(Check):
    """The guard changes a job's level, or stops it, at most once in a thermal time constant while the load is steady.

    A change of mode or rung, or a fault, is no steady load.  Exercised: it changed one.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("no job is throttled to and fro")
        self.jobs: dict[int, Throttled] = {}
        self.unsteady_s = 0  # the last second at which the load was not steady
        self.tau_s = TAU_LEAST_S

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        if event == "jobs.halted" and occurrence.body[WHY_AT] == Why.GUARD:
            self._changed(job_in(occurrence), "stopped")

    def look(self, simulation: Simulation, second: int) -> None:
        module = jobs_of(simulation.computer.kernel)
        if module is None or simulation.troubles or simulation.latched:
            self.unsteady_s = second
        if module is None:
            self.jobs.clear()
            return
        values = vars(simulation.computer.kernel.bus) if simulation.computer.kernel else {}
        if values["rung"] or values["mode"] != COMPUTE:
            self.unsteady_s = second
        if module.desk.outlook is not None:
            limits = module.desk.outlook.limits
            self.tau_s = max(TAU_LEAST_S, -limits.slot_s / math.log(limits.decay))
        for number, run in module.crew.runs.items():
            seen = self.jobs.setdefault(number, Throttled())
            if seen.level not in (-1, run.use.level) and not module.planner.arrived:
                self._changed(number, f"set to level {run.use.level}")
            seen.level = run.use.level
        for number, seen in self.jobs.items():
            if number not in module.crew.runs:
                seen.level = -1  # its next run begins at the level of a plan

    def _changed(self, number: int, what: str) -> None:
        now = self.moment.second
        seen = self.jobs.setdefault(number, Throttled())
        while seen.changes and (now - seen.changes[0] > self.tau_s or seen.changes[0] <= self.unsteady_s):
            seen.changes.popleft()
        self.expect(
            not seen.changes or self.unsteady_s >= now - LOOK_EVERY_S,
            f"job {number} is {what}, {now - seen.changes[0] if seen.changes else 0} s after the last change",
        )
        seen.changes.append(now)
