# mypy: disable-error-code="import-untyped, union-attr"
"""Other people's spacecraft: recorded frames and packets, with the counts in ../shared/vectors/expected.json."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from spacepackets.ecss.tm import PusTm

from flight.wire import (
    SYNC_MARKER,
    Clcw,
    FrameSync,
    PacketType,
    Reason,
    TmFrameConfig,
    TmPacket,
    TmReceiver,
    append_crc,
    attach_sync_marker,
    crc_ok,
    decode_clcw,
    decode_cuc,
    decode_header,
    decode_tc,
    decode_tm,
    encode_packet,
    encode_tm,
    idle_packet,
    split_packets,
)
from flight.wire.definitions import tm_frame_header

pytestmark = pytest.mark.peer

HERA = "hera_tm_1113_20241007_162420.u8"
STEREO = "stereo_a_tm_1115_20220924_1035.raw"
STEREO_SHORT = "stereo_a_tm_1115_20220924_0710.raw"
DART = "dart_tm_1113_20211124.u8"
SPACECRAFT = {HERA: 181, STEREO: 234, STEREO_SHORT: 234, DART: 318}
HAVE_CHECKSUMS = {STEREO, STEREO_SHORT}


def receive(name: str, frames: list[bytes]) -> tuple[TmReceiver, list[tuple[int, bytes]]]:
    config = TmFrameConfig(SPACECRAFT[name], len(frames[0]), error_control=name in HAVE_CHECKSUMS)
    receiver = TmReceiver(config)
    return receiver, [found for frame in frames for found in receiver.receive_frame(frame)]


def packets_in(path: Path) -> list[bytes]:
    parts = list(split_packets(path.read_bytes()))
    packets = [part for part in parts if isinstance(part, bytes)]
    assert packets == parts
    return packets


@pytest.mark.parametrize("name", SPACECRAFT)
def test_frames_gaps_and_packets_are_as_expected(name, recorded_frames, expected) -> None:
    known = expected["frames"][name]
    receiver, found = receive(name, recorded_frames(name))
    counters = receiver.counters
    assert counters.frames == known["frames"]
    assert counters.idle_frames == known["fhp"].get("idle", 0)
    assert counters.vc_gaps == known["vc_gaps"]
    assert counters.packets + counters.idle_packets == known["packets"]
    assert set(counters.rejections) <= {Reason.PACKET_LOST}
    apids = Counter(f"vc{vc}/{decode_header(packet).apid}" for vc, packet in found)
    apids.update({"vc7/2047": counters.idle_packets})
    for place, count in known["apids"].items():
        assert apids[place] == count
    (word,) = known["clcw_top"]
    assert list(receiver.clcws.values()) == [decode_clcw(int(word, 16))]


@pytest.mark.parametrize("name", SPACECRAFT)
def test_headers_are_as_defined(name, recorded_frames) -> None:
    for frame in recorded_frames(name):
        header = tm_frame_header.parse(frame)
        assert header.spacecraft_id == SPACECRAFT[name]
        assert header.segment_length == 3
        assert tm_frame_header.build(header) == frame[:6]


def test_hera_packets_are_pus_c(recorded_frames, expected) -> None:
    _, found = receive(HERA, recorded_frames(HERA))
    packets = [packet for _, packet in found]
    pus = Counter(f"v{packet[6] >> 4} TM[{packet[7]},{packet[8]}]" for packet in packets if crc_ok(packet))
    assert pus == expected["frames"][HERA]["pus"]
    assert sum(map(crc_ok, packets)) == 250
    for packet in filter(crc_ok, packets):
        assert bytes(PusTm.unpack(packet, timestamp_len=7).pack()) == packet


def test_hera_telemetry_decodes_and_packs_again_to_the_same_octets(recorded_frames) -> None:
    """Ours calls the first eight octets of their source data a record number; those without so many are refused."""
    _, found = receive(HERA, recorded_frames(HERA))
    long = [packet for _, packet in found if crc_ok(packet) and len(packet) >= 30]
    assert len(long) == 240
    for packet in long:
        decoded = decode_tm(packet)
        assert isinstance(decoded, TmPacket)
        assert decoded.time_ns == decode_cuc(packet[13:20])
        again = bytearray(encode_tm(*decoded))
        again[6] = packet[6]  # their time reference status
        assert append_crc(bytes(again[:-2])) == packet


def test_hera_time_packets_agree_with_the_time_in_its_telemetry(recorded_frames) -> None:
    _, found = receive(HERA, recorded_frames(HERA))
    packets = [packet for _, packet in found]
    times = [decode_cuc(packet[8:]) for packet in packets if decode_header(packet).apid == 0]
    stamps = [decode_cuc(packet[13:20]) for packet in packets if crc_ok(packet)]
    assert len(times) == 6
    assert times == sorted(times)
    assert min(stamps) - 10**10 < times[0] < times[-1] < max(stamps) + 10**10


def test_stereo_frames_through_the_synchroniser(recorded_frames) -> None:
    """Real octets, markers put back, cut anywhere: all frames good, all packets as from whole frames."""
    frames = recorded_frames(STEREO)
    stream = b"ground station" + b"".join(map(attach_sync_marker, frames))
    receiver = TmReceiver(TmFrameConfig(234, 1115))
    found, kept = [], []
    for start in range(0, len(stream), 1000):
        found += receiver.receive(stream[start : start + 1000])
        kept += receiver.frames
    assert kept == frames
    assert found == receive(STEREO, frames)[1]
    assert receiver.counters.bad_error_control == 0
    assert receiver.counters.skipped_octets == len(b"ground station")


def test_stereo_frames_hit_once_are_all_refused(recorded_frames) -> None:
    receiver = TmReceiver(TmFrameConfig(234, 1115))
    frames = recorded_frames(STEREO)
    for number, frame in enumerate(frames):
        spoilt = bytearray(frame)
        spoilt[number * 11 % 1115] ^= 1 << number % 8
        assert receiver.receive_frame(bytes(spoilt)) == []
    assert receiver.counters.bad_error_control == len(frames)


def test_dart_gaps_cost_packets_but_never_make_false_ones(recorded_frames) -> None:
    frames = recorded_frames(DART)
    receiver, found = receive(DART, frames)
    assert receiver.counters.rejections == {Reason.PACKET_LOST: 49}
    last: dict[int, int] = {}
    known = Counter(decode_header(packet).apid for _, packet in found)
    for _, packet in found:
        header = decode_header(packet)
        assert header.kind is PacketType.TELEMETRY
        assert header.length == len(packet)
        if header.apid in last:
            assert 0 < (header.sequence - last[header.apid]) % 16384 < 8192, "sequence counts run forward"
        last[header.apid] = header.sequence
    assert len(known) < 100


def test_europa_clipper_packets(vectors, expected) -> None:
    packets = packets_in(vectors / "packets" / "europa_clipper_ecm_raw2.bin")
    known = expected["packets"]["europa_clipper_ecm_raw2.bin"]
    assert len(packets) == known["packets"] == 1030
    assert all(crc_ok(packet) for packet in packets)
    apids = Counter(str(decode_header(packet).apid) for packet in packets)
    assert apids == known["apids"]
    for packet in packets:
        head = decode_header(packet)
        again = encode_packet(head.kind, head.apid, head.sequence, packet[6:], head.secondary, head.flags)
        assert again == packet


def test_jpss_packets(vectors, expected) -> None:
    packets = packets_in(vectors / "packets" / "jpss1_geolocation_2021-04-09.DAT1")
    known = expected["packets"]["jpss1_geolocation_2021-04-09.DAT1"]
    headers = [decode_header(packet) for packet in packets]
    assert len(headers) == known["packets"] == 7200
    assert [header.sequence for header in headers] == list(range(2606, 9806))
    assert {(header.apid, header.length, header.secondary) for header in headers} == {(11, 71, True)}


def test_a_file_of_another_packet_version_is_one_rejection(vectors) -> None:
    data = (vectors / "packets" / "var_length_packets_with_footer.bin").read_bytes()
    assert [part.reason for part in split_packets(data)] == [Reason.VERSION]


def test_spacepylibrary_telemetry_frame(tc_vectors) -> None:
    """One PUS-A packet, an idle packet to the end, a good checksum, and an operational control field."""
    frame = tc_vectors["TM_FRAME_01"]
    receiver = TmReceiver(TmFrameConfig(758, 1115))
    ((vc, packet),) = receiver.receive(attach_sync_marker(frame))
    assert vc == 0
    assert decode_header(packet).apid == 1234
    assert crc_ok(packet)
    assert receiver.counters.idle_packets == 1
    assert receiver.clcws == {0: Clcw(0)}
    assert len(idle_packet(1115 - 12 - len(packet))) == 1115 - 12 - len(packet)


def test_spacepylibrary_packets_are_pus_a_and_refused_as_such(tc_vectors) -> None:
    for name in ("TM_PACKET_02", "TM_PACKET_03", "TM_PACKET_04"):
        assert decode_tm(tc_vectors[name]).reason is Reason.PUS_VERSION
    assert decode_tm(tc_vectors["TM_PACKET_01"]).reason in {Reason.TOO_SHORT, Reason.CHECKSUM}
    assert decode_tc(tc_vectors["TC_PACKET_01"]).reason is Reason.PUS_VERSION


def test_recorded_commands_are_no_telemetry_frames(tc_vectors) -> None:
    sync = FrameSync(223)
    assert sync.receive(tc_vectors["CLTU_01"] + tc_vectors["CLTU_02"] + SYNC_MARKER) == []
