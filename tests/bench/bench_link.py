"""The whole chains of the link, each with the goal it has: a telemetry frame of 1115 octets made, secured, coded; a
telecommand received, from the octets of its unit to the packet.

The best of several rounds of processor time, so that a busy machine shows least.  No peer has such a chain in Python;
the parts stand beside theirs in bench_coding.py.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flight.modules.uplink.chain import Chain
from flight.wire import TcFrame, TcFrameHeader, TmFrameConfig, TmFrameMaker, encode_tc
from flight.wire.coding import CaduSync, TmCodec, TmCoding, TmRandomisation
from flight.wire.sdls import Use, Vault, secure_tc_frame
from flight.wire.sdls.sender import Sender
from flight.wire.tc_frame import TcFrameType
from flight.wire.telecommand_link import TelecommandLink, segment_header
from flight.wire.telemetry_link import STRICT_TM_MASK, TelemetryLink
from ground.opening import FrameOpener
from ground.parity_arrays import parity as parity_with_numpy
from tests.bench.bench_sdls import settle, vault_of
from tests.bench.verdict import at_most

NUMBERS = random.Random(5)
SPACECRAFT = 73
FRAME = 1115
FRAMES = 100
REPEATS = 15
LINK, TM_SPI = TelemetryLink((0,), STRICT_TM_MASK), 257
UNLOCK = TcFrame(TcFrameHeader(TcFrameType.BC, SPACECRAFT, 0, 8, 0), b"\0")


def us(work: Callable[[], object], units: int = FRAMES, before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(REPEATS):
        before()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times) / units * 1e6


def show(what: str, value: float, goal: float | None = None) -> None:
    print(f"{what:66s}{value:9.1f} us{at_most(value, goal)}")


class Transmitter:
    """Frame, code of authenticity, error control, Reed-Solomon and randomiser: what flies for each frame."""

    def __init__(self, vault: Vault, randomisation: TmRandomisation) -> None:
        sender = Sender(LINK.rule(), vault)
        self.maker = TmFrameMaker(TmFrameConfig(SPACECRAFT, FRAME), sender, LINK.protected)
        self.codec = TmCodec(TmCoding(FRAME, 5, randomisation))
        self.zone = NUMBERS.randbytes(self.maker.zone_length(0))

    def cadu(self) -> bytes:
        return self.codec.encode(self.maker.make(0, self.zone, 0, 1 << 24))

    def cadus(self) -> list[bytes]:
        return [self.cadu() for _ in range(FRAMES)]


def receive_frames(codec: TmCodec, stream: bytes, opener: FrameOpener | None) -> list[bytes]:
    frames = CaduSync(codec).receive(stream)
    return frames if opener is None else opener.open(frames)


def open_frames(codec: TmCodec, stream: bytes, openers: list[FrameOpener]) -> list[bytes]:
    """Each time by a station that has not taken them yet."""
    return receive_frames(codec, stream, openers.pop())


def telemetry() -> None:
    print("Telemetry, 1115 octets, AES-256-GCM, Reed-Solomon (255,223) 5 deep, for each frame")
    for randomisation in (TmRandomisation.SHORT, TmRandomisation.LONG):
        vault = vault_of(Use.TELEMETRY)
        transmitter = Transmitter(vault, randomisation)
        name = f"made, secured, coded, {randomisation.name.lower()} randomiser"
        show(name, us(transmitter.cadus), 100)
        stream = b"".join(transmitter.cadu() for _ in range(FRAMES))
        ground = TmCodec(transmitter.codec.coding, parity_with_numpy)
        show("  on the ground: to frames", us(partial(receive_frames, ground, stream, None)))
        keys = vault_of(Use.TELECOMMAND)
        openers = [FrameOpener(SPACECRAFT, LINK, keys, {TM_SPI: 0}) for _ in range(REPEATS)]
        show("  ... and opened", us(partial(open_frames, ground, stream, openers)))
        assert not openers
        assert keys.associations[TM_SPI].counter.next == FRAMES * (REPEATS + 1)


def telecommands(octets: int, kind: TcFrameType) -> None:
    link = TelecommandLink()
    sender, board = Sender(link.rule(), vault_of(Use.TELECOMMAND)), vault_of(Use.TELEMETRY)
    chain = Chain(SPACECRAFT, link, board)
    packet = encode_tc(7, 1, 8, 1, NUMBERS.randbytes(octets - 13))
    streams: list[bytes] = []
    sequence = 0

    def prepare() -> None:
        nonlocal sequence
        settle(board)
        units = []
        for _ in range(FRAMES):
            frame = secure_tc_frame(sender, SPACECRAFT, 0, packet, kind, sequence, segment_header(kind))
            assert frame is not None
            units.append(link.unit(frame))
            sequence = (sequence + (kind is TcFrameType.AD)) % 256
        streams.append(b"".join(units))

    def receive() -> None:
        chain.receive(streams.pop(), 0)
        taken.append(len(chain.take(0)))

    taken: list[int] = []
    if kind is TcFrameType.AD:
        chain.farm.receive(UNLOCK)
    value = us(receive, before=prepare)
    assert sum(taken[1:]) == FRAMES * (REPEATS - 1), taken
    show(f"unit to packet, {kind.name}, packet of {len(packet)} octets", value, 200)


def main() -> None:
    telemetry()
    print("\nTelecommands: BCH, randomiser, frame, code of authenticity, FARM-1, number, packet; for each")
    for octets in (32, 219):
        for kind in (TcFrameType.BD, TcFrameType.AD):
            telecommands(octets, kind)


if __name__ == "__main__":
    main()
