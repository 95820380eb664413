# mypy: disable-error-code="union-attr, attr-defined"
"""Frames and packets of our own making, whole and damaged, in any layout."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flight.wire import (
    FrameKind,
    FrameLayout,
    PacketType,
    Reason,
    append_crc,
    encode_encapsulation,
    encode_packet,
)
from flight.wire.coding import TmRandomisation
from ground.recording.layout import Form, Layout
from ground.recording.recording import Recording
from ground.recording.walking import WINDOW, PacketWalk
from tests.ground.recording.made import LAYOUTS, TM, recorded, space_packets, tm_frames


class Kept:
    """A listener that keeps everything."""

    def __init__(self) -> None:
        self.frames: list[tuple] = []
        self.packets: list[tuple[int, bytes]] = []

    def frame(self, number, frame, found, lost, heard_ns) -> None:
        self.frames.append((number, frame, found, lost))

    def packet(self, channel, packet, crc_ok, heard_ns) -> None:
        self.packets.append((packet.place, packet.octets))


def read(layout: Layout, data: bytes, piece: int = 0) -> tuple[Recording, Kept]:
    kept = Kept()
    recording = Recording(layout, kept)
    step = piece or len(data) or 1
    for at in range(0, len(data), step):
        recording.receive(data[at : at + step])
    recording.finish()
    return recording, kept


def without_idle(packets) -> list[bytes]:
    return [octets for _, octets in packets if octets[:2] != b"\x07\xff"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=Layout.words)
@pytest.mark.parametrize("piece", [0, 37])
def test_what_was_framed_comes_out_in_any_layout(layout, piece) -> None:
    packets = space_packets(60)
    data = recorded(layout, packets)
    recording, kept = read(layout, data, piece)
    assert without_idle(kept.packets) == packets
    assert not recording.rejections
    assert recording.tally.octets == len(data)
    assert recording.skipped_octets == recording.left_over == 0
    assert sum(one.gaps for one in recording.tally.channels.values()) == 0


@pytest.mark.parametrize("layout", [one for one in LAYOUTS if not one.coded], ids=Layout.words)
def test_places_are_those_in_the_file(layout) -> None:
    packets = space_packets(40)
    data = b"console text" * layout.marker + recorded(layout, packets)
    _, kept = read(layout, data, 50)
    for _, frame, _, _ in kept.frames:
        assert data[frame.place : frame.place + 120] == frame.octets
    inside = 0
    for place, octets in kept.packets:
        inside += data[place : place + len(octets)] == octets  # those that no frame boundary cuts
        assert data[place : place + 2] == octets[:2] or place % 120 > 110 or layout.marker
    assert inside > 10


def test_bare_packets_places_and_counts() -> None:
    packets = space_packets(50)
    recording, kept = read(Layout(Form.PACKETS), b"".join(packets), 11)
    assert [octets for _, octets in kept.packets] == packets
    assert [place for place, _ in kept.packets] == [len(b"".join(packets[:at])) for at in range(50)]
    assert sum(one.crc_ok for one in recording.tally.packets.values()) == 50


def test_frames_lost_repeated_and_damaged_are_counted_by_channel() -> None:
    frames = tm_frames(space_packets(60), TM)
    bad = bytearray(frames[5])
    bad[50] ^= 1
    data = b"".join([*frames[:2], frames[1], *frames[4:5], bytes(bad), *frames[6:]])
    recording, kept = read(Layout(Form.TM, TM), data)
    (channel,) = recording.tally.channels.values()
    (master,) = recording.tally.masters.values()
    assert channel.repeated_frames == 1
    assert (channel.gaps, channel.lost_frames) == (2, 3)
    assert (master.gaps, master.lost_frames) == (2, 3)
    assert recording.rejections[Reason.CHECKSUM] == 1
    assert recording.rejections[Reason.PACKET_LOST] == 2
    found = without_idle(kept.packets)
    assert set(found) <= set(space_packets(60))
    assert len(found) == len(set(found)), "what came twice was taken once"
    assert [lost for *_, lost in kept.frames if lost] == [2, 1]


def test_frames_of_another_spacecraft_are_refused_if_one_is_named() -> None:
    ours, theirs = tm_frames(space_packets(20), TM), tm_frames(space_packets(20), TM, spacecraft_id=78)
    mixed = b"".join(one for pair in zip(ours, theirs, strict=True) for one in pair)
    recording, kept = read(Layout(Form.TM, TM, spacecraft_id=77), mixed)
    assert without_idle(kept.packets) == space_packets(20)
    assert recording.rejections == {Reason.SPACECRAFT: len(theirs)}
    recording, _ = read(Layout(Form.TM, TM), mixed)
    assert [(key.spacecraft_id, one.gaps) for key, one in sorted(recording.tally.channels.items())] == [
        (77, 0),
        (78, 0),
    ]


def test_secondary_headers_and_security_fields_are_passed_over() -> None:
    packets = space_packets(30)
    frames = tm_frames(packets, FrameLayout(FrameKind.TM, 140), secondary=b"\x07abcdefg")
    recording, kept = read(Layout(Form.TM, FrameLayout(FrameKind.TM, 140)), b"".join(frames))
    assert without_idle(kept.packets) == packets
    (channel,) = recording.tally.channels.values()
    assert channel.secondary_headers == len(frames)
    guarded = FrameLayout(FrameKind.TM, 140, security_header=8)
    frames = tm_frames(packets, FrameLayout(FrameKind.TM, 140), secondary=b"\x3fabcdefg")
    plain = [bytes([*one[:4], one[4] & 0x7F, *one[5:-2]]) for one in frames]
    layout = FrameLayout(FrameKind.TM, 138, error_control=False, security_header=8)
    _, kept = read(Layout(Form.TM, layout), b"".join(plain))
    assert guarded.shortest == layout.shortest + 2
    assert without_idle(kept.packets) == packets


def test_encapsulation_packets_stand_beside_space_packets() -> None:
    space = space_packets(10)
    mixed = []
    for number, packet in enumerate(space):
        mixed += [packet, encode_encapsulation(2, b"ip" * number), encode_encapsulation(0, b"")]
    recording, kept = read(Layout(Form.TM, TM), b"".join(tm_frames(mixed, TM)))
    assert without_idle(kept.packets) == mixed
    assert not recording.rejections
    by_key = {(key.version, key.apid): one.packets for key, one in recording.tally.packets.items()}
    assert by_key[7, 2] == 10
    assert by_key[7, 0] == 10


def test_control_words_are_kept_as_a_history_by_command_channel() -> None:
    frames = []
    for number, frame in enumerate(
        tm_frames(space_packets(60), FrameLayout(FrameKind.TM, 118, error_control=False))
    ):
        word = 0x01040000 | (number // 10 if number % 2 else 0x80000)
        frames.append(frame[:-4] + word.to_bytes(4, "big"))
    recording, _ = read(
        Layout(Form.TM, FrameLayout(FrameKind.TM, 118, error_control=False)), b"".join(frames)
    )
    runs = [(run.word & 0xFFFFF, run.frames) for run in recording.tally.control_runs]
    total = len(frames)
    assert runs[0] == (0xC0000, (total + 1) // 2)
    assert [word & 0xFF for word, _ in runs[1:]] == list(range((total - 1) // 10 + 1))
    assert sum(frames for _, frames in runs) == total


# ---------------------------------------------------------------- damage


def test_codeblocks_beyond_mending_are_counted_where_no_marker_is() -> None:
    layout = Layout(Form.TM, TM, interleave=1, randomisation=TmRandomisation.SHORT)
    data = bytearray(recorded(layout, space_packets(40)))
    block = layout.coding.block_length
    data[2 * block : 2 * block + 40] = bytes(40)
    data[4 * block + 3] ^= 0xFF
    recording, kept = read(layout, bytes(data))
    assert recording.rejections[Reason.CHECKSUM] == 1
    assert (recording.link.corrected_frames, recording.link.corrected_symbols) == (1, 1)
    assert len(kept.frames) == len(data) // block - 1
    assert [frame.place for _, frame, _, _ in kept.frames[:3]] == [0, block, 3 * block]


def test_places_stand_where_a_mended_block_ran_into_the_next_marker() -> None:
    """An octet is lost in the parity: Reed-Solomon mends it, and has read the head of the next marker instead."""
    layout = Layout(Form.TM, TM, marker=True, interleave=1)
    data = bytearray(recorded(layout, space_packets(40)))
    cadu = layout.coding.cadu_length
    for lost in (9, 5, 2):
        del data[lost * cadu - 1]
    recording, kept = read(layout, bytes(data), 1000)
    assert recording.link.corrected_frames == 3
    assert len(kept.frames) == (len(data) + 3) // cadu
    for _, frame, _, _ in kept.frames:
        assert data[frame.place : frame.place + 120] == frame.octets


def test_packets_behind_damage_are_found_again() -> None:
    packets = space_packets(300)
    data = bytearray(b"".join(packets))
    starts = [len(b"".join(packets[:at])) for at in range(300)]
    for victim in (50, 120, 200):
        data[starts[victim] + 4] ^= 0xFF  # its length
    data[starts[250] : starts[250]] = b"log line in between\n"
    recording, kept = read(Layout(Form.PACKETS), bytes(data), 100)
    whole = [octets for _, octets in kept.packets if octets in set(packets)]
    assert len(whole) >= 290
    assert recording.skipped_octets > 0
    assert sum(recording.rejections.values()) >= 3


def test_a_length_that_reaches_into_the_next_packet_costs_that_packet_alone() -> None:
    """Without checksums: what tells is a header seen before, inside, that leads on."""
    packets = [
        encode_packet(PacketType.TELEMETRY, 5, count, b"\xe7" * (20 + count % 7)) for count in range(60)
    ]
    spoilt = bytearray(packets[30])
    spoilt[5] += 20
    data = b"".join([*packets[:30], spoilt, *packets[31:]])
    _, kept = read(Layout(Form.PACKETS), data, 500)
    assert [octets for _, octets in kept.packets] == [*packets[:30], *packets[31:]]


def test_a_packet_with_a_good_checksum_is_believed_whatever_follows_and_is_in_it() -> None:
    packets = space_packets(30)
    body = packets[3] + packets[4] + packets[5] + b"\0\0"
    outer = append_crc(encode_packet(PacketType.TELEMETRY, 100, 7, body)[:-2])
    data = b"".join([*packets, outer, b"\xff log \xff", *packets])
    _, kept = read(Layout(Form.PACKETS), data)
    assert [octets for _, octets in kept.packets] == [*packets, outer, *packets]


@pytest.mark.parametrize("length", range(WINDOW - 2, WINDOW + 5))
def test_no_octet_is_left_out_where_the_search_goes_on(length) -> None:
    packets = space_packets(30)
    recording, kept = read(Layout(Form.PACKETS), b"".join(packets) + b"\x55" * length + b"".join(packets[:2]))
    assert [octets for _, octets in kept.packets] == [*packets, *packets[:2]]
    assert recording.skipped_octets == length


def test_a_new_apid_is_believed_when_lengths_lead_on() -> None:
    packets = [*space_packets(40, (1, 2)), *space_packets(40, (3,)), *space_packets(6, (4, 5, 6, 7, 8, 9))]
    recording, kept = read(Layout(Form.PACKETS), b"".join(packets), 64)
    assert [octets for _, octets in kept.packets] == packets
    assert not recording.rejections


def test_a_file_cut_in_a_packet_or_a_frame_says_what_is_left_over() -> None:
    packets = b"".join(space_packets(30))
    recording, kept = read(Layout(Form.PACKETS), packets[:-1])
    assert len(kept.packets) == 29
    assert recording.left_over == len(space_packets(30)[-1]) - 1
    frames = b"".join(tm_frames(space_packets(30), TM))
    recording, _ = read(Layout(Form.TM, TM), frames[:-1])
    assert recording.left_over == 119


LAYOUT_CHOICES = st.sampled_from([*LAYOUTS, Layout(Form.PACKETS)])


@given(LAYOUT_CHOICES, st.binary(max_size=2000), st.integers(1, 700))
@example(Layout(Form.PACKETS), b"\xe1\x01" * 40, 3)
@example(Layout(Form.PACKETS), bytes(200), 7)
def test_any_octets_give_counts_and_never_an_exception(layout, data, piece) -> None:
    recording, _ = read(layout, data, piece)
    assert recording.tally.octets == len(data)
    assert recording.left_over <= len(data)


@given(LAYOUT_CHOICES, st.data())
@settings(max_examples=60)
def test_spoilt_recordings_give_true_packets_and_counts(layout, data) -> None:
    packets = space_packets(60)
    octets = bytearray(b"".join(packets) if layout.form is Form.PACKETS else recorded(layout, packets))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(octets) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "add"]))
        if what == "flip":
            octets[at] ^= data.draw(st.integers(1, 255))
        elif what == "cut":
            del octets[at : at + data.draw(st.integers(1, 40))]
        else:
            octets[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    recording, kept = read(layout, bytes(octets), data.draw(st.integers(1, 3000)))
    assert recording.tally.octets == len(octets)
    if layout.frames and layout.frames.error_control and layout.marker:
        assert set(without_idle(kept.packets)) <= set(packets)


@pytest.mark.parametrize("data", ["noise", "zeros", "known", "markers"])
def test_cost_is_linear(data) -> None:
    """Steps of the walk over hostile octets: twice the octets, at most 2.5 times the calls."""
    noise = random.Random(5)
    known = b"".join(space_packets(20))
    made = {
        "noise": lambda size: known + noise.randbytes(size),
        "zeros": bytes,
        "known": lambda size: known + known[:1] * size,
        "markers": lambda size: (b"\x1a\xcf\xfc\x1d" * size)[:size],
    }[data]
    layout = LAYOUTS[2] if data == "markers" else Layout(Form.PACKETS)
    calls = [work(layout, made(size)) for size in (40_000, 80_000)]
    assert calls[1] < 2.5 * calls[0]


def work(layout: Layout, data: bytes) -> int:
    import sys

    calls = 0

    def count(frame, event, argument) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read(layout, data, 10_000)
    finally:
        sys.setprofile(before)
    return calls


def test_a_walk_holds_little_whatever_comes() -> None:
    walk = PacketWalk()
    noise = random.Random(9)
    walk.receive(b"".join(space_packets(20)))
    for _ in range(50):
        walk.receive(noise.randbytes(20_000))
        assert walk.held <= 5 * 65_542
