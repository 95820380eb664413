"""One file on its way out, class 1 or 2.  The table decides, the actions here do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from flight.wire.cfdp.checksums import CHECKSUMS
from flight.wire.cfdp.fields import ChecksumType, Condition, Directive, FileStatus, TransactionStatus
from flight.wire.cfdp.indications import Indication
from flight.wire.cfdp.kept_sums import Kept
from flight.wire.cfdp.pdus import Ack, Body, Eof, Finished, Header, KeepAlive, Metadata, Nak, Prompt
from flight.wire.cfdp.ranges import Ranges
from flight.wire.cfdp.sender_table import CLASS_1, CLASS_2, Action, Event, State, Table
from flight.wire.cfdp.settings import Remote
from flight.wire.cfdp.timers import Timer
from flight.wire.cfdp.transaction import Surroundings, Transaction
from flight.wire.crc import CRC_LENGTH

_SENDS_DATA = frozenset({State.SENDING, State.EOF_SENT, State.WAITING})
_ENDING = frozenset({State.CANCELLING, State.CANCELLED, State.CLOSED})


class Sender(Transaction):
    """`metadata` is what goes out; without a source name there is no file, only its options."""

    def __init__(self, header: Header, remote: Remote, around: Surroundings, metadata: Metadata) -> None:
        super().__init__(header, remote, around)
        self.state = State.SENDING
        self.table: Table = CLASS_2 if header.acknowledged else CLASS_1
        self.metadata: Metadata = metadata
        self.override_handlers(metadata)
        self.sent = 0
        self.sum = 0
        self.repairs = Ranges()
        self.finished: Finished | None = None
        self.owes_metadata = True
        self.owes_eof = False
        self._owes_ack = False
        self._prompt: Prompt | None = None
        self._checksum = CHECKSUMS[ChecksumType(metadata.checksum_type)]
        overhead = header.octets + header.offset_octets + CRC_LENGTH * header.crc
        self._segment = remote.longest_pdu - overhead
        self._checkpoint = around.local.checkpoint_octets
        assert self._segment > 0

    # ------------------------------------------------------------ what is known

    @property
    def closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def ending(self) -> bool:
        return self.state in _ENDING

    @property
    def progress(self) -> int:
        return self.sent

    @property
    def file_name(self) -> str:
        return self.metadata.source_name.decode("latin-1")

    @property
    def idle(self) -> bool:
        """Nothing is owed."""
        return not (self.owes_eof or self._owes_ack)

    # ------------------------------------------------------------ PDUs out

    def directive(self, now: int) -> bytes | None:
        if self._owes_ack and self.finished is not None:
            self._owes_ack = False
            status = TransactionStatus.TERMINATED
            return self.maker.make(Ack(Directive.FINISHED, self.finished.condition, status))
        if self.suspended:
            return None
        if self.owes_metadata and self.state in _SENDS_DATA:
            self.owes_metadata = False
            return self.maker.make(self.metadata)
        if self._prompt is not None:
            prompt, self._prompt = self._prompt, None
            return self.maker.make(prompt)
        if self.owes_eof:
            return self._send_eof(now)
        return None

    def _send_eof(self, now: int) -> bytes:
        self.owes_eof = False
        location = self.header.source if self.condition else None
        pdu = self.maker.make(Eof(self.condition, self.sum, self.sent, location))
        self.note(Indication.EOF_SENT, self.condition)
        self.asked(now)
        with_closure = self.metadata.closure and not self.class_2
        self._fire(Event.EOF_LEFT_CLOSURE if with_closure else Event.EOF_LEFT, now)
        return pdu

    def data(self, now: int) -> bytes | None:
        if self.suspended or self.state not in _SENDS_DATA or self.owes_metadata:
            return None
        if self.repairs:
            start, end = self.repairs.take(self._segment)
            data = self._read(start, end - start, now)
            return self.directive(now) if data is None else self.maker.file_data(start, data)
        if self.state is not State.SENDING:
            return None
        start, size = self.sent, self.metadata.size
        if start >= size:
            if self._is_damaged():
                self.note(Indication.FAULT, Condition.FILE_CHECKSUM)
                self.on_cancel(now, Condition.FILE_CHECKSUM)
            else:
                self._fire(Event.ALL_SENT, now)
            return self.directive(now)
        data = self._read(start, min(self._segment, size - start), now)
        if data is None:
            return self.directive(now)
        self.sum = self._checksum.extend(self.sum, start, data)
        self.sent = start + len(data)
        if self.sent // self._checkpoint > start // self._checkpoint:
            self.around.save(self)
        return self.maker.file_data(start, data)

    def _is_damaged(self) -> bool:
        """What was read is not what was kept: nobody shall take it for the file."""
        sums = self.around.sums
        if sums is None or self.metadata.checksum_type != ChecksumType.CRC_32 or not self.file_name:
            return False
        damaged = not sums.holds(self.file_name, Kept(self.sent, self.sum))
        if damaged:
            sums.suspects.append(self.file_name)
        return damaged

    def _read(self, start: int, length: int, now: int) -> bytes | None:
        """A file that became shorter under us is a filestore rejection; our user wrote to it while it was ours."""
        try:
            if self.file is None:
                self.file = self.around.store.open(self.file_name)
            data = self.file.read(start, length)
        except OSError:
            self.around.counters.store_errors += 1
            data = b""
        if len(data) != length:
            self.fault(Condition.FILESTORE_REJECTION, now)
            return None
        self.around.counters.octets_sent += length
        return data

    # ------------------------------------------------------------ PDUs in

    def receive(self, body: Body, now: int) -> bool:
        """False for what does not belong here."""
        self.last_heard = now
        match body:
            case Ack(Directive.EOF, condition, status):
                if condition == self.condition:
                    self.answered(now)
                    unknown = status is TransactionStatus.UNRECOGNISED
                    self._fire(Event.EOF_ACKED_UNKNOWN if unknown else Event.EOF_ACKED, now)
            case Nak():
                self.around.counters.naks_received += 1
                self._nak = body
                self._fire(Event.NAK, now)
            case Finished():
                if self.finished is None:
                    self.finished = body
                self._fire(Event.FINISHED, now)
            case KeepAlive(progress):
                self._heard = progress
                self._fire(Event.KEEP_ALIVE, now)
            case _:
                return False
        return True

    def prompt(self, *, keep_alive: bool) -> None:
        """Ask the receiver for a NAK or a Keep Alive PDU."""
        if self.class_2 and not self.ending:
            self._prompt = Prompt(keep_alive)

    # ------------------------------------------------------------ what happens

    def on_timer(self, timer: Timer, now: int) -> None:
        match timer:
            case Timer.ACK:
                self._fire(Event.ACK_TIMER, now)
            case Timer.CHECK:
                self._fire(Event.CHECK_TIMER, now)
            case Timer.INACTIVITY:
                if self.silent_for(now, self._patience_ns(), timer):
                    self._fire(Event.INACTIVE, now)
            case Timer.NAK | Timer.KEEP_ALIVE:
                raise AssertionError("a sender has no such timer")

    def on_cancel(self, now: int, condition: Condition) -> None:
        if not self.ending:
            self.condition = condition
        self._fire(Event.CANCEL, now)

    def on_abandon(self, now: int) -> None:
        self._fire(Event.ABANDON, now)

    def on_spent(self, now: int) -> None:
        self._fire(Event.SPENT, now)

    def _fire(self, event: Event, now: int) -> None:
        before = self.state
        action, self.state = self.table[before, event]
        self._actions[action](self, now)
        if self.state is not before:
            self.around.save(self)

    def _patience_ns(self) -> int:
        if self.state is State.CANCELLED:
            return self.remote.ack_interval_ns * self.remote.ack_limit << self.remote.back_off
        return self.remote.inactivity_ns

    # ------------------------------------------------------------ actions

    def _ignore(self, now: int) -> None:
        pass

    def _owe_eof(self, now: int) -> None:
        self.owes_eof = True
        self._spent = 0

    def _start_ack_timer(self, now: int) -> None:
        self.timers.start(Timer.ACK, now, self.backed_off(self.remote.ack_interval_ns))

    def _start_check_timer(self, now: int) -> None:
        self.timers.start(Timer.CHECK, now, self.remote.check_interval_ns)

    def _await_finished(self, now: int) -> None:
        self.owes_eof = False
        self.timers.stop(Timer.ACK)
        self._spent = 0
        if self._patience_ns():
            self.timers.start(Timer.INACTIVITY, now, self._patience_ns())

    def _repair(self, now: int) -> None:
        size = self.sent
        for start, end in self._nak.requests:
            if start == end == 0:
                self.owes_metadata = True
            else:
                self.repairs.add(start, min(end, size))

    def _take_finished(self, now: int) -> None:
        assert self.finished is not None
        self._acknowledge(now)
        if self.finished.condition:
            self.condition = self.finished.condition
        lost = {FileStatus.DISCARDED, FileStatus.REJECTED}
        good = not self.condition and self.finished.complete and self.finished.status not in lost
        self._over(Indication.SENT if good else Indication.FAILED)

    def _acknowledge(self, now: int) -> None:
        self._owes_ack = self.class_2

    def _compare_progress(self, now: int) -> None:
        limit = self.remote.keep_alive_limit_octets
        if limit and self.sent - self._heard > limit:
            self.fault(Condition.KEEP_ALIVE_LIMIT, now)

    def _eof_again(self, now: int) -> None:
        if self.spend(self.remote.ack_limit):
            self.fault(Condition.POSITIVE_ACK_LIMIT, now)
        if self.state in {State.EOF_SENT, State.CANCELLING}:
            self.owes_eof = True

    def _check_again(self, now: int) -> None:
        if self.spend(self.remote.check_limit):
            self.fault(Condition.CHECK_LIMIT, now)
        if self.state is State.WAITING:
            self._start_check_timer(now)

    def _fault_inactivity(self, now: int) -> None:
        self.fault(Condition.INACTIVITY, now)
        if self.state is State.WAITING:
            self.timers.start(Timer.INACTIVITY, now, self.remote.inactivity_ns)

    def _owe_cancel(self, now: int) -> None:
        self.timers.clear()
        self.repairs.clear()
        self.suspended = False
        if self.in_contact:
            self.timers.resume(now)
        self._owe_eof(now)

    def _end(self, now: int) -> None:
        self._over(Indication.FAILED if self.condition else Indication.SENT)

    def _give_up(self, now: int) -> None:
        self.owes_eof = False
        self.note(Indication.ABANDONED, self.condition)
        if not self.condition:
            self.condition = Condition.CANCELLED
        self._over(Indication.FAILED)

    def _over(self, outcome: Indication) -> None:
        self.timers.clear()
        self.repairs.clear()
        self.owes_metadata = self.owes_eof = False
        self.close_file()
        self.note(outcome, self.condition)
        self.around.ended(self)

    # ------------------------------------------------------------ after a reboot

    def restore(self, state: State, sent: int, total: int, condition: Condition, now: int) -> None:
        """Go on from a journal record."""
        self.state, self.sent, self.sum, self.condition = state, sent, total, condition
        self.last_heard = now
        self.owes_metadata = state is State.SENDING and sent == 0
        self.owes_eof = state in {State.EOF_SENT, State.CANCELLING}
        if state in {State.WAITING, State.CANCELLED}:
            if self.class_2:
                self._await_finished(now)
            else:
                self._start_check_timer(now)

    _nak = Nak(0, 0)
    _heard = 0

    _actions: ClassVar[dict[Action, Callable[[Sender, int], None]]] = {
        Action.IGNORE: _ignore,
        Action.OWE_EOF: _owe_eof,
        Action.START_ACK_TIMER: _start_ack_timer,
        Action.START_CHECK_TIMER: _start_check_timer,
        Action.AWAIT_FINISHED: _await_finished,
        Action.REPAIR: _repair,
        Action.TAKE_FINISHED: _take_finished,
        Action.ACK_FINISHED: _acknowledge,
        Action.COMPARE_PROGRESS: _compare_progress,
        Action.EOF_AGAIN: _eof_again,
        Action.CHECK_AGAIN: _check_again,
        Action.FAULT_INACTIVITY: _fault_inactivity,
        Action.OWE_CANCEL: _owe_cancel,
        Action.END: _end,
        Action.GIVE_UP: _give_up,
    }
