"""The reports of service 12: their layout, and that any octets are a report or are not."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import encode_cuc
from flight.wire.monitoring import (
    ROWS_EACH,
    Checking,
    Definition,
    Switch,
    Transition,
    check,
    pack_definitions,
    pack_switches,
    pack_transitions,
    read_definitions,
    read_switches,
    read_transitions,
)

NS = 1_000_000_000
FLOAT = st.floats(allow_nan=False)
TRANSITION = st.builds(
    Transition,
    st.integers(0, 0xFFFF),
    FLOAT,
    FLOAT,
    st.sampled_from(Checking),
    st.sampled_from(Checking),
    st.integers(0, 2**32 - 1).map(lambda seconds: seconds * NS),
)
DEFINITION = st.builds(
    Definition,
    st.integers(0, 0xFFFF),
    st.booleans(),
    FLOAT,
    FLOAT,
    FLOAT,
    FLOAT,
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
)


def test_a_transition_is_laid_out_as_written() -> None:
    one = Transition(3, 41.5, 40.0, Checking.WITHIN, Checking.ABOVE, 7 * NS)
    assert pack_transitions([one]) == b"\1" + struct.pack(">HddBB", 3, 41.5, 40.0, 0, 4) + encode_cuc(7 * NS)


@given(st.lists(TRANSITION, max_size=ROWS_EACH), st.lists(DEFINITION, max_size=ROWS_EACH))
def test_reports_come_back(transitions: list[Transition], definitions: list[Definition]) -> None:
    assert read_transitions(pack_transitions(transitions)) == tuple(transitions)
    assert read_definitions(pack_definitions(definitions)) == tuple(definitions)
    assert len(pack_definitions(definitions)) < 1000


@given(st.lists(st.builds(Switch, st.integers(0, 0xFFFF), st.booleans()), max_size=300))
def test_switches_come_back(switches: list[Switch]) -> None:
    assert read_switches(pack_switches(switches)) == tuple(switches)


@given(st.binary(max_size=120))
def test_any_octets_are_a_report_or_are_not(body: bytes) -> None:
    for read in (read_transitions, read_definitions, read_switches):
        found = read(body)
        assert found is None or isinstance(found, tuple)


def test_an_unknown_checking_status_is_no_report() -> None:
    body = bytearray(pack_transitions([Transition(3, 1, 1, Checking.WITHIN, Checking.ABOVE, 0)]))
    body[-8] = 5
    assert read_transitions(bytes(body)) is None


@pytest.mark.parametrize(
    ("value", "status", "limit"),
    [
        (1.0, Checking.WITHIN, math.nan),
        (2.0, Checking.WITHIN, math.nan),
        (0.9, Checking.BELOW, 1.0),
        (2.1, Checking.ABOVE, 2.0),
        (math.nan, Checking.INVALID, math.nan),
        (math.inf, Checking.INVALID, math.nan),
    ],
)
def test_where_a_value_is(value: float, status: Checking, limit: float) -> None:
    found = check(value, 1.0, 2.0)
    assert found[0] is status
    assert found[1] == limit or (math.isnan(found[1]) and math.isnan(limit))
