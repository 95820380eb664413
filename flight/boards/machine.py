"""The machine that flight runs on, as Linux shows it.  What cannot be read is NaN."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Callable, Sequence

MEGABYTE = 2**20
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


def draw_lot() -> int:
    """A number that another boot will hardly draw, where nothing else tells boots apart."""
    return int.from_bytes(os.urandom(4), "big")


class Machine:
    """`flight.ports.Computer`.  Small reads of /proc and one statvfs, each far below a millisecond."""

    def __init__(self, folder: str, processes: Callable[[], Sequence[int]]) -> None:
        """`folder` is on the disk to look at; `processes` are those of flight, whose memory counts."""
        self.folder = folder
        self.processes = processes
        self.cores = os.cpu_count() or 1
        self.seen = _uptime()

    def cpu_percent(self) -> float:
        """Of the whole machine, all cores, since the last call; NaN in the first hundredths of a second."""
        before, self.seen = self.seen, _uptime()
        elapsed, idle = (now - then for now, then in zip(self.seen, before, strict=True))
        if not elapsed > 0.0:
            return math.nan
        return min(100.0, max(0.0, 100.0 * (1.0 - idle / elapsed / self.cores)))

    def memory_mb(self) -> float:
        """Resident, of all processes of flight together; pages that they share count in each."""
        return sum(_resident(pid) for pid in self.processes()) * PAGE_SIZE / MEGABYTE

    def disk_free_mb(self) -> float:
        try:
            state = os.statvfs(self.folder)
        except OSError:
            return math.nan
        return state.f_bavail * state.f_frsize / MEGABYTE

    def garbage_collections(self) -> int:
        return sum(generation["collections"] for generation in gc.get_stats())


def _uptime() -> tuple[float, float]:
    """Seconds up, and seconds idle summed over the cores."""
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            up, idle = file.read().split()
        return float(up), float(idle)
    except (OSError, ValueError):
        return math.nan, math.nan


def _resident(pid: int) -> float:
    """Pages."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return float(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return math.nan
