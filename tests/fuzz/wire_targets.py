"""Packets, frames and channel coding: what comes off a line before anybody has said that it is genuine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random

from flight.wire import (
    PacketExtractor,
    Rejection,
    SegmentAssembler,
    SequenceFlags,
    TcReceiver,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    VirtualChannel,
    append_crc,
    attach_start_sequence,
    attach_sync_marker,
    crc_ok,
    decode_clcw,
    decode_cuc,
    decode_header,
    decode_segment,
    decode_tc,
    decode_tc_frame,
    decode_tc_header,
    decode_tm,
    decode_verification,
    encode_segment,
    encode_tc,
    encode_tc_frame,
    encode_tm,
    encode_verification,
    idle_packet,
    split_packets,
    split_record,
    verification,
)
from flight.wire.coding import (
    BchMode,
    CaduSync,
    CltuReceiver,
    ReedSolomon,
    TmCodec,
    TmCoding,
    TmRandomisation,
    decode_blocks,
    encode_blocks,
    encode_cltu,
    reed_solomon,
    telecommand_randomiser,
)
from flight.wire.cop1 import ClcwReader
from flight.wire.segment import Segment, ServiceDataUnit, cut_into_segments
from tests.fuzz.engine import Target

SPACECRAFT = 42
FRAME = 64
CONFIG = TmFrameConfig(SPACECRAFT, FRAME)
CODINGS = (
    TmCoding(FRAME, error_control=True),
    TmCoding(FRAME, 1, TmRandomisation.SHORT),
    TmCoding(FRAME, error_control=False),
)
CLCW = 1 << 24
RANDOMISER = telecommand_randomiser()
NUMBERS = Random(7)
TELECOMMANDS = [
    encode_tc(7, n, service, subtype, bytes(n)) for n, service, subtype in ((0, 17, 1), (5, 8, 1))
]
TELEMETRY = [
    encode_tm(7, 1, 5, 2, 0, 0, 10**9, 3, bytes(8)),
    encode_tm(7, 2, 3, 25, 0, 0, 10**12, 4, bytes(40)),
]


def pieces(data: bytes) -> Iterator[bytes]:
    """As a line gives them: of a size that the data decide."""
    size = 1 + sum(data[:4]) % 97
    for start in range(0, len(data), size):
        yield data[start : start + size]


# ---------------------------------------------------------------- packets


def space_packets(data: bytes) -> None:
    decode_header(data)
    packets = [packet for packet in split_packets(data) if not isinstance(packet, Rejection)]
    assert b"".join(packets) == data[: sum(map(len, packets))]


def extracted(data: bytes) -> None:
    """Data fields of 30 octets, each behind its first header pointer."""
    extractor = PacketExtractor(longest_packet=200)
    for start in range(0, len(data), 32):
        zone = data[start + 2 : start + 32]
        if zone:
            extractor.extract(zone, int.from_bytes(data[start : start + 2], "big") & 0x7FF)
        if data[start] & 0x80:
            extractor.lose()


def telecommand(data: bytes) -> None:
    for packet in (data, append_crc(data)):
        found = decode_tc(packet)
        if not isinstance(found, Rejection):
            assert crc_ok(packet)


def telemetry(data: bytes) -> None:
    for packet in (data, append_crc(data)):
        found = decode_tm(packet)
        if not isinstance(found, Rejection):
            assert crc_ok(packet)
            split_record(found.record)
            decode_verification(found.subtype, found.body)


def reports(data: bytes) -> None:
    if data:
        decode_verification(data[0] & 15, data[1:])


def report_seeds() -> list[bytes]:
    return [bytes([8]) + encode_verification(7, 3, b"no"), bytes([5]) + encode_verification(7, None, b"", 1)]


def times(data: bytes) -> None:
    if len(data) >= 7:
        assert decode_cuc(data[:7]) >= 0


# ---------------------------------------------------------------- telemetry frames


def frame_seeds() -> list[bytes]:
    maker, channel = TmFrameMaker(CONFIG), VirtualChannel(CONFIG.zone_length)
    for packet in (*TELEMETRY, idle_packet(30)):
        channel.add(packet)
    made = []
    while (zone := channel.take()) is not None:
        made.append(attach_sync_marker(maker.make(0, zone[0], zone[1], CLCW)))
    made.append(attach_sync_marker(maker.make_idle(CLCW)))
    return [b"".join(made), *made]


def sealed_frames(data: bytes) -> bytes:
    """The same octets as frames of our spacecraft with good error control: what gets behind it."""
    made = []
    for start in range(0, len(data), FRAME - 4):
        body = (SPACECRAFT << 4 | data[start] & 0xE).to_bytes(2, "big") + data[start : start + FRAME - 4]
        made.append(attach_sync_marker(append_crc(body.ljust(FRAME - 2, b"\0"))))
    return b"".join(made)


def telemetry_frames(data: bytes) -> None:
    for stream in (data, sealed_frames(data)):
        receiver, reader = TmReceiver(CONFIG), ClcwReader(CONFIG)
        for piece in pieces(stream):
            receiver.receive(piece)
            reader.read(receiver.frames)
        assert receiver.held < FRAME + 4
        for start in range(0, len(stream), FRAME):
            receiver.receive_frame(stream[start : start + FRAME])


@cache
def codecs() -> list[TmCodec]:
    return [TmCodec(coding) for coding in CODINGS]


def cadus(data: bytes) -> None:
    for codec in codecs():
        sync = CaduSync(codec)
        for piece in pieces(data):
            sync.receive(piece)
        assert sync.held < 2 * codec.coding.cadu_length + 4
        sync.flush()


def cadu_seeds() -> list[bytes]:
    frames = [cadu[4:] for cadu in frame_seeds()[1:]]
    return [b"".join(map(codec.encode, frames * 2)) for codec in codecs()]


@cache
def reed_solomons() -> list[ReedSolomon]:
    return [ReedSolomon(223 * depth, depth) for depth in range(1, 9)]


def codewords(data: bytes) -> None:
    """As deep as they are long; the rest is filled up."""
    code = reed_solomons()[min(max(1, len(data) // 255), 8) - 1]
    block = data.ljust(len(code.encode(bytes(code.frame_length))), b"\0") if len(data) < 255 else data
    block = block[: len(block) // 255 * 255][: 255 * 8]
    found = code.decode(block)
    if not isinstance(found, Rejection):
        assert code.clean(code.encode(found.frame))


def codeword_seeds() -> list[bytes]:
    word = bytearray(reed_solomons()[0].encode(NUMBERS.randbytes(223)))
    seeds = [bytes(word)]
    for errors in (1, 16, 17):
        spoilt = bytearray(word)
        for place in NUMBERS.sample(range(255), errors):
            spoilt[place] ^= NUMBERS.randrange(1, 256)
        seeds.append(bytes(spoilt))
    return seeds


# ---------------------------------------------------------------- telecommand frames


def codeblocks(data: bytes) -> None:
    for mode in BchMode:
        decode_blocks(data[: len(data) // 8 * 8], mode)


def cltu_units(data: bytes) -> None:
    coded = b"\xeb\x90" + encode_blocks(data or b"\0") + b"\xc5" * 8
    for mode in BchMode:
        for stream, randomiser in ((data, RANDOMISER), (data, None), (coded, None)):
            receiver = CltuReceiver(SPACECRAFT, randomiser, mode)
            found = [frame for piece in pieces(stream) for frame in receiver.receive(piece)]
            assert all(crc_ok(frame) for frame in found + receiver.flush())
            assert receiver.held == 0


def cltu_seeds() -> list[bytes]:
    frames = [encode_tc_frame(SPACECRAFT, 0, packet) for packet in TELECOMMANDS]
    units = [encode_cltu(frame, RANDOMISER) for frame in frames]
    return [*units, b"".join(units), encode_cltu(b"".join(frames), RANDOMISER), frames[0]]


def telecommand_frames(data: bytes) -> None:
    sealed = append_crc(data)
    for frame in (data, sealed):
        decode_tc_header(frame)
        decode_tc_frame(frame)
    receiver = TcReceiver(SPACECRAFT)
    for piece in pieces(data + attach_start_sequence(sealed)):
        receiver.receive(piece)
    receiver.flush()
    assert receiver.held == 0


def telecommand_frame_seeds() -> list[bytes]:
    frames = [encode_tc_frame(SPACECRAFT, 0, packet) for packet in TELECOMMANDS]
    return [*frames, *map(attach_start_sequence, frames), *(frame[:-2] for frame in frames)]


def segments(data: bytes) -> None:
    """Fields of 24 octets at most, each behind its length."""
    assembler, at = SegmentAssembler({0, 1, 5}, longest_unit=300), 0
    while at < len(data):
        field = data[at + 1 : at + 1 + data[at] % 25]
        decode_segment(field)
        assembler.add(field)
        at += 1 + len(field)
        assert assembler.held <= 3 * 300
    assembler.lose()


def segment_seeds() -> list[bytes]:
    fields = cut_into_segments(ServiceDataUnit(1, bytes(50)), 20)
    fields += [encode_segment(Segment(SequenceFlags.UNSEGMENTED, 5, b"x"))]
    return [b"".join(bytes([len(field)]) + field for field in fields)]


def control_words(data: bytes) -> None:
    for start in range(0, len(data) - 3, 4):
        decode_clcw(int.from_bytes(data[start : start + 4], "big"))


TARGETS = (
    Target(
        "space packets",
        space_packets,
        lambda: [*TELECOMMANDS, b"".join(TELEMETRY)],
        (split_packets, decode_header),
    ),
    Target(
        "packets across frames",
        extracted,
        lambda: [b"".join(bytes(2) + p[:30] for p in TELEMETRY)],
        (PacketExtractor,),
    ),
    Target(
        "PUS telecommands",
        telecommand,
        lambda: [*TELECOMMANDS, *(p[:-2] for p in TELECOMMANDS)],
        (decode_tc,),
        0,
    ),
    Target("PUS telemetry", telemetry, lambda: [*TELEMETRY, *(p[:-2] for p in TELEMETRY)], (decode_tm,), 0),
    Target("verification reports", reports, report_seeds, (verification.decode_verification,), 0),
    Target("time codes", times, lambda: [bytes(7), b"\xff" * 7], (decode_cuc,), 0),
    Target(
        "telemetry frames",
        telemetry_frames,
        frame_seeds,
        (TmReceiver, ClcwReader),
        parts=(b"\x1a\xcf\xfc\x1d",),
    ),
    Target("CADU sync", cadus, cadu_seeds, (CaduSync, TmCodec.decode), parts=(b"\x1a\xcf\xfc\x1d",)),
    Target(
        "Reed-Solomon",
        codewords,
        codeword_seeds,
        (ReedSolomon.decode, reed_solomon.find_errors, reed_solomon._locator),
        1020,
    ),
    Target("BCH codeblocks", codeblocks, lambda: [encode_blocks(bytes(range(21)))], (decode_blocks,)),
    Target("CLTUs", cltu_units, cltu_seeds, (CltuReceiver,), parts=(b"\xeb\x90", b"\xc5" * 8)),
    Target(
        "telecommand frames",
        telecommand_frames,
        telecommand_frame_seeds,
        (decode_tc_frame, decode_tc_header, TcReceiver),
    ),
    Target("segments", segments, segment_seeds, (decode_segment, SegmentAssembler)),
    Target("control words", control_words, lambda: [CLCW.to_bytes(4, "big")], (decode_clcw,)),
)
