"""The bus: every signal and reading as one attribute, and generated code that fills and reads it.

Measured for 9 inputs: a generated NamedTuple costs 0.3 us to build and read, a frozen dataclass 1.1 us.  Twelve steps
a second for a day make that 10 % of the run, so the few functions on this path are generated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from flight.declare import SECOND, DeclarationError, Module, Outbox, Signals
from flight.mission import Mission, Sensor

LATE_PERIODS = 3  # payload.md 4.1: a reading older than three periods is no reading
NAN = math.nan

RUN_NAMES = ("b", "s", "slot", "out", "new", "Inputs", "nothing")

Sense = Callable[[Sequence[float], int], None]
Run = Callable[[int], None]
Publish = Callable[[int], None]

EXECUTIVE_SIGNALS: dict[str, object] = {
    "carrier": False,
    "room": 0,
    "levels": (),
    "isolated": 0,
    "critical_isolated": False,
    "restarts": 0,
    "missed_ticks": 0,
    "lost_inbox": 0,
    "bad_sensors": 0,
    "cpu_percent": 0.0,
    "memory_mb": 0.0,
    "disk_free_mb": 0.0,
    "storage_failed": 0,
    "ending": False,
}


class Bus:
    """One attribute for each signal and sensor, `<writer>_at` for when its writer last wrote (ns)."""

    def __init__(self) -> None:
        self.writers_of: dict[str, str] = {}
        for name, value in EXECUTIVE_SIGNALS.items():
            self.add(name, "executive", value)
        self.__dict__["executive_at"] = 0

    def add(self, name: str, writer: str, value: object) -> None:
        """Declare a signal.  DeclarationError if it already has a writer."""
        if name in self.writers_of:
            raise DeclarationError(f"signal {name} has two writers: {self.writers_of[name]} and {writer}")
        self.writers_of[name] = writer
        self.__dict__[name] = value
        self.__dict__.setdefault(f"{writer}_at", 0)

    def read(self, name: str) -> object:
        return self.__dict__[name]

    def write(self, name: str, value: object) -> None:
        assert name in self.writers_of, name
        self.__dict__[name] = value


def add_sensors(bus: Bus, sensors: Iterable[Sensor]) -> None:
    for sensor in sensors:
        bus.add(sensor.name, sensor.name, NAN)


def add_signals(bus: Bus, name: str, signals: Signals | None) -> None:
    for field in signals.fields if signals else ():
        bus.add(field.name, name, getattr(signals, field.name))


def _input_parts(bus: Bus, inputs: type[tuple[object, ...]], name: str) -> list[str]:
    """The source of each input.  DeclarationError if one has no writer."""
    parts = []
    for field in getattr(inputs, "_fields", ()):
        if field in bus.writers_of:
            parts.append(f"b.{field}")
        elif field.endswith("_age") and field[:-4] in bus.writers_of:
            parts.append(f"now - b.{bus.writers_of[field[:-4]]}_at")
        else:
            raise DeclarationError(f"{name} sees {field}, which nobody writes")
    return parts


def compile_publish(bus: Bus, name: str, signals: Signals | None) -> Publish:
    """`publish(now)` copies the module's signals to the bus and stamps them."""
    lines = [f"    b.{field.name} = s.{field.name}" for field in (signals.fields if signals else ())]
    bus.__dict__.setdefault(f"{name}_at", 0)
    source = "def publish(now):\n" + "\n".join([*lines, f"    b.{name}_at = now"]) + "\n"
    return cast(Publish, _compiled(source, "publish", b=bus, s=signals))


def compile_run(bus: Bus, slot: object, module: Module, name: str, out: Outbox) -> Run:
    """`run(now)`: inputs from the bus, one step, signals to the bus, in one generated function.

    Twelve modules at 1 Hz and three at 10 Hz make four million of these in a simulated day; a call less for each is
    worth having.  `slot.step` is looked up each time, so that a test may put something else there.  A module that can
    glance does so between its steps at whole seconds: for one at 10 Hz that is half of what it costs.
    """
    parts = _input_parts(bus, module.Inputs, name)
    signals = module.signals()
    inputs = f"new(Inputs, ({''.join(part + ', ' for part in parts)}))" if parts else "nothing"
    lines = [f"def run(now, {', '.join(f'{word}={word}' for word in RUN_NAMES)}):"]  # locals are read faster
    space: dict[str, object] = {}
    if can_glance(module):
        wants, space = glance_source(bus, module, name, "slot")
        lines += [
            f"    if now < slot.next_step and not ({wants}):",
            f"        b.{name}_at = slot.last_step = now",
            "        return",
            f"    slot.next_step = now // {SECOND} * {SECOND} + {SECOND}",
        ]
    lines += [
        f"    slot.step(now, {inputs}, out)",
        *(f"    b.{field.name} = s.{field.name}" for field in (signals.fields if signals else ())),
        f"    b.{name}_at = slot.last_step = now",
    ]
    space |= {"b": bus, "s": signals, "slot": slot, "out": out, "new": tuple.__new__, "Inputs": module.Inputs}
    space["nothing"] = tuple.__new__(module.Inputs, ()) if not parts else None
    return compiled_run(lines, "run", space)


def can_glance(module: Module) -> bool:
    return bool(module.wakes) or hasattr(module, "glance")


def glance_source(bus: Bus, module: Module, name: str, slot: str) -> tuple[str, dict[str, object]]:
    """Source text that says whether the module in `slot` wants a step, and the names in it.

    The queue of an inbox is the same one for as long as the executive lives, whoever reads it.
    """
    boxes = module.inboxes()
    for label in module.wakes:
        if label not in boxes:
            raise DeclarationError(f"{name} wakes by {label}, which is none of its inboxes")
    space: dict[str, object] = {f"{name}_{label}": boxes[label].items for label in module.wakes}
    terms = list(space)
    if hasattr(module, "glance"):
        sees = "".join(", " + part for part in _input_parts(bus, module.Glance, name))
        terms.append(f"{slot}.glance(now{sees})")
    return " or ".join(terms), space


def compiled_run(lines: Sequence[str], name: str, space: dict[str, object]) -> Run:
    return cast(Run, _compiled("\n".join(lines) + "\n", name, **space))


def compile_sense(bus: Bus, sensors: Sequence[Sensor], base_tick_ns: int) -> Sense:
    """`sense(values, now)` validates one rate group of readings into the bus.

    Out of range (NaN included): the last good value holds for three periods, then NaN.  Bit-identical for longer than
    `stuck_after_s`: NaN until it moves again.
    """
    lines = ["def sense(values, now, b=b, nan=nan, last=last, moved=moved):"]
    lines.append(
        "    (" + "".join(f"v{i}, " for i in range(len(sensors))) + ") = values" if sensors else "    pass"
    )
    for i, sensor in enumerate(sensors):
        late = LATE_PERIODS * sensor.every * base_tick_ns
        name = sensor.name
        lines.append(f"    if {sensor.low!r} <= v{i} <= {sensor.high!r}:")
        if sensor.stuck_after_s:
            stuck = int(sensor.stuck_after_s * 1e9)
            lines.append(f"        if v{i} != last[{i}]: last[{i}] = v{i}; moved[{i}] = now; b.{name} = v{i}")
            lines.append(f"        elif now - moved[{i}] > {stuck}: b.{name} = nan")
        else:
            lines.append(f"        b.{name} = v{i}")
        lines.append(f"        b.{name}_at = now")
        lines.append(f"    elif now - b.{name}_at > {late}: b.{name} = nan")
    space: dict[str, object] = {
        "b": bus,
        "nan": NAN,
        "last": [NAN] * len(sensors),
        "moved": [0] * len(sensors),
    }
    return cast(Sense, _compiled("\n".join(lines) + "\n", "sense", **space))


def sensor_groups(mission: Mission) -> dict[int, tuple[Sensor, ...]]:
    """The mission's sensors by rate divider, fastest first, in table order within a group."""
    rates = sorted({sensor.every for sensor in mission.sensors})
    return {every: tuple(s for s in mission.sensors if s.every == every) for every in rates}


def _compiled(source: str, name: str, **space: object) -> object:
    exec(compile(source, f"<generated {name}>", "exec"), space)  # noqa: S102  (made here, of checked declarations)
    return space[name]
