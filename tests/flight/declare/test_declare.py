"""Declarations: what can be written, and what is refused when the class is made."""

from __future__ import annotations

import enum
import math
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import (
    DONE,
    F64,
    I8,
    I16,
    SAFE,
    U8,
    U16,
    U32,
    Call,
    DeclarationError,
    Event,
    Field,
    Inbox,
    Kept,
    Limits,
    Module,
    Octets,
    Outbox,
    Outcome,
    Overflow,
    Parameter,
    Severity,
    Telemetry,
    between,
    command,
    field_of,
    limits,
    mask_of,
    telemetry,
    unit,
)


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 5


def test_annotations_become_fields() -> None:
    class Status(Telemetry, period=10):
        on: bool
        colour: Colour
        volts: Annotated[float, unit("V"), limits(red_low=1, yellow_low=2)]
        count: U16
        exact: F64

    assert [(f.name, f.code) for f in Status.fields] == [
        ("on", "?"),
        ("colour", "B"),
        ("volts", "f"),
        ("count", "H"),
        ("exact", "d"),
    ]
    assert Status.fields[1].choices == (("RED", 1), ("BLUE", 5))
    assert Status.fields[2].unit == "V"
    assert Status.fields[2].limits == Limits(red_low=1, yellow_low=2)
    assert (Status().on, Status().volts, Status().count) == (False, 0.0, 0)


def test_a_plain_int_has_no_wire_type() -> None:
    with pytest.raises(DeclarationError, match="count: .*has no wire type"):

        class Status(Telemetry, period=10):
            count: int


@pytest.mark.parametrize("period", [0, -1, 3601])
def test_periods_are_bounded(period: int) -> None:
    with pytest.raises(DeclarationError, match="period"):

        class Status(Telemetry, period=period):
            on: bool


def test_limits_must_rise() -> None:
    with pytest.raises(DeclarationError, match="out of order"):
        Limits(red_low=3, yellow_low=2)


def test_variable_length_only_in_commands_and_only_last() -> None:
    with pytest.raises(DeclarationError, match="variable length"):

        class Status(Telemetry, period=10):
            text: Octets

    with pytest.raises(DeclarationError, match="come last"):

        @command()
        def bad(self: object, call: Call, out: Outbox, text: Octets, n: U8) -> Outcome:
            return DONE


def test_a_command_begins_with_call_and_outbox() -> None:
    with pytest.raises(DeclarationError, match="begins with"):

        @command()
        def bad(self: object, n: U8) -> Outcome:
            return DONE


def test_an_event_text_may_name_only_its_arguments() -> None:
    with pytest.raises(DeclarationError, match="names \\['b'\\]"):
        Event(Severity.LOW, "{a} and {b}", a=U8)


def test_a_parameter_default_must_be_in_its_range() -> None:
    # Python 3.11 wraps what __set_name__ raises.
    with pytest.raises((DeclarationError, RuntimeError)) as caught:

        class Bad(Module):
            floor = Parameter(2.0, low=0, high=1)

    error = caught.value.__cause__ or caught.value
    assert "floor is 0 to 1, not 2" in str(error)


def test_what_a_module_declares_is_found() -> None:
    class Heater(Module):
        on_below = Parameter(5.0, unit="degC", low=-20, high=30)
        limited = Event(Severity.MEDIUM, "on for {on_s} s", on_s=U16)

        class Status(Telemetry, period=10):
            on: bool

        class State(Kept, version=2):
            total: U32

        def __init__(self) -> None:
            self.status = self.Status()
            self.kept = self.State()
            self.mail: Inbox[int] = Inbox(2)

        @command(hazardous=True, modes=(SAFE,))
        def force(self, call: Call, out: Outbox, seconds: Annotated[int, U16, between(1, 600)]) -> Outcome:
            """Force it on.

            More words.
            """
            return DONE

    heater = Heater()
    assert heater.on_below == 5.0
    assert [e.name for e in Heater.events()] == ["limited"]
    (spec,) = Heater.commands()
    assert (spec.name, spec.hazardous, spec.modes, spec.about) == (
        "force",
        True,
        mask_of([SAFE]),
        "Force it on.",
    )
    assert heater.packets() == {"status": heater.status}
    assert heater.inboxes() == {"mail": heater.mail}
    assert heater.kept_state() is heater.kept
    assert heater.signals() is None


def test_packets_can_come_from_a_table() -> None:
    made = telemetry("Nodes", {"battery": float, "count": U8}, period=5)
    assert [f.name for f in made.fields] == ["battery", "count"]
    assert made.period == 5


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (Field("n", "B"), [0, 255, 3.0], [-1, 256, 1.5, math.nan, math.inf, "3", True, None]),
        (Field("n", "b", low=-3, high=3), [-3, 3], [-4, 4]),
        (Field("x", "f"), [0, -1.5, 3.4e38], [math.nan, math.inf, 3.5e38, -3.5e38, False, "x"]),
        (Field("x", "f", low=0.0), [0.0, 1e9], [-1e-9]),
        (Field("x", "?"), [True, False], [0, 1, None, "on"]),
        (Field("c", "B", choices=(("A", 1), ("B", 4))), [1, 4], [0, 2, 255]),
        (Field("o", "*"), [b"", b"x" * 900], [b"x" * 901, "x", 3]),
    ],
)
def test_complaints(field: Field, good: list[object], bad: list[object]) -> None:
    assert [field.complaint(value) for value in good] == [None] * len(good)
    for value in bad:
        assert field.name in (field.complaint(value) or ""), value


@given(st.one_of(st.floats(), st.integers(), st.binary(), st.text(), st.booleans(), st.none()))
def test_complaints_never_raise(value: object) -> None:
    for code in "BHIQbhiqfd?*":
        Field("x", code, low=-1, high=1).complaint(value)


def test_a_full_inbox_follows_its_policy_and_counts() -> None:
    newest: Inbox[int] = Inbox(2)
    oldest: Inbox[int] = Inbox(2, Overflow.DROP_OLDEST)
    for box in (newest, oldest):
        assert [box.put(n) for n in (1, 2, 3)] == [True, True, False]
        assert box.dropped == 1
    assert newest.drain() == [1, 2]
    assert oldest.drain() == [2, 3]
    assert newest.put(4)
    assert newest.drain() == [4]


def test_signed_aliases() -> None:
    assert [field_of("x", annotation).code for annotation in (I8, I16)] == ["b", "h"]
