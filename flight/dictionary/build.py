"""From a mission's modules to its dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flight.declare import Module, Priority
from flight.dictionary.entries import CommandEntry, Dictionary, EventEntry, PacketEntry, ParameterEntry
from flight.dictionary.ids import IdsError, Lock, differences
from flight.dictionary.layout import dictionary_hash, layout_of, short_hash
from flight.wire.coding import TmCoding
from flight.wire.telecommand_link import PROTECTED_LINK, TelecommandLink
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink

Wanted = dict[tuple[str, str], str]


def wanted_ids(modules: Mapping[str, Module]) -> Wanted:
    """Everything that needs a number: (kind, label) -> hash of its layout."""
    wanted: Wanted = {}
    for name, module in modules.items():
        wanted["module", name] = short_hash("")
        for label, packet in module.packets().items():
            wanted["packet", f"{name}.{label}"] = short_hash(layout_of(packet.fields))
        for event in module.events():
            wanted["event", f"{name}.{event.name}"] = short_hash(
                f"{event.severity} {layout_of(event.fields)}"
            )
        for command in module.commands():
            wanted["command", f"{name}.{command.name}"] = short_hash(
                f"{command.hazardous} {layout_of(command.fields)}"
            )
        for parameter in module.parameters():
            wanted["parameter", f"{name}.{parameter.name}"] = short_hash(layout_of((parameter.field,)))
    return wanted


def build_dictionary(
    mission: str,
    spacecraft_id: int,
    coding: TmCoding,
    modules: Mapping[str, Module],
    lock: Lock,
    telecommand: TelecommandLink = PROTECTED_LINK,
    telemetry: TelemetryLink = CLEAR_TELEMETRY,
) -> Dictionary:
    """Join declarations and numbers.  IdsError, naming each difference, if the lock does not fit."""
    wrong = differences(lock, wanted_ids(modules))
    if wrong:
        raise IdsError(f"ids.lock of {mission} does not fit: " + "; ".join(wrong))

    def number(kind: str, label: str) -> int:
        return lock[kind, label].number

    dictionary = Dictionary(
        mission=mission,
        spacecraft_id=spacecraft_id,
        coding=coding,
        modules=tuple((name, number("module", name)) for name in modules),
        stores=tuple(priority.name.lower() for priority in Priority),
        packets=tuple(
            PacketEntry(name, label, number("packet", f"{name}.{label}"), p.period, _about(type(p)), p.fields)
            for name, module in modules.items()
            for label, p in module.packets().items()
        ),
        events=tuple(
            EventEntry(name, e.name, number("event", f"{name}.{e.name}"), int(e.severity), e.text, e.fields)
            for name, module in modules.items()
            for e in module.events()
        ),
        commands=tuple(
            CommandEntry(
                name, c.name, number("command", f"{name}.{c.name}"), c.hazardous, c.modes, c.about, c.fields
            )
            for name, module in modules.items()
            for c in module.commands()
        ),
        parameters=tuple(
            ParameterEntry(name, number("parameter", f"{name}.{p.name}"), float(p.default), p.field)
            for name, module in modules.items()
            for p in module.parameters()
        ),
        telecommand=telecommand,
        telemetry=telemetry,
    )
    return replace(dictionary, hash=dictionary_hash(dictionary))


def _about(packet: type) -> str:
    return (vars(packet).get("__doc__") or "").strip().split("\n")[0]
