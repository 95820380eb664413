"""`skyrack-sim swarm`: its options, and what it says.  The swarm itself is imported when it is asked for."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  (argparse names no public one)


def whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number}: expected 0 or more")
    return number


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: expected 1 or more")
    return number


def some_orbits(text: str) -> float:
    number = float(text)
    if not 0.1 <= number <= 1000.0:
        raise argparse.ArgumentTypeError(f"{text}: expected 0.1 to 1000 orbits")
    return number


def add_swarm(commands: Subparsers) -> None:
    """The subcommand with its options."""
    swarm = commands.add_parser("swarm", help="fly many seeds, each with its own faults and commands")
    swarm.add_argument("--seeds", type=at_least_one, default=200, help="how many (200)")
    swarm.add_argument("--first", type=whole, default=0, help="the first seed (0)")
    swarm.add_argument(
        "--orbits", type=some_orbits, default=3.0, help="with faults; then all must recover (3)"
    )
    swarm.add_argument("--workers", type=at_least_one, default=os.cpu_count() or 1, help="processes")
    swarm.add_argument("--scenario", default="reference", help="spacecraft, orbit and stations of this one")
    swarm.add_argument("--mission", default="", help="fly this mission package instead")
    swarm.add_argument("--until-failure", action="store_true", help="end at the first seed that fails")
    swarm.add_argument("--json", type=Path, help="write everything to this file")
    swarm.add_argument("--quiet", action="store_true", help="no line for each seed")


def run_swarm_command(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """1 if any seed failed."""
    from sim.swarm.report import lines_of, seed_line
    from sim.swarm.swarm import SwarmOptions, SwarmResult, run_swarm

    asked = SwarmOptions(
        first=options.first,
        seeds=options.seeds,
        orbits=options.orbits,
        scenario=options.scenario,
        mission=options.mission,
        workers=options.workers,
        until_failure=options.until_failure,
    )
    began = time.perf_counter()
    result = SwarmResult(asked, [])
    for outcome in run_swarm(asked):
        result.outcomes.append(outcome)
        if not options.quiet:
            say(seed_line(outcome))
    result.wall_s = time.perf_counter() - began
    say("\n".join(lines_of(result)))
    if options.json:
        options.json.write_text(result.as_json())
    return 1 if result.failing() else 0
