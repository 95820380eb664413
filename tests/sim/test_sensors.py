"""Sensors: truth plus bias and noise, in the steps of a converter."""

from __future__ import annotations

import dataclasses
import statistics

import pytest

from sim.fields import Measure
from sim.plant import Plant
from sim.sensors import NOISE_NUMBERS, Sensors, noise_table, quantities
from sim.spacecraft import Sensor, Spacecraft
from sim.spacecraft_file import load_spacecraft

FORM = load_spacecraft("pathfinder")
FIRST_TWO = [0.660943084628208, -0.8013905214643868]  # of the table of seed 1


def with_sensors(*sensors: Sensor) -> Spacecraft:
    return dataclasses.replace(FORM, sensors=sensors)


def sensor(quantity: str, noise: float = 0.0, resolution: float = 0.0, bias: float = 0.0) -> Sensor:
    return Sensor("s", quantity, *(Measure(value, "") for value in (noise, resolution, bias)))


def test_every_quantity_reads_its_truth() -> None:
    wanted = quantities(FORM)
    plant = Plant(with_sensors(*(sensor(quantity) for quantity in wanted)), 0.5)
    power, thermal = plant.power, plant.thermal
    power.set_level(6, 4)
    power.set_heater(2, True)
    plant.step([1000.0] * 8, [100.0] * 8)
    found = dict(zip(wanted, plant.read_sensors(), strict=True))
    assert found["battery.voltage"] == power.battery.voltage_v
    assert found["battery.current"] == power.battery.current_a > 0.0
    assert found["array.power"] == power.array_w > 0.0
    assert found["array.wing.power"] == power.arrays_w[0]
    assert found["bus.power"] == power.load_w
    for name, kelvin in zip(thermal.names, thermal.temperatures_k, strict=True):
        assert found[f"node.{name}.temperature"] == kelvin - 273.15
    assert found["rail.compute_a.current"] == pytest.approx(25.0 / 0.92 / power.battery.voltage_v)
    assert found["rail.compute_b.current"] == 0.0
    assert found["heater.compute_a_heater.current"] == pytest.approx(12.0 / power.battery.voltage_v)
    assert found["heater.radio_heater.current"] == 0.0
    assert len(found) == 4 + 1 + 12 + 8 + 4


@pytest.mark.parametrize("bias", [0.1, 0.24, 0.26, 0.4, -29.9, -70.1, -70.3])
def test_readings_come_in_the_nearest_steps_of_the_converter(bias: float) -> None:
    plant = Plant(with_sensors(sensor("battery.voltage", resolution=0.5, bias=bias)), 0.5)
    truth = plant.power.battery.voltage_v + bias
    (reading,) = plant.read_sensors()
    assert reading * 2.0 == round(reading * 2.0)
    assert abs(reading - truth) <= 0.25


def test_noise_has_its_deviation_and_bias_its_value() -> None:
    plant = Plant(with_sensors(sensor("battery.voltage", noise=0.2, bias=1.0)), 0.5, seed=5)
    readings = [plant.read_sensors()[0] - plant.power.battery.voltage_v for _ in range(4000)]
    assert statistics.fmean(readings) == pytest.approx(1.0, abs=0.015)
    assert statistics.pstdev(readings) == pytest.approx(0.2, rel=0.05)
    assert len(set(readings)) > 3900


def test_sensors_of_one_reading_do_not_share_their_noise() -> None:
    plant = Plant(with_sensors(*(sensor("battery.voltage", noise=0.1) for _ in range(20))), 0.5)
    assert len(set(plant.read_sensors())) == 20


def test_the_seed_decides_the_noise() -> None:
    def readings(seed: int) -> list[list[float]]:
        plant = Plant(FORM, 0.5, seed)
        return [plant.read_sensors() for _ in range(50)]

    assert readings(1) == readings(1)
    assert readings(1) != readings(2)


def test_the_table_is_the_same_on_every_machine() -> None:
    """Sums of uniforms of the Mersenne Twister are exact; these stand for all."""
    table = noise_table(1)
    assert len(table) == NOISE_NUMBERS
    assert statistics.fmean(table) == pytest.approx(0.0, abs=0.05)
    assert statistics.pstdev(table) == pytest.approx(1.0, abs=0.03)
    assert table[:2] == FIRST_TWO


def test_readings_wrap_around_the_table_for_ever() -> None:
    plant = Plant(with_sensors(*(sensor("battery.voltage", noise=0.1) for _ in range(7))), 0.5)
    for _ in range(2 * NOISE_NUMBERS):
        assert len(plant.read_sensors()) == 7


def test_names_are_in_the_order_of_the_file() -> None:
    assert Sensors(FORM).names == tuple(one.name for one in FORM.sensors)
