"""The dictionary: every packet, event, command and parameter of a mission, as data that ground and flight share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from flight.declare import Field
from flight.wire.coding import TmCoding
from flight.wire.telecommand_link import PROTECTED_LINK, TelecommandLink
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink


@dataclass(frozen=True)
class PacketEntry:
    """A housekeeping packet, TM[3,25]: body is `sid` u16 and then the fields."""

    module: str
    name: str
    sid: int
    period: int
    about: str
    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class EventEntry:
    """An event, TM[5,severity]: body is `number` u16 and then the arguments."""

    module: str
    name: str
    number: int
    severity: int
    text: str
    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class CommandEntry:
    """A command, TC[8,1]: data is `number` u16 and then the arguments; `modes` has one bit a mode."""

    module: str
    name: str
    number: int
    hazardous: bool
    modes: int
    about: str
    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class ParameterEntry:
    """A parameter, service 20: `number` u16 and the value in its own wire type."""

    module: str
    number: int
    default: float
    field: Field

    @property
    def label(self) -> str:
        return f"{self.module}.{self.field.name}"


@dataclass(frozen=True)
class Dictionary:
    """One mission's dictionary.  Modules are (name, APID); stores are the recorder's, by priority number.

    `coding` is what lies between a telemetry frame and the line.
    """

    mission: str
    spacecraft_id: int
    coding: TmCoding
    modules: tuple[tuple[str, int], ...]
    stores: tuple[str, ...]
    packets: tuple[PacketEntry, ...]
    events: tuple[EventEntry, ...]
    commands: tuple[CommandEntry, ...]
    parameters: tuple[ParameterEntry, ...]
    telecommand: TelecommandLink = PROTECTED_LINK
    telemetry: TelemetryLink = CLEAR_TELEMETRY
    hash: int = field(
        default=0, compare=False
    )  # 32 bits over the wire layout: see `flight.dictionary.layout`

    @property
    def frame_length(self) -> int:
        """Octets of a telemetry frame, before coding."""
        return self.coding.frame_length

    @cached_property
    def apids(self) -> dict[str, int]:
        return dict(self.modules)

    @cached_property
    def packets_by_sid(self) -> dict[int, PacketEntry]:
        return {entry.sid: entry for entry in self.packets}

    @cached_property
    def packets_by_label(self) -> dict[str, PacketEntry]:
        return {entry.label: entry for entry in self.packets}

    @cached_property
    def events_by_number(self) -> dict[int, EventEntry]:
        return {entry.number: entry for entry in self.events}

    @cached_property
    def commands_by_number(self) -> dict[int, CommandEntry]:
        return {entry.number: entry for entry in self.commands}

    @cached_property
    def commands_by_label(self) -> dict[str, CommandEntry]:
        return {entry.label: entry for entry in self.commands}

    @cached_property
    def parameters_by_number(self) -> dict[int, ParameterEntry]:
        return {entry.number: entry for entry in self.parameters}

    @cached_property
    def parameters_by_label(self) -> dict[str, ParameterEntry]:
        return {entry.label: entry for entry in self.parameters}
