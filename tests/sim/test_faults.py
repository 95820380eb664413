"""Every kind of fault does what it says, and is over when it ends: sensors, power, heat, stations, time."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from sim.fault_kinds import KINDS
from sim.faults import Injector
from sim.scenario import Fault
from sim.simulation import NS, Simulation
from tests.sim.faulted import FROM, UNTIL, fault, fly, level, module, switch

pytestmark = pytest.mark.usefixtures("short_chunks")

IN_PASS, IN_SUNLIGHT = 820, 3000  # seconds after the epoch
SENSOR, EVERY = "side_panel_temperature", 10  # nothing hangs on it: the world goes on as without the fault


# ---------------------------------------------------------------- sensors


def readings(*faults: Fault) -> tuple[list[float], list[float]]:
    """What the sensor said in each second of 60, and what flight believed."""
    simulation = fly(*faults, until_s=0)
    place = simulation.sensors.names[EVERY].index(SENSOR)
    raw, believed = [], []
    for _ in range(60):
        simulation.second()
        raw.append(simulation.sensors.read(EVERY)[place])
        kernel = simulation.computer.kernel
        assert kernel is not None
        believed.append(float(vars(kernel.bus)[SENSOR]))
    return raw, believed


@pytest.fixture(scope="module")
def true_readings() -> list[float]:
    return readings()[0]


def sensor(kind: str, value: float | None = None) -> tuple[list[float], list[float]]:
    return readings(fault("sensor", kind, SENSOR, value))


WHILE, AFTER = slice(FROM - 1, UNTIL - 1), slice(UNTIL - 1, None)


@pytest.mark.parametrize("at", [33.0, None])
def test_a_stuck_sensor_says_one_value(true_readings, at) -> None:
    raw, _ = sensor("stuck", at)
    assert set(raw[WHILE]) == {true_readings[FROM - 1] if at is None else at}
    assert len(set(true_readings[WHILE])) > 1
    assert raw[AFTER] == true_readings[AFTER]


def test_an_offset_is_added(true_readings) -> None:
    raw, believed = sensor("offset", 7.0)
    assert raw[WHILE] == [value + 7.0 for value in true_readings[WHILE]]
    assert believed[WHILE] == raw[WHILE]
    assert raw[AFTER] == true_readings[AFTER]


def test_noise_has_its_deviation(true_readings) -> None:
    raw, _ = sensor("noise", 4.0)
    errors = [said - true for said, true in zip(raw[WHILE], true_readings[WHILE], strict=True)]
    assert 2.0 < statistics.pstdev(errors) < 7.0
    assert raw[AFTER] == true_readings[AFTER]


def test_a_missing_sensor_is_not_a_number_and_soon_not_believed(true_readings) -> None:
    raw, believed = sensor("missing")
    assert all(map(math.isnan, raw[WHILE]))
    assert all(map(math.isnan, believed[FROM + 3 : UNTIL - 1]))
    assert believed[AFTER] == true_readings[AFTER]


def test_a_late_sensor_says_what_was(true_readings) -> None:
    raw, _ = sensor("late", 5.0)
    assert all(map(math.isnan, raw[FROM - 1 : FROM + 4]))
    assert raw[FROM + 4 : UNTIL - 1] == true_readings[FROM - 1 : UNTIL - 6]
    assert raw[AFTER] == true_readings[AFTER]


def test_garbage_is_anything(true_readings) -> None:
    raw, believed = sensor("garbage")
    assert any(math.isnan(value) for value in raw[WHILE])
    assert any(math.isinf(value) or abs(value) > 1e6 for value in raw[WHILE])
    assert all(math.isnan(value) or abs(value) < 1e6 for value in believed)
    assert raw[AFTER] == true_readings[AFTER]


# ---------------------------------------------------------------- power and heat


def test_a_stuck_rail_does_not_obey() -> None:
    simulation = fly(fault("rail", "stuck", "storage"))
    before = level(simulation, "storage")
    assert switch(simulation, "storage", 1 - before) == before
    simulation.run(UNTIL + 1)
    assert switch(simulation, "storage", 1 - before) == 1 - before


def test_a_rail_that_is_off_stays_off() -> None:
    assert level(fly(), "attitude") == 1
    simulation = fly(fault("rail", "off", "attitude"))
    assert switch(simulation, "attitude", 1) == 0
    simulation.run(UNTIL + 1)
    assert switch(simulation, "attitude", 1) == 1


def test_a_latch_up_draws_until_its_rail_is_cycled_or_it_ends() -> None:
    normal = fly(until_s=FROM + 1).world.plant.power.load_w
    simulation = fly(fault("rail", "latch_up", "attitude", 30.0), until_s=FROM + 1)
    assert simulation.world.plant.power.load_w > normal + 25.0
    switch(simulation, "attitude", 0)
    simulation.second()
    switch(simulation, "attitude", 1)
    simulation.second()
    assert simulation.world.plant.power.load_w == pytest.approx(normal, abs=2.0)

    simulation = fly(fault("rail", "latch_up", "attitude", 30.0), until_s=UNTIL + 1)
    assert simulation.world.plant.power.load_w == pytest.approx(normal, abs=2.0)


@pytest.mark.parametrize(
    ("kind", "value", "on_s"), [("stuck_on", None, 100), ("stuck_off", None, 0), ("duty", 0.3, 30)]
)
def test_a_heater_has_a_will_of_its_own(kind, value, on_s) -> None:
    simulation = fly(fault("heater", kind, "radio_heater", value, last=FROM + 200), until_s=FROM - 2)
    on = 0
    simulation.second()
    for _ in range(100):
        simulation.second()
        switch(simulation, "radio_heater", int(kind != "stuck_on"))
        on += level(simulation, "radio_heater")
    assert on == on_s
    simulation.run(FROM + 201)
    assert switch(simulation, "radio_heater", 1) == 1
    assert switch(simulation, "radio_heater", 0) == 0


def test_an_array_loses_its_share() -> None:
    whole = fly(start_s=IN_SUNLIGHT).world.plant.power.array_w
    simulation = fly(fault("array", "loss", value=0.5), start_s=IN_SUNLIGHT)
    assert whole > 50.0
    assert simulation.world.plant.power.array_w == pytest.approx(whole / 2, rel=0.1)
    simulation.run(UNTIL + 1)
    assert simulation.world.array_share == 1.0


def test_a_battery_loses_its_share_for_ever() -> None:
    whole = fly().world.plant.power.battery.capacity_c
    simulation = fly(fault("battery", "loss", value=0.25), until_s=UNTIL + 1)
    assert simulation.world.plant.power.battery.capacity_c == pytest.approx(0.75 * whole)


# ---------------------------------------------------------------- stations, time


def test_a_station_that_is_out_has_no_contact() -> None:
    assert fly(start_s=IN_PASS).radio.in_contact
    simulation = fly(fault("station", "outage", "Inuvik"), start_s=IN_PASS)
    assert not simulation.radio.in_contact
    simulation.run(UNTIL + 2)
    assert simulation.radio.in_contact
    assert fly(fault("station", "outage", "Troll"), start_s=IN_PASS).radio.in_contact


def utc_error_s(simulation: Simulation) -> float:
    """UTC as flight reckons it, against the truth."""
    timekeeping = module(simulation, "timekeeping")
    now = simulation.now_s * NS
    truth = simulation.scenario.epoch_ns + now
    return float(timekeeping._utc_at(now + simulation.computer.offset) - truth) / NS


def test_a_step_of_the_grounds_clock_reaches_the_spacecraft_and_is_put_right() -> None:
    simulation = fly(fault("clock", "step", value=1e5), start_s=IN_PASS, until_s=FROM + 10)
    assert utc_error_s(simulation) == pytest.approx(1e5)
    simulation.run(UNTIL + 10)
    assert utc_error_s(simulation) == 0.0


def test_a_drift_of_the_grounds_clock_grows() -> None:
    simulation = fly(fault("clock", "drift", value=0.01, last=FROM + 150), start_s=IN_PASS, until_s=FROM + 70)
    assert utc_error_s(simulation) == pytest.approx(0.6)
    simulation.run(FROM + 130)
    assert utc_error_s(simulation) == pytest.approx(1.2)
    simulation.run(FROM + 160)
    assert utc_error_s(simulation) == 0.0


# ---------------------------------------------------------------- all of them


def test_every_kind_is_tested() -> None:
    """By name, here and in the files beside and below: one process may run a part of the tests only."""
    text = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*faults.py"))
    for target, kinds in KINDS.items():
        assert f'"{target}"' in text, target
        for kind in kinds:
            assert f'"{kind}"' in text, (target, kind)


def test_the_injector_is_quiet_when_all_is_over() -> None:
    injector = Injector([fault("array", "loss", value=0.1), replace(fault("disk", "full"), at_s=5.0)], 1)
    simulation = fly(until_s=0)
    simulation.inject = injector
    simulation.run(FROM + 1)
    assert not injector.quiet()
    assert injector.begun == {"disk.full": 1, "array.loss": 1}
    simulation.run(UNTIL + 1)
    assert injector.quiet()
