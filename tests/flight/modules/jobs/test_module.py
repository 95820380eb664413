"""The life of a job, from its package to its delivery."""

from __future__ import annotations

import math
from functools import partial

import pytest

from flight.declare import DONE, Call, Failed, Refused
from flight.declare.filing import RemoveFile
from flight.declare.shelving import KeepResult
from flight.modules.jobs.book import DELIVERED_MAX
from flight.modules.jobs.stages import Bound, JobStage
from tests.flight.modules.jobs.alone import Alone


def test_a_job_runs_and_its_result_is_delivered() -> None:
    alone = Alone().begin()
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 1500)
    assert not alone.ground.sent
    alone.seen["carrier"] = True
    alone.until(lambda: alone.state(number) is JobStage.SENDING, 5)
    (file,) = alone.ground.results
    alone.arrive(file)
    alone.fly(2)
    assert alone.state(number) is JobStage.DELIVERED
    assert alone.told("delivered") == [(number,)]
    assert alone.ground.taken == {}
    assert alone.board_levels() == [255, 255]


def test_rows_are_told_in_turn_and_not_at_all_without_a_job() -> None:
    alone = Alone().begin()
    assert alone.module.row.silent
    numbers = [alone.hand_in(ident) for ident in (1, 2, 3)]
    assert not alone.module.row.silent
    refresh = alone.module.row.refresh
    assert refresh is not None
    told = []
    for _ in range(7):
        refresh()
        told.append(alone.module.row.job)
    first = numbers.index(told[0])
    assert told == [numbers[(first + place) % 3] for place in range(7)]


def test_a_row_and_the_status_say_what_the_job_is_doing() -> None:
    alone = Alone().begin()
    number = alone.hand_in(value=77)
    row, status = alone.module.row, alone.module.status
    assert row.refresh is not None
    assert status.refresh is not None
    row.refresh()
    assert (row.job, row.state, row.board, row.value) == (number, JobStage.PLANNED, 255, 77)
    assert row.finish_s > row.first_s >= 0
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(100)
    row.refresh()
    status.refresh()
    assert (row.state, row.attempts, row.runs, row.stage) == (JobStage.RUNNING, 1, 0, 0)
    assert row.board in (0, 1)
    assert row.progress_milli > 0
    assert row.energy_j > 100
    assert (status.jobs, status.running, status.results, status.greedy) == (1, 1, 0, False)
    assert status.plan_value == 77
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 2500)
    row.refresh()
    status.refresh()
    assert (row.state, row.runs, row.octets) == (JobStage.RESULT, 1, 1000)
    assert (status.jobs, status.results, status.result_octets) == (0, 1, 1000)


def test_results_go_down_by_value_and_deadline_two_at_a_time() -> None:
    alone = Alone().begin()
    utc = 1_800_000_000
    wanted = [(1, 5, 0), (2, 9, 0), (3, 5, utc + 50_000), (4, 7, 0)]
    for ident, value, deadline in wanted:
        alone.hand_in(ident, value=value, deadline_utc_s=deadline, work_s=30)
    alone.until(lambda: len(alone.ground.results) == 4, 3000)
    alone.seen["carrier"] = True
    alone.fly(3)
    files = [f"results/acme-demo-{ident}.result" for ident in (2, 4, 3, 1)]
    assert alone.ground.sent == files[:2]
    alone.arrive(files[0])
    alone.fly(2)
    assert alone.ground.sent == files[:3]
    alone.arrive(files[1], "FAILED")
    alone.fly(2)
    assert alone.ground.sent == files
    alone.fly(40)
    assert alone.ground.sent == files  # two are under way
    alone.arrive(files[2])
    alone.fly(40)
    assert alone.ground.sent == [*files, files[1]]


def sent(alone: Alone, file: str) -> bool:
    return file in alone.ground.sent


def test_a_delivered_result_is_sent_once_more_on_command_and_old_ones_go() -> None:
    alone = Alone().begin()
    alone.seen["carrier"] = True
    for ident in range(1, DELIVERED_MAX + 3):
        alone.hand_in(ident, work_s=10)
        file = f"results/acme-demo-{ident}.result"
        alone.until(partial(sent, alone, file), 400)
        alone.arrive(file)
        alone.fly(2)
    rows = list(alone.module.desk.book)
    assert len(rows) == DELIVERED_MAX
    removed = [one.name for one in alone.asked if isinstance(one, RemoveFile)]
    assert removed == ["results/acme-demo-1.result", "results/acme-demo-2.result"]
    again = rows[3]
    assert alone.module.send(Call(alone.now, 99), alone.out, again.number) == DONE
    alone.fly(3)
    assert alone.ground.sent[-1] == again.result
    assert alone.module.send(Call(alone.now, 99), alone.out, 1) == Refused("there is no result of job 1")


def test_a_result_that_cannot_be_written_is_lost_after_some_tries() -> None:
    alone = Alone().begin()
    number = alone.hand_in(work_s=10)
    shelved = alone.ground.shelved
    alone.ground.shelved = lambda request: (  # type: ignore[method-assign]
        Failed("no space") if isinstance(request, KeepResult) else shelved(request)
    )
    alone.until(lambda: alone.state(number) is None, 1000)
    assert alone.told("lost") == [(number, b"no space")]
    assert sum(isinstance(one, KeepResult) for one in alone.asked) == 5
    alone.fly(2)
    assert alone.ground.taken == {}


def test_the_newest_plan_is_kept_and_goes_down_once_a_pass_when_nothing_else_waits() -> None:
    alone = Alone().begin()
    alone.hand_in(work_s=600)
    assert alone.ground.plans
    alone.seen["carrier"] = True
    alone.fly(30)
    assert alone.ground.sent == [alone.ground.plans[0]]
    alone.fly(300)
    assert len(alone.ground.sent) == 1
    alone.seen["carrier"] = False
    alone.until(lambda: bool(alone.ground.results), 3000)
    alone.seen["carrier"] = True
    alone.fly(3)
    assert alone.ground.sent[1] == "results/acme-demo-1.result"
    alone.arrive(alone.ground.sent[1])
    alone.fly(3)
    assert alone.ground.sent[2] == alone.ground.plans[-1]


def test_commands_that_have_nothing_to_do() -> None:
    alone = Alone()
    assert alone.module.plan(Call(0, 1), alone.out) == Refused("nothing is known of the hours to come")
    alone.begin()
    assert alone.module.plan(Call(0, 1), alone.out) == Refused("there is nothing to plan")
    alone.hand_in()
    plans = len(alone.ground.plans)
    assert alone.module.plan(Call(0, 1), alone.out) == DONE
    alone.fly(3)
    assert len(alone.ground.plans) == plans + 1


@pytest.mark.parametrize(
    ("unknown", "bound"),
    [("planning_energy_wh", Bound.ENERGY), ("planning_loop_1_c", Bound.TEMPERATURE)],
)
def test_while_something_is_not_measured_there_is_no_plan_and_a_job_says_for_what_it_waits(
    unknown: str, bound: Bound
) -> None:
    alone = Alone().begin()
    known = alone.seen[unknown]
    alone.seen[unknown] = math.nan
    number = alone.hand_in()
    alone.fly(60)
    alone.module._tell(alone.module.desk.book.rows[number])
    assert (alone.state(number), alone.module.row.binding) == (JobStage.WAITING, bound)
    alone.seen[unknown] = known
    alone.fly(60)
    alone.module._tell(alone.module.desk.book.rows[number])
    assert (alone.state(number), alone.module.row.binding) == (JobStage.RUNNING, Bound.NONE)
