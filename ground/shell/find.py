"""Which server is meant: an address, a folder, or the live run that is under way here."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ground.protocol import NoServerError, UsageError

WHERE_FILE = "server.json"
LIVE = Path("runs/live")
WITHIN = (".", "ground")  # where in a folder the server's own may be
HOW = "start one with `skyrack-sim live`, or `skyrack-ground server --help`"


def find_folder(given: Path | None) -> Path:
    """The folder of a ground: archive and audit log are in it.  NoServerError if there is none."""
    if given is None:
        given = _live_folder() or LIVE
    for part in WITHIN:
        folder = given / part
        if (folder / WHERE_FILE).is_file() or (folder / "archive").is_dir():
            return folder
    raise NoServerError(f"no ground in {given}: {HOW}")


def _live_folder() -> Path | None:
    """What `live.json` says, where it does."""
    found = _read(LIVE / "live.json")
    folder = found.get("ground_folder")
    return LIVE / folder if isinstance(folder, str) else None


def find_server(server: str | None, folder: Path | None) -> str:
    """The address to connect to.  NoServerError if no server is running there."""
    if server is not None:
        if not server.startswith("tcp:"):
            raise UsageError(f"{server!r} is no address: expected tcp://HOST:PORT")
        return server if server.startswith("tcp://") else server.replace("tcp:", "tcp://", 1)
    where = find_folder(folder)
    found = _read(where / WHERE_FILE)
    listen, pid = found.get("listen"), found.get("pid")
    if not isinstance(listen, str) or not isinstance(pid, int) or not _alive(pid):
        raise NoServerError(f"the ground in {where} is not running: {HOW}")
    return listen


def _read(path: Path) -> dict[str, object]:
    """Empty if it is not there or makes no sense."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
