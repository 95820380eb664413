"""The book as octets: what is written is read, and what is damaged is a counted loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare.shelving import RunTold
from flight.jobs import brief_octets
from flight.modules.jobs.book import DELIVERED_MAX, JOBS_MAX, Book, read_book
from flight.modules.jobs.row import RUNS_MAX, Row, read_row, row_octets
from flight.modules.jobs.stages import Bound, JobStage, bound_of
from flight.planning import Binding
from flight.store.document import BODY_LIMIT
from tests.flight.modules.jobs.alone import brief

RUN = RunTold(1, "board_a", 5, 2**62, 1_800_000_000, "STOPPED", -11, 12_345, 60)


def row(number: int = 7, **changes: object) -> Row:
    one = brief()
    made = Row(number, "jobs/x.job", brief_octets(one), bytes(range(32)), brief=one)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


FULL = row(
    state=JobStage.STOPPING,
    stage=2,
    begun=3,
    continues=True,
    cancelled=True,
    progress_milli=512,
    energy_mj=2**40,
    taken_ns=9,
    ready_ns=10,
    ended="FAILED",
    reason="its verifier says no: 3",
    good_stage=1,
    result="results/acme-demo-1.result",
    result_octets=77,
    runs=[RUN, RUN._replace(ended="KILLED")],
    checks=[("vote", True), ("verify", False)],
)


def book_of(*rows: Row) -> Book:
    book = Book()
    for one in rows:
        book.add(one)
    return book


THREE = book_of(row(1), FULL, row(3)).octets()
NUMBERS = list(read_book(THREE).rows)


def test_a_row_comes_back() -> None:
    assert read_row(row_octets(FULL)) == FULL


def test_a_book_comes_back() -> None:
    book = book_of(row(1), FULL, row(9, brief=None, octets=b""))
    book.shares.add("acme", 5_000, 10**13)
    found = read_book(book.octets())
    assert list(found) == list(book)
    assert (found.version, found.losses) == (3, 0)
    assert found.shares.day_mj("acme", 10**13) == 5_000


def test_no_book_is_an_empty_one() -> None:
    assert (read_book(None).rows, read_book(None).losses) == ({}, 0)


@given(st.binary(max_size=200))
def test_nonsense_is_a_loss_and_never_an_error(octets: bytes) -> None:
    assert read_book(octets).losses >= 1
    assert read_row(octets) is None


@given(st.data())
def test_a_damaged_book_loses_what_is_damaged(data: st.DataObject) -> None:
    octets = bytearray(THREE)
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    found = read_book(bytes(octets))
    assert len(found.rows) <= 3
    assert len(found.rows) == 3 or found.losses


@given(st.integers(0, 2_000))
def test_a_book_that_is_cut_off_keeps_the_jobs_before(length: int) -> None:
    found = read_book(THREE[: min(length, len(THREE) - 1)])
    assert found.losses >= 1
    assert list(found.rows) == NUMBERS[: len(found.rows)]


def test_one_bad_row_costs_one() -> None:
    book = book_of(row(1), row(2), row(3))
    bad = book.octets().replace(row_octets(row(2)), row_octets(row(2))[:-1] + b"\xff")
    found = read_book(bad)
    assert (list(found.rows), found.losses) == ([1, 3], 1)


def test_a_number_twice_counts_once() -> None:
    book = book_of(row(1))
    book.rows[2] = row(1)
    assert read_book(book.octets()).losses == 1


def test_a_full_book_is_no_larger_than_a_document() -> None:
    one = brief(
        arguments=tuple("x" * 200 for _ in range(16)),
        libraries=tuple(f"{'l' * 40}{number}" for number in range(16)),
        models=tuple(f"{'m' * 40}{number}" for number in range(16)),
    )
    rows = [
        row(number, brief=one, octets=brief_octets(one), runs=[RUN] * RUNS_MAX, reason="r" * 100)
        for number in range(1, JOBS_MAX + DELIVERED_MAX + 1)
    ]
    octets = book_of(*rows).octets()
    assert len(octets) <= BODY_LIMIT
    assert len(read_book(octets).rows) == JOBS_MAX + DELIVERED_MAX


def test_bindings_have_the_planner_s_order() -> None:
    assert [bound_of(binding) for binding in Binding] == list(Bound)


@pytest.mark.parametrize("version", [b"SKYJOBS\x02", b"SKYJOBS\x00"])
def test_another_version_is_a_loss(version: bytes) -> None:
    octets = version + book_of(row(1)).octets()[8:]
    assert (read_book(octets).rows, read_book(octets).losses) == ({}, 1)
