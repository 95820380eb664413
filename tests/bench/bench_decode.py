"""Decoding a packet of 30 fields: one at a time, in bulk, and from the raw byte stream; peers beside it."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

import construct
import numpy as np

from flight.declare import Field
from flight.dictionary import PacketEntry, compile_decoder, compile_encoder
from flight.wire import TmFrameConfig, TmFrameMaker, TmReceiver, VirtualChannel, attach_sync_marker
from ground.decode import decode_joined

CODES = "f" * 14 + "H" * 8 + "B" * 5 + "I" * 2 + "?"
FIELDS = tuple(Field(f"v{index}", code) for index, code in enumerate(CODES))
ENTRY = PacketEntry("bench", "wide", 7, 1, "", FIELDS)
NUMBER = 100_000
REPEATS = 5
GOALS = {"bulk": 2_000_000, "one at a time": 1_000_000, "stream": 400_000}


class Sample:
    """Something with 30 attributes."""

    def __init__(self) -> None:
        vars(self).update({f.name: 1 if f.code != "?" else True for f in FIELDS})
        self.refresh = None


def packets() -> list[bytes]:
    encode, sample = compile_encoder(ENTRY, 20), Sample()
    return [encode(sample, n & 0x3FFF, n & 0xFFFF, n, 0, 0, n) for n in range(NUMBER)]  # type: ignore[arg-type]


def stream(raw: list[bytes]) -> bytes:
    config = TmFrameConfig(42, 1115)
    maker, channel = TmFrameMaker(config), VirtualChannel(config.zone_length, 1 << 30)
    for packet in raw:
        channel.add(packet)
    frames = []
    while channel.pending >= config.zone_length:
        zone = channel.take()
        assert zone is not None
        frames.append(attach_sync_marker(maker.make(0, *zone, 0)))
    return b"".join(frames)


def rate(work: Callable[[], int]) -> float:
    """Packets a second of processor time: the median of several runs."""
    rates = []
    for _ in range(REPEATS):
        began = time.process_time()
        count = work()
        rates.append(count / (time.process_time() - began))
    return sorted(rates)[REPEATS // 2]


def main() -> None:
    raw = packets()
    decode = compile_decoder(ENTRY)
    octets = stream(raw)
    plain = struct.Struct(f">30x{CODES}2x")
    kinds = {"f": construct.Float32b, "H": construct.Int16ub, "B": construct.Int8ub, "I": construct.Int32ub}
    peer = construct.Struct(
        construct.Bytes(30), *(f.name / kinds.get(f.code, construct.Flag) for f in FIELDS), construct.Bytes(2)
    )

    def one() -> int:
        for packet in raw:
            decode(packet)
        return len(raw)

    def bare() -> int:
        unpack = plain.unpack
        for packet in raw:
            unpack(packet)
        return len(raw)

    def oracle() -> int:
        for packet in raw[:1000]:
            peer.parse(packet)
        return 1000

    joined = b"".join(raw)

    def bulk() -> int:
        return len(decode_joined(ENTRY, joined))

    def whole() -> int:
        receiver, count = TmReceiver(TmFrameConfig(42, 1115)), 0
        for start in range(0, len(octets), 65_536):
            for _, packet in receiver.receive(octets[start : start + 65_536]):
                decode(packet)
                count += 1
        return count

    rows = {
        "one at a time": rate(one),
        "bulk": rate(bulk),
        "stream": rate(whole),
        "struct.unpack alone": rate(bare),
        "construct (peer)": rate(oracle),
    }
    print(f"{len(raw[0])} octets, {len(FIELDS)} fields, numpy {np.__version__}")
    for name, figure in rows.items():
        goal = f"goal {GOALS[name]:,}" if name in GOALS else ""
        print(f"{name:<22} {figure:>14,.0f} packets/s {1e6 / figure:>8.3f} us  {goal}")


if __name__ == "__main__":
    main()
