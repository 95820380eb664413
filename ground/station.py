"""The ground: joins link, archive, values, limits, commanding, gaps and time.  No clock and no socket of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from flight.dictionary import Dictionary
from flight.wire import TC_OVERHEAD, Ack
from flight.wire.file_packets import FileSettings
from ground.archive import Archive
from ground.command_link import CommandLink
from ground.commanding import (
    ANSWER_WITHIN_S,
    FUNCTION_SERVICE,
    PERFORM_FUNCTION,
    CommandError,
    CommandRecord,
    command_text,
    find_command,
    function_data,
)
from ground.files import GroundFiles
from ground.gaps import Coverage
from ground.intake import Intake
from ground.job_ledger import Ledger
from ground.key_care import KeyCare
from ground.limits import AlarmRow, LimitMonitor
from ground.listeners import Listeners
from ground.notes import (
    Note,
    alarm_note,
    audit_note,
    command_note,
    contact_note,
    count_note,
    stage_note,
    time_note,
)
from ground.probe import PROBE, Probe
from ground.reception import Reception
from ground.recovery import Recovery, request_data, suspended_stores
from ground.request_data import served_by
from ground.requests import Requests
from ground.restore import restore
from ground.settings import LinkStatus, Settings
from ground.telemetry import Telemetry
from ground.time_care import CORRELATE, TIME, TimeCare
from ground.times import Correlation, Point
from ground.transfers import Transfer
from ground.uplink import Uplink

NS = 1_000_000_000
STORAGE, ASK = 15, 129
TEST, PING = 17, 1
FILES_FOLDER = "files"  # of the archive
RECOVERY = "recovery"  # the source of what the ground asks for by itself


class Ground:
    """One spacecraft's ground.  `now_ns` is UTC as the ground knows it, or any clock that only goes forward."""

    def __init__(
        self,
        dictionary: Dictionary,
        archive: Archive | None = None,
        now_ns: int = 0,
        settings: Settings | None = None,
    ) -> None:
        self.dictionary, self.archive = dictionary, archive
        self.settings = settings or Settings()
        self.coverage = archive.coverage if archive else [Coverage() for _ in dictionary.stores]
        self.line = CommandLink(dictionary, self.settings.times)
        self.reception = Reception(dictionary, self.coverage, self.line.keys.vault)
        self.uplink = Uplink(self.line, self._command_changed)
        self.use_keys = self.line.keys.use
        self.latest = Telemetry(dictionary)
        self.recovery = Recovery(self.coverage, self.reception, partial(suspended_stores, self.latest))
        self.listeners = Listeners()
        self.key_care = KeyCare(self.uplink, self.latest)
        self.limits = LimitMonitor(dictionary, self._alarm_changed)
        self.times = Correlation()
        self.ledger = Ledger(dictionary)
        self.intake = Intake(
            dictionary,
            self.coverage,
            self.latest,
            self.limits,
            self.times,
            self.uplink,
            self.listeners,
            self.ledger,
            self._time_point,
        )
        self.requests = Requests(self)
        self.in_contact, self.station, self.last_received_ns = False, "", -1
        self.light_time_ns = self.settings.light_time_ns
        self._now_ns = now_ns
        self.files = GroundFiles(
            FileSettings(dictionary.spacecraft_id, dictionary.frame_length),
            archive.folder / FILES_FOLDER if archive else None,
            self.settings.up_bit_s,
            self._file_changed,
            now_ns,
        )
        self.probe = Probe(self.uplink, self.key_care)
        self.time_care = TimeCare(self.uplink, self.latest, self.times, self.settings.utc_epoch_ns)
        if archive is not None:
            restore(self, archive, now_ns)

    # ---------------------------------------------------------------- the link

    def contact(self, up: bool, now_ns: int) -> None:
        self._now_ns = now_ns
        self.in_contact = up
        self._note(contact_note(up), now_ns)
        self.files.contact(up, now_ns)
        if up:
            self.reception.begin_contact()
            self.recovery.begin_contact(now_ns)
            self.uplink.begin_contact(now_ns)
        else:
            self.uplink.end_contact(now_ns)
            self._time_point(self.times.close(), now_ns)
            self.flush()
        self.listeners.tell()

    def receive(self, data: bytes, now_ns: int, station: str = "") -> None:
        """A piece of the byte stream of one station, of any size."""
        self._now_ns = now_ns
        packets, frames = self.reception.receive(data, now_ns, station)
        if frames:
            self.station, self.last_received_ns = station, now_ns
            self.line.hear(frames, now_ns)
            if self.archive is not None:
                self.archive.frames(frames, now_ns, station)
        for packet in self.reception.file_packets:
            self.files.receive(packet, now_ns)
            self.listeners.queue(self.listeners.file_packets, packet)
        if packets:
            self.intake.take(packets, now_ns)
            if self.reception.live_ns >= 0:
                point = self.times.sample(self.reception.live_ns, now_ns, self.light_time_ns)
                self._time_point(point, now_ns)
            if self.archive is not None:
                self.archive.add(packets, now_ns)
        self.listeners.tell()

    def send(self, now_ns: int) -> bytes:
        """Octets for the uplink; none outside of contact."""
        if not self.in_contact:
            return b""
        self._now_ns = now_ns
        if self.settings.recover_gaps and self.dictionary_matches is not False:
            for asked in self.recovery.due(now_ns):
                self._ask_again(asked, now_ns)
        self.key_care.tend(now_ns)
        if self.probe.due(now_ns) and self.dictionary_matches is not False:
            self._ping(now_ns)
        self._keep_time(now_ns)
        octets = self.uplink.send(now_ns)
        octets += self.files.send(now_ns, len(octets), partial(self.line.expedited_unit, now_ns=now_ns))
        if octets and self.archive is not None:
            self.archive.sent(octets, now_ns)
        self.listeners.tell()
        return octets

    def on_deadline(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self.uplink.on_deadline(now_ns)
        self.files.on_deadline(now_ns)
        if self.archive is not None:
            self.archive.on_deadline(now_ns)
        self.listeners.tell()

    @property
    def link(self) -> LinkStatus:
        return LinkStatus(
            self.in_contact,
            self.station,
            self.last_received_ns,
            self.reception.link,
            self.reception.counters,
            self.uplink.counters,
            self.line.state,
            self.line.counters,
            self.recovery.missing(),
            self.recovery.requests,
        )

    def flush(self) -> None:
        """Everything so far on the disk and in the tables."""
        if self.archive is not None:
            self.archive.flush()

    def close(self) -> None:
        self.files.close()
        self.line.keys.settle(self._now_ns)  # which telemetry was taken, also in a contact that nobody ended
        if self.archive is not None:
            self.archive.close()

    # ---------------------------------------------------------------- telemetry

    def _time_point(self, point: Point | None, now_ns: int) -> None:
        if point is not None:
            self._note(time_note(point), now_ns)

    def acknowledge(self, label: str, field: str, who: str, now_ns: int) -> None:
        """LimitError if that alarm does not stand."""
        self._now_ns = now_ns
        self.limits.acknowledge(label, field, who, now_ns)
        self.listeners.tell()

    def audit(self, who: str, what: str, now_ns: int) -> None:
        """Into the audit log of the archive."""
        self._note(audit_note(who, what), now_ns)

    # ---------------------------------------------------------------- commands

    @property
    def dictionary_matches(self) -> bool | None:
        """None while the spacecraft has not said which dictionary it flies."""
        reported = self.latest.dictionary_hash()
        return None if reported is None else reported == self.dictionary.hash

    def check_may_command(self, *, force: bool = False) -> None:
        """CommandError if the spacecraft flies another dictionary, or if there are no keys."""
        if not self.line.may_send:
            raise CommandError("the link's keys are missing: start the server with --keys")
        if not force and self.dictionary_matches is False:
            reported = self.latest.dictionary_hash() or 0
            raise CommandError(
                f"the spacecraft flies dictionary {reported:08x}, this ground has {self.dictionary.hash:08x}"
            )

    def command(
        self,
        label: str,
        arguments: Mapping[str, object],
        now_ns: int,
        source: str = "operator",
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
        force: bool = False,
        bypass: bool = False,
    ) -> CommandRecord:
        """Check against the dictionary and queue.  CommandError, and nothing is sent, if anything does not fit.

        `bypass` sends it past COP-1, whose service may not come up (docs/link.md).
        """
        entry = find_command(self.dictionary, label)
        data = function_data(entry, arguments)
        text = command_text(entry, arguments)
        apid = self.dictionary.apids[entry.module]
        service = FUNCTION_SERVICE, PERFORM_FUNCTION
        return self._submit(
            apid, service, data, now_ns, label, text, source, answer_within_s, force=force, bypass=bypass
        )

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
        force: bool = False,
        bypass: bool = False,
    ) -> CommandRecord:
        """Any telecommand; `requests` has the usual ones.  `module` is who serves it, found by service if empty."""
        if module and module not in self.dictionary.apids:
            raise CommandError(f"{module}: no such module")
        apid = self.dictionary.apids[module] if module else served_by(self.dictionary, service)
        name = label or f"TC[{service},{subtype}]"
        words = text or f"{name} {data.hex()}".strip()
        return self._submit(
            apid,
            (service, subtype),
            data,
            now_ns,
            name,
            words,
            source,
            answer_within_s,
            force=force,
            bypass=bypass,
        )

    def _submit(
        self,
        apid: int,
        service: tuple[int, int],
        data: bytes,
        now_ns: int,
        label: str,
        text: str,
        source: str,
        answer_within_s: float,
        *,
        force: bool,
        bypass: bool = False,
    ) -> CommandRecord:
        self._now_ns = now_ns
        self.check_may_command(force=force)
        longest = self.dictionary.telecommand.longest_packet - TC_OVERHEAD
        if len(data) > longest:
            raise CommandError(f"{label}: {len(data)} octets, a telecommand frame takes {longest}")
        self.uplink.room(label)
        packet = self.build_packet(apid, *service, data)
        record = self.uplink.new_record(packet, label, text, source, int(answer_within_s * NS))
        self.uplink.submit(record, now_ns, bypass=bypass)
        self.listeners.tell()
        return record

    def build_packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = Ack.ALL) -> bytes:
        """A telecommand packet; its sequence count is spent from here on, whatever becomes of it."""
        packet = self.uplink.packet(apid, service, subtype, data, ack)
        self._note(count_note(apid, self.uplink.sequences[apid]), self._now_ns)
        return packet

    def _ping(self, now_ns: int) -> None:
        """Past COP-1, whose service a reboot of the board has ended."""
        self.request(TEST, PING, b"", now_ns, label="ping", text="ping", source=PROBE, bypass=True)

    def _keep_time(self, now_ns: int) -> None:
        arguments = self.time_care.due(now_ns) if self.dictionary_matches is not False else None
        if arguments is not None and self.line.may_send:
            self.command(CORRELATE, arguments, now_ns, source=TIME)

    def _ask_again(self, asked: tuple[int, int, int], now_ns: int) -> None:
        apid = served_by(self.dictionary, STORAGE)
        packet = self.build_packet(apid, STORAGE, ASK, request_data(asked), Ack.COMPLETION)
        text = f"retrieve {self.dictionary.stores[asked[0]]} {asked[1]} {asked[2]}"
        record = self.uplink.new_record(packet, "retrieve", text, RECOVERY, ANSWER_WITHIN_S * NS)
        self.uplink.submit_background(record, now_ns)

    # ---------------------------------------------------------------- what has changed

    def _command_changed(self, record: CommandRecord) -> None:
        if len(record.stages) == 1:
            self._note(command_note(record), self._now_ns)
        self._note(stage_note(record), self._now_ns)
        if record.ended:
            self.requests.ended(record, self._now_ns)
            self.key_care.ended(record, self._now_ns)
            self.files.command_changed(record, self._now_ns)
        if self.listeners.commands:  # as it is now: by the time listeners are told it may be further
            self.listeners.queue(self.listeners.commands, replace(record, stages=list(record.stages)))

    def _file_changed(self, transfer: Transfer) -> None:
        self.listeners.queue(self.listeners.transfers, replace(transfer))

    def _alarm_changed(self, row: AlarmRow) -> None:
        self._note(alarm_note(row), self._now_ns)
        self.listeners.queue(self.listeners.alarms, row)

    def _note(self, note: Note, now_ns: int) -> None:
        if self.archive is not None:
            self.archive.note(note, now_ns)


__all__ = ["Ground", "LinkStatus", "Settings"]
