"""What an operator asks of two tables on board: the monitored rows (service 12) and the event actions (service 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flight.dictionary import Dictionary, EventEntry
from flight.wire import Ack, event_action, monitoring
from flight.wire.event_action import EventAction, EventId, pack_additions, pack_events
from ground.commanding import CommandError, CommandRecord
from ground.fields import suggestion
from ground.request_data import numbers_data, numbers_of
from ground.sender import Asking

OBSERVE = "faults.observe"  # its first argument names the rows of the fault table, in their order


def monitored_rows(dictionary: Dictionary) -> dict[str, int]:
    """Row names to numbers, as service 12 counts them; none where the mission has no fault table."""
    entry = dictionary.commands_by_label.get(OBSERVE)
    return dict(entry.fields[0].choices) if entry is not None and entry.fields else {}


class TableRequests(Asking):
    """Each returns the record of the telecommand that was queued; CommandError, and nothing sent, if it cannot be."""

    # ---------------------------------------------------------------- monitoring

    def enable_rows(
        self, rows: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """Rows of the fault table act, or only observe and report."""
        if not rows:
            raise CommandError("no row")
        subtype, word = (monitoring.ENABLE, "on") if on else (monitoring.DISABLE, "off")
        return self._rows(subtype, rows, now_ns, f"monitor {word}", source)

    def report_rows(self, rows: Sequence[str], now_ns: int, source: str = "operator") -> CommandRecord:
        """Definitions as they fly; of none listed, all."""
        return self._rows(monitoring.REPORT_DEFINITIONS, rows, now_ns, "monitor show", source)

    def _rows(self, subtype: int, rows: Sequence[str], now_ns: int, words: str, source: str) -> CommandRecord:
        numbers = numbers_of(rows, monitored_rows(self._sender.dictionary), lambda number: number, "row")
        data = numbers_data(numbers)
        return self._ask(monitoring.SERVICE, subtype, data, now_ns, " ".join([words, *rows]), source)

    def list_rows(self, now_ns: int, source: str = "operator") -> CommandRecord:
        """Which act, and which only observe."""
        return self._ask(monitoring.SERVICE, monitoring.REPORT_STATUS, b"", now_ns, "monitor list", source)

    def list_out_of_limits(self, now_ns: int, source: str = "operator") -> CommandRecord:
        return self._ask(
            monitoring.SERVICE, monitoring.REPORT_OUT_OF_LIMITS, b"", now_ns, "monitor tripped", source
        )

    def enable_monitoring(self, on: bool, now_ns: int, source: str = "operator") -> CommandRecord:
        """The responses of all rows at once; off lasts until the next boot at most."""
        subtype, word = (
            (monitoring.ENABLE_FUNCTION, "resume") if on else (monitoring.DISABLE_FUNCTION, "suspend")
        )
        return self._ask(monitoring.SERVICE, subtype, b"", now_ns, f"monitor {word}", source)

    # ---------------------------------------------------------------- event actions

    def add_action(
        self,
        event: str,
        label: str,
        arguments: Mapping[str, object],
        now_ns: int,
        source: str = "operator",
    ) -> CommandRecord:
        """On `event`, once that is enabled, the command is released.  It reports nothing when it runs."""
        event_id = self._event(event)
        packet, text = self._packet(label, arguments, Ack.NONE)
        data = pack_additions([EventAction(event_id, False, packet)])
        return self._ask(
            event_action.SERVICE, event_action.ADD, data, now_ns, f"action add {event} {text}", source
        )

    def delete_actions(self, events: Sequence[str], now_ns: int, source: str = "operator") -> CommandRecord:
        if not events:
            raise CommandError("no event")
        return self._events(event_action.DELETE, events, now_ns, "action delete", source)

    def delete_all_actions(self, now_ns: int, source: str = "operator") -> CommandRecord:
        """And nothing is released on an event until the function is enabled again."""
        return self._ask(
            event_action.SERVICE, event_action.DELETE_ALL, b"", now_ns, "action delete-all", source
        )

    def enable_actions(
        self, events: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """Of none listed: all."""
        subtype, word = (event_action.ENABLE, "on") if on else (event_action.DISABLE, "off")
        return self._events(subtype, events, now_ns, f"action {word}", source)

    def enable_action_function(self, on: bool, now_ns: int, source: str = "operator") -> CommandRecord:
        subtype, word = (
            (event_action.ENABLE_FUNCTION, "resume") if on else (event_action.DISABLE_FUNCTION, "suspend")
        )
        return self._ask(event_action.SERVICE, subtype, b"", now_ns, f"action {word}", source)

    def list_actions(
        self, now_ns: int, source: str = "operator", *, events: Sequence[str] = ()
    ) -> CommandRecord:
        """With the commands that they release; of none listed, all."""
        return self._events(event_action.REPORT_DEFINITIONS, events, now_ns, "action list", source)

    def _events(
        self, subtype: int, events: Sequence[str], now_ns: int, words: str, source: str
    ) -> CommandRecord:
        data = pack_events([self._event(label) for label in events])
        return self._ask(event_action.SERVICE, subtype, data, now_ns, " ".join([words, *events]), source)

    def _event(self, label: str) -> EventId:
        dictionary = self._sender.dictionary
        known: dict[str, EventEntry] = {entry.label: entry for entry in dictionary.events}
        entry = known.get(label)
        if entry is None:
            raise CommandError(f"{label}: no such event{suggestion(label, known)}")
        return EventId(dictionary.apids[entry.module], entry.number)
