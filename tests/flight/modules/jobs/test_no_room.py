"""A full file store costs no result: it waits until something has gone down."""

from __future__ import annotations

from flight.declare import SaveDocument
from flight.declare.shelving import KeepResult, NoRoom
from flight.modules.jobs.stages import JobStage
from tests.flight.modules.jobs.alone import Alone


def test_a_result_waits_for_room_as_long_as_it_takes() -> None:
    alone = Alone().begin()
    shelved, full = alone.ground.shelved, True

    def answered(request: object) -> object | None:
        return NoRoom("quota") if full and isinstance(request, KeepResult) else shelved(request)

    alone.ground.shelved = answered  # type: ignore[method-assign]
    number = alone.hand_in(work_s=60)
    alone.until(lambda: alone.state(number) is JobStage.ENDED, 3000)
    alone.fly(1000)
    assert alone.state(number) is JobStage.ENDED
    asked = sum(isinstance(one, KeepResult) for one in alone.asked)
    assert 20 < asked < 50
    assert alone.told("lost") == []
    full = False
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 60)


def test_a_result_is_made_when_the_book_says_how_the_job_ended_and_not_before() -> None:
    alone = Alone().begin()
    number = alone.hand_in(work_s=60)
    alone.until(lambda: alone.state(number) is JobStage.RUNNING, 200)
    alone.lose = lambda request: isinstance(request, SaveDocument)
    alone.until(lambda: alone.state(number) is JobStage.ENDED, 300)
    alone.fly(20)
    assert not any(isinstance(one, KeepResult) for one in alone.asked)
    alone.lose = lambda request: False
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 60)
