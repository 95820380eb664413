"""What a module says about itself: telemetry packets, events, signals and kept state."""

from __future__ import annotations

import enum
import string
import types
from collections.abc import Callable
from typing import ClassVar

from flight.declare.fields import DeclarationError, Field, field_of, fields_of

PERIOD_MAX_S = 3600  # a packet rarer than this is not housekeeping but a report on request


class Severity(enum.IntEnum):
    """ECSS-E-ST-70-41C 6.5: the subtype of service 5."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


class _Record:
    """A mutable row of declared fields; each starts at its given default or at zero."""

    fields: ClassVar[tuple[Field, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.fields = fields_of(cls)
        for field in cls.fields:
            if field.code == "*":
                raise DeclarationError(f"{cls.__qualname__}.{field.name}: variable length only in commands")
            if field.name not in vars(cls):
                setattr(cls, field.name, False if field.code == "?" else 0.0 if field.code in "fd" else 0)


class Telemetry(_Record):
    """A housekeeping packet, service 3.  The module writes attributes; the executive samples them every `period` s.

    class Status(Telemetry, period=10):
        charge: Annotated[float, unit("1"), limits(yellow_low=0.75, red_low=0.6)]
    """

    period: ClassVar[int]
    offset: ClassVar[int]

    def __init__(self) -> None:
        self.refresh: Callable[[], None] | None = (
            None  # called before each sample, for figures worth less than a step
        )
        self.silent = False  # there is nothing to tell: no sample, but on request

    def __init_subclass__(cls, period: int, offset: int = 0) -> None:
        super().__init_subclass__()
        if not 1 <= period <= PERIOD_MAX_S:
            raise DeclarationError(f"{cls.__qualname__}: period is 1 to {PERIOD_MAX_S} s, not {period}")
        cls.period, cls.offset = period, offset % period


def telemetry(name: str, fields: dict[str, object], period: int) -> type[Telemetry]:
    """A packet whose fields come from a mission's table: `telemetry("Nodes", {"battery": float}, period=10)`."""
    space = {"__annotations__": fields, "__module__": __name__, "__qualname__": name}
    made = types.new_class(name, (Telemetry,), {"period": period}, lambda body: body.update(space))
    assert issubclass(made, Telemetry)
    return made


class Signals(_Record):
    """What a module tells other modules.  One writer; readers name the signal in their Inputs."""


class Kept(_Record):
    """State that survives a reboot, in a critical slot; a change of `version` starts it afresh.

    A module holds it as `self.kept`, and calls `out.keep()` when it must be on disk.
    """

    version: ClassVar[int]

    def __init_subclass__(cls, version: int) -> None:
        super().__init_subclass__()
        cls.version = version


class Event:
    """A declared event, service 5: `limited = Event(Severity.MEDIUM, "heater on for {on_s} s", on_s=U16)`."""

    __slots__ = ("fields", "name", "severity", "text")

    def __init__(self, severity: Severity, text: str, **arguments: object) -> None:
        named = [name for _, name, _, _ in string.Formatter().parse(text) if name]
        missing = [name for name in named if name not in arguments]
        if missing:
            raise DeclarationError(f"event text names {missing}, which are no arguments: {text!r}")
        self.severity = severity
        self.text = text
        self.fields = tuple(field_of(name, annotation) for name, annotation in arguments.items())
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
