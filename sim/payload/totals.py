"""What became of a run's jobs, in numbers: the rows of the summary, and what a campaign adds up."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from flight.declare.running import ExitReason
from flight.modules.jobs import Jobs
from ground import Ground
from ground.job_ledger import board_names
from sim.module_faults import slot_of
from sim.payload.deliveries import Deliveries, ResultsHeard, deliveries_of
from sim.payload.sending import JobSender
from sim.simulation import NS, Simulation

REPORTS_EVERY_S = 60


@dataclass(frozen=True, slots=True)
class JobTotals(Deliveries):
    """`utilisation` is the share of the boards' time in which a job ran; `preempted` are stops that were ordered and
    answered, `resumed` the starts after one.  `guard_changes` are stops and slow-downs by the guard."""

    runs: int
    preempted: int
    resumed: int
    lost: int
    utilisation: float
    energy_wh: float
    guard_changes: int
    plans: int

    def rows(self) -> tuple[tuple[str, str], ...]:
        return (
            *Deliveries.rows(self),  # a class with slots is made anew, and knows no `super()`
            (
                "runs of jobs",
                f"{self.runs}; {self.preempted} preempted, {self.resumed} resumed, {self.lost} lost",
            ),
            ("boards at work on jobs", f"{100 * self.utilisation:.1f} %, {self.energy_wh:,.1f} Wh"),
            ("plans, changes by the guard", f"{self.plans:,}, {self.guard_changes:,}"),
        )


class JobWatch:
    """Looks once a second, and hears what the ground receives."""

    def __init__(self, simulation: Simulation, ground: Ground, sender: JobSender) -> None:
        self.sender, self.results = sender, ResultsHeard(ground)
        self.plans = self.guard_changes = 0  # of modules that are no more
        self.newest = (0, 0)
        self.started_s = simulation.now_s
        self.boards = len(board_names(ground.dictionary))

    def look(self, simulation: Simulation, second: int) -> None:
        if second % REPORTS_EVERY_S:
            return
        slot = slot_of(simulation, "jobs")
        if slot is None or not isinstance(slot.module, Jobs):
            return
        now = (slot.module.status.plans, slot.module.dispatch.refusals)
        if now[0] < self.newest[0] or now[1] < self.newest[1]:  # another module
            self.plans += self.newest[0]
            self.guard_changes += self.newest[1]
        self.newest = now

    def totals(self, simulation: Simulation) -> JobTotals:
        history = simulation.history
        now = simulation.now_s * NS
        ran_ns = sum((run.ended_ns if run.over else now) - run.began_ns for run in history.runs)
        whole_ns = max(1, (simulation.now_s - self.started_s) * NS * self.boards)
        return JobTotals(
            **asdict(deliveries_of(self.results, self.sender)),
            runs=len(history.runs),
            preempted=sum(run.reason is ExitReason.STOPPED for run in history.runs),
            resumed=self._resumed(simulation),
            lost=sum(run.over and run.reason in (ExitReason.NONE, ExitReason.LOST) for run in history.runs),
            utilisation=ran_ns / whole_ns,
            energy_wh=self.results.energy_wh,
            guard_changes=self.guard_changes + self.newest[1],
            plans=self.plans + self.newest[0],
        )

    def _resumed(self, simulation: Simulation) -> int:
        """Starts that went on from a checkpoint: not the first of their job and stage."""
        seen: set[tuple[str, int, int]] = set()
        found = 0
        for run in simulation.history.runs:
            key = run.label, run.brief.serial, run.stage
            found += key in seen and run.brief.preemptible
            seen.add(key)
        return found
