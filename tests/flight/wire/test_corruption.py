"""Live streams through a bad line: nothing raises, nothing forged is believed, one good unit is lost at most.

A million corruptions are marked `long`; `python -m tests.flight.wire.corruption` prints their table.
"""

from __future__ import annotations

from random import Random

import pytest

from flight.wire.sdls import Protection
from tests.flight.wire.corruption import kinds, run, telecommands, telemetry
from tests.flight.wire.spoiling import SPOILINGS, spoil

FEW = pytest.param(1500, id="few")
MANY = pytest.param(200_000, marks=pytest.mark.long, id="many")  # of each of five kinds


@pytest.mark.parametrize("corruptions", [FEW, MANY])
@pytest.mark.parametrize("name", kinds())
@pytest.mark.slow
def test_nothing_wrong_is_believed_and_little_is_lost(name: str, corruptions: int) -> None:
    book = run(name, corruptions)
    print(book)
    assert book.corruptions >= corruptions
    assert book.wrong <= (book.wrong_bound if name == "telemetry, clear" else 0)
    assert book.most_lost <= 1
    if name in {"telemetry, secured", "telecommands, secured"}:
        assert book.refused > corruptions / 4, "most of what fits the checksum comes as far as the code"
    if name.startswith("files"):
        assert book.files > corruptions / 100


# ---------------------------------------------------------------- the book sees what it should


@pytest.mark.slow
def test_wrong_telemetry_is_seen() -> None:
    """Frames without error control, of which markers alone tell: many a wrong one is believed."""
    book = telemetry("telemetry, believed", 500)
    assert book.wrong > 100


@pytest.mark.slow
def test_forged_commands_are_seen() -> None:
    """In the clear, what fits the checksum is a command."""
    book = telecommands("telecommands", 500, protection=Protection.CLEAR)
    assert book.wrong > 100


def test_a_loss_is_seen() -> None:
    from tests.flight.wire.corruption import Book

    book = Book("a")
    book.count_lost([[b"a", b"b", b"c"]], [frozenset({1})], {b"a"})
    assert (book.lost, book.most_lost, book.units, book.corruptions) == (1, 1, 3, 1)


def test_what_is_not_touched_arrives_whole() -> None:
    """And every way to spoil changes something most often."""
    chance = Random(3)
    units = [bytes([n]) * 80 for n in range(1, 5)]
    hit = 0
    for _ in range(500):
        spoilt = spoil(units, chance)
        hit += bool(spoilt.touched)
        for n, unit in enumerate(units):
            assert n in spoilt.touched or unit in spoilt.stream
    assert hit > 400
    assert len(SPOILINGS) == 8
