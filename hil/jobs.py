"""Jobs of a scenario on a bench: sent as in the simulator, run by the board's own runner, compared with the truth.

What a job of a scenario does is modelled (docs/start.md).  A board runs programs: each package holds a stand-in
(`sim/payload/stand_in.py`) that uses the processor for the declared work and leaves the known output.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from flight.jobs import Ended
from hil.bench import Bench
from sim.checks.check import Check
from sim.checks.job_results import Delivered, ResultsOfTheirOwner, ResultsTrue
from sim.payload.afflictions import Afflictions
from sim.payload.deliveries import ResultsHeard, deliveries_of
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
        self.results = ResultsHeard(bench.ground)

    def each_second(self, second: int) -> None:
        self.sender.look(cast(Simulation, self.payload), second)
        for check in self.watched:
            check.moment.second = second

    # ---------------------------------------------------------------- for the report

    def checks(self) -> tuple[CheckCount, ...]:
        return tuple(CheckCount(check.name, check.exercised, check.failed) for check in self.watched)

    def failures(self) -> list[str]:
        return [f"{check.name}: {text}" for check in self.watched for text in check.failures]

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What the simulator tells of its jobs, as far as the ground has heard it."""
        runs = [run for one in self.results.receipts.values() for run in one.runs]
        stopped = sum(run.ended is Ended.STOPPED for run in runs)
        plans, guard = self._told("plans"), self._told("guard_refusals")
        return (
            *deliveries_of(self.results, self.sender).rows(),
            ("runs of jobs that ended", f"{len(runs)}; {stopped} stopped with a checkpoint"),
            ("energy of jobs that ended", f"{self.results.energy_wh:,.1f} Wh"),
            ("plans, changes by the guard", f"{plans}, {guard}"),
        )

    def _told(self, field: str) -> str:
        reading = self.bench.ground.latest.get(STATUS)
        return f"{getattr(reading.values, field):,}" if reading is not None else "not heard"
