"""The verbs that send: each gives the records of the telecommands that it queued, or CommandError and nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flight.wire.file_packets import listing_of
from ground.commanding import CommandError, CommandRecord
from ground.files import checked_name
from ground.server import services
from ground.server.ask import Ask
from ground.station import Ground

SNAPSHOT = "housekeeping.snapshot"
Sends = Callable[[Ground, Ask], list[CommandRecord]]


def command(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`label`, `arguments` by name; `force` despite another dictionary on board; `bypass` goes past COP-1."""
    label, force, bypass = ask.text("label"), ask.flag("force"), ask.flag("bypass")
    given, now_ns = ask.values("arguments"), ask.now.ground_ns
    return [ground.command(label, given, now_ns, ask.who, force=force, bypass=bypass)]


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


def get_file(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """The spacecraft's `file`, to be here under the same name; class 1 unless `acknowledged`."""
    name = ask.text("file")
    arguments = {"acknowledged": ask.flag("acknowledged", True), "name": checked_name(name)}
    return _fetch(ground, ask, "files.send", arguments, name)


def list_files(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """What is in and below `folder` on board, as a file of ours."""
    folder = ask.text("folder", "").strip("/")
    arguments = {"folder": checked_name(folder) if folder else b""}
    return _fetch(ground, ask, "files.list", arguments, listing_of(folder))


def _fetch(
    ground: Ground, ask: Ask, label: str, arguments: Mapping[str, object], name: str
) -> list[CommandRecord]:
    record = ground.command(label, arguments, ask.now.ground_ns, ask.who)
    ground.files.expect(name, record, ask.now.ground_ns)
    return [record]


def remove_file(ground: Ground, ask: Ask) -> list[CommandRecord]:
    arguments = {"name": checked_name(ask.text("file"))}
    return [ground.command("files.remove", arguments, ask.now.ground_ns, ask.who)]


def retrieve_time(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """Records of `store` from mission time `first_ns` to `last_ns` again."""
    first, last = ask.whole("first_ns", 0, 2**62), ask.whole("last_ns", 0, 2**62)
    return [ground.requests.retrieve_time(ask.text("store"), first, last, ask.now.ground_ns, ask.who)]


TELECOMMANDS: Mapping[str, Sends] = {
    "command": command,
    "arm": arm,
    "test": test,
    "ask_parameters": ask_parameters,
    "set_parameters": set_parameters,
    "once": once,
    "snapshot": snapshot,
    "retrieve": retrieve,
    "retrieve_time": retrieve_time,
    "schedule_command": services.schedule_command,
    "schedule": services.schedule,
    "monitor": services.monitor,
    "action": services.action,
    "store": services.store,
    "get_file": get_file,
    "list_files": list_files,
    "remove_file": remove_file,
}
