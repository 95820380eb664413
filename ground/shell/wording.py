"""Lines for people: times, values, stages, events.  What came from outside can move no cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from flight.dictionary import CommandEntry, Field, PacketEntry
from ground.commanding import Stage
from ground.decode import EventReport, Reading
from ground.fields import show_value
from ground.limits import State, classify
from ground.protocol import NS, CommandState

SEVERITIES = ("", "info", "low", "medium", "high")
EPOCH_FIRST_NS = 10**17  # a ground clock below three years after 1970 counts from the start of a simulation
GOOD, BAD, NOTE = "32", "31", "33"  # colours of a terminal: green, red, yellow
STAGE_COLOURS = {
    Stage.COMPLETED: GOOD,
    Stage.REFUSED: BAD,
    Stage.FAILED: BAD,
    Stage.NO_ANSWER: BAD,
}
SEVERITY_COLOURS = ("", "", "", NOTE, BAD)


def printable(text: str) -> str:
    """Control characters as escapes: an event's text comes from a spacecraft, and a reason may be damaged octets."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def coloured(text: str, colour: str, on: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if on and colour else text


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = max(0, int(seconds))
    for unit, name, small, small_name in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // small
            return f"{whole // unit} {name} {rest} {small_name}" if rest else f"{whole // unit} {name}"
    return f"{whole} s"


def clock(ground_ns: int) -> str:
    """Time of day in UTC; of a ground without one, since the start."""
    if ground_ns < EPOCH_FIRST_NS:
        return mission_time(ground_ns)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ground_ns // 1000)
    return moment.strftime("%H:%M:%S")


def mission_time(time_ns: int) -> str:
    """`T+1d 02:03:04` since the first boot; `T-00:00:05` before it, of a clock that is wrong."""
    days, rest = divmod(abs(time_ns) // NS, 86_400)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    sign = "-" if time_ns <= -NS else "+"
    return f"T{sign}{days}d {text}" if days else f"T{sign}{text}"


def made_at(time_ns: int, utc_ns: int | None) -> str:
    """Of something made on board: in UTC where that is known."""
    return clock(utc_ns) if utc_ns is not None else mission_time(time_ns)


def event_line(event: EventReport, utc_ns: int | None, colour: bool = False) -> str:
    when = made_at(event.time_ns, utc_ns)
    severity = SEVERITIES[event.severity] if event.severity < len(SEVERITIES) else str(event.severity)
    text = f"{when}  {severity:<6}  {event.label}: {printable(event.text)}"
    return coloured(text, SEVERITY_COLOURS[event.severity] if event.severity < 5 else "", colour)


def stage_lines(state: CommandState, first: int = 0, colour: bool = False) -> list[str]:
    """A line for each stage from `first` on; the reason belongs to the last."""
    lines = []
    for place, (stage, at_ns) in enumerate(state.stages[first:], first):
        words = outcome(state) if place == len(state.stages) - 1 else stage.value
        text = coloured(words, STAGE_COLOURS.get(stage, ""), colour)
        lines.append(f"{clock(at_ns)}  #{state.number} {printable(state.text)}: {text}")
    return lines


def outcome(state: CommandState) -> str:
    return f"{state.stage.value}: {printable(state.reason)}" if state.reason else state.stage.value


def history_line(state: CommandState, colour: bool = False) -> str:
    at_ns = state.stages[0][1] if state.stages else 0
    ended = coloured(outcome(state), STAGE_COLOURS.get(state.stage, ""), colour)
    return f"{clock(at_ns)}  #{state.number:<4} {state.source:<10} {printable(state.text)}: {ended}"


def reading_lines(entry: PacketEntry, reading: Reading, when: str, colour: bool = False) -> list[str]:
    """A packet, one line a field, with a mark at values beyond their limits."""
    head = f"{entry.label}  ({when})"
    width = max(len(field.name) for field in entry.fields)
    rows = [
        f"  {field.name:<{width}}  " + limited(field, value, colour)
        for field, value in zip(entry.fields, reading.values, strict=True)
    ]
    return [head, *rows]


def reading_row(entry: PacketEntry, reading: Reading, utc_ns: int | None, names: Sequence[str] = ()) -> str:
    """A packet in one line; `names`: only these fields."""
    pairs = [
        f"{field.name}={show_value(field, value)}"
        for field, value in zip(entry.fields, reading.values, strict=True)
        if not names or field.name in names
    ]
    return f"{made_at(reading.time_ns, utc_ns)}  {entry.label}  " + "  ".join(pairs)


def limited(field: Field, value: object, colour: bool = False) -> str:
    text = show_value(field, value)
    if field.limits is None or not isinstance(value, int | float):
        return text
    state = classify(field, float(value))
    if state is State.OK:
        return text
    return coloured(f"{text}  {state.value}", BAD if "red" in state.value else NOTE, colour)


def argument_words(field: Field) -> str:
    """`rail: one of a, b`, `seconds: unsigned 16 bit, 1 to 600 s`."""
    words = field.kind
    if field.low is not None or field.high is not None:
        low = "any" if field.low is None else f"{field.low:g}"
        high = "any" if field.high is None else f"{field.high:g}"
        words += f", {low} to {high}"
        if field.unit and field.unit != "1":
            words += f" {field.unit}"
    elif field.unit and field.unit != "1":
        words += f", in {field.unit}"
    return f"{words}; {field.about}" if field.about else words


def command_lines(entry: CommandEntry) -> list[str]:
    """Help of one command."""
    usage = " ".join([entry.label, *(f"{field.name}=..." for field in entry.fields)])
    lines = [usage, f"  {entry.about}"] if entry.about else [usage]
    if entry.hazardous:
        lines.append(f"  hazardous: `arm {entry.label}` first, then send it within the arming window")
    return lines + [f"  {field.name}: {argument_words(field)}" for field in entry.fields]


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as they must be; two spaces between."""
    found = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in found) for at in range(len(found[0]))] if found else []
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in found
    ]
