"""A board that does not obey: it does less, and is asked again; it does more, and loses its supply."""

from __future__ import annotations

from typing import Any

import pytest

from flight.declare import SECOND

WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
DWELL_S = 60


def test_a_board_that_does_not_do_less_loses_its_supply(bench: Any) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(5, rung=3)
    assert bench.levels == [1, 4, 0]
    assert bench.names() == ["changed"]
    bench.run(1, rung=3)
    assert bench.names() == ["not_following", "changed", "cut"]
    assert bench.levels[0] == 0
    assert bench.module.outputs.compute_level == 4
    bench.run(1, rung=3)
    assert bench.module.outputs.compute_level == 0


def test_the_order_is_repeated_before_the_cut(bench: Any) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(6, rung=3)
    assert bench.sets == [(1, 1), (1, 1), (1, 1), (1, 0), (0, 0)]


def test_a_board_that_does_not_do_more_is_told_once_and_asked_again_each_dwell(bench: Any) -> None:
    bench.broken = {1}
    bench.run(DWELL_S + 3)
    assert bench.names() == ["changed"]
    bench.run(1)
    assert bench.names() == ["not_following"]
    assert bench.module.outputs.compute_level == 0
    bench.run(10 * (DWELL_S + 4))
    assert bench.names() == []
    assert bench.levels[0] == 1
    assert set(bench.sets) == {(1, 1)}
    bench.broken = set()
    bench.run(5 * DWELL_S)
    bench.broken = {1}
    bench.levels[1] = 2
    bench.run(5)
    assert "not_following" in bench.names(), "a new episode"


def test_a_board_that_another_switched_off_is_not_fought_over(bench: Any) -> None:
    """As the fault engine does: off, 30 s later back at the level it had."""
    bench.at(4)
    bench.levels[1] = 0
    bench.run(30)
    assert bench.sets == []
    bench.levels[1] = 4
    bench.run(2)
    assert bench.levels[1] == 0, "only this module gives levels"
    assert bench.run(DWELL_S)[0] == 1
    assert "cut" not in bench.names()


@pytest.mark.parametrize("levels", [(), (1,)])
def test_levels_that_cannot_be_read_cost_the_supply(bench: Any, levels: tuple[int, ...]) -> None:
    bench.at(2)
    row = bench.sees | {"levels": levels}
    for _ in range(7):
        bench.now += SECOND
        bench.module.step(bench.now, bench.module.Inputs(**row), bench.out)
    assert (0, 0) in bench.out.switches


def test_a_supply_that_is_lost_is_given_again_after_a_dwell(bench: Any) -> None:
    bench.at(2)
    bench.levels[0] = 0
    bench.run(DWELL_S)
    assert bench.sets == []
    bench.run(5)
    assert bench.sets == [(1, 1), (0, 1)]
    assert bench.names() == ["not_following"]


def test_after_its_rest_the_board_gets_another_chance(bench: Any) -> None:
    bench.run(5 * DWELL_S)
    assert bench.levels[1] == 4
    bench.sets.clear()
    bench.broken = {1}
    bench.run(7, rung=3)
    bench.broken = set()
    bench.names()
    assert bench.run(598) == [0, 0]
    assert bench.names() == []
    bench.run(1)
    assert bench.names() == ["restored"]
    bench.run(4 * DWELL_S + 1)
    assert bench.levels[:2] == [1, 4]


def test_a_board_that_stays_deaf_is_given_up_until_a_command(make: Any) -> None:
    bench = make(cuts_max=2, cut_s=100.0)
    bench.at(4)
    bench.broken = {1}
    bench.levels[1] = 4
    bench.run(2000, rung=3)
    names = bench.names()
    assert names.count("cut") == 3
    assert names.count("restored") == 2
    assert names.count("given_up") == 1
    assert bench.levels[0] == 0
    bench.broken = set()
    bench.run(7200)
    assert bench.levels[:2] == [0, 0]
    bench.order(0, 2)
    bench.run(3 * DWELL_S)
    assert bench.levels[:2] == [1, 2]
    assert bench.names()[0] == "restored"


def test_an_hour_of_obedience_gives_the_retries_back(bench: Any) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(7, rung=3)
    bench.broken = set()
    bench.run(1000)
    assert bench.module.watches[0].cuts == 1
    bench.run(3500)
    assert bench.module.watches[0].cuts == 0


def test_a_supply_that_does_not_switch_off_is_told_once(bench: Any) -> None:
    bench.at(4)
    bench.broken = {0, 1}
    bench.run(400, rung=3)
    assert bench.names().count("rail_stuck") == 1
    assert 150 < bench.sets.count((0, 0)) < 210, "each other second"


def test_a_shed_rail_is_powers_concern(bench: Any) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(30, rails_allowed=0)
    names = bench.names()
    assert "cut" not in names
    assert names.count("not_following") == 1
    assert bench.module.status.boards_not_following == 1
    assert (0, 0) not in bench.sets


def test_one_switch_for_supply_and_throttle(bench: Any) -> None:
    bench.order(1, 3)
    bench.order(0, 0)
    bench.run(3 * DWELL_S + 1)
    assert bench.levels[2] == 3
    assert [level for switch, level in bench.sets if switch == 2] == [1, 2, 3]
    bench.broken = {2}
    bench.run(20, rung=4)
    assert "cut" in bench.names()
    bench.broken = set()
    bench.run(3, rung=4)
    assert bench.levels[2] == 0
    bench.run(700)
    assert bench.levels[2] > 0
    assert "restored" in bench.names()
