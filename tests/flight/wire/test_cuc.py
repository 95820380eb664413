from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import CUC_LENGTH, P_FIELD, cuc_fields, decode_cuc, encode_cuc, nanoseconds
from flight.wire.definitions import cuc_time

SECOND = 1_000_000_000
ALL_TIMES = st.integers(0, 2**32 * SECOND - 1)


def test_p_field_announces_four_and_three_octets_of_the_agency_epoch() -> None:
    assert P_FIELD >> 7 == 0
    assert P_FIELD >> 4 & 7 == 0b010
    assert (P_FIELD >> 2 & 3) + 1 + (P_FIELD & 3) == CUC_LENGTH


@given(ALL_TIMES)
def test_a_time_is_never_decoded_later_and_less_than_a_tick_earlier(ns: int) -> None:
    back = decode_cuc(encode_cuc(ns))
    assert back <= ns
    assert (ns - back) * 2**24 < SECOND + 2**24  # one tick of 59.6 ns, and the nanosecond of rounding
    assert back // SECOND == ns // SECOND


@given(st.binary(min_size=7, max_size=7))
def test_every_code_survives_decoding(code: bytes) -> None:
    assert encode_cuc(decode_cuc(code)) == code


@given(ALL_TIMES)
def test_same_as_the_definition(ns: int) -> None:
    parsed = cuc_time.parse(encode_cuc(ns))
    assert parsed.seconds == ns // SECOND
    assert parsed.fine == ns % SECOND * 2**24 // SECOND
    seconds, high, low = cuc_fields(ns)
    assert (seconds, high << 8 | low) == (parsed.seconds, parsed.fine)
    assert nanoseconds(seconds, high, low) == decode_cuc(encode_cuc(ns))


def test_last_nanosecond_of_a_second_stays_in_it() -> None:
    assert encode_cuc(SECOND - 1) == bytes.fromhex("00000000ffffff")
    assert encode_cuc(SECOND) == bytes.fromhex("00000001000000")


def test_saturates_at_both_ends() -> None:
    last = bytes([255] * 7)
    assert encode_cuc(-1) == bytes(7)
    assert encode_cuc(2**32 * SECOND - 1) == last
    assert encode_cuc(2**32 * SECOND) == last
    assert encode_cuc(10**30) == last


@pytest.mark.peer
def test_spacepylibrary_times(tc_vectors) -> None:
    """Theirs are 4 + 2; the missing octet is 0.  Its text shows 15 us and 3906 us, cut to microseconds."""
    for number, us in ((1, 15), (2, 30), (3, 3906), (4, 999_969), (5, 999_984)):
        assert decode_cuc(tc_vectors[f"CUC2_TIME{number}_FIELD"] + b"\0") // 1000 == us
    assert decode_cuc(tc_vectors["CUC2_TIME6_FIELD"] + b"\0") == 0x3AD72748 * SECOND


@pytest.mark.peer
def test_yamcs_time(vectors) -> None:
    known = json.loads((vectors / "tc" / "spacepylibrary_vectors.json").read_text())["yamcs_cuc"]
    ns = decode_cuc(bytes.fromhex(known["bytes"]) + b"\0")
    utc_ns = round(datetime.fromisoformat(known["utc"]).timestamp() * 1000) * 1_000_000
    assert 0 <= utc_ns - ns < SECOND / 2**16  # one tick of their two fine octets
