"""The key that a board signs its receipts with: made by chance beside the link's keys, put on board, never shown.

In a folder of keys it is `board-key`, 32 octets of Ed25519, and `board-key.pub`, one line for whoever verifies
receipts; on board it is `board-key` in the folder of the state.  A folder that was made before has none.
"""

from __future__ import annotations

import os
import secrets  # noqa: TID251  (a tool on the ground: keys must come from the system's generator)
import sys
from pathlib import Path

from flight.jobs import KEY_OCTETS, is_name, key_check, public_line, public_of

BOARD_KEY, BOARD_PUBLIC = "board-key", "board-key.pub"
PRIVATE = 0o600
OTHERS = 0o077


class BoardKeyError(ValueError):
    """One line says why."""


def make_board_key(folder: Path, board: str) -> None:
    """`board` is a name as of a job."""
    assert is_name(board)
    private = secrets.token_bytes(KEY_OCTETS)
    write_private(folder / BOARD_KEY, private)
    write_private(folder / BOARD_PUBLIC, f"{public_line(board, public_of(private))}\n".encode())


def install_board_key(folder: Path, state: Path) -> None:
    """Whole or not at all.  Nothing if the folder has none."""
    private = read_board_key(folder)
    if private is None:
        return
    fresh = state / f"{BOARD_KEY}.new"
    fresh.unlink(missing_ok=True)
    write_private(fresh, private)
    fresh.replace(state / BOARD_KEY)


def read_board_key(folder: Path) -> bytes | None:
    """None if there is none.  BoardKeyError for one that is damaged, or open to others."""
    path = folder / BOARD_KEY
    if not path.is_file():
        return None
    if path.stat().st_mode & OTHERS:
        raise BoardKeyError(f"{path} is open to others: chmod 600, and think about who has read it")
    private = path.read_bytes()
    if len(private) != KEY_OCTETS:
        raise BoardKeyError(f"{path} is damaged: {len(private)} octets, not {KEY_OCTETS}")
    return private


def board_key_lines(folder: Path) -> list[str]:
    """What may be shown of it."""
    private = read_board_key(folder)
    return [] if private is None else [f"receipts are signed by key {key_check(public_of(private)).hex()}"]


def key_on_board(state: Path) -> bytes | None:
    """As flight takes it: with one that cannot be used, or none, results go unsigned, and say so."""
    try:
        private = read_board_key(state)
    except (BoardKeyError, OSError) as error:
        private, why = None, str(error)
    else:
        why = "no key on board"
    if private is None:
        sys.stderr.write(f"files worker: receipts go unsigned: {why}\n")
    return private


def write_private(path: Path, body: bytes) -> None:
    """A new file for its owner alone, on the disk when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, PRIVATE)
        file.write(body)
        file.flush()
        os.fsync(handle)
