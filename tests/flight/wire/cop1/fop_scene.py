# mypy: disable-error-code="union-attr"
"""Bring a `Fop` into any state of table 5-1 by what its user, its line and its telemetry can do."""

from __future__ import annotations

from flight.wire import Clcw, TcFrameType, encode_clcw
from flight.wire.cop1 import Directive, DirectiveKind, Fop, FopEvent, FopState, Transfer

AD, BC, BD = TcFrameType.AD, TcFrameType.BC, TcFrameType.BD
VC = 3
FIRST = 254  # V(S) of the first frame, so that every number wraps
OPEN = 3
T1_NS = 10**9
WIDE = 100


class Scene:
    """`hold`: frame types of which the line has one that it has not answered for."""

    def __init__(self, state: str, opened: int = OPEN, hold: tuple[TcFrameType, ...] = ()) -> None:
        self.fop = Fop(VC, WIDE)
        self.now = 0
        self.next_request = 100
        self.give(DirectiveKind.SET_T1, T1_NS)
        self.give(DirectiveKind.SET_V_S, FIRST)
        self.give(DirectiveKind.SET_LIMIT, 200)
        if BC in hold and state != "S5":
            self.give(DirectiveKind.INITIATE_AD_WITH_UNLOCK)
            assert self.fop.send() is not None
            self.give(DirectiveKind.TERMINATE_AD)
        self._open(opened, held=AD in hold, state=state)
        if BD in hold:
            self.fop.transfer(Transfer(9, BD, b"urgent"), self.now)
            assert self.fop.send().kind is BD
        getattr(self, f"_to_{state.lower()}")(hold)
        assert self.fop.state is FopState(state)

    def give(self, kind: DirectiveKind, value: int = 0):
        return self.fop.directive(Directive(kind, value), self.now)

    def word(self, report_value: int, **flags: bool) -> int:
        return encode_clcw(Clcw(VC, report_value & 0xFF, **flags))

    def hear(self, report_value: int, **flags: bool):
        return self.fop.receive_word(self.word(report_value, **flags), self.now)

    def submit(self, kind: TcFrameType = AD):
        self.next_request += 1
        return self.fop.transfer(Transfer(self.next_request, kind, b"data"), self.now)

    def pump(self) -> list[int]:
        """The line takes whatever there is; the sequence numbers that left."""
        numbers = []
        while (frame := self.fop.send()) is not None:
            numbers.append(frame.sequence)
            self.fop.left(frame.kind, self.now)
        return numbers

    def _open(self, opened: int, *, held: bool, state: str) -> None:
        """S1 with `opened` AD frames sent, each twice; the last is still on the line if `held`."""
        self.give(DirectiveKind.INITIATE_AD)
        for _ in range(opened - held):
            self.submit()
            self.pump()
        if opened > held and self.fop.ready(BC):
            self.expire(0)
            self.pump()
        if held:
            self.submit()
            assert self.fop.send().kind is AD
        assert self.fop.open_frames == opened

    def expire(self, timeout_type: int):
        self.give(DirectiveKind.SET_TIMEOUT_TYPE, timeout_type)
        self.now = self.fop._timer_ns or 0
        return self.fop.on_deadline(self.now)

    def suspend(self):
        self.give(DirectiveKind.SET_LIMIT, self.fop.transmissions)
        self.expire(1)
        assert self.fop.state is FopState.INITIAL
        self.give(DirectiveKind.SET_LIMIT, 200)

    def _to_s1(self, hold) -> None:
        pass

    def _to_s2(self, hold) -> None:
        self._refuse(hold, wait=False)

    def _to_s3(self, hold) -> None:
        self._refuse(hold, wait=True)

    def _refuse(self, hold, *, wait: bool) -> None:
        """A report refuses the oldest frame.  With no frame open: suspended there, emptied by an alert, resumed."""
        empty = not self.fop.open_frames
        if empty:
            self.submit()
            self.pump()
        self.hear(self.fop.nn_r, retransmit=True, wait=wait)
        if AD not in hold:
            self.pump()
        if empty:
            self.suspend()
            self.submit(BD)
            assert self.fop.send() is not None
            self.fop.refused(BD, self.now)
            self.give(DirectiveKind.RESUME_AD)

    def _to_s4(self, hold) -> None:
        self.give(DirectiveKind.TERMINATE_AD)
        self.give(DirectiveKind.INITIATE_AD_WITH_CLCW_CHECK)

    def _to_s5(self, hold) -> None:
        self.give(DirectiveKind.TERMINATE_AD)
        self.give(DirectiveKind.INITIATE_AD_WITH_UNLOCK)
        assert self.fop.send().kind is BC
        if BC not in hold:
            self.fop.left(BC, self.now)

    def _to_s6(self, hold) -> None:
        if self.fop.open_frames and AD not in hold and BC not in hold:
            self.suspend()
        else:
            self.give(DirectiveKind.TERMINATE_AD)

    # ---------------------------------------------------------------- events

    def cause(self, event: FopEvent):
        """Make it happen; the notices."""
        before = self.fop.events[event]
        notices = getattr(self, f"_{event.name.lower()}")()
        assert self.fop.events[event] == before + 1, f"{event.name} did not come"
        return notices

    def _limit(self, *, reached: bool) -> None:
        """`reached`: the limit is what was sent already; a limit of 1 has rows of its own."""
        assert self.fop.transmissions > 1 or not reached
        self.give(DirectiveKind.SET_LIMIT, self.fop.transmissions + (not reached))

    def _e1(self):
        return self.hear(self.fop.v_s)

    _e2 = _e1

    def _e3(self):
        return self.hear(self.fop.v_s, wait=True)

    def _e4(self):
        return self.hear(self.fop.v_s, retransmit=True)

    def _e5(self):
        return self.hear(self.fop.nn_r)

    def _e6(self):
        return self.hear(self.fop.nn_r + 1)

    def _e7(self):
        return self.hear(self.fop.nn_r + 1, wait=True)

    def _e101(self):
        self.give(DirectiveKind.SET_LIMIT, 1)
        return self.hear(self.fop.nn_r + 1, retransmit=True)

    def _e102(self):
        self.give(DirectiveKind.SET_LIMIT, 1)
        return self.hear(self.fop.nn_r, retransmit=True)

    def _e8(self):
        return self.hear(self.fop.nn_r + 1, retransmit=True)

    def _e9(self):
        return self.hear(self.fop.nn_r + 1, retransmit=True, wait=True)

    def _e10(self):
        self._limit(reached=False)
        return self.hear(self.fop.nn_r, retransmit=True)

    def _e11(self):
        self._limit(reached=False)
        return self.hear(self.fop.nn_r, retransmit=True, wait=True)

    def _e12(self):
        self._limit(reached=True)
        return self.hear(self.fop.nn_r, retransmit=True)

    def _e103(self):
        self._limit(reached=True)
        return self.hear(self.fop.nn_r, retransmit=True, wait=True)

    def _e13(self):
        return self.hear(self.fop.nn_r - 1)

    def _e14(self):
        return self.hear(self.fop.nn_r, lockout=True)

    def _e15(self):
        return self.fop.receive_word(self.word(self.fop.nn_r) ^ 3 << 24, self.now)

    def _timer(self, timeout_type: int, *, reached: bool):
        self.give(DirectiveKind.SET_LIMIT, self.fop.transmissions + (not reached))
        return self.expire(timeout_type)

    def _e16(self):
        return self._timer(0, reached=False)

    def _e104(self):
        return self._timer(1, reached=False)

    def _e17(self):
        return self._timer(0, reached=True)

    def _e18(self):
        return self._timer(1, reached=True)

    def _e19(self):
        return self.submit()

    def _e20(self):
        if self.fop._waiting is None:  # S4 and S5 empty the wait queue on their way in
            self.fop._waiting = Transfer(1, AD, b"waits")
        return self.submit()

    def _e21(self):
        return self.submit(BD)

    _e22 = _e21

    def _e23(self):
        return self.give(DirectiveKind.INITIATE_AD)

    def _e24(self):
        return self.give(DirectiveKind.INITIATE_AD_WITH_CLCW_CHECK)

    def _e25(self):
        return self.give(DirectiveKind.INITIATE_AD_WITH_UNLOCK)

    _e26 = _e25

    def _e27(self):
        return self.give(DirectiveKind.INITIATE_AD_WITH_SET_V_R, 77)

    _e28 = _e27

    def _e29(self):
        return self.give(DirectiveKind.TERMINATE_AD)

    def _e30(self):
        return self.give(DirectiveKind.RESUME_AD)

    _e31 = _e32 = _e33 = _e34 = _e30

    def _e35(self):
        return self.give(DirectiveKind.SET_V_S, 55)

    def _e36(self):
        return self.give(DirectiveKind.SET_WINDOW, 9)

    def _e37(self):
        return self.give(DirectiveKind.SET_T1, 123)

    def _e38(self):
        return self.give(DirectiveKind.SET_LIMIT, 7)

    def _e39(self):
        return self.give(DirectiveKind.SET_TIMEOUT_TYPE, 1)

    def _e40(self):
        return self.give(DirectiveKind.SET_WINDOW, WIDE + 1)

    def _e41(self):
        return self.fop.left(AD, self.now)

    def _e42(self):
        return self.fop.refused(AD, self.now)

    def _e43(self):
        return self.fop.left(BC, self.now)

    def _e44(self):
        return self.fop.refused(BC, self.now)

    def _e45(self):
        return self.fop.left(BD, self.now)

    def _e46(self):
        return self.fop.refused(BD, self.now)


# What must be on the line, and how many frames open, for the event to be possible.
HELD = {"E22": BD, "E26": BC, "E28": BC, "E41": AD, "E42": AD, "E43": BC, "E44": BC, "E45": BD, "E46": BD}
NONE_OPEN = {"E1", "E30", "E35"}


def scene_for(event: FopEvent, state: FopState) -> Scene:
    hold = (HELD[event.name],) if event.name in HELD else ()
    opened = 0 if event.name in NONE_OPEN or state in {FopState("S4"), FopState("S5")} else OPEN
    if event.name in {"E31", "E32", "E33", "E34"}:
        return _suspended(FopState("S" + str(int(event.name[1:]) - 30)))
    if hold == (AD,):
        opened = OPEN
    return Scene(state.value, opened, hold)


def _suspended(state: FopState) -> Scene:
    scene = Scene(state.value, 0 if state is FopState("S4") else OPEN)
    scene.suspend()
    assert scene.fop.suspended is state
    return scene
