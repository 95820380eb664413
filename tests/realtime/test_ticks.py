"""Missed ticks, counted exactly: what the executive reports against the log of the ticks that it did."""

from __future__ import annotations

import itertools
import os
import select
import signal
from array import array
from pathlib import Path

import pytest

from tests.realtime.flying import Flying

pytestmark = pytest.mark.slow

TICK_NS = 100_000_000


def absent(log: Path) -> int:
    """Ticks that are not in the log, between its first and its last."""
    times = array("q", log.with_suffix(".ticks").read_bytes())[::3]
    assert all(at % TICK_NS == 0 for at in times)
    steps = [later - at for at, later in itertools.pairwise(times)]
    assert min(steps) >= TICK_NS, "no tick twice, none backwards"
    return sum(step // TICK_NS - 1 for step in steps)


def reported(flying: Flying) -> int:
    return sum(int(e.arguments[0]) for e in flying.station.events if e.label == "executive.missed")  # type: ignore[call-overload]


def test_an_executive_stopped_for_730_ms_counts_what_it_missed(flying: Flying, tmp_path: Path) -> None:
    """Seven ticks by the clock; six when the stop comes late in a tick, more when the machine is slow to go on."""
    log = tmp_path / "ticks"
    flying.start_executive("--tick-log", str(log))
    flying.pass_ticks(10)
    pid = flying.executive_pid()
    os.kill(pid, signal.SIGSTOP)
    select.select([], [], [], 0.73)  # the stop itself, not a wait for something
    os.kill(pid, signal.SIGCONT)
    flying.until(lambda: reported(flying) >= 6, "the report")
    flying.pass_ticks(10)
    assert flying.stop() == 0
    assert absent(log) == reported(flying)


def test_without_a_stop_none_is_reported_that_was_done(flying: Flying, tmp_path: Path) -> None:
    log = tmp_path / "ticks"
    flying.start_executive("--tick-log", str(log))
    flying.pass_ticks(40)
    assert flying.stop() == 0
    assert absent(log) == reported(flying)
