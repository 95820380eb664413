"""What an operator asks for beside the modules' own commands: parameters, housekeeping, records, the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from flight.dictionary import Dictionary
from flight.wire import Ack
from flight.wire.timed import Timed
from ground.commanding import (
    ANSWER_WITHIN_S,
    FUNCTION_SERVICE,
    PERFORM_FUNCTION,
    CommandError,
    CommandRecord,
    Stage,
    command_text,
    find_command,
    function_data,
)
from ground.gaps import STORE_RANGE
from ground.request_data import Step, changes_data, numbers_data, numbers_of, sequence_parts, timed_data
from ground.times import Correlation
from ground.uplink import Uplink

NS = 1_000_000_000
REPORTS_WITHIN_NS = 12 * 3600 * NS  # after a release: several passes
COUNT_LIMIT = 2**56 - 1


class Sender(Protocol):
    """What a request needs of the ground."""

    dictionary: Dictionary
    uplink: Uplink
    times: Correlation

    def request(
        self,
        service: int,
        subtype: int,
        data: bytes,
        now_ns: int,
        *,
        module: str = "",
        label: str = "",
        text: str = "",
        source: str = "operator",
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> CommandRecord: ...

    def command(
        self,
        label: str,
        arguments: Mapping[str, object],
        now_ns: int,
        source: str = "operator",
    ) -> CommandRecord: ...

    def check_may_command(self, *, force: bool = False) -> None: ...

    def build_packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = ...) -> bytes: ...


class Requests:
    """Each returns the record of the telecommand that was queued; CommandError, and nothing sent, if it cannot be."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._riders: dict[int, list[CommandRecord]] = {}  # insert's number -> commands that ride in it
        self._deletions: dict[int, list[int]] = {}  # deletion's number -> request ids

    def _ask(
        self, service: int, subtype: int, data: bytes, now_ns: int, text: str, source: str
    ) -> CommandRecord:
        label = text.split(" ", 1)[0]
        return self._sender.request(service, subtype, data, now_ns, label=label, text=text, source=source)

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

    # ---------------------------------------------------------------- records, arming

    def retrieve(
        self, store: str | int, first: int, last: int, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """Records `first` to `last` of a store again."""
        stores = self._sender.dictionary.stores
        if isinstance(store, str) and store not in stores:
            raise CommandError(f"{store}: no such store, there are {', '.join(stores)}")
        index = stores.index(store) if isinstance(store, str) else store
        if not 0 <= index < len(stores) or not 0 <= first <= last <= COUNT_LIMIT:
            raise CommandError(f"store {store}, records {first} to {last}: no such range")
        data = STORE_RANGE.pack(index, first, last)
        return self._ask(15, 129, data, now_ns, f"retrieve {stores[index]} {first} {last}", source)

    def arm(self, label: str, now_ns: int, source: str = "operator") -> CommandRecord:
        """Let the hazardous command `label` be executed once, within the spacecraft's arming window."""
        entry = find_command(self._sender.dictionary, label)
        if not entry.hazardous:
            raise CommandError(f"{label} is not hazardous: it needs no arming")
        return self._sender.command("commands.arm", {"function": entry.number}, now_ns, source)

    # ---------------------------------------------------------------- schedule and sequences

    def schedule(
        self,
        label: str,
        arguments: Mapping[str, object],
        release_ns: int,
        now_ns: int,
        source: str = "operator",
    ) -> tuple[CommandRecord, CommandRecord]:
        """(the insertion, the command that rides in it).  `release_ns` on the mission clock."""
        packet, text = self._packet(label, arguments)
        data = timed_data([Timed(release_ns, packet)])
        insert = self._ask(11, 4, data, now_ns, f"schedule {release_ns / NS:g} {text}", source)
        rider = self._sender.uplink.new_record(packet, label, text, source, insert.answer_within_ns)
        release = self._sender.times.utc(release_ns)
        awaited_ns = max(now_ns, release.utc_ns if release else now_ns) + REPORTS_WITHIN_NS
        self._sender.uplink.follow_scheduled(rider, awaited_ns, now_ns)
        self._riders[insert.number] = [rider]
        return insert, rider

    def delete_scheduled(
        self, request_ids: Sequence[int], now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        if not 1 <= len(request_ids) <= 200:
            raise CommandError(f"1 to 200 request ids, not {len(request_ids)}")
        data = bytes([len(request_ids)]) + b"".join(one.to_bytes(4, "big") for one in request_ids)
        text = " ".join(["unschedule", *(f"{one:#010x}" for one in request_ids)])
        record = self._ask(11, 5, data, now_ns, text, source)
        self._deletions[record.number] = list(request_ids)
        return record

    def list_scheduled(self, now_ns: int, source: str = "operator") -> CommandRecord:
        return self._ask(11, 17, b"", now_ns, "scheduled", source)

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

    def _packet(self, label: str, arguments: Mapping[str, object], ack: Ack = Ack.ALL) -> tuple[bytes, str]:
        """A telecommand packet that goes inside another."""
        self._sender.check_may_command()
        entry = find_command(self._sender.dictionary, label)
        data = function_data(entry, arguments)
        apid = self._sender.dictionary.apids[entry.module]
        packet = self._sender.build_packet(apid, FUNCTION_SERVICE, PERFORM_FUNCTION, data, ack)
        return packet, command_text(entry, arguments)

    def ended(self, record: CommandRecord, now_ns: int) -> None:
        """An insertion that was refused ends its riders, and so does a deletion that was done."""
        riders = self._riders.pop(record.number, [])
        if record.stage in (Stage.REFUSED, Stage.FAILED):
            for rider in riders:
                self._sender.uplink.end_scheduled(rider, now_ns, "not taken into the schedule")
        deleted = self._deletions.pop(record.number, [])
        if record.stage is Stage.COMPLETED:
            for request_id in deleted:
                found = self._sender.uplink.by_request.get(request_id)
                if found is not None:
                    self._sender.uplink.end_scheduled(found, now_ns, "deleted from the schedule")
