from __future__ import annotations

from types import SimpleNamespace

import pytest

from flight.declare import DONE, SECOND, Invocation
from flight.kernel.supervisor import State
from sim.checks.supervision import NoOwnCrash, RestartsBounded, WatchdogTruth
from sim.computer import Crash
from sim.module_faults import SimulatedCrash


def crash(module: str = "thermal", error: Exception | None = None) -> Crash:
    return Crash(0, module, error or SimulatedCrash("injected"))


def test_an_injected_crash_is_exercise_and_another_is_a_failure(seen) -> None:
    check = NoOwnCrash()
    seen.computer.crashes = [crash()]
    check.look(seen, 1)
    assert (check.exercised, check.failed) == (1, 0)
    seen.computer.crashes = [crash(), crash(error=ZeroDivisionError("oh"))]
    check.look(seen, 2)
    assert check.failed == 1
    assert "thermal raised ZeroDivisionError: oh" in check.failures[0]


@pytest.fixture
def bounded(booted, kernel, seen, monkeypatch):
    """Let the module crash at a second, and be in a state; failures so far."""
    check = RestartsBounded()
    check.booted(seen, kernel)
    slot = next(slot for slot in kernel.slots if slot.name == "thermal")

    def crashed(second: int, state: State) -> int:
        monkeypatch.setattr(slot, "state", state)
        check.moment.second = second
        seen.computer.crashes.append(crash())
        check.look(seen, second)
        return check.failed

    vars(crashed).update(check=check)
    return crashed


def test_three_restarts_then_isolation_is_right(bounded) -> None:
    assert [bounded(second, State.BACKING_OFF) for second in (1, 2, 3)] == [0, 0, 0]
    assert bounded(4, State.ISOLATED) == 0
    assert bounded.check.exercised == 3


def test_a_fourth_restart_is_wrong(bounded) -> None:
    assert [bounded(second, State.BACKING_OFF) for second in (1, 2, 3, 4)] == [0, 0, 0, 1]


def test_an_isolated_module_must_not_crash_again(bounded) -> None:
    for second in (1, 2, 3):
        bounded(second, State.BACKING_OFF)
    assert bounded(4, State.ISOLATED) == 0
    assert bounded(5, State.ISOLATED) == 1


def test_crashes_of_long_ago_and_before_a_revival_do_not_count(bounded, kernel) -> None:
    for second in (1, 2, 3, 22_000):
        assert bounded(second, State.BACKING_OFF) == 0
    revive = kernel.dictionary.commands_by_label["executive.revive"].number
    number = next(slot.index for slot in kernel.slots if slot.name == "thermal")
    bounded.check.called(Invocation(1, revive, (number,)), 0, DONE)
    for second in (22_001, 22_002, 22_003):
        assert bounded(second, State.BACKING_OFF) == 0
    assert bounded(22_004, State.BACKING_OFF) == 1


class TestWatchdog:
    def late(self, seen, met_until_s: int, published_s: int) -> WatchdogTruth:
        check = WatchdogTruth(seen)
        stamps = {stamp: 100 * SECOND for stamp, _ in check.limits} | {"thermal_at": published_s * SECOND}
        seen.computer.kernel = SimpleNamespace(
            bus=SimpleNamespace(**stamps),
            emitter=SimpleNamespace(now=100 * SECOND),
            met_until=lambda now: met_until_s * SECOND,
        )
        check.look(seen, 100)
        return check

    def test_a_late_module_starves_the_watchdog(self, seen) -> None:
        assert (self.late(seen, 99, 90).exercised, self.late(seen, 99, 90).failed) == (1, 0)

    def test_feeding_all_the_same_is_wrong(self, seen) -> None:
        assert self.late(seen, 102, 90).failed == 1

    def test_nothing_is_said_while_all_are_in_time(self, seen) -> None:
        assert self.late(seen, 102, 97).exercised == 0
