"""Elements by command: checked, stored, and only then used."""

from __future__ import annotations

import pytest

from flight.declare import DONE, Call, Failed, Refused, Stored, Waiting
from flight.modules.forecast import forecast
from flight.planning import ELEMENTS, LEARNED
from tests.flight.modules.forecast.conftest import BOARDS, LINES, TABLE, Flown, kept


def command(flown: Flown, octets: bytes) -> object:
    flown.out.clear()
    outcome = flown.module.elements(Call(flown.now, 7), flown.out, octets)
    flown._take()
    return outcome


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
def test_elements_are_kept_before_they_are_used(between: bytes):
    flown = Flown().fly(5)
    assert flown.outlook.source == LEARNED
    assert isinstance(command(flown, LINES[0].encode() + between + LINES[1].encode()), Waiting)
    assert isinstance(command(flown, "".join(LINES).encode()), Refused)  # one at a time
    flown.fly(70)
    assert flown.finished == [(7, DONE)]
    assert flown.outlook.source == ELEMENTS
    assert "elements_taken" in flown.events
    heir = forecast(TABLE, BOARDS)
    heir.document = flown.documents[-1]
    assert Flown(module=heir).fly(5).outlook.source == ELEMENTS


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "not two lines of 69 plain characters"),
        (b"\xff" * 138, "not two lines of 69 plain characters"),
        (("x" * 138).encode(), "line 1: does not start with 1"),
        ((LINES[0] + LINES[1][:-1] + "0").encode(), "line 2: checksum is 8, not '0'"),
        ("".join(LINES)[:-1].encode(), "not two lines of 69 plain characters"),
    ],
)
def test_elements_that_cannot_be_are_refused(octets: bytes, why: str):
    flown = kept().fly(5)
    assert command(flown, octets) == Refused(why)
    assert flown.fly(70).outlook.source == ELEMENTS


def test_elements_that_are_not_stored_are_not_used():
    flown = Flown(stored=Failed("disk")).fly(5)
    command(flown, "".join(LINES).encode())
    flown.fly(70)
    assert flown.finished == [(7, Refused("not stored, so not taken"))]
    assert flown.outlook.source == LEARNED
    flown.stored = Stored()
    assert isinstance(command(flown, "".join(LINES).encode()), Waiting)


@pytest.mark.parametrize("document", [b"", b"\xff" * 139, ("1" + "\n".join(LINES)[1:-1] + "0").encode()])
def test_a_damaged_document_is_as_none(document: bytes):
    module = forecast(TABLE, BOARDS)
    module.document = document
    assert Flown(module=module).fly(5).outlook.source == LEARNED
