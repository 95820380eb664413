"""Lists of numbers: what is read, and that anything else is no list."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.numbers import NUMBERS_MAX, read_numbers


def listed(count: int, numbers: list[int]) -> bytes:
    return struct.pack(f">H{len(numbers)}H", count, *numbers)


@given(st.lists(st.integers(0, 0xFFFF), max_size=20))
def test_a_list_is_read(numbers: list[int]) -> None:
    assert read_numbers(listed(len(numbers), numbers)) == tuple(numbers)


def test_as_long_as_allowed_and_one_more() -> None:
    assert read_numbers(listed(NUMBERS_MAX, [7] * NUMBERS_MAX)) == (7,) * NUMBERS_MAX
    assert read_numbers(listed(NUMBERS_MAX + 1, [7] * (NUMBERS_MAX + 1))) is None


@pytest.mark.parametrize(
    "data", [b"", b"\0", listed(1, []), listed(0, [7]), listed(2, [7, 8, 9]), listed(2, [7, 8])[:-1]]
)
def test_another_length_is_no_list(data: bytes) -> None:
    assert read_numbers(data) is None


@given(st.binary(max_size=40))
def test_any_octets(data: bytes) -> None:
    numbers = read_numbers(data)
    assert numbers is None or listed(len(numbers), list(numbers)) == data
