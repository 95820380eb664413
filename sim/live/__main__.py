"""`python -m sim.live`, which is `skyrack-sim live`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flight.app import MissionError
from flight.dictionary import IdsError
from sim.configuration import ConfigurationError
from sim.live import LiveError, LiveOptions, live


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Also those of `skyrack-sim live`."""
    command.add_argument("scenario", nargs="?", default="reference", help="a name or a file")
    command.add_argument("--speed", type=int, default=1, help="times real time, a whole number")
    command.add_argument("--mission", help="fly this mission package instead of the spacecraft's own")
    command.add_argument("--seed", type=int, help="instead of the scenario's own")
    command.add_argument(
        "--out", dest="folder", type=Path, help="a new folder; runs/live-<scenario>-<n> if left out"
    )
    command.add_argument("--no-ground", dest="ground", action="store_false", help="flight and world alone")
    command.add_argument(
        "--fifo", action="store_true", help="flight with real-time priority, where permitted"
    )


def options_from(parsed: argparse.Namespace) -> LiveOptions:
    return LiveOptions._make(getattr(parsed, name) for name in LiveOptions._fields)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="skyrack-sim live", description="Fly a mission that you operate.")
    add_arguments(parser)
    try:
        return live(options_from(parser.parse_args(arguments)), _say)
    except (ConfigurationError, MissionError, IdsError, LiveError, OSError) as error:
        sys.stderr.write(f"skyrack-sim: {error}\n")
        return 2


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
