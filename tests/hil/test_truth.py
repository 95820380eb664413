"""Which faults a bench can make, and that those it can reach what they name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from flight.app import load_mission
from hil.bench import Bench
from hil.drills import PULLED_S, Drill, Drills
from hil.truth import Truth, left_out, possible
from sim.live.surroundings import Surroundings
from sim.scenario import Fault, load_scenario

pytestmark = pytest.mark.slow  # each has a world


class FakeBoard:
    def __init__(self) -> None:
        self.pid = 100

    def executive(self) -> int:
        return self.pid


class FakeBench:
    """World and counters without processes."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        scenario = load_scenario("reference")
        self.scenario = SimpleNamespace(faults=faults, epoch=scenario.epoch)
        self.seed, self.speed = 1, 1
        self.surroundings = Surroundings(scenario, load_mission("pathfinder"), 1)
        self.ground = SimpleNamespace(in_contact=True)
        self.board = FakeBoard()
        self.frames, self.last_frame_ns = 0, -1
        self.done: list[str] = []

    def unplug(self) -> None:
        self.done.append("unplug")

    def plug(self) -> None:
        self.done.append("plug")

    def kill_flight(self) -> None:
        self.done.append("kill")

    def cut_power(self, seconds: int) -> None:
        self.done.append(f"off {seconds > 0}")


def fault(target: str, kind: str, name: str = "", value: float | None = None) -> Fault:
    return Fault(1.0, 5.0, target, name, kind, value)


def test_what_strikes_inside_the_program_is_left_out_and_said() -> None:
    lines = left_out(load_scenario("reference"))
    assert lines == [
        "job.weather/clouds wrong_bits at 300 s",
        "job.acme/filter crash at 14400 s",
        "job.orbital/greedy lie at 21600 s",
        "module.timekeeping crash at 57600 s",
    ]
    assert possible(fault("process.executive", "kill"))
    assert not possible(fault("process.executive", "hang"))
    assert not possible(fault("disk", "full"))


@pytest.mark.parametrize(
    ("struck", "what"),
    [
        (fault("process.executive", "kill"), "kill"),
        (fault("computer", "reset"), "off True"),
    ],
)
def test_processes_are_struck(struck: Fault, what: str) -> None:
    bench = FakeBench((struck,))
    truth = Truth(cast(Bench, bench))
    truth.strike(0)
    assert bench.done == []
    truth.strike(1)
    assert bench.done == [what]
    assert truth.injected == 1


def test_the_world_the_stations_and_the_link_are_struck_and_healed() -> None:
    struck = (
        fault("rail", "latch_up", "navigation", 8.0),
        fault("station", "silent", "Svalbard"),
        fault("link.down", "loss", value=0.5),
    )
    bench = FakeBench(struck)
    around = bench.surroundings
    truth = Truth(cast(Bench, bench))
    index = around.world.plant.form.switches().index("navigation")
    around.world.plant.set_switch(index, 1)
    around.second(0)
    for second in (1, 2):
        around.second(second)
        truth.strike(second)
    assert truth.latched == {index}
    assert around.silenced == {0}
    assert around.radio.down.spoiling.loss == 0.5
    around.world.plant.set_switch(index, 0)
    truth.strike(3)
    assert truth.latched == set(), "cycling its rail ends it"
    truth.strike(10)
    assert around.silenced == set()
    assert around.radio.down.spoiling.loss < 0.5


def test_a_drill_pulls_plugs_and_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = FakeBench()
    clock = SimpleNamespace(now=0)
    monkeypatch.setattr("hil.drills.time.monotonic_ns", lambda: clock.now)
    drills = Drills(cast(Bench, bench), Drill.PULL, 10)
    for second in range(11):
        clock.now = second * 10**9
        drills.each_second(second)
    assert bench.done == ["unplug"]
    for second in range(11, 11 + PULLED_S):
        clock.now = second * 10**9
        drills.each_second(second)
    assert bench.done == ["unplug", "plug"]
    assert drills.rows() == (("line pulled and plugged in again", "0 times"),)
    bench.frames, bench.last_frame_ns = 1, clock.now + 1_250_000_000
    drills.each_second(15)
    assert drills.back_s == [1.25]
    for second in range(16, 40):
        drills.each_second(second)
    assert drills.missed == 1, "telemetry was not back when the next was due"
    bench.ground.in_contact = False
    drills.each_second(40)
    assert drills.rows()[0] == ("line pulled and plugged in again", f"{1 + drills.missed} times")


def test_what_a_dead_executive_had_sent_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = FakeBench()
    monkeypatch.setattr("hil.drills.time.monotonic_ns", lambda: 10)
    drills = Drills(cast(Bench, bench), Drill.KILL, 1)
    drills.each_second(0)
    drills.each_second(1)
    assert bench.done == ["kill"]
    bench.frames, bench.last_frame_ns = 1, 20
    drills.kind, drills.every_s = Drill.KILL, 100
    drills._next_s = 100
    drills.each_second(2)
    assert drills.back_s == [], "the page still shows the one that was killed"
    bench.board.pid = 101
    drills.each_second(3)
    assert drills.back_s == []
    bench.frames, bench.last_frame_ns = 2, 2_000_000_010
    drills.each_second(4)
    assert drills.back_s == [2.0]
