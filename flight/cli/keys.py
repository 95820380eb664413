"""`skyrack-flight keys`: the link's first keys, made by chance alone, put on a board, never shown.

A folder of keys is two files, as `flight.wire.sdls` packs them: `sdls-keys` and `sdls-counters`.  The ground uses the
folder as it is; a board keeps the same octets in its store.  Beside them lies the key for receipts
(`flight.cli.board_key`).  Every file is for its owner alone (0600), nothing is
written inside a git work tree, and no key is derived from a password or anything else that can be guessed.
"""

from __future__ import annotations

import fcntl
import os
import secrets  # noqa: TID251  (a tool on the ground: keys must come from the system's generator)
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from flight.cli.board_key import (
    BoardKeyError,
    board_key_lines,
    install_board_key,
    make_board_key,
    write_private,
)
from flight.drivers.posix_disk import PosixDisk
from flight.jobs import NAME_EXPECTED, is_name
from flight.store import Slots
from flight.wire.sdls import (
    COPIES,
    COUNTERS_NAME,
    KEY_LENGTH,
    KEYS_MAX,
    KEYS_NAME,
    NUMBER_LIMIT,
    KeySlot,
    KeyState,
    Use,
    pack_counters,
    pack_keys,
    unpack_counters,
    unpack_keys,
)

FIRST_SPI = {Use.TELECOMMAND: 1, Use.TELEMETRY: 257}
INSTALLED = "installed"  # a file that says so
PRIVATE = 0o600
OTHERS = 0o077


class KeysError(ValueError):
    """Refused; nothing has been written."""


def make(folder: Path, telecommand: int, telemetry: int, board: str = "board") -> list[str]:
    """A new folder with new keys: the first of each direction active, the others for changes to come."""
    counts = {Use.TELECOMMAND: telecommand, Use.TELEMETRY: telemetry}
    if min(counts.values()) < 1 or sum(counts.values()) > KEYS_MAX:
        raise KeysError(f"at least one key for each direction, and at most {KEYS_MAX} in all")
    if not is_name(board):
        raise KeysError(f"--board {board!r}: expected {NAME_EXPECTED}")
    _refuse_git(folder)
    if folder.exists():
        raise KeysError(f"{folder} exists already")
    slots = []
    for use, count in counts.items():
        for spi in range(FIRST_SPI[use], FIRST_SPI[use] + count):
            first = spi == FIRST_SPI[use]
            state = KeyState.ACTIVE if first else KeyState.PRE_ACTIVATION
            slots.append(KeySlot(spi, use, state, first, secrets.token_bytes(KEY_LENGTH)))
    folder.mkdir(mode=0o700, parents=True)
    write_private(folder / COUNTERS_NAME, pack_counters(dict.fromkeys((slot.spi for slot in slots), 0)))
    write_private(folder / KEYS_NAME, pack_keys(slots))
    make_board_key(folder, board)
    return [*lines(slots, dict.fromkeys((slot.spi for slot in slots), 0)), *board_key_lines(folder)]


def install(folder: Path, state: Path, *, replace: bool = False) -> list[str]:
    """Put the keys of `folder` into the store of a board that is not flying."""
    keys, counters = read(folder)
    told = _board_key_lines(folder)
    _refuse_git(state)
    if (folder / INSTALLED).exists():
        raise KeysError(f"{folder} was put on a board before: put on once more, its numbers would repeat")
    with _store(state) as disk:
        slots, numbers = Slots(disk, f"state-{KEYS_NAME}"), Slots(disk, f"state-{COUNTERS_NAME}")
        found = slots.load()
        if found is not None and not replace:
            raise KeysError(f"{state} has keys already; --replace gives them up")
        old = {slot.key for slot in unpack_keys(found or b"") or []}
        if any(slot.key in old for slot in keys if slot.key):
            raise KeysError("one of these keys is on the board already: its numbers would begin again")
        # A key never meets a lower counter than its own, wherever the power is cut: of a board's first keys the
        # counters go first, of later ones last.  All slots are written, so that none holds an older state.
        writes = [(numbers, pack_counters(counters)), (slots, pack_keys(keys))]
        for kept, body in writes if found is None else reversed(writes):
            for _ in range(COPIES):
                kept.save(body)
        install_board_key(folder, state)
    write_private(folder / INSTALLED, b"")
    return [*lines(keys, counters), *told]


def skip(folder: Path, spi: int, number: int) -> list[str]:
    """Begin at `number`: after a ground has lost its counters, behind all that it may have sent.  Never back."""
    keys, counters = read(folder, counters_needed=False)
    if spi not in {slot.spi for slot in keys}:
        raise KeysError(f"{folder} has no association {spi}")
    if not counters.get(spi, 0) <= number < NUMBER_LIMIT:
        raise KeysError(f"association {spi} is at {counters.get(spi, 0)} already")
    counters[spi] = number
    fresh = folder / f"{COUNTERS_NAME}.new"
    fresh.unlink(missing_ok=True)
    write_private(fresh, pack_counters(counters))
    fresh.replace(folder / COUNTERS_NAME)
    return lines(keys, counters)


def show(folder: Path) -> list[str]:
    keys, counters = read(folder)
    return [*lines(keys, counters), *_board_key_lines(folder)]


def show_state(state: Path) -> list[str]:
    if not (state / "storage").is_dir():
        raise KeysError(f"{state} has no keys")
    with _store(state) as disk:
        keys = unpack_keys(Slots(disk, f"state-{KEYS_NAME}").load() or b"")
        counters = unpack_counters(Slots(disk, f"state-{COUNTERS_NAME}").load() or b"") or {}
    if keys is None:
        raise KeysError(f"{state} has no keys")
    return [*lines(keys, counters), *_board_key_lines(state)]


def _board_key_lines(folder: Path) -> list[str]:
    try:
        return board_key_lines(folder)
    except BoardKeyError as error:
        raise KeysError(str(error)) from None


def read(folder: Path, *, counters_needed: bool = True) -> tuple[list[KeySlot], dict[int, int]]:
    """KeysError for what is missing, damaged, or open to others."""
    keys = unpack_keys(_read(folder / KEYS_NAME))
    if keys is None:
        raise KeysError(f"{folder / KEYS_NAME} is damaged or no file of keys")
    there = counters_needed or (folder / COUNTERS_NAME).exists()
    counters = unpack_counters(_read(folder / COUNTERS_NAME)) if there else None
    if counters is None and counters_needed:
        raise KeysError(f"{folder / COUNTERS_NAME} is damaged: `keys skip` sets counters anew")
    return keys, counters or {}


def lines(keys: list[KeySlot], counters: dict[int, int]) -> list[str]:
    """What may be shown: a check value of 32 bits tells two keys apart and says nothing about either."""
    head = f"{'SPI':>5}  {'direction':<11}  {'state':<14}  {'check':<8}  next number"
    return [head] + [
        f"{slot.spi:>5}  {slot.use.name.lower():<11}  {slot.state.name.lower():<14}  {_check(slot.key):<8}"
        f"  {counters.get(slot.spi, 'lost')}"
        for slot in keys
    ]


def _check(key: bytes) -> str:
    return sha256(b"skyrack key check" + key).hexdigest()[:8] if key else "-"


def _refuse_git(path: Path) -> None:
    """A key that is committed once is known for ever."""
    place = path.resolve()
    for parent in (place, *place.parents):
        if (parent / ".git").exists():
            raise KeysError(f"{path} is inside the git work tree {parent}: keys do not belong there")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise KeysError(f"{path} is missing")
    if path.stat().st_mode & OTHERS:
        raise KeysError(f"{path} is open to others: chmod 600, and think about who has read it")
    return path.read_bytes()


@contextmanager
def _store(state: Path) -> Iterator[PosixDisk]:
    """The board's disk, for its owner alone, while nobody flies it."""
    before = os.umask(OTHERS)
    try:
        (state / "storage").mkdir(parents=True, exist_ok=True)
        lock = os.open(state / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise KeysError(f"{state} is flying: stop it first") from None
        disk = PosixDisk(state / "storage")
        try:
            yield disk
        finally:
            disk.close()
            os.close(lock)
    finally:
        os.umask(before)
