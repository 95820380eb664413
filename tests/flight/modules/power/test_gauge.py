"""The gauge: near the truth when all is well, and never much above it whatever a sensor does."""

from __future__ import annotations

import math

import pytest

from flight.declare import SECOND, Outbox
from flight.modules.power.gauge import Gauge, GaugeSettings, OpenCircuit, Reading

TABLE = ((0.0, 24.0), (0.1, 26.0), (0.5, 27.6), (0.9, 28.8), (1.0, 29.6))
NAN = math.nan
PERIOD_S, ECLIPSE_S = 5700, 2130


class Bench:
    """A gauge at 28.2 V (charge 0.7) and no current, read by hand once a second."""

    def __init__(self) -> None:
        self.settings = type("Settings", (GaugeSettings,), {})()
        self.gauge = Gauge(self.settings, OpenCircuit(TABLE))
        self.now = 0
        self.out = Outbox()
        self.gauge.start(0)

    def read(self, seconds: int = 1, voltage: float = 28.2, amperes: float = 0.0, **other: float) -> float:
        for _ in range(seconds):
            self.now += SECOND
            missing = 1.0 if math.isnan(amperes) else 0.0
            counted = 0.0 if missing else amperes
            row = {"array_w": NAN, "load_w": NAN, "lit": False, "dark": True} | other
            self.gauge.update(self.now, Reading(1.0, voltage, counted, missing, **row), self.out)  # type: ignore[arg-type]
        return self.gauge.charge

    def events(self) -> list[str]:
        names = [event.name for event, _ in self.out.events]
        self.out.clear()
        return names


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_table_is_read_straight_between_its_rows() -> None:
    table = OpenCircuit(TABLE)
    assert [table.charge(v) for v in (20.0, 24.0, 25.0, 26.0, 26.8, 28.8, 29.2, 29.6, 40.0)] == pytest.approx(
        [0, 0, 0.05, 0.1, 0.3, 0.9, 0.95, 1, 1]
    )
    assert table.mean == pytest.approx(0.1 * 25 + 0.4 * 26.8 + 0.4 * 28.2 + 0.1 * 29.2)


@pytest.mark.parametrize(
    "rows", [((0.1, 24.0), (1.0, 29.0)), ((0.0, 24.0), (0.9, 29.0)), ((0.0, 24.0), (1.0, 24.0))]
)
def test_a_table_that_is_none_is_programmer_error(rows: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(AssertionError):
        OpenCircuit(rows)


@pytest.mark.slow
def test_within_three_percent_of_the_truth_for_five_orbits(flown) -> None:
    flown.run(60)
    for _ in range(5 * PERIOD_S):
        flown.step()
        assert abs(flown.charge - flown.battery.charge) < 0.03
    assert flown.module.outputs.charge_trusted
    assert not {"disagreed", "voltage_lost", "current_lost"} & set(flown.names())


def test_voltage_is_corrected_for_resistance_and_polarisation(bench: Bench) -> None:
    bench.read(600, voltage=28.2 + 2.0 * (0.05 + 0.02), amperes=2.0)
    assert bench.gauge.by_voltage == pytest.approx(0.7, abs=1e-3)


def test_right_after_a_start_in_sunlight_charging_looks_settled(bench: Bench) -> None:
    assert bench.read(voltage=28.2 + 2.0 * 0.07, amperes=2.0, dark=False) == pytest.approx(0.7, abs=1e-3)


def test_coulombs_count_with_the_charging_efficiency(bench: Bench) -> None:
    bench.settings.coulombic_efficiency = 0.9
    bench.settings.blend_s = 1e6
    bench.read(40)
    full_as = 150.0 / bench.gauge.table.mean * 3600
    before = bench.gauge.by_coulombs
    bench.read(100, amperes=-1.0)
    assert bench.gauge.by_coulombs - before == pytest.approx(-100 / full_as, rel=0.01)
    before = bench.gauge.by_coulombs
    bench.read(100, amperes=1.0, voltage=28.27)
    assert bench.gauge.by_coulombs - before == pytest.approx(0.9 * 100 / full_as, rel=0.01)


def test_the_counter_starts_after_thirty_good_seconds_and_is_not_trusted_before(bench: Bench) -> None:
    assert bench.read(30) == pytest.approx(0.7)
    assert not bench.gauge.counting
    assert not bench.gauge.trusted
    bench.read(1)
    assert bench.gauge.counting
    bench.read(1)
    assert bench.gauge.trusted


def test_a_hole_in_the_current_starts_the_thirty_seconds_anew(bench: Bench) -> None:
    bench.read(20)
    bench.read(1, amperes=NAN)
    bench.read(30)
    assert not bench.gauge.counting


def test_small_differences_are_drawn_to_the_voltage(bench: Bench) -> None:
    bench.settings.blend_s = 600.0
    bench.read(40)
    bench.gauge.by_coulombs = 0.65
    bench.read(600)
    assert bench.gauge.by_coulombs == pytest.approx(0.7 - 0.05 / math.e, abs=0.002)
    assert bench.events() == []


def test_a_disagreement_counts_the_lower_at_once_and_is_said_after_a_minute(bench: Bench) -> None:
    bench.read(40)
    bench.gauge.by_coulombs = 0.55
    assert bench.read() == pytest.approx(0.55)
    assert not bench.gauge.trusted
    bench.read(59)
    assert bench.events() == []
    bench.read(1)
    assert bench.events() == ["disagreed"]
    bench.read(1000)
    assert bench.events() == []
    assert bench.gauge.by_coulombs == 0.55, "a counter that disagrees is not drawn up to the voltage"
    bench.gauge.by_coulombs = 0.85
    assert bench.read() == pytest.approx(0.7, abs=1e-6)


def test_an_agreement_needs_half_the_threshold_for_a_minute(bench: Bench) -> None:
    bench.read(40)
    bench.gauge.by_coulombs = 0.55
    bench.read(61)
    bench.gauge.by_coulombs = 0.64
    bench.read(100)
    assert bench.events() == ["disagreed"], "0.06 apart is still too far"
    assert bench.gauge.charge == 0.64
    bench.gauge.by_coulombs = 0.66
    bench.read(60)
    assert bench.events() == []
    bench.read(1)
    bench.read(200)
    assert bench.events() == ["agreed"]
    assert bench.read() == pytest.approx(0.66, abs=2e-3)


def test_full_by_voltage_and_tapered_in_sunlight_sets_the_counter(bench: Bench) -> None:
    bench.read(40)
    bench.gauge.by_coulombs = 0.55
    full = {"voltage": 29.5, "lit": True, "dark": False}
    bench.read(132, amperes=0.1, **full)  # the filter needs 14 s of it
    assert bench.gauge.by_coulombs < 0.6
    bench.read(5, amperes=0.1, **full)
    assert bench.gauge.by_coulombs == pytest.approx(0.987, abs=0.01)


@pytest.mark.parametrize(
    "wrong", [{"lit": False}, {"amperes": 0.4}, {"amperes": -0.4}, {"amperes": NAN}, {"voltage": 29.1}]
)
def test_no_other_fact_sets_the_counter_up(bench: Bench, wrong: dict[str, float]) -> None:
    bench.read(40)
    bench.gauge.by_coulombs = 0.55
    bench.read(500, **({"voltage": 29.5, "lit": True, "dark": False, "amperes": 0.1} | wrong))
    assert not bench.gauge.by_coulombs > 0.65


def test_voltage_lost_coulombs_go_on_with_drift_and_end_at_zero(bench: Bench) -> None:
    bench.read(40)
    lost = {"voltage": NAN}
    bench.read(4, **lost)
    assert bench.events() == []
    bench.read(1, **lost)
    assert bench.events() == ["voltage_lost"]
    assert bench.read(3595, **lost) == pytest.approx(0.7 - 0.03, abs=1e-4)
    assert not bench.gauge.trusted
    assert bench.read(11 * 3600, **lost) == pytest.approx(0.7 - 12 * 0.03, abs=1e-4)
    assert bench.read(1, **lost) == 0.0
    assert bench.events() == []
    assert bench.read(1) == pytest.approx(0.7)
    assert bench.events() == ["voltage_back"]


def test_without_current_charge_by_voltage_assumes_the_charger_at_its_most(bench: Bench) -> None:
    bench.read(40)
    bench.read(4, amperes=NAN, dark=False)
    assert bench.events() == []
    bench.read(700, amperes=NAN, dark=False)
    assert bench.events() == ["current_lost"]
    assert bench.gauge.charge == pytest.approx(OpenCircuit(TABLE).charge(28.2 - 10 * 0.07), abs=1e-3)
    bench.read(700, amperes=NAN, dark=True)
    assert bench.gauge.charge == pytest.approx(0.7, abs=1e-3), "in darkness nothing charges"
    assert not bench.gauge.trusted
    bench.read(1)
    assert bench.events() == ["current_back"]


def test_without_current_the_other_powers_count(bench: Bench) -> None:
    bench.settings.blend_s = 1e6
    bench.read(40)
    full_as = 150.0 / bench.gauge.table.mean * 3600
    bench.read(1000, amperes=NAN, voltage=NAN, array_w=0.0, load_w=50.0)
    spent = 1000 * 50 / bench.gauge.table.mean / full_as
    assert bench.gauge.by_coulombs == pytest.approx(0.7 - spent, abs=1e-3)
    bench.read(100, amperes=NAN, voltage=NAN, array_w=5000.0, load_w=50.0)
    gained = 100 * 10 * 0.99 / full_as
    assert bench.gauge.by_coulombs == pytest.approx(0.7 - spent + gained, abs=1e-3), (
        "no more than the charger"
    )


@pytest.mark.parametrize("bad", [NAN, math.inf, -1.0])
def test_blind_falls_by_the_worst_load_and_is_zero_after_ten_minutes(bench: Bench, bad: float) -> None:
    bench.read(40)
    blind = {"voltage": NAN, "amperes": NAN, "array_w": bad, "load_w": bad}
    falling = [bench.read(1, **blind) for _ in range(600)]
    full_as = 150.0 / bench.gauge.table.mean * 3600
    spent = 600 * 100 / bench.gauge.table.mean / full_as
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(0.7 - spent - 0.03 / 6, abs=1e-3)
    assert bench.read(1, **blind) == 0.0
    assert math.isnan(bench.gauge.by_coulombs)
    assert bench.read(1) == pytest.approx(0.7), "and the first voltage counts again"


@pytest.mark.parametrize("known", ["array_w", "load_w"])
def test_one_of_the_other_powers_is_not_enough(bench: Bench, known: str) -> None:
    bench.read(40)
    bench.read(600, voltage=NAN, amperes=NAN, **{known: 20.0})
    full_as = 150.0 / bench.gauge.table.mean * 3600
    assert bench.gauge.by_coulombs == pytest.approx(
        0.7 - 600 * 100 / bench.gauge.table.mean / full_as, abs=1e-3
    )


def test_nothing_known_at_boot_is_zero(bench: Bench) -> None:
    bench.now = 10**15
    bench.gauge.start(bench.now)
    assert math.isnan(bench.gauge.by_coulombs)
    assert bench.read(1, voltage=NAN, amperes=NAN) == 0.0
    assert bench.events() == [], "it may come yet"


@pytest.mark.parametrize("voltage", [11.9, 38.5, math.inf, -math.inf, -28.0])
def test_an_impossible_voltage_is_a_missing_one(bench: Bench, voltage: float) -> None:
    bench.read(40)
    assert bench.read(10, voltage=voltage) == pytest.approx(0.7, abs=1e-3)
    assert bench.events() == ["voltage_lost"]


# ---------------------------------------------------------------- sensors that lie, for orbits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        ({"battery_voltage": 29.0}, "disagreed"),
        ({"battery_voltage": 29.6}, "disagreed"),
        ({"battery_current": 2.0}, "disagreed"),
        ({"battery_current": 0.0}, "disagreed"),
        ({"battery_voltage": NAN}, "voltage_lost"),
        ({"battery_current": NAN}, "current_lost"),
        ({"battery_current": NAN, "array_power": NAN, "load_power": NAN}, "current_lost"),
        ({"battery_current": NAN, "battery_voltage": NAN}, "voltage_lost"),
    ],
)
def test_a_lying_sensor_never_makes_a_high_charge_and_the_truth_returns(fly, spoiled, told) -> None:
    flown = fly(charge=0.9, load_w=65.0)
    flown.run(600)
    flown.names()
    flown.array_w = 90.0  # less than the load of an orbit: the battery goes down
    flown.run(2 * PERIOD_S, **spoiled)
    assert told in flown.names()
    assert flown.battery.charge < 0.7
    assert flown.worst_over < 0.12, "the disagreement threshold, and two percent for the model"
    flown.array_w = 160.0
    flown.run(3 * PERIOD_S)
    assert flown.charge == pytest.approx(flown.battery.charge, abs=0.03)
    assert flown.module.outputs.charge_trusted


@pytest.mark.slow
def test_a_current_sensor_with_an_offset_is_corrected_each_orbit(flown) -> None:
    for _ in range(4 * PERIOD_S):
        flown.step(battery_current=flown.battery.current + 0.2)
    assert flown.worst_over < 0.1
