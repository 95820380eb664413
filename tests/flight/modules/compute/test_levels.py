"""Levels: what each rung leaves a board, one step at a time, and what is kept of a command."""

from __future__ import annotations

from typing import Any

import pytest

from flight.declare import COMPUTE, DONE, IDLE, SAFE, SECOND, Boot, Outbox, Refused
from flight.modules.compute import Board, compute

BOOT = Boot(1, True, False, 0)
WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
TABLE = (Board("a", 0, 1, WATTS, node="gpu_a", wanted=4), Board("b", 2, 2, WATTS, node="gpu_b"))
DWELL_S = 60


def test_one_level_a_dwell_up_to_what_is_wanted(bench: Any) -> None:
    assert bench.run(DWELL_S - 1) == [0, 0]
    seen = [bench.run()[0] for _ in range(5 * DWELL_S)]
    assert [seen.index(level) for level in (1, 2, 3, 4)] == [1, 61, 121, 181]
    assert bench.names() == ["changed"] * 4
    assert bench.sets == [(1, 1), (1, 2), (1, 3), (1, 4)]


def test_the_level_is_set_before_the_supply(bench: Any) -> None:
    bench.levels[0] = 0
    bench.run(DWELL_S + 1)
    assert bench.sets == [(1, 1), (0, 1)]


def test_less_is_at_once(bench: Any) -> None:
    bench.at(4)
    bench.order(0, 1)
    assert bench.run()[0] == 1


def test_after_less_a_dwell_before_more(bench: Any) -> None:
    bench.at(3)
    bench.run(1, rung=4)
    assert bench.run(DWELL_S)[0] == 0
    assert bench.run()[0] == 1


@pytest.mark.parametrize(
    ("rung", "level"), [(0, 4), (1, 4), (2, 1), (3, 1), (4, 0), (5, 0), (6, 0), (255, 0)]
)
def test_what_each_rung_leaves(bench: Any, rung: int, level: int) -> None:
    bench.at(4)
    assert bench.run(1, rung=rung)[0] == level
    bench.at(4)
    assert bench.run(1, thermal_rung_gpu_a=rung)[0] == level
    bench.at(4)
    assert bench.run(1, thermal_rung_gpu_b=rung)[0] == 4, "the other board's heat is not its own"


def test_the_cap_of_rung_two_is_a_parameter(make: Any) -> None:
    bench = make(cap_level=3)
    bench.at(4)
    assert bench.run(1, rung=2)[0] == 3
    assert bench.run(1, rung=3)[0] == 1
    bench = make(cap_level=200)
    bench.at(4)
    assert bench.run(1, rung=2)[0] == 4


def test_rung_one_adds_nothing(bench: Any) -> None:
    bench.at(2)
    bench.order(0, 4)
    assert bench.run(10 * DWELL_S, rung=1)[0] == 2
    bench.order(0, 1)
    assert bench.run(1, rung=1)[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"mode": IDLE},
        {"mode": SAFE},
        {"mode_age": 3 * SECOND + 1},
        {"rung_age": 3 * SECOND + 1},
        {"rung": -1},
        {"rails_allowed": 0b100},
    ],
)
def test_without_leave_the_board_is_off(bench: Any, change: dict[str, object]) -> None:
    bench.at(4)
    assert bench.run(1, **change)[0] == 0
    assert bench.run(10 * DWELL_S, **change)[0] == 0


def test_ages_of_three_seconds_are_young_enough(bench: Any) -> None:
    bench.at(4)
    assert bench.run(1, mode_age=3 * SECOND, rung_age=3 * SECOND)[0] == 4


def test_a_rung_that_flickers_does_not_cycle_the_board(bench: Any) -> None:
    bench.at(1)
    for second in range(3600):
        bench.run(1, rung=4 if second % 7 == 0 else 0)
    assert bench.sets == [(1, 0)], "each flicker begins the dwell anew"


# ---------------------------------------------------------------- commands and what is kept


def test_levels_are_checked_kept_and_named(bench: Any) -> None:
    assert bench.order(0, 5) == Refused("a has levels 0 to 4")
    assert not bench.out.keeping
    assert bench.order(0, 0) == bench.order(0, 4) == DONE
    assert bench.order(1, 3) == DONE
    assert bench.out.keeping
    assert (bench.module.kept.a, bench.module.kept.b) == (4, 3)
    (spec,) = bench.module.commands()
    assert spec.fields[0].choices == (("a", 0), ("b", 1))
    assert bench.module.cut.fields[0].choices == (("a", 0), ("b", 1))
    assert bench.module.Inputs._fields[-2:] == ("thermal_rung_gpu_a", "thermal_rung_gpu_b")
    assert compute(TABLE).cut is bench.module.cut


def test_kept_levels_are_wanted_again_after_a_reboot(make: Any, bench: Any) -> None:
    again = make()
    again.module.kept.a, again.module.kept.b = 2, 77
    again.module.start(again.now, BOOT, again.out)
    assert again.module.wanted == [2, 4]


def test_a_restart_takes_the_board_as_it_works(make: Any) -> None:
    bench = make()
    bench.levels[1] = 3
    bench.run(DWELL_S)
    assert bench.sets == []
    bench.run(1)
    assert bench.levels[1] == 4
    wild = make()
    wild.levels[1] = 9
    wild.run(2)
    assert wild.module.watches[0].level == 4


def test_boards_on_one_node_share_its_input() -> None:
    table = tuple(Board(name, i, i, WATTS, node="gpu") for i, name in enumerate("xy"))
    assert compute(table).Inputs._fields[6:] == ("thermal_rung_gpu",)  # type: ignore[attr-defined]
    module: Any = compute((Board("z", 0, 0, WATTS),))
    out = Outbox()
    module.start(0, BOOT, out)
    module.step(SECOND, module.Inputs(COMPUTE, 0, 0, 0, 1, (0,)), out)
    assert out.switches == []
