"""After a boot the board is told UTC anew, by itself; telemetry and time-tagged commands are right over a boot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ground import Ground, connect
from ground.client import Craft
from ground.telemetry import Telemetry
from ground.time_care import AGAIN_AFTER_NS, CORRELATE, FRESH_S, NS, SETTLED_NS, STATUS, TIME, TimeCare
from ground.times import LATENCY_NS, Correlation
from ground.uplink import Uplink
from sim.flying import Flying

IN_SIGHT = Path(__file__).parent / "in_sight.toml"
EPOCH = 1_800_000_000 * NS


@dataclass
class Status:
    correlated: bool = True
    since_reboot: bool = False
    age_s: int = 100
    estimate_ns: int = 0


class Told:
    """The newest `timekeeping.status`, told at `time_ns`."""

    def __init__(self, commands: tuple[str, ...]) -> None:
        packets = {STATUS: SimpleNamespace(sid=5)}
        self.dictionary = SimpleNamespace(packets_by_label=packets, commands_by_label=commands)
        self.newest: dict[int, object] = {}
        self.status = Status()

    def tell(self, time_ns: int, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self.newest[5] = SimpleNamespace(time_ns=time_ns)

    def read(self, _packet: object) -> object:
        return SimpleNamespace(values=self.status)


class Parts:
    def __init__(self, epoch_ns: int | None = EPOCH, commands: tuple[str, ...] = (CORRELATE,)) -> None:
        self.told, self.times, self.uplink = Told(commands), Correlation(), SimpleNamespace(idle=True)
        self.care = TimeCare(
            cast(Uplink, self.uplink), cast(Telemetry, self.told), self.times, epoch_ns=epoch_ns
        )

    def hear(self, first_s: int, last_s: int) -> None:
        """Each second a packet, half a second late, of a clock that is 7 s behind the ground's."""
        for second in range(first_s, last_s):
            self.times.sample(second * NS, (second + 7) * NS + NS // 2)


def test_a_board_that_has_booted_is_told_what_the_ground_has_heard() -> None:
    parts = Parts()
    parts.hear(0, 12)
    parts.told.tell(5 * NS)
    found = parts.care.due(20 * NS)
    assert found is not None
    at, utc = cast(int, found["at"]), cast(int, found["utc"])
    assert abs(utc - EPOCH - at - 7 * NS) <= cast(int, found["uncertainty_us"]) * 1000 <= LATENCY_NS
    assert parts.care.due(21 * NS) is None
    assert parts.care.due(20 * NS + AGAIN_AFTER_NS) is not None, "nobody knows that it was done"
    parts.told.tell(90 * NS, since_reboot=True)
    assert parts.care.due(1000 * NS) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"since_reboot": False},
        {"correlated": False, "since_reboot": True},
        {"age_s": FRESH_S, "since_reboot": True},
    ],
)
def test_what_makes_it_old(changes: dict[str, object]) -> None:
    parts = Parts()
    parts.hear(0, 12)
    parts.told.tell(5 * NS, since_reboot=True)
    assert parts.care.due(20 * NS) is None
    parts.told.tell(6 * NS, **changes)
    assert parts.care.due(21 * NS) is not None


def test_it_never_says_that_it_knows_better_than_it_does() -> None:
    parts = Parts()
    parts.times.latency_ns = 3_000
    parts.hear(0, 12)
    parts.told.tell(5 * NS)
    found = parts.care.due(20 * NS)
    assert found is not None
    assert found["uncertainty_us"] == 2  # of 1.5


def test_a_board_that_cannot_be_understood_or_told_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    garbled, deaf = Parts(), Parts(commands=())
    monkeypatch.setattr(garbled.told, "read", lambda _packet: None)
    for one in (garbled, deaf):
        one.hear(0, 12)
        one.told.tell(5 * NS)
        assert one.care.due(20 * NS) is None


def test_not_before_the_clock_was_heard_since_its_boot_for_a_while() -> None:
    parts = Parts()
    parts.hear(0, 100)
    parts.told.tell(90 * NS)
    parts.times.rebooted(100 * NS)
    assert parts.care.due(110 * NS) is None, "what was told before the boot says nothing of now"
    parts.hear(100, 100 + SETTLED_NS // NS)
    parts.told.tell(101 * NS)
    assert parts.care.due(111 * NS) is None
    parts.hear(110, 112)
    assert parts.care.due(112 * NS) is not None


def test_not_in_the_way_of_an_operator_and_not_by_a_ground_without_utc() -> None:
    parts, blind = Parts(), Parts(None)
    for one in (parts, blind):
        one.hear(0, 12)
        one.told.tell(5 * NS)
    parts.uplink.idle = False
    assert parts.care.due(20 * NS) is None
    assert blind.care.due(20 * NS) is None


def test_no_mission_time_is_told_of_a_clock_that_was_not_heard_since_its_boot() -> None:
    times = Correlation()
    times.sample(10 * NS, 10 * NS)
    assert times.mission(100 * NS) is not None
    times.rebooted(50 * NS)
    assert times.mission(100 * NS) is None
    times.sample(50 * NS, 80 * NS)
    assert times.mission(100 * NS) == 70 * NS + LATENCY_NS // 2


def on_board_wrong_by_s(flying: Flying, craft: Craft) -> float:
    """What the board takes for UTC, less what it is."""
    values = flying.ground.latest.get(STATUS)
    assert values is not None
    told = cast(Status, values.values)
    truth = flying.scenario.epoch_ns + values.time_ns - flying.simulation.computer.offset
    return (told.estimate_ns - truth) / NS


def ground_wrong_by_s(ground: Ground, mission_ns: int, true_ns: int) -> float:
    known = ground.times.utc(mission_ns)
    assert known is not None
    assert abs(known.utc_ns - true_ns) <= known.uncertainty_ns
    return (known.utc_ns - true_ns) / NS


@pytest.mark.slow
def test_over_boots_utc_is_right_on_the_ground_and_again_on_board_and_the_schedule_holds() -> None:
    with Flying(str(IN_SIGHT), keep_time=True) as flying, connect(flying) as craft:
        craft.fly(60)
        assert abs(on_board_wrong_by_s(flying, craft)) < 1.2
        offset = flying.simulation.computer.offset
        release_ns = flying.now_ns + offset + 250 * NS
        requests = flying.ground.requests
        _, tagged = requests.schedule("commands.nothing", {}, release_ns, flying.now_ns)
        craft.fly(10)
        before_ns, before_world_ns = flying.now_ns + offset, flying.now_ns
        flying.simulation.cut_power(40)  # the clock stands still for 40 s, and skips what was reserved
        craft.fly(45)
        offset = flying.simulation.computer.offset
        assert offset
        assert abs(on_board_wrong_by_s(flying, craft)) > 5, "until it is told"
        ground_wrong_by_s(flying.ground, flying.now_ns + offset, flying.now_ns)
        ground_wrong_by_s(flying.ground, before_ns, before_world_ns)
        craft.wait_for(lambda: abs(on_board_wrong_by_s(flying, craft)) < 1.2, within_s=90)
        flying.simulation.cut_power(2)  # the clock goes ahead
        craft.wait_for(lambda: flying.simulation.computer.offset > offset, within_s=20)
        craft.wait_for(lambda: tagged.ended, within_s=250)
        assert tagged.stage.value == "completed"
        assert flying.now_ns + flying.simulation.computer.offset >= release_ns
        assert [one.source for one in craft.history() if one.label == "timekeeping.correlate"].count(
            TIME
        ) >= 2
