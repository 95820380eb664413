"""`skyrack-sim live`: its options.  The live run itself is imported when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  (argparse names no public one)


def add_live(commands: Subparsers) -> None:
    """The subcommand with its options."""
    live = commands.add_parser("live", help="fly a mission that you operate, as real processes in real time")
    live.add_argument("scenario", nargs="?", default="reference", help="a name or a file")
    live.add_argument("--speed", type=int, default=1, help="times real time, a whole number (1)")
    live.add_argument("--mission", help="fly this mission package instead of the spacecraft's own")
    live.add_argument("--seed", type=int, help="instead of the scenario's own")
    live.add_argument(
        "--out", dest="folder", type=Path, help="a new folder; runs/live-<scenario>-<n> if left out"
    )
    live.add_argument("--no-ground", dest="ground", action="store_false", help="flight and world alone")
    live.add_argument("--fifo", action="store_true", help="flight with real-time priority, where permitted")


def run_live_command(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """LiveError, ConfigurationError, MissionError or IdsError, each in one line, if it cannot begin or go on."""
    from sim.live import LiveOptions, live

    return live(LiveOptions._make(getattr(options, name) for name in LiveOptions._fields), say)
