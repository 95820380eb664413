from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from flight.declare import DONE, SECOND, Failed, Occurrence, Refused, Request, SaveDocument
from flight.kernel.supervisor import State
from flight.modules.schedule import Schedule
from flight.wire import encode_tc
from flight.wire.timed import Timed, pack_timed
from sim.checks.promises import ParametersKept, TimeTaggedKept

LABEL = "radiation.window_s"


def changes(kernel, value: int) -> bytes:
    return struct.pack(">HHi", 1, kernel.dictionary.parameters_by_label[LABEL].number, value)


@pytest.fixture
def parameters(booted, kernel):
    check = ParametersKept()
    check.booted(booted, kernel)
    return check


@pytest.fixture
def in_force(kernel, module, monkeypatch):
    """Put a value into force, in the table and in the module."""
    number = kernel.dictionary.parameters_by_label[LABEL].number

    def put(value: int, in_module: int | None = None) -> None:
        monkeypatch.setitem(kernel.parameters.values, number, value)
        monkeypatch.setattr(module("radiation"), "window_s", value if in_module is None else in_module)

    return put


def acknowledge(check, kernel, value: int, ident: int = 5) -> None:
    check.requested("parameters", Request(ident, 20, 3, changes(kernel, value)))
    check.ended(ident, DONE)


def after_boot(check, booted, kernel, seen) -> None:
    check.moment.second = 50
    check.booted(booted, kernel)
    check.installed(kernel, "radiation")
    check.look(seen, 60)


def test_an_acknowledged_value_in_force_is_right(parameters, booted, kernel, seen, in_force) -> None:
    acknowledge(parameters, kernel, 123)
    in_force(123)
    after_boot(parameters, booted, kernel, seen)
    assert (parameters.exercised, parameters.failed) == (1, 0)


def test_a_forgotten_value_is_wrong(parameters, booted, kernel, seen, in_force) -> None:
    acknowledge(parameters, kernel, 123)
    in_force(60)
    after_boot(parameters, booted, kernel, seen)
    assert parameters.failed == 1


def test_a_value_that_the_module_does_not_have_is_wrong(parameters, booted, kernel, seen, in_force) -> None:
    acknowledge(parameters, kernel, 123)
    in_force(123, in_module=60)
    after_boot(parameters, booted, kernel, seen)
    assert parameters.failed == 1


@pytest.mark.parametrize("outcome", [None, Refused("not stored: TimedOut")])
@pytest.mark.parametrize("found", [60, 200])
def test_what_was_never_answered_may_be_found_or_not(
    parameters, booted, kernel, seen, in_force, outcome, found
) -> None:
    acknowledge(parameters, kernel, 60)
    parameters.requested("parameters", Request(6, 20, 3, changes(kernel, 200)))
    if outcome is not None:
        parameters.ended(6, outcome)
    in_force(found)
    after_boot(parameters, booted, kernel, seen)
    assert not parameters.failed
    in_force(260 - found)
    after_boot(parameters, booted, kernel, seen)
    assert parameters.failed == (1 if found == 200 else 0), "what was found once must stay"


def test_what_was_refused_must_not_be_found(parameters, booted, kernel, seen, in_force) -> None:
    acknowledge(parameters, kernel, 60)
    parameters.requested("parameters", Request(6, 20, 3, changes(kernel, 200)))
    parameters.ended(6, Refused("window_s is 9999"))
    in_force(200)
    after_boot(parameters, booted, kernel, seen)
    assert parameters.failed == 1


# ---------------------------------------------------------------- time-tagged commands

PACKET = encode_tc(0x19, 5, 8, 1, b"\0\x0b")
ENTRY = Timed(1000 * SECOND, PACKET)


def stand_in(**parts: Any) -> Any:
    """For a whole of which a check looks at these parts alone."""
    return SimpleNamespace(**parts)


class Craft:
    """A kernel with nothing but a schedule."""

    def __init__(self) -> None:
        self.schedule = Schedule()
        self.kernel = stand_in(
            emitter=SimpleNamespace(now=900 * SECOND),
            slots=[SimpleNamespace(name="schedule", module=self.schedule, state=State.RUNNING)],
        )
        self.worker = SimpleNamespace(queue=[])
        self.simulation = stand_in(computer=SimpleNamespace(kernel=self.kernel, worker=self.worker))
        self.check = TimeTaggedKept()
        self.check.booted(self.simulation, self.kernel)

    def insert(self, outcome=DONE) -> None:
        self.check.requested("schedule", Request(3, 11, 4, pack_timed([ENTRY])))
        if outcome is not None:
            self.check.ended(3, outcome)

    def look(self, second: int = 120, now_s: float = 900) -> int:
        """Failures so far."""
        self.kernel.emitter.now = int(now_s * SECOND)
        self.check.moment.second = second
        self.check.look(self.simulation, second)
        return self.check.failed


def test_held_and_released_in_time_is_right() -> None:
    craft = Craft()
    craft.insert()
    craft.schedule.held = [ENTRY]
    assert craft.look() == 0
    craft.kernel.emitter.now = 1000 * SECOND
    craft.schedule.held = []
    craft.check.released(PACKET)
    assert craft.look(180, 1010) == 0
    assert craft.check.exercised == 2


def test_forgotten_is_wrong() -> None:
    craft = Craft()
    craft.insert()
    assert craft.look() == 1


def test_early_is_wrong() -> None:
    craft = Craft()
    craft.insert()
    craft.kernel.emitter.now = 999 * SECOND
    craft.check.released(PACKET)
    assert craft.check.failed == 1


def test_twice_is_wrong() -> None:
    craft = Craft()
    craft.insert()
    craft.kernel.emitter.now = 1000 * SECOND
    craft.check.released(PACKET)
    craft.check.released(PACKET)
    assert craft.check.failed == 1


def test_overdue_is_wrong_unless_the_disk_is_in_the_way() -> None:
    craft = Craft()
    craft.insert()
    craft.schedule.held = [ENTRY]
    craft.check.performed(SaveDocument("schedule", b""), Failed("disk: no"))
    assert craft.look(0, 1100) == 0
    craft.worker.queue = [1]
    assert craft.look(120, 1100) == 0
    craft.worker.queue = []
    assert craft.look(180, 1100) == 1


def test_dropped_with_an_event_is_right() -> None:
    craft = Craft()
    craft.insert()
    body = b"\0\7" + ENTRY.request.to_bytes(4, "big") + bytes(4)
    craft.check.occurred("schedule.dropped_late", Occurrence(1, 7, 3, body), True)
    assert craft.look() == 0


def test_dropped_after_it_was_released_is_wrong() -> None:
    craft = Craft()
    craft.insert()
    craft.kernel.emitter.now = 1000 * SECOND
    craft.check.released(PACKET)
    body = b"\0\7" + ENTRY.request.to_bytes(4, "big") + bytes(4)
    craft.check.occurred("schedule.dropped_late", Occurrence(1, 7, 3, body), True)
    assert craft.check.failed == 1


def test_lost_in_a_reboot_is_right_as_often_as_it_was_said() -> None:
    craft = Craft()
    craft.insert()
    craft.check.occurred("schedule.lost_in_reboot", Occurrence(1, 8, 3, b"\0\x08\x01"), True)
    assert craft.look() == 0
    craft.insert()
    assert craft.look(180) == 1


def test_a_refused_insertion_must_not_be_released() -> None:
    craft = Craft()
    craft.insert(Refused("not stored"))
    craft.check.maybe.clear()
    craft.check.released(PACKET)
    assert craft.check.failed == 1


def test_an_unanswered_insertion_may_be_released_or_not() -> None:
    craft = Craft()
    craft.insert(None)
    craft.check.booted(craft.simulation, craft.kernel)
    assert craft.look() == 0
    craft.check.released(PACKET)
    assert craft.check.failed == 0


@pytest.mark.parametrize(("subtype", "data"), [(3, b""), (5, b"\1" + PACKET[:4])])
def test_a_deleted_command_is_no_longer_held(subtype, data) -> None:
    craft = Craft()
    craft.insert()
    craft.check.requested("schedule", Request(4, 11, subtype, data))
    craft.check.ended(4, DONE)
    assert craft.look() == 0
