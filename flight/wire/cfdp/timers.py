"""The timers of one transaction.  While suspended or out of contact they stand still and keep what is left."""

from __future__ import annotations

from enum import IntEnum


class Timer(IntEnum):
    ACK = 0
    NAK = 1
    INACTIVITY = 2
    KEEP_ALIVE = 3
    CHECK = 4


class Timers:
    def __init__(self) -> None:
        self._due: dict[Timer, int] = {}  # the time, or what is left while paused
        self.paused = False
        self._paused_at = 0

    def start(self, timer: Timer, now: int, duration_ns: int) -> None:
        self._due[timer] = duration_ns if self.paused else now + duration_ns

    def stop(self, timer: Timer) -> None:
        self._due.pop(timer, None)

    def clear(self) -> None:
        self._due.clear()

    def running(self, timer: Timer) -> bool:
        return timer in self._due

    def next(self) -> int | None:
        return None if self.paused or not self._due else min(self._due.values())

    def take_due(self, now: int) -> list[Timer]:
        """Those that have run out, in the order of the enum; they are stopped."""
        if self.paused:
            return []
        due = sorted(timer for timer, time in self._due.items() if time <= now)
        for timer in due:
            del self._due[timer]
        return due

    def pause(self, now: int) -> None:
        if not self.paused:
            self.paused, self._paused_at = True, now
            self._due = {timer: max(0, time - now) for timer, time in self._due.items()}

    def resume(self, now: int) -> int:
        """How long they stood still."""
        if not self.paused:
            return 0
        self.paused = False
        self._due = {timer: now + left for timer, left in self._due.items()}
        return now - self._paused_at
