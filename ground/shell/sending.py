"""The words that send telecommands, and those of the seat that they are sent from."""

from __future__ import annotations

import argparse

from ground.client import CommandFailedError
from ground.fields import suggestion
from ground.protocol import Plain, UsageError, holder, reading, taken
from ground.shell.desk import DONE, FAILED, Desk
from ground.shell.parser import assignments, mission_ns
from ground.shell.wording import argument_words, duration, reading_lines

Options = argparse.Namespace
SNAPSHOT_S = 300.0  # hundreds of packets at the lowest rate, or until this pass ends
LEASE_S = 900  # of a seat taken by a program that ends: a quarter of an hour to look and decide


def command(desk: Desk, options: Options) -> int:
    entry = desk.command_entry(options.label)
    given = assignments(options.arguments, [field.name for field in entry.fields], entry.label)
    return desk.follow(
        desk.craft.send_command(entry.label, given, force=options.force, bypass=options.bypass), options.wait
    )


def arm(desk: Desk, options: Options) -> int:
    desk.command_entry(options.label)
    return desk.follow(desk.craft.arm(options.label), options.wait)


def test(desk: Desk, options: Options) -> int:
    return desk.follow(desk.craft.send("test"), options.wait)


def set_parameter(desk: Desk, options: Options) -> int:
    known = desk.craft.dictionary.parameters_by_label
    values: dict[str, object] = {}
    for word in options.changes:
        label, equals, value = word.partition("=")
        if label not in known:
            raise UsageError(f"{label}: no such parameter{suggestion(label, known)}")
        if not equals:
            raise UsageError(f"{label}: expected {label}=VALUE, {argument_words(known[label].field)}")
        if label in values:
            raise UsageError(f"{label} is given twice")
        values[label] = value
    return desk.follow(desk.craft.parameters.send(values), options.wait)


def snapshot(desk: Desk, options: Options) -> int:
    """Without a prompt: and show everything, when it is there."""
    began_ns = desk.craft.ground_ns()
    outcome = desk.follow(desk.craft.snapshot(), options.wait)
    if outcome or desk.at_prompt:
        return outcome
    known = desk.craft.dictionary

    def came() -> bool:
        """The parameters come last."""
        reported = desk.craft.parameters.reported
        return all(
            label in reported and reported[label].received_ns >= began_ns
            for label in known.parameters_by_label
        )

    desk.craft.wait_for(came, SNAPSHOT_S, what="all of the snapshot")
    for row in taken(desk.craft.ask("newest")["readings"], list):
        for line in reading_lines(desk.packet_entry(row["label"]), reading(row), desk.when(row), desk.colour):
            desk.say(line)
    for label, one in sorted(desk.craft.parameters.reported.items()):
        desk.say(desk.parameter_line(label, one.value))
    return DONE


def once(desk: Desk, options: Options) -> int:
    labels = [label for word in options.labels for label in desk.packets(word)]
    return desk.follow(desk.craft.send("once", labels=labels), options.wait)


def retrieve(desk: Desk, options: Options) -> int:
    first, last = options.first, options.last
    if first.startswith("T+") and last.startswith("T+"):
        sent = desk.craft.send(
            "retrieve_time", store=options.store, first_ns=mission_ns(first), last_ns=mission_ns(last)
        )
    elif first.isdecimal() and last.isdecimal():
        sent = desk.craft.send("retrieve", store=options.store, first=int(first), last=int(last))
    else:
        raise UsageError(f"retrieve: expected two records or two times T+SECONDS, not {first} and {last}")
    return desk.follow(sent, options.wait)


def acknowledge(desk: Desk, options: Options) -> int:
    label, field = desk.craft.find_field(options.label)
    desk.craft.take_seat()
    desk.craft.ask("acknowledge", label=label, field=field.name)
    return DONE


def get_parameters(desk: Desk, options: Options) -> int:
    """Ask the spacecraft; what it says is what counts."""
    known = desk.craft.dictionary.parameters_by_label
    labels = options.labels[1:] or list(known)
    for label in labels:
        if label not in known:
            raise UsageError(f"{label}: no such parameter{suggestion(label, known)}")
    asked = options.labels[1:]
    if desk.at_prompt:
        desk.asked.update(labels)
        desk.craft.send("ask_parameters", labels=asked)
        return DONE
    asked_ns = desk.craft.ground_ns()
    sent = desk.craft.send("ask_parameters", labels=asked)
    try:
        sent.expect_completed(options.wait)
    except CommandFailedError as error:
        desk.say(str(error))
        return FAILED
    reported = desk.craft.parameters.reported

    def came() -> bool:
        reported.update(desk.craft.parameters.reported)
        return all(label in reported and reported[label].received_ns >= asked_ns for label in labels)

    desk.craft.wait_for(came, options.wait, what="the report")
    for label in labels:
        value = reported[label].value
        desk.say(f"{value:g}" if options.plain else desk.parameter_line(label, value))
    return DONE


# ---------------------------------------------------------------- the seat


def seat(desk: Desk, options: Options) -> int:
    if options.what == "release":
        desk.craft.ask("release")
    elif options.what != "show":
        lease_s = options.lease or LEASE_S
        desk.craft.take_seat(force=options.what == "force", lease_s=lease_s)
        desk.craft.keep_seat()
    _show_seat(desk, desk.craft.ask("seat"))
    return DONE


def _show_seat(desk: Desk, found: Plain) -> None:
    held = holder(found["seat"])
    if held is None:
        desk.say("the commanding seat is free")
        return
    real_ns = taken(found["real_ns"], int)
    left = duration((held.until_ns - real_ns) / 1e9)
    since = duration((real_ns - held.since_ns) / 1e9)
    desk.say(
        f"{held.name} ({held.where}) has the commanding seat for {since}, and keeps it for {left} without a sign"
    )
