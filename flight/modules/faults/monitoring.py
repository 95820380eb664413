"""Service 12 on the fault table: a monitored row is a row of the table, numbered in its order from 0.

Enabled means that the row acts; disabled, that it only observes: it is still checked and reported, which is more than
the standard asks for.  The function as a whole is on after every boot, whatever was commanded before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flight.declare import DONE, Outbox, Outcome, Refused, Request, mask_of
from flight.modules.faults.row import Row
from flight.modules.faults.table import interval
from flight.wire.monitoring import (
    DEFINITIONS,
    DISABLE,
    DISABLE_FUNCTION,
    ENABLE,
    ENABLE_FUNCTION,
    OUT_OF_LIMITS,
    REPORT_DEFINITIONS,
    REPORT_OUT_OF_LIMITS,
    REPORT_STATUS,
    ROWS_EACH,
    SERVICE,
    STATUS,
    TRANSITIONS,
    Checking,
    Definition,
    Switch,
    Transition,
    check,
    pack_definitions,
    pack_switches,
    pack_transitions,
)
from flight.wire.numbers import read_numbers

if TYPE_CHECKING:
    from flight.modules.faults.module import Faults

WITH_ROWS = (ENABLE, DISABLE, REPORT_DEFINITIONS)
ALONE = (REPORT_OUT_OF_LIMITS, REPORT_STATUS, ENABLE_FUNCTION, DISABLE_FUNCTION)


def serve(faults: Faults, request: Request, out: Outbox) -> Outcome:
    """A telecommand of service 12; all or nothing."""
    if request.subtype in WITH_ROWS:
        return _serve_rows(faults, request, out)
    if request.subtype not in ALONE:
        return Refused(f"TC[12,{request.subtype}] is not offered")
    if request.data:
        return Refused("expected no data")
    if request.subtype == REPORT_STATUS:
        switches = [Switch(row.index, not row.observing) for row in faults.rows]
        out.report(SERVICE, STATUS, pack_switches(switches))
    elif request.subtype == REPORT_OUT_OF_LIMITS:
        _report_out_of_limits(faults.rows, out)
    else:
        faults.set_acting(request.subtype == ENABLE_FUNCTION, out)
    return DONE


def _serve_rows(faults: Faults, request: Request, out: Outbox) -> Outcome:
    numbers = read_numbers(request.data)
    if numbers is None:
        return Refused("expected a count u16 and that many rows u16")
    unknown = [number for number in numbers if number >= faults.count]
    if unknown:
        return Refused(f"row {unknown[0]}: there are {faults.count} rows, numbered from 0")
    if request.subtype == REPORT_DEFINITIONS:
        _report_definitions([faults.rows[number] for number in numbers] or faults.rows, out)
        return DONE
    if not numbers:
        return Refused("no row")
    return faults.set_observing(numbers, request.subtype == DISABLE, request.ident, out)


def _report_definitions(rows: Sequence[Row], out: Outbox) -> None:
    for at in range(0, len(rows), ROWS_EACH):
        body = pack_definitions([definition_of(row) for row in rows[at : at + ROWS_EACH]])
        out.report(SERVICE, DEFINITIONS, body)


def definition_of(row: Row) -> Definition:
    fault = row.fault
    persist_ms = int(fault.persist_s * 1000)
    bounds = (*interval(fault.good), *interval(fault.cleared))
    return Definition(row.index, not row.observing, *bounds, persist_ms, mask_of(fault.modes))


def _report_out_of_limits(rows: Sequence[Row], out: Outbox) -> None:
    found = [row.crossed for row in rows if row.crossed is not None]
    for at in range(0, max(1, len(found)), ROWS_EACH):
        out.report(SERVICE, OUT_OF_LIMITS, pack_transitions(found[at : at + ROWS_EACH]))


def report_trip(now: int, row: Row, value: float, out: Outbox) -> None:
    """Nothing for a row whose own value is good: then another row has escalated to it."""
    current, limit = check(value, *interval(row.fault.good))
    if current is not Checking.WITHIN:
        row.crossed = Transition(row.index, value, limit, Checking.WITHIN, current, now)
        out.report(SERVICE, TRANSITIONS, pack_transitions([row.crossed]))


def report_clear(now: int, row: Row, value: float, out: Outbox) -> None:
    crossed = row.crossed
    if crossed is not None:
        cleared = Transition(row.index, value, crossed.limit, crossed.current, Checking.WITHIN, now)
        row.crossed = None
        out.report(SERVICE, TRANSITIONS, pack_transitions([cleared]))
