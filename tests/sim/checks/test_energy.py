from __future__ import annotations

from types import SimpleNamespace

import pytest

from sim.checks.energy import ChargeAtSunrise, EnergyFaults, ForecastNotTooHigh


@pytest.fixture
def orbit(seen, kernel, booted):
    """A world whose light, charge and load a test sets."""
    rails = [rail.name for rail in seen.scenario.spacecraft.rails]
    power = SimpleNamespace(
        levels=[0] * len(rails),
        battery=SimpleNamespace(charge=0.9, capacity_c=1000.0),
        bus_on=True,
        load_w=50.0,
    )
    light = [1.0]
    seen.world = SimpleNamespace(
        plant=SimpleNamespace(power=power), array_share=1.0, sunlight=lambda: light[0]
    )
    seen.switches = SimpleNamespace(jammed=set())
    seen.board = rails.index("compute_a")
    seen.power, seen.light = power, light
    return seen


def fly(check, orbit, light: float, seconds: int, charge: float) -> None:
    orbit.light[0], orbit.power.battery.charge = light, charge
    for second in range(seconds):
        check.look(orbit, second)


def an_orbit(check, orbit, charge: float) -> None:
    fly(check, orbit, 1.0, 3600, 0.9)
    fly(check, orbit, 0.0, 2000, 0.8)
    fly(check, orbit, 1.0, 2, charge)


@pytest.mark.parametrize(
    ("charge", "level", "exercised", "failed"),
    [(0.80, 4, 0, 0), (0.72, 4, 1, 0), (0.60, 0, 1, 0), (0.60, 4, 1, 1), (0.60, 3, 1, 1)],
)
def test_jobs_must_not_eat_the_floor(orbit, charge, level, exercised, failed) -> None:
    check = ChargeAtSunrise(orbit, EnergyFaults(orbit))
    an_orbit(check, orbit, 0.9)
    orbit.power.levels[orbit.board] = level
    an_orbit(check, orbit, charge)
    assert (check.exercised, check.failed) == (exercised, failed)


@pytest.mark.parametrize("fault", ["array", "sensor", "board", "string", "bus"])
def test_a_fault_of_energy_excuses_its_orbit_alone(orbit, fault) -> None:
    check = ChargeAtSunrise(orbit, EnergyFaults(orbit))
    an_orbit(check, orbit, 0.9)
    orbit.power.levels[orbit.board] = 4
    if fault == "array":
        orbit.world.array_share = 0.3
    elif fault == "sensor":
        orbit.sensors.distortions = {"array_power": None}
    elif fault == "board":
        orbit.switches.jammed.add("compute_b")
    elif fault == "string":
        orbit.power.battery.capacity_c = 850.0
    else:
        orbit.power.bus_on = False
    an_orbit(check, orbit, 0.6)
    assert check.exercised == 0
    orbit.sensors.distortions, orbit.power.battery.capacity_c, orbit.power.bus_on = {}, 1000.0, True
    orbit.switches.jammed.clear()
    fly(check, orbit, 1.0, 10, 0.6)
    an_orbit(check, orbit, 0.6)
    an_orbit(check, orbit, 0.6)
    assert check.failed


@pytest.fixture
def forecast(orbit, kernel, booted):
    """The same, with what the guard says: how much of the charge the eclipse will take."""
    guard = SimpleNamespace(load_w=50.0)
    power_module = next(slot for slot in kernel.slots if slot.name == "power").module
    check = ForecastNotTooHigh(orbit, EnergyFaults(orbit))
    original = power_module.guard
    power_module.guard = guard
    check.booted(booted, kernel)
    values = vars(kernel.bus)
    before = {name: values[name] for name in ("charge", "forecast_charge", "charge_trusted")}

    def eclipse(foreseen: float, took: float, load_w: float = 50.0, **faults) -> tuple[int, int]:
        values.update(charge=0.9, forecast_charge=0.9 - foreseen, charge_trusted=faults.get("trusted", True))
        orbit.power.load_w = 50.0
        fly(check, orbit, 1.0, 100, 0.88)
        orbit.power.load_w = load_w
        orbit.sensors.distortions = faults.get("distortions", {})
        fly(check, orbit, 0.0, 2000, 0.88)
        fly(check, orbit, 1.0, 2, 0.88 - took)
        return check.exercised, check.failed

    yield eclipse
    power_module.guard = original
    values.update(before)


def test_what_was_foreseen_is_right_and_more_is_wrong(forecast) -> None:
    assert forecast(0.07, 0.06) == (1, 0)
    assert forecast(0.05, 0.06) == (2, 0)
    assert forecast(0.0, 0.06) == (3, 1)


def test_a_load_that_grew_is_not_held_against_it(forecast) -> None:
    assert forecast(0.06, 0.10, load_w=100.0) == (1, 0)
    assert forecast(0.06, 0.20, load_w=100.0) == (2, 1)


def test_a_sensor_that_lies_excuses(forecast) -> None:
    assert forecast(0.0, 0.06, distortions={"load_power": None}) == (0, 0)
    assert forecast(0.0, 0.06, trusted=False) == (0, 0)
