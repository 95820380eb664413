"""Packages in: what is refused, and with which words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from flight.declare import DONE, Call, Outbox, Refused, SaveDocument
from flight.declare.shelving import DropJob, TakePackage
from flight.jobs import Level
from flight.modules.jobs.book import JOBS_MAX
from flight.modules.jobs.row import Row
from flight.modules.jobs.stages import JobStage
from flight.planning import Binding, MakePlan, Plan, Planned, PlanRecord, read_record, record_octets
from tests.flight.modules.jobs.alone import SLOT_S, UTC_0_S, Alone, Keep, brief, outlook


def refusal(alone: Alone, ident: int = 1) -> str:
    outcome = alone.finished[ident]
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


def test_taken_is_told_with_its_name_and_serial() -> None:
    alone = Alone().begin()
    number = alone.hand_in(serial=77)
    assert alone.told("taken") == [(number, 77, b"acme/demo")]
    assert alone.state(number) is JobStage.PLANNED


def test_what_the_files_worker_refuses_is_refused_with_its_words() -> None:
    alone = Alone().begin()
    alone.ground.refusing = "the signature is not that of acme"
    alone.try_in()
    assert refusal(alone) == "the signature is not that of acme"
    assert alone.told("refused") == [
        (
            1,
            b"jobs/1.job: the signature is not that of acme",
        )
    ]
    assert alone.states() == {}


def test_a_job_that_cannot_come_down_in_time_is_refused_with_the_pass() -> None:
    alone = Alone().begin()
    alone.try_in(output_octets=11_000_000, deadline_utc_s=UTC_0_S + 60 * SLOT_S, work_s=600)
    assert alone.finished[1] == DONE  # two passes carry it
    alone.try_in(2, output_octets=900_000_000, deadline_utc_s=UTC_0_S + 60 * SLOT_S)
    assert refusal(alone, 2).startswith("misses its deadline: downlink volume of pass ")
    alone.fly(2)
    assert any(isinstance(one, DropJob) for one in alone.asked)
    assert alone.told("refused")[0][1].startswith(b"jobs/2.job: misses its deadline")  # type: ignore[attr-defined]


def test_too_little_time_is_said() -> None:
    alone = Alone().begin()
    alone.try_in(deadline_utc_s=UTC_0_S + 5 * SLOT_S)
    assert refusal(alone) == "misses its deadline: too little time before the deadline"


def test_too_little_energy_is_said() -> None:
    alone = Alone().begin(outlook(nominal_harvest_w=(20.0,) * 200, harvest_w=(20.0,) * 200))
    alone.seen["planning_energy_wh"] = 150.0
    alone.try_in(deadline_utc_s=UTC_0_S + 100 * SLOT_S)
    assert refusal(alone) == "misses its deadline: energy"


def test_a_job_without_a_deadline_waits_for_better_times() -> None:
    alone = Alone().begin(outlook(nominal_harvest_w=(20.0,) * 200, harvest_w=(20.0,) * 200))
    alone.seen["planning_energy_wh"] = 150.0
    number = alone.hand_in(levels=(Level(20.0, 1000),), work_s=6000)
    assert alone.state(number) is JobStage.WAITING


def test_more_watts_than_a_board_has() -> None:
    alone = Alone().begin()
    alone.try_in(levels=(Level(40.0, 1000),))
    assert refusal(alone) == "draws 40 W at least, a board gives 25 W"


def test_more_memory_than_there_is() -> None:
    alone = Alone().begin()
    told = alone.ground
    alone.try_in(resources=replace(brief().resources, memory_mb=9000))
    assert refusal(alone) == "needs 9000 MB of memory, there are 4096 MB"
    assert told.taken == {}


def test_the_same_package_twice() -> None:
    alone = Alone().begin()
    number = alone.hand_in(serial=5)
    alone.try_in(2, serial=5)
    assert refusal(alone, 2) == f"it is on board as job {number}"


def test_a_full_book() -> None:
    alone = Alone().begin()
    for number in range(1000, 1000 + JOBS_MAX):
        alone.module.desk.book.add(Row(number, "x"))
    alone.try_in()
    assert refusal(alone) == f"jobs/1.job: {JOBS_MAX} jobs are on board"


@pytest.mark.parametrize("name", [b"../x", b"", b"/etc/passwd"])
def test_names_that_are_none(name: bytes) -> None:
    alone = Alone().begin()
    outcome = alone.module.take(Call(alone.now, 1), Outbox(), name)
    assert outcome == Refused("file name not allowed")


def test_without_a_plan_a_job_stays() -> None:
    alone = Alone().begin()
    alone.lose = lambda request: isinstance(request, MakePlan)
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 300)  # the greedy rule
    assert alone.told("no_plan")
    assert alone.module.dispatch.greedy


def test_without_an_outlook_a_job_is_taken_and_waits() -> None:
    alone = Alone().fly(2)
    number = alone.hand_in()
    alone.fly(300)
    assert alone.starts(number) == 0
    alone.begin()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)


def test_while_energy_is_not_known_a_job_is_taken_and_waits() -> None:
    alone = Alone().begin()
    alone.seen["planning_energy_wh"] = float("nan")
    number = alone.hand_in()
    assert alone.state(number) is JobStage.WAITING
    alone.fly(200)
    assert alone.starts(number) == 0


def test_a_files_worker_that_does_not_answer() -> None:
    alone = Alone().begin()
    alone.lose = lambda request: isinstance(request, TakePackage)
    alone.try_in()
    assert refusal(alone) == "the files worker does not answer"
    assert sum(isinstance(one, TakePackage) for one in alone.asked) == 3


def test_the_number_is_in_the_book_before_the_package_is_taken() -> None:
    alone = Alone().begin()
    alone.ground.packages["a.job"] = brief()
    alone.lose = lambda request: isinstance(request, SaveDocument)
    alone.module.take(Call(alone.now, 1), alone.out, b"a.job")
    alone.fly(20)
    assert not any(isinstance(one, TakePackage) for one in alone.asked)
    alone.lose = lambda request: False
    alone.fly(20)
    assert any(isinstance(one, TakePackage) for one in alone.asked)


def test_cancel_of_a_waiting_and_of_a_running_job() -> None:
    alone = Alone().begin()
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.module.cancel(Call(alone.now, 9), alone.out, number)
    alone._perform()
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 20)
    assert alone.finished[9] == DONE
    (kept,) = alone.ground.results.values()
    assert (kept.ended, kept.reason) == ("KILLED", "cancelled")
    assert alone.told("cancelled") == [(number,)]
    again = alone.module.cancel(Call(alone.now, 10), alone.out, number)
    assert again == Refused(f"job {number} has ended")
    assert alone.module.cancel(Call(alone.now, 11), alone.out, 999) == Refused("there is no job 999")


def unplanned_for(alone: Alone, binding: Binding) -> Callable[[object], object]:
    """Answers as `alone` does, but each plan leaves every job out, and says that this is why."""
    answer = alone.answer

    def answered(request: object) -> object:
        made = answer(request)
        if not isinstance(made, Planned):
            return made
        record = read_record(made.record)
        assert isinstance(record, PlanRecord)
        assert isinstance(record.plan, Plan)
        decisions = tuple(
            replace(one, planned=False, first=-1, finish=-1, binding=binding) for one in record.plan.decisions
        )
        plan = replace(record.plan, placements=(), decisions=decisions)
        return Planned(record_octets(replace(record, plan=plan)))

    return answered


@pytest.mark.parametrize(("binding", "stays"), [(Binding.WORTH, True), (Binding.LANES, False)])
def test_a_job_that_others_are_worth_more_than_stays(binding, stays) -> None:
    """They may end early, or fail; what no plan could do is refused."""
    alone = Alone().begin()
    alone.answer = unplanned_for(alone, binding)  # type: ignore[method-assign, assignment]
    alone.try_in(deadline_utc_s=UTC_0_S + 60 * SLOT_S)
    assert (alone.finished[1] == DONE) is stays


def test_a_package_that_is_being_taken_is_not_taken_again() -> None:
    alone = Alone().begin()
    alone.lose = lambda request: isinstance(request, TakePackage)
    alone.ground.packages["a.job"] = brief()
    alone.module.take(Call(alone.now, 1), alone.out, b"a.job")
    again = alone.module.take(Call(alone.now, 2), alone.out, b"a.job")
    assert again == Refused("a.job: it is being taken")
    assert len(alone.states()) == 1


def test_no_number_is_given_out_before_the_disk_has_it() -> None:
    """Or a power cut would give it out again, to another job."""
    alone = Alone()
    alone.lose = lambda request: isinstance(request, Keep)
    alone.fly(3)
    refused = alone.module.take(Call(alone.now, 1), alone.out, b"a.job")
    assert refused == Refused("a.job: no number is at hand, try again in a minute")
    alone.lose = lambda request: False
    alone.begin()
    given = [alone.hand_in(ident) for ident in range(1, 13)]
    assert len(set(given)) == len(given)
    assert max(given) < alone.module.desk.saver.reserved
