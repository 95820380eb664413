from __future__ import annotations

import pytest

from flight.declare import Occurrence, Report, Severity
from sim.checks.events import FLOOD, HighEventsTold

BODY = b"\0\7\1"
HIGH = Occurrence(1, 7, Severity.HIGH, BODY)
LOW = Occurrence(1, 8, Severity.LOW, b"\0\x08")


@pytest.fixture
def check(booted, kernel):
    made = HighEventsTold()
    made.booted(booted, kernel)
    return made


def test_told_is_right_and_untold_is_wrong(check, seen) -> None:
    for tell, failed in ((True, 0), (False, 1)):
        check.moment.second = 10
        check.occurred("x", HIGH, True)
        if tell:
            check.reported(Report(5, 4, BODY))
        check.look(seen, 15)
        assert check.failed == 0
        check.look(seen, 16)
        assert check.failed == failed


def test_another_event_does_not_stand_for_it(check, seen) -> None:
    check.occurred("x", HIGH, True)
    check.reported(Report(5, 4, BODY + b"\2"))
    check.reported(Report(5, 3, BODY))
    check.look(seen, 16)
    assert check.failed == 1


def test_a_full_inbox_is_wrong_at_once_and_a_flood_has_its_own_count(check) -> None:
    check.occurred("x", HIGH, False)
    assert (check.failed, check.flooded.failed) == (1, 0)
    for _ in range(FLOOD + 1):
        check.occurred("y", LOW, False)
    check.occurred("x", HIGH, False)
    assert (check.failed, check.flooded.failed) == (1, 1)
    check.moment.second = 10
    check.occurred("x", HIGH, True)
    assert check.flooded.exercised == 1, "the flood is over"


def test_a_boot_or_a_switched_off_event_excuses(check, seen, booted, kernel, module) -> None:
    check.occurred("x", HIGH, True)
    check.booted(booted, kernel)
    check.look(seen, 16)
    module("events").disabled.add(7)
    try:
        check.occurred("x", HIGH, True)
    finally:
        module("events").disabled.clear()
    check.look(seen, 30)
    assert (check.failed, check.exercised) == (0, 1)
