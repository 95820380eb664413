"""What the sensors say: true value, plus bias and noise, in steps of the converter.

Noise comes from a table of pseudo-random numbers made once for each seed; a step draws none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from sim.power import PowerSystem
from sim.spacecraft import Sensor, Spacecraft
from sim.thermal import ZERO_CELSIUS_K, ThermalNetwork

NOISE_NUMBERS = (
    4096  # a power of two; at 25 numbers a reading the table repeats, out of step, after 4096 readings
)

Reader = Callable[[PowerSystem, ThermalNetwork, list[float], int], list[float]]


def noise_table(seed: int) -> list[float]:
    """About normal, deviation 1: sums of twelve uniforms, the same on every machine without logarithms."""
    stream = random.Random(f"sensor noise {seed}")
    return [sum(stream.random() for _ in range(12)) - 6.0 for _ in range(NOISE_NUMBERS)]


def quantities(form: Spacecraft) -> Mapping[str, tuple[str, str]]:
    """Every quantity that a sensor can have: its dimension, and the expression that reads it."""
    table = {
        "battery.voltage": ("voltage", "battery.voltage_v"),
        "battery.current": ("current", "battery.current_a"),
        "array.power": ("power", "power.array_w"),
        "bus.power": ("power", "power.load_w"),
    }
    for place, array in enumerate(form.arrays):
        table[f"array.{array.name}.power"] = ("power", f"power.arrays_w[{place}]")
    for place, node in enumerate(form.nodes):
        table[f"node.{node.name}.temperature"] = ("temperature", f"temperatures[{place}] - {ZERO_CELSIUS_K}")
    for place, rail in enumerate(form.rails):
        table[f"rail.{rail.name}.current"] = ("current", f"rails[{place}] * per_volt")
    for place, heater in enumerate(form.heaters):
        drawn = f"(power.heaters_on[{place}] and {heater.power_w!r} * per_volt)"
        table[f"heater.{heater.name}.current"] = ("current", drawn)
    return table


class Sensors:
    """All sensors of a spacecraft in the order of its file."""

    __slots__ = ("_index", "_noise", "_read", "names")

    def __init__(self, form: Spacecraft, seed: int = 0) -> None:
        self.names = tuple(sensor.name for sensor in form.sensors)
        self._noise = noise_table(seed)
        self._noise += self._noise[: len(self.names)]  # so that no index wraps inside one reading
        self._index = 0
        self._read = _compile(form)

    def read(self, power: PowerSystem, thermal: ThermalNetwork) -> list[float]:
        """One reading of all, in V, A, W and degC."""
        self._index = (self._index + len(self.names)) & (NOISE_NUMBERS - 1)
        return self._read(power, thermal, self._noise, self._index)


def _compile(form: Spacecraft) -> Reader:
    table = quantities(form)
    readings = [
        _reading(place, sensor, table[sensor.quantity][1]) for place, sensor in enumerate(form.sensors)
    ]
    source = (
        "def read(power, thermal, noise, index):\n"
        "    battery, rails, temperatures = power.battery, power.rails_w, thermal.temperatures_k\n"
        "    per_volt = 1.0 / battery.voltage_v\n"
        f"    return [{', '.join(readings)}]\n"
    )
    namespace: dict[str, Reader] = {}
    exec(compile(source, "<sensors>", "exec"), namespace)  # noqa: S102  (made here, of a checked declaration)
    return namespace["read"]


def _reading(place: int, sensor: Sensor, truth: str) -> str:
    value = f"({truth})"
    if sensor.bias.value:
        value += f" + {sensor.bias.value!r}"
    if sensor.noise.value:
        value += f" + {sensor.noise.value!r} * noise[index + {place}]"
    if sensor.resolution.value:  # the nearest step; floor division costs half of a call of round
        step = sensor.resolution.value
        value = f"((({value}) * {1.0 / step!r} + 0.5) // 1.0) * {step!r}"
    return value
