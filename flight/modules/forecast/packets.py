"""What the forecast says and publishes."""

from __future__ import annotations

import enum
from typing import Annotated

from flight.declare import I32, U8, U16, U32, Event, Module, Octets, Severity, Signals, Telemetry, about, unit

Watts = Annotated[float, unit("W")]
Celsius = Annotated[float, unit("degC")]
Percent = Annotated[float, unit("%")]
Kelvin = Annotated[float, unit("K")]
SOON_MAX_S = 0xFFFF


class Source(enum.IntEnum):
    """Where the outlook comes from."""

    NONE = 0
    LEARNED = 1  # from the sunrises and sunsets seen: no passes are known
    ELEMENTS = 2


class Outputs(Signals):
    """`planning_loop_<n>_c` of each cooling loop follow, from the mission's table.

    NaN is not known: the guard then admits nothing.  What may be in the anomaly counts as in it.
    """

    planning_energy_wh: float
    in_anomaly: bool


class Status(Telemetry, period=120):
    """The look ahead, and what is learned of power and heat."""

    source: Source
    elements_kept: bool
    contradicted: bool
    elements_age: Annotated[U32, unit("s"), about("of their epoch; 0 if UTC is not known")]
    looks: U32
    looks_failed: U32
    posted: U16
    edges_compared: U16
    edge_error: Annotated[I32, unit("s"), about("last sunrise or sunset seen, less the one expected")]
    shift: Annotated[I32, unit("s"), about("learned: how late the satellite is on its elements")]
    in_anomaly: bool
    next_pass: Annotated[U16, unit("s"), about("65535: none is known")]
    next_station: U8
    next_shadow: Annotated[U16, unit("s"), about("0 in it, 65535: none is known")]
    energy: Annotated[float, unit("Wh")]
    temperature: Celsius
    array: Annotated[float, unit("W"), about("warm, in sunlight")]
    array_cold: Annotated[float, unit("W"), about("more at a sunrise")]
    base_load: Watts
    base_load_in_contact: Watts
    idle_temperature: Celsius
    resistance: Annotated[float, unit("K/W")]
    taper: Annotated[float, unit("W"), about("into the battery, for the share of charge that is missing")]


class Errors(Telemetry, period=300):
    """Forecast for 30 minutes on, less what came; `given_load` is with the loads that came."""

    compared: U32
    charge: Percent
    charge_mean: Percent
    charge_rms: Percent
    charge_mean_given_load: Percent
    charge_rms_given_load: Percent
    temperature: Kelvin
    temperature_mean: Kelvin
    temperature_rms: Kelvin
    temperature_mean_given_load: Kelvin
    temperature_rms_given_load: Kelvin


class Loads(Telemetry, period=300):
    """Where the loads of the forecasts were taken from: what the plan of jobs says, or what the boards do."""

    with_plan: Annotated[U32, about("forecasts that took what the plan says")]
    off_plan: Annotated[
        U32, about("in which a board did not do as planned, and was taken to go on as it does")
    ]
    plan_steps: Annotated[U8, about("of the plan that was told last, 0 for none")]


class Declared(Module):
    """The events of the forecast."""

    elements_taken = Event(Severity.INFO, "elements of satellite {satellite} taken", satellite=U32)
    source_changed = Event(Severity.INFO, "the outlook is from {source}", source=Source)
    contradicted = Event(
        Severity.LOW, "the sun watch contradicts the elements, last edge by {error} s", error=I32
    )
    agreed = Event(Severity.INFO, "sun watch and elements agree within {error} s", error=I32)
    not_looked = Event(Severity.LOW, "no look ahead: {why}", why=Octets)


def outputs_of(loops: int) -> type[Outputs]:
    known: dict[str, object] = {"planning_energy_wh": float, "in_anomaly": bool}
    fields = known | {f"planning_loop_{loop + 1}_c": float for loop in range(loops)}
    made = type("Outputs", (Outputs,), {"__annotations__": fields, "__module__": __name__})
    assert issubclass(made, Outputs)
    return made
