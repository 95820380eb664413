"""Keys of a simulated link: test keys, made of the seed, so that a run can be repeated.  Who knows it has them.

A real spacecraft's come from `skyrack-flight keys make`, which draws them by chance.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from flight.cli.board_key import BOARD_KEY, BOARD_PUBLIC, write_private
from flight.jobs import public_line, public_of
from flight.ports import Disk
from flight.wire.sdls import (
    COUNTERS_NAME,
    KEYS_NAME,
    KeySlot,
    KeyState,
    Use,
    pack_counters,
    pack_keys,
)
from ground.keys import MemoryKeys
from sim.aboard import put_states, storage_of

FIRST_SPI = {Use.TELECOMMAND: 1, Use.TELEMETRY: 257}  # as the tool numbers them
KEYS_EACH = 8


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
    put_states(disk, keys_of(seed))


def leave_for(state: Path, folder: Path, seed: int) -> None:
    """For processes of their own: into the board's state, and into a private folder for `skyrack-ground --keys`."""
    with storage_of(state) as disk:
        put_on_board(disk, seed)
    write_private(state / BOARD_KEY, board_private_of(seed))
    make_folder(folder, seed)


def make_folder(folder: Path, seed: int) -> None:
    """New, and for its owner alone."""
    folder.mkdir(mode=0o700, parents=True)
    for name, body in keys_of(seed).items():
        write_private(folder / name, body)
    public = public_line("board", public_of(board_private_of(seed)))
    (folder / BOARD_PUBLIC).write_text(f"{public}\n")
    (folder / "TEST-KEYS").write_text(f"Made of seed {seed}, for a simulation.  They protect nothing else.\n")


def board_private_of(seed: int) -> bytes:
    """The board signs its receipts with this one."""
    return sha256(f"Skyrack test board {seed}".encode()).digest()
