"""Packets to values, by a dictionary of ours or by somebody's XTCE; and their extremes over a recording."""

from __future__ import annotations

import math
import struct
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from flight.dictionary import Dictionary, DictionaryError, compile_decoder, from_json
from flight.wire import TM_PREFIX_LENGTH, TmPacket, decode_tm
from ground.decode import event_entry, event_text, event_values, parameter_values
from ground.fields import show_value
from ground.recording.layout import RecordingError

HOUSEKEEPING, EVENT, PARAMETERS = (3, 25), 5, (20, 2)
NAMES_MAX = 4096  # packets of one definition; what is beyond is counted
WHY_NOT_MAX = 64
BASES_MAX = 32  # of a container: a document may name a circle

# What somebody's document makes somebody's parser raise, beside its own errors, which have no tree.
FOREIGN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,  # lxml's
    TypeError,
    ValueError,
    Warning,
)

Plain = int | float | bool | str


class Decoded(NamedTuple):
    """`values` as numbers and names; `texts` the same for people, where they differ."""

    name: str
    values: Mapping[str, Plain]
    texts: Mapping[str, str]


class Decoder(Protocol):
    def decode(self, packet: bytes) -> Decoded | str:
        """A text says why it could not be decoded; '' that the definition has nothing of the kind."""
        ...


class DictionaryDecoder:
    """A mission's own packets: housekeeping, events, parameter reports."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._decoders = {entry.sid: compile_decoder(entry) for entry in dictionary.packets}

    def decode(self, packet: bytes) -> Decoded | str:
        found = decode_tm(packet)
        if not isinstance(found, TmPacket):
            return found.reason.value
        if (found.service, found.subtype) == HOUSEKEEPING:
            return self._housekeeping(packet)
        if found.service == EVENT:
            return self._event(found.body)
        if (found.service, found.subtype) == PARAMETERS:
            values = parameter_values(self.dictionary, found.body)
            return Decoded("parameters", dict(values), {}) if values is not None else "unknown parameters"
        return ""

    def _housekeeping(self, packet: bytes) -> Decoded | str:
        sid = int.from_bytes(packet[TM_PREFIX_LENGTH : TM_PREFIX_LENGTH + 2], "big")
        entry = self.dictionary.packets_by_sid.get(sid)
        if entry is None:
            return f"structure {sid} is not in the dictionary"
        try:
            values = self._decoders[sid](packet)
        except struct.error:
            return f"{entry.label}: another length than in the dictionary"
        fields = zip(entry.fields, values, strict=True)
        texts = {
            one.name: show_value(one, value)
            for one, value in fields
            if one.choices or one.unit or one.code == "?"
        }
        return Decoded(entry.label, dict(zip((one.name for one in entry.fields), values, strict=True)), texts)

    def _event(self, body: bytes) -> Decoded | str:
        entry = event_entry(self.dictionary, body)
        values = event_values(entry, body) if entry else None
        if entry is None or values is None:
            return "event that is not in the dictionary"
        plain = {
            one.name: value.hex() if isinstance(value, bytes) else value
            for one, value in zip(entry.fields, values, strict=True)
        }
        return Decoded(entry.label, plain, {"": event_text(entry, values)})


class XtceDecoder:
    """By `space_packet_parser`.  RecordingError if it is not installed or the document is not understood."""

    def __init__(self, path: Path) -> None:
        try:
            parser: Any = import_module("space_packet_parser")
            own = vars(import_module("space_packet_parser.exceptions"))
        except ImportError:
            raise RecordingError("--xtce needs space_packet_parser: pip install 'skyrack[xtce]'") from None
        if not path.is_file():
            raise RecordingError(f"{path}: no such file")
        errors = [one for one in own.values() if isinstance(one, type) and issubclass(one, Exception)]
        self._errors: tuple[type[Exception], ...] = (*FOREIGN, *errors)
        self._unknown: type[Exception] = own["UnrecognizedPacketTypeError"]
        try:
            self._definition: Any = parser.load_xtce(path)
        except self._errors as error:
            raise RecordingError(f"{path}: not understood as XTCE: {_one_line(error)}") from None
        self._names = self._containers()

    def _containers(self) -> dict[tuple[str, ...], str]:
        """The name of each container by the names of all its parameters, those of its bases first."""
        known: Mapping[str, Any] = self._definition.containers
        names = {}
        for name, container in known.items():
            chain = [container]
            while len(chain) < BASES_MAX and chain[0].base_container_name in known:
                chain.insert(0, known[chain[0].base_container_name])
            names[tuple(parameter for one in chain for parameter in _parameters(one))] = str(name)
        return names

    def decode(self, packet: bytes) -> Decoded | str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # that the lengths differ is told as one
                found: Any = self._definition.parse_bytes(packet)
        except self._unknown:
            return ""
        except self._errors as error:  # a packet that does not fit must not end the rest
            return f"{type(error).__name__}: {_one_line(error)[:80]}"
        values = {str(name): _plain(one) for name, one in found.items()}
        return Decoded(self._names.get(tuple(values), f"APID {packet_apid(packet)}"), values, {})


def _parameters(container: Any, depth: int = 0) -> list[str]:
    """Their names, with those of containers within it in their places."""
    found: list[str] = []
    for entry in container.entry_list if depth < BASES_MAX else ():
        found += _parameters(entry, depth + 1) if hasattr(entry, "entry_list") else [str(entry.name)]
    return found


def packet_apid(packet: bytes) -> int:
    return (packet[0] & 7) << 8 | packet[1]


def _plain(value: object) -> Plain:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def read_dictionary(path: Path) -> Dictionary:
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (DictionaryError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: no dictionary: {error}") from None
    except OSError as error:
        raise RecordingError(f"{path}: {(error.strerror or str(error)).lower()}") from None


# ---------------------------------------------------------------- extremes


@dataclass(slots=True)
class FieldRange:
    """`last` as it is shown; `low` and `high` of numbers that are numbers."""

    last: Plain = ""
    text: str = ""
    low: float = math.inf
    high: float = -math.inf


@dataclass(slots=True)
class NameTally:
    packets: int = 0
    fields: dict[str, FieldRange] = field(default_factory=dict)


@dataclass(slots=True)
class ValueTally:
    """`why_not`: packets that gave no values, by reason; '' for kinds that the definition does not have."""

    names: dict[str, NameTally] = field(default_factory=dict)
    why_not: Counter[str] = field(default_factory=Counter)
    beyond: int = 0

    def take(self, found: Decoded | str) -> None:
        if isinstance(found, str):
            known = found in self.why_not or len(self.why_not) < WHY_NOT_MAX
            self.why_not[found if known else "for other reasons"] += 1
            return
        tally = self.names.get(found.name)
        if tally is None:
            if len(self.names) >= NAMES_MAX:
                self.beyond += 1
                return
            tally = self.names[found.name] = NameTally()
        tally.packets += 1
        for name, value in found.values.items():
            one = tally.fields.get(name)
            if one is None:
                one = tally.fields[name] = FieldRange()
            one.last, one.text = value, found.texts.get(name, "")
            if not isinstance(value, str):
                one.low = min(one.low, value)
                one.high = max(one.high, value)
