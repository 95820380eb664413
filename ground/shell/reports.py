"""Reports of schedule, monitored rows, event actions and packet stores, as lines for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from flight.dictionary import Dictionary
from flight.wire import Rejection, decode_tc, event_action, monitoring, packet_stores
from flight.wire.event_action import EventAction, EventId
from flight.wire.monitoring import (
    Checking,
    Definition,
    Switch,
    Transition,
    read_definitions,
    read_transitions,
)
from flight.wire.packet_stores import StoreContent, StoreStatus
from flight.wire.timed import Timed, read_timed
from ground.decode import schedule_entries
from ground.service_reports import SCHEDULE, SCHEDULE_DETAIL, SCHEDULE_SUMMARY, ServiceReport
from ground.shell.wording import made_at, mission_time
from ground.table_requests import monitored_rows

LARGEST = 1.7e308  # a bound beyond is none
FUNCTION = (8, 1)
ON = {True: "on", False: "off"}


class Wording:
    """`utc_ns` of the report itself gives the times in it, as far as the clock has not been set in between."""

    def __init__(self, dictionary: Dictionary, report: ServiceReport, utc_ns: int | None) -> None:
        self.dictionary, self.report, self.utc_ns = dictionary, report, utc_ns
        self.rows = {number: name for name, number in monitored_rows(dictionary).items()}

    def lines(self) -> list[str]:
        """One at least, whatever the octets are."""
        key = (self.report.service, self.report.subtype)
        shape = SHAPES.get(key)
        rows = shape.read(self.report.body) if shape is not None else None
        if shape is None or rows is None:
            return [
                f"a report TM[{key[0]},{key[1]}] of {len(self.report.body)} octets that is not understood"
            ]
        return [shape.line(self, row) for row in rows] or [shape.none]

    # ---------------------------------------------------------------- a line for each row

    def scheduled(self, row: tuple[int, int]) -> str:
        return f"{self.when(row[0])}  {row[1]:#010x}"

    def timed(self, row: Timed) -> str:
        return f"{self.when(row.at)}  {row.request:#010x}  {self.command(row.packet)}"

    def transition(self, row: Transition) -> str:
        limit = "" if math.isnan(row.limit) else f", limit {row.limit:g}"
        return (
            f"{self.when(row.at)}  {self.row(row.row)}: {STATUS[row.previous]} -> {STATUS[row.current]}, "
            f"at {row.value:g}{limit}"
        )

    def definition(self, row: Definition) -> str:
        return (
            f"{self.row(row.row)}: {ACTS[row.enabled]}, good {span(row.low, row.high)}, "
            f"clears {span(row.clear_low, row.clear_high)}, after {row.persist_ms / 1000:g} s"
        )

    def switch(self, row: Switch) -> str:
        return f"{self.row(row.row)}: {ACTS[row.enabled]}"

    def action_switch(self, row: tuple[EventId, bool]) -> str:
        return f"{self.event(row[0])}: {ON[row[1]]}"

    def action(self, row: EventAction) -> str:
        return f"{self.event(row.event)}: {ON[row.enabled]}, releases {self.command(row.packet)}"

    def store_status(self, row: StoreStatus) -> str:
        plays = "plays back" if row.in_progress else "playback suspended"
        asked = ", records asked for are to come" if row.by_range else ""
        return f"{self.store(row.store)}: {ON[row.enabled]}, {plays}{asked}"

    def store_content(self, row: StoreContent) -> str:
        if not row.newest:
            return f"{self.store(row.store)}: empty"
        waiting = f", not seen from {self.when(row.open_from)} on ({row.waiting} %)" if row.open_from else ""
        span = f"{self.when(row.oldest)} to {self.when(row.newest)}"
        return f"{self.store(row.store)}: {span}, {row.filled} % full{waiting}"

    # ---------------------------------------------------------------- names

    def when(self, mission_ns: int) -> str:
        if self.utc_ns is None:
            return mission_time(mission_ns)
        utc_ns = self.utc_ns + mission_ns - self.report.time_ns
        return f"{made_at(mission_ns, utc_ns)} ({mission_time(mission_ns)})"

    def row(self, number: int) -> str:
        return self.rows.get(number, f"row {number}")

    def store(self, number: int) -> str:
        stores = self.dictionary.stores
        return stores[number] if number < len(stores) else f"store {number}"

    def event(self, event: EventId) -> str:
        entry = self.dictionary.events_by_number.get(event.number)
        return entry.label if entry is not None else f"event {event.number} of APID {event.apid}"

    def command(self, packet: bytes) -> str:
        """Its label, where it calls a function that the dictionary knows; else its service."""
        found = decode_tc(packet)
        if isinstance(found, Rejection):
            return "a damaged telecommand"
        if (found.service, found.subtype) == FUNCTION:
            number = int.from_bytes(found.data[:2], "big")
            entry = self.dictionary.commands_by_number.get(number)
            octets = found.data[2:].hex(" ")
            return f"{entry.label if entry else f'function {number}'}{f' [{octets}]' if octets else ''}"
        return f"TC[{found.service},{found.subtype}] {found.data.hex(' ')}".rstrip()


STATUS = {
    Checking.WITHIN: "within limits",
    Checking.UNCHECKED: "unchecked",
    Checking.INVALID: "no number",
    Checking.BELOW: "below",
    Checking.ABOVE: "above",
}

ACTS = {True: "acts", False: "only observes"}

Row = TypeVar("Row")


class Shape(Generic[Row]):
    """A report that is a list: how it is read, the line of one row, and the line that stands for none."""

    def __init__(
        self,
        read: Callable[[bytes], Sequence[Row] | None],
        line: Callable[[Wording, Row], str],
        none: str,
    ) -> None:
        self.read, self.line, self.none = read, line, none


UNSCHEDULED, NO_ROWS, NO_ACTIONS = "nothing is scheduled", "there are no rows", "there are no actions"
WITHIN = "every row is within its limits"
SHAPES: dict[tuple[int, int], Shape[Any]] = {
    (SCHEDULE, SCHEDULE_SUMMARY): Shape(schedule_entries, Wording.scheduled, UNSCHEDULED),
    (SCHEDULE, SCHEDULE_DETAIL): Shape(read_timed, Wording.timed, UNSCHEDULED),
    (monitoring.SERVICE, monitoring.TRANSITIONS): Shape(read_transitions, Wording.transition, WITHIN),
    (monitoring.SERVICE, monitoring.OUT_OF_LIMITS): Shape(read_transitions, Wording.transition, WITHIN),
    (monitoring.SERVICE, monitoring.DEFINITIONS): Shape(read_definitions, Wording.definition, NO_ROWS),
    (monitoring.SERVICE, monitoring.STATUS): Shape(monitoring.read_switches, Wording.switch, NO_ROWS),
    (event_action.SERVICE, event_action.STATUS): Shape(
        event_action.read_switches, Wording.action_switch, NO_ACTIONS
    ),
    (event_action.SERVICE, event_action.DEFINITIONS): Shape(
        event_action.read_actions, Wording.action, NO_ACTIONS
    ),
    (packet_stores.SERVICE, packet_stores.STATUS): Shape(
        packet_stores.read_statuses, Wording.store_status, "there are no stores"
    ),
    (packet_stores.SERVICE, packet_stores.CONTENTS): Shape(
        packet_stores.read_contents, Wording.store_content, "there are no stores"
    ),
}


def span(low: float, high: float) -> str:
    if low == high:
        return {0.0: "off", 1.0: "on"}.get(low, f"{low:g}")
    return " and ".join(_bounds(low, high)) or "always"


def _bounds(low: float, high: float) -> Iterator[str]:
    if low > -LARGEST:
        yield f"from {low:g}"
    if high < LARGEST:
        yield f"to {high:g}"
