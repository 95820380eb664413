"""The bar of a run, driven by a clock that the test turns."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from sim.report import RunProgress

DAY_S = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 5_000_000_000

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += round(1e9 * seconds)


def fly(progress: RunProgress, clock: Clock, steps: int, wall_s: float) -> None:
    with progress:
        for step in range(1, steps + 1):
            clock.wait(wall_s / steps)
            progress.at(DAY_S * step / steps)


def test_a_log_gets_ten_lines() -> None:
    clock, stream = Clock(), io.StringIO()
    fly(RunProgress(DAY_S, stream=stream, clock=clock), clock, steps=1_000, wall_s=17.28)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].split() == ["T+02:24:00", "10", "%", "5,000", "x", "real", "time"]
    assert lines[-1].split()[:4] == ["T+1", "d", "00:00:00", "100"]
    assert "\x1b" not in stream.getvalue()


def test_the_last_line_comes_even_in_a_hurry() -> None:
    clock, stream = Clock(), io.StringIO()
    fly(RunProgress(DAY_S, stream=stream, clock=clock), clock, steps=10, wall_s=0.01)
    assert stream.getvalue().splitlines()[-1].split()[3] == "100"


def test_quiet_is_quiet() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = RunProgress(DAY_S, stream=stream, clock=clock, quiet=True)
    fly(progress, clock, steps=100, wall_s=8.64)
    assert stream.getvalue() == ""
    assert progress.speed == 10_000.0


def terminal() -> tuple[io.StringIO, Console]:
    stream = io.StringIO()
    return stream, Console(file=stream, force_terminal=True, width=90, color_system=None)


def test_a_terminal_gets_a_bar_with_time_percent_and_speed() -> None:
    clock = Clock()
    stream, console = terminal()
    fly(RunProgress(DAY_S, console=console, clock=clock), clock, steps=100, wall_s=17.28)
    text = stream.getvalue()
    assert "T+12:00:00" in text
    assert "50 %" in text
    assert "5,000 x real time" in text
    assert "100 %" in text


def test_the_bar_is_drawn_at_most_ten_times_a_second() -> None:
    clock = Clock()
    stream, console = terminal()
    fly(RunProgress(DAY_S, console=console, clock=clock), clock, steps=50_000, wall_s=2.0)
    assert 15 <= len(set(re.findall(r"T\+(?:1 d )?\d\d:\d\d:\d\d", stream.getvalue()))) <= 23


def test_the_speed_shown_follows_a_change() -> None:
    clock = Clock()
    stream, console = terminal()
    with RunProgress(DAY_S, console=console, clock=clock) as progress:
        simulated = 0.0
        for speed in [100.0] * 40 + [2_000.0] * 20:  # 20 s slow, then 10 s fast
            clock.wait(0.5)
            simulated += 0.5 * speed
            progress.at(simulated)
        shown = re.findall(r"([\d,.]+) x real time", stream.getvalue())
    assert float(shown[39].replace(",", "")) == 100
    assert 1_850 < float(shown[59].replace(",", "")) <= 2_000


def test_a_run_of_no_length() -> None:
    clock, stream = Clock(), io.StringIO()
    with RunProgress(0.0, stream=stream, clock=clock) as progress:
        progress.at(0.0)
    assert "100 %" in stream.getvalue()
    assert progress.speed == 0.0


def test_a_failed_run_leaves_the_terminal_whole() -> None:
    stream, console = terminal()
    with pytest.raises(ZeroDivisionError), RunProgress(DAY_S, console=console, clock=Clock()) as progress:
        progress.at(1 / 0)
    assert "\x1b[?25l" in stream.getvalue()  # cursor hidden
    assert "\x1b[?25h" in stream.getvalue()  # and shown again
