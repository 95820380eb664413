"""On which board a job begins, and what the levels do that were commanded."""

from __future__ import annotations

import math
from dataclasses import replace

from flight.modules.jobs import Lane, jobs
from flight.modules.jobs.boards import Boards, fit
from flight.modules.jobs.row import Usable
from flight.modules.jobs.stages import Bound, JobStage
from flight.planning import Outlook, envelope
from tests.flight.modules.jobs.alone import LANES, STEPS, UTC_0_S, Alone, outlook

SLOW, FAST = Usable(0, 1, 5.0, 500, 500), Usable(1, 2, 10.0, 1000, 1000)
USES = (SLOW, FAST)


def boards(*loops_c: float, caps: tuple[int, ...] = (2, 2)) -> Boards:
    return Boards((0, 1), loops_c, caps)


def test_a_level_that_is_not_allowed_becomes_the_fastest_that_is():
    assert [fit(USES, 1, cap) for cap in (2, 1, 0)] == [1, 0, -1]
    assert fit(USES, 0, 1) == 0
    assert fit((FAST, SLOW, SLOW), 0, 1) == 1


def test_the_planned_loop_then_the_coolest_then_the_first():
    assert boards(30.0, 20.0).best((0, 1), USES, 1, 0) == (0, 1)
    assert boards(30.0, 20.0).best((0, 1), USES, 1, 1) == (1, 1)
    assert Boards((0, 0), (30.0,), (2, 2)).best((0, 1), USES, 1, 0) == (0, 1)
    three = Boards((0, 1, 2), (30.0, 25.0, 20.0), (2, 2, 2))
    assert three.best((0, 1), USES, 1, 2) == (1, 1)
    assert Boards((0, 1, 2), (30.0, math.nan, 40.0), (2, 2, 2)).best((1, 2), USES, 1, 0) == (2, 1)


def test_a_board_that_may_work_as_wanted_before_one_on_the_planned_loop():
    assert boards(30.0, 20.0, caps=(2, 1)).best((0, 1), USES, 1, 1) == (0, 1)
    assert boards(30.0, 20.0, caps=(0, 1)).best((0, 1), USES, 1, 0) == (1, 0)
    assert boards(30.0, 20.0, caps=(0, 0)).best((0, 1), USES, 1, 0) is None
    assert boards(30.0, 20.0).best((), USES, 1, 0) is None


CAPPED = tuple(replace(lane, capped=True) for lane in LANES)
SIGNALS = tuple(f"compute_{what}_{lane.name}" for what in ("cap", "limit") for lane in LANES)


def two_loops(**changes: object) -> Outlook:
    told = outlook(**changes)  # type: ignore[arg-type]
    limits = replace(told.limits, loops=(1, 1))
    return replace(told, limits=limits, survives=envelope(limits, told.forecast))


def alone(lanes: tuple[Lane, ...] = CAPPED) -> Alone:
    found = Alone(module=jobs(lanes, STEPS, STEPS, 2))
    found.seen |= dict.fromkeys(SIGNALS, len(LANES[0].watts) - 1) | {"planning_loop_2_c": 10.0}
    return found


def lanes_of(found: Alone) -> list[int]:
    return sorted(run.lane for run in found.module.crew.runs.values())


def test_a_job_begins_on_the_cooler_rack():
    for warm, lane in (((30.0, 10.0), 1), ((10.0, 30.0), 0)):
        found = alone()
        found.seen["planning_loop_1_c"], found.seen["planning_loop_2_c"] = warm
        found.begin(two_loops())
        found.hand_in()
        found.fly(120)
        assert lanes_of(found) == [lane]


def test_a_hot_rack_gets_no_job_and_the_other_does():
    found = alone()
    found.seen["planning_loop_1_c"] = 70.0
    found.begin(two_loops())
    for ident in (1, 2):
        found.hand_in(ident)
    found.fly(200)
    assert lanes_of(found) == [1]


def test_a_commanded_level_is_planned_with_and_kept():
    found = alone()
    found.seen |= {"compute_cap_a": 1, "compute_cap_b": 1}
    found.begin(two_loops())
    number = found.hand_in()
    found.until(lambda: found.state(number) is JobStage.RUNNING)
    assert max(found.board_levels()) == 1
    record = found.module.planner.under_way or found.module.planner.made
    assert record is not None
    found.seen |= {"compute_cap_a": 4, "compute_cap_b": 4}
    found.fly(2)
    assert found.module.desk.caps == (4, 4)


def test_boards_off_by_command_get_nothing_until_they_are_on_again():
    found = alone()
    found.seen |= {"compute_cap_a": 0, "compute_cap_b": 0}
    found.begin(two_loops())
    number = found.hand_in()
    found.fly(300)
    assert found.state(number) is JobStage.WAITING
    assert not found.module.crew.runs
    found.module._show_row()
    assert found.module.row.binding is Bound.LANES  # nobody waits without a reason
    found.seen["compute_cap_b"] = 4
    found.until(lambda: found.state(number) is JobStage.RUNNING, 200)
    assert lanes_of(found) == [1]
    found.module._show_row()
    assert found.module.row.binding is Bound.NONE


def test_a_board_off_by_command_is_no_board_of_its_loop():
    found = alone()
    found.begin(two_loops())
    found.fly(1)
    desk = found.module.desk
    assert desk.outlook is not None
    assert desk.limits(desk.outlook.limits) is desk.outlook.limits
    desk.command((0, 4))
    left = desk.limits(desk.outlook.limits)
    assert (left.lanes, left.loops) == (1, (0, 1))
    assert desk.replan == "other levels were commanded"


def test_what_the_ladder_leaves_a_board_is_its_level_at_the_next_slot():
    found = alone()
    found.begin(two_loops())
    number = found.hand_in(work_s=2400, deadline_utc_s=UTC_0_S + 3600)  # the slower level would be too late
    found.until(lambda: found.state(number) is JobStage.RUNNING)
    assert max(found.board_levels()) == 2
    found.seen |= {"compute_limit_a": 1, "compute_limit_b": 1, "rung": 2}
    found.fly(61)
    assert max(found.board_levels()) == 1
    assert found.state(number) is JobStage.RUNNING
