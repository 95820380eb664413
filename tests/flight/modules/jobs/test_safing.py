"""Safing always wins: what the ladder, the mode, the board and the anomaly do to running jobs."""

from __future__ import annotations

import pytest

from flight.declare import COMPUTE, IDLE, SAFE, SECOND
from flight.declare.running import SteerJob, Verb
from flight.modules.jobs.stages import TO_RUN, JobStage, Why
from flight.planning import MakePlan
from tests.flight.modules.jobs.alone import Alone, outlook


def running(alone: Alone, **changes: object) -> int:
    number = alone.hand_in(1, **changes)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(5)
    alone.asked.clear()
    alone.events.clear()
    return number


def verbs(alone: Alone) -> list[Verb]:
    return [Verb(one.verb) for one in alone.asked if isinstance(one, SteerJob)]


@pytest.mark.parametrize("change", [{"rung": 4}, {"rung": 6}, {"mode": int(IDLE)}, {"mode": int(SAFE)}])
def test_a_high_rung_or_another_mode_freezes_in_the_same_second_and_kills_after_the_checkpoint_time(
    change: dict[str, object],
) -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.seen |= change
    alone.fly(1)
    assert verbs(alone) == [Verb.FREEZE]
    alone.fly(18)
    assert alone.state(number) is JobStage.FROZEN
    alone.fly(8)
    assert Verb.KILL in verbs(alone)
    assert alone.state(number) in TO_RUN
    ((_, why, _, _),) = alone.told("halted")
    assert why is Why.SAFING
    assert alone.starts(number) == 0


def test_rung_three_leaves_time_for_a_checkpoint_and_ordered_ends_cost_no_attempt() -> None:
    alone = Alone().begin()
    number = running(alone)
    begun = alone.module.desk.book.rows[number].begun
    alone.seen["rung"] = 3
    alone.fly(1)
    assert verbs(alone) == [Verb.STOP]
    alone.fly(5)
    row = alone.module.desk.book.rows[number]
    assert (row.state in TO_RUN, row.continues, row.begun) == (True, True, begun)
    alone.seen["rung"] = 0
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    assert row.begun == begun
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 1500)


def test_slots_that_passed_in_another_mode_are_planned_anew_when_work_may_go_on() -> None:
    """A job whose slots were all in that time would wait for the next plan, which is 20 slots away."""
    alone = Alone()
    alone.seen["mode"] = int(IDLE)
    alone.begin()
    number = alone.hand_in(1, work_s=30)
    alone.fly(180)
    assert alone.state(number) is JobStage.PLANNED
    alone.seen["mode"] = int(COMPUTE)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 90)


def test_a_plan_that_comes_at_the_end_of_its_slot_is_not_waited_out() -> None:
    alone = Alone().begin()
    alone.fly(60 - alone.now // SECOND % 60 - 8)  # too late to begin anything in this slot
    number = alone.hand_in(1, work_s=30)
    assert alone.now // SECOND % 60 > 40
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 90)


@pytest.mark.parametrize("word", ["ending", "shutting_down"])
def test_at_the_end_of_flight_jobs_are_asked_to_stop_and_none_is_begun(word: str) -> None:
    alone = Alone().begin()
    number = running(alone)
    begun = alone.module.desk.book.rows[number].begun
    alone.seen[word] = True
    alone.fly(1)
    assert verbs(alone) == [Verb.STOP]
    alone.fly(5)
    row = alone.module.desk.book.rows[number]
    assert (row.state in TO_RUN, row.continues, row.begun) == (True, True, begun)
    ((_, why, _, _),) = alone.told("halted")
    assert why is Why.END
    assert alone.runner.inventory(alone.now).entries == (), "forgotten, since the book says so"
    alone.fly(200)
    assert alone.starts(number) == 0
    alone.seen[word] = False  # the power did not go
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)


@pytest.mark.parametrize(("resume_s", "most_s"), [(0, 5), (12, 12), (40, 20)])
def test_a_last_checkpoint_may_take_as_long_as_a_stop_costs_by_the_manifest(
    resume_s: int, most_s: int
) -> None:
    alone = Alone().begin()
    running(alone, resume_s=resume_s)
    alone.seen["ending"] = True
    alone.fly(1)
    (order,) = (one for one in alone.asked if isinstance(one, SteerJob))
    assert (order.verb, order.amount) == (Verb.STOP, most_s * SECOND)


def test_a_runner_that_ends_its_jobs_by_itself_costs_an_attempt_and_no_job() -> None:
    """Somebody has ended the runner's process: nothing that the job did."""
    alone = Alone().begin()
    number = running(alone, attempts=2)
    (entry,) = alone.runner.inventory(alone.now).entries
    alone.runner.kill(entry.job, alone.now)
    alone.fly(5)
    row = alone.module.desk.book.rows[number]
    assert (row.state in (*TO_RUN, JobStage.STARTING, JobStage.RUNNING), row.ended) == (True, "")
    alone.until(lambda: row.begun == 2, 200)


def test_a_hold_that_ends_in_time_is_thawed() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.seen["rung"] = 4
    alone.fly(5)
    alone.seen["rung"] = 2
    alone.fly(5)
    assert alone.state(number) is JobStage.RUNNING
    assert verbs(alone) == [Verb.FREEZE, Verb.THAW]


@pytest.mark.parametrize("age", ["mode_age", "rung_age"])
def test_a_silent_ladder_is_no_leave_to_work(age: str) -> None:
    alone = Alone().begin()
    running(alone)
    alone.seen[age] = 4 * SECOND
    alone.fly(1)
    assert verbs(alone) == [Verb.FREEZE]


def test_nothing_starts_while_the_ladder_says_no() -> None:
    alone = Alone().begin()
    alone.seen["rung"] = 3
    number = alone.hand_in()
    alone.fly(200)
    assert alone.starts(number) == 0
    alone.seen["rung"] = 0
    alone.until(lambda: alone.starts(number) == 1, 10)


def test_a_job_that_may_not_run_in_the_anomaly_has_its_checkpoint_before_it() -> None:
    anomaly = tuple(8 <= slot < 14 for slot in range(200))
    alone = Alone().begin(outlook(anomaly=anomaly))
    number = running(alone, work_s=1200)
    alone.until(lambda: alone.now >= 8 * 60 * SECOND - 2 * SECOND)
    assert alone.state(number) is not JobStage.RUNNING
    assert [one[1] for one in alone.told("halted")] in ([Why.ANOMALY], [Why.PLAN])
    while alone.now < 14 * 60 * SECOND:
        alone.fly()
        assert alone.state(number) in TO_RUN
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 2500)


@pytest.mark.parametrize("why", [Why.ANOMALY, Why.QUIET])
def test_without_a_plan_too_a_checkpoint_comes_before_what_bars(why: Why) -> None:
    bars = {8, 9}
    told = (
        outlook(anomaly=tuple(slot in bars for slot in range(200)))
        if why is Why.ANOMALY
        else outlook(quiet=frozenset(bars))
    )
    alone = Alone().begin(told)
    alone.lose = lambda request: isinstance(request, MakePlan)
    number = running(alone, work_s=1200)
    assert alone.module.dispatch.greedy
    alone.until(lambda: alone.now >= 8 * 60 * SECOND - 2 * SECOND)
    assert alone.state(number) in TO_RUN
    assert [one[1] for one in alone.told("halted")] == [why]


def test_a_level_rises_only_a_thermal_time_constant_after_its_last_change() -> None:
    alone = Alone().begin()
    number = running(alone, work_s=3000)
    run, uses = alone.module.crew.runs[number], alone.module.desk.uses(alone.module.desk.book.rows[number])
    steady_ns, now = alone.module.desk.steady_ns(), alone.now
    assert steady_ns == pytest.approx(20 * 60 * SECOND)
    run.use, run.level_at = uses[1], now
    run.change(uses[0], now + SECOND, steady_ns)
    assert run.use == uses[0]
    run.change(uses[1], now + steady_ns, steady_ns)
    assert run.use == uses[0]
    run.change(uses[1], now + SECOND + steady_ns, steady_ns)
    assert run.use == uses[1]


def test_a_quiet_window_is_kept_quiet() -> None:
    alone = Alone().begin(outlook(quiet=frozenset({6, 7})))
    number = running(alone, work_s=1200, anomaly_allowed=True)
    alone.until(lambda: alone.now >= 6 * 60 * SECOND - 2 * SECOND)
    while alone.now < 8 * 60 * SECOND:
        assert alone.state(number) is not JobStage.RUNNING
        alone.fly()


def test_in_the_anomaly_against_the_forecast_it_is_stopped_at_once() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.seen["in_anomaly"] = True
    alone.fly(1)
    assert verbs(alone) == [Verb.STOP]
    alone.fly(100)
    assert alone.state(number) in TO_RUN
    alone.seen["in_anomaly"] = False
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)


def test_a_board_without_supply_holds_its_job() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.boards = False
    alone.seen["levels"] = (0, 0)
    alone.fly(6)
    assert verbs(alone)[0] is Verb.FREEZE
    alone.seen["levels"] = (2, 2)
    alone.fly(4)
    assert alone.state(number) is JobStage.RUNNING


def test_a_job_starts_only_on_a_board_that_has_supply() -> None:
    alone = Alone().begin()
    alone.boards = False
    number = alone.hand_in()
    alone.fly(150)
    assert alone.starts(number) == 0
    assert max(alone.board_levels()) > 0
    alone.seen["levels"] = (2, 2)
    alone.fly(3)
    assert alone.starts(number) == 1


def test_without_energy_the_guard_stops_what_runs() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.seen["planning_energy_wh"] = 139.0
    alone.fly(6)
    assert Verb.STOP in verbs(alone)
    alone.fly(10)
    ((_, why, _, _),) = alone.told("halted")
    assert why is Why.GUARD
    assert alone.state(number) in TO_RUN
    alone.fly(300)
    assert alone.starts(number) == 0


def test_what_is_not_known_admits_nothing() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.seen["planning_loop_1_c"] = float("nan")
    alone.fly(30)
    assert alone.state(number) in TO_RUN


def test_an_outlook_that_has_run_out_admits_nothing() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.begin(outlook(-198 * 60 * SECOND))
    alone.fly(120)
    assert alone.state(number) in TO_RUN
    alone.fly(300)
    assert alone.starts(number) == 0
    assert verbs(alone) == [Verb.STOP, Verb.FORGET]


def test_the_mode_of_the_tests_is_the_one_that_works() -> None:
    assert Alone().seen["mode"] == COMPUTE


def test_a_lying_job_is_slowed_and_then_stopped_for_good() -> None:
    alone = Alone().begin()
    number = running(alone, deadline_utc_s=0)
    lane = alone.module.crew.runs[number].lane
    alone.seen["amps_a" if lane == 0 else "amps_b"] = 1.0  # 30 W
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 300)
    (told, *_) = alone.told("lies")
    assert told[:2] == (number, lane)
    row = alone.module.desk.book.rows[number]
    assert (row.ended, "drew much more" in row.reason) == ("KILLED", True)


def test_a_board_a_little_above_its_level_is_no_lie() -> None:
    alone = Alone().begin()
    number = running(alone)
    run = alone.module.crew.runs[number]
    watts = alone.module.desk.lanes[0].watts[run.use.board_level]
    alone.seen["amps_a" if run.lane == 0 else "amps_b"] = 1.1 * watts / 30.0
    alone.fly(100)
    assert not alone.told("lies")


def test_a_board_that_is_dark_for_two_readings_holds_nothing() -> None:
    alone = Alone().begin()
    number = running(alone)
    alone.boards = False
    alone.seen["levels"] = (0, 0)
    alone.fly(3)
    alone.seen["levels"] = (2, 2)
    alone.fly(20)
    assert verbs(alone) == []
    assert alone.state(number) is JobStage.RUNNING


def test_nothing_is_begun_in_the_last_seconds_of_a_slot() -> None:
    """The next one might stop it before it has done anything: it has its checkpoint time at least."""
    alone = Alone().begin()
    alone.until(lambda: alone.now % (60 * SECOND) == 42 * SECOND)
    number = alone.hand_in()
    alone.until(lambda: alone.now % (60 * SECOND) == 59 * SECOND)
    assert (alone.starts(number), alone.state(number)) == (0, JobStage.PLANNED)
    alone.fly(5)
    assert alone.starts(number) == 1
