"""What an operator asks for beside the modules' own commands: parameters, housekeeping, records, the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flight.wire import Ack
from flight.wire.timed import Timed
from ground.commanding import CommandError, CommandRecord, find_command
from ground.request_data import Step, changes_data, numbers_data, numbers_of, sequence_parts, timed_data
from ground.schedule_requests import ScheduleRequests
from ground.store_requests import StoreRequests
from ground.table_requests import TableRequests


class Requests(ScheduleRequests, TableRequests, StoreRequests):
    """Each returns the record of the telecommand that was queued; CommandError, and nothing sent, if it cannot be."""

    def ping(self, now_ns: int, source: str = "operator") -> CommandRecord:
        return self._ask(17, 1, b"", now_ns, "ping", source)

    # ---------------------------------------------------------------- parameters, housekeeping, events

    def get_parameters(self, labels: Sequence[str], now_ns: int, source: str = "operator") -> CommandRecord:
        """Of none listed: all."""
        known = self._sender.dictionary.parameters_by_label
        numbers = numbers_of(labels, known, lambda entry: entry.number, "parameter")
        data = numbers_data(numbers) if numbers else b""
        return self._ask(20, 1, data, now_ns, " ".join(["get", *labels]), source)

    def set_parameters(
        self, values: Mapping[str, object], now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """All of them or, if one does not fit, none."""
        data = changes_data(self._sender.dictionary, values)
        text = " ".join(["set", *(f"{label}={value}" for label, value in values.items())])
        return self._ask(20, 3, data, now_ns, text, source)

    def housekeeping_once(
        self, labels: Sequence[str], now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        return self._housekeeping(27, "once", labels, now_ns, source)

    def enable_housekeeping(
        self, labels: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        subtype, word = (5, "enable") if on else (6, "disable")
        return self._housekeeping(subtype, word, labels, now_ns, source)

    def _housekeeping(
        self, subtype: int, word: str, labels: Sequence[str], now_ns: int, source: str
    ) -> CommandRecord:
        known = self._sender.dictionary.packets_by_label
        numbers = numbers_of(labels, known, lambda entry: entry.sid, "packet")
        return self._ask(3, subtype, numbers_data(numbers), now_ns, " ".join([word, *labels]), source)

    def enable_events(
        self, labels: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        known = {entry.label: entry for entry in self._sender.dictionary.events}
        numbers = numbers_of(labels, known, lambda entry: entry.number, "event")
        subtype, word = (5, "enable") if on else (6, "disable")
        return self._ask(
            5, subtype, numbers_data(numbers), now_ns, " ".join([f"{word}-events", *labels]), source
        )

    # ---------------------------------------------------------------- arming

    def arm(self, label: str, now_ns: int, source: str = "operator") -> CommandRecord:
        """Let the hazardous command `label` be executed once, within the spacecraft's arming window."""
        entry = find_command(self._sender.dictionary, label)
        if not entry.hazardous:
            raise CommandError(f"{label} is not hazardous: it needs no arming")
        return self._sender.command("commands.arm", {"function": entry.number}, now_ns, source)

    # ---------------------------------------------------------------- sequences

    def upload_sequence(
        self, slot: int, steps: Sequence[Step], now_ns: int, source: str = "operator"
    ) -> list[CommandRecord]:
        """Load and store a sequence: its parts, then `sequences.store`.  Its commands report nothing when they run."""
        timed = [
            Timed(step.delay_ns, self._packet(step.label, step.arguments, Ack.NONE)[0]) for step in steps
        ]
        parts = sequence_parts(timed_data(timed))
        command = self._sender.command
        records = [
            command("sequences.load", {"slot": slot, "offset": offset, "part": part}, now_ns, source)
            for offset, part in parts
        ]
        return [*records, command("sequences.store", {"slot": slot}, now_ns, source)]
