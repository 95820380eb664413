"""Every run of every job as it truly was, for checks and reports; flight does not see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from flight.declare.running import ExitReason
from flight.jobs import Brief


@dataclass(slots=True)
class TrueRun:
    """From an order to start it that the runner took.  World time in ns; `reason` NONE: the power ended it, or nothing
    has."""

    number: int  # the runner's
    stage: int
    brief: Brief
    began_ns: int
    ended_ns: int = -1
    reason: ExitReason = ExitReason.NONE
    progress_milli: int = 0

    @property
    def label(self) -> str:
        return f"{self.brief.owner}/{self.brief.name}"

    @property
    def over(self) -> bool:
        return self.ended_ns >= 0


@dataclass
class JobHistory:
    """It outlives runners and power cuts."""

    runs: list[TrueRun] = field(default_factory=list)
    live: dict[int, TrueRun] = field(default_factory=dict)  # by the runner's number

    def begin(self, number: int, stage: int, brief: Brief, now: int) -> None:
        self.end(number, now)
        run = self.live[number] = TrueRun(number, stage, brief, now)
        self.runs.append(run)

    def progress(self, number: int, progress_milli: int) -> None:
        if (run := self.live.get(number)) is not None:
            run.progress_milli = progress_milli

    def end(self, number: int, now: int, reason: ExitReason = ExitReason.NONE) -> None:
        run = self.live.pop(number, None)
        if run is not None:
            run.ended_ns, run.reason = now, reason

    def end_all(self, now: int, reason: ExitReason = ExitReason.NONE) -> None:
        """The power has gone (NONE), or the runner has died (LOST)."""
        for number in list(self.live):
            self.end(number, now, reason)

    def of(self, label: str) -> list[TrueRun]:
        return [run for run in self.runs if run.label == label]
