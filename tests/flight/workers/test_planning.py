"""The planning worker: what it answers, and that nothing it is given makes it raise.  Its process, once."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare import Commit, Failed
from flight.planning import (
    PLANNING_REQUESTS,
    Ahead,
    LookAhead,
    MakePlan,
    Planned,
    PlanRecord,
    Site,
    planned,
    read_record,
    record_octets,
)
from flight.ports import Worker
from flight.workers.planning import PlanningWorker
from flight.workers.process import CountlessProcess
from flight.workers.routing import Workers
from sim.orbsched import Size, generate
from sim.orbsched.closed_loop import whole_problem
from sim.scenario import load_scenario

NS = 1_000_000_000
TOLD = load_scenario("reference")
LOOK = LookAhead(
    0,
    int(TOLD.epoch.timestamp()) * NS,
    60,
    120,
    TOLD.line1,
    TOLD.line2,
    (Site(78.23, 15.41, 501.3, 5.0, 9_000),),
)


def asked() -> PlanRecord:
    return PlanRecord(
        whole_problem(generate("mixed", 3, Size(orbits=1, jobs=6, work_slots=(2, 5)))), 5_000, 3
    )


def test_it_looks_ahead_and_plans():
    worker = PlanningWorker()
    ahead = worker.perform(LOOK)
    assert isinstance(ahead, Ahead)
    assert ahead.passes
    made = worker.perform(MakePlan(record_octets(asked())))
    assert isinstance(made, Planned)
    assert read_record(made.record) == planned(asked())


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (LOOK._replace(line2=""), "line 2: 0 characters instead of 69"),
        (
            MakePlan(b"nothing"),
            "plan record: 7 octets of something else; expected a record of one planning, a file of plans/",
        ),
        (Commit(), "not a request to planning: Commit"),
        (None, "not a request to planning: NoneType"),
    ],
)
def test_what_it_cannot_do_fails_in_one_line(request_: object, why: str):
    assert PlanningWorker().perform(request_) == Failed(why)


class Port(Worker):
    """Takes everything."""

    def __init__(self) -> None:
        self.taken: list[object] = []

    def submit(self, ticket: int, request: object, now: int) -> bool:
        self.taken.append(request)
        return True

    def poll(self, now: int) -> list[tuple[int, object]]:
        return [(number, request) for number, request in enumerate(self.taken)]

    def due(self, now: int) -> int:
        return now


def test_each_request_goes_to_its_worker():
    storage, planning = Port(), Port()
    port = Workers(storage, (PLANNING_REQUESTS, planning))
    for ticket, request in enumerate((LOOK, Commit(), MakePlan(b""))):
        assert port.submit(ticket, request, 0)
    assert planning.taken == [LOOK, MakePlan(b"")]
    assert storage.taken == [Commit()]
    assert [result for _, result in port.poll(0)] == [Commit(), LOOK, MakePlan(b"")]


@pytest.mark.slow
def test_the_process_answers_and_a_killed_one_is_replaced(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    worker = CountlessProcess([sys.executable, "-m", "flight", "planning"], monotonic)
    try:
        record = record_octets(replace(asked(), steps=0))
        assert worker.submit(1, LOOK, 0)
        assert worker.submit(2, MakePlan(record), 0)
        answers = dict(until_answered(worker, 2))
        assert answers == {1: PlanningWorker().perform(LOOK), 2: PlanningWorker().perform(MakePlan(record))}
        assert worker.submit(3, LOOK, 0)
        os.kill(worker.pid, 9)
        assert len(until_answered(worker, 1)) == 1  # the answer, or that it is lost
        while not worker.submit(4, LOOK, 0):
            worker.tend()
        assert (4, answers[1]) in until_answered(worker, 1)
        assert worker.lost <= 2
    finally:
        with contextlib.suppress(ProcessLookupError):
            worker.close(monotonic() + 10 * NS)


def until_answered(worker: CountlessProcess, count: int) -> list[tuple[int, object]]:
    found: list[tuple[int, object]] = []
    until = monotonic() + 60 * NS
    while len(found) < count:
        found += worker.poll(0)
        assert monotonic() < until
    return found
