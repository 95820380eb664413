"""What the forecast is told of the plan, held against what then happens."""

from __future__ import annotations

import pytest

from flight.declare import COMPUTE, IDLE, SECOND
from flight.jobs import Redundancy
from flight.modules.jobs import jobs
from flight.modules.jobs.planning import STALE_SLOTS
from flight.modules.jobs.stages import JobStage
from flight.planning import LOADS_SLOTS, MakePlan, PlannedLoads
from tests.flight.modules.jobs.alone import LANES, SLOT_S, STEPS, Alone, outlook

SLOT_NS = SLOT_S * SECOND
TOP = (4, 4)  # what the boards are commanded to


def levels(alone: Alone) -> tuple[int, ...]:
    return tuple(min(top, level) for top, level in zip(TOP, alone.board_levels(), strict=True))


def foreseen(told: PlannedLoads, slots: int) -> list[tuple[int, ...]]:
    """In the middle of each slot."""
    begin = told.steps[0].from_ns // SLOT_NS
    middles = [(begin + slot) * SLOT_NS + SLOT_NS // 2 for slot in range(slots)]
    steps = [told.at(max(told.steps[0].from_ns, middle)) for middle in middles]
    return [step.levels for step in steps if step is not None]


def test_what_is_told_is_what_the_boards_then_do():
    alone = Alone().begin()
    for ident, changes in enumerate(
        ({"work_s": 900}, {"work_s": 300, "value": 50}, {"work_s": 600, "value": 2}, {"work_s": 240}), 1
    ):
        alone.hand_in(ident, **changes)
    alone.until(lambda: any(alone.board_levels()), 100)
    alone.fly(90 - alone.now // SECOND % 60)  # the middle of a slot
    alone.lose = lambda request: isinstance(request, MakePlan)  # another plan is another course
    told = alone.loads[-1]
    came = []
    for _ in range(40):
        came.append(levels(alone))
        alone.fly(60)
    expected = foreseen(told, 40)
    apart = sum(
        abs(one - other)
        for pair in zip(expected, came, strict=True)
        for one, other in zip(*pair, strict=True)
    )
    assert any(one != came[0] for one in came)
    assert came[-1] == expected[-1] == TOP
    assert apart <= 2 * max(TOP)  # a slot early or late at an end


def test_it_is_told_when_the_plan_changes_and_not_each_second():
    alone = Alone().begin()
    alone.hand_in(1, work_s=1500)
    alone.until(lambda: any(alone.board_levels()), 100)
    before, plans = len(alone.loads), alone.module.status.plans
    alone.fly(1200)
    told = len(alone.loads) - before
    assert 1 <= told <= 2 * (alone.module.status.plans - plans) + 2
    assert all(len(one.steps) <= LOADS_SLOTS + 1 for one in alone.loads)


def test_without_a_job_left_the_boards_do_what_is_commanded():
    alone = Alone().begin()
    number = alone.hand_in(1, work_s=120)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    (*_, last) = alone.loads[-1].steps
    assert (last.levels, last.planned) == (TOP, False)
    assert all(step.planned for step in alone.loads[-1].steps[:-1])
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 600)
    alone.fly(2)
    (only,) = alone.loads[-1].steps
    assert (only.levels, only.planned) == (TOP, False)


def test_a_job_in_no_plan_keeps_the_boards_from_it():
    alone = Alone().begin()
    alone.hand_in(1, work_s=120)
    alone.hand_in(2, release_utc_s=1_800_000_000 + 10 * 86_400)
    alone.until(lambda: any(alone.board_levels()), 100)
    (*_, last) = alone.loads[-1].steps
    assert (last.levels, last.planned) == ((0, 0), True)


@pytest.mark.parametrize("seen", [{"mode": int(IDLE)}, {"mode_age": 9 * SECOND}, {"ending": True}])
def test_while_the_plan_is_not_followed_nothing_is_told(seen: dict[str, object]):
    alone = Alone().begin()
    number = alone.hand_in(1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    assert alone.loads[-1].steps
    alone.seen |= seen
    alone.fly(1)
    assert alone.loads[-1].steps == ()
    alone.seen |= {"mode": int(COMPUTE), "mode_age": 0, "ending": False}
    alone.fly(120)
    assert alone.loads[-1].steps


def test_behind_a_rung_the_plan_goes_on():
    """How long that lasts the ladder knows, and the forecast knows the ladder."""
    alone = Alone().begin()
    number = alone.hand_in(1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.seen["rung"] = 4
    alone.fly(40)
    told = alone.loads[-1]
    assert told.steps[0].levels == (0, 0)
    assert any(any(step.levels) for step in told.steps[1:] if step.planned)


def test_what_is_not_kept_to_is_told_anew():
    """A job that ends long before its slots are over."""
    alone = Alone().begin()
    number = alone.hand_in(1, work_s=1800)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.lose = lambda request: isinstance(request, MakePlan)
    plans, before = alone.module.status.plans, len(alone.loads)
    told = alone.loads[-1].at(alone.now)
    assert told is not None
    assert sum(told.levels) > 0
    alone.seen["in_anomaly"] = True
    alone.fly(30)
    assert alone.module.status.plans == plans
    assert len(alone.loads) > before
    now = alone.loads[-1].at(alone.now)
    assert now is not None
    assert now.levels == levels(alone) == (0, 0)


def test_an_old_plan_is_no_plan():
    alone = Alone().begin()
    alone.hand_in(1, work_s=9000)
    alone.until(lambda: any(alone.board_levels()), 100)
    alone.lose = lambda request: isinstance(request, MakePlan)
    assert alone.loads[-1].steps
    alone.fly(STALE_SLOTS * SLOT_S + 60)
    assert alone.module.planner.slot(alone.now) < 0
    assert alone.loads[-1].steps == ()


def test_a_new_outlook_tells_once_more():
    """Who posts one may just have been restarted, and know nothing."""
    alone = Alone().begin()
    number = alone.hand_in(1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(5)
    before = len(alone.loads)
    alone.module.outlook.put(outlook())
    alone.fly(1)
    assert len(alone.loads) == before + 1
    alone.fly(10)
    assert len(alone.loads) == before + 1


def test_a_verifier_is_taken_to_go_on():
    alone = Alone().begin()
    number = alone.hand_in(1, work_s=300, redundancy=Redundancy.VERIFY, verifier="main.py")
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    assert all(step.planned for step in alone.loads[-1].steps)  # nobody knows when it is done with
    row = alone.module.desk.book.rows[number]
    alone.until(lambda: row.stage == 3 and row.state is JobStage.RUNNING, 1200)
    alone.fly(5)
    (*_, last) = alone.loads[-1].steps
    assert last.planned
    assert last.levels == levels(alone)
    assert sum(last.levels) > 0


def test_a_late_job_goes_on_for_what_is_left_of_it():
    alone = Alone().begin()
    number = alone.hand_in(1, work_s=600)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    planner, row = alone.module.planner, alone.module.desk.book.rows[number]
    slot = planner.slot(alone.now)
    planner.told[number] = planner.told[number]._replace(finish=slot, slots=frozenset())
    row.progress_milli = 500
    (use,) = [run.use for run in alone.module.crew.runs.values()]
    slots = round(5 * 1000 / use.speed_milli)
    told = alone.module.loads.loads(alone.now, levels(alone), [row], away=False)
    busy = [any(one) for one in foreseen(told, 30) if one != TOP]
    assert abs(len(busy) - slots) <= 1
    assert all(busy)


def test_what_is_commanded_bounds_what_is_told():
    alone = Alone().begin()
    alone.hand_in(1, work_s=1800)
    alone.until(lambda: any(alone.board_levels()), 100)
    before = len(alone.loads)
    alone.module.desk.command((1, 0))
    alone.fly(1)
    assert len(alone.loads) > before
    assert all(step.levels[0] <= 1 and step.levels[1] == 0 for step in alone.loads[-1].steps)


def test_two_jobs_of_one_loop_are_not_put_on_one_board():
    alone = Alone().begin()
    for ident in (1, 2, 3):
        alone.hand_in(ident, work_s=900)
    alone.until(lambda: all(alone.board_levels()), 100)
    first = alone.loads[-1].steps[0]
    assert all(first.levels)
    assert all(step.levels == TOP or max(step.levels) <= 2 for step in alone.loads[-1].steps)


def test_a_mission_without_a_forecast_is_told_nothing():
    module = jobs(LANES, STEPS, STEPS, planned="")
    alone = Alone(module=module).begin()
    number = alone.hand_in(1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    assert alone.loads == []


def test_a_planned_level_that_is_forbidden_by_now_is_a_slower_one():
    alone = Alone().begin()
    number = alone.hand_in(1, work_s=1800)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    planner, row = alone.module.planner, alone.module.desk.book.rows[number]
    planner.told[number] = planner.told[number]._replace(use=1)
    highest = {}
    for caps in (TOP, (1, 1)):
        alone.module.desk.caps = caps
        told = alone.module.loads.loads(alone.now, (0, 0), [row], away=False)
        highest[caps] = max(max(step.levels) for step in told.steps if step.planned)
    assert highest == {TOP: 2, (1, 1): 1}


def test_the_boards_are_free_when_the_last_job_is_done():
    alone = Alone().begin()
    long, short = alone.hand_in(1, work_s=1800), alone.hand_in(2, work_s=120)
    alone.until(lambda: all(alone.board_levels()), 200)
    told, planner = alone.loads[-1], alone.module.planner
    finish = max(planner.told[number].finish for number in (long, short))
    assert finish == planner.told[long].finish > planner.told[short].finish
    (*_, last) = told.steps
    assert (last.from_ns, last.planned) == (planner.first_ns + finish * SLOT_NS, False)
