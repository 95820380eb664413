"""The module: one duty of the spacecraft, as one class.

It sees its `Inputs` and an `Outbox`, and nothing else: no clock, no file, no socket, no thread, no logger.
Events, parameters, rules and commands are declared on the class; telemetry packets, signals, kept state and inboxes
are attributes of the object, so that a mission's table can shape them.
"""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

from flight.declare.access import Access
from flight.declare.commands import SPEC_ATTRIBUTE, CommandSpec
from flight.declare.fields import DeclarationError
from flight.declare.outbox import Inbox, Outbox
from flight.declare.packets import Event, Kept, Signals, Telemetry
from flight.declare.parameters import Parameter, Rule

AnyParameter = Parameter[int] | Parameter[float] | Parameter[bool]
Found = TypeVar("Found")


class NoInputs(NamedTuple):
    """For a module that needs to see nothing."""


class ResetReason(enum.IntEnum):
    """Why this run began, as the guardian or the board knows it."""

    UNKNOWN = 0
    POWER_ON = 1
    EXECUTIVE_DIED = 2
    EXECUTIVE_SILENT = 3
    WATCHDOG = 4
    COMMAND = 5
    BROWN_OUT = 6

    @classmethod
    def _missing_(cls, _value: object) -> ResetReason:
        """Whatever a board says that we do not know."""
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class Boot:
    """How this run of the executive, or of one module, began."""

    count: int
    clean: bool  # the last run ended in order
    safe: bool  # the guardian asked for the safe set: too many restarts
    reason: int  # a `ResetReason`, if it is one that we know


class Module:
    """Base of all modules.  A module adds `def step(self, now: int, sees: Inputs, out: Outbox) -> None`.

    `Inputs` is a NamedTuple; each field names a signal, a sensor, or `<signal>_age` (nanoseconds since it was written).
    A reading that is missing, out of range, late or stuck is NaN.

    A module that runs more often than once a second may add `def glance(self, now: int, *sees) -> bool`, and name in
    `Glance` what it sees.  It is called in between the steps at whole seconds: it may count, but not ask for anything
    or change a signal, and says whether a step is needed at once.  What comes into an inbox named in `wakes` needs one
    in any case; a module with `wakes` alone has no glance to write.
    """

    Inputs: type[tuple[object, ...]] = NoInputs
    Glance: ClassVar[type[tuple[object, ...]]] = NoInputs
    wakes: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = ()
    serves: ClassVar[tuple[int, ...]] = ()  # PUS services whose requests come to the inbox `requests`

    def connect(self, access: Access) -> None:
        """Called before `start`; most modules need nothing of it."""

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """Called once, with parameters and kept state in place, before the first step and after a restart."""

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        """A worker has answered, failed, or run out of time."""

    @classmethod
    def events(cls) -> tuple[Event, ...]:
        return tuple(member for member in _members(cls) if isinstance(member, Event))

    @classmethod
    def parameters(cls) -> tuple[AnyParameter, ...]:
        return tuple(member for member in _members(cls) if isinstance(member, Parameter))

    @classmethod
    def commands(cls) -> tuple[CommandSpec, ...]:
        specs = [
            getattr(member, SPEC_ATTRIBUTE, None) for member in _members(cls) if inspect.isfunction(member)
        ]
        return tuple(spec for spec in specs if isinstance(spec, CommandSpec))

    def packets(self) -> dict[str, Telemetry]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Telemetry)}

    def inboxes(self) -> dict[str, Inbox[object]]:
        return {name: box for name, box in vars(self).items() if isinstance(box, Inbox)}

    def signals(self) -> Signals | None:
        return _only(self, Signals)

    def kept_state(self) -> Kept | None:
        return _only(self, Kept)


def _members(cls: type) -> list[object]:
    members: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        members |= vars(base)
    return list(members.values())


def _only(module: Module, kind: type[Found]) -> Found | None:
    found = [value for value in vars(module).values() if isinstance(value, kind)]
    if len(found) > 1:
        raise DeclarationError(f"{type(module).__qualname__}: at most one {kind.__name__}")
    return found[0] if found else None
