"""What frames without a key can do to COP-1, and what they cannot: each row of the table in docs/link.md."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Rejection, TcFrame, TcFrameHeader, TcFrameType, decode_clcw
from flight.wire.cop1 import (
    Directive,
    DirectiveKind,
    Farm,
    FarmState,
    Fop,
    Response,
    SetReceiver,
    Transfer,
    TransferNotice,
    Unlock,
    encode_control,
)

AD, BC, BD = TcFrameType.AD, TcFrameType.BC, TcFrameType.BD
UNLOCK = encode_control(Unlock())
GENUINE, FORGED = b"genuine", b"forged"


def frame(kind: TcFrameType, data: bytes, sequence: int = 0) -> TcFrame:
    return TcFrame(TcFrameHeader(kind, 42, 0, len(data) + 7, sequence), data)


class Board:
    """With the check of the security layer before FARM-1, as it must be, or behind it, as a warning.

    The check is a stand-in: data that begins with `genuine` has a good code.  BC frames carry none, by 355.0-B.
    """

    def __init__(self, *, checked_first: bool, set_v_r_allowed: bool = True) -> None:
        self.farm = Farm(set_v_r_allowed=set_v_r_allowed)
        self.farm.receive(frame(BC, UNLOCK))
        self.commands: list[bytes] = []
        self._first = checked_first

    def receive(self, arrived: TcFrame) -> None:
        genuine = arrived.data.startswith(GENUINE)
        if self._first and arrived.header.kind is not BC and not genuine:
            return
        data = self.farm.receive(arrived)
        if isinstance(data, bytes) and genuine:
            self.commands.append(data)


def ground_with_one_open_frame() -> tuple[Fop, TcFrame]:
    fop = Fop()
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    fop.transfer(Transfer(1, AD, GENUINE), 0)
    sent = fop.send()
    assert sent is not None
    fop.left(AD, 0)
    return fop, frame(sent.kind, sent.data, sent.sequence)


CONFIRMED = TransferNotice(1, Response.POSITIVE_CONFIRM)


def test_a_forged_ad_frame_behind_the_check_does_nothing_at_all() -> None:
    board = Board(checked_first=True)
    before = board.farm.clcw()
    for sequence in range(256):
        board.receive(frame(AD, FORGED, sequence))
        board.receive(frame(BD, FORGED))
    assert board.farm.clcw() == before
    assert board.commands == []


def test_a_forged_ad_frame_before_the_check_steals_a_confirmation() -> None:
    """Why the order is a rule: the genuine frame comes to a number that is taken, and the ground hears `done`."""
    board = Board(checked_first=False)
    fop, genuine = ground_with_one_open_frame()
    board.receive(frame(AD, FORGED, genuine.header.sequence))
    board.receive(genuine)
    assert fop.receive_word(board.farm.clcw(), 0) == [CONFIRMED]
    assert board.commands == []


def test_a_forged_set_v_r_steals_a_confirmation_too_unless_it_is_forbidden() -> None:
    for allowed, notices in ((True, [CONFIRMED]), (False, [])):
        board = Board(checked_first=True, set_v_r_allowed=allowed)
        fop, _ = ground_with_one_open_frame()  # and its frame is lost
        board.receive(frame(BC, encode_control(SetReceiver(1))))
        assert fop.receive_word(board.farm.clcw(), 0) == notices
        assert board.commands == []


def test_a_forged_set_v_r_locks_the_genuine_sender_out_for_one_recovery() -> None:
    board = Board(checked_first=True)
    _, genuine = ground_with_one_open_frame()
    board.receive(frame(BC, encode_control(SetReceiver(128))))
    board.receive(genuine)
    assert board.farm.lockout
    board.receive(frame(BD, GENUINE + b" urgent"))  # BD frames pass whatever happens
    assert board.commands == [GENUINE + b" urgent"]


def test_a_forged_unlock_clears_flags_and_counts_and_no_more() -> None:
    board = Board(checked_first=True)
    board.receive(frame(AD, GENUINE, 3))
    board.receive(frame(BC, UNLOCK))
    word = decode_clcw(board.farm.clcw())
    assert not isinstance(word, Rejection)
    assert (word.report_value, word.farm_b_counter, word.retransmit) == (0, 2, False)
    assert board.commands == []


control = st.sampled_from([UNLOCK, b"\x82\x00\x05", b"\x82\x00\xff", b"\x82\x00", b"\x00\x00", b"junk"])
forged = st.one_of(
    st.tuples(st.just(BC), control, st.just(0)),
    st.tuples(st.sampled_from([AD, BD]), st.just(FORGED), st.integers(0, 255)),
)


@given(st.lists(forged, max_size=30), st.integers(0, 20))
def test_no_forgery_gives_or_repeats_a_command_and_none_stops_a_genuine_urgent_one(forgeries, good) -> None:
    """Also with Set V(R) forbidden: V(R) then moves by genuine frames alone, so nothing is confirmed falsely."""
    board = Board(checked_first=True, set_v_r_allowed=False)
    for sequence in range(good):
        board.receive(frame(AD, GENUINE + bytes([sequence]), sequence))
    for kind, data, sequence in forgeries:
        board.receive(frame(kind, data, sequence))
    assert len(board.commands) == board.farm.v_r == good
    assert board.farm.state is FarmState.OPEN
    board.receive(frame(BD, GENUINE))
    assert len(board.commands) == good + 1
