"""What the executive lends to the few modules that serve the whole spacecraft: commands, parameters, housekeeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from flight.declare.channels import ChannelShare
from flight.declare.fields import Field
from flight.declare.parameters import Value

Lent = TypeVar("Lent")


@dataclass(frozen=True, slots=True)
class Checked:
    """A function call that fits its declaration and the mode."""

    function: int
    label: str
    hazardous: bool
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a request cannot be taken: a failure code of the wire, and words."""

    code: int
    reason: str


class Catalog(Protocol):
    """The commands of all modules."""

    def check(self, data: bytes, mode: int) -> Checked | Complaint:
        """`data` is the function number u16 and its arguments, as in TC[8,1]."""
        ...

    def pack(self, label: str, arguments: Sequence[object]) -> tuple[int, bytes]:
        """APID and data of a TC[8,1] that a mission's table names.  DeclarationError if there is no such command."""
        ...


class ParameterAccess(Protocol):
    """The parameters of all modules; a set of changes is taken whole or not at all."""

    def field(self, number: int) -> Field | None: ...

    def value(self, number: int) -> Value: ...

    def numbers(self) -> Sequence[int]: ...

    def numbered(self, label: str) -> int | None:
        """The number of `module.name`; None if this mission has none."""
        ...

    def complaint(self, changes: Sequence[tuple[int, Value]]) -> str | None: ...

    def commit(self, changes: Sequence[tuple[int, Value]]) -> None: ...

    def document(self, changes: Sequence[tuple[int, Value]] = ()) -> bytes:
        """All values as they will be stored, with `changes` applied."""
        ...


class HousekeepingAccess(Protocol):
    """The switches of the housekeeping packets."""

    def known(self, sid: int) -> bool: ...

    def enable(self, sid: int, on: bool) -> None: ...

    def once(self, sids: Sequence[int]) -> None: ...

    def all(self) -> Sequence[int]: ...


class FrameCoding(Protocol):
    """What lies between a telemetry frame and the line."""

    @property
    def frame_length(self) -> int: ...

    @property
    def cadu_length(self) -> int: ...

    def encode(self, frame: bytes) -> bytes:
        """What goes to the line, sync marker in front."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """`servers` names the module that serves each PUS service; `apids` the modules that can be addressed."""

    catalog: Catalog
    parameters: ParameterAccess
    housekeeping: HousekeepingAccess
    servers: Mapping[int, str]
    apids: frozenset[int]
    spacecraft_id: int
    coding: FrameCoding
    shares: Sequence[ChannelShare]  # of the line down
    next_counts: Sequence[int]  # first free record count of each store at boot
    documents: Mapping[str, bytes]  # what storage held at boot, by name
    events: Mapping[str, tuple[int, int]]  # APID and number of each event, by label
    loans: Mapping[type[object], object] = field(
        default_factory=dict
    )  # what several modules share, by its type

    def borrow(self, kind: type[Lent]) -> Lent:
        """Of the link's types, which stand above this layer: `borrow(Vault)`."""
        lent = self.loans[kind]
        assert isinstance(lent, kind)
        return lent
