"""Processes as /proc shows them: who descends from whom, in what state, with what memory.  Nothing raises."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

TREE_MAX = 4_096  # looked at of one job; its limit is far below
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Seen(NamedTuple):
    """One process, its processor time with that of children that it has buried.  State is a letter of proc(5): T for
    stopped, Z for dead and not buried."""

    pid: int
    parent: int
    state: str
    cpu_time_ns: int
    resident_octets: int


def look(pid: int) -> Seen | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        fields = text[
            text.rindex(")") + 2 :
        ].split()  # a program's name may hold anything but that is its last bracket
        used = sum(int(field) for field in fields[11:15]) * TICK_NS
        return Seen(pid, int(fields[1]), fields[0], used, int(fields[21]) * PAGE)
    except (OSError, ValueError, IndexError):
        return None


def children(pid: int) -> list[int]:
    """By any of its threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """All below, nearest first; those that came in the meantime are in the next answer."""
    found: list[int] = []
    waiting = children(pid)
    while waiting and len(found) < TREE_MAX:
        one = waiting.pop(0)
        found.append(one)
        waiting += children(one)
    return found


def of_user(user: int) -> list[int]:
    """Everything that runs as this user, wherever it has hidden."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == user:
                    found.append(int(name))
    return found


def count_of_user(user: int) -> int:
    """Threads, which is what RLIMIT_NPROC counts."""
    found = 0
    for pid in of_user(user):
        with contextlib.suppress(OSError):
            found += len(os.listdir(f"/proc/{pid}/task"))
    return found


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
