"""Run a job's program, and kill the process without a word at its COUNT-th call that makes something last.

python killed_child.py COUNT PROGRAM [ARGUMENTS...]
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path

steps = iter(range(int(sys.argv[1]) - 1))
sys.argv = sys.argv[2:]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
fsync = os.fsync


def dying(descriptor: int) -> None:
    if next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)


setattr(os, "fsync", dying)  # noqa: B010  (the type of the real one is wider)
runpy.run_path(sys.argv[0], run_name="__main__")
