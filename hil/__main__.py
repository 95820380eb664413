"""`skyrack-hil`: a board on a bench flies a simulated orbit, behind a serial line that the bench can spoil."""

from __future__ import annotations

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.line import Shape

BOARDS = {"pty": "the flight program as a process of this computer, behind pseudo-serial lines"}
RUNS = Path("runs")
BAUD = 921_600
SPEED_MAX = 100  # above it the machine's own pauses are longer than the world's seconds


class UsageError(ValueError):
    """An argument that makes no sense; one line says which."""


def parser() -> argparse.ArgumentParser:
    from hil.shape_options import add_shape

    top = argparse.ArgumentParser(prog="skyrack-hil", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser(
        "run",
        help="fly a scenario on a board, and write the simulator's report",
        description="Fly a scenario on a board in real time. Ends with report.html, archive and run.json, as"
        " skyrack-sim run does; 1 if a check failed.",
    )
    one.add_argument("scenario", help="a name or a file")
    boards = "; ".join(f"{name}: {what}" for name, what in BOARDS.items())
    one.add_argument("--board", required=True, metavar="|".join(BOARDS), help=boards)
    one.add_argument(
        "--speed", type=int, default=1, metavar="N", help=f"times real time, 1 to {SPEED_MAX} (1)"
    )
    one.add_argument("--duration", help='instead of the scenario\'s own, such as "10 min"')
    one.add_argument("--seed", type=int, help="instead of the scenario's own")
    one.add_argument("--mission", help="fly this mission package instead of the spacecraft's own")
    one.add_argument(
        "--out", type=Path, help="folder for the results; runs/bench-<scenario>-<seed> if left out"
    )
    one.add_argument("--quiet", action="store_true", help="no progress, no table")
    one.add_argument(
        "--pull-every", metavar="TIME", help='pull the line out for 3 s so often in contact, such as "1 min"'
    )
    one.add_argument(
        "--umbilical", default="line", metavar="line|channel", help="a second line, or a channel on the first"
    )
    one.add_argument("--kill-every", metavar="TIME", help="kill the flight program so often in contact")
    add_shape(one, BAUD)
    line = commands.add_parser(
        "line",
        help="join two serial ports by a bad line",
        description="Make two pseudo-serial ports and carry octets between them, slower and worse. Any two"
        " programs may open them.",
    )
    line.add_argument("left", type=Path, help="a new path, for one program")
    line.add_argument("right", type=Path, help="another, for the other")
    line.add_argument("--seed", type=int, default=0, help="says where faults strike (0)")
    add_shape(line, BAUD)
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from flight.app import MissionError
    from flight.dictionary import IdsError
    from hil.pty_board import BoardError
    from sim.configuration import ConfigurationError
    from sim.orbit import OrbitError

    try:
        return _run(options) if options.command == "run" else _line(options)
    except (ConfigurationError, MissionError, IdsError, OrbitError, BoardError, UsageError, OSError) as error:
        print(f"skyrack-hil: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skyrack-hil: stopped; nothing was left in the runs folder", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    from hil.cord import CHANNEL, KINDS
    from hil.run import RunOptions, run
    from sim.report import RunProgress, print_summary
    from sim.scenario import load_scenario

    if options.board not in BOARDS:
        raise UsageError(f"--board {options.board!r}: expected {' or '.join(BOARDS)}")
    if not 1 <= options.speed <= SPEED_MAX:
        raise UsageError(f"--speed {options.speed}: expected 1 to {SPEED_MAX}")
    if options.umbilical not in KINDS:
        raise UsageError(f"--umbilical {options.umbilical!r}: expected {' or '.join(KINDS)}")
    if options.umbilical == CHANNEL and options.pull_every:
        raise UsageError(
            "--pull-every pulls out the umbilical too where it is a channel: use --umbilical line"
        )
    scenario = load_scenario(options.scenario)
    seed = scenario.seed if options.seed is None else options.seed
    if seed < 0:
        raise UsageError(f"--seed {seed}: expected 0 or more")
    folder = options.out or RUNS / f"bench-{scenario.name}-{seed}"
    duration_s = _seconds("--duration", options.duration) or int(scenario.duration_s)
    wanted = RunOptions(
        scenario,
        folder,
        duration_s,
        seed,
        options.speed,
        options.mission,
        _shape(options),
        _seconds("--pull-every", options.pull_every),
        _seconds("--kill-every", options.kill_every),
        options.umbilical,
    )
    say = partial(print, flush=True)
    with RunProgress(duration_s, quiet=options.quiet) as progress:
        result = run(wanted, progress, say)
    if not options.quiet:
        print_summary(result)
        print(f"report: {folder / 'report.html'}")
    return 1 if any(check.failed for check in result.checks) else 0


def _line(options: argparse.Namespace) -> int:
    from hil.join import join

    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: stops.append(number))
    say = partial(print, flush=True)
    join(options.left, options.right, _shape(options), str(options.seed), lambda: bool(stops), say)
    return 0


def _shape(options: argparse.Namespace) -> Shape:
    from hil.shape_options import shape_of

    try:
        return shape_of(options)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _seconds(name: str, text: str | None) -> int:
    """Whole seconds of a time; 0 for none."""
    from sim.units import QuantityError, convert, expectation, parse

    if text is None:
        return 0
    try:
        seconds = convert(*parse(text, "s"), "s")
    except QuantityError as error:
        raise UsageError(f"{name} {text!r}: {error}, expected {expectation('s')}") from None
    if not 1.0 <= seconds <= 3.2e8:
        raise UsageError(f"{name} {text!r}: expected 1 s or more")
    return int(seconds)


if __name__ == "__main__":
    sys.exit(main())
