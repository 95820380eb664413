"""Arrays, loads and battery on one bus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.power import PowerSystem
from sim.spacecraft_file import load_spacecraft


def close(value: float, relative: float = 1e-6) -> object:
    return pytest.approx(value, rel=relative)


# ---------------------------------------------------------------- battery


FORM = load_spacecraft("pathfinder")
FACES = [face.name for face in FORM.faces]
RAILS = [rail.name for rail in FORM.rails]
NODES = [node.name for node in FORM.nodes]
WARM = [301.15] * len(NODES)  # 28 degC, the reference of the cells
DARK = [0.0] * len(FACES)


def lit(flux: float) -> list[float]:
    return [flux if name == "wing_front" else 0.0 for name in FACES]


def loaded(**levels: int) -> PowerSystem:
    power = PowerSystem(FORM, 0.5)
    for name, level in levels.items():
        assert power.set_level(RAILS.index(name), level)
    return power


def test_array_power_is_the_product_of_its_factors() -> None:
    """A S eta x operating point x (1 - d)^age at 28 degC; -0.24 % for each kelvin above."""
    power = loaded()
    power.step(1.0, lit(1361.0), WARM)
    full = 1361.0 * 0.58 * 0.295 * 0.93 * (1.0 - 0.0275)
    assert power.available_w == close(full)
    power.step(1.0, lit(1361.0), [temperature + 40.0 for temperature in WARM])
    assert power.available_w == close(full * (1.0 - 0.0024 * 40.0))
    power.step(1.0, lit(680.5), WARM)
    assert power.available_w == close(full / 2.0)
    power.array_share = 0.75
    power.step(1.0, lit(1361.0), WARM)
    assert power.available_w == close(0.75 * full)
    power.step(1.0, DARK, WARM)
    assert power.available_w == power.array_w == 0.0


def test_loads_are_power_over_efficiency_and_a_radio_keeps_only_its_share_of_heat() -> None:
    power = loaded(attitude=0)
    base = 5.0 / 0.90 + 2.5 / 0.88
    assert power.load_w == close(base)
    power.set_level(RAILS.index("transmitter"), 1)
    assert power.load_w == close(base + 15.0 / 0.88)
    assert power.heat_w[NODES.index("radio")] == close((2.5 + 15.0) / 0.88 - 3.0)
    power.set_level(RAILS.index("compute_a"), 4)
    assert power.heat_w[NODES.index("compute_a")] == close(25.0 / 0.92)
    assert power.rails_w[RAILS.index("compute_a")] == close(25.0 / 0.92)
    power.set_heater(0, True)
    assert power.heat_w[NODES.index("battery")] == close(10.0)
    assert sum(power.heat_w) == close(power.load_w - 3.0)


def test_a_surplus_charges_and_the_rest_stays_in_the_array() -> None:
    power = loaded(compute_a=4)
    power.step(1.0, lit(1361.0), WARM)
    assert power.battery.current_a > 0.0
    assert power.array_w == close(power.load_w + power.battery.current_a * power.battery.voltage_v)
    full = PowerSystem(FORM, 1.0)
    full.step(1.0, lit(1361.0), WARM)
    assert full.array_w == close(full.load_w)
    assert full.array_w < full.available_w
    assert sum(full.arrays_w) == close(full.array_w)


def test_an_eclipse_is_carried_by_the_battery() -> None:
    power = loaded(compute_a=4, compute_b=4)
    power.step(1.0, DARK, WARM)
    assert power.battery.current_a * power.battery.voltage_v == close(-power.load_w)
    assert power.bus_on


@pytest.mark.parametrize(
    ("rail", "level"), [("computer", 0), ("receiver", 0), ("compute_a", 5), ("compute_a", -1)]
)
def test_a_switch_that_cannot_obey_says_so(rail: str, level: int) -> None:
    power = loaded()
    before = (list(power.levels), power.load_w)
    assert not power.set_level(RAILS.index(rail), level)
    assert (power.levels, power.load_w) == before


def test_a_latch_up_draws_more_only_while_its_rail_is_on() -> None:
    power = loaded()
    rail = RAILS.index("compute_b")
    power.set_extra_load(rail, 4.6)
    before = power.load_w
    power.set_level(rail, 1)
    assert power.load_w - before == close((5.0 + 4.6) / 0.92)
    power.set_level(rail, 0)
    assert power.load_w == close(before)


def test_a_flat_battery_takes_the_bus_down_and_the_sun_brings_it_back() -> None:
    power = PowerSystem(FORM, 0.05)
    power.set_level(RAILS.index("compute_a"), 4)
    power.set_heater(0, True)
    steps = 0
    while power.bus_on:
        power.step(1.0, DARK, WARM)
        steps += 1
        assert steps < 7200
    assert power.load_w == 0.0
    assert power.levels == [0] * len(RAILS)
    assert sum(power.heat_w) == 0.0
    assert not power.set_level(RAILS.index("compute_a"), 1)
    assert not power.set_heater(0, True)
    while not power.bus_on:
        power.step(1.0, lit(1361.0), WARM)
        steps += 1
        assert steps < 20_000
    assert power.levels == [rail.at_power_up for rail in FORM.rails]
    assert power.heaters_on == [False] * 4
    assert power.battery.voltage_v >= 26.4


def test_a_disconnected_battery_does_not_stop_a_bus_that_the_sun_carries() -> None:
    power = loaded()
    power.battery.connected = False
    power.battery.charge = 0.0
    power.step(1.0, lit(1361.0), WARM)
    assert power.bus_on
    power.step(1.0, lit(10.0), WARM)
    assert not power.bus_on


@pytest.mark.slow
@given(
    st.floats(0.0, 1.0),
    st.lists(
        st.tuples(st.sampled_from(RAILS), st.integers(0, 4), st.floats(0.0, 1500.0), st.floats(150.0, 400.0)),
        max_size=40,
    ),
)
def test_power_balances_at_every_step(charge: float, course: list[tuple[str, int, float, float]]) -> None:
    """Array = load + battery, unless the bus has just gone down."""
    power = PowerSystem(FORM, charge)
    for rail, level, flux, kelvin in course:
        power.set_level(RAILS.index(rail), level)
        load = power.load_w
        power.step(1.0, lit(flux), [kelvin] * len(NODES))
        assert 0.0 <= power.array_w <= power.available_w + 1e-9
        stored = power.battery.current_a * power.battery.voltage_v
        if power.bus_on:
            assert power.array_w == pytest.approx(load + stored, abs=2e-3)


def test_the_same_inputs_give_the_same_bits() -> None:
    def course() -> list[tuple[float, float]]:
        power = loaded(compute_a=3, storage=2)
        found = []
        for second in range(500):
            power.step(1.0, lit(1361.0 if second % 200 < 120 else 0.0), WARM)
            found.append((power.battery.charge, power.battery.voltage_v))
        return found

    assert course() == course()
