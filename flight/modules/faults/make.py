"""From a mission's fault table to its module: names, events and commands that know the rows."""

import enum
from typing import cast

from flight.declare import U8, Call, DeclarationError, Event, Outbox, Outcome, Severity, command
from flight.modules.faults.conflicts import Ways, conflicts
from flight.modules.faults.module import Faults
from flight.modules.faults.table import Fault, words


def faults_of(table: tuple[Fault, ...], switches: tuple[str, ...], ways: Ways = ()) -> type[Faults]:
    """The fault module of a mission, for `Row(make=faults_of(FAULTS, SWITCH_NAMES, ways_of(TRANSITIONS, Why.FAULT)))`.

    Call it once: every object of a mission must share its events.  DeclarationError, with every reason, if the table
    has conflicts, among its rows or with the table of modes.
    """
    wrong = conflicts(table, switches, ways)
    if wrong:
        raise DeclarationError("fault table: " + "; ".join(wrong))
    names = enum.IntEnum("FaultName", {fault.name: index for index, fault in enumerate(table)})  # type: ignore[misc]

    def observe(self: Faults, call: Call, out: Outbox, row: int, on: bool) -> Outcome:
        """Let a row only observe and report (on), or act as well (off); kept over a reboot."""
        return self.set_observing((row,), on, call.ident, out)

    def reset(self: Faults, call: Call, out: Outbox, row: int) -> Outcome:
        """End the episode of a row, its cool-down and its count of retries; if it is still bad, it trips anew."""
        return self.reset_row(row, call, out)

    for method in (observe, reset):
        method.__annotations__["row"] = names
    tripped = {f"tripped_{fault.name}": _tripped(fault) for fault in table}
    space: dict[str, object] = {
        **tripped,
        "table": table,
        "switches": switches,
        "tripped": tuple(tripped.values()),
        "cleared": Event(Severity.INFO, "{row} has cleared", row=names),
        "retried": Event(Severity.LOW, "{row}: retry {count}", row=names, count=U8),
        "exhausted": Event(Severity.MEDIUM, "{row}: {count} responses did not help", row=names, count=U8),
        "escalated": Event(Severity.MEDIUM, "{row} escalates to {to}", row=names, to=names),
        "observe": command()(observe),
        "reset": command()(reset),
        "__doc__": "Fault protection of this mission.",
        "__module__": __name__,
    }
    return cast(type[Faults], type("MissionFaults", (Faults,), space))


def _tripped(fault: Fault) -> Event:
    good = f"good is {words(fault.good)}"
    return Event(fault.severity, f"{fault.name}: {fault.signal} is {{value:g}}, {good}", value=float)
