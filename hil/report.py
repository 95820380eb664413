"""What a bench run leaves: the simulator's report, archive and run.json, with what a bench can measure."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flight.dictionary import Dictionary
from ground import CommandRecord, Ground, Stage
from ground.jobs.client import TAKE
from hil.bench import Bench
from hil.drills import BACK_WITHIN_S, Drill, Drills
from hil.jobs import BenchJobs
from hil.moved import files_check
from sim.filing import FROM_SCENARIO
from sim.observe import Observer
from sim.result import CheckCount, RunResult
from sim.run import GroundLog, link_totals, run_result, scenario_name, write_results

# Where telemetry tells what a simulation reads from the executive's bus; a mission without them has gaps in the chart.
TOLD = {"charge": "power.status.charge", "mode": "modes.status.mode"}
ENDED_BADLY = {Stage.NO_ANSWER, Stage.FAILED, Stage.REFUSED}


class Told:
    """The newest values of `TOLD`, as the ground has them."""

    def __init__(self, dictionary: Dictionary, ground: Ground) -> None:
        self.ground = ground
        self.places: dict[str, tuple[str, int]] = {}
        for name, label in TOLD.items():
            packet, _, field = label.rpartition(".")
            entry = dictionary.packets_by_label.get(packet)
            names = [one.name for one in entry.fields] if entry is not None else []
            if field in names:
                self.places[name] = packet, names.index(field)

    def signals(self) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for name, (packet, place) in self.places.items():
            reading = self.ground.latest.get(packet)
            if reading is not None and isinstance(value := reading.values[place], int | float):
                found[name] = float(value)
        return found


class Watch:
    """Looks once a second of the world."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.observer = Observer(bench)
        self.observer.unseen = "NOT HEARD"
        self.told = Told(bench.built.dictionary, bench.ground)

    def each_second(self, second: int) -> None:
        if second:  # the world has moved to the second before
            self.observer.see(self.bench.surroundings.world, self.told.signals(), second - 1)


def result_of(
    bench: Bench,
    watch: Watch,
    log: GroundLog,
    drills: Sequence[Drills],
    left_out: Sequence[str],
    injected: int,
    jobs: BenchJobs,
) -> RunResult:
    watch.observer.finish(bench.now_s)
    scenario, world = bench.scenario, bench.surroundings.world
    result = run_result(scenario, world, bench.seed, bench.now_s, watch.observer, log)
    # Whether a package is taken, the rows of jobs say.
    sent = [one for one in log.commands.values() if one.source == FROM_SCENARIO and one.label != TAKE]
    line = bench.line_to_board
    return replace(
        result,
        checks=_checks(bench, sent, drills) + (jobs.checks() if scenario.jobs else ()),
        job_totals=jobs.rows() if scenario.jobs else (),
        totals=(
            ("board", f"pty, {bench.speed} x real time"),
            ("passes", str(len(result.passes))),
            ("eclipses", str(len(result.eclipses))),
            ("packets received", f"{bench.ground.link.packets.packets:,}"),
            ("packets missing below the newest", f"{bench.ground.link.missing:,}"),
            ("commands sent", str(len(sent))),
            ("commands completed", str(sum(command.stage is Stage.COMPLETED for command in sent))),
            ("faults injected", str(injected)),
            ("left out on this board", str(len(left_out))),
        ),
        link_totals=(
            *link_totals(bench.ground, line.received_octets),
            ("octets spoiled on the serial line", f"{_spoiled(bench):,}"),
            *(row for one in drills for row in one.rows()),
        ),
        reproduce=(
            f"skyrack-hil run {scenario_name(scenario)} --board pty --seed {bench.seed}"
            f" --duration {bench.now_s}s --speed {bench.speed}"
        ),
    )


def _spoiled(bench: Bench) -> int:
    ways = (bench.line_to_board.down.spoiler, bench.line_to_board.up.spoiler)
    return sum(way.lost + way.flipped + way.bursts + way.inserted for way in ways)


def _checks(bench: Bench, sent: Sequence[CommandRecord], drills: Sequence[Drills]) -> tuple[CheckCount, ...]:
    counters = bench.ground.link.packets
    ended = [command for command in sent if command.ended]
    checks = [
        CheckCount(
            "every command that ended was carried out",
            len(ended),
            sum(command.stage in ENDED_BADLY for command in ended),
        ),
        CheckCount("no good frame holds a damaged packet", counters.packets, counters.bad_packets),
        CheckCount(
            "the board obeys no switch that there is not", bench.surroundings.number, bench.wrong_commands
        ),
    ]
    if bench.ground.files.transfers:
        checks.append(files_check(bench))
    checks += [
        CheckCount(
            f"telemetry again within {BACK_WITHIN_S:g} s of a plug",
            len(one.back_s) + one.missed,
            one.missed + sum(back > BACK_WITHIN_S for back in one.back_s),
        )
        for one in drills
        if one.kind is Drill.PULL
    ]
    return tuple(checks)


def leave(
    work: Path, result: RunResult, bench: Bench, drills: Sequence[Drills], left_out: Sequence[str]
) -> None:
    """Into the folder that holds the archive."""
    shutil.copyfile(bench.board.log, work / "flight.log")
    more = {
        "board": "pty",
        "speed": bench.speed,
        "left_out": list(left_out),
        "back_s": {one.kind.name.lower(): [round(back, 3) for back in one.back_s] for one in drills},
    }
    write_results(work, bench.scenario, result, bench.built, more)
