"""The static check: each kind of conflict is found, and good tables have none."""

from __future__ import annotations

import math

import pytest

from flight.declare import BOOT, COMPUTE, IDLE, SAFE, Between
from flight.modules.faults import (
    AskMode,
    AtLeast,
    AtMost,
    CycleRail,
    Fault,
    IsFalse,
    IsTrue,
    RaiseRung,
    SetLevel,
    conflicts,
)

SWITCHES = ("payload", "radio")
LOW = AtMost(1.0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("a", "t", LOW),
        Fault("a", "t", AtMost(1.0), clear=AtMost(1.0)),
        Fault("a", "t", AtLeast(1.0), clear=AtLeast(1.0)),
        Fault("a", "t", Between(1.0, 1.0), clear=Between(1.0, 1.0)),
        Fault("a", "t", Between(1.0, 9.0), clear=Between(2.0, 8.0)),
        Fault("a", "t", IsTrue(), persist_s=0, retries=0),
        Fault("a", "t", LOW, retries=100),
        Fault("a", "t", LOW, response=AskMode(SAFE)),
        Fault("a", "t", LOW, response=AskMode(SAFE), modes=(SAFE, COMPUTE)),
        Fault("a", "t", LOW, response=AskMode(IDLE), modes=(IDLE, COMPUTE)),
        Fault("a", "t", LOW, response=RaiseRung(1)),
        Fault("a", "t", LOW, response=RaiseRung(6)),
        Fault("a", "t", LOW, response=SetLevel("radio", 255)),
        Fault("a", "t", LOW, response=CycleRail("radio", 5.0), cooldown_s=10.0),
        Fault("a", "t", LOW, response=CycleRail("radio", 0.5), cooldown_s=5.5),
    ],
)
def test_good_rows(fault: Fault) -> None:
    assert conflicts((fault,), SWITCHES) == []


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("a", "t", LOW, modes=()), "a: unreachable: it is masked in every mode"),
        (Fault("a", "no signal", LOW), "a: 'no signal' is no signal"),
        (Fault("a b", "t", LOW), "'a b' is no usable name"),
        (Fault("class", "t", LOW), "'class' is no usable name"),
        (Fault("fields", "t", LOW), "'fields' is no usable name"),
        (Fault("a", "t", AtMost(1.0), AtMost(1.1)), "a: clear is on the wrong side of good"),
        (Fault("a", "t", AtLeast(1.0), AtLeast(0.9)), "a: clear is on the wrong side of good"),
        (Fault("a", "t", Between(1, 9), Between(0, 8)), "a: clear is on the wrong side of good"),
        (Fault("a", "t", Between(1, 9), Between(2, 10)), "a: clear is on the wrong side of good"),
        (Fault("a", "t", IsTrue(), IsFalse()), "a: good is IsTrue, clear is IsFalse"),
        (Fault("a", "t", AtMost(1.0), Between(0, 1)), "a: good is AtMost, clear is Between"),
        (Fault("a", "t", Between(2, 1)), "a: no value is good"),
        (Fault("a", "t", Between(1, 9), Between(6, 5)), "a: no value is good"),
        (Fault("a", "t", AtMost(math.nan)), "a: a threshold is NaN"),
        (Fault("a", "t", AtMost(1.0), AtMost(math.nan)), "a: a threshold is NaN"),
        (Fault("a", "t", LOW, persist_s=-0.1), "a: persistence is 0 s or more"),
        (Fault("a", "t", LOW, persist_s=math.inf), "a: persistence is 0 s or more"),
        (Fault("a", "t", LOW, persist_s=math.nan), "a: persistence is 0 s or more"),
        (Fault("a", "t", LOW, cooldown_s=0), "a: persistence is 0 s or more, cool-down more than 0 s"),
        (Fault("a", "t", LOW, cooldown_s=math.inf), "a: persistence is 0 s or more, cool-down more than 0 s"),
        (Fault("a", "t", LOW, retries=-1), "a: retries are 0 to 100"),
        (Fault("a", "t", LOW, retries=101), "a: retries are 0 to 100"),
        (Fault("a", "t", LOW, response=AskMode(BOOT)), "a: a fault is no reason to go to BOOT"),
        (Fault("a", "t", LOW, response=AskMode(COMPUTE)), "a: a fault is no reason to go to COMPUTE"),
        (
            Fault("a", "t", LOW, response=AskMode(SAFE), modes=(IDLE, COMPUTE)),
            "a: asks for SAFE, where it is masked",
        ),
        (
            Fault("a", "t", LOW, response=AskMode(IDLE)),
            "a: asks for IDLE also in SAFE, and so would leave it",
        ),
        (Fault("a", "t", LOW, response=RaiseRung(0)), "a: rung 0 is not 1 to 6"),
        (Fault("a", "t", LOW, response=RaiseRung(7)), "a: rung 7 is not 1 to 6"),
        (Fault("a", "t", LOW, response=SetLevel("radio", -1)), "a: level -1 is not 0 to 255"),
        (Fault("a", "t", LOW, response=SetLevel("radio", 256)), "a: level 256 is not 0 to 255"),
        (Fault("a", "t", LOW, response=SetLevel("lamp")), "a: there is no switch lamp"),
        (Fault("a", "t", LOW, response=CycleRail("lamp")), "a: there is no switch lamp"),
        (Fault("a", "t", LOW, response=CycleRail("radio", 0)), "a: a cycled rail is off for more than 0 s"),
        (
            Fault("a", "t", LOW, response=CycleRail("radio", 5.0), cooldown_s=9.9),
            "a: cool-down of 9.9 s ends before",
        ),
        (Fault("a", "t", LOW, escalate="nobody"), "a: escalates to nobody, which is no row"),
        (Fault("a", "t", LOW, escalate="a"), "a: escalates in a cycle"),
    ],
)
def test_bad_rows(fault: Fault, says: str) -> None:
    found = conflicts((fault,), SWITCHES)
    assert len(found) == 1
    assert found[0].startswith(says)


def test_switches_are_checked_only_if_known() -> None:
    assert conflicts((Fault("a", "t", LOW, response=SetLevel("lamp")),)) == []


def test_a_mode_is_asked_for_only_where_the_table_of_modes_permits_it() -> None:
    """Also of a row that only observes: one day somebody lets it act."""
    row = Fault("a", "t", LOW, modes=(IDLE, COMPUTE), response=AskMode(IDLE), observe_only=True)
    assert conflicts((row,), SWITCHES, {(COMPUTE, IDLE)}) == []
    assert conflicts((row,), SWITCHES, {(IDLE, COMPUTE), (SAFE, IDLE)}) == [
        "a: asks for IDLE, which the table of modes does not permit a fault in COMPUTE"
    ]
    assert conflicts((row,), SWITCHES, ()) != []
    assert conflicts((Fault("a", "t", LOW, response=AskMode(SAFE)),), SWITCHES, ()) == []


def test_two_rows_of_one_name() -> None:
    assert conflicts((Fault("a", "t", LOW), Fault("a", "u", LOW), Fault("b", "u", LOW))) == [
        "a: 2 rows of this name"
    ]


def test_too_many_rows() -> None:
    rows = tuple(Fault(f"r{index}", "t", LOW) for index in range(129))
    assert conflicts(rows) == ["129 rows; 128 at most"]
    assert conflicts(rows[:128]) == []


def test_escalation_cycles() -> None:
    rows = tuple(
        Fault(name, "t", LOW, escalate=to) for name, to in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    )
    assert conflicts(rows) == [f"{name}: escalates in a cycle" for name in "abc"]


def test_escalation_to_a_row_that_cannot_act() -> None:
    target = Fault("b", "t", LOW, modes=(SAFE, IDLE))
    assert conflicts((Fault("a", "t", LOW, modes=(IDLE, COMPUTE), escalate="b"), target)) == [
        "a: escalates to b, which is masked in COMPUTE"
    ]
    assert conflicts((Fault("a", "t", LOW, modes=(IDLE,), escalate="b"), target)) == []
    watcher = Fault("b", "t", LOW, observe_only=True)
    assert conflicts((Fault("a", "t", LOW, escalate="b"), watcher)) == [
        "a: escalates to b, which only observes"
    ]
    assert conflicts((Fault("a", "t", LOW, escalate="b", observe_only=True), watcher)) == []


ON, OFF, CYCLE = SetLevel("radio", 1), SetLevel("radio", 0), CycleRail("radio")


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (ON, OFF, "level 1 against off"),
        (OFF, SetLevel("radio", 2), "off against level 2"),
        (SetLevel("radio", 1), SetLevel("radio", 2), "level 1 against level 2"),
        (CYCLE, OFF, "off and on again against off"),
    ],
)
def test_rows_that_fight(one, other, says: str) -> None:
    rows = (Fault("a", "t", LOW, response=one), Fault("b", "u", LOW, response=other))
    assert conflicts(rows) == [f"a and b fight over radio in BOOT, SAFE, IDLE, COMPUTE: {says}"]
    apart = (
        Fault("a", "t", LOW, modes=(SAFE,), response=one),
        Fault("b", "u", LOW, modes=(IDLE,), response=other),
    )
    assert conflicts(apart) == []
    shared = (
        Fault("a", "t", LOW, modes=(SAFE, IDLE), response=one),
        Fault("b", "u", LOW, modes=(IDLE, COMPUTE), response=other),
    )
    assert conflicts(shared) == [f"a and b fight over radio in IDLE: {says}"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OFF, OFF),
        (CYCLE, CYCLE),
        (ON, SetLevel("payload", 0)),
        (RaiseRung(1), OFF),
        (AskMode(SAFE), RaiseRung(2)),
    ],
)
def test_rows_that_do_not_fight(one, other) -> None:
    assert conflicts((Fault("a", "t", LOW, response=one), Fault("b", "u", LOW, response=other))) == []


def test_an_escalation_decides_the_order_and_is_no_fight() -> None:
    first = Fault("first", "t", LOW, response=CYCLE, escalate="middle")
    middle = Fault("middle", "t", LOW, response=RaiseRung(2), escalate="last")
    last = Fault("last", "t", LOW, response=OFF)
    assert conflicts((first, middle, last), SWITCHES) == []
    assert conflicts((last, middle, first), SWITCHES) == []
    assert len(conflicts((first, Fault("middle", "t", LOW), last), SWITCHES)) == 1
