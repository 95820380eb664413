"""A repair that is lost again is asked for as soon as that can be known: repairs come in the order of the request."""

from __future__ import annotations

import pytest

from flight.wire.cfdp.pdus import FileData, Nak
from tests.flight.wire.cfdp.alone import DATA, Alone

SIZE = len(DATA)
FIRST, SECOND_GAP = (300, 600), (1500, 1800)


def piece(start: int, end: int) -> FileData:
    return FileData(start, DATA[start:end])


@pytest.fixture
def receiver() -> Alone:
    """All but two pieces have come, and both were asked for after the EOF."""
    alone = Alone()
    alone.take(alone.metadata(name=b"b"))
    for start, end in ((0, 300), (600, 1500), (1800, SIZE)):
        alone.take(piece(start, end))
    alone.take(alone.eof())
    (nak,) = [body for body in alone.wait(0.5) if isinstance(body, Nak) and len(body.requests) == 2]
    assert nak.requests == (FIRST, SECOND_GAP)
    alone.wait(2)
    return alone


def naks(bodies: list) -> list[tuple[tuple[int, int], ...]]:
    return [body.requests for body in bodies if isinstance(body, Nak)]


def test_the_last_one_came_and_the_first_did_not(receiver: Alone) -> None:
    """The interval is ten seconds here, five once a round trip of two is measured."""
    receiver.take(piece(*SECOND_GAP))
    assert naks(receiver.wait(0.4)) == [(FIRST,)]
    assert naks(receiver.wait(4)) == [], "once, until that is answered too"


def test_a_repeated_last_one_asks_no_more(receiver: Alone) -> None:
    receiver.take(piece(*SECOND_GAP))
    receiver.wait(0.4)
    for _ in range(5):
        receiver.take(piece(*SECOND_GAP))
    assert naks(receiver.wait(4)) == []


def test_a_repeated_last_one_puts_nothing_off(receiver: Alone) -> None:
    asked: list = []
    for _ in range(4):
        receiver.take(piece(*SECOND_GAP))
        asked += naks(receiver.wait(0.1))
    assert asked == [(FIRST,)]


def test_the_first_one_came_and_the_last_may_be_on_its_way(receiver: Alone) -> None:
    receiver.take(piece(*FIRST))
    assert naks(receiver.wait(5)) == []
    assert naks(receiver.wait(7)) == [(SECOND_GAP,)], "after the interval"


def test_late_within_the_delay_is_not_asked_again(receiver: Alone) -> None:
    receiver.take(piece(*SECOND_GAP))
    receiver.wait(0.1)
    receiver.take(piece(*FIRST))
    assert naks(receiver.wait(1)) == []
    assert receiver.store.exists("b")
