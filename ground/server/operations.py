"""What clients may ask of a ground, as one table of verbs.  Sans-I/O: requests in, answers and updates out.

The socket server and `sim.flying` both own one of these, so a script meets the same rules in either.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping

from ground.audit import AuditLog
from ground.commanding import CommandError, CommandRecord
from ground.decode import EventReport, Reading
from ground.fields import suggestion
from ground.limits import AlarmRow, LimitError
from ground.protocol import (
    NS,
    Fault,
    Plain,
    Topic,
    Update,
    command_map,
    event_map,
    holder_map,
    parameter_map,
    reading_map,
    report_map,
)
from ground.seat import LEASE_LONGEST_NS, LEASE_NS, Seat, SeatError
from ground.server.ask import Ask, AskError, Moment
from ground.server.filing import FILE_VERBS
from ground.server.journal import Journal
from ground.server.link_look import LineState, Rates
from ground.server.looks import LISTED_MAX, LOOKS, UnknownError, dated
from ground.server.telecommands import TELECOMMANDS
from ground.service_reports import ServiceReport
from ground.station import Ground
from ground.telemetry import ParameterValue
from ground.transfers import Transfer, transfer_map

EVENTS_KEPT = COMMANDS_KEPT = LISTED_MAX  # in memory; the archive has all


class Operations:
    """One spacecraft's ground and those who operate it.  `publish` gets every update."""

    def __init__(
        self,
        ground: Ground,
        publish: Callable[[Update], None],
        log: AuditLog | None = None,
        speed: float = 1.0,
    ) -> None:
        self.ground, self.publish, self.speed = ground, publish, speed
        self.dictionary = ground.dictionary
        self.seat = Seat()
        self.line: LineState | None = None  # a server has one
        self.rates = Rates()
        self.journal = Journal(ground, log)
        self.events: deque[EventReport] = deque(maxlen=EVENTS_KEPT)
        self.commands: dict[int, CommandRecord] = {}
        self._serials: Counter[Topic] = Counter()
        self._restore()
        ground.listeners.commands.append(self._command_changed)
        ground.listeners.events.append(self._event_came)
        ground.listeners.parameters.append(self._parameter_came)
        ground.listeners.reports.append(self._report_came)
        ground.listeners.alarms.append(self._alarm_changed)
        ground.listeners.transfers.append(self._file_changed)

    def _restore(self) -> None:
        if self.ground.archive is None:
            return
        query = self.ground.archive.query
        self.events.extend(query.events(limit=EVENTS_KEPT))
        self.commands = {record.number: record for record in query.commands(COMMANDS_KEPT)}

    def publish_packets(self) -> None:
        """Also the newest housekeeping, for whoever watches from another process."""
        self.ground.listeners.packets.append(self._packet_came)

    # ---------------------------------------------------------------- requests

    def handle(self, message: Mapping[str, object], where: str, now: Moment) -> Plain:
        """Total: whatever is asked gets an answer."""
        ask = Ask(message, where, now)
        try:
            return self._serve(ask)
        except SeatError as error:
            return _refusal(Fault.SEAT, error)
        except (AskError, CommandError, LimitError) as error:
            return _refusal(Fault.USAGE, error)
        except UnknownError as error:
            return _refusal(Fault.UNKNOWN, error)

    def _serve(self, ask: Ask) -> Plain:
        verb = ask.text("do", "")
        if ask.who:
            self.seat.renew(ask.who, ask.now.real_ns)
        if verb in TELECOMMANDS:
            return self._telecommand(verb, ask)
        look = VERBS.get(verb)
        if look is None:
            raise AskError(f"{verb!r}: no such request{suggestion(verb, [*VERBS, *TELECOMMANDS])}")
        return look(self, ask)

    def _telecommand(self, verb: str, ask: Ask) -> Plain:
        """Only from the seat, and never without a trace."""
        try:
            self.seat.check(ask.who, ask.now.real_ns)
        except SeatError as error:
            self.journal.note(ask, "not seated", f"{verb}: {error}")
            raise
        if self.journal.broken:
            raise AskError(self.journal.broken)
        records = TELECOMMANDS[verb](self.ground, ask)
        for record in records:
            self.journal.note(ask, verb, f"{record.number} {record.text} [{record.packet.hex()}]")
        return {"commands": [command_map(record) for record in records]}

    def acknowledge(self, ask: Ask) -> Plain:
        """The alarm of `field` of the packet `label`."""
        self.seat.check(ask.who, ask.now.real_ns)
        label, field = ask.text("label"), ask.text("field")
        self.ground.acknowledge(label, field, ask.who, ask.now.ground_ns)
        self.journal.note(ask, "acknowledge", f"{label}.{field}")
        return {}

    # ---------------------------------------------------------------- the seat

    def show_seat(self, ask: Ask) -> Plain:
        return {"seat": holder_map(self.seat.holder), "real_ns": ask.now.real_ns}

    def take(self, ask: Ask) -> Plain:
        """`lease_s` without a sign of life; `already` tells whether it was this name's before."""
        before = self.seat.holder
        lease_ns = ask.whole("lease_s", 1, LEASE_LONGEST_NS // NS, LEASE_NS // NS) * NS
        holder = self.seat.take(ask.who, ask.origin, ask.now.real_ns, lease_ns)
        already = before is not None and before.name == holder.name and before.since_ns == holder.since_ns
        if not already:
            self._seat_changed(ask, "take", f"for {lease_ns // NS} s")
        return {**self.show_seat(ask), "already": already}

    def force(self, ask: Ask) -> Plain:
        lease_ns = ask.whole("lease_s", 1, LEASE_LONGEST_NS // NS, LEASE_NS // NS) * NS
        before = self.seat.force(ask.who, ask.origin, ask.now.real_ns, lease_ns)
        self._seat_changed(ask, "force", f"from {before.name}" if before else "nobody was there")
        return {**self.show_seat(ask), "before": holder_map(before)}

    def release(self, ask: Ask) -> Plain:
        if self.seat.release(ask.who, ask.now.real_ns):
            self._seat_changed(ask, "release", "")
        return self.show_seat(ask)

    def _seat_changed(self, ask: Ask, did: str, what: str) -> None:
        self.journal.note(ask, did, what)
        self._publish(Topic.SEAT, {**self.show_seat(ask), "did": did, "who": ask.who})

    def on_deadline(self, now: Moment) -> None:
        self.rates.note(self.ground, self.line, now.ground_ns, now.real_ns)
        left = self.seat.on_deadline(now.real_ns)
        if left is not None:
            self.journal.write(left.name, left.where, "expire", "no sign of life", now)
            body: Plain = {"seat": None, "real_ns": now.real_ns, "did": "expire", "who": left.name}
            self._publish(Topic.SEAT, body)

    # ---------------------------------------------------------------- updates

    def _publish(self, topic: Topic, body: Plain) -> None:
        self._serials[topic] += 1
        self.publish(Update(topic, self._serials[topic], body))

    def _command_changed(self, record: CommandRecord) -> None:
        self.commands[record.number] = record
        if len(self.commands) > COMMANDS_KEPT:
            ended = (number for number, one in self.commands.items() if one.ended)
            del self.commands[next(ended, record.number)]
        self._publish(Topic.COMMAND, {"command": command_map(record)})

    def _event_came(self, event: EventReport) -> None:
        self.events.append(event)
        self._publish(Topic.EVENT, {"event": dated(self.ground, event_map(event))})

    def _parameter_came(self, value: ParameterValue) -> None:
        self._publish(Topic.PARAMETER, {"parameter": parameter_map(value)})

    def _report_came(self, report: ServiceReport) -> None:
        self._publish(Topic.REPORT, {"report": dated(self.ground, report_map(report))})

    def _alarm_changed(self, row: AlarmRow) -> None:
        self._publish(Topic.ALARM, {"alarm": dated(self.ground, row._asdict())})

    def _file_changed(self, transfer: Transfer) -> None:
        self._publish(Topic.FILE, {"transfer": transfer_map(transfer)})

    def _packet_came(self, reading: Reading) -> None:
        """What is played back later is in the archive; those who watch see the present."""
        newest = self.ground.latest.newest.get(self.dictionary.packets_by_label[reading.label].sid)
        if newest is None or reading.time_ns >= newest.time_ns:
            self._publish(Topic.PACKET, {"reading": dated(self.ground, reading_map(reading))})

    def contact_changed(self, up: bool, station: str, now: Moment) -> None:
        self._publish(Topic.CONTACT, {"up": up, "station": station, "ground_ns": now.ground_ns})


def _refusal(fault: Fault, error: Exception) -> Plain:
    return {"error": str(error), "kind": fault.value}


VERBS: Mapping[str, Callable[[Operations, Ask], Plain]] = {
    **LOOKS,
    **FILE_VERBS,
    "acknowledge": Operations.acknowledge,
    "seat": Operations.show_seat,
    "take": Operations.take,
    "force": Operations.force,
    "release": Operations.release,
}
