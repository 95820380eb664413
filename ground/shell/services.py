"""The words for what is kept on board: `schedule`, `monitor`, `action`, `store`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from ground.client import Command
from ground.protocol import Topic, Update, UsageError, report, utc_of
from ground.shell.desk import DONE, FAILED, Desk
from ground.shell.parser import assignments, mission_ns, seconds_ns
from ground.shell.reports import Wording
from ground.store_requests import ALWAYS_NS

Options = argparse.Namespace
NS = 1_000_000_000
REPORT_S = 30.0  # after the completion: a lost report comes from the recorder, later than a person waits
NAMED = ("off", "suspend", "delete")  # these are not for all stores by a slip of the hand
LISTS = ("list", "detail", "tripped", "show")


def schedule(desk: Desk, options: Options) -> int:
    if options.what == "at":
        return _schedule_command(desk, options)
    words: list[str] = list(options.words)
    asked: dict[str, object] = {}
    if options.what == "shift":
        if not words:
            raise UsageError(
                "schedule shift: expected seconds, then request ids or --from and --to, or nothing"
            )
        asked["offset_ns"] = seconds_ns(words.pop(0))
    if options.what not in ("shift", "delete") and (words or options.first or options.last):
        raise UsageError(f"schedule {options.what}: expected nothing more")
    if words and (options.first or options.last):
        raise UsageError(f"schedule {options.what}: request ids, or --from and --to, not both")
    if options.what == "delete" and not (words or options.first or options.last):
        raise UsageError(
            "schedule delete: expected request ids, or --from and --to; `schedule reset` deletes all"
        )
    for name in ("first", "last"):
        given = getattr(options, name)
        if given is not None:
            asked[name] = mission_ns(given)
    return _send(desk, options, "schedule", requests=words, **asked)


def _schedule_command(desk: Desk, options: Options) -> int:
    if len(options.words) < 2:
        raise UsageError(
            "schedule at: expected a time (+600, T+86400 or 2026-11-21T12:00:00), then a command"
        )
    time, label, *rest = options.words
    entry = desk.command_entry(label)
    given = assignments(rest, [field.name for field in entry.fields], entry.label)
    sent = desk.craft.send("schedule_command", label=label, arguments=given, **_release(desk, time))
    return desk.follow(sent, options.wait)


def monitor(desk: Desk, options: Options) -> int:
    return _send(desk, options, "monitor", rows=options.rows)


def action(desk: Desk, options: Options) -> int:
    words: list[str] = list(options.words)
    if options.what != "add":
        return _send(desk, options, "action", events=words)
    if len(words) < 2:
        raise UsageError("action add: expected an event, then a command")
    event, label, *rest = words
    entry = desk.command_entry(label)
    given = assignments(rest, [field.name for field in entry.fields], entry.label)
    return _send(desk, options, "action", event=event, label=label, arguments=given)


def store(desk: Desk, options: Options) -> int:
    what, stores = options.what, options.stores
    if what == "list" and stores:
        raise UsageError("store list: expected nothing more")
    if what in NAMED and not stores:
        raise UsageError(f"store {what}: expected stores, of {', '.join(desk.craft.dictionary.stores)}")
    if (what == "delete") != (options.all != (options.last is not None)) or (options.all and options.last):
        raise UsageError("store delete: expected --to T+SECONDS, or --all; the others take neither")
    asked: dict[str, object] = {}
    if what == "delete":
        asked["until_ns"] = ALWAYS_NS if options.all else mission_ns(options.last)
    return _send(desk, options, "store", stores=stores, **asked)


# ---------------------------------------------------------------- sending, and what comes back


def _send(desk: Desk, options: Options, verb: str, **asked: object) -> int:
    """A list is shown when it comes; at a prompt it comes by itself."""
    if desk.at_prompt or options.what not in LISTS:
        return desk.follow(desk.craft.send(verb, what=options.what, **asked), options.wait)
    lines: list[str] = []

    def hear(update: Update) -> None:
        if update.topic is Topic.REPORT:
            lines.extend(report_lines(desk, update))

    desk.craft.listeners.append(hear)
    try:
        sent: Command = desk.craft.send(verb, what=options.what, **asked)
        outcome = desk.follow(sent, options.wait)
    finally:
        desk.craft.listeners.remove(hear)
    if outcome == DONE and not lines:
        desk.listen(hear, min(options.wait, REPORT_S), lambda: bool(lines))
    for line in lines:
        desk.say(line)
    if outcome == DONE and not lines:
        desk.say("done on board, but its report has not come; `gaps` tells what is missing")
        return FAILED
    return outcome


def report_lines(desk: Desk, update: Update) -> list[str]:
    row = update.body["report"]
    return Wording(desk.craft.dictionary, report(row), utc_of(row)).lines()


# ---------------------------------------------------------------- times


def _release(desk: Desk, word: str) -> dict[str, object]:
    """`+600` from now, `T+86400` on the mission clock, or a UTC time."""
    if word.startswith("+"):
        return {"utc_ns": desk.craft.ground_ns() + seconds_ns(word[1:])}
    if word.startswith("T+"):
        return {"mission_ns": mission_ns(word)}
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise UsageError(
            f"{word!r}: expected +SECONDS, T+SECONDS or a UTC time as 2026-11-21T12:00:00"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return {"utc_ns": int(moment.timestamp() * 1000) * (NS // 1000)}
