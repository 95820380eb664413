"""Protected telemetry at a ground with several stations."""

from __future__ import annotations

import pytest

from flight.wire import TmFrameConfig, TmFrameMaker, TmReceiver, VirtualChannel, append_crc, crc_ok
from flight.wire.packet import PacketType, encode_packet
from flight.wire.sdls import (
    Blocks,
    FollowingReceiver,
    KeyState,
    Refusal,
    SecurityRejection,
    Use,
    telemetry_rule,
)
from flight.wire.sdls.counter import FollowingCounter
from flight.wire.telemetry_link import STRICT_TM_MASK
from tests.flight.wire.sdls.ends import SPACECRAFT, TM_SPIS, End

CONFIG = TmFrameConfig(SPACECRAFT, 223)
GROUND_BLOCKS = Blocks(sending=1 << 16, receiving=None)
STRICT = telemetry_rule(frozenset({0, 1, 2}), mask=STRICT_TM_MASK)
PACKETS = [encode_packet(PacketType.TELEMETRY, 5, n, bytes([n]) * (40 + 37 * n % 200)) for n in range(24)]


class Pair:
    """A board that sends, a ground that follows."""

    def __init__(self, rule=None) -> None:
        rules = None if rule is None else (telemetry_rule(frozenset()), rule)
        self.board = End(Use.TELEMETRY, rules)
        self.ground = End(Use.TELECOMMAND, rules, blocks=GROUND_BLOCKS)
        self.maker = TmFrameMaker(CONFIG, self.board.sender, (0, 1, 2))
        assert not self.board.sender.ready(), "nothing is reserved before it is asked for"
        self.board.settle()
        self.station = self.new_station()

    def new_station(self, floors=None) -> FollowingReceiver:
        return FollowingReceiver(self.ground.rules[Use.TELEMETRY], self.ground.vault, floors or {})

    def frame(self, vc: int = 0, first_header: int = 0, clcw: int = 0x01000000) -> bytes:
        assert self.maker.ready(vc)
        return self.maker.make(vc, bytes([vc + 1]) * self.maker.zone_length(vc), first_header, clcw)

    def stream(self) -> list[bytes]:
        channel = VirtualChannel(self.maker.zone_length(0))
        for packet in PACKETS:
            channel.add(packet)
        frames = []
        while (zone := channel.take()) is not None:
            frames.append(self.maker.make(0, *zone, 0x01000000))
        return frames


@pytest.fixture
def pair() -> Pair:
    return Pair()


def refusal(found: bytes | SecurityRejection) -> Refusal:
    assert isinstance(found, SecurityRejection)
    return found.reason


def test_an_opened_frame_is_one_that_any_decoder_reads(pair: Pair) -> None:
    frames = pair.stream()
    assert not any(packet[6:26] in frame for packet in PACKETS for frame in frames), "encrypted"
    opened = [one for frame in frames if isinstance(one := pair.station.open(frame), bytes)]
    plain = TmReceiver(CONFIG)  # knows nothing of security
    found = [one.packet for frame in opened for one in plain.receive_frame(frame)]
    assert found == PACKETS
    for frame, made in zip(frames, opened, strict=True):
        assert len(made) == len(frame)
        assert crc_ok(made)
        assert made[7:21] == frame[6:20], "SPI and IV stand in the secondary header"
        assert made[-6:-2] == frame[-6:-2], "and the control word where it was"
    assert plain.counters.rejections.total() == plain.counters.lost_frames == 0


def test_each_frame_once_for_each_station(pair: Pair) -> None:
    frames = [pair.frame() for _ in range(4)]
    other = pair.new_station()
    assert all(isinstance(pair.station.open(frame), bytes) for frame in frames)
    assert refusal(pair.station.open(frames[3])) is Refusal.REPLAY
    assert refusal(pair.station.open(frames[0])) is Refusal.REPLAY
    assert refusal(other.open(frames[3])) is Refusal.REPLAY, "it begins where the ground stands"
    floors = {TM_SPIS[0]: 0}
    second = pair.new_station(floors)
    assert all(isinstance(second.open(frame), bytes) for frame in frames), "in sight since the contact began"
    assert refusal(second.open(frames[2])) is Refusal.REPLAY
    assert pair.station.counters.rejections[Refusal.REPLAY] == 2
    assert pair.station.counters.accepted == 4
    assert pair.station.counters.last_number == 3


def test_a_frame_in_the_clear_is_never_taken(pair: Pair) -> None:
    clear = TmFrameMaker(CONFIG)
    for vc in (0, 1, 2):
        frame = clear.make(vc, bytes(CONFIG.zone_length), 0, 0x01000000)
        assert refusal(pair.station.open(frame)) is Refusal.UNKNOWN_SPI
        pretending = clear.make(
            vc, TM_SPIS[0].to_bytes(2, "big") + bytes(CONFIG.zone_length - 2), 0, 0x01000000
        )
        assert refusal(pair.station.open(pretending)) is Refusal.MAC


def test_without_keys_nothing_is_taken(pair: Pair) -> None:
    pair.ground.disk = {}
    pair.ground.start()
    assert refusal(pair.new_station().open(pair.frame())) is Refusal.NO_KEYS


@pytest.mark.parametrize(("octet", "bit"), [(1, 0x01), (4, 0x80), (4, 0x40), (4, 0x20)])
def test_bits_that_yamcs_leaves_open_must_be_ours(pair: Pair, octet: int, bit: int) -> None:
    """Without control field, with a secondary header, synchronised data, packet order."""
    frame = bytearray(pair.frame()[:-2])
    frame[octet] ^= bit
    assert refusal(pair.station.open(append_crc(bytes(frame)))) is Refusal.MALFORMED


def altered_header(frame: bytes) -> bytes:
    """Its first packet is said to begin elsewhere."""
    return append_crc(frame[:5] + bytes([frame[5] ^ 8]) + frame[6:-2])


def test_the_strict_mask_covers_the_whole_header_and_that_of_yamcs_does_not(pair: Pair) -> None:
    assert isinstance(pair.station.open(altered_header(pair.frame())), bytes)
    strict = Pair(STRICT)
    frame = strict.frame()
    assert refusal(strict.station.open(altered_header(frame))) is Refusal.MAC
    assert isinstance(strict.station.open(frame), bytes), "a forged one uses no number up"


def test_no_mask_covers_the_control_word() -> None:
    strict = Pair(STRICT)
    frame = strict.frame()
    opened = strict.station.open(append_crc(frame[:-6] + b"\x01\0\0\x63"))
    assert isinstance(opened, bytes)


def test_after_a_restart_the_ground_goes_on_where_it_was(pair: Pair) -> None:
    frames = [pair.frame() for _ in range(5)]
    for frame in frames[:3]:
        pair.station.open(frame)
    pair.ground.settle()
    pair.ground.start()
    station = pair.new_station()
    assert refusal(station.open(frames[2])) is Refusal.REPLAY
    assert isinstance(station.open(frames[3]), bytes), "nothing is skipped: the board cannot know"


def test_a_reboot_on_board_skips_a_block_and_the_ground_follows(pair: Pair) -> None:
    pair.station.open(pair.frame())
    for _ in range(20):
        pair.board.start()
        pair.maker = TmFrameMaker(CONFIG, pair.board.sender, (0,))
        pair.board.sender.ready()
        pair.board.settle()
        assert isinstance(pair.station.open(pair.frame()), bytes)
    assert pair.station.counters.last_number == 20 << 32


def test_a_board_that_gave_its_key_up_is_heard_under_the_next(pair: Pair) -> None:
    pair.station.open(pair.frame())
    del pair.board.disk["sdls-counters"]
    pair.board.start()
    pair.board.settle()
    pair.board.sender.ready()
    pair.board.settle()
    pair.maker = TmFrameMaker(CONFIG, pair.board.sender, (0,))
    assert isinstance(pair.station.open(pair.frame()), bytes)
    assert pair.station.counters.last_spi == TM_SPIS[1]


def test_the_key_that_was_replaced_is_refused(pair: Pair) -> None:
    old = pair.frame()
    for end in (pair.board, pair.ground):
        assert end.vault.try_key(TM_SPIS[1], 10**9) is None
        end.settle()
    under_new = pair.frame()
    assert pair.board.sender.spi == TM_SPIS[1]
    assert isinstance(pair.station.open(under_new), bytes)
    assert pair.ground.vault.confirm_key(TM_SPIS[1]) is None
    pair.ground.settle()
    assert pair.ground.vault.associations[TM_SPIS[0]].state is KeyState.DEACTIVATED
    assert refusal(pair.station.open(old)) is Refusal.KEY_STATE


def test_what_is_written_never_runs_ahead() -> None:
    counter = FollowingCounter(7, 1 << 20)
    assert (counter.low, counter.ask()) == (False, 7)
    counter.pass_over(99)
    assert counter.low
    assert counter.ask() == 100
    counter.pass_over(150)
    counter.granted()
    assert (counter.reserved, counter.low) == (100, True)
