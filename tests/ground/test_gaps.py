"""Intervals of record numbers against a plain set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ground.gaps import Coverage, IntervalSet

NUMBERS = st.lists(st.integers(0, 60), max_size=60)


@given(NUMBERS)
def test_is_a_set(numbers):
    intervals, plain = IntervalSet(), set()
    for number in numbers:
        assert intervals.add(number) == (number not in plain)
        plain.add(number)
        assert intervals.total == len(plain)
        assert intervals.highest == max(plain)
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
