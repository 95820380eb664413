"""The wire layout as text, and its hash: two dictionaries of equal hash read each other's packets."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import astuple

from flight.declare import Field
from flight.dictionary.entries import Dictionary
from flight.wire.coding import TmCoding


def layout_of(fields: Iterable[Field]) -> str:
    """Names, codes and choices: all that changes the meaning of an octet."""
    return " ".join(f"{f.name}:{f.code}{_choices(f)}:{f.unit}" for f in fields)


def _choices(field: Field) -> str:
    return "{" + ",".join(f"{name}={number}" for name, number in field.choices) + "}" if field.choices else ""


def short_hash(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _coding(coding: TmCoding) -> str:
    name = coding.randomisation.name.lower()
    return f" interleave {coding.interleave} randomisation {name} error control {int(coding.error_control)}"


def layout_lines(dictionary: Dictionary) -> list[str]:
    """One line for each thing that has a number on the wire, sorted."""
    lines = [
        f"spacecraft {dictionary.spacecraft_id} frame {dictionary.frame_length}{_coding(dictionary.coding)}"
    ]
    link = astuple(dictionary.telecommand)
    lines.append("telecommand " + " ".join(str(int(value)) for value in link))
    if dictionary.telemetry.protected:  # a mission in the clear keeps the hash that it had
        channels = " ".join(map(str, dictionary.telemetry.protected))
        lines.append(f"telemetry protected {channels} mask {dictionary.telemetry.mask.hex()}")
    lines += [f"module {name} {apid}" for name, apid in dictionary.modules]
    lines += [f"packet {p.label} {p.sid} {layout_of(p.fields)}" for p in dictionary.packets]
    lines += [f"event {e.label} {e.number} {e.severity} {layout_of(e.fields)}" for e in dictionary.events]
    lines += [
        f"command {c.label} {c.number} {int(c.hazardous)} {layout_of(c.fields)}" for c in dictionary.commands
    ]
    lines += [f"parameter {p.label} {p.number} {layout_of((p.field,))}" for p in dictionary.parameters]
    return sorted(lines)


def dictionary_hash(dictionary: Dictionary) -> int:
    return zlib.crc32("\n".join(layout_lines(dictionary)).encode())
