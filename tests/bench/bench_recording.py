"""Reading a recording, in MB per second of processor time: bare packets, frames, CADUs; a peer beside it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from space_packet_parser.generators.ccsds import ccsds_generator

from flight.wire import FrameKind, FrameLayout, attach_sync_marker
from flight.wire.coding import TmCodec, TmCoding, TmRandomisation
from ground.parity_arrays import parity
from ground.recording.layout import Form, Layout
from ground.recording.recording import Recording
from tests.ground.recording.made import space_packets, tm_frames

PACKETS = 20_000
REPEATS = 3
PIECE = 1 << 20


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
    small, large = space_packets(PACKETS, longest=160), space_packets(PACKETS // 4, longest=1500)
    for name, packets in (("84 octets", small), ("757 octets", large)):
        data = b"".join(packets)
        ours = speed(lambda data=data: read(Layout(Form.PACKETS), data), len(data))  # type: ignore[misc]
        theirs = speed(lambda data=data: sum(1 for _ in ccsds_generator(io.BytesIO(data))), len(data))  # type: ignore[misc]
        print(f"bare packets of {name}, CRC and PUS checked: {ours:.0f} MB/s")
        print(f"  space_packet_parser, cut apart alone: {theirs:.0f} MB/s")
    for length, packets in ((223, small), (1115, large)):
        frames = FrameLayout(FrameKind.TM, length)
        uncoded = tm_frames(packets, frames)
        data = b"".join(uncoded)
        ours = speed(lambda data=data, frames=frames: read(Layout(Form.TM, frames), data), len(data))  # type: ignore[misc]
        print(f"TM frames of {length} octets back to back: {ours:.0f} MB/s")
        data = b"".join(map(attach_sync_marker, uncoded))
        ours = speed(lambda data=data, frames=frames: read(Layout(Form.TM, frames, True), data), len(data))  # type: ignore[misc]
        print(f"the same behind sync markers: {ours:.0f} MB/s")
    frames = FrameLayout(FrameKind.TM, 1115)
    made = tm_frames(large, frames)
    codec = TmCodec(TmCoding(1115, 5, TmRandomisation.SHORT), parity)
    data = b"".join(map(codec.encode, made))
    layout = Layout(Form.TM, frames, True, 5, TmRandomisation.SHORT)
    print(f"coded, Reed-Solomon I=5 and randomiser: {speed(lambda: read(layout, data), len(data)):.0f} MB/s")


if __name__ == "__main__":
    main()
