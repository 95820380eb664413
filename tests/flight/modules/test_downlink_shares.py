"""The line down is dealt out by declared shares, then by priority; a table that cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import ChannelShare, DeclarationError, checked_shares
from flight.mission import EQUAL_SHARES, Mission
from flight.modules.downlink.shares import Shares
from flight.wire.coding import TmCoding

ENDLESS = 10**6
PARTS = [one.share for one in EQUAL_SHARES]


def flood(frames: int, steps: int, wanted: list[int]) -> list[float]:
    """What each channel gets of the line."""
    shares, given = Shares(PARTS), [0, 0, 0]
    for _ in range(steps):
        dealt = shares.deal(frames, wanted)
        assert sum(dealt) == frames
        assert min(dealt) >= 0
        assert max(shares.credit) <= 1.0, "nothing is saved up without end"
        given = [old + new for old, new in zip(given, dealt, strict=True)]
    return [one / (frames * steps) for one in given]


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 50, 1000])
def test_in_a_flood_of_everything_each_channel_has_its_share(frames: int) -> None:
    assert flood(frames, 1000, [ENDLESS] * 3) == pytest.approx([0.6, 0.2, 0.2], abs=0.002)


def test_what_a_channel_leaves_goes_to_the_more_important_of_the_others() -> None:
    assert Shares(PARTS).deal(50, [3, 100, 100]) == [3, 37, 10]
    assert Shares(PARTS).deal(50, [3, 0, 100]) == [3, 0, 47]
    assert Shares(PARTS).deal(50, [100, 0, 0]) == [50, 0, 0]
    assert Shares(PARTS).deal(0, [1, 1, 1]) == [0, 0, 0]


def test_files_flow_while_playback_never_ends() -> None:
    assert flood(5, 1000, [1, ENDLESS, ENDLESS]) == pytest.approx([0.2, 0.6, 0.2], abs=0.002)


def test_nothing_is_saved_up_while_a_channel_has_nothing_to_send() -> None:
    shares = Shares(PARTS)
    for _ in range(1000):
        shares.deal(5, [5, 0, 5])
    assert shares.deal(5, [5, 5, 5])[1] == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.tuples(*[st.integers(0, 80)] * 3)),
        min_size=1,
        max_size=30,
    )
)
def test_the_line_is_never_overfilled_and_never_idle_with_frames_waiting(steps) -> None:
    shares = Shares(PARTS)
    for frames, wanted in steps:
        dealt = shares.deal(frames, wanted)
        assert sum(dealt) == min(frames, sum(wanted))
        assert all(0 <= one <= want for one, want in zip(dealt, wanted, strict=True))


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ([(0, 0.5), (1, 0.5)], "not 0, 1, 2"),
        ([(1, 0.5), (0, 0.3), (2, 0.2)], "not 0, 1, 2"),
        ([(0, 0.6), (1, 0.3), (2, 0.3)], "make 1.2"),
        ([(0, 0.6), (1, 0.1), (2, 0.1)], "make 0.8"),
        ([(0, 1.2), (1, -0.1), (2, -0.1)], "lies in 0 to 1"),
        ([(0, 0.0), (1, 0.5), (2, 0.5)], "channel 0 has one"),
        ([(0, float("nan")), (1, 0.5), (2, 0.5)], "lies in 0 to 1"),
    ],
)
def test_a_table_that_cannot_be_is_refused_in_one_line(table, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint) as caught:
        checked_shares([ChannelShare(*row) for row in table])
    assert "\n" not in str(caught.value)


def test_a_mission_checks_its_tables(tmp_path: Path) -> None:
    mission = Mission("bare", 42, (), (), (), (), tmp_path)
    with pytest.raises(DeclarationError):
        replace(mission, shares=EQUAL_SHARES[:2])
    with pytest.raises(ValueError, match="error control"):
        replace(mission, coding=TmCoding(223, 1, error_control=False))
    assert replace(mission, coding=TmCoding(1115, 5)).frame_length == 1115
