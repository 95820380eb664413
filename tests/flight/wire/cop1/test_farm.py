"""What the cells do not show: windows, wrapping, totality, start-up, and the board's defence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Clcw, Rejection, TcFrame, TcFrameHeader, TcFrameType, decode_clcw, encode_tc_frame
from flight.wire import decode_tc_frame as decode
from flight.wire.cop1 import (
    Farm,
    FarmEvent,
    FarmState,
    SetReceiver,
    Unlock,
    decode_control,
    encode_control,
)

AD, BC, BD = TcFrameType.AD, TcFrameType.BC, TcFrameType.BD


def frame(kind: TcFrameType, data: bytes = b"data", sequence: int = 0) -> TcFrame:
    found = decode(encode_tc_frame(42, 0, data, kind, sequence))
    assert isinstance(found, TcFrame)
    return found


def opened(v_r: int = 0, window: int = 254) -> Farm:
    farm = Farm(window=window)
    farm.receive(frame(BC, encode_control(Unlock())))
    farm.receive(frame(BC, encode_control(SetReceiver(v_r))))
    return farm


def test_it_starts_locked_and_says_so_and_still_takes_urgent_frames() -> None:
    farm = Farm(5)
    assert decode_clcw(farm.clcw()) == Clcw(5, lockout=True)
    assert isinstance(farm.receive(frame(AD)), Rejection)
    assert farm.receive(frame(BD)) == b"data"
    assert decode_clcw(farm.clcw()) == Clcw(5, farm_b_counter=1, lockout=True)


def test_the_radio_flags_are_the_callers() -> None:
    assert decode_clcw(Farm(5).clcw(status=3, no_rf=True, no_bit_lock=True)) == Clcw(
        5, lockout=True, no_rf=True, no_bit_lock=True, status=3
    )


def test_numbers_and_counters_wrap() -> None:
    farm = opened(250)
    for number in range(250, 250 + 20):
        assert farm.receive(frame(AD, sequence=number % 256)) == b"data"
    assert farm.v_r == 14
    for _ in range(5):
        farm.receive(frame(BD))
    assert farm.farm_b == (2 + 5) % 4


@pytest.mark.parametrize("window", [2, 10, 128, 254])
@pytest.mark.parametrize("v_r", [0, 1, 127, 255])
def test_every_number_falls_into_its_part_of_the_window(window: int, v_r: int) -> None:
    half = window // 2
    for number in range(256):
        farm = opened(v_r, window)
        farm.receive(frame(AD, sequence=number))
        ahead, behind = (number - v_r) % 256, (v_r - number) % 256
        if ahead == 0:
            event = FarmEvent.E1
        elif ahead <= half - 1:
            event = FarmEvent.E3
        elif behind <= half:
            event = FarmEvent.E4
        else:
            event = FarmEvent.E5
        assert farm.events[event] == 1, number


def test_a_sender_with_k_at_most_pw_is_never_locked_out_by_a_loss() -> None:
    for half in (1, 5, 127):
        farm = opened(200, 2 * half)
        farm.receive(frame(AD, sequence=(200 + half - 1) % 256))
        assert not farm.lockout


@given(st.binary(min_size=1, max_size=6))
def test_control_commands_are_these_two(data: bytes) -> None:
    command = decode_control(data)
    if isinstance(command, Rejection):
        assert data != b"\x00"
        assert data[:2] != b"\x82\x00" or len(data) != 3
    else:
        assert encode_control(command) == data


def test_a_recovery_in_flight_is_reported_word_for_word() -> None:
    """Hera, 2024-10-07, 16:25 (recording named in docs/link.md): the control words of a real lockout recovery.

    What was sent to it is not recorded; these frames are the shortest that fit.  Our board says the same to them.
    """
    recorded = [0x01042200, 0x01042400, 0x01040600, 0x01040001, *range(0x01040002, 0x01040008)]
    farm = Farm(1)
    farm.receive(frame(BD))
    words = [farm.clcw()]
    for data in (
        encode_control(SetReceiver(0)),
        encode_control(Unlock()),
    ):  # the first is counted, not executed
        farm.receive(frame(BC, data))
        words.append(farm.clcw())
    farm.receive(frame(BC, encode_control(SetReceiver(1))))
    words.append(farm.clcw())
    for number in range(1, 7):
        farm.receive(frame(AD, sequence=number))
        words.append(farm.clcw())
    assert words == recorded


def test_set_v_r_can_be_forbidden() -> None:
    farm = Farm(set_v_r_allowed=False)
    farm.receive(frame(BC, encode_control(Unlock())))
    assert isinstance(farm.receive(frame(BC, encode_control(SetReceiver(9)))), Rejection)
    assert farm.v_r == 0
    assert farm.farm_b == 1
    assert farm.receive(frame(AD)) == b"data"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(TcFrameType),
            st.integers(0, 255),
            st.sampled_from([b"\x00", b"\x82\x00\x07", b"\x82", b"packet"]),
            st.booleans(),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_any_frames_in_any_order_keep_flags_and_state_together(arrivals) -> None:
    farm = Farm()
    for kind, sequence, data, room, release in arrivals:
        if release:
            farm.buffer_released()
        before = farm.v_r
        header = TcFrameHeader(kind, 42, 0, len(data) + 7, sequence)
        found = farm.receive(TcFrame(header, data), room=room)
        assert farm.lockout == (farm.state is FarmState.LOCKOUT)
        if farm.state is not FarmState.LOCKOUT:
            assert farm.wait == (farm.state is FarmState.WAIT)
        if kind is AD and isinstance(found, bytes):
            assert (sequence, room) == (before, True)
            assert farm.v_r == (before + 1) % 256
        elif kind is not BC:
            assert farm.v_r == before
        assert not isinstance(decode_clcw(farm.clcw()), Rejection)
