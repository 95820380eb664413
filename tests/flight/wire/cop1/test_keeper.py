# mypy: disable-error-code="union-attr"
"""When the service is started, with what, and why not sooner."""

from __future__ import annotations

import pytest

from flight.wire import Clcw, TcFrame, TcFrameHeader, encode_clcw
from flight.wire.cop1 import (
    Directive,
    DirectiveKind,
    Farm,
    Fop,
    FopState,
    Response,
    ServiceKeeper,
    Transfer,
    TransferNotice,
)
from flight.wire.cop1.control import UNLOCK_COMMAND
from tests.flight.wire.cop1.fop_scene import AD, BC

VC = 3
SETTLE_NS = 1000


def word(report_value: int = 0, vc: int = VC, **flags: bool) -> int:
    return encode_clcw(Clcw(vc, report_value, **flags))


def kept(settle_ns: int = SETTLE_NS) -> ServiceKeeper:
    keeper = ServiceKeeper(Fop(VC), settle_ns)
    keeper.start()
    return keeper


def test_it_waits_and_takes_the_number_of_the_word_after_the_pause() -> None:
    keeper = kept()
    keeper.receive_word(word(7), 100)
    keeper.receive_word(word(8), 100 + SETTLE_NS - 1)
    assert keeper.fop.state is FopState.INITIAL
    keeper.receive_word(word(9), 100 + SETTLE_NS)
    assert keeper.fop.state is FopState.INITIALISING_WITHOUT_BC
    keeper.receive_word(word(9), 100 + SETTLE_NS + 1)
    assert keeper.fop.state is FopState.ACTIVE
    assert keeper.fop.v_s == 9
    assert keeper.starts == 1


@pytest.mark.parametrize("flag", ["lockout", "wait", "retransmit"])
def test_any_flag_asks_for_an_unlock(flag: str) -> None:
    keeper = kept()
    keeper.receive_word(word(7), 0)
    keeper.receive_word(word(7, **{flag: True}), SETTLE_NS)
    assert keeper.fop.state is FopState.INITIALISING_WITH_BC
    frame = keeper.fop.send()
    assert (frame.kind, frame.data) == (BC, UNLOCK_COMMAND)


def test_words_of_other_channels_start_nothing() -> None:
    keeper = kept()
    keeper.receive_word(word(7), 0)
    keeper.receive_word(word(7, vc=VC + 1), SETTLE_NS)
    keeper.receive_word(word(7) | 1 << 31, SETTLE_NS)
    keeper.receive_word(word(7) ^ 3 << 24, SETTLE_NS)  # ours, of another COP
    assert keeper.fop.state is FopState.INITIAL
    assert keeper.starts == 0


def test_the_pause_begins_when_the_line_is_empty() -> None:
    keeper = kept()
    keeper.receive_word(word(0), 0)
    keeper.receive_word(word(0), SETTLE_NS)
    keeper.receive_word(word(0), SETTLE_NS)
    keeper.fop.transfer(Transfer(1, AD, b"x"), SETTLE_NS)
    keeper.fop.send()
    keeper.receive_word(word(0, lockout=True), 2 * SETTLE_NS)
    assert keeper.fop.state is FopState.INITIAL
    keeper.receive_word(word(0, lockout=True), 9 * SETTLE_NS)
    assert keeper.fop.state is FopState.INITIAL  # a frame is still on the line
    keeper.fop.left(AD, 10 * SETTLE_NS)
    keeper.receive_word(word(0, lockout=True), 10 * SETTLE_NS)
    keeper.receive_word(word(0, lockout=True), 11 * SETTLE_NS - 1)
    assert keeper.fop.state is FopState.INITIAL
    keeper.receive_word(word(0, lockout=True), 11 * SETTLE_NS)
    assert keeper.fop.state is FopState.INITIALISING_WITH_BC


def test_a_suspended_service_is_left_to_whoever_chose_that() -> None:
    keeper = kept()
    fop = keeper.fop
    keeper.receive_word(word(0), 0)
    keeper.receive_word(word(0), SETTLE_NS)
    keeper.receive_word(word(0), SETTLE_NS)
    fop.directive(Directive(DirectiveKind.SET_TIMEOUT_TYPE, 1), 0)
    fop.directive(Directive(DirectiveKind.SET_LIMIT, 1), 0)
    fop.transfer(Transfer(1, AD, b"x"), 0)
    fop.send()
    fop.left(AD, 0)
    fop.on_deadline(fop.next_deadline() or 0)
    assert fop.suspended is FopState.ACTIVE
    for time in range(3):
        keeper.receive_word(word(0), (100 + time) * SETTLE_NS)
    assert fop.suspended is FopState.ACTIVE
    assert fop.open_frames == 1


def test_a_service_that_nobody_wants_is_not_started() -> None:
    keeper = kept()
    keeper.stop(0)
    for time in range(3):
        keeper.receive_word(word(0), time * SETTLE_NS)
    assert keeper.fop.state is FopState.INITIAL


def confirmed_after_restart(settle_ns: int, flight_ns: int) -> tuple[list[bytes], bool]:
    """An old frame is still on its way up for `flight_ns` when the service is started again and a new one sent.

    What the board took, and whether the new frame was confirmed.
    """
    keeper, farm = kept(settle_ns), Farm(VC)
    fop = keeper.fop
    farm.receive(TcFrame(TcFrameHeader(BC, 1, VC, 8, 0), UNLOCK_COMMAND))
    taken: list[bytes] = []
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    fop.transfer(Transfer(1, AD, b"old"), 0)
    old = fop.send()
    fop.left(AD, 0)
    fop.directive(Directive(DirectiveKind.TERMINATE_AD), 0)
    underway = [(flight_ns, old)]
    request, done = 2, False
    for now in range(0, 100, 1):
        while underway and underway[0][0] <= now:
            frame = underway.pop(0)[1]
            data = farm.receive(TcFrame(TcFrameHeader(frame.kind, 1, VC, 10, frame.sequence), frame.data))
            taken += [data] if isinstance(data, bytes) else []
        notices = keeper.receive_word(farm.clcw(), now)
        done = done or TransferNotice(2, Response.POSITIVE_CONFIRM) in notices
        if fop.state is FopState.ACTIVE and request == 2:
            fop.transfer(Transfer(request, AD, b"new"), now)
            request += 1
        while (frame := fop.send()) is not None:
            fop.left(frame.kind, now)
            underway.append((now + flight_ns, frame))
    return taken, done


def test_without_the_pause_a_frame_is_confirmed_that_was_never_delivered() -> None:
    """The hazard itself, shown on purpose: 20 under way, a pause of 1.  With a pause of 20 it is gone."""
    assert confirmed_after_restart(settle_ns=1, flight_ns=20) == ([b"old"], True)
    assert confirmed_after_restart(settle_ns=20, flight_ns=20) == ([b"old", b"new"], True)
