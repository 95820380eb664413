"""What a spacecraft file declares: thermal network, arrays, battery, rails, heaters, sensors and radio.

Body axes as in `sim.environment`: x ahead, y against the orbit's normal, z to the centre of the Earth.  With
`attitude = "sun"` the array turns to face the Sun and carries the faces that are `on_array` along; with
"nadir" it is fixed to the body.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sim.fields import NAME, Measure, Measurement, Quantity, Several, Text, Whole

VEHICLES = Path(__file__).parent / "vehicles"
STEP_S = 1.0  # s; the world's step, at which every network must be stable

Ratio = Quantity("1", low=0.0, high=1.0)
Share = Quantity("1", above=0.0, high=1.0)
Direction = Several(Quantity("1", low=-1.0, high=1.0), low=3, high=3)
NO_DIFFERENCE = Measure(0.0, "")


@dataclass(frozen=True, slots=True)
class Node:
    """A lump of the spacecraft at one temperature; `low` and `high` are its operating limits."""

    name: Annotated[str, NAME]
    heat_capacity_j_k: Annotated[float, Quantity("J/K", above=0.0, high=1e12)]
    low_degc: Annotated[float, Quantity("degC", low=-200.0, high=300.0)]
    high_degc: Annotated[float, Quantity("degC", low=-200.0, high=300.0)]
    start_degc: Annotated[float, Quantity("degC", low=-200.0, high=300.0)] = 15.0


@dataclass(frozen=True, slots=True)
class Link:
    """Heat path between two nodes: by contact, by radiation, or by a fluid loop that runs while `pump` is on.

    `exchange_area` is emittance x area x view factor; `stagnant` what a loop conducts while its rail is off.
    `valve` bypasses a loop by the temperature of its first node: closed up to one, fully open from another.
    """

    between: Annotated[tuple[str, ...], Several(NAME, low=2, high=2)]
    conductance_w_k: Annotated[float, Quantity("W/K", low=0.0, high=1e9)] = 0.0
    exchange_area_m2: Annotated[float, Quantity("m2", low=0.0, high=1e6)] = 0.0
    pump: Annotated[str, NAME] = ""
    stagnant_w_k: Annotated[float, Quantity("W/K", low=0.0, high=1e9)] = 0.0
    valve_degc: Annotated[
        tuple[float, ...], Several(Quantity("degC", low=-200.0, high=300.0), low=2, high=2)
    ] = ()


@dataclass(frozen=True, slots=True)
class Face:
    """An outer surface of a node: it emits to space and takes in sunlight, albedo and Earth infrared."""

    name: Annotated[str, NAME]
    node: Annotated[str, NAME]
    area_m2: Annotated[float, Quantity("m2", above=0.0, high=1e6)]
    absorptivity: Annotated[float, Ratio]
    emissivity: Annotated[float, Ratio]
    normal: Annotated[tuple[float, ...], Direction]
    on_array: bool = False


@dataclass(frozen=True, slots=True)
class SolarArray:
    """Cells on a face.  `area` is cell area; `operating_point` what tracker, wiring and mismatch leave."""

    name: Annotated[str, NAME]
    face: Annotated[str, NAME]
    area_m2: Annotated[float, Quantity("m2", above=0.0, high=1e6)]
    efficiency: Annotated[float, Quantity("1", above=0.0, high=0.6)]
    temperature_coefficient_1_k: Annotated[float, Quantity("1/K", low=-0.02, high=0.0)]
    degradation_1_year: Annotated[float, Quantity("1/year", low=0.0, high=0.5)]
    operating_point: Annotated[float, Share] = 1.0
    age_year: Annotated[float, Quantity("year", low=0.0, high=30.0)] = 0.0
    reference_degc: Annotated[float, Quantity("degC", low=0.0, high=60.0)] = 28.0  # cell data sheets, AM0


@dataclass(frozen=True, slots=True)
class Battery:
    """The pack as an equivalent circuit.  `open_circuit` runs in equal steps of charge from empty to full.

    `capacity` is the energy that a full pack gives at no current.  `fade` is the share of capacity that one
    full charge and discharge costs.
    """

    node: Annotated[str, NAME]
    capacity_wh: Annotated[float, Quantity("Wh", above=0.0, high=1e9)]
    open_circuit_v: Annotated[
        tuple[float, ...], Several(Quantity("V", above=0.0, high=2000.0), low=2, high=101)
    ]
    resistance_ohm: Annotated[float, Quantity("ohm", above=0.0, high=100.0)]
    polarisation_resistance_ohm: Annotated[float, Quantity("ohm", above=0.0, high=100.0)]
    polarisation_time_s: Annotated[float, Quantity("s", above=0.0, high=1e5)]
    coulombic_efficiency: Annotated[float, Quantity("1", low=0.5, high=1.0)]
    charge_current_limit_a: Annotated[float, Quantity("A", above=0.0, high=1e6)]
    charge_voltage_limit_v: Annotated[float, Quantity("V", above=0.0, high=2000.0)]
    cut_off_v: Annotated[float, Quantity("V", above=0.0, high=2000.0)]
    reconnect_v: Annotated[float, Quantity("V", above=0.0, high=2000.0)]
    charge_low_degc: Annotated[float, Quantity("degC", low=-100.0, high=100.0)]
    charge_high_degc: Annotated[float, Quantity("degC", low=-100.0, high=100.0)]
    fade: Annotated[float, Quantity("1", low=0.0, high=0.01)] = 0.0
    health: Annotated[float, Share] = 1.0


@dataclass(frozen=True, slots=True)
class Rail:
    """A switched supply.

    `power` is what its load draws at each level, 0 first; `heat` the share of that which stays on board (a
    transmitter radiates some).  Above `trip` at its node the load switches itself off.
    """

    name: Annotated[str, NAME]
    power_w: Annotated[tuple[float, ...], Several(Quantity("W", low=0.0, high=1e9), low=2, high=16)]
    efficiency: Annotated[float, Share]
    node: Annotated[str, NAME]
    heat: Annotated[float, Ratio] = 1.0
    at_power_up: Annotated[int, Whole(0, 15)] = 0
    switchable: bool = True
    trip_degc: Annotated[float, Quantity("degC", low=0.0, high=300.0)] = math.inf


@dataclass(frozen=True, slots=True)
class Heater:
    """A resistor on the battery bus, on or off."""

    name: Annotated[str, NAME]
    power_w: Annotated[float, Quantity("W", above=0.0, high=1e6)]
    node: Annotated[str, NAME]


@dataclass(frozen=True, slots=True)
class Sensor:
    """One measured quantity: `noise` is a standard deviation, `resolution` the step of its converter."""

    name: Annotated[str, NAME]
    quantity: Annotated[str, Text('a quantity such as "battery.voltage"', r"[a-z][a-z0-9_.]{0,79}")]
    noise: Annotated[Measure, Measurement(low=0.0)]
    resolution: Annotated[Measure, Measurement(low=0.0)]
    bias: Annotated[Measure, Measurement()] = NO_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Radio:
    """The transceiver: the rails it lives on, its rates and the length of its frames."""

    receiver: Annotated[str, NAME]
    transmitter: Annotated[str, NAME]
    down_bit_s: Annotated[float, Quantity("bit/s", above=0.0, high=1e13)]
    up_bit_s: Annotated[float, Quantity("bit/s", above=0.0, high=1e13)]
    frame_length: Annotated[int, Whole(64, 2048)]


@dataclass(frozen=True, slots=True)
class Spacecraft:
    """A whole spacecraft, cross-checked: every name that it refers to exists."""

    name: Annotated[str, NAME]
    mission: Annotated[
        str, Text("a package such as flight.missions.pathfinder", r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
    ]
    attitude: Annotated[str, Text(choices=("nadir", "sun"))]
    array_normal: Annotated[tuple[float, ...], Direction]
    battery: Battery
    radio: Radio
    nodes: Annotated[tuple[Node, ...], Several(key="node", low=1, high=100)]
    links: Annotated[tuple[Link, ...], Several(key="link", high=500)]
    faces: Annotated[tuple[Face, ...], Several(key="face", low=1, high=200)]
    arrays: Annotated[tuple[SolarArray, ...], Several(key="array", low=1, high=20)]
    rails: Annotated[tuple[Rail, ...], Several(key="rail", low=1, high=64)]
    heaters: Annotated[tuple[Heater, ...], Several(key="heater", high=64)]
    sensors: Annotated[tuple[Sensor, ...], Several(key="sensor", low=1, high=256)]

    def switches(self) -> tuple[str, ...]:
        """Names of all actuators in the order of `Plant.set_switch`: rails, then heaters."""
        return (*(rail.name for rail in self.rails), *(heater.name for heater in self.heaters))
