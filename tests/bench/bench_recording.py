"""Reading a recording, in MB per second of processor time: bare packets, frames, CADUs; a peer beside it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from space_packet_parser.generators.ccsds import ccsds_generator

from flight.wire import (
    FrameKind,
    FrameLayout,
    TmFrameConfig,
    TmFrameMaker,
    VirtualChannel,
    attach_sync_marker,
    encode_tm,
)
from flight.wire.coding import TmCodec, TmCoding, TmRandomisation
from ground.parity_arrays import parity
from ground.recording.layout import Form, Layout
from ground.recording.recording import Recording

PACKETS = 20_000
REPEATS = 3
PIECE = 1 << 20


def telemetry(count: int, longest: int) -> list[bytes]:
    """PUS-C with a CRC-16 each, of all lengths from 30 octets."""
    bodies = (bytes(number * 13 % (longest - 30)) for number in range(count))
    return [encode_tm(7 + n % 9, n // 9, 3, 25, n, 0, n * 10**8, n, body) for n, body in enumerate(bodies)]


def frames_of(packets: list[bytes], length: int) -> list[bytes]:
    config = TmFrameConfig(42, length)
    maker, channel = TmFrameMaker(config), VirtualChannel(config.zone_length, 1 << 30)
    for packet in packets:
        channel.add(packet)
    made = []
    while (taken := channel.take()) is not None:
        made.append(maker.make(0, *taken, 0x01000000))
    return made


def read(layout: Layout, data: bytes) -> int:
    recording = Recording(layout)
    for at in range(0, len(data), PIECE):
        recording.receive(data[at : at + PIECE])
    recording.finish()
    return sum(one.packets for one in recording.tally.packets.values())


def speed(work: Callable[[], object], octets: int) -> float:
    """The best of some, MB a second."""
    best = 0.0
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        best = max(best, octets / 1e6 / (time.process_time() - started))
    return best


def main() -> None:
    small, large = telemetry(PACKETS, 140), telemetry(PACKETS // 4, 1500)
    for packets in (small, large):
        data = b"".join(packets)
        name = f"{len(data) // len(packets)} octets"
        ours = speed(lambda data=data: read(Layout(Form.PACKETS), data), len(data))  # type: ignore[misc]
        theirs = speed(lambda data=data: sum(1 for _ in ccsds_generator(io.BytesIO(data))), len(data))  # type: ignore[misc]
        print(f"bare packets of {name}, CRC and PUS checked: {ours:.0f} MB/s")
        print(f"  space_packet_parser, cut apart alone: {theirs:.0f} MB/s")
    for length, packets in ((223, small), (1115, large)):
        frames = FrameLayout(FrameKind.TM, length)
        uncoded = frames_of(packets, length)
        data = b"".join(uncoded)
        ours = speed(lambda data=data, frames=frames: read(Layout(Form.TM, frames), data), len(data))  # type: ignore[misc]
        print(f"TM frames of {length} octets back to back: {ours:.0f} MB/s")
        data = b"".join(map(attach_sync_marker, uncoded))
        ours = speed(lambda data=data, frames=frames: read(Layout(Form.TM, frames, True), data), len(data))  # type: ignore[misc]
        print(f"the same behind sync markers: {ours:.0f} MB/s")
    frames = FrameLayout(FrameKind.TM, 1115)
    made = frames_of(large, 1115)
    codec = TmCodec(TmCoding(1115, 5, TmRandomisation.SHORT), parity)
    data = b"".join(map(codec.encode, made))
    layout = Layout(Form.TM, frames, True, 5, TmRandomisation.SHORT)
    print(f"coded, Reed-Solomon I=5 and randomiser: {speed(lambda: read(layout, data), len(data)):.0f} MB/s")


if __name__ == "__main__":
    main()
