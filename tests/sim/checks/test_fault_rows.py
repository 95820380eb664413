from __future__ import annotations

import pytest

from flight.declare import Occurrence
from sim.checks.fault_rows import LATE_S, FaultRowsOnce

ROW = "module_isolated"  # signal `isolated`, good at 0, persistence 5 s


@pytest.fixture
def check(booted, kernel):
    made = FaultRowsOnce()
    made.booted(booted, kernel)
    made.installed(kernel, "faults")
    return made


@pytest.fixture
def isolated(check, seen, kernel, monkeypatch):
    """Let so many modules be isolated for some seconds."""

    def hold(count: int, seconds: int) -> int:
        monkeypatch.setitem(vars(kernel.bus), "isolated", count)
        for second in range(seconds):
            check.look(seen, second)
        return check.failed

    return hold


def trip(check) -> None:
    check.occurred(f"faults.tripped_{ROW}", Occurrence(1, 1, 4, b"\0\1"), True)


def clear(check) -> None:
    check.occurred("faults.cleared", Occurrence(1, 2, 1, b"\0\2" + bytes([check.names.index(ROW)])), True)


def test_one_report_for_each_episode_is_right(check, isolated) -> None:
    for _ in range(2):
        isolated(1, 5)
        trip(check)
        isolated(1, 60)
        isolated(0, 5)
        clear(check)
        isolated(0, 60)
    assert (check.exercised, check.failed) == (2, 0)
    assert check.rows[ROW] == 2


def test_a_second_report_is_wrong(check) -> None:
    trip(check)
    trip(check)
    assert check.failed == 1


def test_no_report_is_wrong(isolated) -> None:
    assert isolated(1, 5 + LATE_S - 1) == 0
    assert isolated(1, 1) == 1
    assert isolated(1, 60) == 1, "once for each episode"


def test_an_episode_that_does_not_end_is_wrong(check, isolated) -> None:
    trip(check)
    assert isolated(0, 5 + LATE_S - 1) == 0
    assert isolated(0, 1) == 1


def test_an_end_without_a_beginning_is_wrong(check) -> None:
    clear(check)
    assert check.failed == 1


def test_a_new_engine_knows_no_episodes(check, kernel) -> None:
    trip(check)
    check.installed(kernel, "faults")
    trip(check)
    assert check.failed == 0


def test_every_row_is_listed_even_if_it_never_trips(check) -> None:
    assert len(check.rows) == len(check.judged) > 5
    assert not any(check.rows.values())
