"""The static check of a fault table: rows that cannot work, or that fight each other."""

import keyword
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from flight.declare import BOOT, COMPUTE, SAFE, Mode, Telemetry
from flight.modules.faults.memory import ROWS_MAX
from flight.modules.faults.table import AskMode, CycleRail, Fault, Good, RaiseRung, SetLevel, interval

HIGHEST_RUNG = 6
HIGHEST_LEVEL = 255
RETRIES_MAX = 100  # a row that has tried a hundred times has no response, it has a habit
VERIFY_S = 5.0  # a cycled rail is verified for so long after it is on again


Ways = Collection[tuple[Mode, Mode]]
"""Changes of mode, from and to, that the mission's table permits to a fault under all conditions."""


def conflicts(
    table: Sequence[Fault], switches: Sequence[str] | None = None, ways: Ways | None = None
) -> list[str]:
    """One line for each thing wrong with `table`; empty if it may fly.  `switches` and `ways` are the mission's, if
    known; to SAFE there is always a way."""
    rows = {fault.name: fault for fault in table}
    found = _names(table)
    for fault in table:
        found += [f"{fault.name}: {wrong}" for wrong in _row(fault, switches)]
        found += [f"{fault.name}: {wrong}" for wrong in _no_way(fault, ways)]
        found += [f"{fault.name}: {wrong}" for wrong in _escalation(fault, rows)]
    for one, other in combinations(table, 2):
        found += _fight(one, other, rows)
    return found


def _names(table: Sequence[Fault]) -> list[str]:
    names = [fault.name for fault in table]
    found = [
        f"{name}: {names.count(name)} rows of this name"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    reserved = {*keyword.kwlist, *dir(Telemetry), "period", "offset", "fields"}
    found += [f"{name!r} is no usable name" for name in names if not name.isidentifier() or name in reserved]
    if len(table) > ROWS_MAX:
        found.append(f"{len(table)} rows; {ROWS_MAX} at most")
    return found


def _row(fault: Fault, switches: Sequence[str] | None) -> Iterator[str]:
    if not fault.modes:
        yield "unreachable: it is masked in every mode"
    if not fault.signal.isidentifier():
        yield f"{fault.signal!r} is no signal"
    yield from _thresholds(fault.good, fault.cleared)
    if not (0 <= fault.persist_s < math.inf and 0 < fault.cooldown_s < math.inf):
        yield "persistence is 0 s or more, cool-down more than 0 s"
    if not 0 <= fault.retries <= RETRIES_MAX:
        yield f"retries are 0 to {RETRIES_MAX}"
    yield from _response(fault, switches)


def _thresholds(good: Good, cleared: Good) -> Iterator[str]:
    outer, inner = interval(good), interval(cleared)
    if type(good) is not type(cleared):
        yield f"good is {type(good).__name__}, clear is {type(cleared).__name__}: they must be of one kind"
        return
    if any(math.isnan(bound) for bound in (*outer, *inner)):
        yield "a threshold is NaN"
    elif outer[0] > outer[1] or inner[0] > inner[1]:
        yield "no value is good"
    elif inner[0] < outer[0] or inner[1] > outer[1]:
        yield "clear is on the wrong side of good: it would clear while it is bad"


def _response(fault: Fault, switches: Sequence[str] | None) -> Iterator[str]:
    match fault.response:
        case AskMode(mode):
            yield from _mode(fault, mode)
        case RaiseRung(rung):
            if not 1 <= rung <= HIGHEST_RUNG:
                yield f"rung {rung} is not 1 to {HIGHEST_RUNG}"
        case SetLevel(switch, level):
            if not 0 <= level <= HIGHEST_LEVEL:
                yield f"level {level} is not 0 to {HIGHEST_LEVEL}"
            yield from _switch(switch, switches)
        case CycleRail(switch, off_s):
            if not 0 < off_s < math.inf:
                yield "a cycled rail is off for more than 0 s"
            if fault.cooldown_s < off_s + VERIFY_S:
                yield f"cool-down of {fault.cooldown_s:g} s ends before its cycle of {off_s:g} s is verified"
            yield from _switch(switch, switches)


def _switch(switch: str, switches: Sequence[str] | None) -> Iterator[str]:
    if switches is not None and switch not in switches:
        yield f"there is no switch {switch}"


def _mode(fault: Fault, mode: Mode) -> Iterator[str]:
    if mode is BOOT or mode is COMPUTE:
        yield f"a fault is no reason to go to {mode.name}"
    elif mode not in fault.modes:
        yield f"asks for {mode.name}, where it is masked and never sees whether that helped"
    elif mode is not SAFE and SAFE in fault.modes:
        yield f"asks for {mode.name} also in SAFE, and so would leave it"


def _no_way(fault: Fault, ways: Ways | None) -> Iterator[str]:
    """A request that the mode table refuses is no response."""
    if not isinstance(fault.response, AskMode) or fault.response.mode is SAFE or ways is None:
        return
    target = fault.response.mode
    shut = [mode.name for mode in fault.modes if mode is not target and (mode, target) not in ways]
    if shut:
        yield f"asks for {target.name}, which the table of modes does not permit a fault in {', '.join(shut)}"


def _escalation(fault: Fault, rows: Mapping[str, Fault]) -> Iterator[str]:
    if not fault.escalate:
        return
    target = rows.get(fault.escalate)
    if target is None:
        yield f"escalates to {fault.escalate}, which is no row"
        return
    masked = [mode.name for mode in fault.modes if mode not in target.modes]
    if masked:
        yield f"escalates to {target.name}, which is masked in {', '.join(masked)}"
    if target.observe_only and not fault.observe_only:
        yield f"escalates to {target.name}, which only observes"
    if fault.name in chain(target, rows):
        yield "escalates in a cycle"


def chain(fault: Fault, rows: Mapping[str, Fault]) -> list[str]:
    """The names of `fault` and of every row that its escalation can reach."""
    names: list[str] = []
    row: Fault | None = fault
    while row is not None and row.name not in names:
        names.append(row.name)
        row = rows.get(row.escalate)
    return names


def _fight(one: Fault, other: Fault, rows: Mapping[str, Fault]) -> list[str]:
    """Two rows that may act in the same mode and want different things of one switch.

    Not if one escalates to the other: then their order is decided.  Disjoint conditions are no excuse, because a
    missing reading makes both rows bad at once.
    """
    shared = [mode.name for mode in one.modes if mode in other.modes]
    if not shared or other.name in chain(one, rows) or one.name in chain(other, rows):
        return []
    wanted, against = _wants(one), _wants(other)
    if wanted is None or against is None or wanted[0] != against[0] or wanted[1] == against[1]:
        return []
    return [
        f"{one.name} and {other.name} fight over {wanted[0]} in {', '.join(shared)}: {wanted[1]} against {against[1]}"
    ]


def _wants(fault: Fault) -> tuple[str, str] | None:
    """The switch, and in words what it ends as."""
    match fault.response:
        case SetLevel(switch, level):
            return switch, f"level {level}" if level else "off"
        case CycleRail(switch, _):
            return switch, "off and on again"
        case _:
            return None
