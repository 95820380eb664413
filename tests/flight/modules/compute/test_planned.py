"""Levels that jobs want: within what is commanded and allowed, and without chatter."""

from __future__ import annotations

from typing import Any

from flight.declare import COMPUTE, IDLE, SECOND
from flight.modules.compute import compute
from tests.flight.modules.compute.conftest import DWELL_S, TABLE, Bench


class Planned(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.module: Any = compute(TABLE, jobs=True)
        self.module.start(self.now, self.boot(), self.out)
        self.jobs(255, 255)
        self.order(1, 4)

    @staticmethod
    def boot() -> Any:
        from tests.flight.modules.compute.conftest import BOOT

        return BOOT

    def jobs(self, a: int, b: int) -> None:
        self.sees |= {"jobs_level_a": a, "jobs_level_b": b, "jobs_level_a_age": 0}


def test_without_jobs_the_command_holds() -> None:
    bench = Planned()
    bench.run(5 * DWELL_S)
    assert bench.levels[1:] == [4, 4]


def test_the_jobs_want_less_at_once_and_more_after_one_dwell() -> None:
    bench = Planned()
    bench.run(5 * DWELL_S)
    bench.jobs(0, 3)
    assert bench.run() == [0, 3]
    bench.jobs(4, 3)
    assert bench.run(DWELL_S - 1) == [0, 3]
    assert bench.run() == [4, 3]


def test_after_a_dwell_of_rest_a_rise_is_at_once_and_to_its_level() -> None:
    bench = Planned()
    bench.jobs(0, 0)
    bench.run(2 * DWELL_S)
    bench.jobs(3, 0)
    assert bench.run() == [3, 0]


def test_never_above_the_command_or_the_ladder() -> None:
    bench = Planned()
    bench.order(0, 2)
    bench.jobs(4, 4)
    bench.run(2 * DWELL_S)
    assert bench.levels[1:] == [2, 4]
    assert bench.run(1, rung=3) == [1, 1]
    assert bench.run(1, rung=4) == [0, 0]
    assert bench.run(DWELL_S - 1, mode=IDLE) == [0, 0]
    assert bench.run(DWELL_S, mode=COMPUTE) == [2, 4]


def test_a_silent_jobs_module_has_no_jobs_to_feed() -> None:
    bench = Planned()
    bench.jobs(3, 255)
    bench.run(5 * DWELL_S)
    assert bench.levels[1:] == [3, 4]
    assert bench.run(1, jobs_level_a_age=4 * SECOND) == [0, 4]


def test_jobs_that_come_and_go_do_not_make_it_chatter() -> None:
    bench = Planned()
    bench.jobs(0, 0)
    bench.run(2 * DWELL_S)
    bench.sets.clear()
    for second in range(10 * DWELL_S):
        bench.jobs(4 if second % 10 < 5 else 0, 0)
        bench.run()
    rises = [level for switch, level in bench.sets if switch == 1 and level]
    assert len(rises) <= 10
