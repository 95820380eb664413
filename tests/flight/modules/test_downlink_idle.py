"""In a pass the control word comes down though there is nothing to say: only-idle frames, at a declared rate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from flight.declare import SECOND, Access, Boot, Outbox, Priority
from flight.mission import EQUAL_SHARES
from flight.modules.downlink import Downlink
from flight.wire import TmFrameConfig, TmReceiver, encode_tm
from flight.wire.coding import TmCodec, TmCoding, TmRandomisation
from flight.wire.sdls import Vault
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink

CODING = TmCoding(223, 1, TmRandomisation.SHORT)
TICK = SECOND // 10
PACKET = encode_tm(1, 0, 3, 25, 0, 0, 0, 2 << 56, b"body")


class Bench:
    """The module alone, ten times a second, on a line that is always free."""

    def __init__(self) -> None:
        self.module, self.out = Downlink(), Outbox()
        access = SimpleNamespace(
            spacecraft_id=42,
            coding=TmCodec(CODING),
            shares=EQUAL_SHARES,
            next_counts=(0, 0, 0),
            borrow={TelemetryLink: CLEAR_TELEMETRY, Vault: Vault()}.__getitem__,
        )
        self.module.connect(cast(Access, access))
        self.module.start(0, cast(Boot, None), self.out)
        self.receiver = TmReceiver(TmFrameConfig(42, 223), TmCodec(CODING))
        self.now, self.steps = 0, 0

    def fly(self, seconds: float, clcw: int = 0, carrier: bool = True, room: int = 1152) -> list[bytes]:
        """Frames that came down; steps only where the module asks for them, as the executive does."""
        frames: list[bytes] = []
        for _ in range(int(seconds * 10)):
            if self.now % SECOND == 0 or self.module.glance(self.now, carrier, room, clcw):
                self.steps += 1
                self.module.step(self.now, Downlink.Inputs(carrier, room, clcw, 0), self.out)
            self.receiver.receive(b"".join(self.out.frames))
            frames += self.receiver.frames
            self.out.clear()
            self.now += TICK
        return frames


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_idle_frame_each_second_and_no_more(bench: Bench) -> None:
    bench.fly(1)
    before = bench.steps
    assert len(bench.fly(60)) == 60
    assert bench.steps - before <= 120
    assert bench.receiver.counters.idle_frames == bench.module.status.idle_frames
    assert bench.receiver.counters.vc_gaps == 0


def test_the_rate_is_a_parameter(bench: Bench) -> None:
    bench.module.idle_after_s = 10.0
    bench.fly(1)
    assert len(bench.fly(100)) == 10


def test_no_idle_frame_while_others_go(bench: Bench) -> None:
    bench.fly(2)
    before = bench.module.status.idle_frames
    for count in range(20):
        bench.module.emitted.put((int(Priority.HOUSEKEEPING) << 56 | count, PACKET))
        assert len(bench.fly(0.5)) == 1
    assert bench.module.status.idle_frames == before


def test_a_changed_control_word_comes_down_within_a_tick(bench: Bench) -> None:
    bench.fly(2)
    came = [bench.fly(0.1, word) for word in (0x01000001, 0x01000002, 0x01000002)]
    words = [[int.from_bytes(frame[-6:-2], "big") for frame in frames] for frames in came]
    assert words == [[0x01000001], [0x01000002], []], "the same word again is no news"


def test_a_word_that_changes_all_the_time_costs_one_frame_a_tick(bench: Bench) -> None:
    bench.fly(2)
    assert sum(len(bench.fly(0.1, word)) for word in range(100)) <= 100


@pytest.mark.parametrize(("carrier", "room"), [(False, 1152), (True, 258), (True, 0)])
def test_nothing_goes_without_a_station_or_room(bench: Bench, carrier: bool, room: int) -> None:
    assert bench.fly(10, carrier=carrier, room=room) == []


def test_live_packets_go_with_the_word_of_now(bench: Bench) -> None:
    bench.fly(2)
    bench.module.emitted.put((2 << 56, PACKET))
    frames = bench.fly(0.1, 0x01000033)
    assert [frame[-6:-2].hex() for frame in frames] == ["01000033"]
    assert frames[0][1] >> 1 & 7 == 0
