"""The dictionary as a reference document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flight.declare import Field, Mode
from flight.dictionary.entries import Dictionary
from flight.wire.coding import TmCoding, TmRandomisation

SEVERITIES = {1: "info", 2: "low", 3: "medium", 4: "high"}


def to_markdown(dictionary: Dictionary) -> str:
    """One section for each module: commands, parameters, packets, events."""
    lines = [
        f"# Dictionary of {dictionary.mission}",
        "",
        f"Spacecraft id {dictionary.spacecraft_id}, {_frames(dictionary.coding)}.{_security(dictionary)}",
        f"Hash `{dictionary.hash:08x}`.  Written by `skyrack-flight dictionary --markdown`; do not edit.",
    ]
    for module, apid in dictionary.modules:
        lines += ["", f"## {module} (APID {apid})", *_module(dictionary, module)]
    return "\n".join(lines) + "\n"


def _frames(coding: TmCoding) -> str:
    words = [f"frames of {coding.frame_length} octets"]
    if coding.interleave:
        words.append(f"Reed-Solomon (255,223) interleaved {coding.interleave} deep")
    if coding.randomisation is not TmRandomisation.NONE:
        words.append(f"{coding.randomisation.name.lower()} randomiser")
    return ", ".join(words if len(words) > 1 else [*words, "uncoded"])


def _security(dictionary: Dictionary) -> str:
    protected = dictionary.telemetry.protected
    channels = ", ".join(map(str, protected))
    return f"  Telemetry of virtual channels {channels} is encrypted and authenticated." if protected else ""


def _module(dictionary: Dictionary, module: str) -> list[str]:
    commands = [
        (f"`{c.name}`", str(c.number), _hazard(c.hazardous, c.modes), _arguments(c.fields), c.about)
        for c in dictionary.commands
        if c.module == module
    ]
    parameters = [
        (f"`{p.field.name}`", str(p.number), f"{p.default:g}", p.field.unit, _range(p.field), p.field.about)
        for p in dictionary.parameters
        if p.module == module
    ]
    events = [
        (f"`{e.name}`", str(e.number), SEVERITIES[e.severity], e.text)
        for e in dictionary.events
        if e.module == module
    ]
    lines = _table(("command", "number", "when", "arguments", "what it does"), commands)
    lines += _table(("parameter", "number", "default", "unit", "range", "meaning"), parameters)
    for packet in dictionary.packets:
        if packet.module == module:
            lines += [
                "",
                f"**Packet `{packet.name}`**, structure {packet.sid}, every {packet.period} s.  {packet.about}",
            ]
            lines += _table(
                ("field", "type", "unit", "limits"), [_field_row(field) for field in packet.fields]
            )
    return lines + _table(("event", "number", "severity", "text"), events)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    return ["", _row(heads), _row(["---"] * len(heads)), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _field_row(field: Field) -> tuple[str, str, str, str]:
    return f"`{field.name}`", field.kind, field.unit, _limits(field)


def _limits(field: Field) -> str:
    limits = field.limits
    if limits is None:
        return ""
    parts = [
        ("red below", limits.red_low),
        ("yellow below", limits.yellow_low),
        ("yellow above", limits.yellow_high),
        ("red above", limits.red_high),
    ]
    return ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)


def _range(field: Field) -> str:
    if field.low is None and field.high is None:
        return ""
    low = "any" if field.low is None else f"{field.low:g}"
    high = "any" if field.high is None else f"{field.high:g}"
    return f"{low} to {high}"


def _arguments(fields: Sequence[Field]) -> str:
    return ", ".join(
        f"`{f.name}` ({f.kind}{', ' + _range(f) if _range(f) else ''} {f.unit})".replace(" )", ")")
        for f in fields
    )


def _hazard(hazardous: bool, modes: int) -> str:
    allowed = [mode.name for mode in Mode if modes >> mode & 1]
    words = "any mode" if len(allowed) == len(Mode) else ", ".join(allowed)
    return f"hazardous: arm first; {words}" if hazardous else words
