"""What service 12 says of monitored rows (ECSS-E-ST-70-41C 6.12): transitions, definitions, switches.

The standard leaves the widths to the mission.  Here a row has one signal, so that the monitored parameter's id is left
out, and every value is a 64 bit float.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

from flight.wire.cuc import CUC_LENGTH, decode_cuc, encode_cuc

SERVICE = 12
ENABLE, DISABLE = 1, 2
REPORT_DEFINITIONS, DEFINITIONS = 8, 9
REPORT_OUT_OF_LIMITS, OUT_OF_LIMITS = 10, 11
TRANSITIONS = 12
REPORT_STATUS, STATUS = 13, 14
ENABLE_FUNCTION, DISABLE_FUNCTION = 15, 16

ROWS_EACH = 20  # transitions or definitions in one report: below 1000 octets


class Checking(enum.IntEnum):
    """Where a value was found."""

    WITHIN = 0
    UNCHECKED = 1
    INVALID = 2  # no number: NaN or infinite, which is never good
    BELOW = 3
    ABOVE = 4


class Transition(NamedTuple):
    """A row tripped or cleared at `at` (mission ns).  `limit` is the bound that was crossed, NaN for no number."""

    row: int
    value: float
    limit: float
    previous: Checking
    current: Checking
    at: int


class Definition(NamedTuple):
    """A row as it flies: lowest and highest good value, those that clear, how long each must hold, in which modes."""

    row: int
    enabled: bool
    low: float
    high: float
    clear_low: float
    clear_high: float
    persist_ms: int
    modes: int  # a bit for each


class Switch(NamedTuple):
    row: int
    enabled: bool


TRANSITION = struct.Struct(f">HddBB{CUC_LENGTH}s")
DEFINITION = struct.Struct(">H?ddddIB")
SWITCH = struct.Struct(">H?")
SWITCHES_MAX = 300


def check(value: float, low: float, high: float) -> tuple[Checking, float]:
    """Where `value` is, and the bound that it crossed; of a good value, NaN."""
    if not math.isfinite(value):
        return Checking.INVALID, math.nan
    if value < low:
        return Checking.BELOW, low
    if value > high:
        return Checking.ABOVE, high
    return Checking.WITHIN, math.nan


def pack_transitions(transitions: Sequence[Transition]) -> bytes:
    assert len(transitions) <= ROWS_EACH
    return bytes([len(transitions)]) + b"".join(
        TRANSITION.pack(*one[:-1], encode_cuc(one.at)) for one in transitions
    )


def read_transitions(body: bytes) -> tuple[Transition, ...] | None:
    if not _fits(body, TRANSITION, 1):
        return None
    found = []
    for row, value, limit, previous, current, at in TRANSITION.iter_unpack(body[1:]):
        if max(previous, current) > max(Checking):
            return None
        found.append(Transition(row, value, limit, Checking(previous), Checking(current), decode_cuc(at)))
    return tuple(found)


def pack_definitions(definitions: Sequence[Definition]) -> bytes:
    assert len(definitions) <= ROWS_EACH
    return bytes([len(definitions)]) + b"".join(DEFINITION.pack(*one) for one in definitions)


def read_definitions(body: bytes) -> tuple[Definition, ...] | None:
    if not _fits(body, DEFINITION, 1):
        return None
    return tuple(Definition(*row) for row in DEFINITION.iter_unpack(body[1:]))


def pack_switches(switches: Sequence[Switch]) -> bytes:
    assert len(switches) <= SWITCHES_MAX
    return struct.pack(">H", len(switches)) + b"".join(SWITCH.pack(*one) for one in switches)


def read_switches(body: bytes) -> tuple[Switch, ...] | None:
    if not _fits(body, SWITCH, 2):
        return None
    return tuple(Switch(*row) for row in SWITCH.iter_unpack(body[2:]))


def _fits(body: bytes, layout: struct.Struct, count_octets: int) -> bool:
    """A count, and that many of `layout`."""
    count = int.from_bytes(body[:count_octets], "big")
    return len(body) == count_octets + count * layout.size
