"""The word about the spacecraft's orbit: elements, from a file as CelesTrak gives it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ground.protocol import NS, UsageError
from ground.shell.desk import Desk
from ground.shell.wording import EPOCH_FIRST_NS, duration

ELEMENTS, SOURCE = "forecast.elements", "forecast.status.source"
FILE_OCTETS = 4096
OLD_S = 30 * 86_400.0  # as the forecast on board counts
UNKNOWN = (
    "the spacecraft does not know its orbit, so any minute may be in the anomaly: `elements FILE` tells it"
)


def elements(desk: Desk, options: argparse.Namespace) -> int:
    if ELEMENTS not in desk.craft.dictionary.commands_by_label:
        raise UsageError(f"elements: {desk.craft.dictionary.mission} does not look ahead")
    from flight.planning.ahead.elements import read_elements  # with SGP4, which no other word needs

    path: Path = options.file
    lines = two_lines_of(path)
    found = read_elements(*lines)
    if isinstance(found, str):
        raise UsageError(f"elements: {path}: {found}")
    ground_ns = desk.craft.line.now_ns()
    age_s = (ground_ns - found.epoch_ns) / NS
    if ground_ns >= EPOCH_FIRST_NS and age_s > OLD_S:
        desk.say(f"{path}: {duration(age_s)} old; the spacecraft uses none that are older than 30 days")
    return desk.follow(desk.craft.command(ELEMENTS, lines="\n".join(lines).encode()), options.wait)


def two_lines_of(path: Path) -> tuple[str, str]:
    """Of a file with one satellite; a line with its name may come first.  UsageError."""
    if not path.is_file():
        raise UsageError(f"elements: {path} is no file")
    with path.open("rb") as file:
        text = file.read(FILE_OCTETS + 1)
    lines = [line.rstrip() for line in text.decode("ascii", "replace").splitlines() if line.strip()]
    if len(lines) == 3:
        del lines[0]
    if len(text) > FILE_OCTETS or len(lines) != 2:
        raise UsageError(
            f"elements: {path}: expected one two-line set, with the satellite's name before it or without"
        )
    return lines[0], lines[1]


def orbit_unknown(desk: Desk) -> bool:
    """As far as the spacecraft has told."""
    return desk.told(SOURCE) == "LEARNED"
