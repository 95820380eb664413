"""What a run leaves behind, as data: the report, the summary table and the tests read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from ground.job_facts import JobFacts
from ground.jobs import Gantt

Series = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """A named stretch of time, seconds since the start of the run: an eclipse, a mode, a pass."""

    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A contact: station, rise and set in seconds since the start, highest elevation in degrees."""

    station: str
    start_s: float
    end_s: float
    highest_deg: float


@dataclass(frozen=True, slots=True)
class Station:
    name: str
    latitude_deg: float
    longitude_deg: float
    mask_deg: float


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event as the ground decoded it."""

    at_s: float
    severity: str
    module: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NodeTrace:
    """Temperature of one thermal node in degC over `RunResult.times_s`, with its operating limits."""

    name: str
    temperature: Series
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CheckCount:
    """One watched invariant: how often its precondition occurred and how often it failed."""

    name: str
    exercised: int
    failed: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """One finished run.  All series have the shape of `times_s` (n samples, seconds since the start)."""

    name: str
    spacecraft: str
    scenario: str
    seed: int
    epoch: datetime  # UTC
    duration_s: float
    times_s: Series
    charge: Series  # state of charge, 0 to 1, true (world)
    charge_onboard: Series  # as flight estimates it
    array_w: Series
    load_w: Series
    battery_w: Series  # positive while charging
    latitude_deg: Series
    longitude_deg: Series
    nodes: tuple[NodeTrace, ...]
    modes: tuple[Span, ...]
    eclipses: tuple[Span, ...]
    passes: tuple[Pass, ...]
    stations: tuple[Station, ...]
    events: tuple[EventLine, ...]
    checks: tuple[CheckCount, ...]
    totals: tuple[tuple[str, str], ...]  # rows of the summary table, label and value, in order
    altitude_km: Series | None = (
        None  # above the mean sphere; the map draws station footprints from its median
    )
    trace_hash: str = ""
    reproduce: str = ""  # the command line that repeats this run
    link_totals: tuple[tuple[str, str], ...] = ()  # rows of the link table, label and value, in order
    job_totals: tuple[tuple[str, str], ...] = ()  # as they truly were; label and value, in order
    jobs: tuple[JobFacts, ...] = ()  # as the ground knows them
    gantt: Gantt | None = None  # of a mission that has jobs
