"""FARM-1, the receiving end of COP-1 on board: one virtual channel (CCSDS 232.1-B-2, section 6).

    decoded TC frame, error control good -> Farm.receive() -> data for the higher procedures, or a rejection
    Farm.clcw() -> the word for the next telemetry frame

No timers, so no `now`.  The behaviour is in farm_table.py; this file holds the variables and reads the table.
"""

from __future__ import annotations

from collections import Counter

from flight.wire.clcw import Clcw, encode_clcw
from flight.wire.cop1.control import SetReceiver, Unlock, decode_control
from flight.wire.cop1.farm_table import FARM_TABLE, FarmAction, FarmEvent, FarmState
from flight.wire.rejection import Reason, Rejection
from flight.wire.tc_frame import TcFrame, TcFrameType

MODULO = 256  # N(S) and V(R) are octets
WIDEST_WINDOW = 254  # 6.1.8.2: 2 <= W <= 254 and even
DEFAULT_WINDOW = 254  # a sender may be 127 frames ahead: 3.4 s of 300-octet frames at 115 200 baud

# The wire's reasons are few: the event's own words are in the detail, and `Farm.events` counts each event.
_REASONS = {
    FarmEvent.E1: Reason.FRAME_TYPE,  # locked out: AD frames are not taken
    FarmEvent.E2: Reason.FRAME_TYPE,
    FarmEvent.E3: Reason.FIELD,
    FarmEvent.E4: Reason.FIELD,
    FarmEvent.E5: Reason.FIELD,
    FarmEvent.E9: Reason.FRAME_TYPE,
}


class Farm:
    """One receiver.  `window` is W; the positive and the negative part are W / 2 each.

    It starts locked.  A reboot forgets V(R), and an open receiver that starts again at 0 would report a number
    that the ground may take for an acknowledgement; Lockout is the one report that no sender mistakes.  BD frames
    pass in any state.  With `set_v_r_allowed` False a Set V(R) is refused like an illegal command: the ground can
    start from any reported V(R), so a mission whose BC frames are not authenticated loses little by it.
    """

    def __init__(self, vc: int = 0, window: int = DEFAULT_WINDOW, *, set_v_r_allowed: bool = True) -> None:
        assert 0 <= vc < 64
        assert 2 <= window <= WIDEST_WINDOW
        assert window % 2 == 0
        self.state = FarmState.LOCKOUT
        self.v_r = 0
        self.lockout, self.wait, self.retransmit = True, False, False
        self.farm_b = 0
        self.events: Counter[FarmEvent] = Counter()
        self.cells: Counter[tuple[FarmEvent, FarmState]] = Counter()
        self._vc = vc
        self._half = window // 2
        self._set_v_r_allowed = set_v_r_allowed

    def receive(self, frame: TcFrame, *, room: bool = True) -> bytes | Rejection | None:
        """One frame of this channel with good error control.

        `room`: whether the higher procedures can take the data of an AD frame now.  Bytes are data for them; None is
        a control command that was taken; a `Rejection` says why the frame was dropped.
        """
        if room and self.state is FarmState.WAIT:
            self.buffer_released()  # room is there, whoever forgot to say so
        event, value = self._classify(frame, room=room)
        actions = self._run(event, value)
        if FarmAction.ACCEPT in actions:
            return frame.data
        if FarmAction.DISCARD in actions:
            return Rejection(_REASONS[event], event.value)
        return None

    def buffer_released(self) -> None:
        """The higher procedures have room again."""
        self._run(FarmEvent.E10, 0)

    def clcw(self, *, status: int = 0, no_rf: bool = False, no_bit_lock: bool = False) -> int:
        """The word for the next telemetry frame.  `status` and the radio's flags come from elsewhere."""
        self._run(FarmEvent.E11, 0)
        return encode_clcw(
            Clcw(
                self._vc,
                self.v_r,
                self.farm_b,
                self.lockout,
                self.wait,
                self.retransmit,
                no_rf,
                no_bit_lock,
                status,
            )
        )

    def _classify(self, frame: TcFrame, *, room: bool) -> tuple[FarmEvent, int]:
        """The event, and V*(R) if it carries one."""
        kind = frame.header.kind
        if kind is TcFrameType.AD:
            return self._classify_sequence(frame.header.sequence, room=room), 0
        if kind is TcFrameType.BD:
            return FarmEvent.E6, 0
        command = decode_control(frame.data)
        if isinstance(command, Unlock):
            return FarmEvent.E7, 0
        if isinstance(command, SetReceiver) and self._set_v_r_allowed:
            return FarmEvent.E8, command.value
        return FarmEvent.E9, 0

    def _classify_sequence(self, sequence: int, *, room: bool) -> FarmEvent:
        ahead = (sequence - self.v_r) % MODULO
        if ahead == 0:
            return FarmEvent.E1 if room else FarmEvent.E2
        if ahead < self._half:  # V(R) < N(S) <= V(R) + PW - 1
            return FarmEvent.E3
        if ahead >= MODULO - self._half:  # V(R) - NW <= N(S) < V(R)
            return FarmEvent.E4
        return FarmEvent.E5

    def _run(self, event: FarmEvent, value: int) -> tuple[FarmAction, ...]:
        cell = FARM_TABLE[event, self.state]
        assert cell is not None, f"{event.name} cannot come in {self.state.value}"
        self.events[event] += 1
        self.cells[event, self.state] += 1
        for action in cell.actions:
            self._perform(action, value)
        self.state = cell.state
        return cell.actions

    def _perform(self, action: FarmAction, value: int) -> None:
        """ACCEPT, DISCARD and REPORT are the caller's."""
        match action:
            case FarmAction.NEXT_V_R:
                self.v_r = (self.v_r + 1) % MODULO
            case FarmAction.SET_V_R:
                self.v_r = value
            case FarmAction.COUNT_B:
                self.farm_b = (self.farm_b + 1) % 4
            case FarmAction.SET_RETRANSMIT | FarmAction.CLEAR_RETRANSMIT:
                self.retransmit = action is FarmAction.SET_RETRANSMIT
            case FarmAction.SET_WAIT | FarmAction.CLEAR_WAIT:
                self.wait = action is FarmAction.SET_WAIT
            case FarmAction.SET_LOCKOUT | FarmAction.CLEAR_LOCKOUT:
                self.lockout = action is FarmAction.SET_LOCKOUT
