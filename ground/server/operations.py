"""What clients may ask of a ground, as one table of verbs.  Sans-I/O: requests in, answers and updates out.

The socket server and `sim.flying` both own one of these, so a script meets the same rules in either.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict

from flight.dictionary import to_json
from ground.audit import AuditLog
from ground.commanding import CommandError, CommandRecord
from ground.decode import EventReport, Reading
from ground.fields import suggestion
from ground.limits import AlarmRow, LimitError
from ground.protocol import (
    NS,
    VERSION,
    Fault,
    Plain,
    Topic,
    Update,
    alarm_map,
    command_map,
    event_map,
    holder_map,
    parameter_map,
    reading_map,
)
from ground.recovery import Recovery
from ground.seat import LEASE_LONGEST_NS, LEASE_NS, Seat, SeatError
from ground.server.ask import Ask, AskError, Moment
from ground.server.journal import Journal
from ground.server.telecommands import TELECOMMANDS
from ground.station import RECOVERY, Ground
from ground.telemetry import ParameterValue

EVENTS_KEPT = 10_000  # in memory, for `events`; the archive has all
COMMANDS_KEPT = 2_000
GAPS_SHOWN = 200
SEAT_VERBS = frozenset({"seat", "take", "release", "force"})


class UnknownError(LookupError):
    """Nothing of that kind has been received."""


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
        self.journal = Journal(ground, log)
        self.events: deque[EventReport] = deque(maxlen=EVENTS_KEPT)
        self.commands: dict[int, CommandRecord] = {}
        self._serials: Counter[Topic] = Counter()
        self._asking: Moment = Moment(0, 0, 0)
        self._restore()
        ground.on_command.append(self._command_changed)
        ground.on_event.append(self._event_came)
        ground.on_parameter.append(self._parameter_came)
        ground.on_alarm.append(self._alarm_changed)

    def _restore(self) -> None:
        if self.ground.archive is None:
            return
        query = self.ground.archive.query
        self.events.extend(query.events(limit=EVENTS_KEPT))
        self.commands = {record.number: record for record in query.commands(COMMANDS_KEPT)}

    def publish_packets(self) -> None:
        """Also the newest housekeeping, for whoever watches from another process."""
        self.ground.on_packet.append(self._packet_came)

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

    # ---------------------------------------------------------------- looking

    def hello(self, ask: Ask) -> Plain:
        return {
            "version": VERSION,
            "mission": self.dictionary.mission,
            "spacecraft_id": self.dictionary.spacecraft_id,
            "dictionary_hash": self.dictionary.hash,
            "dictionary_matches": self.ground.dictionary_matches,
            **self.ping(ask),
        }

    def ping(self, ask: Ask) -> Plain:
        return {
            "ground_ns": ask.now.ground_ns,
            "speed": self.speed,
            "contact": self.ground.in_contact,
            "station": self.ground.station,
            "seat": holder_map(self.seat.holder),
        }

    def show_dictionary(self, ask: Ask) -> Plain:
        return {"dictionary": to_json(self.dictionary)}

    def get(self, ask: Ask) -> Plain:
        label = ask.text("label")
        if label not in self.dictionary.packets_by_label:
            raise AskError(f"{label}: no such packet{suggestion(label, self.dictionary.packets_by_label)}")
        found = self.ground.latest.get(label)
        if found is None:
            raise UnknownError(f"{label} has not been received yet")
        return {"reading": reading_map(found)}

    def newest(self, ask: Ask) -> Plain:
        """All kinds."""
        return {"readings": [reading_map(reading) for reading in self.ground.latest.values()]}

    def parameters(self, ask: Ask) -> Plain:
        """As last reported; of none listed, all that were."""
        known = self.dictionary.parameters_by_label
        reported = self.ground.latest.parameters
        wanted = ask.texts("labels") or list(reported)
        for label in wanted:
            if label not in known:
                raise AskError(f"{label}: no such parameter{suggestion(label, known)}")
        return {"parameters": [parameter_map(reported[label]) for label in wanted if label in reported]}

    def show_events(self, ask: Ask) -> Plain:
        """The newest `limit` by time on board, from `severity` up, whose labels begin with `prefix`."""
        limit, severity = ask.whole("limit", 1, EVENTS_KEPT, 100), ask.whole("severity", 0, 4, 0)
        prefix = ask.text("prefix", "")
        found = [one for one in self.events if one.severity >= severity and one.label.startswith(prefix)]
        found.sort(key=lambda one: (one.time_ns, one.record))
        return {"events": [event_map(one) for one in found[-limit:]]}

    def history(self, ask: Ask) -> Plain:
        """The newest `limit` commands, oldest first; the ground's own requests only if `all`."""
        limit, every = ask.whole("limit", 1, COMMANDS_KEPT, 100), ask.flag("all")
        found = [one for one in self.commands.values() if every or one.source != RECOVERY]
        return {"commands": [command_map(one) for one in found[-limit:]]}

    def show_command(self, ask: Ask) -> Plain:
        number = ask.whole("number", 0, 2**63 - 1)
        record = self.commands.get(number)
        if record is None:
            raise UnknownError(f"no command {number} is known any more")
        return {"commands": [command_map(record)]}

    def gaps(self, ask: Ask) -> Plain:
        rows = []
        for store, of in zip(self.dictionary.stores, self.ground.coverage, strict=True):
            found = list(of.gaps())
            rows.append(
                {
                    "store": store,
                    "highest": of.received.highest,
                    "received": of.received.total,
                    "absent": of.absent.total,
                    "missing": sum(last - first + 1 for first, last in found),
                    "gaps": [list(gap) for gap in found[:GAPS_SHOWN]],
                }
            )
        recovery: Recovery = self.ground.recovery
        return {
            "stores": rows,
            "asked": [list(asked) for asked in recovery.open],
            "requests": recovery.requests,
        }

    def link(self, ask: Ask) -> Plain:
        status = self.ground.link
        counts: Plain = {}
        for counters in (status.frames, status.packets, status.uplink):
            for name, value in asdict(counters).items():
                counts[name] = sum(value.values()) if isinstance(value, Mapping) else value
        return {
            **self.ping(ask),
            "last_received_ns": status.last_received_ns,
            "missing": status.missing,
            "asked_again": status.asked_again,
            "queued": len(self.ground.uplink.queue),
            "open": len(self.ground.uplink.open),
            "counts": counts,
        }

    def alarms(self, ask: Ask) -> Plain:
        return {"alarms": [alarm_map(one) for one in self.ground.limits.standing()]}

    def acknowledge(self, ask: Ask) -> Plain:
        self.seat.check(ask.who, ask.now.real_ns)
        label, field = ask.text("label"), ask.text("field")
        self.ground.acknowledge(label, field, ask.who, ask.now.ground_ns)
        self.journal.note(ask, "acknowledge", f"{label}.{field}")
        return {}

    def utc(self, ask: Ask) -> Plain:
        """Of a moment on the mission clock; `utc_ns` is None while nothing is known."""
        found = self.ground.times.utc(ask.whole("mission_ns", 0, 2**63 - 1))
        return {
            "utc_ns": found and found.utc_ns,
            "uncertainty_ns": found and min(found.uncertainty_ns, 2**63),
        }

    def flush(self, ask: Ask) -> Plain:
        """Bring the archive up to date, for a program that reads it; where it is."""
        self.ground.flush()
        archive = self.ground.archive
        return {"folder": str(archive.folder) if archive else None}

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
        self._publish(Topic.EVENT, {"event": event_map(event)})

    def _parameter_came(self, value: ParameterValue) -> None:
        self._publish(Topic.PARAMETER, {"parameter": parameter_map(value)})

    def _alarm_changed(self, row: AlarmRow) -> None:
        self._publish(Topic.ALARM, {"alarm": row._asdict()})

    def _packet_came(self, reading: Reading) -> None:
        """What is played back later is in the archive; those who watch see the present."""
        newest = self.ground.latest.get(reading.label)
        if newest is None or reading.time_ns >= newest.time_ns:
            self._publish(Topic.PACKET, {"reading": reading_map(reading)})

    def contact_changed(self, up: bool, station: str, now: Moment) -> None:
        self._publish(Topic.CONTACT, {"up": up, "station": station, "ground_ns": now.ground_ns})


def _refusal(fault: Fault, error: Exception) -> Plain:
    return {"error": str(error), "kind": fault.value}


VERBS: Mapping[str, Callable[[Operations, Ask], Plain]] = {
    "hello": Operations.hello,
    "ping": Operations.ping,
    "dictionary": Operations.show_dictionary,
    "get": Operations.get,
    "newest": Operations.newest,
    "parameters": Operations.parameters,
    "events": Operations.show_events,
    "history": Operations.history,
    "command_state": Operations.show_command,
    "gaps": Operations.gaps,
    "link": Operations.link,
    "alarms": Operations.alarms,
    "acknowledge": Operations.acknowledge,
    "utc": Operations.utc,
    "flush": Operations.flush,
    "seat": Operations.show_seat,
    "take": Operations.take,
    "force": Operations.force,
    "release": Operations.release,
}
