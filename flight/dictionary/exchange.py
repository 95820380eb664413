"""The dictionary as JSON: what flight writes, the ground reads, and the archive keeps beside its frames."""

from __future__ import annotations

import json
from dataclasses import asdict

from flight.declare import Field, Limits
from flight.dictionary.entries import CommandEntry, Dictionary, EventEntry, PacketEntry, ParameterEntry
from flight.dictionary.layout import dictionary_hash
from flight.wire.coding import TmCoding, TmRandomisation
from flight.wire.telecommand_link import TelecommandLink
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink

FORMAT = "skyrack-dictionary-1"
DICTIONARY_BYTES_MAX = 16 * 2**20  # a mission of 10,000 parameters is below 4 MB


class DictionaryError(ValueError):
    """A dictionary file that cannot be used; one line says why."""


def to_json(dictionary: Dictionary) -> str:
    data = asdict(dictionary)
    data["telemetry"]["mask"] = dictionary.telemetry.mask.hex()
    data["coding"]["randomisation"] = dictionary.coding.randomisation.name.lower()
    return json.dumps({"format": FORMAT, **data}, indent=1, allow_nan=False)


def from_json(text: str) -> Dictionary:
    """DictionaryError for anything that is not a whole and sound dictionary."""
    if len(text) > DICTIONARY_BYTES_MAX:
        raise DictionaryError(f"dictionary is larger than {DICTIONARY_BYTES_MAX} octets")
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT:
            raise DictionaryError(f"dictionary is not of format {FORMAT}")
        dictionary = _dictionary(data)
        wanted = dictionary_hash(dictionary)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise DictionaryError(f"dictionary cannot be read: {error}") from error
    if dictionary.hash != wanted:
        raise DictionaryError("dictionary is damaged: its hash does not fit its content")
    return dictionary


def _dictionary(data: dict[str, list[dict[str, object]]]) -> Dictionary:
    lists = {
        "packets": tuple(PacketEntry(**_entry(e)) for e in data["packets"]),  # type: ignore[arg-type]
        "events": tuple(EventEntry(**_entry(e)) for e in data["events"]),  # type: ignore[arg-type]
        "commands": tuple(CommandEntry(**_entry(e)) for e in data["commands"]),  # type: ignore[arg-type]
        "parameters": tuple(ParameterEntry(**_entry(e)) for e in data["parameters"]),  # type: ignore[arg-type]
        "modules": tuple((str(name), int(apid)) for name, apid in data["modules"]),
        "stores": tuple(str(name) for name in data["stores"]),
        "coding": _coding(data["coding"]),
        "telecommand": TelecommandLink(**_table(data["telecommand"])),  # type: ignore[arg-type]
        "telemetry": _telemetry(data["telemetry"]) if "telemetry" in data else CLEAR_TELEMETRY,
    }
    return Dictionary(**{**data, **lists})  # type: ignore[arg-type]


def _coding(data: object) -> TmCoding:
    if not isinstance(data, dict):
        raise TypeError(f"a coding is a table, not {data!r}")
    named = str(data["randomisation"]).upper()
    numbers = _table({name: value for name, value in data.items() if name != "randomisation"})
    return TmCoding(**numbers, randomisation=TmRandomisation[named])  # type: ignore[arg-type]


def _telemetry(data: object) -> TelemetryLink:
    if not isinstance(data, dict):
        raise TypeError(f"the security of telemetry is a table, not {data!r}")
    channels = tuple(int(vc) for vc in data["protected"])
    return TelemetryLink(channels, bytes.fromhex(str(data["mask"])))


def _table(data: object) -> dict[str, object]:
    """Of plain numbers and switches."""
    if not isinstance(data, dict) or not all(isinstance(value, bool | int) for value in data.values()):
        raise TypeError(f"no table of numbers: {data!r}")
    return data


def _entry(data: dict[str, object]) -> dict[str, object]:
    if "field" in data:
        return data | {"field": _field(data["field"])}
    fields = data["fields"]
    if not isinstance(fields, list):
        raise TypeError(f"fields are a list, not {fields!r}")
    return data | {"fields": tuple(_field(f) for f in fields)}


def _field(data: object) -> Field:
    if not isinstance(data, dict):
        raise TypeError(f"a field is a table, not {data!r}")
    limits = data["limits"]
    choices = tuple((str(name), int(number)) for name, number in data["choices"])
    return Field(**data | {"limits": Limits(**limits) if limits else None, "choices": choices})
