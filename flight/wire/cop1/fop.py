"""FOP-1, the sending end of COP-1 on the ground: one virtual channel (CCSDS 232.1-B-2, section 5).

    directive(), transfer() from the user     -> notices, out of every call
    send() -> frame for the line -> left() or refused() when the line is done with it
    receive_word() for each CLCW of a telemetry frame with good error control (see clcw_reader.py)
    next_deadline(), on_deadline()

The behaviour is in fop_table.py, the conditions in fop_events.py, the actions in fop_actions.py.
"""

from __future__ import annotations

from collections import Counter

from flight.wire.clcw import Clcw, decode_clcw
from flight.wire.cop1.fop_actions import DEFAULT_WIDEST_WINDOW, FopActions, Signal
from flight.wire.cop1.fop_events import (
    LINE_EVENTS,
    MODULO,
    classify_clcw,
    classify_directive,
    classify_timer,
)
from flight.wire.cop1.fop_table import FOP_TABLE, FopEvent, FopState
from flight.wire.cop1.signals import Directive, Notice, Outgoing, Transfer
from flight.wire.rejection import Rejection
from flight.wire.tc_frame import LONGEST_TC_DATA, TcFrameType

_SEND_ORDER = (TcFrameType.BC, TcFrameType.BD, TcFrameType.AD)  # repair first, then what is urgent
_UP = frozenset({FopState.ACTIVE, FopState.RETRANSMIT_WITHOUT_WAIT, FopState.RETRANSMIT_WITH_WAIT})


class Fop(FopActions):
    """One sender.  `widest_window` is PW of the receiver: no K above it is taken."""

    def __init__(self, vc: int = 0, widest_window: int = DEFAULT_WIDEST_WINDOW) -> None:
        assert 0 <= vc < 64
        assert 1 <= widest_window < MODULO
        super().__init__(widest_window)
        self.widest_window = widest_window
        self.events: Counter[FopEvent] = Counter()
        self.cells: Counter[tuple[FopEvent, FopState]] = Counter()
        self.foreign_words = 0  # control words of other channels or other protocols
        self.strange_answers = 0  # of the line, about a frame that it does not have
        self._vc = vc

    @property
    def open_frames(self) -> int:
        """AD frames sent and not acknowledged."""
        return len(self._sent)

    @property
    def takes_data(self) -> bool:
        """The AD service is up, and its wait queue is empty."""
        return self._waiting is None and self.up

    @property
    def up(self) -> bool:
        """The AD service runs, perhaps without room."""
        return self.state in _UP

    # ---------------------------------------------------------------- the user

    def directive(self, directive: Directive, now: int) -> list[Notice]:
        event = classify_directive(
            directive, self.suspended, self.widest_window, bc_ready=self.ready(TcFrameType.BC)
        )
        return self._run(Signal(now, event, directive=directive))

    def transfer(self, transfer: Transfer, now: int) -> list[Notice]:
        """Data for one AD or BD frame.  After its ACCEPT the next AD transfer finds room."""
        assert 0 < len(transfer.data) <= LONGEST_TC_DATA
        if transfer.kind is TcFrameType.AD:
            event = FopEvent.E19 if self._waiting is None else FopEvent.E20
        else:
            assert transfer.kind is TcFrameType.BD, "control frames come from directives"
            event = FopEvent.E21 if self.ready(TcFrameType.BD) else FopEvent.E22
        return self._run(Signal(now, event, transfer=transfer))

    # ---------------------------------------------------------------- telemetry

    def receive_word(self, word: int, now: int) -> list[Notice]:
        """The operational control field of a telemetry frame with good error control.

        Other channels' words, and reports that are no CLCW, are counted and ignored (5.3.2); a word of ours that
        names another COP is an invalid CLCW (E15).
        """
        if word >> 29 or word >> 18 & 0x3F != self._vc:
            self.foreign_words += 1
            return []
        clcw = decode_clcw(word)
        if isinstance(clcw, Rejection):
            return self._run(Signal(now, FopEvent.E15))
        return self.receive(clcw, now)

    def receive(self, clcw: Clcw, now: int) -> list[Notice]:
        """The same for a word that is decoded already."""
        if clcw.virtual_channel != self._vc:
            self.foreign_words += 1
            return []
        event = classify_clcw(clcw, self.v_s, self.nn_r, self.transmissions, self.limit)
        return self._run(Signal(now, event, report_value=clcw.report_value))

    # ---------------------------------------------------------------- the line

    def send(self) -> Outgoing | None:
        """The next frame for the line, which must answer for it once: `left` or `refused`.

        At most one frame of each type is with the line, so what is queued below stays three frames.
        """
        for kind in _SEND_ORDER:
            handed = self._lower.get(kind)
            if handed is not None and not handed.taken:
                handed.taken = True
                return handed.frame
        return None

    def left(self, kind: TcFrameType, now: int) -> list[Notice]:
        """The last bit of the frame has left: T1 starts here."""
        return self._answer(kind, now, left=True)

    def refused(self, kind: TcFrameType, now: int) -> list[Notice]:
        """The frame has not left and will not."""
        return self._answer(kind, now, left=False)

    def _answer(self, kind: TcFrameType, now: int, *, left: bool) -> list[Notice]:
        handed = self._lower.get(kind)
        if handed is None or not handed.taken:
            self.strange_answers += 1
            return []
        return self._end_hold(kind, now, left=left)

    def _end_hold(self, kind: TcFrameType, now: int, *, left: bool) -> list[Notice]:
        # Also after a refusal: the table leaves the flag Not_Ready then, and no frame would ever go again.
        del self._lower[kind]
        if kind is not TcFrameType.BD and self._timer_ns is not None:
            self._timer_ns = now + self.t1_ns  # nobody can answer before the frame is there
        return self._run(Signal(now, LINE_EVENTS[kind, left]))

    # ---------------------------------------------------------------- time

    def next_deadline(self) -> int | None:
        """When `on_deadline` has something to do, in ns."""
        deadlines = [handed.deadline_ns for handed in self._lower.values()]
        if self._timer_ns is not None and self._timer_counts():
            deadlines.append(self._timer_ns)
        return min(deadlines, default=None)

    def on_deadline(self, now: int) -> list[Notice]:
        notices: list[Notice] = []
        if not self._lower and self._timer_ns is None:
            return notices
        for kind in [kind for kind, handed in self._lower.items() if now >= handed.deadline_ns]:
            if not self.ready(kind):  # an alert for the one before may have withdrawn it
                notices += self._end_hold(kind, now, left=False)
        if self._timer_ns is not None and self._timer_counts() and now >= self._timer_ns:
            self._timer_ns = None
            event = classify_timer(self.transmissions, self.limit, self.timeout_type)
            notices += self._run(Signal(now, event))
        return notices

    def _timer_counts(self) -> bool:
        """T1 stands still while an AD or BC frame waits for the line or is on it."""
        return self.ready(TcFrameType.AD) and self.ready(TcFrameType.BC)

    # ---------------------------------------------------------------- the table

    def _run(self, signal: Signal) -> list[Notice]:
        cell = FOP_TABLE[signal.event, self.state]
        assert cell is not None, f"{signal.event.name} cannot come in {self.state.value}"
        self.events[signal.event] += 1
        self.cells[signal.event, self.state] += 1
        for action in cell.actions:
            self._act(action, signal)
        self.state = cell.state
        notices, self._notices = self._notices, []
        return notices
