"""Both ends of a link in one process, a line between them that loses, flips and adds; and recorded vectors."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flight.wire import (
    Clcw,
    TcReceiver,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    VirtualChannel,
    attach_start_sequence,
    attach_sync_marker,
    encode_clcw,
    encode_tc_frame,
)

VECTORS = Path(__file__).parents[4] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    if not VECTORS.is_dir():
        pytest.skip("../shared/vectors is absent")
    return VECTORS


@pytest.fixture(scope="session")
def expected(vectors):
    return json.loads((vectors / "expected.json").read_text())


@pytest.fixture(scope="session")
def tc_vectors(vectors):
    """Octets by name, of SpacePyLibrary's unit tests."""
    frames = json.loads((vectors / "tc" / "spacepylibrary_vectors.json").read_text())["frames"]
    return {name: bytes.fromhex(vector["hex"]) for name, vector in frames.items()}


@pytest.fixture(scope="session")
def recorded_frames(vectors) -> Callable[[str], list[bytes]]:
    def read(name: str) -> list[bytes]:
        data = (vectors / "frames" / name).read_bytes()
        length = int(name.split("_tm_")[1][:4])
        return [data[start : start + length] for start in range(0, len(data), length)]

    return read


def count_calls(work: Callable[[], object]) -> int:
    """Calls of Python and C functions: work that no clock need measure."""
    calls = 0

    def count(frame, event, argument) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


@pytest.fixture(scope="session")
def calls_of() -> Callable[[Callable[[], object]], int]:
    return count_calls


@dataclass
class Line:
    """A byte line.  Each octet may flip a bit, vanish, or gain a neighbour; what comes out is cut anywhere."""

    seed: int = 1
    flips: float = 0.0
    losses: float = 0.0
    additions: float = 0.0
    longest_piece: int = 400
    octets_out: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def carry(self, data: bytes) -> list[bytes]:
        spoilt = bytearray()
        for octet in data:
            if self.random.random() < self.losses:
                continue
            flip = self.random.random() < self.flips
            spoilt.append(octet ^ (1 << self.random.randrange(8)) if flip else octet)
            if self.random.random() < self.additions:
                spoilt.append(self.random.randrange(256))
        self.octets_out += len(spoilt)
        pieces, position = [], 0
        while position < len(spoilt):
            size = self.random.randint(1, self.longest_piece)
            pieces.append(bytes(spoilt[position : position + size]))
            position += size
        return pieces


@dataclass
class ConnectionPair:
    """Spacecraft and ground: telemetry down one line, telecommands up another."""

    config: TmFrameConfig = field(default_factory=lambda: TmFrameConfig(42))
    down: Line = field(default_factory=Line)
    up: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.maker = TmFrameMaker(self.config)
        self.channels = [VirtualChannel(self.config.zone_length) for _ in range(3)]
        self.spacecraft = TcReceiver(self.config.spacecraft_id)
        self.ground = TmReceiver(self.config)
        self.frames_sent = 0

    def downlink(self, *packets: tuple[int, bytes]) -> list[tuple[int, bytes]]:
        """Send packets given as (virtual channel, packet), flush all channels; what the ground made of it."""
        for vc, packet in packets:
            assert self.channels[vc].add(packet)
        received: list[tuple[int, bytes]] = []
        for vc, channel in enumerate(self.channels):
            while zone := channel.take():
                received += self.send_frame(self.maker.make(vc, *zone, self.spacecraft.clcw()))
        return received

    def send_frame(self, frame: bytes) -> list[tuple[int, bytes]]:
        self.frames_sent += 1
        received: list[tuple[int, bytes]] = []
        for piece in self.down.carry(attach_sync_marker(frame)):
            received += [(vc, packet) for vc, packet in self.ground.receive(piece)]
        return received

    def idle(self) -> list[tuple[int, bytes]]:
        return self.send_frame(self.maker.make_idle(encode_clcw(Clcw(0))))

    def uplink(self, *packets: bytes) -> list[bytes]:
        frame = encode_tc_frame(self.config.spacecraft_id, 0, b"".join(packets))
        received: list[bytes] = []
        for piece in self.up.carry(attach_start_sequence(frame)):
            received += self.spacecraft.receive(piece)
        return received


@pytest.fixture
def connection() -> type[ConnectionPair]:
    return ConnectionPair


@pytest.fixture
def line() -> type[Line]:
    return Line
