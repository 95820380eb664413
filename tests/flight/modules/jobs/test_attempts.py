"""How often a job may be begun, and what becomes of it when its runs end badly."""

from __future__ import annotations

import pytest

from flight.declare import SECOND, SaveDocument
from flight.declare.running import ExitReason, Refusal, StartJob
from flight.modules.jobs.stages import TO_RUN, JobStage
from flight.runners.modelled import FaultKind, ModelledFault, ModelledRunner
from tests.flight.modules.jobs.alone import Alone, outlook

CRASH = ModelledFault(8, FaultKind.CRASH, after_ns=60 * SECOND)


def with_fault(fault: ModelledFault) -> Alone:
    """Job 1 is the runner's 8."""
    return Alone(runner=ModelledRunner(0, {}, faults=[fault])).begin()


def over(alone: Alone, number: int) -> tuple[str, str]:
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 6000)
    row = alone.module.desk.book.rows[number]
    return row.ended, row.reason


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_a_job_that_crashes_is_begun_as_often_as_it_may(attempts: int) -> None:
    alone = with_fault(CRASH)
    number = alone.hand_in(attempts=attempts)
    ended, reason = over(alone, number)
    assert (ended, alone.starts(number)) == ("FAILED", attempts)
    assert reason == f"signalled 11, begun {attempts} times"
    assert len(alone.told("failed_run")) == attempts
    (kept,) = alone.ground.results.values()
    assert [run.ended for run in kept.runs] == ["FAILED"] * attempts
    assert all(run.exit_status == -11 for run in kept.runs)


def test_what_a_job_does_to_itself_is_not_tried_again() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=5, work_s=100)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    entry = alone.runner.jobs[8]
    alone.runner._kill(entry, ExitReason.MEMORY, alone.now)
    assert over(alone, number)[0] == "FAILED"
    assert alone.starts(number) == 1


def test_a_silent_job_is_tried_again() -> None:
    alone = with_fault(ModelledFault(8, FaultKind.HANG, after_ns=120 * SECOND))
    number = alone.hand_in(silence_s=30, attempts=2)
    assert over(alone, number) == ("FAILED", "silent 9, begun 2 times")


def test_a_runner_that_died_took_the_job_along() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=2)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(200)
    alone.worker.runner = alone.runner = ModelledRunner(alone.now, alone.ground.checkpoints)
    alone.lose = lambda request: False
    alone.module.crew.everything, alone.module.crew.watching = True, None
    alone.until(lambda: alone.starts(number) == 2, 300)
    assert alone.module.status.refresh is not None
    alone.module.status.refresh()
    assert alone.module.status.runner_restarts == 1
    assert over(alone, number)[0] == "DONE"


@pytest.mark.parametrize(("attempts", "starts", "ended"), [(1, 1, "FAILED"), (3, 2, "DONE")])
def test_a_power_cut_while_it_runs(attempts: int, starts: int, ended: str) -> None:
    """The runner is gone with the power; what is promised once is not done twice."""
    alone = Alone().begin()
    number = alone.hand_in(attempts=attempts)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(200)
    fresh = alone.boot().begin()
    assert over(fresh, number)[0] == ended
    assert alone.starts(number) + fresh.starts(number) == starts
    assert fresh.told("failed_run")[0] == (number, ExitReason.LOST, 0, 1)


def test_a_restart_of_the_executive_finds_its_job_at_work() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    fresh = alone.boot(runner=alone.runner).begin()
    assert fresh.state(number) is JobStage.RUNNING
    assert over(fresh, number)[0] == "DONE"
    assert fresh.starts(number) == 0


def test_an_end_that_nobody_saw_is_seen_by_the_next_life() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.now += 2000 * SECOND  # without an executive
    fresh = alone.boot(runner=alone.runner).begin()
    assert over(fresh, number)[0] == "DONE"
    assert alone.runner.jobs == {}


def test_the_runner_keeps_an_end_until_the_book_says_so() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(5)
    alone.lose = lambda request: isinstance(request, SaveDocument)
    alone.until(lambda: alone.state(number) is JobStage.ENDED, 2000)
    alone.fly(20)
    fresh = alone.boot(runner=alone.runner).begin(outlook(alone.now // (60 * SECOND) * 60 * SECOND))
    assert over(fresh, number)[0] == "DONE"
    assert fresh.starts(number) == 0


def test_an_orphan_of_the_runner_is_killed_and_forgotten() -> None:
    alone = Alone().begin()
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.ground.documents.clear()  # the book is lost
    fresh = alone.boot(runner=alone.runner).begin()
    fresh.until(lambda: not fresh.runner.jobs, 30)
    assert fresh.states() == {}


def test_a_start_whose_answer_is_lost_is_not_given_again() -> None:
    alone = Alone().begin()
    lost: list[object] = []

    def lose(request: object) -> bool:
        if isinstance(request, StartJob) and not lost:
            lost.append(request)
        return request in lost

    alone.lose = lose
    number = alone.hand_in(attempts=1)
    assert over(alone, number) == ("FAILED", "lost, begun 1 times")
    assert alone.starts(number) == 1


def test_a_start_that_was_carried_out_though_its_answer_is_lost() -> None:
    alone = Alone().begin()
    number = alone.hand_in(attempts=1)
    submit = alone.worker.submit

    def swallow(ticket: int, request: object, now: int) -> bool:
        taken = submit(ticket, request, now)
        if isinstance(request, StartJob):
            alone.worker.results.clear()
        return taken

    alone.worker.submit = swallow  # type: ignore[method-assign]
    assert over(alone, number)[0] == "DONE"
    assert alone.starts(number) == 1


def test_a_job_that_cannot_stop_loses_its_work_and_begins_anew() -> None:
    alone = Alone().begin()
    number = alone.hand_in(preemptible=False, resume_s=0, attempts=2)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.fly(100)
    alone.seen["rung"] = 3
    alone.fly(10)
    row = alone.module.desk.book.rows[number]
    assert (row.state in TO_RUN, row.progress_milli, row.begun) == (True, 0, 1)
    alone.seen["rung"] = 0
    assert over(alone, number)[0] == "DONE"


def test_one_that_cannot_stop_and_may_be_begun_once_has_failed() -> None:
    alone = Alone().begin()
    number = alone.hand_in(preemptible=False, resume_s=0, attempts=1)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.seen["rung"] = 4
    assert over(alone, number) == (
        "KILLED",
        "stopped without a checkpoint (safing), and may not be begun again",
    )
    assert alone.starts(number) == 1


def test_a_stuck_job_is_told_once() -> None:
    alone = with_fault(ModelledFault(8, FaultKind.STUCK))
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.seen["rung"] = 4
    alone.fly(300)
    assert alone.told("stuck") == [(number,)]
    assert alone.state(number) is JobStage.STOPPING


@pytest.mark.parametrize(
    ("refusal", "waits"),
    [
        (Refusal.TOO_MANY_JOBS, True),
        (Refusal.UNREACHABLE, True),
        (Refusal.INVALID, False),
        (Refusal.RUNTIME, False),
    ],
)
def test_a_runner_that_has_no_room_is_asked_later_and_one_that_cannot_is_not(refusal, waits) -> None:
    alone = Alone().begin()
    start = alone.runner.start
    alone.runner.start = lambda *_: refusal  # type: ignore[method-assign]
    number = alone.hand_in(attempts=1, work_s=60)
    alone.until(lambda: alone.starts(number) == 1, 200)
    alone.fly(2)
    row = alone.module.desk.book.rows[number]
    assert (row.state in TO_RUN, row.begun) == (waits, 0)
    alone.runner.start = start  # type: ignore[method-assign]
    ended, reason = over(alone, number)
    word = refusal.name.lower().replace("_", " ")
    assert (ended, reason) == (("DONE", "") if waits else ("FAILED", f"the runner refuses it: {word}"))


def test_a_job_that_waits_for_its_one_start_is_not_failed_by_a_reboot() -> None:
    alone = Alone().begin()
    alone.boards = False
    number = alone.hand_in(attempts=1, work_s=60)
    alone.fly(70)
    fresh = alone.boot().begin(outlook(alone.now // (60 * SECOND) * 60 * SECOND))
    assert over(fresh, number) == ("DONE", "")
