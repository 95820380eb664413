"""Jobs of a scenario on a bench: sent as in the simulator, run by the board's own runner, compared with the truth.

What a job of a scenario does is modelled (docs/start.md).  A board runs programs: each package holds a stand-in
(`sim/payload/stand_in.py`) that uses the processor for the declared work and leaves the known output.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from flight.jobs import Ended, Receipt, ResultReader
from ground.transfers import Transfer, TransferState
from hil.bench import Bench
from sim.checks.check import Check
from sim.checks.job_results import RESULTS, Delivered, ResultsOfTheirOwner, ResultsTrue
from sim.payload.afflictions import Afflictions
from sim.payload.history import JobHistory
from sim.payload.packages import Package
from sim.payload.sending import JobSender
from sim.result import CheckCount
from sim.simulation import Simulation

STATUS = "jobs.status"


class Payload:
    """The bench as `sim.payload` and the checks of results see a simulation: the same names for what they look at."""

    def __init__(self, bench: Bench) -> None:
        self.scenario, self.seed = bench.scenario, bench.seed
        self.packages: list[Package] = []
        self.send_hostile: Callable[[str, int, random.Random], None] | None = None
        self.afflictions = Afflictions()  # of a program on a board: none
        self.history = JobHistory()  # nobody but the board sees what truly runs


class BenchSender(JobSender):
    """The board has its elements."""

    def __init__(self, bench: Bench, payload: Payload) -> None:
        self.speed = bench.speed
        super().__init__(bench.scenario, bench.ground, cast(Simulation, payload))

    def _orient(self, simulation: Simulation, second: int) -> None:
        pass


class BenchJobs:
    """Call `each_second`; `checks` and `rows` are for the report."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.payload = bench, Payload(bench)
        self.sender = BenchSender(bench, self.payload)
        simulation = cast(Simulation, self.payload)
        delivered = Delivered(simulation, bench.ground)
        self.watched: list[Check] = [ResultsTrue(delivered), ResultsOfTheirOwner(delivered)]
        self.receipts: dict[str, Receipt] = {}  # by the name of the result
        self.result_octets = 0
        bench.ground.listeners.transfers.append(self._heard)

    def each_second(self, second: int) -> None:
        self.sender.look(cast(Simulation, self.payload), second)
        for check in self.watched:
            check.moment.second = second

    def _heard(self, transfer: Transfer) -> None:
        if transfer.up or transfer.state is not TransferState.DONE or not transfer.name.startswith(RESULTS):
            return
        octets, _ = self.bench.ground.files.read(transfer.name, 0, 1 << 30)
        reader = ResultReader(None)
        for _event in reader.receive(octets):
            pass
        if reader.receipt is not None and transfer.name not in self.receipts:
            self.receipts[transfer.name] = reader.receipt
            self.result_octets += len(octets)

    # ---------------------------------------------------------------- for the report

    def checks(self) -> tuple[CheckCount, ...]:
        return tuple(CheckCount(check.name, check.exercised, check.failed) for check in self.watched)

    def failures(self) -> list[str]:
        return [f"{check.name}: {text}" for check in self.watched for text in check.failures]

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What the simulator tells of its jobs, as far as the ground has heard it."""
        sender, receipts = self.sender, list(self.receipts.values())
        values = {job.label: job.value for job in self.bench.scenario.jobs}
        sent = {package.label for package in self.payload.packages} & set(values)
        done = {f"{one.owner}/{one.name}" for one in receipts if one.ended is Ended.DONE}
        runs = [run for one in receipts for run in one.runs]
        stopped = sum(run.ended is Ended.STOPPED for run in runs)
        refused = "; ".join(f"{label}: {reason}" for label, reason in sender.refused.items())
        plans, guard = self._told("plans"), self._told("guard_refusals")
        return (
            ("jobs submitted, taken", f"{len(sent)}, {len(sender.taken)}"),
            ("packages refused", f"{len(sender.refused)}" + (f" ({refused})" if refused else "")),
            (
                "results delivered",
                f"{len(done)} done, {len(receipts) - len(done)} not, {self.result_octets:,} octets",
            ),
            (
                "value delivered",
                f"{sum(values.get(label, 0) for label in done):,} of {sum(values[one] for one in sent):,}",
            ),
            ("runs of jobs that ended", f"{len(runs)}; {stopped} stopped with a checkpoint"),
            ("energy of jobs that ended", f"{sum(one.energy_j for one in receipts) / 3600:,.1f} Wh"),
            ("plans, changes by the guard", f"{plans}, {guard}"),
        )

    def _told(self, field: str) -> str:
        reading = self.bench.ground.latest.get(STATUS)
        return f"{getattr(reading.values, field):,}" if reading is not None else "not heard"
