"""The verbs about files that are no telecommands: a file from a client, a file to a client, what is under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flight.wire.file_packets import FILE_LONGEST
from ground.files import checked_name
from ground.protocol import Plain
from ground.server.ask import Ask, AskError
from ground.station import Ground
from ground.transfers import transfer_map

if TYPE_CHECKING:
    from ground.server.operations import Operations

PIECE_LONGEST = 1 << 18  # octets in one request or answer; a quarter of the longest message
FILES_LISTED_MAX = 1000  # a name has 200 octets at most
STATUS, QUOTA = "files.status", "quota"
STEERS = ("suspend", "resume", "cancel")


def stage_file(operations: Operations, ask: Ask) -> Plain:
    """A place for a file that shall go up; `write_file` fills it, `put_file` sends it.

    Where `file`, its name on board, and its `octets` are told, what cannot be is refused before it is handed over.
    """
    _seated(operations, ask)
    name, octets = ask.text("file", ""), ask.whole("octets", 0, FILE_LONGEST, 0)
    if name:
        checked_name(name)
    quota = quota_on_board(operations.ground)
    if quota is not None and octets > quota:
        raise AskError(f"{name or 'file'}: {octets:,} octets, the store on board holds {quota:,}")
    return {"stage": operations.ground.files.stage()}


def write_file(operations: Operations, ask: Ask) -> Plain:
    _seated(operations, ask)
    stage, offset = ask.whole("stage", 1, 2**63 - 1), ask.whole("offset", 0, FILE_LONGEST)
    operations.ground.files.write(stage, offset, ask.octets("data", PIECE_LONGEST))
    return {}


def put_file(operations: Operations, ask: Ask) -> Plain:
    """Send what is staged, to be `file` on board; class 1 unless `acknowledged`."""
    _seated(operations, ask)
    if operations.journal.broken:
        raise AskError(operations.journal.broken)
    ground, name = operations.ground, ask.text("file")
    ground.check_may_command()
    stage, acknowledged = ask.whole("stage", 1, 2**63 - 1), ask.flag("acknowledged", True)
    transfer = ground.files.put(stage, name, acknowledged, ask.now.ground_ns)
    operations.journal.note(ask, "put", f"{name}, {transfer.octets} octets, transfer {transfer.number}")
    ground.on_deadline(ask.now.ground_ns)  # tells who listens
    return {"transfer": transfer_map(transfer)}


def read_file(operations: Operations, ask: Ask) -> Plain:
    """A piece of a file that is here, and the size of the whole."""
    offset, length = (
        ask.whole("offset", 0, FILE_LONGEST, 0),
        ask.whole("length", 1, PIECE_LONGEST, PIECE_LONGEST),
    )
    data, octets = operations.ground.files.read(ask.text("file"), offset, length)
    return {"data": data, "octets": octets}


def ground_files(operations: Operations, ask: Ask) -> Plain:
    """(name, octets) of the files that are here, in and below `folder`; the last `limit` by name."""
    folder = ask.text("folder")
    checked_name(f"{folder}/x")
    limit = ask.whole("limit", 1, FILES_LISTED_MAX, FILES_LISTED_MAX)
    found = operations.ground.files.store.names(folder)
    return {"files": [list(one) for one in found[-limit:]], "total": len(found)}


def transfers(operations: Operations, _: Ask) -> Plain:
    """The newest, oldest first."""
    return {"transfers": [transfer_map(one) for one in operations.ground.files.transfers.values()]}


def steer_file(operations: Operations, ask: Ask) -> Plain:
    """Suspend, resume or cancel this end of a transfer."""
    _seated(operations, ask)
    files, what, number = operations.ground.files, ask.text("what"), ask.whole("number", 1, 2**63 - 1)
    if what not in STEERS:
        raise AskError(f"what: expected {', '.join(STEERS)}")
    if what == "cancel":
        files.cancel(number, ask.now.ground_ns)
    else:
        files.suspend(number, ask.now.ground_ns, resume=what == "resume")
    operations.journal.note(ask, what, f"transfer {number}")
    return {}


def quota_on_board(ground: Ground) -> int | None:
    """As the spacecraft reports it; None while it has not."""
    status = ground.latest.get(STATUS)
    quota = getattr(status.values, QUOTA, None) if status is not None else None
    return quota if isinstance(quota, int) else None


def _seated(operations: Operations, ask: Ask) -> None:
    operations.seat.check(ask.who, ask.now.real_ns)


FILE_VERBS: Mapping[str, Callable[[Operations, Ask], Plain]] = {
    "stage_file": stage_file,
    "write_file": write_file,
    "put_file": put_file,
    "read_file": read_file,
    "ground_files": ground_files,
    "transfers": transfers,
    "steer_file": steer_file,
}
