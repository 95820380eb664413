"""One run alone: which orders it takes back and which not, and when its level may rise."""

from __future__ import annotations

import pytest

from flight.declare import SECOND
from flight.declare.running import JobState, Verb
from flight.modules.jobs.row import Row, Usable
from flight.modules.jobs.runs import Run, Wish
from flight.modules.jobs.stages import Why
from tests.flight.modules.jobs.alone import brief

SLOW, FAST = Usable(0, 1, 5.0, 500, 500), Usable(1, 2, 10.0, 1000, 1000)
STEADY_NS = 100 * SECOND
UNTIL_NS = 20 * SECOND


def run(**changes: object) -> Run:
    made = Run(Row(1, "a.job", brief=brief()), 0, SLOW, 0, 0, 0, sent=True, seen=JobState.RUNNING)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_level_falls_at_once_and_rises_after_the_time_constant() -> None:
    one = run()
    one.change(FAST, STEADY_NS - 1, STEADY_NS)
    assert one.use == SLOW
    one.change(FAST, STEADY_NS, STEADY_NS)
    assert (one.use, one.level_at) == (FAST, STEADY_NS)
    one.change(SLOW, STEADY_NS + 1, STEADY_NS)
    assert (one.use, one.level_at) == (SLOW, STEADY_NS + 1)


def test_one_that_was_slowed_for_a_lie_stays_slow() -> None:
    one = run(slowed=True)
    one.change(FAST, 9 * STEADY_NS, STEADY_NS)
    assert one.use == SLOW


@pytest.mark.parametrize(
    ("seen", "verb"),
    [(JobState.RUNNING, Verb.FREEZE), (JobState.STOPPING, None), (JobState.STUCK, None)],
)
def test_a_hold_overtakes_a_stop_that_the_runner_has_not_begun(seen, verb) -> None:
    """Its supply is going: what already writes its checkpoint is left to that."""
    one = run(seen=seen)
    one.want(Wish.STOP, Why.PLAN, UNTIL_NS)
    one.hold(Why.SAFING, UNTIL_NS)
    assert one.wish is (Wish.STOP if verb is None else Wish.HOLD)
    assert one.order(SECOND) == (None if verb is None else (verb, 0))


def test_only_a_hold_is_taken_back() -> None:
    held, stopped = run(), run()
    held.hold(Why.BOARD, UNTIL_NS)
    stopped.want(Wish.STOP, Why.PLAN, UNTIL_NS)
    for one in (held, stopped):
        one.want(Wish.RUN, Why.PLAN)
    assert (held.wish, stopped.wish) == (Wish.RUN, Wish.STOP)


def test_a_hold_that_lasts_is_a_kill() -> None:
    one = run(seen=JobState.FROZEN)
    one.hold(Why.SAFING, UNTIL_NS)
    assert one.order(UNTIL_NS - 1) is None
    assert one.order(UNTIL_NS) == (Verb.KILL, 0)
