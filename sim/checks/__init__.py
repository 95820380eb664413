"""The invariants that are watched in every run, and the costlier ones of the swarm."""

from __future__ import annotations

from sim.checks.check import Check
from sim.checks.commands import EveryCommandAnswered, HazardousArmed, NoCommandTwice, RequestIdsKept
from sim.checks.energy import ChargeAtSunrise, EnergyFaults, ForecastNotTooHigh
from sim.checks.event_actions import ActionsOnce
from sim.checks.events import HighEventsTold
from sim.checks.fault_rows import FaultRowsOnce
from sim.checks.files import FilesWhole
from sim.checks.forgery import OnlyTheGroundCommands, ThroughAfterFlood
from sim.checks.heat import HeaterDuty, NodesWithinLimits
from sim.checks.job_book import BookKept, JobsEndOrWait
from sim.checks.job_limits import ComputeWithinLimits
from sim.checks.job_results import Delivered, ResultsOfTheirOwner, ResultsTrue
from sim.checks.job_runs import JobsHeld, NoCycling, OnceMeansOnce, OutOfTheAnomaly
from sim.checks.link import TelemetryFlows
from sim.checks.modes import ModesByTable
from sim.checks.probe import Probe
from sim.checks.promises import ParametersKept, TimeTaggedKept
from sim.checks.readings import BadReadingsDoubted
from sim.checks.records import (
    DeletedIsGone,
    FailedReadsWanted,
    NumbersGoOn,
    NumbersNameOnePacket,
    RecordsKept,
)
from sim.checks.state import (
    ClockMonotonic,
    KnownStateAfterBoot,
    QueuesBounded,
    StoredWithinBudget,
    SwitchLimits,
)
from sim.checks.supervision import NoOwnCrash, RestartsBounded, WatchdogTruth
from sim.result import CheckCount
from sim.simulation import GroundSegment, Simulation

__all__ = ["Check", "Checks"]


def _of_jobs(simulation: Simulation, ground: GroundSegment, energy: EnergyFaults) -> list[Check]:
    delivered = Delivered(simulation, ground)
    return [
        ComputeWithinLimits(simulation, energy),
        OnceMeansOnce(),
        JobsHeld(),
        OutOfTheAnomaly(),
        NoCycling(),
        BookKept(),
        JobsEndOrWait(),
        ResultsTrue(delivered),
        ResultsOfTheirOwner(delivered),
    ]


class Checks:
    """All of them, as one watcher.  `thorough` adds those that cost more than a day's run should pay."""

    def __init__(self, simulation: Simulation, ground: GroundSegment, *, thorough: bool = False) -> None:
        self.ground = ground
        self.fault_rows = FaultRowsOnce()
        high = HighEventsTold()
        energy = EnergyFaults(simulation)
        self.all: list[Check] = [
            NoCommandTwice(),
            RequestIdsKept(),
            EveryCommandAnswered(),
            ParametersKept(),
            TimeTaggedKept(),
            ActionsOnce(),
            HazardousArmed(),
            KnownStateAfterBoot(),
            ModesByTable(),
            TelemetryFlows(),
            ClockMonotonic(),
            SwitchLimits(simulation),
            BadReadingsDoubted(simulation.mission),
            HeaterDuty(),
            NodesWithinLimits(),
            ChargeAtSunrise(simulation, energy),
            ForecastNotTooHigh(simulation, energy),
            StoredWithinBudget(simulation),
            NumbersGoOn(),
            DeletedIsGone(),
            FailedReadsWanted(),
            self.fault_rows,
            high,
            high.flooded,
            NoOwnCrash(),
            RestartsBounded(),
            WatchdogTruth(simulation),
            QueuesBounded(),
            FilesWhole(ground),
            OnlyTheGroundCommands(simulation),
            ThroughAfterFlood(ground),
        ]
        if simulation.mission.takes_jobs:
            self.all += _of_jobs(simulation, ground, energy)
        self.records = RecordsKept()
        if thorough:
            self.all += [NumbersNameOnePacket(), self.records]
        self.probe = Probe(simulation, self.all)

    def look(self, simulation: Simulation, second: int) -> None:
        self.probe.look(second)

    def counts(self) -> tuple[CheckCount, ...]:
        return tuple(CheckCount(check.name, check.exercised, check.failed) for check in self.all)

    def failures(self) -> list[str]:
        return [f"{check.name}: {text}" for check in self.all for text in check.failures]
