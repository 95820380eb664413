"""The words about files: put, get file, ls, rm, files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ground.filing import TransferFailedError
from ground.followed import CommandFailedError, TookTooLongError
from ground.protocol import NS, Topic, Update, UsageError, transfer
from ground.shell.desk import DONE, FAILED, STOPPED, Desk
from ground.shell.wording import duration, table
from ground.transfers import Transfer, TransferState
from ground.whole_file import write_whole

Options = argparse.Namespace
Progress = Callable[[Transfer], None]
LISTED = 30  # transfers
GOES_ON = "the transfer goes on without you; `files` shows it, `files cancel NUMBER` ends it"


def put(desk: Desk, options: Options) -> int:
    local: Path = options.local
    remote = options.remote or local.name
    if remote.endswith("/"):
        remote += local.name
    files, acknowledged = desk.craft.files, not options.unacknowledged
    if desk.at_prompt:
        files.begin_put(local, remote, acknowledged=acknowledged)
        return DONE
    return _wait(
        desk,
        lambda progress: files.put(
            local, remote, acknowledged=acknowledged, within_s=options.wait, progress=progress
        ),
        stopped="nothing is sent: the ground had not got the whole file",
    )


def get_file(desk: Desk, options: Options) -> int:
    """`get file REMOTE [LOCAL]`."""
    words: list[str] = options.labels[1:]
    if not 1 <= len(words) <= 2:
        raise UsageError("get: expected file REMOTE [LOCAL]")
    remote, local = words[0], Path(words[1] if len(words) > 1 else Path(words[0]).name)
    if local.is_dir():
        local /= Path(remote).name
    if not local.parent.is_dir():
        raise UsageError(f"{local.parent}: no such folder")
    if desk.at_prompt:
        command = desk.craft.send("get_file", file=remote, acknowledged=True)
        desk.wanted_files[command.number] = local
        return DONE
    files = desk.craft.files
    return _wait(
        desk,
        lambda progress: files.get(remote, local, within_s=options.wait, progress=progress),
    )


def ls(desk: Desk, options: Options) -> int:
    if desk.at_prompt:
        command = desk.craft.send("list_files", folder=options.listed)
        desk.wanted_files[command.number] = None
        return DONE
    found: list[tuple[str, int]] = []

    def act(_: Progress) -> None:
        found.extend(desk.craft.files.ls(options.listed, within_s=options.wait))

    outcome = _wait(desk, act)
    for name, octets in found:
        desk.say(f"{octets:>12,}  {name}")
    if not outcome and not found:
        desk.say("no files")
    return outcome


def rm(desk: Desk, options: Options) -> int:
    return desk.follow(desk.craft.files.remove(options.remote), options.wait)


def files(desk: Desk, options: Options) -> int:
    if options.what != "show":
        if options.number is None:
            raise UsageError(f"files {options.what}: expected the number of a transfer")
        desk.craft.take_seat()
        desk.craft.ask("steer_file", what=options.what, number=options.number)
        return DONE
    rows = [row_of(one) for one in desk.craft.files.transfers()[-LISTED:]]
    for line in table([("#", "way", "file", "octets", "state", ""), *rows]) if rows else ["no transfers"]:
        desk.say(line)
    return DONE


def row_of(one: Transfer) -> tuple[str, ...]:
    share = f" of {one.octets:,}" if one.octets >= 0 else ""
    done = f"{one.done:,}{share}" if not one.ended else f"{max(one.octets, one.done):,}"
    number = f"{one.source}-{one.sequence}" if one.source else ""
    return str(one.number), "up" if one.up else "down", one.name, done, one.state.value, one.reason or number


def line_of(one: Transfer) -> str:
    """What is said when a transfer has ended."""
    if one.state is TransferState.FAILED:
        return f"{one.name}: failed: {one.reason}"
    took = (one.ended_ns - one.began_ns) / NS
    where = "on board" if one.up else "here"
    return f"{one.name}: {one.octets:,} octets {where} in {duration(took)}"


def _wait(desk: Desk, act: Callable[[Progress], object], stopped: str = GOES_ON) -> int:
    """`stopped` is said when a person stops it before the first news of it."""
    last: list[Transfer] = []
    if not desk.craft.in_contact:
        desk.say("no contact: it waits for the next pass")
    try:
        with bar() as show:

            def progress(one: Transfer) -> None:
                last[:] = [one]
                show(one)

            act(progress)
    except (TransferFailedError, CommandFailedError, TookTooLongError) as error:
        desk.say(str(error))
        return FAILED
    except KeyboardInterrupt:
        desk.say(GOES_ON if last else stopped)
        return STOPPED
    for one in last:
        desk.say(line_of(one))
    return DONE


@contextmanager
def bar() -> Iterator[Progress]:
    """A progress bar where a person watches, nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda _one: None
        return
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, transient=True) as bar:
        task = bar.add_task("waits", total=None)

        def show(one: Transfer) -> None:
            total = one.octets if one.octets >= 0 else None
            bar.update(task, description=f"{one.name} {one.state.value}", total=total, completed=one.done)

        yield show


def on_update(desk: Desk, update: Update) -> None:
    if update.topic is Topic.FILE:
        settle(desk, transfer(update.body["transfer"]))


def command_after(desk: Desk, one: Transfer) -> None:
    """At a prompt: the rest of `job submit` and `job tenants`, once the file is on board."""
    label, name = desk.follows.pop(one.number, ("", ""))
    if label and one.state is TransferState.DONE:
        desk.craft.command(label, file=name.encode())


def settle(desk: Desk, one: Transfer) -> None:
    """At a prompt: say how a transfer ended, and do what was wanted of the file."""
    if not one.ended:
        return
    desk.say(line_of(one))
    command_after(desk, one)
    if one.command not in desk.wanted_files:
        return
    local = desk.wanted_files.pop(one.command)
    if one.state is not TransferState.DONE:
        return
    content = desk.craft.files.read(one.name)
    if local is None:
        for line in content.decode("ascii", "replace").splitlines():
            desk.say(line)
        return
    try:
        write_whole(local, content)
    except OSError as error:
        desk.say(f"{local}: {error.strerror}; the file is in the ground's archive")
