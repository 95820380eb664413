"""The files of a scenario on a bench: moved as in the simulator, compared at the end with what the board holds."""

from __future__ import annotations

from pathlib import Path

from flight.wire.cfdp import stored_name
from hil.bench import Bench
from sim.filing import content_of
from sim.result import CheckCount

CHECK = "a file received is the file sent"


def files_check(bench: Bench) -> CheckCount:
    """Of the newest transfer of each name that ended well; the board has been stopped."""
    ended = {
        (one.up, one.name): one for one in bench.ground.files.transfers.values() if one.state.value == "done"
    }
    wrong = 0
    for up, name in ended:
        held = _on_board(bench, name)
        file = next((one for one in bench.scenario.files if one.name == name and one.way == "up"), None)
        if not up:
            wrong += held is None or bench.ground.files.whole(name) != held
        elif file is not None:
            wrong += held != content_of(file, bench.seed)
    return CheckCount(CHECK, len(ended), wrong)


def _on_board(bench: Bench, name: str) -> bytes | None:
    path = Path(bench.board.state) / "files" / stored_name(name)
    return path.read_bytes() if path.is_file() else None
