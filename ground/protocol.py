"""What the ground's server and its clients say to each other, the same over a socket and within one process.

A request is a map with `do`, the name of a verb, beside its arguments; the answer is a map with `error` and `kind`, or
without them.  Updates come by themselves, as (topic, map), each with a `serial` by which a loss is seen.  Over a
socket maps are CBOR: it has NaN, 64 bit integers and octets.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol, TypeVar

import cbor2

from ground.commanding import FINAL, CommandRecord, Stage
from ground.decode import EventReport, Reading
from ground.limits import Alarm, State
from ground.seat import Holder
from ground.service_reports import ServiceReport
from ground.telemetry import ParameterValue
from ground.transfers import Transfer, TransferState

VERSION = 1
ANSWER_WITHIN_S = 5.0  # of a server on the same network; its loop turns in milliseconds
MESSAGE_LONGEST = 1 << 20  # octets; the dictionary is the longest, with some 100 kB
NS = 1_000_000_000

Plain = dict[str, object]
Value = int | float | bool
Kind = TypeVar("Kind")


class Topic(enum.Enum):
    """Kinds of updates."""

    COMMAND = "command"
    EVENT = "event"
    PACKET = "packet"
    PARAMETER = "parameter"
    REPORT = "report"  # of what is scheduled, monitored, or released on an event
    ALARM = "alarm"
    CONTACT = "contact"
    SEAT = "seat"
    FILE = "file"
    WELCOME = "welcome"  # an answer to a subscription, so that its owner knows when it holds


class Fault(enum.Enum):
    """Why a request was not served."""

    USAGE = "usage"  # it makes no sense, or an argument does not fit
    SEAT = "seat"  # somebody else has the commanding seat
    UNKNOWN = "unknown"  # not received yet
    FAILED = "failed"  # the server could not


class ProtocolError(ValueError):
    """Octets or a map that no server or client of this version would send."""


class CraftError(Exception):
    """What a client may meet; one line says why."""


class UsageError(CraftError):
    """The request makes no sense, or an argument does not fit.  Nothing was sent."""


class SeatTakenError(CraftError):
    """Somebody else has the commanding seat.  Nothing was sent."""


class NotReceivedError(CraftError, LookupError):
    """The spacecraft has not said that yet."""


class NoServerError(CraftError):
    """Nobody answers."""


class ServerError(CraftError):
    """The server could not do it."""


ERRORS = {
    Fault.USAGE: UsageError,
    Fault.SEAT: SeatTakenError,
    Fault.UNKNOWN: NotReceivedError,
    Fault.FAILED: ServerError,
}


@dataclass(frozen=True, slots=True)
class Update:
    topic: Topic
    serial: int
    body: Plain


class Line(Protocol):
    """A client's way to a server: a socket, or a simulation in the same process."""

    lost: bool  # updates are missing: what is known of commands must be asked anew; the client puts it back

    def request(self, message: Plain, within_s: float | None = None) -> Plain:
        """The answer.  NoServerError if there is none."""
        ...

    def wait(self, until_ns: int) -> None:
        """Return when something may have changed, at the latest at that time of the ground's clock."""
        ...

    def updates(self) -> list[Update]:
        """What has come since the last call."""
        ...

    def now_ns(self) -> int:
        """The ground's clock."""
        ...

    def fly(self, seconds: float) -> None:
        """Let time pass.  UsageError if it passes by itself."""
        ...

    def close(self) -> None: ...


class HasLine(Protocol):
    """A simulation that can be operated."""

    def line(self, name: str) -> Line: ...


# ---------------------------------------------------------------- octets


def encode(message: Mapping[str, object]) -> bytes:
    return cbor2.dumps(message)


def decode(octets: bytes) -> Plain:
    """ProtocolError for anything but one map with text keys."""
    if len(octets) > MESSAGE_LONGEST:
        raise ProtocolError(f"a message of {len(octets)} octets")
    source = BytesIO(octets)
    try:
        found = cbor2.CBORDecoder(source).decode()
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise ProtocolError(f"no CBOR: {error}") from None
    if source.read(1) or not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ProtocolError("not one map with text keys")
    return found


# ---------------------------------------------------------------- things and maps


@dataclass(frozen=True, slots=True)
class CommandState:
    """One command as the ground knows it; times on the ground's clock in ns."""

    number: int
    label: str
    text: str
    source: str
    stage: Stage
    reason: str
    stages: tuple[tuple[Stage, int], ...]
    deadline_ns: int
    transmissions: int
    packet: bytes

    @property
    def ended(self) -> bool:
        return self.stage in FINAL


def command_map(record: CommandRecord) -> Plain:
    return {
        "number": record.number,
        "label": record.label,
        "text": record.text,
        "source": record.source,
        "stage": record.stage.value,
        "reason": record.reason,
        "stages": [[stage.value, at_ns] for stage, at_ns in record.stages],
        "deadline_ns": record.deadline_ns,
        "transmissions": record.transmissions,
        "packet": record.packet,
    }


def command_state(given: object) -> CommandState:
    fields = dict(taken(given, dict))
    try:
        fields["stage"] = Stage(fields["stage"])
        fields["stages"] = tuple((Stage(stage), at_ns) for stage, at_ns in fields["stages"])
        return CommandState(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"no command: {error}") from None


def reading_map(reading: Reading) -> Plain:
    return {**reading._asdict(), "values": list(reading.values)}


def reading(given: object) -> Reading:
    fields = _named(Reading._fields, given)
    fields["values"] = tuple(taken(fields.get("values"), list))
    return built(Reading, fields)


def event_map(event: EventReport) -> Plain:
    return event._asdict()


def event(given: object) -> EventReport:
    return built(EventReport, _named(EventReport._fields, given))


def utc_of(given: object) -> int | None:
    """When the thing in that map was made on board, in ns since 1970 on the ground's clock, where that is known."""
    found = taken(given, dict).get("utc_ns")
    return found if isinstance(found, int) else None


def parameter_map(parameter: ParameterValue) -> Plain:
    return parameter._asdict()


def report_map(report: ServiceReport) -> Plain:
    return report._asdict()


def report(given: object) -> ServiceReport:
    return built(ServiceReport, _named(ServiceReport._fields, given))


def parameter(given: object) -> ParameterValue:
    return built(ParameterValue, given)


def alarm_map(alarm: Alarm) -> Plain:
    return {
        "label": alarm.label,
        "field": alarm.field,
        "state": alarm.state.value,
        "worst": alarm.worst.value,
        "since_ns": alarm.since_ns,
        "value": alarm.value,
    }


def alarm(given: object) -> Alarm:
    fields = dict(taken(given, dict))
    fields.pop("utc_ns", None)  # beside it: see `utc_of`
    try:
        fields["state"], fields["worst"] = State(fields["state"]), State(fields["worst"])
    except (KeyError, ValueError) as error:
        raise ProtocolError(f"no alarm: {error}") from None
    return built(Alarm, fields)


def transfer(given: object) -> Transfer:
    fields = dict(taken(given, dict))
    try:
        fields["state"] = TransferState(fields["state"])
    except (KeyError, ValueError) as error:
        raise ProtocolError(f"no transfer: {error}") from None
    return built(Transfer, fields)


def holder_map(holder: Holder | None) -> Plain | None:
    if holder is None:
        return None
    return {name: getattr(holder, name) for name in Holder.__slots__}


def holder(given: object) -> Holder | None:
    return None if given is None else built(Holder, given)


def _named(names: Iterable[str], given: object) -> Plain:
    """Without what else is in the map."""
    fields = taken(given, dict)
    return {name: fields[name] for name in names if name in fields}


def built(kind: type[Kind], given: object) -> Kind:
    try:
        return kind(**taken(given, dict))
    except TypeError as error:
        raise ProtocolError(f"no {kind.__name__}: {error}") from None


def taken(given: object, kind: type[Kind]) -> Kind:
    if not isinstance(given, kind):
        raise ProtocolError(f"expected {kind.__name__}, got {type(given).__name__}")
    return given
