"""Our spacecraft make sense: under real fluxes, flown until they repeat, batteries and nodes stay where they ought.

The figures that the assertions bound are those of the design; `python tests/sim/test_sizing.py` prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import pytest

from flight.app import load_mission
from flight.modules.power.sunlight import SunSettings
from sim.environment import Environment
from sim.faces import Attitude, Face
from sim.orbit import Orbit
from sim.plant import Plant
from sim.scenario import load_scenario
from sim.spacecraft import Spacecraft

Row = tuple[float, ...]
Act = Callable[[Plant, int], None]


class Flight(NamedTuple):
    """Extremes of the second half of a flight: temperatures in degC by node, charge, seconds without a bus."""

    form: Spacecraft
    coldest: dict[str, float]
    hottest: dict[str, float]
    charge: tuple[float, float]
    down_s: int
    available_w: float
    load_w: float
    plant: Plant

    def margin(self, name: str) -> float:
        """Kelvin to the nearer limit; negative outside."""
        node = next(node for node in self.form.nodes if node.name == name)
        return min(self.coldest[name] - node.low_degc, node.high_degc - self.hottest[name])

    def outside(self) -> list[str]:
        return [node.name for node in self.form.nodes if self.margin(node.name) < 0.0]


@cache
def surroundings(scenario_name: str) -> tuple[Spacecraft, list[tuple[Row, Row]]]:
    """One orbit of fluxes, to be repeated."""
    scenario = load_scenario(scenario_name)
    form = scenario.spacecraft
    orbit = Orbit.from_tle(scenario.line1, scenario.line2, scenario.epoch)
    faces = tuple(
        Face(face.name, (face.normal[0], face.normal[1], face.normal[2]), face.on_array)
        for face in form.faces
    )
    normal = (form.array_normal[0], form.array_normal[1], form.array_normal[2])
    period = float(round(orbit.period_s))
    chunk = Environment(orbit, (), faces, Attitude(form.attitude), normal, chunk_s=period).chunk(0)
    shortwave = zip(
        *(
            [a + b for a, b in zip(*both, strict=True)]
            for both in zip(chunk.solar_on, chunk.albedo_on, strict=True)
        ),
        strict=True,
    )
    return form, list(zip(shortwave, zip(*chunk.infrared_on, strict=True), strict=True))


def fly(
    scenario_name: str, levels: Mapping[str, int], hours: float, act: Act | None = None, charge: float = 0.9
) -> Flight:
    form, fluxes = surroundings(scenario_name)
    plant = Plant(form, charge)
    switches = form.switches()
    for name, level in levels.items():
        assert plant.set_switch(switches.index(name), level), name
    seconds, half = round(hours * 3600), round(hours * 1800)
    course, charges, down, available, load = [], [], 0, 0.0, 0.0
    for second in range(seconds):
        if act is not None:
            act(plant, second)
        plant.step(*fluxes[second % len(fluxes)])
        if second >= half:
            down += not plant.power.bus_on
            available += plant.power.available_w
            load += plant.power.load_w
            if second % 10 == 0:
                course.append(plant.thermal.temperatures_k)
                charges.append(plant.power.battery.charge)
    names = plant.thermal.names
    columns = dict(zip(names, zip(*course, strict=True), strict=True))
    return Flight(
        form,
        {name: min(column) - 273.15 for name, column in columns.items()},
        {name: max(column) - 273.15 for name, column in columns.items()},
        (min(charges), max(charges)),
        down,
        available / (seconds - half),
        load / (seconds - half),
        plant,
    )


def duty(heater: str, share: float) -> Act:
    """The heater on for `share` of each 400 s."""

    def act(plant: Plant, second: int) -> None:
        if second % 400 in (0, int(share * 400)):
            plant.set_switch(plant.form.switches().index(heater), int(second % 400 < share * 400))

    return act


def thermostat(heaters: Mapping[str, str], low: float, high: float) -> Act:
    """Each heater between `low` and `high` degC at its node."""

    def act(plant: Plant, second: int) -> None:
        if second % 10:
            return
        for heater, node in heaters.items():
            celsius = plant.thermal.temperatures_k[plant.thermal.names.index(node)] - 273.15
            if celsius < low or celsius > high:
                plant.set_switch(plant.form.switches().index(heater), int(celsius < low))

    return act


NOMINAL = {"attitude": 2, "navigation": 1, "storage": 2, "compute_a": 3, "compute_b": 3}
FULL = {**NOMINAL, "compute_a": 4, "compute_b": 4, "transmitter": 1}
KEEP = {"battery_heater": "battery"}
KEEP_ALL = {"battery_heater": "battery", "compute_a_heater": "compute_a", "compute_b_heater": "compute_b"}
RACK = {"attitude": 2, "laser": 1, "pump_a": 1, "pump_b": 1, "battery_pump": 1, "rack_a": 4, "rack_b": 4}


@pytest.mark.slow
def test_pathfinder_at_nominal_load_has_margins() -> None:
    flight = fly("reference", NOMINAL, 30.0, duty("transmitter", 0.1))
    assert flight.outside() == []
    assert flight.margin("battery") > 8.0
    assert min(flight.margin(node) for node in ("avionics", "radio", "compute_a", "compute_b")) > 15.0
    assert flight.charge[0] > 0.85
    assert flight.charge[1] > 0.995
    assert flight.down_s == 0
    assert flight.available_w > 1.5 * flight.load_w


@pytest.mark.slow
def test_pathfinder_at_full_load_still_has_margins() -> None:
    flight = fly("reference", FULL, 30.0)
    assert flight.outside() == []
    assert flight.margin("battery") > 8.0
    assert flight.charge[0] > 0.80
    assert flight.charge[1] > 0.995


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference", "ai_rack"])
def test_sunlight_is_told_by_the_array_when_the_battery_is_full_and_little_is_taken(name: str) -> None:
    """Swarm seed 9 of AI Rack: 3 kW were taken for darkness, and eclipses of 354 s learned in place of 679 s."""
    scenario = load_scenario(name)
    form = scenario.spacecraft
    mission = load_mission(form.mission)
    plant = Plant(form, 1.0)
    made = {row.name: row.make() for row in mission.rows if row.name in {"power", "safe"}}
    for rail in made["power"].switching.table:  # type: ignore[attr-defined]
        plant.set_switch(rail.switch, int(not rail.yields and (rail.shed_at or 6) > 4))
    for row in made["safe"].table:  # type: ignore[attr-defined]
        plant.set_switch(row.switch, row.level)
    for _ in range(300):
        plant.step([1361.0 * face.on_array for face in form.faces], [0.0] * len(form.faces))
    assert plant.power.battery.charge > 0.99
    noise_w = next(sensor.noise.value for sensor in form.sensors if sensor.name == "array_power")
    above_w, below_w = (
        float(mission.defaults.get(f"power.{label}", getattr(SunSettings, label).default))
        for label in ("sunlit_above_w", "sunlit_below_w")
    )
    least_w = plant.power.array_w
    assert below_w < above_w
    assert below_w < least_w - 4 * noise_w, (
        "else sunlight turns into darkness, and a false eclipse is learned"
    )
    assert min(above_w, least_w - below_w) > 2 * noise_w, "noise alone is no sunlight, nor darkness"


def test_a_battery_heater_stuck_at_a_quarter_cooks_nothing() -> None:
    """Even with the transmitter on all the time; with the boards alone there are 3 K more."""
    flight = fly("reference", FULL, 40.0, duty("battery_heater", 0.25))
    assert flight.outside() == []
    assert flight.margin("battery") > 0.5
    boards = fly("reference", {**FULL, "transmitter": 0}, 40.0, duty("battery_heater", 0.25))
    assert boards.margin("battery") > 3.0
    assert flight.charge[1] > 0.995


@pytest.mark.slow
def test_a_battery_heater_stuck_on_does_cook_the_battery() -> None:
    """So that flight's limit on heater duty is worth something."""
    flight = fly("reference", FULL, 12.0, duty("battery_heater", 1.0))
    assert flight.hottest["battery"] > 45.0


@pytest.mark.slow
def test_safe_mode_without_heaters_freezes_the_battery() -> None:
    flight = fly("reference", {}, 48.0)
    assert flight.hottest["battery"] < 0.0
    assert flight.charge[1] < 0.9, "too cold to charge"


@pytest.mark.slow
def test_safe_mode_with_heaters_keeps_all_warm_and_charged() -> None:
    flight = fly("reference", {}, 48.0, thermostat(KEEP_ALL, 5.0, 8.0))
    assert flight.coldest["battery"] > 4.0
    assert flight.outside() == []
    assert flight.charge[1] > 0.995
    assert flight.load_w < 0.5 * flight.available_w


@pytest.mark.slow
def test_the_battery_heater_alone_holds_the_battery_below_half_duty() -> None:
    flight = fly("reference", {}, 48.0, thermostat(KEEP, 5.0, 8.0))
    assert flight.coldest["battery"] > 4.0
    assert flight.load_w - fly("reference", {}, 1.0).load_w < 6.0


@pytest.mark.slow
def test_the_rack_at_its_published_average_stays_within_limits() -> None:
    flight = fly("ai_rack", RACK, 12.0)
    assert flight.outside() == []
    assert flight.margin("rack_a") > 3.0
    assert 120_000.0 < flight.load_w < 130_000.0 < flight.available_w
    assert flight.charge[0] > 0.70
    assert flight.charge[1] > 0.99


@pytest.mark.slow
def test_the_rack_at_its_published_peak_cannot_stay_there_through_eclipses() -> None:
    """150 kW is a peak: the array then has nothing left for the battery, and flight must throttle."""
    flight = fly("ai_rack", {**RACK, "rack_a": 5, "rack_b": 5}, 10.0)
    assert flight.down_s > 0 or flight.charge[0] < 0.5


if __name__ == "__main__":
    import sys

    CASES: tuple[tuple[str, str, Mapping[str, int], float, Act | None], ...] = (
        ("nominal, 2 x 15 W", "reference", NOMINAL, 30.0, duty("transmitter", 0.1)),
        ("full, 2 x 25 W and transmitter", "reference", FULL, 30.0, None),
        ("full, battery heater 25 %", "reference", FULL, 40.0, duty("battery_heater", 0.25)),
        ("full, battery heater stuck on", "reference", FULL, 12.0, duty("battery_heater", 1.0)),
        ("safe, no heaters", "reference", {}, 48.0, None),
        ("safe, battery thermostat 5 to 8", "reference", {}, 48.0, thermostat(KEEP, 5.0, 8.0)),
        ("safe, all thermostats 5 to 8", "reference", {}, 48.0, thermostat(KEEP_ALL, 5.0, 8.0)),
        ("rack, 120 kW", "ai_rack", RACK, 12.0, None),
        ("rack, 150 kW", "ai_rack", {**RACK, "rack_a": 5, "rack_b": 5}, 10.0, None),
    )
    for title, scenario_name, levels, hours, act in CASES:
        flight = fly(scenario_name, levels, hours, act)
        low, high = flight.charge
        sys.stdout.write(
            f"{title}: charge {low:.3f} to {high:.3f}, array {flight.available_w:.1f} W, load {flight.load_w:.1f} W, "
            f"without bus {flight.down_s} s, outside limits: {', '.join(flight.outside()) or 'none'}\n"
        )
        for node in flight.form.nodes:
            span = f"{flight.coldest[node.name]:7.1f} to {flight.hottest[node.name]:6.1f} degC"
            sys.stdout.write(f"    {node.name:14}{span}  ({node.low_degc:g} to {node.high_degc:g})\n")
