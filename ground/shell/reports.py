"""Reports of the schedule, of the monitored rows and of event actions, as lines for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from flight.dictionary import Dictionary
from flight.wire import Rejection, decode_tc, event_action, monitoring
from flight.wire.event_action import EventId
from flight.wire.monitoring import Checking
from flight.wire.timed import read_timed
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
        made = WORDED[key](self) if key in WORDED else None
        if made is None:
            return [
                f"a report TM[{key[0]},{key[1]}] of {len(self.report.body)} octets that is not understood"
            ]
        return made

    # ---------------------------------------------------------------- the schedule

    def summary(self) -> list[str] | None:
        found = schedule_entries(self.report.body)
        if found is None:
            return None
        return [f"{self.when(at)}  {request:#010x}" for at, request in found] or ["nothing is scheduled"]

    def detail(self) -> list[str] | None:
        found = read_timed(self.report.body)
        if found is None:
            return None
        lines = [f"{self.when(one.at)}  {one.request:#010x}  {self.command(one.packet)}" for one in found]
        return lines or ["nothing is scheduled"]

    # ---------------------------------------------------------------- monitored rows

    def transitions(self) -> list[str] | None:
        found = monitoring.read_transitions(self.report.body)
        if found is None:
            return None
        return [
            f"{self.when(one.at)}  {self.row(one.row)}: {STATUS[one.previous]} -> {STATUS[one.current]}, "
            f"at {one.value:g}{'' if math.isnan(one.limit) else f', limit {one.limit:g}'}"
            for one in found
        ] or ["every row is within its limits"]

    def definitions(self) -> list[str] | None:
        found = monitoring.read_definitions(self.report.body)
        if found is None:
            return None
        return [
            f"{self.row(one.row)}: {'acts' if one.enabled else 'only observes'}, good {span(one.low, one.high)}, "
            f"clears {span(one.clear_low, one.clear_high)}, after {one.persist_ms / 1000:g} s"
            for one in found
        ]

    def switches(self) -> list[str] | None:
        found = monitoring.read_switches(self.report.body)
        if found is None:
            return None
        return [f"{self.row(one.row)}: {'acts' if one.enabled else 'only observes'}" for one in found]

    # ---------------------------------------------------------------- event actions

    def action_switches(self) -> list[str] | None:
        found = event_action.read_switches(self.report.body)
        if found is None:
            return None
        return [f"{self.event(event)}: {ON[on]}" for event, on in found] or ["there are no actions"]

    def actions(self) -> list[str] | None:
        found = event_action.read_actions(self.report.body)
        if found is None:
            return None
        lines = [
            f"{self.event(one.event)}: {ON[one.enabled]}, releases {self.command(one.packet)}"
            for one in found
        ]
        return lines or ["there are no actions"]

    # ---------------------------------------------------------------- names

    def when(self, mission_ns: int) -> str:
        if self.utc_ns is None:
            return mission_time(mission_ns)
        utc_ns = self.utc_ns + mission_ns - self.report.time_ns
        return f"{made_at(mission_ns, utc_ns)} ({mission_time(mission_ns)})"

    def row(self, number: int) -> str:
        return self.rows.get(number, f"row {number}")

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

WORDED: dict[tuple[int, int], Callable[[Wording], list[str] | None]] = {
    (SCHEDULE, SCHEDULE_SUMMARY): Wording.summary,
    (SCHEDULE, SCHEDULE_DETAIL): Wording.detail,
    (monitoring.SERVICE, monitoring.TRANSITIONS): Wording.transitions,
    (monitoring.SERVICE, monitoring.OUT_OF_LIMITS): Wording.transitions,
    (monitoring.SERVICE, monitoring.DEFINITIONS): Wording.definitions,
    (monitoring.SERVICE, monitoring.STATUS): Wording.switches,
    (event_action.SERVICE, event_action.STATUS): Wording.action_switches,
    (event_action.SERVICE, event_action.DEFINITIONS): Wording.actions,
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
