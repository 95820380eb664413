"""Power, heat and switches coupled."""

from __future__ import annotations

import dataclasses

import pytest

from sim.plant import Plant
from sim.spacecraft_file import load_spacecraft

FORM = load_spacecraft("pathfinder")
RACK = load_spacecraft("ai_rack")
SWITCHES = FORM.switches()
SUN = [0.0] * 6 + [1361.0, 0.0]
EARTH = [100.0] * 8


def switch(plant: Plant, **levels: int) -> None:
    for name, level in levels.items():
        assert plant.set_switch(plant.form.switches().index(name), level), name


def temperature(plant: Plant, name: str) -> float:
    return plant.thermal.temperatures_k[plant.thermal.names.index(name)] - 273.15


def test_switches_are_rails_then_heaters_and_read_back() -> None:
    assert SWITCHES[:2] == ("computer", "attitude")
    assert SWITCHES[8:] == ("battery_heater", "radio_heater", "compute_a_heater", "compute_b_heater")
    plant = Plant(FORM)
    switch(plant, compute_a=3, battery_heater=1, compute_b_heater=5)
    assert plant.switch_levels() == [1, 1, 1, 0, 0, 0, 3, 0, 1, 0, 0, 1]
    switch(plant, battery_heater=0)
    assert plant.switch_levels()[8] == 0


def test_energy_is_conserved_over_the_whole_spacecraft() -> None:
    """Absorbed + chemical = emitted + radiated by the radio + stored as heat, over an hour of work."""
    faces = [dataclasses.replace(face, emissivity=0.0) for face in FORM.faces]
    plant = Plant(dataclasses.replace(FORM, faces=tuple(faces)), 0.5)
    switch(plant, compute_a=4, compute_b=2, transmitter=1, battery_heater=1)
    capacities = [node.heat_capacity_j_k for node in FORM.nodes]

    def stored() -> float:
        return sum(c * t for c, t in zip(capacities, plant.thermal.temperatures_k, strict=True))

    before, absorbed, chemical = stored(), 0.0, 0.0
    battery = plant.power.battery
    for second in range(3600):
        shortwave = SUN if second < 2000 else [0.0] * 8
        absorbed += sum(
            face.area_m2 * face.absorptivity * flux for face, flux in zip(faces, shortwave, strict=True)
        )
        charge, volts = battery.charge, battery.open_circuit_v()
        plant.step(shortwave, EARTH)
        chemical += (battery.charge - charge) * battery.capacity_c * volts
    radiated = 3.0 * 3600.0
    assert plant.power.bus_on
    assert stored() - before == pytest.approx(absorbed - chemical - radiated, rel=1e-4)


def test_an_array_under_load_is_cooler_than_an_idle_one() -> None:
    idle, loaded = Plant(FORM, 1.0), Plant(FORM, 0.3)
    for _ in range(1500):
        idle.step(SUN, EARTH)
        loaded.step(SUN, EARTH)
    assert loaded.power.array_w > 150.0
    assert temperature(idle, "wing") - temperature(loaded, "wing") > 10.0


def test_a_pump_moves_heat_while_its_rail_is_on() -> None:
    plant = Plant(RACK)
    quiet = [0.0] * len(RACK.faces)
    switch(plant, pump_a=1, pump_b=0, rack_a=2, rack_b=2)
    for _ in range(200):
        plant.step(quiet, quiet)
    assert temperature(plant, "rack_b") > temperature(plant, "rack_a") + 10.0
    switch(plant, pump_b=1)
    for _ in range(200):
        plant.step(quiet, quiet)
    assert temperature(plant, "rack_b") < temperature(plant, "rack_a") + 5.0


@pytest.mark.slow
def test_nothing_freezes_in_safe_mode_while_the_pumps_run() -> None:
    """Racks off for six hours, at the flux of the Earth alone: the loops' valves hold them, without any heater."""
    plant = Plant(RACK)
    sunlit = [1361.0 * face.on_array * (face.normal[2] < 0.0) for face in RACK.faces]
    earth = [60.0] * len(RACK.faces)
    switch(plant, attitude=1, pump_a=1, pump_b=1, battery_pump=1)
    for _ in range(6 * 3600):
        plant.step(sunlit, earth)
    for node in RACK.nodes:
        if node.name.startswith(("rack", "coolant")):
            assert node.low_degc + 20.0 < temperature(plant, node.name) < 0.0
    assert temperature(plant, "radiator_a") < -60.0, "the panel itself is as cold as it likes"
    assert temperature(plant, "battery") > RACK.battery.charge_low_degc


def test_pumps_stop_with_the_bus() -> None:
    plant = Plant(RACK, 0.02)
    quiet = [0.0] * len(RACK.faces)
    switch(plant, pump_a=1, rack_a=4)
    for _ in range(100):
        plant.step(quiet, quiet)
        if not plant.power.bus_on:
            break
    assert not plant.power.bus_on
    plant.step(quiet, quiet)
    hot, cool = temperature(plant, "rack_a"), temperature(plant, "coolant_a")
    for _ in range(60):
        plant.step(quiet, quiet)
    assert abs((hot - cool) - (temperature(plant, "rack_a") - temperature(plant, "coolant_a"))) < 0.5


def test_a_load_that_gets_too_hot_switches_itself_off() -> None:
    """A rack at 60 kW without its pump passes 105 degC in about 100 s."""
    plant = Plant(RACK, 1.0)
    quiet = [0.0] * len(RACK.faces)
    switch(plant, rack_a=4)
    hottest = 0.0
    for _ in range(900):
        plant.step(quiet, quiet)
        hottest = max(hottest, temperature(plant, "rack_a"))
    assert plant.trips == 1
    assert plant.switch_levels()[plant.form.switches().index("rack_a")] == 0
    assert 105.0 < hottest < 106.0


def test_a_battery_that_is_too_cold_takes_no_charge() -> None:
    nodes = [dataclasses.replace(node, start_degc=-5.0) for node in FORM.nodes]
    plant = Plant(dataclasses.replace(FORM, nodes=tuple(nodes)), 0.5)
    plant.step(SUN, EARTH)
    assert plant.power.battery.current_a == 0.0
    assert Plant(FORM, 0.5).power.battery.charge == 0.5


def test_the_battery_is_warmed_by_its_own_losses() -> None:
    """A minute at 120 kW: some 5.5 kW in its resistance and, once polarised, up to 3 kW more."""
    plant, resting = Plant(RACK, 0.9), Plant(RACK, 0.9)
    switch(plant, rack_a=4, rack_b=4)
    quiet = [0.0] * len(RACK.faces)
    lost_j = 0.0
    for _ in range(60):
        plant.step(quiet, quiet)
        resting.step(quiet, quiet)
        lost_j += plant.power.battery.heat_w
    assert 60 * 5_500.0 < lost_j < 60 * 9_000.0
    rise = temperature(plant, "battery") - temperature(resting, "battery")
    assert rise == pytest.approx(lost_j / 500_000.0, rel=0.01)
