"""The thermal module: nodes and heaters of one mission's table, joined."""

import enum
import functools
from collections import namedtuple
from typing import Annotated, cast

from flight.declare import (
    SECOND,
    U8,
    Boot,
    Event,
    Limits,
    Module,
    Outbox,
    Severity,
    Signals,
    Telemetry,
    limits,
    telemetry,
    unit,
)
from flight.modules.thermal.heater import HeaterSettings, HeaterWatch
from flight.modules.thermal.node import Node, NodeSettings, NodeWatch

HEATERS_PERIOD_S = 10
SENSOR_PREFIX = "temperature_"  # of the sensors' names; left out in telemetry
MARGIN_MAX_K = 1000.0  # said while no node is warm

Celsius = Annotated[float, unit("degC")]
Kelvin = Annotated[float, unit("K")]


class Status(Telemetry, period=10):
    """What thermal asks of the ladder, and how many sensors it can believe."""

    thermal_rung: U8
    thermal_margin: Annotated[float, unit("K"), limits(red_low=0, yellow_low=5)]
    worst_node: U8
    sensors_lost: U8
    nodes_blind: U8
    nodes_disagreeing: U8
    nodes_limited: U8
    heaters_on: U8
    heaters_limited: U8
    heaters_stuck: U8


class Thermal(NodeSettings, HeaterSettings, Module):
    """Keeps every node inside its limits by heaters and by asking for less heat.  Made by `thermal`."""

    def __init__(self, table: tuple[Node, ...]) -> None:
        names = [name for node in table for name in node.sensors]
        assert len(set(names)) == len(names), "two nodes share a sensor"
        self.Inputs = namedtuple("Inputs", [*names, "levels"])  # type: ignore[misc]  # noqa: PYI024
        places = {name: place for place, name in enumerate(names)}
        self.watches = [
            NodeWatch(self, number, node, places[node.sensors[0]], places[node.sensors[-1]])
            for number, node in enumerate(table)
        ]
        self.heating = [
            (watch, HeaterWatch(self, watch.number, watch.row.heater))
            for watch in self.watches
            if watch.row.heater
        ]
        self.status = Status()
        self.nodes = _nodes_packet(table)()
        self.node_fields = [name.removeprefix(SENSOR_PREFIX) for name in names]
        self.heaters = _heaters_packet(table)()
        self.outputs = _outputs(table)()
        self.boards = [(watch, f"thermal_rung_{watch.row.name}") for watch in self.watches if watch.row.board]
        self.report_at = 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.report_at = now

    def step(self, now: int, sees: tuple[object, ...], out: Outbox) -> None:
        readings = cast("tuple[float, ...]", sees)
        rung, margin, worst = 0, MARGIN_MAX_K, 0
        for watch in self.watches:
            watch.read(now, readings[watch.first], readings[watch.second], out)
            if watch.rung > rung:  # noqa: PLR1730 (a call would double the cost of the loop)
                rung = watch.rung
            left = watch.red_high - watch.hot
            if left < margin or (watch.blind and watch.row.throttles):
                margin, worst = (0.0 if watch.blind else left), watch.number
        levels = cast("tuple[int, ...]", sees[-1])
        for watch, heater in self.heating:
            place = heater.row.switch
            level = levels[place] if place < len(levels) else -1
            if heater.idle and watch.quiet and level == 0 and watch.cold >= heater.row.on_below:
                continue
            heater.step(now, watch.cold, all(watch.lost), watch.disagreeing, level, out)
        outputs = self.outputs
        outputs.thermal_rung, outputs.thermal_margin = rung, margin
        for watch, name in self.boards:
            setattr(outputs, name, watch.rung)
        vars(self.nodes).update(zip(self.node_fields, readings, strict=False))
        if now >= self.report_at:
            self.report_at = now + HEATERS_PERIOD_S * SECOND
            self._report(now, worst)

    def _report(self, now: int, worst: int) -> None:
        status = self.status
        status.thermal_rung, status.thermal_margin = self.outputs.thermal_rung, self.outputs.thermal_margin
        status.worst_node = worst
        status.sensors_lost = sum(sum(watch.lost) for watch in self.watches)
        status.nodes_blind = sum(watch.blind for watch in self.watches)
        status.nodes_disagreeing = sum(watch.disagreeing for watch in self.watches)
        status.nodes_limited = sum(watch.limit != 0 for watch in self.watches)
        status.heaters_on = sum(heater.on for _, heater in self.heating)
        status.heaters_limited = sum(heater.limited for _, heater in self.heating)
        status.heaters_stuck = sum(heater.stuck for _, heater in self.heating)
        for watch, heater in self.heating:
            name = watch.row.name
            setattr(self.heaters, f"{name}_on", heater.on)
            setattr(self.heaters, f"{name}_duty", heater.duty(now))
            setattr(self.heaters, f"{name}_budget", heater.budget_s)


class Outputs(Signals):
    """`thermal_rung_<node>` of the compute boards follow, from the mission's table."""

    thermal_rung: U8
    thermal_margin: Kelvin


def _outputs(table: tuple[Node, ...]) -> type[Outputs]:
    boards = {f"thermal_rung_{node.name}": U8 for node in table if node.board}
    fields: dict[str, object] = {"thermal_rung": U8, "thermal_margin": Kelvin, **boards}
    made = type("Outputs", (Outputs,), {"__annotations__": fields, "__module__": __name__})
    assert issubclass(made, Outputs)
    return made


def _nodes_packet(table: tuple[Node, ...]) -> type[Telemetry]:
    fields: dict[str, object] = {}
    for node in table:
        bounds = Limits(node.red_low, node.yellow_low, node.yellow_high, node.red_high)
        for sensor in node.sensors:
            fields[sensor.removeprefix(SENSOR_PREFIX)] = Annotated[float, unit("degC"), bounds]
    return telemetry("Nodes", fields, period=2)


def _heaters_packet(table: tuple[Node, ...]) -> type[Telemetry]:
    fields: dict[str, object] = {}
    for node in table:
        if node.heater:
            fields |= {f"{node.name}_on": bool, f"{node.name}_duty": float}
            fields[f"{node.name}_budget"] = Annotated[float, unit("s")]
    return telemetry("Heaters", fields, period=HEATERS_PERIOD_S)


@functools.cache
def _class_for(names: tuple[str, ...]) -> type[Thermal]:
    """Thermal with the nodes' names in its events; one class a table, so that restarts share it."""
    node = enum.IntEnum("NodeName", {name: number for number, name in enumerate(names)})  # type: ignore[misc]
    info, low, medium, high = Severity
    t = Celsius
    events = {
        "sensor_lost": Event(medium, "{node}: sensor {sensor} lost", node=node, sensor=U8),
        "sensor_back": Event(info, "{node}: sensor {sensor} is back", node=node, sensor=U8),
        "disagreed": Event(medium, "{node}: sensors read {a:.1f} and {b:.1f} degC", node=node, a=t, b=t),
        "agreed": Event(info, "{node}: sensors agree again", node=node),
        "yellow": Event(
            low, "{node} at {temperature:.1f} degC, outside yellow limit", node=node, temperature=t
        ),
        "red": Event(high, "{node} at {temperature:.1f} degC, outside red limit", node=node, temperature=t),
        "normal": Event(
            info, "{node} at {temperature:.1f} degC, inside its limits", node=node, temperature=t
        ),
        "throttled": Event(
            medium,
            "{node} at {temperature:.1f} degC, {forecast:.1f} degC in 60 s: asks for rung {rung}",
            node=node,
            rung=U8,
            temperature=t,
            forecast=t,
        ),
        "blinded": Event(medium, "{node} has no sensor left: asks for rung {rung}", node=node, rung=U8),
        "released": Event(info, "{node} asks for rung {rung} only", node=node, rung=U8),
        "limited": Event(
            medium, "{node}: heater limited at {temperature:.1f} degC", node=node, temperature=t
        ),
        "stuck": Event(
            medium, "{node}: heated, but stays at {temperature:.1f} degC", node=node, temperature=t
        ),
        "moved": Event(info, "{node}: sensor moves again", node=node),
        "heater_mismatch": Event(medium, "{node}: heater does not follow, ordered {on}", node=node, on=bool),
        "heater_followed": Event(info, "{node}: heater follows again", node=node),
    }
    made = type("Thermal", (Thermal,), events)
    assert issubclass(made, Thermal)
    return made


def thermal(table: tuple[Node, ...]) -> Thermal:
    """The thermal module of a mission."""
    return _class_for(tuple(node.name for node in table))(table)
