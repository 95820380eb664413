"""What a receiver takes, what it refuses and why, and that refusals change nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import append_crc
from flight.wire.sdls import (
    HELD_MAX,
    KEYS_NAME,
    LONGEST_SECURED_DATA,
    NUMBER_LIMIT,
    KeySlot,
    KeyState,
    Protection,
    Refusal,
    Use,
    Verified,
    pack_keys,
    strict_mask,
    telecommand_rule,
    telemetry_rule,
    unpack_keys,
)
from flight.wire.sdls.layout import TC_WINDOW
from flight.wire.tc_frame import LONGEST_TC_FRAME
from tests.flight.wire.sdls.ends import SECOND, End, key

OCTETS = 5 + 14 + 3 + 16 + 2  # of a frame with three octets of data


def reason(end: End, frame: bytes) -> Refusal:
    before = end.receiver.counters.rejections.copy()
    answer = end.receive(frame)
    after = end.receiver.counters.rejections
    assert after[answer.reason] == before[answer.reason] + 1
    assert sum(after.values()) == sum(before.values()) + 1
    return answer.reason


def altered(frame: bytes, at: int, bits: int) -> bytes:
    changed = bytearray(frame)
    changed[at] ^= bits
    return append_crc(bytes(changed[:-2]))


def test_a_command_goes_through(ground, board):
    assert board.receive(ground.telecommand(b"abc")) == [b"abc"]
    counters = board.receiver.counters
    assert (counters.verified, counters.accepted, counters.last_spi, counters.last_number) == (1, 1, 1, 0)


def test_the_prefix_comes_along():
    rules = (telecommand_rule(frozenset({0}), segment_header=True), telemetry_rule(frozenset()))
    ground, board = End(Use.TELECOMMAND, rules), End(Use.TELEMETRY, rules)
    verified = board.receiver.verify(ground.telecommand(b"abc", segment_header=0xC5))
    assert isinstance(verified, Verified)
    assert verified.prefix[5:] == b"\xc5"
    assert verified.data == b"abc"
    changed = altered(ground.telecommand(b"abc", segment_header=0xC5), 5, 1)
    assert reason(board, changed) is Refusal.MAC  # the segment header is authenticated


def test_twice_is_refused_now_and_after_a_reboot(ground, board):
    frame = ground.telecommand(b"abc")
    assert board.receive(frame) == [b"abc"]
    assert reason(board, frame) is Refusal.REPLAY
    board.start()
    assert reason(board, frame) is Refusal.REPLAY


def test_an_older_one_is_refused_and_a_gap_is_not(ground, board):
    frames = [ground.telecommand(b"%d" % index) for index in range(9)]
    assert board.receive(frames[0]) == [b"0"]
    assert board.receive(frames[7]) == [b"7"]
    assert reason(board, frames[3]) is Refusal.REPLAY
    assert board.receive(frames[8]) == [b"8"]


def test_every_bit_of_data_and_code_is_authenticated(ground, board):
    frame = ground.telecommand(b"abc")
    for at in range(5 + 14, OCTETS - 2):
        for bit in range(8):
            assert reason(board, altered(frame, at, 1 << bit)) is Refusal.MAC
    assert board.receive(frame) == [b"abc"]


def test_every_bit_of_the_security_header_matters(ground, board):
    frame = ground.telecommand(b"abc")
    expected = {Refusal.UNKNOWN_SPI, Refusal.KEY_STATE, Refusal.WINDOW, Refusal.MAC}
    for at in range(5, 5 + 14):
        for bit in range(8):
            assert reason(board, altered(frame, at, 1 << bit)) in expected
    assert board.receive(frame) == [b"abc"]


def test_the_strict_mask_covers_every_bit_of_the_header():
    rules = (telecommand_rule(frozenset(range(64)), mask=strict_mask(5)), telemetry_rule(frozenset()))
    ground, board = End(Use.TELECOMMAND, rules), End(Use.TELEMETRY, rules)
    frame = ground.telecommand(b"abc")
    for at in range(5):
        for bit in range(8):
            assert reason(board, altered(frame, at, 1 << bit)) is Refusal.MAC
    assert board.receive(frame) == [b"abc"]


def test_the_mask_of_yamcs_covers_the_virtual_channel_and_not_the_sequence_number(ground, board):
    frame = ground.telecommand(b"abc")
    assert reason(board, altered(frame, 2, 1 << 2)) is Refusal.MAC  # channel 1, which is served
    assert board.receive(altered(frame, 4, 1)) == [b"abc"]


def test_wrong_channel(ground, board):
    assert reason(board, ground.telecommand(b"abc", vc=5)) is Refusal.CHANNEL


def test_telemetry_is_no_telecommand(board, ground):
    """The board's own frames, sent back to it: another direction, another key."""
    board.settle()
    prefix = ground.telecommand(b"abc")[:5]
    board.sender._prefix_length, board.sender._mask = 5, board.receiver._mask
    board.sender._additional_length = 19
    assert board.sender.apply(prefix, b"abc") is None
    board.settle()
    field = board.sender.apply(prefix, b"abc")
    assert reason(board, append_crc(prefix + field)) is Refusal.UNKNOWN_SPI


def test_window(ground, board):
    assert board.receive(ground.telecommand(b"0")) == [b"0"]
    counter = ground.vault.associations[1].counter
    counter.next = 1 + TC_WINDOW
    too_far = ground.telecommand(b"far")
    counter.next = TC_WINDOW
    just = ground.telecommand(b"just")
    assert reason(board, too_far) is Refusal.WINDOW
    assert board.receive(just) == [b"just"]


def test_the_last_number_is_never_taken(ground, board):
    board.vault.associations[1].counter.next = NUMBER_LIMIT - 2
    counter = ground.vault.associations[1].counter
    counter.next = NUMBER_LIMIT - 2
    frames = [ground.telecommand(b"x") for _ in range(2)]
    assert counter.next == NUMBER_LIMIT
    assert [board.receive(frame) for frame in frames] == [[b"x"], [b"x"]]
    ground.settle()
    assert ground.sender.apply(frames[0][:5], b"x") is None
    # Made by hand, for our own sender refuses.
    spi = frames[0][5:7]
    forged = append_crc(frames[0][:5] + spi + b"\xff" * 12 + frames[0][19:-2])
    assert reason(board, forged) is Refusal.WINDOW


def test_keys_that_are_not_active(ground, board):
    ground.disk[KEYS_NAME] = pack_keys([KeySlot(2, Use.TELECOMMAND, KeyState.ACTIVE, True, key(2))])
    ground.start()
    frame = ground.telecommand(b"abc")
    assert reason(board, frame) is Refusal.KEY_STATE
    for directive in ("withdraw_key", "destroy_key"):
        assert getattr(board.vault, directive)(2) is None
        board.settle()
        assert (board.vault.associations[2].key == b"") == (directive == "destroy_key")
        assert reason(board, frame) is Refusal.KEY_STATE
        board.start()
        assert reason(board, frame) is Refusal.KEY_STATE
    assert board.vault.associations[2].key == b""
    assert key(2) not in board.disk[KEYS_NAME]


def test_no_keys_means_no_commands(ground):
    board = End(Use.TELEMETRY, disk={})
    frame = ground.telecommand(b"abc")
    assert reason(board, frame) is Refusal.NO_KEYS
    assert reason(board, append_crc(frame[:5] + b"an unprotected command, of some length")) is Refusal.NO_KEYS
    assert board.sender.apply(bytes(6), b"zone") is None
    assert board.sender.counters.no_key == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 8, b"SKYKEYS1", None])
def test_damaged_keys_mean_no_commands(ground, damage):
    board = End(Use.TELEMETRY)
    whole = board.disk[KEYS_NAME]
    board.disk[KEYS_NAME] = whole[:40] + b"\xff" + whole[41:] if damage is None else damage
    board.start()
    assert board.resumed.keys == 0
    assert reason(board, ground.telecommand(b"abc")) is Refusal.NO_KEYS


def test_no_bytes_reach_through_a_protected_link_in_the_clear(board, ground):
    """Downgrade: a frame without security, and one with reserved or zero SPI."""
    header = ground.telecommand(b"abc")[:5]
    for data in (
        b"x",
        b"\0" * 40,
        b"\xff" * 40,
        b"\x18\x00\xc0\x00\x00\x05 a plain telecommand packet, unprotected",
    ):
        answer = board.receive(append_crc(header + data))
        assert answer.reason in {Refusal.MALFORMED, Refusal.UNKNOWN_SPI}
    assert board.receiver.counters.accepted == 0


def test_clear_only_where_the_table_says_so(ground):
    rules = (
        telecommand_rule(frozenset({0}), protection=Protection.CLEAR),
        telemetry_rule(frozenset({0}), protection=Protection.CLEAR),
    )
    board, plain = End(Use.TELEMETRY, rules), End(Use.TELECOMMAND, rules)
    frame = plain.telecommand(b"abc")
    assert len(frame) == 5 + 3 + 2
    assert board.receive(frame) == [b"abc"]
    assert board.receive(frame) == [b"abc"]  # as it is without security
    assert board.sender.apply(bytes(6), b"zone") == b"zone"
    assert (board.sender.overhead, board.sender.spi) == (0, 0)
    assert reason(board, frame[:5] + frame[-2:]) is Refusal.MALFORMED
    assert reason(board, plain.telecommand(b"abc", vc=3)) is Refusal.CHANNEL


@given(st.binary(max_size=1100))
def test_any_bytes_give_a_rejection(data):
    board = End(Use.TELEMETRY)
    assert isinstance(board.receive(data).reason, Refusal)
    assert not board.vault.due(0)


@given(st.binary(max_size=200), st.sampled_from([1, 2, 257]), st.integers(0, 1 << 33))
def test_any_bytes_under_a_true_header_give_a_rejection(data, spi, number):
    board = End(Use.TELEMETRY)
    frame = bytes([0x20, 73, 0, 0, 0]) + spi.to_bytes(2, "big") + number.to_bytes(12, "big") + data
    assert board.receive(append_crc(frame)).reason is not None
    assert not board.vault.due(0), "a forged frame caused a write"


@given(st.binary(max_size=400))
def test_any_bytes_are_keys_or_none(data):
    assert unpack_keys(data) is None


def test_a_flood_costs_no_memory_and_no_write_and_the_true_one_comes_through(ground, board):
    true = ground.telecommand(b"abc")
    forged = [altered(true, 19 + index % 3, 1 << index % 8) for index in range(24)]
    for _ in range(50):
        for frame in forged:
            assert board.receiver.verify(frame).reason is Refusal.MAC
    assert not board.vault.due(0)
    assert not board.receiver._held
    assert board.receive(true) == [b"abc"]


def test_a_forged_frame_costs_the_same_few_calls_whatever_its_length(ground, board, calls_of):
    board.receiver.verify(ground.telecommand(b"abc"))  # loads the library
    costs = set()
    for length in (3, 300, 987):
        frame = altered(ground.telecommand(bytes(length)), 20, 1)
        assert board.receiver.verify(frame).reason is Refusal.MAC
        costs.add(calls_of(lambda frame=frame: board.receiver.verify(frame)))
    assert len(costs) == 1
    assert costs.pop() < 30


def test_frames_wait_for_the_disk_in_order_and_no_longer_than_ten_seconds(ground, board):
    frames = [ground.telecommand(b"%d" % index) for index in range(3)]
    for frame in frames:
        assert board.accept(frame) is None
    assert board.receiver.take(0) == []
    board.settle()
    assert [one.data for one in board.receiver.take(0)] == [b"0", b"1", b"2"]
    board.start()
    late = ground.telecommand(b"late")
    board.vault.associations[1].counter.next = board.vault.associations[1].counter.reserved
    ground.vault.associations[1].counter.next = board.vault.associations[1].counter.next
    late = ground.telecommand(b"late")
    assert board.accept(late) is None
    assert board.receiver.take(10 * SECOND - 1) == []
    assert board.receiver.counters.rejections[Refusal.NOT_KEPT] == 0
    assert board.receiver.take(10 * SECOND) == []
    assert board.receiver.counters.rejections[Refusal.NOT_KEPT] == 1
    board.settle()
    assert board.receiver.take(10 * SECOND) == []
    assert reason(board, late) is Refusal.REPLAY


def test_more_than_can_wait_is_refused_and_may_come_again(ground, board):
    frames = [ground.telecommand(b"%d" % index) for index in range(HELD_MAX + 1)]
    for frame in frames[:-1]:
        assert not board.receiver.full
        assert board.accept(frame) is None
    assert board.receiver.full
    assert board.accept(frames[-1]).reason is Refusal.HELD
    board.settle()
    assert len(board.receiver.take(0)) == HELD_MAX
    assert board.receive(frames[-1]) == [b"%d" % HELD_MAX]


def test_verified_twice_is_accepted_once(ground, board):
    frame = ground.telecommand(b"abc")
    first, second = board.receiver.verify(frame), board.receiver.verify(frame)
    assert isinstance(second, Verified)
    assert board.receiver.accept(first, 0) is None
    assert board.receiver.accept(second, 0).reason is Refusal.REPLAY
    board.settle()
    assert len(board.receiver.take(0)) == 1


def test_what_farm_discards_may_come_again(ground, board):
    frame = ground.telecommand(b"abc")
    assert isinstance(board.receiver.verify(frame), Verified)
    assert board.receive(frame) == [b"abc"]


def test_a_rule_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="mask of 18 octets"):
        telecommand_rule(frozenset({0}), mask=bytes(18))
    with pytest.raises(ValueError, match="mask of 19 octets"):
        telemetry_rule(frozenset({0}), mask=bytes(19))
    with pytest.raises(ValueError, match="window 0"):
        telecommand_rule(frozenset({0}), window=0)


def test_the_library_is_not_loaded_in_the_clear():
    program = """
import sys
from flight.wire.sdls import Protection, Receiver, Vault, telecommand_rule
rule = telecommand_rule(frozenset({0}), protection=Protection.CLEAR)
assert Receiver(rule, Vault()).verify(bytes(5) + b"abc" + bytes(2)).data == b"abc"
print("cryptography" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_longest_secured_frame_is_as_long_as_any(ground, board):
    frame = ground.telecommand(bytes(LONGEST_SECURED_DATA))
    assert len(frame) == LONGEST_TC_FRAME
    assert board.receive(frame) == [bytes(LONGEST_SECURED_DATA)]
