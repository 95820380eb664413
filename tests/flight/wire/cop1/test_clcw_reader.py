"""Only good frames of ours, and none that was overtaken, say something about commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import TmFrameConfig, TmFrameMaker
from flight.wire.cop1 import ClcwReader

CONFIG = TmFrameConfig(42, 64)


def frames(number: int, config: TmFrameConfig = CONFIG) -> list[bytes]:
    """With the control words 0, 1, 2..., on two virtual channels in turn."""
    maker = TmFrameMaker(config)
    return [maker.make(word % 2, bytes(config.zone_length), 0x7FE, word) for word in range(number)]


def test_each_word_in_order_also_when_the_count_wraps() -> None:
    reader = ClcwReader(CONFIG)
    assert reader.read(frames(600)) == list(range(600))
    assert not reader.overtaken


@given(st.integers(0, 64 * 8 - 1))
def test_a_damaged_frame_says_nothing(bit: int) -> None:
    reader = ClcwReader(CONFIG)
    frame = bytearray(frames(8)[7])
    frame[bit // 8] ^= 1 << bit % 8
    assert reader.read([bytes(frame)]) == []
    assert reader.damaged == 1


@given(st.binary(max_size=80))
def test_any_bytes_are_taken(data: bytes) -> None:
    assert isinstance(ClcwReader(CONFIG).read([data]), list)


def test_frames_without_error_control_and_of_others_say_nothing() -> None:
    cut = TmFrameConfig(42, 62, error_control=False)
    assert ClcwReader(cut).read([frame[:-2] for frame in frames(3)]) == []
    assert ClcwReader(TmFrameConfig(42, 64, error_control=False)).read(frames(3)) == []
    assert ClcwReader(CONFIG).read(frames(3, TmFrameConfig(43, 64))) == []
    assert ClcwReader(CONFIG).read([frame + b"\0" for frame in frames(3)]) == []


def test_overtaken_frames_are_left_out_and_gaps_are_not() -> None:
    reader = ClcwReader(CONFIG, overtaken_most=10)
    made = frames(400)
    order = [0, 5, 3, 5, 4, 6, 200, 190, 201]
    assert reader.read([made[index] for index in order]) == [0, 5, 5, 6, 200, 201]
    assert reader.overtaken == 3
    assert ClcwReader(CONFIG, 0).read([made[index] for index in order]) == order


def test_a_reboot_costs_no_more_words_than_the_bound() -> None:
    """Counts start at 0 again: whatever the last one was, words come after `overtaken_most` frames at the latest."""
    made = frames(300)
    for last in range(256):
        reader = ClcwReader(CONFIG, overtaken_most=10)
        reader.read([made[last]])
        assert len(reader.read(made[:20])) >= 10
