"""Arrays, battery and bus against closed forms, and their bounds."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import spacecraft
from sim.power import Battery

PACK = spacecraft.Battery(
    node="battery",
    capacity_wh=1000.0,
    open_circuit_v=(20.0, 30.0, 32.0),
    resistance_ohm=0.1,
    polarisation_resistance_ohm=0.05,
    polarisation_time_s=100.0,
    coulombic_efficiency=0.99,
    charge_current_limit_a=10.0,
    charge_voltage_limit_v=32.0,
    cut_off_v=22.0,
    reconnect_v=26.0,
    charge_low_degc=0.0,
    charge_high_degc=45.0,
)
IDEAL = dataclasses.replace(
    PACK,
    open_circuit_v=(27.999999, 28.000001),
    resistance_ohm=1e-6,
    polarisation_resistance_ohm=1e-9,
    coulombic_efficiency=1.0,
    charge_voltage_limit_v=40.0,
    charge_current_limit_a=1e6,
)
ROOM = 20.0
MEAN_V = (25.0 + 31.0) / 2.0
CAPACITY_C = 1000.0 * 3600.0 / MEAN_V


def close(value: float, relative: float = 1e-6) -> object:
    return pytest.approx(value, rel=relative)


# ---------------------------------------------------------------- battery


def test_the_energy_of_an_eclipse() -> None:
    """P t: 400 W over 35.61 min take 237 Wh, 23.7 % of 1000 Wh before losses (simulation.md 3.5.24)."""
    battery = Battery(IDEAL, 1.0)
    for _ in range(round(35.61 * 60)):
        battery.step(1.0, -400.0, ROOM)
    assert (1.0 - battery.charge) * 1000.0 == pytest.approx(237.4, abs=0.3)
    assert (1.0 - battery.charge) == pytest.approx(0.237, abs=0.001)


def test_open_circuit_voltage_is_linear_between_even_steps_of_charge() -> None:
    for charge, volts in ((0.0, 20.0), (0.25, 25.0), (0.5, 30.0), (0.75, 31.0), (1.0, 32.0)):
        battery = Battery(PACK, charge)
        assert battery.open_circuit_v() == close(volts)
        assert battery.voltage_v == close(volts)


def test_capacity_is_the_energy_at_no_current() -> None:
    assert Battery(PACK).capacity_c == close(CAPACITY_C)
    assert Battery(dataclasses.replace(PACK, health=0.8)).capacity_c == close(0.8 * CAPACITY_C)


def test_the_first_step_solves_constant_power_exactly() -> None:
    """V I = P with V = E + R I: I = (sqrt(E^2 + 4 R P) - E) / 2 R."""
    battery = Battery(PACK, 0.5)
    power = battery.step(1.0, -290.0, ROOM)
    current = (math.sqrt(30.0**2 - 4.0 * 0.1 * 290.0) - 30.0) / 0.2
    assert battery.current_a == close(current)
    assert battery.voltage_v == close(30.0 + 0.1 * current)
    assert power == close(-290.0)
    assert battery.charge == close(0.5 + current / CAPACITY_C)


def test_polarisation_follows_its_exponential() -> None:
    """A constant 5 A for 60 s: V1 = R1 I (1 - exp(-t / tau)), then it decays with the same constant."""
    battery = Battery(PACK, 0.8)
    for _ in range(60):
        inner = battery.open_circuit_v() + battery.polarisation_v
        battery.step(1.0, -5.0 * (inner - 0.5), ROOM)
        assert battery.current_a == close(-5.0)
    assert battery.polarisation_v == close(-0.25 * (1.0 - math.exp(-0.6)))
    before = battery.polarisation_v
    for _ in range(100):
        battery.step(1.0, 0.0, ROOM)
    assert battery.current_a == 0.0
    assert battery.polarisation_v == close(before * math.exp(-1.0))
    assert battery.voltage_v == close(battery.open_circuit_v() + before * math.exp(-0.99))


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 10.0])
def test_polarisation_does_not_depend_on_the_step(dt_s: float) -> None:
    battery = Battery(dataclasses.replace(IDEAL, polarisation_resistance_ohm=0.05), 0.5)
    for _ in range(round(100.0 / dt_s)):
        battery.step(dt_s, -5.0 * (28.0 + battery.polarisation_v - 5e-6), ROOM)
    assert battery.polarisation_v == close(-0.25 * (1.0 - math.exp(-1.0)), 1e-3)


@pytest.mark.slow
def test_the_charger_limits_current_then_tapers_at_its_voltage_and_ends_full() -> None:
    battery = Battery(PACK, 0.2)
    currents, voltages = [], []
    for _ in range(30 * 3600):
        battery.step(1.0, 1000.0, ROOM)
        currents.append(battery.current_a)
        voltages.append(battery.voltage_v)
    assert currents[0] == 10.0
    assert max(currents) == 10.0
    assert max(voltages) <= 32.0 + 1e-9
    taper = next(place for place, volts in enumerate(voltages) if volts > 32.0 - 1e-9)
    assert all(
        later <= earlier + 1e-12
        for earlier, later in zip(currents[taper:], currents[taper + 1 :], strict=False)
    )
    assert currents[-1] < 0.01
    assert 0.999 < battery.charge <= 1.0


def test_little_power_charges_with_just_that_power() -> None:
    battery = Battery(PACK, 0.5)
    assert battery.step(1.0, 100.0, ROOM) == close(100.0)
    assert battery.current_a * battery.voltage_v == close(100.0)


def test_coulombic_losses_keep_a_share_of_the_charge() -> None:
    battery = Battery(PACK, 0.5)
    moved = 0.0
    for _ in range(600):
        battery.step(1.0, 200.0, ROOM)
        moved += battery.current_a
    assert battery.charge - 0.5 == close(0.99 * moved / CAPACITY_C)


@pytest.mark.parametrize("celsius", [-0.1, 45.1])
def test_a_pack_out_of_its_window_takes_no_charge_but_still_gives(celsius: float) -> None:
    battery = Battery(PACK, 0.5)
    assert battery.step(1.0, 100.0, celsius) == 0.0
    assert battery.current_a == 0.0
    assert battery.step(1.0, -100.0, celsius) == close(-100.0)


@pytest.mark.parametrize("celsius", [0.0, 45.0])
def test_the_window_includes_its_ends(celsius: float) -> None:
    assert Battery(PACK, 0.5).step(1.0, 100.0, celsius) > 0.0


def test_under_voltage_cuts_off_and_comes_back_with_hysteresis() -> None:
    battery = Battery(PACK, 0.15)
    while battery.connected:
        battery.step(1.0, -200.0, ROOM)
    assert battery.voltage_v < 22.0
    assert battery.step(1.0, -200.0, ROOM) == 0.0
    for _ in range(1000):
        battery.step(1.0, 0.0, ROOM)
    assert 22.0 < battery.voltage_v < 26.0
    assert not battery.connected
    while not battery.connected:
        assert battery.step(1.0, 200.0, ROOM) > 0.0
    assert battery.voltage_v >= 26.0
    assert battery.step(1.0, -200.0, ROOM) == close(-200.0)


def test_more_than_the_pack_can_give_collapses_the_voltage_to_half() -> None:
    """Most power through a resistance is E^2 / 4 R, at half the voltage."""
    battery = Battery(PACK, 0.5)
    assert battery.step(1.0, -1e6, ROOM) == close(-(30.0**2) / 0.4)
    assert battery.voltage_v == close(15.0)
    assert not battery.connected


def test_an_empty_pack_gives_what_it_holds_and_no_more() -> None:
    battery = Battery(dataclasses.replace(PACK, cut_off_v=1.0, reconnect_v=2.0), 1e-5)
    held = 1e-5 * CAPACITY_C
    given_out = 0.0
    for _ in range(10):
        battery.step(1.0, -100.0, ROOM)
        given_out -= battery.current_a
    assert given_out == close(held)
    assert battery.charge == pytest.approx(0.0, abs=1e-15)


def test_a_nearly_full_pack_takes_only_what_still_fits() -> None:
    """With a voltage limit too high to stop it; what is taken is stored, none of it lost."""
    battery = Battery(dataclasses.replace(PACK, charge_voltage_limit_v=60.0), 1.0 - 1e-5)
    battery.step(10.0, 500.0, ROOM)
    assert battery.current_a == close(1e-5 * CAPACITY_C / 0.99 / 10.0)
    assert battery.charge == pytest.approx(1.0, abs=1e-12)
    assert battery.step(10.0, 500.0, ROOM) == pytest.approx(0.0, abs=1e-6)


def test_capacity_fades_with_what_moves_through_it() -> None:
    """One full charge and discharge cost `fade` of the capacity."""
    battery = Battery(dataclasses.replace(IDEAL, fade=0.001), 1.0)
    before = battery.capacity_c
    for power in (-500.0, 500.0):
        for _ in range(7190):
            battery.step(1.0, power, ROOM)
    assert 1.0 - battery.capacity_c / before == pytest.approx(0.001, rel=0.01)


def test_a_failed_string_takes_its_share_of_the_capacity() -> None:
    battery = Battery(PACK, 0.5)
    battery.lose_capacity(0.25)
    assert battery.capacity_c == close(0.75 * CAPACITY_C)
    assert battery.charge == 0.5


def test_energy_at_the_terminals_is_energy_stored_plus_heat() -> None:
    """Over a cycle; what is stored is charge times open-circuit voltage, and heat is never negative."""
    battery = Battery(PACK, 0.6)
    terminals = heat = stored = 0.0
    for second in range(7200):
        before, volts = battery.charge, battery.open_circuit_v()
        terminals += battery.step(1.0, -150.0 if second < 3600 else 180.0, ROOM)
        assert battery.heat_w >= -1e-6 or battery.polarisation_v * battery.current_a < 0.0
        heat += battery.heat_w
        stored += (battery.charge - before) * battery.capacity_c * volts
    assert heat > 10_000.0
    assert terminals == close(stored + heat)


@pytest.mark.slow
@given(
    st.floats(0.0, 1.0),
    st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-50.0, 80.0)), max_size=60),
    st.sampled_from([0.1, 1.0, 10.0]),
)
def test_no_input_takes_the_pack_out_of_its_bounds(
    charge: float, course: list[tuple[float, float]], dt_s: float
) -> None:
    battery = Battery(dataclasses.replace(PACK, fade=0.0004), charge)
    for offered, celsius in course:
        power = battery.step(dt_s, offered, celsius)
        assert 0.0 <= battery.charge <= 1.0
        assert min(offered, 0.0) - 1e-6 <= power <= max(offered, 0.0) + 1e-6
        assert battery.current_a <= 10.0 + 1e-9
        assert 0.0 < battery.voltage_v < 40.0
        assert 0.0 < battery.capacity_c <= CAPACITY_C * (1.0 + 1e-12)
        assert math.isfinite(battery.heat_w)
        if battery.current_a > 0.0:
            assert battery.voltage_v <= 32.0 + 1e-9


# ---------------------------------------------------------------- arrays and bus
