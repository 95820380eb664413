"""The compute module as a whole: its report, and that no board works without leave."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import COMPUTE, IDLE, SECOND, Boot, Outbox
from flight.modules.compute import Board, compute

BOOT = Boot(1, True, False, 0)
WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
TABLE = (Board("a", 0, 1, WATTS, node="gpu_a", wanted=4), Board("b", 2, 2, WATTS, node="gpu_b"))


def test_report(bench: Any) -> None:
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
    while status.rung != 1:
        bench.run(1, rung=1)
    bench.run(9)
    assert status.rung == 1, "a report each ten seconds"
    bench.run(1)
    assert status.rung == 0
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
