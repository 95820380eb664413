"""Storage that hangs: the executive misses nothing, the backlog is bounded and told, and nothing is lost after it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from flight.wire import UNSTORED_COUNT, split_record
from tests.realtime.flying import Flying

SECOND = 10  # ticks


@pytest.mark.parametrize(
    "seconds",
    [pytest.param(5, marks=pytest.mark.slow), pytest.param(30, marks=[pytest.mark.slow, pytest.mark.long])],
)
def test_a_sync_that_takes_long(flying: Flying, seconds: int) -> None:
    """As a card does that erases: the worker stands still in the middle of its work."""
    flying.start()
    station = flying.station
    flying.until(lambda: station.value("recorder.status", "recorded") > 0, "records on disk")
    executive, worker = flying.executive_pid(), flying.worker_pid()
    first, began = flying.ticks(), time.monotonic()
    os.kill(worker, signal.SIGSTOP)
    try:
        flying.pass_ticks(seconds * SECOND)
        elapsed = time.monotonic() - began
        done = flying.ticks() - first
        flying.until(lambda: station.value("vital.status", "backlog") > 0, "the backlog to be told")
    finally:
        os.kill(worker, signal.SIGCONT)
    missed = sum(int(str(e.arguments[0])) for e in station.events if e.label == "executive.missed")
    assert missed + done >= int(elapsed * SECOND) - 1, "each tick was done or is accounted for"
    assert missed <= SECOND // 2, "a stall of storage costs no tick; a busy machine may cost a few"
    flying.until(lambda: station.value("vital.status", "backlog") <= SECOND, "the backlog to be written")
    assert (flying.executive_pid(), flying.worker_pid()) == (executive, worker)
    assert station.happened("recorder.write_failed") == 0
    heard = {split_record(record) for record in station.records}
    assert flying.stop() == 0
    stored = flying.stored()
    assert all(count in stored[store] for store, count in heard)


@pytest.mark.long  # three lives: 20 s; the simulator flies the same in tests/sim/test_endings.py
@pytest.mark.slow
def test_without_a_disk_it_flies_and_writes_nothing_until_it_knows_what_is_there(flying: Flying) -> None:
    """The card cannot be mounted at boot, and holds what an earlier life left: that is taken up, not written over."""
    flying.start()
    station = flying.station
    flying.until(lambda: station.value("recorder.status", "recorded") > 0, "records on disk")
    assert flying.stop() == 0
    before, storage, aside = flying.stored(), flying.state / "storage", flying.state / "aside"
    storage.rename(aside)
    storage.touch()  # not a folder
    station.events.clear()
    flying.start()
    flying.until(lambda: station.happened("executive.booted") >= 1, "the link alive")
    assert "flying without storage" in flying.errors()
    flying.pass_ticks(SECOND)
    first = flying.executive_pid()
    storage.unlink()
    aside.rename(storage)
    flying.until(
        lambda: (shown := flying.shown()) is not None and shown.pid not in (0, first), "another executive"
    )
    station.latest.clear()
    station.newest.clear()  # numbers that are stored lie below those that are not
    flying.until(lambda: station.value("recorder.status", "recorded") > 0, "records on disk again")
    boots = [event.arguments[0] for event in station.events if event.label == "executive.booted"]
    assert list(dict.fromkeys(boots)) == [0, 2]
    assert flying.stop() == 0
    after = flying.stored()
    assert all(set(before[store]) <= set(after[store]) for store in before)
    assert max(max(counts) for counts in after.values()) < UNSTORED_COUNT


@pytest.mark.slow
def test_without_a_disk_the_mission_clock_goes_on_where_the_guardian_saw_it(flying: Flying) -> None:
    storage = flying.state / "storage"
    storage.touch()
    flying.start_executive("--clock-floor", str(77 * 10**9 + 1))
    flying.until(lambda: flying.station.happened("executive.booted") >= 1, "the link alive")
    shown = flying.shown()
    assert shown is not None
    assert shown.heartbeat >= 78 * 10**9, "the mission clock does not go back"
