"""What is kept is bounded, whatever is in a recording; what is beyond is counted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from flight.wire import Reason, append_crc, encode_packet
from flight.wire.packet import PacketType
from ground.recording import tally as counting
from ground.recording.assembling import LONGEST_ANY_PACKET, Assembler
from ground.recording.packet_time import TimeCode, time_code
from ground.recording.tally import ChannelKey, Tally
from ground.recording.values import NAMES_MAX, WHY_NOT_MAX, Decoded, ValueTally

KEY = ChannelKey("", 1, 2)


def take(tally: Tally, *packets: bytes) -> None:
    for packet in packets:
        tally.take_packet(KEY, tally.packet_tallies(KEY), packet)


def pus(service: int, subtype: int, version: int = 2) -> bytes:
    body = bytes([version << 4, service, subtype]) + bytes(10)
    return append_crc(encode_packet(PacketType.TELEMETRY, 9, 0, body + b"\0\0")[:-2])


def test_channels_apids_and_kinds_beyond_are_counted_together(monkeypatch) -> None:
    monkeypatch.setattr(counting, "CHANNELS_MAX", 2)
    monkeypatch.setattr(counting, "APIDS_MAX", 3)
    monkeypatch.setattr(counting, "KINDS_MAX", 2)
    tally = Tally()
    assert tally.channel(ChannelKey("", 1, 0)) is not None
    assert tally.channel(ChannelKey("", 1, 1)) is not None
    assert tally.channel(ChannelKey("", 1, 2)) is None
    assert tally.channel(ChannelKey("", 1, 1)) is not None
    assert tally.beyond == 1
    take(tally, *(encode_packet(PacketType.TELEMETRY, apid, 0, b"abc") for apid in (1, 2, 3, 4, 1)))
    assert tally.beyond == 2
    assert [one.packets for one in tally.packets.values()] == [2, 1, 1]
    tally = Tally()
    take(tally, pus(1, 1), pus(1, 2), pus(1, 3), pus(1, 1), pus(5, 5, version=3))
    (one,) = tally.packets.values()
    assert one.kinds == {(2, 1, 1): 2, (2, 1, 2): 1}
    assert one.kinds_left_out == 1


def test_control_runs_beyond_are_counted(monkeypatch) -> None:
    monkeypatch.setattr(counting, "RUNS_MAX", 3)
    tally = Tally()
    for number in range(5):
        tally._take_control_word("", 0x01000000 | number)
    tally._take_control_word("", 0x01000004)
    assert [run.word & 0xFF for run in tally.control_runs] == [0, 1, 2]
    assert tally.control_runs_left_out == 2


def test_control_words_of_noise_keep_64_channels_open_at_most() -> None:
    tally = Tally()
    for number in range(10_000):
        tally._take_control_word("", number * 0x9E3779B1 & 0xFFFFFFFF)
    assert len(tally._control_open) <= 64


def test_a_packet_that_claims_too_much_is_refused_and_not_waited_for() -> None:
    rejections: Counter[Reason] = Counter()
    assembler = Assembler(rejections)
    claims = b"\xe3\0\0\0" + (LONGEST_ANY_PACKET + 1).to_bytes(4, "big")
    assert assembler.add(claims + bytes(50), 0, 0) == []
    assert rejections == {Reason.TOO_LONG: 1}
    assert assembler.add(claims[:4], 0, 0) == []
    assert assembler.add(claims[4:] + bytes(50), 0x7FF, 0) == []
    assert rejections == {Reason.TOO_LONG: 2}


def test_a_pointer_that_disagrees_with_a_length_is_believed() -> None:
    rejections: Counter[Reason] = Counter()
    assembler = Assembler(rejections)
    packet = encode_packet(PacketType.TELEMETRY, 9, 0, bytes(30))
    assert assembler.add(packet[:20], 0, 0) == []
    found = assembler.add(packet[20:30] + packet, 10, 100)
    assert [(one.place, one.octets) for one in found] == [(110, packet)]
    assert rejections == {Reason.FIRST_HEADER: 1}
    assert len(assembler.add(b"12345" + packet, 5, 0)) == 1  # nothing was under way that these five could end
    assert rejections == {Reason.FIRST_HEADER: 2}
    assert assembler.add(b"x" * 10, 0x7FF, 0) == []
    assert rejections == {Reason.FIRST_HEADER: 3}
    assert assembler.add(packet, len(packet), 0) == []
    assert rejections == {Reason.FIRST_HEADER: 4}
    assert assembler.add(packet[:20], 0, 0) == []
    assert assembler.add(packet[20:] + b"x", 0x7FF, 0) == []  # one more than the packet has
    assert rejections == {Reason.FIRST_HEADER: 5}


def test_a_count_that_goes_back_is_no_loss() -> None:
    tally = Tally()
    counts = [5, 6, 9, 2, 3, 16383, 0, 8191, 0]
    take(tally, *(encode_packet(PacketType.TELEMETRY, 7, count, b"abc") for count in counts))
    (one,) = tally.packets.values()
    assert (one.gaps, one.missing, one.backward) == (2, 2 + 8190, 3)


def test_names_and_reasons_of_values_are_bounded() -> None:
    values = ValueTally()
    for number in range(NAMES_MAX + 3):
        values.take(Decoded(f"packet {number}", {"value": number}, {}))
        values.take(f"reason {number}")
    assert len(values.names) == NAMES_MAX
    assert values.beyond == 3
    assert len(values.why_not) == WHY_NOT_MAX + 1
    assert values.why_not.total() == NAMES_MAX + 3


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "octets", "time_ns"),
    [
        ("cuc:4+3", "0000000A800000", 10_500_000_000),
        ("cuc:4+2", "0000000A8000", 10_500_000_000),
        ("cuc:1+0", "0A", 10_000_000_000),
        ("cds", "0001000003E80005", 86_401 * 10**9 + 5000),
    ],
)
def test_times_are_read_where_they_stand(text, octets, time_ns) -> None:
    packet = bytes(6) + bytes.fromhex(octets)
    assert time_code(text, 6, None).read(packet, pus=False) == time_ns
    assert time_code(text, 6, None).read(packet[:-1], pus=False) is None


def test_times_of_pus_packets_alone_unless_a_place_is_told() -> None:
    packet = bytes(13) + bytes.fromhex("0000000A800000")
    assert TimeCode().read(packet, pus=True) == 10_500_000_000
    assert TimeCode().read(packet, pus=False) is None


def test_times_in_words() -> None:
    assert TimeCode().words(10_500_000_000) == "10.500000 s"
    epoch = datetime(2000, 1, 1, 12, tzinfo=UTC)
    assert TimeCode(epoch=epoch).words(10_500_000_000) == "2000-01-01T12:00:10.500000Z"
    assert time_code("cds", None, None).words(86_400 * 10**9) == "1958-01-02T00:00:00.000000Z"
    assert TimeCode(epoch=epoch).words(10**21) == "1000000000000 s"


@pytest.mark.parametrize("text", ["cuc", "cuc:5+1", "cuc:4+4", "cuc:0+0", "CDS", " "])
def test_words_that_are_no_time_code(text) -> None:
    with pytest.raises(ValueError, match="expected cds or cuc"):
        time_code(text, None, None)
