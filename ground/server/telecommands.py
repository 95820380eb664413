"""The verbs that send: each gives the records of the telecommands that it queued, or CommandError and nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ground.commanding import CommandError, CommandRecord
from ground.server.ask import Ask
from ground.station import Ground

SNAPSHOT = "housekeeping.snapshot"
Sends = Callable[[Ground, Ask], list[CommandRecord]]


def command(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`label`, `arguments` by name; `force` sends although the spacecraft flies another dictionary."""
    label, force = ask.text("label"), ask.flag("force")
    return [ground.command(label, ask.values("arguments"), ask.now.ground_ns, ask.who, force=force)]


def arm(ground: Ground, ask: Ask) -> list[CommandRecord]:
    return [ground.requests.arm(ask.text("label"), ask.now.ground_ns, ask.who)]


def test(ground: Ground, ask: Ask) -> list[CommandRecord]:
    return [ground.requests.ping(ask.now.ground_ns, ask.who)]


def ask_parameters(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`labels`; of none, all."""
    return [ground.requests.get_parameters(ask.texts("labels"), ask.now.ground_ns, ask.who)]


def set_parameters(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`values` by label, all or none."""
    return [ground.requests.set_parameters(ask.values("values"), ask.now.ground_ns, ask.who)]


def once(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """Packets `labels`, now."""
    return [ground.requests.housekeeping_once(ask.texts("labels"), ask.now.ground_ns, ask.who)]


def snapshot(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """Every packet and every parameter, now."""
    if SNAPSHOT not in ground.dictionary.commands_by_label:
        raise CommandError(f"this mission has no command {SNAPSHOT}")
    return [ground.command(SNAPSHOT, {}, ask.now.ground_ns, ask.who)]


def retrieve(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """Records `first` to `last` of `store` again."""
    first, last = ask.whole("first", 0, 2**56 - 1), ask.whole("last", 0, 2**56 - 1)
    return [ground.requests.retrieve(ask.text("store"), first, last, ask.now.ground_ns, ask.who)]


TELECOMMANDS: Mapping[str, Sends] = {
    "command": command,
    "arm": arm,
    "test": test,
    "ask_parameters": ask_parameters,
    "set_parameters": set_parameters,
    "once": once,
    "snapshot": snapshot,
    "retrieve": retrieve,
}
