"""How one of our programs starts another one."""

from __future__ import annotations

import sys
from pathlib import Path

import flight


def own_program(module: str) -> list[str]:
    """The command of a module of the Skyrack that runs now, which a folder named `flight` where it is started is not.

    `python -m` looks in the working folder first; -P does not.  A working folder that we come from ourselves, a
    checkout that is not installed, is where the other one comes from, too.  PYTHONPATH counts either way.
    """
    ours = Path(flight.__path__[0]).parent
    return [sys.executable, *(() if _is_working_folder(ours) else ("-P",)), "-m", module]


def _is_working_folder(folder: Path) -> bool:
    try:
        return folder.samefile(".")
    except OSError:  # one of them is gone
        return False
