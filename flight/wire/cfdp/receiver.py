"""One file on its way in, class 1 or 2.  The table decides, the actions here do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from flight.wire.cfdp.arriving import ArrivingFile
from flight.wire.cfdp.asking import Asking
from flight.wire.cfdp.fields import Condition, Directive, FileStatus, TransactionStatus
from flight.wire.cfdp.filestore_requests import not_performed
from flight.wire.cfdp.indications import Indication
from flight.wire.cfdp.pdus import Ack, Body, Eof, FileData, Finished, Header, KeepAlive, Metadata, Prompt
from flight.wire.cfdp.receiver_table import CLASS_1, CLASS_2, Action, Event, State, Table
from flight.wire.cfdp.settings import Remote
from flight.wire.cfdp.timers import Timer
from flight.wire.cfdp.transaction import Surroundings, Transaction

MISMATCHES_LIMIT = 2  # of the whole file's checksum, where the fault's handler does not cancel
_TAKES_DATA = frozenset({State.RECEIVING, State.REPAIRING})
_ENDING = frozenset({State.FINISHING, State.CLOSED})


class Receiver(Transaction):
    def __init__(self, header: Header, remote: Remote, around: Surroundings, now: int) -> None:
        super().__init__(header, remote, around)
        self.state = State.RECEIVING
        self.table: Table = CLASS_2 if header.acknowledged else CLASS_1
        self.arriving = ArrivingFile(header.transaction, around, large=header.large)
        self.asking = Asking(header, remote)
        self.eof: Eof | None = None
        self.finished: Finished | None = None
        self._owes_eof_ack = False
        self.owes_finished = False
        self._owes_keep_alive = False
        self.last_heard = self._last_new = now
        if remote.inactivity_ns:
            self.timers.start(Timer.INACTIVITY, now, remote.inactivity_ns)
        if remote.keep_alive_interval_ns and self.class_2:
            self.timers.start(Timer.KEEP_ALIVE, now, remote.keep_alive_interval_ns)

    @property
    def closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def ending(self) -> bool:
        return self.state in _ENDING

    @property
    def progress(self) -> int:
        return self.arriving.received.octets

    @property
    def file_name(self) -> str:
        return self.arriving.name

    @property
    def idle(self) -> bool:
        """Nothing is owed."""
        return not (self._owes_eof_ack or self.owes_finished)

    def working(self) -> bool:
        return self.state is State.VERIFYING and self.in_contact

    # ------------------------------------------------------------ PDUs out

    def directive(self, now: int) -> bytes | None:
        if self._owes_eof_ack and self.eof is not None:
            self._owes_eof_ack = False
            status = TransactionStatus.TERMINATED if self.closed else TransactionStatus.ACTIVE
            return self.maker.make(Ack(Directive.EOF, self.eof.condition, status))
        if self.suspended:
            return None
        if self.owes_finished and self.finished is not None:
            self.owes_finished = False
            if self.class_2 and not self.closed:
                self.timers.start(Timer.ACK, now, self.backed_off(self.remote.ack_interval_ns))
            return self.maker.make(self.finished)
        if self._owes_keep_alive:
            self._owes_keep_alive = False
            return self.maker.make(KeepAlive(self.arriving.received.end))
        return self._next_nak(now) if self.asking.pending else None

    # ------------------------------------------------------------ after a reboot

    def restore(self, state: State, condition: Condition, now: int) -> None:
        """Go on from a journal record; `arriving`, `metadata` and `eof` are restored before."""
        self.condition = condition
        if state in _TAKES_DATA or state is State.VERIFYING:
            self.state = State.RECEIVING if self.eof is None else State.REPAIRING
            if self.state is State.REPAIRING:
                if not self.class_2:
                    self.timers.start(Timer.CHECK, now, self.remote.check_interval_ns)
                self.on_resumed(now)
            return
        self.state = state
        self.timers.clear()

    def finish_again(self, finished: Finished) -> None:
        """The outcome was journalled, its acknowledgement not."""
        self.finished = finished
        self.owes_finished = True

    def _next_nak(self, now: int) -> bytes | None:
        nak = self.asking.next(self.arriving.received, metadata=self.metadata is not None)
        waits = self.eof is not None or self.metadata is None
        if waits and not self.asking.pending and self.state in _TAKES_DATA:
            self.timers.start(Timer.NAK, now, self.backed_off(self.remote.nak_interval_ns))
        if nak is not None:
            self.asked(now)
        self.around.counters.naks_sent += nak is not None
        return None if nak is None else self.maker.make(nak)

    # ------------------------------------------------------------ PDUs in

    def receive(self, body: Body, now: int) -> bool:
        """False for what does not belong here."""
        self.last_heard = now
        match body:
            case FileData():
                if self.state in _TAKES_DATA:
                    self._take_data(body.offset, body.data, now)
            case Metadata():
                if self.metadata is None and self.state in _TAKES_DATA:
                    self.metadata = body
                    self._fire(Event.METADATA, now)
            case Eof():
                if self.eof is None or (body.condition and not self.ending):
                    self.eof = body
                self._fire(Event.EOF_CANCEL if body.condition else Event.EOF, now)
            case Ack(Directive.FINISHED):
                self._fire(Event.FINISHED_ACKED, now)
            case Prompt(keep_alive):
                self._fire(Event.PROMPT_KEEP_ALIVE if keep_alive else Event.PROMPT_NAK, now)
            case _:
                return False
        if self.state is State.REPAIRING:
            self._look_whether_whole(now)
        return True

    def _take_data(self, offset: int, data: bytes, now: int) -> None:
        arriving = self.arriving
        end = arriving.received.end
        problem = arriving.take(offset, data, holds=self.class_2 or self.metadata is not None)
        if problem is not None:
            self.fault(problem, now)
            return
        if offset < end:
            self.answered(now)
        self._last_new = now  # a repeated segment counts, too: the sender is still at it
        if self.state is State.REPAIRING and self.class_2:
            over = self.asking.answered_to(offset + len(data))  # what is missing still was lost once more
            if over or self._spent:
                self._spent, self._fresh = 0, self._fresh or over
                interval = self.backed_off(self.remote.nak_interval_ns)
                self.timers.start(Timer.NAK, now, self.remote.nak_delay_ns if over else interval)
        if self.class_2 and (offset > end or self.metadata is None) and self.remote.immediate_nak:
            self.asking.gap_seen(arriving.received.end)
            if self.state is State.RECEIVING and not self.timers.running(Timer.NAK):
                self.timers.start(Timer.NAK, now, self.remote.nak_delay_ns)
        if arriving.unsaved >= self.around.local.checkpoint_octets:
            self.checkpoint()

    def checkpoint(self) -> None:
        """What is there now survives a reboot."""
        if not self.ending and self.arriving.make_durable():
            self.around.save(self)

    def _look_whether_whole(self, now: int) -> None:
        """A suspended one finds out when it is resumed: its Finished PDU would have to wait anyway."""
        if self.suspended or self.metadata is None or self.eof is None:
            return
        if self.arriving.whole(self.eof.size):
            self._fire(Event.WHOLE, now)
            if not self.arriving.read_back:
                self.work(now)

    # ------------------------------------------------------------ what happens

    def on_timer(self, timer: Timer, now: int) -> None:
        match timer:
            case Timer.ACK:
                self._fire(Event.ACK_TIMER, now)
            case Timer.NAK:
                self._fire(Event.NAK_TIMER, now)
            case Timer.CHECK:
                self._fire(Event.CHECK_TIMER, now)
            case Timer.KEEP_ALIVE:
                self._fire(Event.KEEP_ALIVE_TIMER, now)
                if self.state in _TAKES_DATA:
                    self.timers.start(timer, now, self.remote.keep_alive_interval_ns)
            case Timer.INACTIVITY:
                if self.silent_for(now, self.remote.inactivity_ns, timer):
                    self._fire(Event.INACTIVE, now)

    def on_cancel(self, now: int, condition: Condition) -> None:
        if not self.ending:
            self.condition = condition
        self._fire(Event.CANCEL, now)

    def on_abandon(self, now: int) -> None:
        self._fire(Event.ABANDON, now)

    def on_spent(self, now: int) -> None:
        self._fire(Event.SPENT, now)

    def on_resumed(self, now: int) -> None:
        """An EOF that came while we were suspended still gets its NAK (yamcs #956)."""
        self._last_new = now
        if self.class_2 and self.state is State.REPAIRING:
            self.timers.start(Timer.NAK, now, self.remote.nak_delay_ns)
            self._fresh = True
        if self.state is State.REPAIRING:
            self._look_whether_whole(now)

    def work(self, now: int) -> None:
        """One slice of reading the file back."""
        verdict = self.arriving.verify()
        if verdict is not None:
            self._fire(Event.RIGHT if verdict else Event.WRONG, now)

    def _fire(self, event: Event, now: int) -> None:
        before = self.state
        action, self.state = self.table[before, event]
        self._actions[action](self, now)
        if self.state is not before and self.state is not State.VERIFYING:  # a reboot verifies anew
            self.around.save(self)

    # ------------------------------------------------------------ actions

    def _ignore(self, now: int) -> None:
        pass

    def _take_metadata(self, now: int) -> None:
        assert self.metadata is not None
        self.override_handlers(self.metadata)
        problem = self.arriving.take_metadata(self.metadata)
        self.note(Indication.METADATA)
        if problem is not None:
            self.fault(problem, now)
        self.around.save(self)

    def _take_eof(self, now: int) -> None:
        assert self.eof is not None
        self._ack_eof(now)
        self.note(Indication.EOF_RECEIVED)
        if not self.arriving.take_eof(self.eof):
            self.fault(Condition.FILE_SIZE, now)
            return
        if self.class_2:
            self.timers.start(Timer.NAK, now, self.remote.nak_delay_ns)
            self._fresh = True
        else:
            self.timers.start(Timer.CHECK, now, self.remote.check_interval_ns)

    def _ack_eof(self, now: int) -> None:
        self._owes_eof_ack = self.class_2

    def _cancelled_by_sender(self, now: int) -> None:
        assert self.eof is not None
        self._ack_eof(now)
        self.condition = self.eof.condition
        self._finish_cancelled(now)

    def _ask(self, now: int) -> None:
        """Before the EOF: for gaps that are older than the delay, once each, and for the metadata."""
        again = self.asking.ask_gaps(self.arriving.received.end, metadata=self.metadata is not None)
        if again:
            self.timers.start(Timer.NAK, now, self.remote.nak_delay_ns)

    def _ask_again(self, now: int) -> None:
        """After the EOF: for everything, whenever nothing new has come for an interval."""
        assert self.eof is not None
        left = self._last_new + self.backed_off(self.remote.nak_interval_ns) - now
        if left > 0 and not self._fresh:
            self.timers.start(Timer.NAK, now, left)
            return
        if not self._fresh and self.spend(self.remote.nak_limit):
            self.fault(Condition.NAK_LIMIT, now)
        self._fresh = False
        if self.state is State.REPAIRING:
            self.asking.ask_all(self.eof.size)

    def _owe_nak(self, now: int) -> None:
        self.asking.ask_all(self.arriving.received.end if self.eof is None else self.eof.size, always=True)

    def _owe_keep_alive(self, now: int) -> None:
        self._owes_keep_alive = True

    def _finished_again(self, now: int) -> None:
        if self.spend(self.remote.ack_limit):
            self.fault(Condition.POSITIVE_ACK_LIMIT, now)
        self.owes_finished = self.state is State.FINISHING

    def _check_again(self, now: int) -> None:
        if self.spend(self.remote.check_limit):
            self.fault(Condition.CHECK_LIMIT, now)
        if self.state is State.REPAIRING:
            self.timers.start(Timer.CHECK, now, self.remote.check_interval_ns)

    def _fault_inactivity(self, now: int) -> None:
        self.fault(Condition.INACTIVITY, now)
        if self.state in _TAKES_DATA:
            self.timers.start(Timer.INACTIVITY, now, self.remote.inactivity_ns)

    def _verify(self, now: int) -> None:
        """The sum is at hand unless part of the file came before a reboot or before the metadata."""
        assert self.eof is not None
        self.asking.stop()
        for timer in (Timer.NAK, Timer.CHECK, Timer.INACTIVITY, Timer.KEEP_ALIVE):
            self.timers.stop(timer)
        self._spent = 0
        self.arriving.begin_verification(self.eof)

    def _deliver(self, now: int) -> None:
        status = self.arriving.deliver()
        if status is FileStatus.REJECTED:
            self.note(Indication.FAULT, Condition.FILESTORE_REJECTION)
            self.condition = Condition.FILESTORE_REJECTION
        self._finish(status, complete=status is not FileStatus.REJECTED, now=now)

    def _fault_checksum(self, now: int) -> None:
        if self.arriving.delivered_early:
            self.arriving.start_over()
            self._back_to_repair(now)
            return
        self._mismatches += 1
        self.fault(Condition.FILE_CHECKSUM, now)
        if self.state is State.VERIFYING and self._mismatches > MISMATCHES_LIMIT:
            self.on_cancel(now, Condition.FILE_CHECKSUM)
        if self.state is State.VERIFYING:  # its handler ignores or suspends: fetch the file anew
            self.arriving.start_over()
            self._back_to_repair(now)

    def _back_to_repair(self, now: int) -> None:
        self.state = State.REPAIRING
        self._fresh = True
        timer = Timer.NAK if self.class_2 else Timer.CHECK
        self.timers.start(timer, now, self.remote.nak_delay_ns or self.remote.check_interval_ns)

    def _finish_cancelled(self, now: int) -> None:
        self.asking.stop()
        self.arriving.discard()
        refused = self.condition is Condition.FILESTORE_REJECTION
        self._finish(FileStatus.REJECTED if refused else FileStatus.DISCARDED, complete=False, now=now)

    def _finish(self, status: FileStatus, *, complete: bool, now: int) -> None:
        assert self.state is State.FINISHING
        self.timers.clear()
        self.suspended = False
        if self.in_contact:
            self.timers.resume(now)
        self._spent = 0
        self._owes_keep_alive = False
        where = self.around.local.entity if self.condition else None
        self.finished = Finished(self.condition, complete, status, not_performed(self.metadata), where)
        self.owes_finished = self.class_2 or (self.metadata is not None and self.metadata.closure)
        self.note(Indication.FAILED if self.condition else Indication.RECEIVED, self.condition)
        self.around.ended(self)
        if not self.class_2:
            self.state = State.CLOSED

    def _end(self, now: int) -> None:
        self.timers.clear()
        self.owes_finished = False

    def _discard(self, now: int) -> None:
        self.timers.clear()
        self.asking.stop()
        self.arriving.discard()
        self.note(Indication.ABANDONED, self.condition)
        if not self.condition:
            self.condition = Condition.CANCELLED
        self.around.ended(self)

    _mismatches = 0
    _fresh = False  # the next NAK is not one more without an answer

    _actions: ClassVar[dict[Action, Callable[[Receiver, int], None]]] = {
        Action.IGNORE: _ignore,
        Action.TAKE_METADATA: _take_metadata,
        Action.TAKE_EOF: _take_eof,
        Action.ACK_EOF: _ack_eof,
        Action.CANCELLED_BY_SENDER: _cancelled_by_sender,
        Action.END: _end,
        Action.ASK: _ask,
        Action.ASK_AGAIN: _ask_again,
        Action.OWE_NAK: _owe_nak,
        Action.OWE_KEEP_ALIVE: _owe_keep_alive,
        Action.FINISHED_AGAIN: _finished_again,
        Action.CHECK_AGAIN: _check_again,
        Action.FAULT_INACTIVITY: _fault_inactivity,
        Action.VERIFY: _verify,
        Action.DELIVER: _deliver,
        Action.FAULT_CHECKSUM: _fault_checksum,
        Action.FINISH_CANCELLED: _finish_cancelled,
        Action.DISCARD: _discard,
    }
