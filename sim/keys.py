"""Keys of a simulated link: test keys, made of the seed, so that a run can be repeated.  Who knows it has them.

A real spacecraft's come from `skyrack-flight keys make`, which draws them by chance.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from flight.cli.board_key import BOARD_KEY, BOARD_PUBLIC
from flight.drivers.posix_disk import PosixDisk
from flight.jobs import public_line, public_of
from flight.ports import Disk
from flight.store import Slots
from flight.wire.sdls import (
    COPIES,
    COUNTERS_NAME,
    KEYS_NAME,
    KeySlot,
    KeyState,
    Use,
    pack_counters,
    pack_keys,
)
from ground.keys import MemoryKeys

FIRST_SPI = {Use.TELECOMMAND: 1, Use.TELEMETRY: 257}  # as the tool numbers them
KEYS_EACH = 8
PRIVATE = 0o600


def keys_of(seed: int) -> dict[str, bytes]:
    """Keys and counters by name, as a store keeps them."""
    slots = [
        KeySlot(
            spi,
            use,
            KeyState.ACTIVE if spi == first else KeyState.PRE_ACTIVATION,
            spi == first,
            sha256(f"Skyrack test key {seed} {spi}".encode()).digest(),
        )
        for use, first in FIRST_SPI.items()
        for spi in range(first, first + KEYS_EACH)
    ]
    counters = pack_counters(dict.fromkeys((slot.spi for slot in slots), 0))
    return {COUNTERS_NAME: counters, KEYS_NAME: pack_keys(slots)}


def memory_keys(seed: int) -> MemoryKeys:
    """For a ground in the same process."""
    bodies = keys_of(seed)
    return MemoryKeys(bodies[KEYS_NAME], bodies[COUNTERS_NAME])


def put_on_board(disk: Disk, seed: int) -> None:
    """As `skyrack-flight keys install` does."""
    for name, body in keys_of(seed).items():
        slots = Slots(disk, f"state-{name}")
        for _ in range(COPIES):
            slots.save(body)


def leave_for(state: Path, folder: Path, seed: int) -> None:
    """For processes of their own: into the board's state, and into a private folder for `skyrack-ground --keys`."""
    (state / "storage").mkdir(parents=True, exist_ok=True)
    disk = PosixDisk(state / "storage")
    try:
        put_on_board(disk, seed)
    finally:
        disk.close()
    _write(state / BOARD_KEY, board_private_of(seed))
    make_folder(folder, seed)


def make_folder(folder: Path, seed: int) -> None:
    """New, and for its owner alone."""
    folder.mkdir(mode=0o700, parents=True)
    for name, body in keys_of(seed).items():
        _write(folder / name, body)
    public = public_line("board", public_of(board_private_of(seed)))
    (folder / BOARD_PUBLIC).write_text(f"{public}\n")
    (folder / "TEST-KEYS").write_text(f"Made of seed {seed}, for a simulation.  They protect nothing else.\n")


def board_private_of(seed: int) -> bytes:
    """The board signs its receipts with this one."""
    return sha256(f"Skyrack test board {seed}".encode()).digest()


def _write(path: Path, body: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
