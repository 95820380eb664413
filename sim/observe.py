"""What a run is remembered by: series sampled every few seconds, modes, and what the ground saw."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from flight.declare import Mode
from sim.report.series import kept_samples
from sim.result import NodeTrace, Series, Span
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.world import World

SAMPLE_S = 10
SAMPLES_MAX = 17_280  # two days of them; a multiple of what a chart draws
ZERO_CELSIUS_K = 273.15
NAMES = ("time", "charge", "onboard", "array", "load", "battery", "latitude", "longitude", "altitude")


class HasScenario(Protocol):
    @property
    def scenario(self) -> Scenario: ...


class Observer:
    """A watcher that keeps compact series.  Of a long run it keeps the extremes and a coarser rest: 3 MB at most."""

    unseen = "OFF"  # what a mode is called that nobody knows

    def __init__(self, simulation: HasScenario, samples_max: int = SAMPLES_MAX) -> None:
        self.sample_s, self.samples_max = SAMPLE_S, samples_max
        self.columns = {name: array("d") for name in NAMES}
        self.nodes = simulation.scenario.spacecraft.nodes
        self.temperatures = [array("d") for _ in self.nodes]
        self.modes: list[Span] = []
        self.mode = -1
        self.mode_since = 0

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        self.see(simulation.world, vars(kernel.bus) if kernel is not None else {}, second)

    def see(self, world: World, signals: Mapping[str, float], second: int) -> None:
        """`signals` are those on board that are known: `charge` and `mode`."""
        self._follow_mode(int(signals.get("mode", -1)), second)
        if second % self.sample_s:
            return
        plant, columns = world.plant, self.columns
        power = plant.power
        latitude, longitude, altitude = world.position()
        row = (
            float(second),
            power.battery.charge,
            signals.get("charge", float("nan")),
            power.array_w,
            power.load_w,
            power.battery.current_a * power.battery.voltage_v,
            latitude,
            longitude,
            altitude,
        )
        for name, value in zip(NAMES, row, strict=True):
            columns[name].append(value)
        for trace, kelvin in zip(self.temperatures, plant.thermal.temperatures_k, strict=True):
            trace.append(kelvin - ZERO_CELSIUS_K)
        if len(columns["time"]) >= self.samples_max:
            self._thin()

    def _thin(self) -> None:
        """Keep half of the samples, among them the lowest and highest of each series; from now on take half as many."""
        self.sample_s *= 2
        columns = [*self.columns.values(), *self.temperatures]
        kept = kept_samples([_column(column) for column in columns], self.samples_max // 2)
        for column in columns:
            column[:] = array("d", _column(column)[kept].tobytes())

    def _follow_mode(self, mode: int, second: int) -> None:
        if mode != self.mode:
            self._close_mode(second)
            self.mode, self.mode_since = mode, second

    def _close_mode(self, second: int) -> None:
        if second > self.mode_since:
            name = Mode(self.mode).name if self.mode >= 0 else self.unseen
            self.modes.append(Span(float(self.mode_since), float(second), name))

    def finish(self, second: int) -> None:
        self._close_mode(second)
        self.mode_since = second

    def series(self, name: str) -> Series:
        return np.frombuffer(self.columns[name], dtype=np.float64)

    def traces(self) -> tuple[NodeTrace, ...]:
        return tuple(
            NodeTrace(node.name, _column(column), node.low_degc, node.high_degc)
            for node, column in zip(self.nodes, self.temperatures, strict=True)
        )


def _column(values: Sequence[float]) -> Series:
    return np.asarray(values, dtype=np.float64)
