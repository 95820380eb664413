"""Mission time from the machine's clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.boards import clock as clocks
from flight.boards.clock import CoreTaken, RealClock

SECOND = 1_000_000_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """[the machine's monotonic time]."""
    time = [5 * SECOND]
    monkeypatch.setattr(clocks, "monotonic", lambda: time[0])
    return time


@pytest.mark.parametrize("speed", [1, 60])
def test_it_goes_on_from_its_start(machine: list[int], speed: int) -> None:
    clock = RealClock(100 * SECOND, speed)
    assert clock.now() == 100 * SECOND
    machine[0] += 3
    assert clock.now() == 100 * SECOND + 3 * speed
    assert clock.cost() == 5 * SECOND + 3, "a step costs what it costs the machine"
    assert clock.measures


def test_sleep_is_shorter_on_a_bench_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("flight.boards.clock.time.sleep", slept.append)
    RealClock(0, 1).sleep(SECOND // 10)
    RealClock(0, 50).sleep(SECOND // 10)
    assert slept == [0.1, 0.002]


def test_a_speed_below_real_time_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        RealClock(0, 0)


def test_what_others_took_of_the_core_is_the_second_number(tmp_path: Path) -> None:
    file = tmp_path / "schedstat"
    file.write_text("1700 71096 12\n")
    taken = CoreTaken(str(file))
    assert taken.read() == 71_096
    file.write_text("1900 71099 13\n")
    assert taken.read() == 71_099
    for damaged in ("", "7\n", "7 what\n"):
        file.write_text(damaged)
        assert taken.read() == 71_099, "it stands still"
    file.write_text("1900 80000 13\n")
    assert taken.read() == 71_099, "and is not asked again"


def test_where_nobody_counts_it_nothing_was_taken(tmp_path: Path) -> None:
    assert CoreTaken(str(tmp_path / "none")).read() == 0
