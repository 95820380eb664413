"""`skyrack-sim`: fly a scenario, many of them, or one that a person can operate."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from flight.app import MissionError
from flight.dictionary import IdsError
from sim.bench_command import add_bench, run_bench_command
from sim.campaign_command import add_campaign, run_campaign_command
from sim.configuration import ConfigurationError
from sim.live_command import add_live, run_live_command
from sim.orbit import OrbitError
from sim.scenario import HIGHEST_SEED, LONGEST_S, known_scenarios, load_scenario
from sim.swarm_command import add_swarm, run_swarm_command
from sim.units import QuantityError, convert, expectation, parse

RUNS = Path("runs")
REFERENCE = "reference"


class UsageError(ValueError):
    """An argument that makes no sense; one line says which."""


def seed_number(text: str) -> int:
    """A seed as a scenario may have it."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= HIGHEST_SEED):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 to {HIGHEST_SEED}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="skyrack-sim", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="fly a scenario in virtual time and write a report")
    run.add_argument(
        "scenario",
        nargs="?",
        default=REFERENCE,
        help=f"a name ({', '.join(known_scenarios())}) or a file; the reference mission if left out",
    )
    run.add_argument("--seed", type=seed_number, help="instead of the scenario's own")
    run.add_argument("--duration", help='instead of the scenario\'s own, such as "3 h" or "1 day"')
    run.add_argument("--mission", help="fly this mission package instead of the spacecraft's own")
    run.add_argument("--out", type=Path, help="folder for the results; runs/<scenario>-<seed> if left out")
    run.add_argument("--quiet", action="store_true", help="no progress, no table")
    add_live(commands)
    add_swarm(commands)
    add_campaign(commands)
    add_bench(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.command == "live":
            return run_live_command(options, partial(print, flush=True))
        if options.command == "swarm":
            return run_swarm_command(options, partial(print, flush=True))
        if options.command == "campaign":
            return run_campaign_command(options, partial(print, flush=True))
        if options.command == "bench":
            return run_bench_command(options, partial(print, flush=True))
        return _run(options)
    except (ConfigurationError, MissionError, IdsError, OrbitError, UsageError, OSError) as error:
        print(f"skyrack-sim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skyrack-sim: stopped; nothing was left in the runs folder", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    from sim.report import RunProgress, print_summary
    from sim.run import fly

    scenario = load_scenario(options.scenario)
    duration_s = _duration(options.duration) if options.duration else scenario.duration_s
    seed = scenario.seed if options.seed is None else options.seed
    folder = options.out or RUNS / f"{scenario.name}-{seed}"
    with RunProgress(duration_s, quiet=options.quiet) as progress:
        outcome = fly(
            scenario,
            seed=seed,
            duration_s=duration_s,
            mission=options.mission,
            folder=folder,
            progress=progress,
        )
    if not options.quiet:
        print_summary(outcome.result)
        print(f"{outcome.speed:,.0f} x real time; report: {folder / 'report.html'}")
    return 1 if any(check.failed for check in outcome.result.checks) else 0


def _duration(text: str) -> float:
    try:
        seconds = convert(*parse(text, "s"), "s")
    except QuantityError as error:
        raise UsageError(f"--duration {text!r}: {error}, expected {expectation('s')}") from None
    if not 1.0 <= seconds <= LONGEST_S:
        raise UsageError(f"--duration {text!r}: expected 1 s to {LONGEST_S:g} s")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
