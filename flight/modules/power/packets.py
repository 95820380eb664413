"""What the power module sees, says and keeps."""

from typing import Annotated, NamedTuple

from flight.declare import F64, U8, U16, U32, U64, Kept, Signals, Telemetry, about, limits, telemetry, unit
from flight.modules.power.rails import Rail

RAILS_PERIOD_S = 10

Charge = Annotated[float, limits(red_low=0.6, yellow_low=0.7)]
Volts = Annotated[float, unit("V")]
Amperes = Annotated[float, unit("A")]
Watts = Annotated[float, unit("W")]
WattHours = Annotated[F64, unit("Wh")]
Seconds = Annotated[float, unit("s")]


class PowerInputs(NamedTuple):
    """The first inputs of every power module; `rail_current_<rail>` of its measured rails follow."""

    battery_voltage: float
    battery_current: float
    array_power: float
    load_power: float
    rung: int
    rung_age: int
    levels: tuple[int, ...]


class Status(Telemetry, period=1):
    """Battery, sunlight, forecast and what power asks of the ladder."""

    battery_voltage: Volts
    battery_current: Amperes
    array_power: Watts
    load_power: Watts
    charge: Charge
    charge_by_voltage: float
    charge_by_coulombs: float
    open_circuit_voltage: Volts
    charge_trusted: bool
    disagreeing: bool
    voltage_lost: bool
    current_lost: bool
    sunlit: bool
    forecast_charge: Charge
    load_mean: Watts
    array_mean: Watts
    phase_left: Annotated[float, unit("s"), about("of the sunlight or the eclipse now")]
    eclipse_expected: Seconds
    orbit_period: Seconds
    power_rung: U8
    rung_by_charge: U8
    rung_by_forecast: U8
    under_voltage: bool
    rung_followed: U8
    rails_off: U8
    rail_mismatches: U16


class Orbit(Telemetry, period=60):
    """Since the last sunrise, and the whole orbit before it."""

    eclipses: U32
    charge_lowest: float
    charge_highest: float
    charged: WattHours
    discharged: WattHours
    last_lowest: float
    last_depth_of_discharge: Annotated[float, limits(yellow_high=0.3)]
    last_charged: WattHours
    last_discharged: WattHours


class Outputs(Signals):
    charge: float
    charge_trusted: bool
    sunlit: bool
    power_rung: U8
    forecast_charge: float
    rails_allowed: U64  # one bit a switch: the rail on it may be on
    array_expected: float  # W: what the energy guard takes the array to give in sunlight
    array_free: bool  # sunlit, and the battery takes all that the array can give
    sun_edge_ns: U64  # mission time of the last exact sunrise or sunset, 0 for none
    phase_left: Seconds
    eclipse_expected: Seconds
    orbit_period: Seconds


class State(Kept, version=1):
    switched_off: U64  # one bit a rail, in the order of the mission's table: off by command


def rails_packet(rails: tuple[Rail, ...]) -> type[Telemetry]:
    fields: dict[str, object] = {}
    for rail in rails:
        fields |= {f"{rail.name}_ordered": bool, f"{rail.name}_on": bool}
        if rail.measured:
            fields[f"{rail.name}_current"] = Amperes
    return telemetry("Rails", fields, period=RAILS_PERIOD_S)
