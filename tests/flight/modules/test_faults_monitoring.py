"""Service 12 on the fault table: switches, transitions, definitions, and the function as a whole."""

from __future__ import annotations

import math
import struct

import pytest

from flight.declare import COMPUTE, DONE, SAFE, Between, Refused, Request, Stored, Waiting
from flight.modules.faults import AskMode, AtMost, Fault, IsTrue, RaiseRung, RowState
from flight.wire.monitoring import (
    Checking,
    Definition,
    Switch,
    Transition,
    read_definitions,
    read_switches,
    read_transitions,
)
from tests.flight.modules.faults_flown import Flown

NS = 1_000_000_000
WARM = Fault("warm", "t", AtMost(40.0), AtMost(35.0), persist_s=2, response=RaiseRung(3), cooldown_s=5)
DARK = Fault("dark", "lit", IsTrue(), persist_s=1, modes=(COMPUTE, SAFE), observe_only=True)


def flown() -> Flown:
    return Flown(WARM, DARK, t=20.0, lit=True)


def ask(craft: Flown, subtype: int, data: bytes = b"") -> object:
    """The outcome; the outbox keeps what else was said."""
    craft.module.requests.put(Request(9, 12, subtype, data))
    craft.step()
    ((ident, outcome),) = craft.out.finished
    assert ident == 9
    return outcome


def rows(*numbers: int) -> bytes:
    return struct.pack(f">H{len(numbers)}H", len(numbers), *numbers)


def bodies(craft: Flown, subtype: int) -> list[bytes]:
    return [one.body for one in craft.out.reports if (one.service, one.subtype) == (12, subtype)]


def transitions(craft: Flown) -> list[Transition]:
    return [one for body in bodies(craft, 12) for one in read_transitions(body) or ()]


def test_a_transition_is_reported_when_a_row_trips_and_when_it_clears() -> None:
    craft = flown()
    craft.step(2, t=50.0)
    assert transitions(craft) == []
    craft.step(1)
    tripped = Transition(0, 50.0, 40.0, Checking.WITHIN, Checking.ABOVE, craft.now)
    assert transitions(craft) == [tripped]
    assert craft.names == ["tripped_warm"]
    craft.step(5)
    assert transitions(craft) == []
    craft.step(3, t=30.0)
    assert transitions(craft) == [Transition(0, 30.0, 40.0, Checking.ABOVE, Checking.WITHIN, craft.now)]
    craft.step(9)
    assert transitions(craft) == []


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_reading_that_is_no_number_is_invalid(value: float) -> None:
    craft = flown().step(3, t=value)
    (one,) = transitions(craft)
    assert one.current is Checking.INVALID
    assert math.isnan(one.limit)


def test_a_row_that_another_escalates_to_crosses_nothing() -> None:
    first = Fault(
        "first", "t", AtMost(40.0), persist_s=0, response=RaiseRung(1), cooldown_s=1, escalate="last"
    )
    last = Fault("last", "t", AtMost(90.0), response=AskMode(SAFE))
    craft = Flown(first, last, t=50.0).step(20)
    assert "tripped_last" in craft.names
    assert [one.row for one in transitions(craft)] == [0]
    craft.step(20, t=20.0)
    assert [one.row for one in transitions(craft)] == [0]


def test_out_of_limits_lists_what_stands() -> None:
    craft = flown()
    assert ask(craft, 10) is DONE
    assert [read_transitions(body) for body in bodies(craft, 11)] == [()]
    craft.step(4, t=50.0)
    ask(craft, 10)
    ((one,),) = [read_transitions(body) or () for body in bodies(craft, 11)]
    assert (one.row, one.value, one.current) == (0, 50.0, Checking.ABOVE)
    craft.step(10, t=20.0)
    ask(craft, 10)
    assert [read_transitions(body) for body in bodies(craft, 11)] == [()]


def test_rows_are_switched_all_or_none_and_kept() -> None:
    craft = flown()
    assert isinstance(ask(craft, 2, rows(0, 5)), Refused)
    assert isinstance(ask(craft, 2, rows()), Refused)
    assert isinstance(ask(craft, 1, rows(1)), Waiting)
    assert craft.out.keeping
    craft.module.completed(craft.now, craft.out.keeping, Stored(), craft.out)
    assert craft.out.finished[-1] == (9, DONE)
    assert isinstance(ask(craft, 2, rows(0)), Waiting)
    ask(craft, 13)
    assert [read_switches(body) for body in bodies(craft, 14)] == [(Switch(0, False), Switch(1, True))]
    craft.restart()
    assert [row.observing for row in craft.module.rows] == [True, False]


def test_a_disabled_row_is_still_checked_and_reported_and_does_not_act() -> None:
    craft = flown()
    ask(craft, 2, rows(0))
    craft.step(3, t=50.0)
    assert [one.row for one in transitions(craft)] == [0]
    assert craft.module.outputs.fault_rung == 0
    assert craft.module.rows[0].state == RowState.OBSERVED_TRIPPED


def test_definitions_are_as_the_table_says() -> None:
    craft = flown()
    ask(craft, 8, rows())
    (body,) = bodies(craft, 9)
    largest = 1.7976931348623157e308
    assert read_definitions(body) == (
        Definition(0, True, -largest, 40.0, -largest, 35.0, 2000, 0b1111),
        Definition(1, False, 1.0, 1.0, 1.0, 1.0, 1000, 1 << COMPUTE | 1 << SAFE),
    )
    ask(craft, 8, rows(1))
    (body,) = bodies(craft, 9)
    assert [one.row for one in read_definitions(body) or ()] == [1]


def test_many_definitions_come_in_parts() -> None:
    table = [Fault(f"row{n}", "t", Between(0, 50 + n)) for n in range(45)]
    craft = Flown(*table, t=20.0)
    ask(craft, 8, rows())
    found = [read_definitions(body) or () for body in bodies(craft, 9)]
    assert [len(part) for part in found] == [20, 20, 5]
    assert [one.row for part in found for one in part] == list(range(45))


def test_without_the_function_no_row_responds_until_it_is_back() -> None:
    craft = flown().step(3, t=50.0)
    assert craft.module.outputs.fault_rung == 3
    assert ask(craft, 16) is DONE
    assert craft.names == ["suspended"]
    assert craft.module.outputs.fault_rung == craft.module.outputs.faults_active == 0
    craft.step(30)
    assert craft.module.outputs.fault_rung == 0
    assert craft.module.status.active == 1
    ask(craft, 16)
    assert craft.names == []
    ask(craft, 15)
    assert "resumed" in craft.names
    craft.step(6)
    assert craft.module.outputs.fault_rung == 3


def test_the_function_is_back_after_a_boot() -> None:
    craft = flown()
    ask(craft, 16)
    craft.restart()
    assert craft.module.status.acting
    craft.step(3, t=50.0)
    assert craft.module.outputs.fault_rung == 3


@pytest.mark.parametrize("subtype", [0, 3, 4, 5, 6, 7, 9, 12, 14, 17])
def test_what_is_not_offered_is_refused(subtype: int) -> None:
    assert isinstance(ask(flown(), subtype), Refused)


@pytest.mark.parametrize("subtype", [1, 2, 8, 10, 13, 15, 16])
@pytest.mark.parametrize("data", [b"\0", b"\0\1", b"\0\2\0\0", b"\0\0\0"])
def test_data_of_another_form_is_refused(subtype: int, data: bytes) -> None:
    craft = flown()
    assert isinstance(ask(craft, subtype, data), Refused)
    assert craft.module.status.acting
    assert [row.observing for row in craft.module.rows] == [False, True]
