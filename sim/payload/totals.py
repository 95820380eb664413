"""What became of a run's jobs, in numbers: the rows of the summary, and what a campaign adds up."""

from __future__ import annotations

from dataclasses import dataclass

from flight.declare.running import ExitReason
from flight.jobs import Ended, ResultReader
from flight.modules.jobs import Jobs
from ground import Ground
from ground.job_ledger import board_names
from ground.transfers import Transfer, TransferState
from sim.payload.sending import JobSender
from sim.simulation import NS, Simulation

RESULTS = "results/"
REPORTS_EVERY_S = 60


@dataclass(frozen=True, slots=True)
class JobTotals:
    """`utilisation` is the share of the boards' time in which a job ran; `preempted` are stops that were ordered and
    answered, `resumed` the starts after one.  `guard_changes` are stops and slow-downs by the guard."""

    submitted: int
    taken: int
    refused: tuple[tuple[str, str], ...]  # label and reason
    done: int
    failed: int
    value: int
    value_submitted: int
    result_octets: int
    runs: int
    preempted: int
    resumed: int
    lost: int
    utilisation: float
    energy_wh: float
    guard_changes: int
    plans: int

    def rows(self) -> tuple[tuple[str, str], ...]:
        why = "; ".join(f"{label}: {reason}" for label, reason in self.refused)
        return (
            ("jobs submitted, taken", f"{self.submitted}, {self.taken}"),
            ("packages refused", f"{len(self.refused)}" + (f" ({why})" if why else "")),
            ("results delivered", f"{self.done} done, {self.failed} not, {self.result_octets:,} octets"),
            ("value delivered", f"{self.value:,} of {self.value_submitted:,}"),
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
        self.sender, self.ground = sender, ground
        self.ends: dict[str, Ended] = {}  # by the name of the result
        self.labels: dict[str, str] = {}
        self.result_octets = 0
        self.energy_j: dict[str, int] = {}
        self.plans = self.guard_changes = 0  # of modules that are no more
        self.newest = (0, 0)
        self.started_s = simulation.now_s
        self.boards = len(board_names(ground.dictionary))
        ground.listeners.transfers.append(self._heard)

    def _heard(self, transfer: Transfer) -> None:
        if transfer.up or transfer.state is not TransferState.DONE or not transfer.name.startswith(RESULTS):
            return
        octets, _ = self.ground.files.read(transfer.name, 0, 1 << 30)
        reader = ResultReader(None)
        for _event in reader.receive(octets):
            pass
        if (receipt := reader.receipt) is not None:
            self.ends[transfer.name] = receipt.ended
            self.labels[transfer.name] = f"{receipt.owner}/{receipt.name}"
            self.energy_j[transfer.name] = receipt.energy_j
            self.result_octets += len(octets)

    def look(self, simulation: Simulation, second: int) -> None:
        if second % REPORTS_EVERY_S:
            return
        kernel = simulation.computer.kernel
        slot = next((one for one in kernel.slots if one.name == "jobs"), None) if kernel is not None else None
        if slot is None or not isinstance(slot.module, Jobs):
            return
        now = (slot.module.status.plans, slot.module.dispatch.refusals)
        if now[0] < self.newest[0] or now[1] < self.newest[1]:  # another module
            self.plans += self.newest[0]
            self.guard_changes += self.newest[1]
        self.newest = now

    def totals(self, simulation: Simulation) -> JobTotals:
        scenario, history = simulation.scenario, simulation.history
        values = {job.label: job.value for job in scenario.jobs}
        done = {self.labels[name] for name, ended in self.ends.items() if ended is Ended.DONE}
        now = simulation.now_s * NS
        ran_ns = sum((run.ended_ns if run.over else now) - run.began_ns for run in history.runs)
        whole_ns = max(1, (simulation.now_s - self.started_s) * NS * self.boards)
        sent = {package.label for package in simulation.packages} & set(values)
        return JobTotals(
            submitted=len(sent),
            taken=len(self.sender.taken),
            refused=tuple(self.sender.refused.items()),
            done=len(done),
            failed=sum(ended is not Ended.DONE for ended in self.ends.values()),
            value=sum(values.get(label, 0) for label in done),
            value_submitted=sum(values[label] for label in sent),
            result_octets=self.result_octets,
            runs=len(history.runs),
            preempted=sum(run.reason is ExitReason.STOPPED for run in history.runs),
            resumed=self._resumed(simulation),
            lost=sum(run.over and run.reason in (ExitReason.NONE, ExitReason.LOST) for run in history.runs),
            utilisation=ran_ns / whole_ns,
            energy_wh=sum(self.energy_j.values()) / 3600.0,
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
