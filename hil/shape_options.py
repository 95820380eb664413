"""Options that say how bad a line is, the same for every command that makes one."""

from __future__ import annotations

import argparse
from dataclasses import fields

from flight.wire.line_address import BAUD_HIGHEST, BITS_PER_OCTET
from hil.line import Shape
from sim.shaping import NS, OctetFaults

LONGEST_DELAY_MS = 600_000  # ten minutes; Mars is on the other side of a simulation


def add_shape(command: argparse.ArgumentParser, baud: int) -> None:
    group = command.add_argument_group("the line", "probabilities are for each octet, --flip for each bit")
    group.add_argument("--baud", type=int, default=baud, help=f"of the line; 0: no limit ({baud})")
    group.add_argument("--delay", type=float, default=0.0, metavar="MS", help="each way (0)")
    group.add_argument("--loss", type=float, default=0.0, metavar="P", help="an octet is dropped")
    group.add_argument("--flip", type=float, default=0.0, metavar="P", help="a bit is inverted")
    group.add_argument("--burst", type=float, default=0.0, metavar="P", help="noise begins")
    group.add_argument("--burst-octets", type=int, default=32, metavar="N", help="how long at most (32)")
    group.add_argument(
        "--console", type=float, default=0.0, metavar="P", help="a line of console text comes between"
    )


def shape_of(options: argparse.Namespace) -> Shape:
    """ValueError, in one line, for what no line is."""
    if not 0 <= options.baud <= BAUD_HIGHEST:
        raise ValueError(f"--baud {options.baud}: expected 0 to {BAUD_HIGHEST}")
    if not 0.0 <= options.delay <= LONGEST_DELAY_MS:
        raise ValueError(f"--delay {options.delay:g}: expected 0 to {LONGEST_DELAY_MS} ms")
    names = [field.name for field in fields(OctetFaults)]
    faults = OctetFaults(**{name: getattr(options, name) for name in names})
    return Shape(options.baud // BITS_PER_OCTET, int(options.delay * NS / 1_000), faults)
