"""The runner's port in virtual time: what flies (`flight.workers.job_runner`), around the simulated runner."""

from __future__ import annotations

from collections.abc import Sequence

from flight.declare.running import RunnerKind, StartJob, runner_number
from flight.jobs import Brief, read_brief
from flight.mission import Mission
from flight.workers.job_runner import JobMeans, JobRunnerWorker
from flight.workers.job_shelf import folders_of
from sim.payload.runner import VirtualRunner
from sim.payload.shelf import ROOT


class VirtualJobs(JobRunnerWorker):
    """One for each executive; the runner behind it stays."""

    def __init__(self, runner: VirtualRunner, mission: Mission) -> None:
        means = JobMeans(
            mission.catalogue,
            lambda job, stage: folders_of(ROOT, job, stage),
            kind=RunnerKind.MODELLED,
        )
        super().__init__(runner, means)
        self.virtual = runner

    def submit(self, ticket: int, request: object, now: int) -> bool:
        if isinstance(request, StartJob):
            brief = read_brief(request.brief)
            if isinstance(brief, Brief):
                self.virtual.named(runner_number(request.job, request.stage), brief, request.stage)
        return super().submit(ticket, request, now)

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        """Ten times a second: most often there is nothing."""
        if not self.results and self.virtual.quiet(now):
            return ()
        return super().poll(now)

    def due(self, now: int) -> int:
        return now if self.results else self.virtual.due_at(now)
