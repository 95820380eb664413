"""Copies and verifiers: stages of one job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flight.declare.running import StartJob
from flight.declare.shelving import VERIFIER, CompareCopies, KeepResult
from flight.jobs import Redundancy
from flight.modules.jobs.stages import JobStage
from flight.runners.modelled import FaultKind, ModelledFault, ModelledRunner
from tests.flight.modules.jobs.alone import Alone


def flown(
    redundancy: Redundancy, agreeing: Callable[[CompareCopies], tuple[int, ...]]
) -> tuple[Alone, KeepResult]:
    alone = Alone().begin()
    alone.ground.agreeing = agreeing
    verifier = "main.py" if redundancy is Redundancy.VERIFY else ""
    number = alone.hand_in(redundancy=redundancy, verifier=verifier, work_s=120)
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 6000)
    (kept,) = alone.ground.results.values()
    return alone, kept


def stages(alone: Alone) -> list[int]:
    return [one.stage for one in alone.asked if isinstance(one, StartJob)]


def test_two_copies_that_agree() -> None:
    alone, kept = flown(Redundancy.DUPLICATE, lambda asked: asked.stages)
    assert stages(alone) == [0, 1]
    assert (kept.ended, kept.stage, kept.checks) == ("DONE", 0, (("duplicate", True),))
    assert [run.stage for run in kept.runs] == [0, 1]


def test_two_copies_that_differ() -> None:
    alone, kept = flown(Redundancy.DUPLICATE, lambda _: ())
    assert stages(alone) == [0, 1]
    assert (kept.ended, kept.checks) == ("FAILED", (("duplicate", False),))
    assert kept.reason == "no two copies made the same outputs"


@pytest.mark.parametrize(
    ("third", "ended", "stage"), [((1, 2), "DONE", 1), ((0, 2), "DONE", 0), ((), "FAILED", 0)]
)
def test_a_vote(third: tuple[int, ...], ended: str, stage: int) -> None:
    alone, kept = flown(Redundancy.VOTE, lambda asked: third if len(asked.stages) == 3 else ())
    assert stages(alone) == [0, 1, 2]
    assert (kept.ended, kept.stage, kept.checks) == (ended, stage, (("vote", ended == "DONE"),))


def test_a_vote_of_two_needs_no_third() -> None:
    alone, kept = flown(Redundancy.VOTE, lambda asked: asked.stages)
    assert stages(alone) == [0, 1]
    assert kept.checks == (("vote", True),)


def test_a_verifier_that_says_yes() -> None:
    alone, kept = flown(Redundancy.VERIFY, lambda _: ())
    assert stages(alone) == [0, VERIFIER]
    assert (kept.ended, kept.stage, kept.checks) == ("DONE", 0, (("verify", True),))


def test_each_copy_has_its_attempts() -> None:
    runner = ModelledRunner(0, {}, faults=[ModelledFault(9, FaultKind.CRASH)])
    alone = Alone(runner=runner).begin()
    number = alone.hand_in(redundancy=Redundancy.DUPLICATE, work_s=120, attempts=2)
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 6000)
    assert stages(alone) == [0, 1, 1]
    assert alone.module.desk.book.rows[number].ended == "FAILED"
