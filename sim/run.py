"""`skyrack-sim run`: fly a scenario, and leave a folder that a person wants to open."""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from flight.app import Built, build, load_mission
from flight.dictionary import Dictionary, to_json
from flight.mission import Mission
from ground import Archive, CommandError, CommandRecord, EventReport, Ground, Settings, Stage
from ground.commanding import find_command, function_data
from ground.transfers import TransferState
from sim.checks import Checks
from sim.configuration import ConfigurationError
from sim.document import suggest
from sim.faults import Injector
from sim.filing import ANSWER_WITHIN_S, FROM_SCENARIO, FileMover
from sim.observe import Observer
from sim.payload.report import PlansHeard, jobs_of_run
from sim.payload.sending import JobSender
from sim.payload.totals import JobWatch
from sim.report import RunProgress, write_report
from sim.result import CheckCount, EventLine, RunResult, Station
from sim.scenario import SCENARIOS, Command, Scenario, without_jobs
from sim.simulation import NS, Simulation
from sim.world import World

SEVERITIES = {1: "info", 2: "low", 3: "medium", 4: "high"}
COLLECT_EVERY = 10_000  # allocations; 700 is what Python begins with
FLUSH_EVERY_NS = 3600 * NS  # of simulated time: nobody reads the tables while a run is under way
EVENTS_KEPT = 20_000  # in the result; the archive has them all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the data, the folder and how fast it was (simulated seconds for each second)."""

    result: RunResult
    folder: Path | None
    speed: float


class FrameFile:
    """The frames as sent, with their sync markers, before the line may spoil them."""

    def __init__(self, path: Path) -> None:
        self.file: BinaryIO = path.open("wb")

    def write(self, frames: Sequence[bytes]) -> None:
        self.file.write(b"".join(frames))

    def close(self) -> None:
        self.file.close()


class GroundLog:
    """What the ground heard: events as they came, and every command in its last state."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.events: list[EventReport] = []
        self.commands: dict[int, CommandRecord] = {}
        ground.listeners.events.append(self._event)
        ground.listeners.commands.append(self._command)
        self.plans = PlansHeard(ground)

    def _event(self, event: EventReport) -> None:
        if len(self.events) < EVENTS_KEPT:
            self.events.append(event)

    def _command(self, command: CommandRecord) -> None:
        self.commands[command.number] = command


class Commander:
    """Sends the scenario's commands when their time has come."""

    def __init__(self, commands: Sequence[Command], ground: Ground) -> None:
        self.waiting = list(commands)
        self.ground = ground

    def look(self, simulation: Simulation, second: int) -> None:
        self.send_due(second)

    def send_due(self, second: int) -> None:
        while self.waiting and self.waiting[0].at_s <= second:
            command = self.waiting.pop(0)
            self.ground.command(
                command.name,
                dict(command.arguments),
                second * NS,
                source=FROM_SCENARIO,
                answer_within_s=ANSWER_WITHIN_S,
            )


def check_commands(scenario: Scenario, dictionary: Dictionary) -> None:
    """Before the start: ConfigurationError with file and line for a command that the dictionary does not know."""
    for command in scenario.commands:
        try:
            function_data(find_command(dictionary, command.name), dict(command.arguments))
        except CommandError as error:
            raise ConfigurationError(f"{scenario.path}:{command.line}: command: {error}") from None


def check_modules(scenario: Scenario, mission: Mission) -> None:
    """ConfigurationError with file and line for a fault of a module that this mission does not fly."""
    names = [row.name for row in mission.rows]
    for fault in scenario.faults:
        if fault.target == "module" and fault.name not in names:
            what = f'fault.target: no module is called "{fault.name}", {suggest(fault.name, names)}'
            raise ConfigurationError(f"{scenario.path}:{fault.line}: {what}")


def fly(
    scenario: Scenario,
    *,
    seed: int | None = None,
    duration_s: float | None = None,
    mission: str | None = None,
    folder: Path | None = None,
    progress: RunProgress | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """One run from start to end.  `folder` gets everything; without it only the result is kept.

    ConfigurationError if it cannot begin.  What is cut short leaves nothing.
    """
    built = build(load_mission(mission or scenario.spacecraft.mission))
    if mission and not built.mission.takes_jobs:
        scenario = without_jobs(scenario)
    check_commands(scenario, built.dictionary)
    seed = scenario.seed if seed is None else seed
    length = int(duration_s if duration_s is not None else scenario.duration_s)
    with work_folder(folder) as work:
        outcome = _flown(scenario, built, seed, length, work, progress, clock)
        if work and folder:
            result = outcome.result
            write_results(work, scenario, result, built, {"trace_hash": result.trace_hash})
            put_in_place(work, folder)
    return replace(outcome, folder=folder)


def _flown(
    scenario: Scenario,
    built: Built,
    seed: int,
    length: int,
    work: Path | None,
    progress: RunProgress | None,
    clock: Callable[[], float],
) -> Outcome:
    archive = make_archive(work / "archive", built) if work else None
    settings = Settings(up_bit_s=scenario.spacecraft.radio.up_bit_s, utc_epoch_ns=scenario.epoch_ns)
    ground = Ground(built.dictionary, archive, settings=settings)
    log = GroundLog(ground)
    commander = Commander(scenario.commands, ground)
    check_modules(scenario, built.mission)
    injector = Injector(scenario.faults, seed)
    simulation = Simulation(scenario, built.mission, ground, seed, inject=injector)
    observer, checks = Observer(simulation), Checks(simulation, ground)
    mover = FileMover(scenario.files, ground, seed)
    sender = JobSender(scenario, ground, simulation)
    jobs = JobWatch(simulation, ground, sender)
    simulation.watchers = (commander, mover, sender, jobs, observer, checks)
    if work:
        simulation.frames = FrameFile(work / "frames.bin")
    began = clock()
    try:
        with rarely_collected():
            simulation.run(length, progress.at if progress else None)
        took = clock() - began
    finally:
        ground.close()
        simulation.close()
    observer.finish(length)
    result = _result(simulation, observer, checks, ground, log)
    if scenario.jobs:
        result = replace(result, job_totals=tuple(jobs.totals(simulation).rows()))
    return Outcome(result, None, length / took if took > 0 else 0.0)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """What stands before the first second stands to the end, and a second leaves few cycles behind: the collector need
    not look at the one, nor often at the other."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def make_archive(folder: Path, built: Built) -> Archive:
    return Archive(folder, built.dictionary, flush_every_ns=FLUSH_EVERY_NS, read_meanwhile=False)


@contextmanager
def work_folder(folder: Path | None) -> Iterator[Path | None]:
    """Everything is written beside the folder and moved at the end: a run cut short never looks finished."""
    if folder is None:
        yield None
        return
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder}: is a file, expected a folder for the results")
    work = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)  # moved, unless the run was cut short


def write_results(
    work: Path, scenario: Scenario, result: RunResult, built: Built, more: Mapping[str, object]
) -> None:
    """Into the folder that holds the archive; `more` are facts for run.json that not every run has."""
    write_report(result, work / "report.html")
    (work / "dictionary.json").write_text(to_json(built.dictionary))
    shutil.copyfile(scenario.path, work / "scenario.toml")
    facts = {
        "name": result.name,
        "seed": result.seed,
        "duration_s": result.duration_s,
        **more,
        "dictionary_hash": f"{built.dictionary.hash:08x}",
        "reproduce": result.reproduce,
        "totals": dict(result.totals),
        "jobs": dict(result.job_totals),
        "link": dict(result.link_totals),
        "checks": {check.name: [check.exercised, check.failed] for check in result.checks},
    }
    (work / "run.json").write_text(json.dumps(facts, indent=1) + "\n")


def put_in_place(work: Path, folder: Path) -> None:
    """Only now does the run look finished."""
    if folder.exists():
        shutil.rmtree(folder)
    work.rename(folder)


def _result(
    simulation: Simulation, observer: Observer, checks: Checks, ground: Ground, log: GroundLog
) -> RunResult:
    scenario, world = simulation.scenario, simulation.world
    length = float(simulation.now_s)
    passes, eclipses = len(world.environment.passes(length)), len(world.environment.eclipses(length))
    reproduce = (
        f"skyrack-sim run {scenario_name(scenario)} --seed {simulation.seed} --duration {int(length)}s"
    )
    result = run_result(scenario, world, simulation.seed, simulation.now_s, observer, log)
    return replace(
        result,
        checks=checks.counts(),
        totals=_totals(simulation, observer, ground, log, passes, eclipses),
        link_totals=link_totals(ground, simulation.radio.sent_octets),
        trace_hash=simulation.trace.hexdigest(),
        reproduce=reproduce,
    )


def run_result(
    scenario: Scenario, world: World, seed: int, length_s: int, observer: Observer, log: GroundLog
) -> RunResult:
    """What the world and the ground know; totals, checks and the rest are the caller's."""
    length = float(length_s)
    jobs, gantt = jobs_of_run(log.ground, log.plans, world, observer, length)
    return RunResult(
        name=f"{scenario.name}-{seed}",
        spacecraft=scenario.spacecraft.name,
        scenario=scenario_name(scenario),
        seed=seed,
        epoch=scenario.epoch,
        duration_s=length,
        times_s=observer.series("time"),
        charge=observer.series("charge"),
        charge_onboard=observer.series("onboard"),
        array_w=observer.series("array"),
        load_w=observer.series("load"),
        battery_w=observer.series("battery"),
        latitude_deg=observer.series("latitude"),
        longitude_deg=observer.series("longitude"),
        nodes=observer.traces(),
        modes=tuple(observer.modes),
        eclipses=world.environment.eclipses(length),
        passes=world.environment.passes(length),
        stations=tuple(
            Station(s.name, s.latitude_deg, s.longitude_deg, _mask(s.mask_deg)) for s in scenario.stations
        ),
        events=_events(log),
        checks=(),
        totals=(),
        altitude_km=observer.series("altitude"),
        jobs=jobs,
        gantt=gantt,
    )


def scenario_name(scenario: Scenario) -> str:
    """What a user types: the short name of one of ours, else the path."""
    path = Path(scenario.path)
    return path.stem if path.parent == SCENARIOS else scenario.path


def _mask(mask: float | tuple[tuple[float, float], ...]) -> float:
    return mask if isinstance(mask, float) else min(elevation for _, elevation in mask)


def _events(log: GroundLog) -> tuple[EventLine, ...]:
    lines = [
        EventLine(event.time_ns / NS, SEVERITIES[event.severity], *_module_and_name(event.label), event.text)
        for event in log.events
    ]
    return tuple(sorted(lines, key=lambda line: line.at_s))


def _module_and_name(label: str) -> tuple[str, str]:
    module, _, name = label.partition(".")
    return module, name


def _totals(
    simulation: Simulation, observer: Observer, ground: Ground, log: GroundLog, passes: int, eclipses: int
) -> tuple[tuple[str, str], ...]:
    period = simulation.world.environment.orbit.period_s
    stages = [command.stage for command in log.commands.values() if command.source == FROM_SCENARIO]
    return (
        ("orbits", f"{simulation.now_s / period:.2f}"),
        ("eclipses", str(eclipses)),
        ("passes", str(passes)),
        ("boots", str(simulation.computer.boots)),
        ("packets sent", f"{simulation.computer.packets_emitted():,}"),
        ("packets received", f"{ground.link.packets.packets:,}"),
        ("packets missing below the newest", f"{ground.link.missing:,}"),
        ("commands sent", str(len(stages))),
        ("commands completed", str(stages.count(Stage.COMPLETED))),
        ("mode changes", str(max(0, len(observer.modes) - 1))),
        ("faults injected", str(simulation.injected)),
        ("module crashes", str(len(simulation.computer.crashes))),
    )


def link_totals(ground: Ground, sent_octets: int) -> tuple[tuple[str, str], ...]:
    counters = ground.link.frames
    return (
        ("frames received", f"{counters.frames:,}"),
        ("frames lost", f"{counters.lost_frames:,}"),
        ("frames damaged", f"{counters.bad_error_control:,}"),
        ("octets sent", f"{sent_octets:,}"),
        ("gaps asked for again", f"{ground.link.asked_again:,}"),
        ("files up", _files(ground, up=True)),
        ("files down", _files(ground, up=False)),
    )


def _files(ground: Ground, *, up: bool) -> str:
    found = [one for one in ground.files.transfers.values() if one.up is up]
    whole = [one for one in found if one.state is TransferState.DONE]
    if not found:
        return "none"
    repairs = ground.files.entity.counters
    asked = repairs.naks_received if up else repairs.naks_sent
    octets = sum(one.octets for one in whole)
    return f"{len(whole)} of {len(found)}, {octets:,} octets, {asked} requests for repair"


__all__ = ["CheckCount", "Outcome", "fly"]
