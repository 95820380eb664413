"""A request as it came: its arguments, each checked when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ground.protocol import Plain

TEXT_LONGEST = 2000  # a telecommand frame holds half of that, in hexadecimal all of it
ITEMS_MAX = 400


class AskError(ValueError):
    """An argument is missing or is not what it should be; one line says which."""


class Moment(NamedTuple):
    """Now, on the ground's clock (which a simulation may drive), on this computer's monotonic one, and its UTC; ns."""

    ground_ns: int
    real_ns: int
    utc_ns: int


@dataclass(frozen=True, slots=True)
class Ask:
    """`where` is what the transport knows of the sender."""

    arguments: Mapping[str, object]
    where: str
    now: Moment

    def text(self, name: str, default: str | None = None) -> str:
        given = self.arguments.get(name, default)
        if not isinstance(given, str) or len(given) > TEXT_LONGEST:
            raise AskError(f"{name}: expected text of at most {TEXT_LONGEST} characters")
        return given

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        given = self.arguments.get(name, default)
        if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
            raise AskError(f"{name}: expected a whole number, {low} to {high}")
        return given

    def flag(self, name: str, default: bool = False) -> bool:
        given = self.arguments.get(name, default)
        if not isinstance(given, bool):
            raise AskError(f"{name}: expected true or false")
        return given

    def octets(self, name: str, longest: int) -> bytes:
        given = self.arguments.get(name)
        if not isinstance(given, bytes) or len(given) > longest:
            raise AskError(f"{name}: expected at most {longest} octets")
        return given

    def texts(self, name: str) -> list[str]:
        given = self.arguments.get(name, [])
        if not isinstance(given, list) or len(given) > ITEMS_MAX:
            raise AskError(f"{name}: expected at most {ITEMS_MAX} texts")
        if not all(isinstance(one, str) and len(one) <= TEXT_LONGEST for one in given):
            raise AskError(f"{name}: expected texts of at most {TEXT_LONGEST} characters")
        return given

    def values(self, name: str) -> Plain:
        """Names to texts, numbers, booleans or octets."""
        given = self.arguments.get(name, {})
        if not isinstance(given, dict) or len(given) > ITEMS_MAX:
            raise AskError(f"{name}: expected names with values")
        for key, value in given.items():
            if not isinstance(key, str) or not isinstance(value, str | int | float | bytes):
                raise AskError(f"{name}: expected names with texts, numbers, true, false or octets")
            if isinstance(value, str | bytes) and len(value) > TEXT_LONGEST:
                raise AskError(f"{name}: {key[:40]} is longer than {TEXT_LONGEST}")
        return given

    @property
    def who(self) -> str:
        return self.text("name", "")

    @property
    def origin(self) -> str:
        """What the transport knows, and what the client says of itself."""
        said = self.text("from", "")[:80]
        return f"{self.where} {said}".strip() if said.isprintable() else self.where
