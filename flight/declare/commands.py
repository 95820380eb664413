"""Commands: typed methods that a telecommand may call, and what they answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, get_type_hints

from flight.declare.fields import DeclarationError, Field, field_of
from flight.declare.modes import ALL_MODES, Mode, mask_of


@dataclass(frozen=True, slots=True)
class Done:
    """The command has had its whole effect."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The command had no effect, and this is why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The effect is under way; the module ends it by `out.finish(call.ident, outcome)`, or this deadline does."""

    within_ns: int


Outcome = Done | Refused | Waiting
DONE = Done()


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation of a command.  `ident` names it until its outcome; `source` is the user that sent it."""

    now: int
    ident: int
    source: int = 0


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """The declaration beside a command method; `modes` has one bit a mode."""

    name: str
    fields: tuple[Field, ...]
    hazardous: bool
    modes: int
    about: str


P = ParamSpec("P")
Method = Callable[P, Outcome]
SPEC_ATTRIBUTE = "__skyrack_command__"
FIRST_NAMES = ["self", "call", "out"]


def command(
    *, hazardous: bool = False, modes: tuple[Mode, ...] = ALL_MODES
) -> Callable[[Method[P]], Method[P]]:
    """Mark `def name(self, call: Call, out: Outbox, <arguments>) -> Outcome` as a command, PUS service 8.

    The first paragraph of its docstring is its description on the ground.  A hazardous command runs only after
    `commands.arm` named it, within the arming window.
    """

    def mark(method: Method[P]) -> Method[P]:
        name = method.__name__
        names = list(inspect.signature(method).parameters)
        if names[:3] != FIRST_NAMES:
            raise DeclarationError(f"{name}: a command begins with (self, call, out), not {names[:3]}")
        hints = get_type_hints(method, include_extras=True)
        fields = tuple(field_of(argument, hints[argument]) for argument in names[3:])
        if any(field.code == "*" for field in fields[:-1]):
            raise DeclarationError(f"{name}: octets of variable length must come last")
        about = inspect.cleandoc(method.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        setattr(method, SPEC_ATTRIBUTE, CommandSpec(name, fields, hazardous, mask_of(modes), about))
        return method

    return mark
