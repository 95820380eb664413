"""Errors of the disk: EIO at every operation, a medium that is full or read-only; a store goes on or says no."""

from __future__ import annotations

import errno
import random

import pytest

from flight.store import Log
from sim.disk import NEVER, SimulatedDisk
from tests.crash.bench import operations_of, sweep_errors
from tests.crash.scenarios import (
    ALL,
    ALL_SCENARIOS,
    BUDGET_OCTETS,
    SEGMENT_OCTETS,
    DocumentAtWork,
    LogAtWork,
    Scenario,
    SlotsAtWork,
)

TIMES = (1, 2, 3, 9)


def fail(make: type[Scenario], times: int, outcomes: int) -> int:
    tally = sweep_errors(make, times, outcomes)
    print(f"{make.__name__}, EIO {times} times: {tally}")
    assert tally.trials == operations_of(make) * outcomes
    assert tally.lost == tally.reused == 0
    return tally.failures


@pytest.mark.slow
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("make", ALL_SCENARIOS)
def test_an_error_loses_nothing(make: type[Scenario], times: int) -> None:
    failures = fail(make, times, outcomes=1)
    # Each error reaches the caller at most once, and a single one mostly not at all.
    assert failures <= times * operations_of(make)
    if times == 1 and make in {LogAtWork, SlotsAtWork}:
        assert failures < operations_of(make) // 10
    if times == 9 or make is DocumentAtWork:
        assert failures > 0


@pytest.mark.long
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("make", ALL_SCENARIOS)
def test_an_error_loses_nothing_in_many_outcomes(make: type[Scenario], times: int) -> None:
    fail(make, times, outcomes=15)


def filled(disk: SimulatedDisk, groups: int) -> Log:
    log = Log(disk, "log", BUDGET_OCTETS, SEGMENT_OCTETS)
    log.open()
    for _ in range(groups):
        log.append(log.next, bytes(180))
        log.commit()
    return log


def numbers(log: Log) -> list[int]:
    return [number for number, _ in log.read(0, ALL, 1 << 30)]


def test_on_a_full_disk_the_oldest_data_yield() -> None:
    disk = SimulatedDisk(random.Random(0))
    log = filled(disk, 30)
    disk.set_capacity(disk.stored_bytes + 100)
    for _ in range(30):
        log.append(log.next, bytes(180))
        log.commit()
    found = numbers(log)
    assert found == list(range(found[0], 60))
    assert found[0] > 0
    assert disk.errors >= 3
    assert log.dropped_segments >= 3
    assert disk.stored_bytes <= 30 * 200 + 100


class Runaway(SimulatedDisk):
    """Somebody else takes at once what a removed file has freed."""

    def remove(self, name: str) -> None:
        super().remove(name)
        self.set_capacity(self.stored_bytes)


def test_a_disk_that_others_fill_does_not_eat_the_log() -> None:
    """One segment yields; when that has not helped, the others stay for better days."""
    disk = Runaway(random.Random(0))
    log = filled(disk, 50)
    kept = numbers(log)
    disk.set_capacity(disk.stored_bytes)
    for _ in range(5):
        log.append(log.next, bytes(180))
        with pytest.raises(OSError, match="No space") as raised:
            log.commit()
        assert raised.value.errno == errno.ENOSPC
    assert log.dropped_segments == 1
    assert numbers(log) == kept[10:]
    disk.set_capacity(NEVER)
    log.commit()
    assert numbers(log) == list(range(kept[10], 55))


def test_without_inodes_the_log_gives_one_of_its_own() -> None:
    disk = SimulatedDisk(random.Random(0))
    log = filled(disk, 30)
    disk.set_capacity(NEVER, names_limit=len(disk.names()))
    for _ in range(30):
        log.append(log.next, bytes(180))
        log.commit()
    assert numbers(log)[-1] == 59


def test_read_only_is_reported_each_time_and_ends() -> None:
    disk = SimulatedDisk(random.Random(0))
    log = filled(disk, 5)
    disk.set_read_only(True)
    for _ in range(3):
        log.append(log.next, b"waiting")
        before = disk.operations
        with pytest.raises(OSError, match="Read-only"):
            log.commit()
        assert disk.operations - before <= 6  # no storm
    assert numbers(log) == list(range(5))
    again = Log(disk, "log", BUDGET_OCTETS, SEGMENT_OCTETS)
    again.open()
    assert numbers(again) == list(range(5))
    disk.set_read_only(False)
    log.commit()
    assert numbers(log) == list(range(8))


def test_a_dead_disk_costs_a_bounded_number_of_operations() -> None:
    disk = SimulatedDisk(random.Random(0))
    log = filled(disk, 5)
    disk.fail_at(disk.operations + 1, NEVER)
    for _ in range(10):
        before = disk.operations
        log.append(log.next, b"waiting")
        with pytest.raises(OSError, match="Input/output"):
            log.commit()
        assert disk.operations - before <= 6
    assert log.read(0, ALL, 1 << 30) == []
    assert log.met.octets > 0
