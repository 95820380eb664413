"""`skyrack-sim bench schedule`: its options.  The benchmark itself is imported when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.swarm_command import at_least_one, whole

if TYPE_CHECKING:
    from sim.swarm_command import Subparsers

CLASSES = ("energy", "thermal", "downlink", "mixed", "bad-forecast")


def some_classes(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in CLASSES:
            raise argparse.ArgumentTypeError(f"{name!r}: expected some of {', '.join(CLASSES)}")
    return names


def add_bench(commands: Subparsers) -> None:
    bench = commands.add_parser("bench", help="score what decides against what could be had")
    kinds = bench.add_subparsers(dest="bench", required=True)
    schedule = kinds.add_parser("schedule", help="ORBSCHED: schedulers of compute jobs (docs/orbsched.md)")
    schedule.add_argument("--classes", type=some_classes, default=CLASSES, help="with commas between; all")
    schedule.add_argument("--seeds", type=at_least_one, default=2, help="frozen instances of each class (2)")
    schedule.add_argument("--steps", type=whole, default=6_000_000, help="of a long search (6,000,000)")
    schedule.add_argument(
        "--again-steps", type=whole, default=1_000_000, help="of each other plan (1,000,000)"
    )
    schedule.add_argument("--guarded", type=whole, default=1000, help="flights of a senseless planner (1000)")
    schedule.add_argument("--no-day", action="store_true", help="leave out the day of a thousand jobs")
    schedule.add_argument(
        "--write",
        type=Path,
        help="put the table into this document, and keep better schedules than were known",
    )
    schedule.add_argument("--quiet", action="store_true", help="no line for each instance")


def run_bench_command(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """1 if any limit was crossed."""
    from sim.orbsched.bench import BenchOptions, NoSolverError, run_bench, table, write_table

    asked = BenchOptions(
        classes=options.classes,
        seeds=options.seeds,
        steps=options.steps,
        again_steps=options.again_steps,
        guarded=options.guarded,
        day=not options.no_day,
        keep=options.write is not None,
    )
    try:
        result = run_bench(asked, (lambda _: None) if options.quiet else say)
    except NoSolverError as error:
        say(f"skyrack-sim: {error}")
        return 2
    text = table(result)
    say(text)
    if options.write:
        write_table(options.write, text)
    broken = sum(score.violations for score in result.scores)
    broken += sum(result.proof.broken.values()) if result.proof else 0
    return 1 if broken else 0
