"""What service 15 carries, there and back, and any octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.packet_stores import (
    StoreContent,
    StoreStatus,
    pack_contents,
    pack_deletion,
    pack_statuses,
    pack_stores,
    read_contents,
    read_deletion,
    read_statuses,
    read_stores,
)

NS = 1_000_000_000
SECONDS = st.integers(0, 2**32 - 1).map(lambda second: second * NS)
CONTENTS = st.builds(
    StoreContent,
    st.integers(0, 255),
    SECONDS,
    SECONDS,
    SECONDS,
    st.integers(0, 100),
    st.integers(0, 100),
)
STATUSES = st.builds(StoreStatus, st.integers(0, 255), st.booleans(), st.booleans(), st.booleans())


def test_a_list_of_stores() -> None:
    assert pack_stores((2, 0)) == b"\x02\x02\x00"
    assert read_stores(b"\x02\x02\x00", 3) == (0, 2)
    assert read_stores(b"\x02\x01\x01", 3) == (1,)
    assert read_stores(b"\x00", 3) == (0, 1, 2), "none is all"


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x03", b"\x00\x00", b"\x02\x00"])
def test_no_list_of_three_stores(data: bytes) -> None:
    assert read_stores(data, 3) is None


def test_a_deletion() -> None:
    assert read_deletion(pack_deletion(77 * NS, (1,)), 3) == (77 * NS, (1,))
    assert read_deletion(pack_deletion(77 * NS, (3,)), 3) is None
    assert read_deletion(bytes(7), 3) is None


@given(st.lists(CONTENTS, max_size=9), st.lists(STATUSES, max_size=9))
def test_reports_come_back_as_they_were(contents, statuses) -> None:
    assert read_contents(pack_contents(contents)) == tuple(contents)
    assert read_statuses(pack_statuses(statuses)) == tuple(statuses)


@given(st.binary(max_size=80))
def test_any_octets_are_a_report_or_are_not(data: bytes) -> None:
    contents, statuses = read_contents(data), read_statuses(data)
    assert contents is None or len(contents) == data[0]
    assert statuses is None or len(statuses) == data[0]
    read_deletion(data, 3)
