"""Intervals of record numbers against a plain set."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import UNSTORED_COUNT
from ground.gaps import Coverage, IntervalSet, note_absent

NUMBERS = st.lists(st.integers(0, 8), max_size=9) | st.lists(st.integers(0, 60), max_size=60)


@given(NUMBERS)
def test_is_a_set(numbers):
    intervals, plain = IntervalSet(), set()
    for number in numbers:
        assert intervals.add(number) == (number not in plain)
        plain.add(number)
        assert intervals.total == len(plain)
        assert intervals.highest == max(plain)
    pieces = list(intervals)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(pieces)), (
        "disjoint, and they do not touch"
    )
    assert [n for first, last in intervals for n in range(first, last + 1)] == sorted(plain)
    assert [n in intervals for n in range(70)] == [n in plain for n in range(70)]


@given(NUMBERS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=9))
def test_gaps_are_what_is_neither_received_nor_absent(received, absent):
    coverage = Coverage()
    for number in received:
        coverage.received.add(number)
    for first, length in absent:
        coverage.absent.add_range(first, first + length)
    gone = {n for first, length in absent for n in range(first, first + length + 1)}
    missing = [n for first, last in coverage.gaps() for n in range(first, last + 1)]
    assert missing == [n for n in range(max(received, default=-1)) if n not in gone and n not in received]
    assert coverage.missing() == len(missing)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=9))
def test_ranges_join(ranges):
    intervals = IntervalSet((first, first + length) for first, length in ranges)
    plain = {n for first, length in ranges for n in range(first, first + length + 1)}
    assert {n for first, last in intervals for n in range(first, last + 1)} == plain
    pieces = list(intervals)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(pieces))
    assert intervals.total == len(plain)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=300, unique=True), st.integers(3, 6))
def test_too_many_intervals_forget_and_never_invent(numbers, most):
    """What is forgotten is asked for again; nothing that did not come is taken for received."""
    intervals = IntervalSet(most=most)
    for number in numbers:
        assert intervals.add(number)
        assert number in intervals, "the one under way is not the one forgotten"
        assert len(intervals) <= most
        assert intervals.highest == max(numbers[: numbers.index(number) + 1])
    kept = {n for first, last in intervals for n in range(first, last + 1)}
    assert kept <= set(numbers)
    assert len(kept) + intervals.forgotten == len(numbers)


def test_the_shortest_is_forgotten():
    intervals = IntervalSet([(0, 9), (20, 22), (30, 39)], most=3)
    intervals.add(50)
    assert list(intervals) == [(0, 9), (30, 39), (50, 50)]
    assert intervals.forgotten == 3


@pytest.mark.parametrize(
    ("body", "good"),
    [
        (struct.pack(">BQQ", 0, 3, 5), True),
        (struct.pack(">BQQ", 0, 3, 3), True),
        (struct.pack(">BQQ", 0, 5, 3), False),
        (struct.pack(">BQQ", 2, 3, 5), False),
        (struct.pack(">BQQ", 0, 3, 5)[:-1], False),
        (b"", False),
    ],
)
def test_reports_of_absence(body, good):
    coverage = [Coverage(), Coverage()]
    assert note_absent(coverage, body) == good
    assert bool(coverage[0].absent.total) == good


@given(NUMBERS, st.integers(1, 70))
def test_the_highest_below_a_limit(numbers, limit):
    intervals = IntervalSet()
    for number in numbers:
        intervals.add(number)
    assert intervals.highest_below(limit) == max((n for n in numbers if n < limit), default=-1)


def test_packets_that_are_never_stored_leave_no_gaps():
    """A spacecraft that could not open its storage was heard, and later goes on where it had been."""
    coverage = Coverage()
    for number in (0, 1, 2, 4, UNSTORED_COUNT + 7, UNSTORED_COUNT + 9, 5):
        coverage.received.add(number)
    assert list(coverage.gaps()) == [(3, 3)]
    assert coverage.missing() == 1
