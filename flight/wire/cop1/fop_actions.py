"""The variables and the actions of FOP-1 (CCSDS 232.1-B-2, 5.1 and 5.2); fop.py decides which action when.

Where the text leaves a hole we go further than its letter, each time for the reason given at the place: T1 runs
from the end of transmission; a frame that the line has not begun is withdrawn; an emptied sent queue makes
NN(R) = V(S); an Initiate AD that a newer one replaces is answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from flight.wire.cop1.control import SetReceiver, Unlock, encode_control
from flight.wire.cop1.fop_events import MODULO
from flight.wire.cop1.fop_table import FopAction, FopEvent, FopState
from flight.wire.cop1.signals import (
    Alert,
    AlertNotice,
    Directive,
    DirectiveNotice,
    Notice,
    Outgoing,
    Response,
    SuspendNotice,
    Transfer,
    TransferNotice,
)
from flight.wire.tc_frame import TcFrameType

NS = 1_000_000_000
DEFAULT_WIDEST_WINDOW = 127  # PW of a receiver with W = 254
DEFAULT_T1_NS = 4 * NS  # low orbit: light, a step on board, a telemetry frame every second, and margin
DEFAULT_LIMIT = 5  # one frame in three thousand ends in an alert by chance when every fifth is lost
LINE_LONGEST_NS = 60 * NS  # 1024 octets at 150 bit/s; a line that says nothing for so long is dead

_ALERTS = {
    FopAction.ALERT_LIMIT: Alert.LIMIT,
    FopAction.ALERT_T1: Alert.T1,
    FopAction.ALERT_LOCKOUT: Alert.LOCKOUT,
    FopAction.ALERT_SYNCH: Alert.SYNCH,
    FopAction.ALERT_NNR: Alert.NNR,
    FopAction.ALERT_CLCW: Alert.CLCW,
    FopAction.ALERT_LLIF: Alert.LLIF,
    FopAction.ALERT_TERM: Alert.TERM,
}
_SUSPENSIONS = {
    FopAction.SUSPEND_IN_S1: FopState.ACTIVE,
    FopAction.SUSPEND_IN_S2: FopState.RETRANSMIT_WITHOUT_WAIT,
    FopAction.SUSPEND_IN_S3: FopState.RETRANSMIT_WITH_WAIT,
    FopAction.SUSPEND_IN_S4: FopState.INITIALISING_WITHOUT_BC,
}

_READY_FLAGS = {
    FopAction.AD_READY: TcFrameType.AD,
    FopAction.BC_READY: TcFrameType.BC,
    FopAction.BD_READY: TcFrameType.BD,
}


@dataclass(slots=True)
class _Sent:
    """A master copy on the Sent_Queue (5.1.5)."""

    frame: Outgoing
    request: int = 0
    repeat: bool = False  # To_Be_Retransmitted_Flag


@dataclass(slots=True)
class Handed:
    """A frame with the lower procedures.  While it is there its type's Out flag is Not_Ready."""

    frame: Outgoing
    deadline_ns: int
    taken: bool = False


class Signal(NamedTuple):
    """The event and what came with it."""

    now: int
    event: FopEvent
    report_value: int = 0
    transfer: Transfer | None = None
    directive: Directive | None = None


class FopActions:
    def __init__(self, widest_window: int) -> None:
        self.state = FopState.INITIAL
        self.v_s, self.nn_r = 0, 0
        self.window = widest_window
        self.t1_ns, self.limit, self.timeout_type = DEFAULT_T1_NS, DEFAULT_LIMIT, 0
        self.transmissions = 1
        self.suspended: FopState | None = None
        self._waiting: Transfer | None = None  # Wait_Queue; it holds one (5.1.3)
        self._sent: deque[_Sent] = deque()  # Sent_Queue, AD: always the frames NN(R) to V(S) - 1
        self._control: _Sent | None = None  # Sent_Queue, BC
        self._lower: dict[TcFrameType, Handed] = {}
        self._urgent = 0  # request number of the BD frame that the line has
        self._initiating: Directive | None = None
        self._timer_ns: int | None = None
        self._notices: list[Notice] = []
        self._actions: dict[FopAction, Callable[[Signal], None]] = {
            FopAction.REMOVE_ACKNOWLEDGED: self._remove_acknowledged,
            FopAction.CANCEL_TIMER: self._cancel_timer,
            FopAction.START_TIMER: self._start_timer,
            FopAction.LOOK_FOR_FDU: self._look_for_fdu,
            FopAction.LOOK_FOR_DIRECTIVE: self._look_for_directive,
            FopAction.RETRANSMIT_AD: self._retransmit_ad,
            FopAction.RETRANSMIT_BC: self._retransmit_bc,
            FopAction.ADD_TO_WAIT_QUEUE: self._add_to_wait_queue,
            FopAction.TRANSMIT_BD: self._transmit_bd,
            FopAction.TRANSMIT_UNLOCK: self._transmit_unlock,
            FopAction.TRANSMIT_SET_V_R: self._transmit_set_v_r,
            FopAction.RELEASE_BC: self._release_bc,
            FopAction.ACCEPT: self._accept,
            FopAction.REJECT: self._reject,
            FopAction.CONFIRM: self._confirm,
            FopAction.CONFIRM_INITIATE: self._confirm_initiate,
            FopAction.INITIALISE: self._initialise,
            FopAction.RESUME: self._resume,
            FopAction.SET_V_S: self._set_v_s,
            FopAction.SET_WINDOW: self._set_window,
            FopAction.SET_T1: self._set_t1,
            FopAction.SET_LIMIT: self._set_limit,
            FopAction.SET_TIMEOUT_TYPE: self._set_timeout_type,
        }

    def ready(self, kind: TcFrameType) -> bool:
        """The Out flag of that type: the lower procedures have no frame of it."""
        return kind not in self._lower

    def _act(self, action: FopAction, signal: Signal) -> None:
        if action in _READY_FLAGS:
            assert self.ready(_READY_FLAGS[action])  # the frame was taken off when the line answered
        elif action in _ALERTS:
            self._alert(_ALERTS[action], signal)
        elif action in _SUSPENSIONS:
            self.suspended = _SUSPENSIONS[action]
            self._notices.append(SuspendNotice(self.suspended))
        else:
            self._actions[action](signal)

    # ---------------------------------------------------------------- queues (5.2.2, 5.2.3, 5.2.8, 5.2.13 to 5.2.17)

    def _purge(self) -> None:
        """Both queues.  NN(R) is the oldest frame on the sent queue; with none there it is V(S), or the S4 and S5
        cells that the table calls not applicable could come up."""
        for sent in self._sent:
            self._notices.append(TransferNotice(sent.request, Response.NEGATIVE_CONFIRM))
        self._sent.clear()
        self._control = None
        self.nn_r = self.v_s
        self._withdraw(TcFrameType.AD)
        self._withdraw(TcFrameType.BC)
        if self._waiting is not None:
            self._notices.append(TransferNotice(self._waiting.request, Response.REJECT))
            self._waiting = None

    def _remove_acknowledged(self, signal: Signal) -> None:
        while self.nn_r != signal.report_value:
            sent = self._sent.popleft()
            assert sent.frame.sequence == self.nn_r
            self._notices.append(TransferNotice(sent.request, Response.POSITIVE_CONFIRM))
            self.nn_r = (self.nn_r + 1) % MODULO
        self.transmissions = 1

    def _add_to_wait_queue(self, signal: Signal) -> None:
        assert self._waiting is None
        self._waiting = signal.transfer

    def _release_bc(self, signal: Signal) -> None:
        self._control = None
        self._withdraw(TcFrameType.BC)

    def _initialise(self, signal: Signal) -> None:
        self._purge()
        self.transmissions = 1
        self.suspended = None
        self._end_initiate(
            Response.NEGATIVE_CONFIRM
        )  # one suspended in S4 is replaced, which nobody else says
        self._initiating = signal.directive

    def _alert(self, alert: Alert, signal: Signal) -> None:
        self._timer_ns = None
        self._purge()
        self._end_initiate(Response.NEGATIVE_CONFIRM)
        self._notices.append(AlertNotice(alert, signal.event, self.state))

    def _resume(self, signal: Signal) -> None:
        self._start_timer(signal)
        self.suspended = None

    # ---------------------------------------------------------------- transmission (5.2.4 to 5.2.7, 5.2.9, 5.2.10)

    def _hand_over(self, frame: Outgoing, now: int) -> None:
        assert self.ready(frame.kind)
        self._lower[frame.kind] = Handed(frame, now + LINE_LONGEST_NS)

    def _withdraw(self, kind: TcFrameType) -> None:
        """The Abort request: a frame that the line has not begun does not go."""
        handed = self._lower.get(kind)
        if handed is not None and not handed.taken:
            del self._lower[kind]

    def _look_for_fdu(self, signal: Signal) -> None:
        if not self.ready(TcFrameType.AD):
            return
        for sent in self._sent:
            if sent.repeat:
                sent.repeat = False
                self._hand_over(sent.frame, signal.now)
                return
        if self._waiting is not None and (self.v_s - self.nn_r) % MODULO < self.window:
            transfer, self._waiting = self._waiting, None
            self._notices.append(TransferNotice(transfer.request, Response.ACCEPT))
            self._transmit_ad(transfer, signal)

    def _transmit_ad(self, transfer: Transfer, signal: Signal) -> None:
        if not self._sent:
            self.transmissions = 1
        sent = _Sent(Outgoing(TcFrameType.AD, self.v_s, transfer.data), transfer.request)
        self._sent.append(sent)
        self.v_s = (self.v_s + 1) % MODULO
        self._start_timer(signal)
        self._hand_over(sent.frame, signal.now)

    def _transmit_control(self, data: bytes, signal: Signal) -> None:
        self._control = _Sent(Outgoing(TcFrameType.BC, 0, data))
        self.transmissions = 1
        self._start_timer(signal)
        self._hand_over(self._control.frame, signal.now)

    def _transmit_unlock(self, signal: Signal) -> None:
        self._transmit_control(encode_control(Unlock()), signal)

    def _transmit_set_v_r(self, signal: Signal) -> None:
        assert signal.directive is not None
        self._transmit_control(encode_control(SetReceiver(signal.directive.value)), signal)

    def _transmit_bd(self, signal: Signal) -> None:
        assert signal.transfer is not None
        self._urgent = signal.transfer.request
        self._hand_over(Outgoing(TcFrameType.BD, 0, signal.transfer.data), signal.now)

    def _retransmit_ad(self, signal: Signal) -> None:
        self._withdraw(TcFrameType.AD)
        self.transmissions += 1
        self._start_timer(signal)
        for sent in self._sent:
            sent.repeat = True

    def _retransmit_bc(self, signal: Signal) -> None:
        assert self._control is not None
        self._withdraw(TcFrameType.BC)
        self.transmissions += 1
        self._start_timer(signal)
        self._control.repeat = True

    def _look_for_directive(self, signal: Signal) -> None:
        assert self._control is not None
        if self.ready(TcFrameType.BC) and self._control.repeat:
            self._control.repeat = False
            self._hand_over(self._control.frame, signal.now)

    # ---------------------------------------------------------------- timer

    def _start_timer(self, signal: Signal) -> None:
        """It stands still while a frame is with the line, and starts anew when that has left."""
        self._timer_ns = signal.now + self.t1_ns

    def _cancel_timer(self, signal: Signal) -> None:
        self._timer_ns = None

    # ---------------------------------------------------------------- responses (5.2.11 to 5.2.13)

    def _respond(self, response: Response, signal: Signal) -> None:
        if signal.directive is not None:
            self._notices.append(DirectiveNotice(signal.directive, response))
        else:
            request = self._urgent if signal.transfer is None else signal.transfer.request
            self._notices.append(TransferNotice(request, response))

    def _accept(self, signal: Signal) -> None:
        self._respond(Response.ACCEPT, signal)

    def _reject(self, signal: Signal) -> None:
        self._respond(Response.REJECT, signal)

    def _confirm(self, signal: Signal) -> None:
        self._respond(Response.POSITIVE_CONFIRM, signal)
        self._initiating = None if self._initiating is signal.directive else self._initiating

    def _confirm_initiate(self, signal: Signal) -> None:
        self._end_initiate(Response.POSITIVE_CONFIRM)

    def _end_initiate(self, response: Response) -> None:
        if self._initiating is not None:
            self._notices.append(DirectiveNotice(self._initiating, response))
            self._initiating = None

    # ---------------------------------------------------------------- values of directives

    def _value(self, signal: Signal) -> int:
        assert signal.directive is not None
        return signal.directive.value

    def _set_v_s(self, signal: Signal) -> None:
        assert not self._sent, "5.2: only with an empty sent queue"
        self.v_s = self.nn_r = self._value(signal)

    def _set_window(self, signal: Signal) -> None:
        self.window = self._value(signal)

    def _set_t1(self, signal: Signal) -> None:
        self.t1_ns = self._value(signal)

    def _set_limit(self, signal: Signal) -> None:
        self.limit = self._value(signal)

    def _set_timeout_type(self, signal: Signal) -> None:
        self.timeout_type = self._value(signal)
