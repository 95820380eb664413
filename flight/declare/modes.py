"""The spacecraft's modes.  Which may turn into which is the mission's table; that there are these four is not."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Mode(enum.IntEnum):
    BOOT = 0
    SAFE = 1
    IDLE = 2
    COMPUTE = 3


BOOT, SAFE, IDLE, COMPUTE = Mode
ALL_MODES = tuple(Mode)


def mask_of(modes: Iterable[Mode]) -> int:
    """One bit a mode, so that the hot path asks `mask >> mode & 1`."""
    return sum(1 << mode for mode in set(modes))
