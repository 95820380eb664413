"""A live stream down and one up through lines that do everything a bad line does: nothing raises, nothing is forged.

The same with 100,000 spoilt pieces each is marked `long`.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from flight.wire import SYNC_MARKER, append_crc, encode_tc_frame
from flight.wire.coding import (
    TAIL_SEQUENCE,
    BchMode,
    CaduSync,
    CltuReceiver,
    TmCodec,
    TmCoding,
    TmRandomisation,
    encode_cltu,
    telecommand_randomiser,
)

FRAME_LENGTH = 223
UNITS_IN_A_BATCH = 300
SPOILT_IN_A_BATCH = UNITS_IN_A_BATCH // 3
FEW = pytest.param(2_000, id="few")
MANY = pytest.param(100_000, marks=pytest.mark.long, id="many")
CONSOLE = b"[   12.345678] usb 1-1: new full-speed USB device\r\nlogin: "
RANDOMISER = telecommand_randomiser()
CODINGS = {
    "plain": TmCoding(FRAME_LENGTH),
    "reed-solomon": TmCoding(FRAME_LENGTH, interleave=1, randomisation=TmRandomisation.SHORT),
    "five deep": TmCoding(1115, interleave=5, randomisation=TmRandomisation.LONG),
    "no checksum": TmCoding(FRAME_LENGTH, 1, TmRandomisation.LONG, error_control=False),
    "markers alone": TmCoding(FRAME_LENGTH, error_control=False),
}

Spoiling = Callable[[bytes, random.Random], bytes]


def flip_bits(unit: bytes, numbers: random.Random) -> bytes:
    word = int.from_bytes(unit, "big")
    for _ in range(numbers.randint(1, 12)):
        word ^= 1 << numbers.randrange(8 * len(unit))
    return word.to_bytes(len(unit), "big")


def burst(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    noise = numbers.randbytes(numbers.randint(1, 60))
    return (unit[:start] + noise + unit[start + len(noise) :])[: len(unit)]


def lose(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    return unit[:start] + unit[start + numbers.randint(1, 40) :]


def add(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    return unit[:start] + numbers.randbytes(numbers.randint(1, 40)) + unit[start:]


def talk(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    return unit[:start] + CONSOLE + unit[start:]


def mimic(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    return unit[:start] + numbers.choice([SYNC_MARKER, b"\xeb\x90", TAIL_SEQUENCE]) + unit[start:]


def stutter(unit: bytes, numbers: random.Random) -> bytes:
    start = numbers.randrange(len(unit))
    return unit[:start] + unit[start // 2 :]


def silence(unit: bytes, numbers: random.Random) -> bytes:
    return b""


SPOILINGS: list[Spoiling] = [flip_bits, burst, lose, add, talk, mimic, stutter, silence]


def spoilt_stream(units: list[bytes], numbers: random.Random) -> tuple[list[bytes], list[int]]:
    """Pieces as they arrive, and the indexes of units that arrive whole.  A third is spoilt."""
    stream, whole = bytearray(), []
    for index, unit in enumerate(units):
        if numbers.random() < 1 / 3:
            stream += numbers.choice(SPOILINGS)(unit, numbers)
        else:
            stream += unit
            whole.append(index)
    pieces, position = [], 0
    while position < len(stream):
        size = numbers.choice([1, 20, 100, 1000])
        pieces.append(bytes(stream[position : position + size]))
        position += size
    return pieces, whole


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("corruptions", [FEW, MANY])
@pytest.mark.slow
def test_telemetry(name: str, corruptions: int) -> None:
    """All frames that arrive whole are given out, in order, and no frame that was not sent."""
    coding, numbers = CODINGS[name], random.Random(11)
    codec, forged, lost, units = TmCodec(coding), 0, 0, 0
    sync = CaduSync(codec)
    for _ in range(0, corruptions, SPOILT_IN_A_BATCH):
        bodies = [numbers.randbytes(coding.frame_length - 2) for _ in range(UNITS_IN_A_BATCH)]
        sent = [append_crc(body) for body in bodies]
        pieces, whole = spoilt_stream([codec.encode(frame) for frame in sent], numbers)
        found = [frame for piece in [*pieces, bytes(2 * coding.cadu_length)] for frame in sync.receive(piece)]
        found += sync.flush()
        assert sync.held < 2 * coding.cadu_length + 4
        known = set(sent)
        forged += sum(frame not in known for frame in found)
        given = set(found)
        lost += sum(sent[index] not in given for index in whole)
        units += len(sent)
    if coding.verified:
        assert (forged, lost) == (0, 0)
    else:  # nothing but markers to go by: damage inside a frame is not seen
        assert lost <= 0.12 * units
    if coding.interleave:
        assert sync.counters.corrected_frames > 0


@pytest.mark.parametrize("mode", BchMode)
@pytest.mark.parametrize("corruptions", [FEW, MANY])
@pytest.mark.slow
def test_telecommand(mode: BchMode, corruptions: int) -> None:
    numbers, forged, lost = random.Random(12), 0, 0
    receiver = CltuReceiver(42, RANDOMISER, mode)
    for _ in range(0, corruptions, SPOILT_IN_A_BATCH):
        sent = [
            encode_tc_frame(42, 0, numbers.randbytes(numbers.randint(10, 120)))
            for _ in range(UNITS_IN_A_BATCH)
        ]
        pieces, whole = spoilt_stream([encode_cltu(frame, RANDOMISER) for frame in sent], numbers)
        found = [frame for piece in pieces for frame in receiver.receive(piece)] + receiver.flush()
        assert receiver.held == 0
        known, given = set(sent), set(found)
        forged += sum(frame not in known for frame in found)
        lost += sum(sent[index] not in given for index in whole)
    assert (forged, lost) == (0, 0)
