"""`skyrack-hil run`: a scenario flown by a board, and the folder that a person wants to open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from flight.app import load_mission
from hil.bench import Bench
from hil.cord import LINE
from hil.drills import Drill, Drills
from hil.jobs import BenchJobs
from hil.line import Shape
from hil.report import Watch, leave, result_of
from hil.truth import Truth, left_out
from sim.filing import FileMover
from sim.report import RunProgress
from sim.result import RunResult
from sim.run import Commander, GroundLog, check_commands, put_in_place, work_folder
from sim.scenario import Scenario, without_jobs


class RunOptions(NamedTuple):
    """What `skyrack-hil run` was given."""

    scenario: Scenario
    folder: Path
    duration_s: int
    seed: int
    speed: int = 1
    mission: str | None = None
    shape: Shape | None = None
    pull_every_s: int = 0  # 0: never
    kill_every_s: int = 0
    umbilical: str = LINE


def run(options: RunOptions, progress: RunProgress, say: Callable[[str], None]) -> RunResult:
    """ConfigurationError or BoardError if it cannot begin or go on; what is cut short leaves nothing."""
    scenario, folder = options.scenario, options.folder
    if options.mission and not load_mission(options.mission).takes_jobs:
        scenario = without_jobs(scenario)
    missing = left_out(scenario)
    for line in missing:
        say(f"left out, for this board cannot do it: {line}")
    with work_folder(folder) as work:
        assert work is not None
        bench = Bench(
            scenario,
            options.mission,
            options.seed,
            work / "archive",
            speed=options.speed,
            shape=options.shape,
            umbilical=options.umbilical,
        )
        try:
            check_commands(scenario, bench.built.dictionary)
            log, watch, jobs = GroundLog(bench.ground), Watch(bench), BenchJobs(bench)
            truth = Truth(bench, jobs.payload.send_hostile)
            commander = Commander(scenario.commands, bench.ground)
            wanted = ((Drill.PULL, options.pull_every_s), (Drill.KILL, options.kill_every_s))
            mover = FileMover(scenario.files, bench.ground, options.seed)
            drills = [Drills(bench, kind, every) for kind, every in wanted if every]
            bench.each_second += [commander.send_due, mover.send_due, truth.strike, watch.each_second]
            bench.each_second += [jobs.each_second, *(one.each_second for one in drills)]
            bench.run(options.duration_s, progress.at)
            bench.board.stop()
            result = result_of(bench, watch, log, drills, missing, truth.injected, jobs)
            for line in jobs.failures():
                say(line)
            leave(work, result, bench, drills, missing)
        finally:
            bench.close()
        put_in_place(work, folder)
    return result
