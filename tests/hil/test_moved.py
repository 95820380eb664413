"""The check of a bench's files: what the board holds against what was sent and what came."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ground.transfers import Transfer, TransferState
from hil.bench import Bench
from hil.moved import files_check
from sim.filing import content_of
from sim.scenario import FileTransfer

SEED = 5
UP = FileTransfer(at_s=0.0, way="up", name="tables/plan", octets=100)
CONTENT = content_of(UP, SEED)


def bench(folder: Path, held: bytes | None, came: bytes, *, up: bool, ended: bool = True) -> Bench:
    (folder / "files").mkdir()
    if held is not None:
        (folder / "files" / "tables!plan").write_bytes(held)
    state = TransferState.DONE if ended else TransferState.ACTIVE
    files = SimpleNamespace(transfers={1: Transfer(1, up, UP.name, state=state)}, whole=lambda _name: came)
    made = SimpleNamespace(
        ground=SimpleNamespace(files=files),
        board=SimpleNamespace(state=folder),
        scenario=SimpleNamespace(files=(UP,)),
        seed=SEED,
    )
    return cast(Bench, made)


@pytest.mark.parametrize(
    ("up", "held", "came", "failed"),
    [
        (True, CONTENT, b"", 0),
        (True, CONTENT[:-1] + b"?", b"", 1),
        (True, None, b"", 1),
        (False, CONTENT, CONTENT, 0),
        (False, CONTENT, CONTENT[:-1], 1),
        (False, None, CONTENT, 1),
    ],
    ids=["up", "up, another", "up, absent", "down", "down, another", "down, gone from the board"],
)
def test_what_ended_well_is_compared(
    tmp_path: Path, up: bool, held: bytes | None, came: bytes, failed: int
) -> None:
    found = files_check(bench(tmp_path, held, came, up=up))
    assert (found.exercised, found.failed) == (1, failed)


def test_what_is_still_under_way_is_not(tmp_path: Path) -> None:
    assert files_check(bench(tmp_path, None, b"", up=True, ended=False)).exercised == 0
