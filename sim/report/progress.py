"""How far a run is: a live bar in a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sim.report.wording import elapsed

REDRAW_NS = 100_000_000  # ten times a second: smooth to the eye, nothing beside the run
LINE_PERCENT = 10  # without a terminal: ten lines in a log
SMOOTHING_NS = 2_000_000_000  # the speed shown is that of about the last two seconds


class RunProgress:
    """Context manager; `at(simulated_s)` may be called on every tick and redraws only when it is time.

    Wall time is an argument like every other time: `clock` returns monotonic nanoseconds.
    """

    def __init__(
        self,
        duration_s: float,
        *,
        stream: TextIO | None = None,
        quiet: bool = False,
        clock: Callable[[], int] = time.perf_counter_ns,
        console: Console | None = None,
    ) -> None:
        self._duration_s = duration_s
        self._clock = clock
        self._console = console or Console(file=stream, stderr=stream is None)
        self._quiet = quiet
        self._bar: Progress | None = None
        self._started_ns = self._drawn_ns = clock()
        self._drawn_s = self._simulated_s = self._speed = 0.0
        self._next_line = LINE_PERCENT

    def __enter__(self) -> Self:
        self._started_ns = self._drawn_ns = self._clock()
        if not self._quiet and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.fields[simulated]}"),
                BarColumn(bar_width=None),
                TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("[bold]{task.fields[speed]}"),
                console=self._console,
                auto_refresh=False,
                expand=True,
            )
            self._bar.start()
            self._bar.add_task("run", total=self._duration_s, simulated=elapsed(0), speed="")
            self._bar.refresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._redraw(self._clock())
            self._bar.stop()

    @property
    def speed(self) -> float:
        """Simulated seconds for each second of wall time since the start."""
        wall_ns = self._clock() - self._started_ns
        return 1e9 * self._simulated_s / wall_ns if wall_ns > 0 else 0.0

    def at(self, simulated_s: float) -> None:
        self._simulated_s = simulated_s
        now = self._clock()
        if self._quiet or (now - self._drawn_ns < REDRAW_NS and simulated_s < self._duration_s):
            return
        if self._bar is not None:
            self._redraw(now)
        else:
            self._write_line()

    def _redraw(self, now: int) -> None:
        if self._bar is None:
            return
        wall_ns = now - self._drawn_ns
        if wall_ns > 0:
            latest = 1e9 * (self._simulated_s - self._drawn_s) / wall_ns
            weight = min(1.0, wall_ns / SMOOTHING_NS) if self._speed else 1.0
            self._speed += weight * (latest - self._speed)
        self._drawn_ns, self._drawn_s = now, self._simulated_s
        done = self._simulated_s >= self._duration_s
        speed = speed_text(self.speed if done else self._speed)
        self._bar.update(
            self._bar.task_ids[0],
            completed=self._simulated_s,
            simulated=elapsed(self._simulated_s),
            speed=speed,
        )
        self._bar.refresh()

    def _write_line(self) -> None:
        percent = 100.0 * self._simulated_s / self._duration_s if self._duration_s > 0 else 100.0
        if percent < self._next_line:
            return
        self._next_line = LINE_PERCENT * (int(percent) // LINE_PERCENT + 1)
        self._drawn_ns = self._clock()
        line = f"{elapsed(self._simulated_s)}  {percent:3.0f} %  {speed_text(self.speed)}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def speed_text(speed: float) -> str:
    return f"{speed:,.0f} x real time" if speed >= 10 else f"{speed:.2g} x real time"
