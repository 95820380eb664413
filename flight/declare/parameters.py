"""Parameters: numbers an operator may change in flight, with unit, range and checks across them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

from flight.declare.fields import DeclarationError, Field

Value = int | float | bool
T = TypeVar("T", int, float, bool)


class Parameter(Generic[T]):
    """`on_below = Parameter(5.0, unit="degC", low=-20, high=30)`; `self.on_below` is the value in force.

    The executive writes committed values into the module's own attributes; until then the default answers.
    A float is 32 bit on the wire, an int 32 bit signed, a bool one octet.
    """

    __slots__ = ("about", "default", "field", "name")

    def __init__(
        self,
        default: T,
        *,
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        about: str = "",
    ) -> None:
        self.default: T = default
        self.name = ""
        self.about = about
        self.field = Field("", _code_of(default), unit=unit, low=low, high=high, about=about)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        old = self.field
        self.field = Field(name, old.code, unit=old.unit, low=old.low, high=old.high, about=old.about)
        wrong = self.field.complaint(self.default)
        if wrong:
            raise DeclarationError(f"{owner.__qualname__}: default of {wrong}")

    @overload
    def __get__(self, instance: None, owner: type) -> Parameter[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> T | Parameter[T]:
        return self if instance is None else self.default


def _code_of(default: object) -> str:
    return "?" if isinstance(default, bool) else "i" if isinstance(default, int) else "f"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over the parameters of one module that must hold after every change."""

    says: str
    holds: Callable[[Mapping[str, Value]], bool]
