# mypy: disable-error-code="union-attr"
"""What the cells do not show: timers, the line's answers, values out of range, channels, windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Clcw, encode_clcw
from flight.wire.cop1 import (
    Alert,
    AlertNotice,
    Directive,
    DirectiveKind,
    DirectiveNotice,
    Fop,
    FopEvent,
    FopState,
    Response,
    Transfer,
    TransferNotice,
)
from flight.wire.cop1.fop_actions import DEFAULT_T1_NS, LINE_LONGEST_NS
from flight.wire.cop1.fop_events import classify_clcw
from tests.flight.wire.cop1.fop_scene import AD, BC, BD, T1_NS, VC, Scene


def active(window: int = 127) -> Fop:
    fop = Fop(VC, window)
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    return fop


def test_t1_runs_from_the_end_of_transmission() -> None:
    fop = active()
    fop.transfer(Transfer(1, AD, b"x"), 0)
    assert fop.next_deadline() == LINE_LONGEST_NS  # it waits for the line, however long T1 is
    fop.send()
    assert fop.on_deadline(DEFAULT_T1_NS + 1) == []
    fop.left(AD, 50_000_000_000)
    assert fop.next_deadline() == 50_000_000_000 + DEFAULT_T1_NS
    assert fop.on_deadline(50_000_000_000 + DEFAULT_T1_NS - 1) == []
    assert fop.send() is None
    fop.on_deadline(50_000_000_000 + DEFAULT_T1_NS)
    assert fop.send() is not None


def test_t1_of_a_repetition_runs_from_the_last_of_its_frames() -> None:
    scene = Scene("S1")
    scene.expire(0)
    for number in (254, 255, 0):
        frame = scene.fop.send()
        assert frame is not None
        assert frame.sequence == number
        scene.now += T1_NS  # a slow line
        scene.fop.left(AD, scene.now)
        assert scene.fop.on_deadline(scene.now) == []
    assert scene.fop.next_deadline() == scene.now + T1_NS


def test_an_acknowledgement_stops_t1() -> None:
    scene = Scene("S1")
    scene.hear(scene.fop.v_s)
    assert scene.fop.next_deadline() is None


def test_a_partial_acknowledgement_leaves_t1_running() -> None:
    scene = Scene("S1")
    before = scene.fop.next_deadline()
    scene.now += 5
    scene.hear(scene.fop.nn_r + 1)
    assert scene.fop.next_deadline() == before


@pytest.mark.parametrize("kind", [AD, BC, BD])
def test_a_line_that_says_nothing_is_taken_as_refusing(kind) -> None:
    fop = active()
    if kind is BC:
        fop.directive(Directive(DirectiveKind.TERMINATE_AD), 0)
        fop.directive(Directive(DirectiveKind.INITIATE_AD_WITH_UNLOCK), 0)
    else:
        fop.transfer(Transfer(1, kind, b"x"), 0)
    assert fop.send() is not None
    assert fop.on_deadline(LINE_LONGEST_NS - 1) == []
    notices = fop.on_deadline(LINE_LONGEST_NS)
    assert Alert.LLIF in [notice.alert for notice in notices if isinstance(notice, AlertNotice)]
    assert fop.ready(kind)
    assert fop.left(kind, LINE_LONGEST_NS) == []  # late
    assert fop.strange_answers == 1


def test_two_frames_stuck_in_the_line_end_in_one_call() -> None:
    fop = active()
    fop.transfer(Transfer(1, AD, b"x"), 0)
    fop.transfer(Transfer(2, BD, b"y"), 0)
    notices = fop.on_deadline(LINE_LONGEST_NS)
    assert sum(isinstance(notice, AlertNotice) for notice in notices) >= 1
    assert fop.ready(AD)
    assert fop.ready(BD)
    assert fop.next_deadline() is None


def test_the_line_answers_for_what_it_took_and_for_nothing_else() -> None:
    fop = active()
    assert fop.left(AD, 0) == []
    assert fop.refused(BC, 0) == []
    fop.transfer(Transfer(1, AD, b"x"), 0)
    assert fop.left(AD, 0) == []  # not taken yet
    assert fop.strange_answers == 3
    assert not fop.ready(AD)


def test_after_a_refusal_frames_go_again() -> None:
    fop = active()
    fop.transfer(Transfer(1, AD, b"x"), 0)
    fop.send()
    assert fop.refused(AD, 0) == [
        TransferNotice(1, Response.NEGATIVE_CONFIRM),
        AlertNotice(Alert.LLIF, FopEvent.E42, FopState.ACTIVE),
    ]
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    fop.transfer(Transfer(2, AD, b"y"), 0)
    assert fop.send() is not None


def test_control_frames_go_before_urgent_ones_before_counted_ones() -> None:
    fop = active()
    fop.transfer(Transfer(1, AD, b"a"), 0)
    fop.send()
    fop.directive(Directive(DirectiveKind.TERMINATE_AD), 0)
    fop.transfer(Transfer(2, BD, b"b"), 0)
    fop.directive(Directive(DirectiveKind.INITIATE_AD_WITH_SET_V_R, 9), 0)
    frames = [fop.send(), fop.send(), fop.send()]
    assert [frame and (frame.kind, frame.data) for frame in frames] == [
        (BC, b"\x82\x00\x09"),
        (BD, b"b"),
        None,
    ]


def test_a_terminated_service_takes_back_what_the_line_has_not_begun() -> None:
    fop = active()
    fop.transfer(Transfer(1, AD, b"a"), 0)
    fop.directive(Directive(DirectiveKind.TERMINATE_AD), 0)
    assert fop.send() is None


def test_the_window_bounds_what_is_open() -> None:
    fop = active(window=4)
    for request in range(6):
        fop.transfer(Transfer(request, AD, b"x"), 0)
        while fop.send():
            fop.left(AD, 0)
    assert fop.open_frames == 4
    notices = fop.transfer(Transfer(9, AD, b"x"), 0)
    assert notices == [TransferNotice(9, Response.REJECT)]  # one waits, that is all


OUT_OF_RANGE = [
    (DirectiveKind.SET_V_S, -1),
    (DirectiveKind.SET_V_S, 256),
    (DirectiveKind.INITIATE_AD_WITH_SET_V_R, 256),
    (DirectiveKind.SET_WINDOW, 0),
    (DirectiveKind.SET_WINDOW, 11),
    (DirectiveKind.SET_T1, 0),
    (DirectiveKind.SET_T1, 3601 * 10**9),
    (DirectiveKind.SET_LIMIT, 0),
    (DirectiveKind.SET_LIMIT, 256),
    (DirectiveKind.SET_TIMEOUT_TYPE, 2),
    (DirectiveKind.SET_TIMEOUT_TYPE, -1),
]
IN_RANGE = [
    (DirectiveKind.SET_V_S, 0),
    (DirectiveKind.SET_V_S, 255),
    (DirectiveKind.SET_WINDOW, 1),
    (DirectiveKind.SET_WINDOW, 10),
    (DirectiveKind.SET_T1, 1),
    (DirectiveKind.SET_T1, 3600 * 10**9),
    (DirectiveKind.SET_LIMIT, 1),
    (DirectiveKind.SET_LIMIT, 255),
    (DirectiveKind.SET_TIMEOUT_TYPE, 0),
    (DirectiveKind.SET_TIMEOUT_TYPE, 1),
]


@pytest.mark.parametrize(("kind", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_makes_an_invalid_directive(kind, value) -> None:
    fop = Fop(VC, 10)
    directive = Directive(kind, value)
    assert fop.directive(directive, 0) == [DirectiveNotice(directive, Response.REJECT)]
    assert fop.events == {FopEvent.E40: 1}


@pytest.mark.parametrize(("kind", "value"), IN_RANGE)
def test_a_value_at_the_edge_of_its_range_is_taken(kind, value) -> None:
    fop = Fop(VC, 10)
    assert [notice.response for notice in fop.directive(Directive(kind, value), 0)] == [
        Response.ACCEPT,
        Response.POSITIVE_CONFIRM,
    ]


def test_set_v_s_waits_for_the_end_of_a_suspension() -> None:
    scene = Scene("S6")
    assert scene.fop.suspended is FopState.ACTIVE
    notices = scene.give(DirectiveKind.SET_V_S, 1)
    assert notices == [DirectiveNotice(Directive(DirectiveKind.SET_V_S, 1), Response.REJECT)]


def test_a_suspended_start_that_is_replaced_is_answered() -> None:
    scene = Scene("S4", 0)
    scene.suspend()
    notices = scene.give(DirectiveKind.INITIATE_AD)
    replaced = Directive(DirectiveKind.INITIATE_AD_WITH_CLCW_CHECK)
    assert DirectiveNotice(replaced, Response.NEGATIVE_CONFIRM) in notices


def test_words_of_other_channels_and_other_reports_do_nothing() -> None:
    scene = Scene("S1")
    before = scene.fop.events.copy()
    for word in (
        encode_clcw(Clcw(VC + 1, 77, lockout=True)),
        scene.word(254, lockout=True) | 1 << 31,  # no CLCW
        scene.word(254, lockout=True) | 1 << 29,  # another version
    ):
        assert scene.fop.receive_word(word, 0) == []
    assert scene.fop.receive(Clcw(VC - 1, 77, lockout=True), 0) == []
    assert scene.fop.foreign_words == 4
    assert scene.fop.events == before


@given(st.integers(0, 2**32 - 1), st.sampled_from(["S1", "S2", "S3", "S4", "S5", "S6"]))
def test_any_word_in_any_state_is_taken(word: int, state: str) -> None:
    scene = Scene(state, 0 if state in {"S4", "S5"} else 3)
    scene.fop.receive_word(word, scene.now)
    scene.fop.receive_word(word & 0x0003FFFF | VC << 18 | 1 << 24, scene.now)
    assert scene.fop.v_s == 1 or state in {"S4", "S5"}


@given(
    nn_r=st.integers(0, 255),
    opened=st.integers(0, 255),
    report=st.integers(0, 255),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    transmissions=st.integers(1, 5),
    limit=st.integers(1, 5),
)
def test_comparisons_are_modulo_256(nn_r, opened, report, flags, transmissions, limit) -> None:
    """The same numbers, all shifted, are the same event: none is special, 255 and 0 least of all."""
    lockout, wait, retransmit = flags
    clcw = Clcw(VC, report, 0, lockout, wait, retransmit)
    event = classify_clcw(clcw, (nn_r + opened) % 256, nn_r, transmissions, limit)
    shifted = clcw._replace(report_value=(report - nn_r) % 256)
    assert classify_clcw(shifted, opened, 0, transmissions, limit) is event
    if (report - nn_r) % 256 > opened and not lockout:
        assert event is FopEvent.E13


def test_the_line_never_holds_more_than_one_frame_of_a_type() -> None:
    fop = active()
    for request in range(20):
        fop.transfer(Transfer(request, AD, b"x"), 0)
        fop.transfer(Transfer(request, BD, b"y"), 0)
    assert len(list(iter(fop.send, None))) == 2


def test_a_frame_without_sequence_does_not_move_t1() -> None:
    scene = Scene("S1")
    before = scene.fop.next_deadline()
    scene.submit(BD)
    scene.fop.send()
    scene.now += 7
    scene.fop.left(BD, scene.now)
    assert scene.fop.next_deadline() == before


def test_a_repetition_takes_back_a_newer_frame_that_the_line_has_not_begun() -> None:
    scene = Scene("S1")
    scene.submit()
    assert not scene.fop.ready(AD)
    scene.hear(scene.fop.nn_r, retransmit=True)
    assert scene.pump() == [254, 255, 0, 1]


@pytest.mark.parametrize("ended", ["by its confirmation", "by directive"])
def test_a_control_frame_that_is_not_needed_any_more_does_not_go(ended) -> None:
    scene = Scene("S5", 0)
    scene.expire(0)
    assert not scene.fop.ready(BC)  # the repetition waits for the line
    if ended == "by directive":
        scene.give(DirectiveKind.TERMINATE_AD)
    else:
        scene.hear(scene.fop.v_s)
    assert scene.fop.ready(BC)
    assert scene.fop.send() is None


def test_transmissions_are_counted_anew_for_the_first_of_new_frames() -> None:
    scene = Scene("S1")
    scene.suspend()
    scene.submit(BD)
    scene.fop.send()
    scene.fop.refused(BD, scene.now)
    scene.give(DirectiveKind.RESUME_AD)
    scene.expire(0)
    assert scene.fop.transmissions > 2
    scene.submit()
    assert scene.fop.transmissions == 1


def test_a_dead_line_holds_an_old_frame_and_a_control_frame() -> None:
    """The refusal of the first ends the service, which takes the second back: nobody answers for it."""
    fop = active()
    fop.transfer(Transfer(1, AD, b"x"), 0)
    fop.send()
    fop.directive(Directive(DirectiveKind.TERMINATE_AD), 0)
    fop.directive(Directive(DirectiveKind.INITIATE_AD_WITH_UNLOCK), 0)
    notices = fop.on_deadline(LINE_LONGEST_NS)
    assert [notice.alert for notice in notices if isinstance(notice, AlertNotice)] == [Alert.LLIF]
    assert fop.ready(AD)
    assert fop.ready(BC)
