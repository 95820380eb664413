"""The life of a job, from its package to its delivery."""

from __future__ import annotations

from flight.modules.jobs.stages import JobStage
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
