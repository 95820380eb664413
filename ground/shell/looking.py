"""The words that show what is there, and change nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ground.client import named
from ground.fields import show_value, suggestion
from ground.protocol import (
    NotReceivedError,
    Topic,
    Update,
    UsageError,
    alarm,
    event,
    reading,
    taken,
    utc_of,
)
from ground.shell.desk import DONE, FAILED, Desk
from ground.shell.filing import get_file
from ground.shell.sending import get_parameters
from ground.shell.wording import (
    SEVERITIES,
    argument_words,
    command_lines,
    history_line,
    limited,
    made_at,
    reading_lines,
    table,
)

Options = argparse.Namespace


def get(desk: Desk, options: Options) -> int:
    if options.labels[0] == "parameter":
        return get_parameters(desk, options)
    if options.labels[0] == "file":
        return get_file(desk, options)
    outcome = DONE
    for word in options.labels:
        for label, names in desk.packets(word).items():
            outcome |= _show(desk, label, names, plain=options.plain)
    return outcome


def _show(desk: Desk, label: str, names: Sequence[str], *, plain: bool) -> int:
    entry = desk.packet_entry(label)
    try:
        row = desk.craft.ask("get", label=label)["reading"]
    except NotReceivedError as error:
        desk.say(str(error))
        return FAILED
    found, when = reading(row), desk.when(row)
    if not names and not plain:
        for line in reading_lines(entry, found, when, desk.colour):
            desk.say(line)
        return DONE
    for field, value in zip(entry.fields, found.values, strict=True):
        if names and field.name not in names:
            continue
        if plain:
            desk.say(str(named(field, value)) if field.choices else show_value(field, value, unit=False))
        else:
            text = limited(field, value, desk.colour)
            desk.say(f"{label}.{field.name} = {text}  ({when})")
    return DONE


def watch(desk: Desk, options: Options) -> int:
    wanted = {label: names for word in options.labels for label, names in desk.packets(word).items()}
    desk.watched.update(wanted)
    if desk.at_prompt:
        desk.say(f"watching {', '.join(wanted)}; `unwatch` ends it")
        return DONE
    seen = 0

    def on_update(update: Update) -> None:
        nonlocal seen
        if update.topic is Topic.PACKET and (options.count is None or seen < options.count):
            seen += desk.show_watched(update.body["reading"])

    enough = desk.listen(on_update, options.wait, lambda: options.count is not None and seen >= options.count)
    desk.watched.clear()
    return DONE if enough or options.count is None else FAILED


# ---------------------------------------------------------------- what has happened


def events(desk: Desk, options: Options) -> int:
    found = desk.craft.ask("events", limit=options.limit, severity=options.severity, prefix=options.prefix)
    for row in taken(found["events"], list):
        desk.show_event(row)
    if desk.at_prompt or not options.follow:
        return DONE

    def on_update(update: Update) -> None:
        if update.topic is Topic.EVENT:
            report = event(update.body["event"])
            if report.severity >= options.severity and report.label.startswith(options.prefix):
                desk.show_event(taken(update.body["event"], dict))

    desk.listen(on_update, options.wait)
    return DONE


def history(desk: Desk, options: Options) -> int:
    for state in desk.craft.history(options.limit, every=options.all):
        desk.say(history_line(state, desk.colour))
    return DONE


def gaps(desk: Desk, _: Options) -> int:
    found = desk.craft.ask("gaps")
    stores = taken(found["stores"], list)
    heads = ("store", "newest", "received", "absent", "missing")
    keys = ("store", "highest", "received", "absent", "missing")
    for line in table([heads, *([str(row[key]) for key in keys] for row in stores)]):
        desk.say(line)
    for row in stores:
        for first, last in row["gaps"]:
            desk.say(f"missing in {row['store']}: {first} to {last}")
    return DONE


def alarms(desk: Desk, _: Options) -> int:
    rows = taken(desk.craft.ask("alarms")["alarms"], list)
    for row in rows:
        one, utc_ns = alarm(row), utc_of(row)
        value = "NaN" if one.value is None else f"{one.value:.6g}"
        worst = "" if one.acknowledged else f"  worst {one.worst.value}, not acknowledged"
        name = f"{one.label}.{one.field}"
        desk.say(f"{made_at(max(0, one.since_ns), utc_ns)}  {name}: {one.state.value} at {value}{worst}")
    if not rows:
        desk.say("no alarm stands")
    return DONE


def dictionary(desk: Desk, options: Options) -> int:
    """Everything whose name holds the word; exactly one command: its help."""
    known, word = desk.craft.dictionary, options.word
    if word in known.commands_by_label:
        for line in command_lines(known.commands_by_label[word]):
            desk.say(line)
        return DONE
    if word in known.packets_by_label:
        packet = known.packets_by_label[word]
        desk.say(f"{packet.label}, every {packet.period} s: {packet.about}")
        for field in packet.fields:
            desk.say(f"  {field.name}: {argument_words(field)}")
        return DONE
    rows = [("command", one.label, one.about) for one in known.commands if word in one.label]
    rows += [("packet", one.label, one.about) for one in known.packets if word in one.label]
    rows += [
        ("parameter", one.label, argument_words(one.field)) for one in known.parameters if word in one.label
    ]
    rows += [
        ("event", one.label, f"{SEVERITIES[one.severity]}: {one.text}")
        for one in known.events
        if word in one.label
    ]
    for line in table(rows):
        desk.say(line)
    if not rows:
        names = [*known.commands_by_label, *known.packets_by_label, *known.parameters_by_label]
        raise UsageError(f"nothing is called {word}{suggestion(word, names)}")
    return DONE
