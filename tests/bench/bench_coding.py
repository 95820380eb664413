# mypy: disable-error-code="import-untyped"
"""Channel coding: Reed-Solomon, the telemetry chain for 1115 octets, the telecommand chain; peers beside them.

Medians of processor time.  `reedsolo` is plain Python too; spacepackets has no coding, so there is no peer for CADUs
and CLTUs beyond their frames.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

import reedsolo
from spacepackets.ccsds.tm_frame import TmTransferFrame

from flight.wire import TmFrameConfig, TmFrameMaker, append_crc, encode_tc_frame
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
    parity,
    telecommand_randomiser,
)
from ground.parity_arrays import parity as parity_with_numpy
from tests.bench.verdict import at_most

NUMBERS = random.Random(5)
SPACECRAFT = 42
LINE_FRAMES = 2000
WORDS = 100
REPEATS = 9
WORST_TURNS = 1000
CHAIN_GOAL = 98  # us; AES-GCM has the other two of the hundred (bench_link.py has the whole)


def us(work: Callable[[], object], units: int) -> float:
    """Microseconds of processor time for each unit."""
    work()
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times) / units * 1e6


def show(what: str, value: float, goal: float | None = None) -> None:
    print(f"{what:58s} {value:9.1f} us{at_most(value, goal)}")


def spoil(word: bytes, errors: int) -> bytes:
    spoilt = bytearray(word)
    for place in NUMBERS.sample(range(len(word)), errors):
        spoilt[place] ^= NUMBERS.randrange(1, 256)
    return bytes(spoilt)


def reed_solomon() -> None:
    print("Reed-Solomon (255,223), for each codeword")
    data = [NUMBERS.randbytes(223) for _ in range(WORDS)]
    code, fast = ReedSolomon(223), ReedSolomon(223, 1, parity_with_numpy)
    words = [code.encode(one) for one in data]
    show("encode, plain Python (flight)", us(lambda: [code.encode(one) for one in data], WORDS), 15)
    show("encode, numpy", us(lambda: [fast.encode(one) for one in data], WORDS), 15)
    show("check of a clean word, plain Python", us(lambda: [code.clean(one) for one in words], WORDS), 10)
    show("check of a clean word, numpy (ground)", us(lambda: [fast.clean(one) for one in words], WORDS), 10)
    frames = [NUMBERS.randbytes(1115) for _ in range(WORDS)]
    show("parity, five at once, plain", us(lambda: [parity(one, 5) for one in frames], 5 * WORDS), 15)
    show(
        "parity, five at once, numpy",
        us(lambda: [parity_with_numpy(one, 5) for one in frames], 5 * WORDS),
        10,
    )
    for errors in (1, 16):
        spoilt = [spoil(word, errors) for word in words]
        show(f"decode, {errors} errors", us(lambda s=spoilt: [fast.decode(one) for one in s], WORDS), 1000)  # type: ignore[misc]
    beyond = [spoil(word, 17) for word in words]
    show("refuse, 17 errors", us(lambda: [fast.decode(one) for one in beyond], WORDS), 1000)
    peer, few = reedsolo.RSCodec(32, nsize=255, fcr=112, prim=0x187, generator=0xAD, c_exp=8), 5
    theirs = [bytes(peer.encode(one)) for one in data[:few]]
    sixteen = [spoil(one, 16) for one in theirs]
    show("reedsolo: encode", us(lambda: [peer.encode(one) for one in data[:few]], few))
    show("reedsolo: decode, no errors", us(lambda: [peer.decode(one) for one in theirs], few))
    show("reedsolo: decode, 16 errors", us(lambda: [peer.decode(one) for one in sixteen], few))


def telemetry() -> None:
    print("\nTelemetry frames of 1115 octets, for each frame")
    config = TmFrameConfig(SPACECRAFT, 1115)
    maker = TmFrameMaker(config)
    zone = NUMBERS.randbytes(config.zone_length)
    frames = [maker.make(0, zone, 0, 0) for _ in range(WORDS)]
    show("frame with CLCW and checksum", us(lambda: [maker.make(0, zone, 0, 0) for _ in range(WORDS)], WORDS))
    show(
        "spacepackets: a frame parsed",
        us(lambda: [TmTransferFrame.unpack(one, 1115, True) for one in frames], WORDS),
    )
    plain = TmCodec(TmCoding(1115))
    stream = b"".join(map(plain.encode, frames))
    show("uncoded: to frames", us(lambda: CaduSync(plain).receive(stream), WORDS))
    for randomisation in (TmRandomisation.SHORT, TmRandomisation.LONG):
        codings = TmCoding(1115, 5, randomisation)
        for name, implementation in (("plain", parity), ("numpy", parity_with_numpy)):
            codec = TmCodec(codings, implementation)
            title = f"RS I=5, {randomisation.name.lower()} randomiser, {name}"
            show(
                f"{title}: frame made and coded",
                us(lambda c=codec: [c.encode(maker.make(0, zone, 0, 0)) for _ in range(WORDS)], WORDS),  # type: ignore[misc]
                CHAIN_GOAL,
            )
            coded = b"".join(map(codec.encode, frames))
            show(f"{title}: to frames", us(lambda c=codec, s=coded: CaduSync(c).receive(s), WORDS))  # type: ignore[misc]
    codec = TmCodec(TmCoding(1115, 5, TmRandomisation.SHORT), parity_with_numpy)
    hit = b"".join(spoil(codec.encode(one), 40) for one in frames)
    show("the same, 40 symbols of each frame hit", us(lambda: CaduSync(codec).receive(hit), WORDS))
    flood = b"\x1a\xcf\xfc\x1d" * (WORDS * codec.coding.cadu_length // 4)
    show("as many octets of nothing but markers", us(lambda: CaduSync(codec).receive(flood), WORDS))


def flipped(stream: bytes, rate: float) -> bytes:
    """Each bit wrong with probability `rate`, by the distances between wrong ones."""
    octets, place = bytearray(stream), -1
    while True:
        place += 1 + int(NUMBERS.expovariate(rate))
        if place >= 8 * len(octets):
            return bytes(octets)
        octets[place // 8] ^= 1 << place % 8


def bad_line() -> None:
    print(f"\nFrames that arrive, of {LINE_FRAMES} each, by the share of wrong bits")
    rates = (1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 1e-2)
    print(f"{'':40s}" + "".join(f"{rate:>9.0e}" for rate in rates))
    codings = (TmCoding(223), TmCoding(223, 1), TmCoding(1115), TmCoding(1115, 5))
    for coding in codings:
        codec, maker = (
            TmCodec(coding, parity_with_numpy),
            TmFrameMaker(TmFrameConfig(SPACECRAFT, coding.frame_length)),
        )
        zone = NUMBERS.randbytes(coding.frame_length - 12)
        sent = [maker.make(0, zone, 0, 0) for _ in range(LINE_FRAMES)]
        stream = b"".join(map(codec.encode, sent))
        shares = []
        for rate in rates:
            came = CaduSync(codec).receive(flipped(stream, rate))
            assert set(came) <= set(sent), "a frame that was never sent"
            shares.append(len(came) / LINE_FRAMES)
        name = f"{coding.frame_length} octets, " + (
            f"RS I={coding.interleave}" if coding.interleave else "uncoded"
        )
        print(f"{name:40s}" + "".join(f"{share:>9.1%}" for share in shares))


def nested_starts() -> bytes:
    """Eight octets that are, repeated, a start sequence and a header of ours at every turn, all blocks good."""
    masked = telecommand_randomiser().apply(encode_tc_frame(SPACECRAFT, 0, bytes(1017))[:5])
    turns = (b"\xeb\x90" + masked + bytes([last]) for last in range(256))
    return next(turn for turn in turns if not decode_blocks((turn + turn)[2:10], BchMode.CORRECT).refused)


def telecommand() -> None:
    print("\nTelecommand frames of 256 octets, for each frame")
    randomiser = telecommand_randomiser()
    frame = encode_tc_frame(SPACECRAFT, 0, NUMBERS.randbytes(249))
    unit = encode_cltu(frame, randomiser)
    blocks = unit[2:-8]
    show("37 codeblocks encoded", us(lambda: [encode_blocks(frame) for _ in range(WORDS)], WORDS))
    show(
        "37 codeblocks decoded",
        us(lambda: [decode_blocks(blocks, BchMode.CORRECT) for _ in range(WORDS)], WORDS),
    )
    show("to a unit", us(lambda: [encode_cltu(frame, randomiser) for _ in range(WORDS)], WORDS))
    for mode in BchMode:
        show(
            f"unit to frame, {mode.name.lower()}",
            us(lambda m=mode: CltuReceiver(SPACECRAFT, randomiser, m).receive(unit * WORDS), WORDS),  # type: ignore[misc]
            200,
        )
    pieces = [(unit * WORDS)[start : start + 12] for start in range(0, len(unit) * WORDS, 12)]

    def in_pieces() -> None:
        receiver = CltuReceiver(SPACECRAFT, randomiser)
        for piece in pieces:
            receiver.receive(piece)

    show("the same in pieces of 12 octets", us(in_pieces, WORDS), 200)
    worst, octets = nested_starts() * WORST_TURNS, 8 * WORST_TURNS
    cost = us(lambda: CltuReceiver(SPACECRAFT, randomiser).receive(worst), octets)
    share = cost * 11_520 / 1e4
    print(f"{'worst flood, each octet':58s} {cost:9.2f} us   {share:.1f} % of a core at 115,200 baud")
    noise = NUMBERS.randbytes(100_000)
    cost = us(lambda: CltuReceiver(SPACECRAFT, randomiser).receive(noise), len(noise))
    print(f"{'noise, each octet':58s} {cost:9.2f} us")


def main() -> None:
    assert append_crc(b"123456789").hex().endswith("29b1")
    reed_solomon()
    telemetry()
    bad_line()
    telecommand()


if __name__ == "__main__":
    main()
