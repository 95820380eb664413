"""The load-shedding ladder on charge and bus voltage: every threshold, every persistence, no flicker."""

from __future__ import annotations

import itertools
import math

import pytest

from flight.declare import SECOND, Outbox
from flight.modules.power.ladder import LADDER_RULES, Ladder, LadderSettings

THRESHOLDS = (0.78, 0.74, 0.70, 0.65, 0.60, 0.30)


class Bench:
    def __init__(self) -> None:
        self.settings = type("Settings", (LadderSettings,), {})()
        self.ladder = Ladder(self.settings)
        self.out = Outbox()
        self.now = 0

    def run(self, charge: float, seconds: int = 1, volts: float = 28.0) -> int:
        for _ in range(seconds):
            self.now += SECOND
            self.ladder.update(self.now, charge, volts, self.out)
        return self.ladder.rung

    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        events = [(event.name, arguments) for event, arguments in self.out.events]
        self.out.clear()
        return events


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(("rung", "threshold"), list(enumerate(THRESHOLDS, 1)))
def test_each_rung_has_its_charge(bench: Bench, rung: int, threshold: float) -> None:
    assert bench.run(threshold, 10) == rung - 1
    assert bench.run(threshold - 1e-6, 10) == rung
    assert bench.events()[-1] == ("charge_low", (threshold - 1e-6, rung))


def test_a_dip_of_five_seconds_sheds_nothing_and_one_of_six_goes_all_the_way_down(bench: Bench) -> None:
    bench.run(0.9)
    assert bench.run(0.5, 5) == 0
    bench.run(0.9)
    assert bench.run(0.5, 5) == 0
    assert bench.run(0.5, 1) == 5
    assert bench.events() == [("charge_low", (0.5, 5))]


def test_a_charge_that_is_no_number_is_the_worst(bench: Bench) -> None:
    assert bench.run(math.nan, 10) == 6


@pytest.mark.parametrize("volts", [math.nan, math.inf])
def test_without_a_measured_voltage_power_is_not_cut(bench: Bench, volts: float) -> None:
    assert bench.run(0.0, 100, volts=volts) == 5
    assert bench.run(0.0, 10) == 6
    assert bench.run(0.0, 100, volts=volts) == 6


@pytest.mark.parametrize(("rung", "threshold"), list(enumerate(THRESHOLDS, 1)))
def test_a_rung_is_left_eight_percent_above_for_a_minute(bench: Bench, rung: int, threshold: float) -> None:
    bench.run(threshold - 0.001, 10)
    assert bench.run(threshold + 0.0799, 200) == rung
    assert bench.run(threshold + 0.0801, 60) == rung
    assert bench.run(threshold + 0.0801, 1) == rung - 1
    assert bench.events()[-1] == ("charge_back", (threshold + 0.0801, rung - 1))


def test_the_way_up_is_one_rung_at_a_time(bench: Bench) -> None:
    bench.run(0.2, 10)
    seen = [bench.run(1.0) for _ in range(6 * 61)]
    assert seen.index(0) == 6 * 61 - 1, "a minute each"
    assert [rung for rung, after in itertools.pairwise(seen) if after != rung] == [6, 5, 4, 3, 2, 1]


def test_noise_around_a_threshold_does_not_flicker(bench: Bench) -> None:
    for second in range(1000):
        bench.run(0.70 + 0.05 * math.sin(second))
    assert len(bench.events()) <= 2


def test_under_voltage_asks_for_rung_five_and_is_left_above_for_a_minute(bench: Bench) -> None:
    bench.settings.undervoltage = 24.0
    assert bench.run(0.9, 10, volts=24.0) == 0
    assert bench.run(0.9, 2, volts=23.9) == 0
    bench.run(0.9, 1, volts=24.0)
    assert bench.run(0.9, 2, volts=23.9) == 0
    assert bench.run(0.9, 1, volts=23.9) == 5
    assert bench.run(0.9, 100, volts=24.4) == 5
    assert bench.run(0.9, 60, volts=24.5) == 5
    assert bench.run(0.9, 1, volts=24.4) == 5
    assert bench.run(0.9, 60, volts=24.5) == 5
    assert bench.run(0.9, 1, volts=24.5) == 0
    assert bench.events() == [("bus_low", (23.9, 24.0)), ("bus_back", (24.5,))]


def test_a_missing_voltage_is_no_under_voltage_and_no_recovery(bench: Bench) -> None:
    bench.settings.undervoltage = 24.0
    assert bench.run(0.9, 10, volts=math.nan) == 0
    bench.run(0.9, 10, volts=20.0)
    assert bench.run(0.9, 200, volts=math.nan) == 5


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"shed_2": 0.78}, 0), ({"shed_6": 0.61}, 0), ({"shed_1": 0.91}, 1), ({"exit_margin": 0.21}, 1)],
)
def test_parameters_that_fight_are_refused(change: dict[str, float], rule: int) -> None:
    names = ("shed_1", "shed_2", "shed_3", "shed_4", "hard_floor", "shed_6")
    good = dict(zip(names, THRESHOLDS, strict=True)) | {"exit_margin": 0.08}
    assert all(r.holds(good) for r in LADDER_RULES)
    assert not LADDER_RULES[rule].holds(good | change)
