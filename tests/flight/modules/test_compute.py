"""Compute boards: what each rung leaves them, one step at a time, and a supply that is cut when they do not obey."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import COMPUTE, DONE, IDLE, SAFE, SECOND, Boot, Call, Outbox, Refused
from flight.modules.compute import Board, compute

BOOT = Boot(1, True, False, 0)
WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
TABLE = (Board("a", 0, 1, WATTS, node="gpu_a", wanted=4), Board("b", 2, 2, WATTS, node="gpu_b"))
ALL = 0b101
DWELL_S = 60


class Bench:
    """Board a has a rail (switch 0) and a throttle (switch 1); board b is one switch (2) for both."""

    def __init__(self, table: tuple[Board, ...] = TABLE, **parameters: object) -> None:
        self.module: Any = compute(table)
        vars(self.module).update(parameters)
        self.out = Outbox()
        self.now = 1000 * SECOND
        self.levels = [1, 0, 0]
        self.broken: set[int] = set()
        self.sees: dict[str, object] = {
            "mode": COMPUTE, "mode_age": 0, "rung": 0, "rung_age": 0, "rails_allowed": ALL,
            "thermal_rung_gpu_a": 0, "thermal_rung_gpu_b": 0,
        }  # fmt: skip
        self.sets: list[tuple[int, int]] = []
        self.module.start(self.now, BOOT, self.out)

    def run(self, seconds: int = 1, **sees: object) -> list[int]:
        for _ in range(seconds):
            self.now += SECOND
            row = self.sees | sees | {"levels": tuple(self.levels)}
            self.module.step(self.now, self.module.Inputs(**row), self.out)
            self.sets += self.out.switches
            for switch, level in self.out.switches:
                if switch not in self.broken:
                    self.levels[switch] = level
            self.out.switches.clear()
        return self.levels[1:]

    def order(self, board: int, level: int) -> object:
        return self.module.level(Call(self.now, 3), self.out, board, level)

    def at(self, level: int) -> None:
        """Bring board a there."""
        self.order(0, level)
        self.run(level * (DWELL_S + 1) + 1)
        assert self.levels[1] == level
        self.names()
        self.sets.clear()

    def names(self) -> list[str]:
        names = [event.name for event, _ in self.out.events]
        self.out.clear()
        return names


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---------------------------------------------------------------- levels and ramps


def test_one_level_a_dwell_up_to_what_is_wanted(bench: Bench) -> None:
    assert bench.run(DWELL_S - 1) == [0, 0]
    seen = [bench.run()[0] for _ in range(5 * DWELL_S)]
    assert [seen.index(level) for level in (1, 2, 3, 4)] == [1, 61, 121, 181]
    assert bench.names() == ["changed"] * 4
    assert bench.sets == [(1, 1), (1, 2), (1, 3), (1, 4)]


def test_the_level_is_set_before_the_supply(bench: Bench) -> None:
    bench.levels[0] = 0
    bench.run(DWELL_S + 1)
    assert bench.sets == [(1, 1), (0, 1)]


def test_less_is_at_once(bench: Bench) -> None:
    bench.at(4)
    bench.order(0, 1)
    assert bench.run()[0] == 1


def test_after_less_a_dwell_before_more(bench: Bench) -> None:
    bench.at(3)
    bench.run(1, rung=4)
    assert bench.run(DWELL_S)[0] == 0
    assert bench.run()[0] == 1


@pytest.mark.parametrize(
    ("rung", "level"), [(0, 4), (1, 4), (2, 1), (3, 1), (4, 0), (5, 0), (6, 0), (255, 0)]
)
def test_what_each_rung_leaves(bench: Bench, rung: int, level: int) -> None:
    bench.at(4)
    assert bench.run(1, rung=rung)[0] == level
    bench.at(4)
    assert bench.run(1, thermal_rung_gpu_a=rung)[0] == level
    bench.at(4)
    assert bench.run(1, thermal_rung_gpu_b=rung)[0] == 4, "the other board's heat is not its own"


def test_the_cap_of_rung_two_is_a_parameter() -> None:
    bench = Bench(cap_level=3)
    bench.at(4)
    assert bench.run(1, rung=2)[0] == 3
    assert bench.run(1, rung=3)[0] == 1
    bench = Bench(cap_level=200)
    bench.at(4)
    assert bench.run(1, rung=2)[0] == 4


def test_rung_one_adds_nothing(bench: Bench) -> None:
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
def test_without_leave_the_board_is_off(bench: Bench, change: dict[str, object]) -> None:
    bench.at(4)
    assert bench.run(1, **change)[0] == 0
    assert bench.run(10 * DWELL_S, **change)[0] == 0


def test_ages_of_three_seconds_are_young_enough(bench: Bench) -> None:
    bench.at(4)
    assert bench.run(1, mode_age=3 * SECOND, rung_age=3 * SECOND)[0] == 4


def test_a_rung_that_flickers_does_not_cycle_the_board(bench: Bench) -> None:
    bench.at(1)
    for second in range(3600):
        bench.run(1, rung=4 if second % 7 == 0 else 0)
    assert bench.sets == [(1, 0)], "each flicker begins the dwell anew"


# ---------------------------------------------------------------- commands and what is kept


def test_levels_are_checked_kept_and_named(bench: Bench) -> None:
    assert bench.order(0, 5) == Refused("a has levels 0 to 4")
    assert not bench.out.keeping
    assert bench.order(1, 3) == DONE
    assert bench.out.keeping
    assert (bench.module.kept.a, bench.module.kept.b) == (4, 3)
    (spec,) = bench.module.commands()
    assert spec.fields[0].choices == (("a", 0), ("b", 1))
    assert bench.module.cut.fields[0].choices == (("a", 0), ("b", 1))
    assert bench.module.Inputs._fields[-2:] == ("thermal_rung_gpu_a", "thermal_rung_gpu_b")
    assert compute(TABLE).cut is bench.module.cut


def test_kept_levels_are_wanted_again_after_a_reboot(bench: Bench) -> None:
    again = Bench()
    again.module.kept.a, again.module.kept.b = 2, 77
    again.module.start(again.now, BOOT, again.out)
    assert again.module.wanted == [2, 4]


def test_a_restart_takes_the_board_as_it_works() -> None:
    bench = Bench()
    bench.levels[1] = 3
    bench.run(DWELL_S)
    assert bench.sets == []
    bench.run(1)
    assert bench.levels[1] == 4
    wild = Bench()
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


# ---------------------------------------------------------------- a board that does not obey


def test_a_board_that_does_not_do_less_loses_its_supply(bench: Bench) -> None:
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


def test_the_order_is_repeated_before_the_cut(bench: Bench) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(6, rung=3)
    assert bench.sets == [(1, 1), (1, 1), (1, 1), (1, 0), (0, 0)]


def test_a_board_that_does_not_do_more_is_told_and_not_cut(bench: Bench) -> None:
    bench.broken = {1}
    bench.run(DWELL_S + 5)
    assert bench.names() == ["changed"]
    bench.run(1)
    assert bench.names() == ["not_following"]
    bench.run(1000)
    assert bench.names() == []
    assert bench.levels[0] == 1
    assert (1, 2) not in bench.sets, "and no more is asked of it"


def test_levels_that_cannot_be_read_cost_the_supply(bench: Bench) -> None:
    bench.at(2)
    bench.levels = []
    row = bench.sees | {"levels": ()}
    for _ in range(7):
        bench.now += SECOND
        bench.module.step(bench.now, bench.module.Inputs(**row), bench.out)
    assert (0, 0) in bench.out.switches


def test_a_supply_that_is_lost_is_no_obedience(bench: Bench) -> None:
    bench.at(2)
    bench.levels[0] = 0
    bench.run(3)
    assert bench.levels[0] == 1, "ordered again"


def test_after_its_rest_the_board_gets_another_chance(bench: Bench) -> None:
    bench.at(4)
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


def test_a_board_that_stays_deaf_is_given_up_until_a_command() -> None:
    bench = Bench(cuts_max=2, cut_s=100.0)
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


def test_an_hour_of_obedience_gives_the_retries_back(bench: Bench) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(7, rung=3)
    bench.broken = set()
    bench.run(1000)
    assert bench.module.watches[0].cuts == 1
    bench.run(3500)
    assert bench.module.watches[0].cuts == 0


def test_a_supply_that_does_not_switch_off_is_told_once(bench: Bench) -> None:
    bench.at(4)
    bench.broken = {0, 1}
    bench.run(400, rung=3)
    assert bench.names().count("rail_stuck") == 1
    assert bench.sets.count((0, 0)) > 50


def test_a_shed_rail_is_powers_concern(bench: Bench) -> None:
    bench.at(4)
    bench.broken = {1}
    bench.run(30, rails_allowed=0)
    assert "cut" not in bench.names()
    assert (0, 0) not in bench.sets


def test_one_switch_for_supply_and_throttle(bench: Bench) -> None:
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


# ---------------------------------------------------------------- report, and anything at all


def test_report(bench: Bench) -> None:
    bench.at(2)
    bench.run(10)
    status, boards = bench.module.status, bench.module.boards
    assert (status.working, status.rung, status.level, status.boards_on) == (True, 0, 2, 1)
    assert (status.power, status.power_wanted) == (10.0, 10.0)
    assert (boards.a_wanted, boards.a_limit, boards.a_ordered, boards.a_level, boards.a_cut) == (
        2,
        4,
        2,
        2,
        False,
    )
    assert (boards.a_power, boards.b_power) == (10.0, 0.0)
    bench.broken = {1}
    bench.run(20, mode=IDLE)
    assert (status.working, status.rung, status.boards_cut, status.cuts, boards.a_cut) == (
        False,
        4,
        1,
        1,
        True,
    )
    assert bench.module.outputs.compute_level == 0


RUNG = st.integers(-1, 7)
AGE = st.sampled_from([0, 10**11])
LEVELS = st.lists(st.integers(0, 5), max_size=3)
SEEN = st.tuples(
    st.integers(0, 3), AGE, RUNG, AGE, st.integers(0, 7), LEVELS, RUNG, RUNG, st.integers(1, 900)
)


@given(st.lists(SEEN, min_size=1, max_size=40))
def test_whatever_is_seen_no_board_works_without_leave(story: list[Any]) -> None:
    module: Any = compute(TABLE)
    out, now = Outbox(), 0
    module.start(now, BOOT, out)
    for mode, mode_age, rung, rung_age, allowed, levels, heat_a, heat_b, seconds in story:
        now += seconds * SECOND
        before = [watch.level for watch in module.watches]
        row = (mode, mode_age, rung, rung_age, allowed, tuple(levels), heat_a, heat_b)
        module.step(now, module.Inputs(*row), out)
        leave = mode == COMPUTE and not mode_age and not rung_age and 0 <= rung < 4
        for watch, old, heat in zip(module.watches, before, (heat_a, heat_b), strict=True):
            assert 0 <= watch.level <= 4
            if not (leave and heat < 4 and allowed >> watch.row.rail & 1):
                assert watch.level == 0
            if max(rung, heat) in {2, 3}:
                assert watch.level <= 1
            assert watch.level <= old + 1 or old == 0
        assert all(0 <= level <= {0: 1, 1: 4, 2: 4}[switch] for switch, level in out.switches)
        out.clear()


@pytest.mark.parametrize(
    "wrong", [{"watts": (0.0,)}, {"watts": (0.0, 5.0, 4.0)}, {"wanted": 5}, {"rail": 64}, {"wanted": -1}]
)
def test_a_board_that_is_none_is_programmer_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        Board(**({"name": "x", "rail": 0, "throttle": 1, "watts": WATTS} | wrong))  # type: ignore[arg-type]
