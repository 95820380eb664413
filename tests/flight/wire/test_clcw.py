# mypy: disable-error-code="union-attr"
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Clcw, Reason, Rejection, decode_clcw, encode_clcw
from flight.wire.definitions import clcw as defined

WORDS = st.builds(
    Clcw,
    st.integers(0, 63),
    st.integers(0, 255),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 7),
)


@given(WORDS)
def test_round_trip_and_definition(clcw: Clcw) -> None:
    word = encode_clcw(clcw)
    assert decode_clcw(word) == clcw
    fixed = {"control_word_type": 0, "version": 0, "cop_in_effect": 1, "spare": 0, "reserved": 0}
    assert word.to_bytes(4, "big") == defined.build(fixed | clcw._asdict())


@given(st.integers(0, 2**32 - 1))
def test_any_word_decodes_or_is_rejected(word: int) -> None:
    clcw = decode_clcw(word)
    if isinstance(clcw, Clcw):
        assert encode_clcw(clcw) == word & ~0x0003_0100  # but for the spare bits


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (0x8100_0000, Reason.FIELD),
        (0x2100_0000, Reason.VERSION),
        (0x0000_0000, Reason.FIELD),
        (0x0200_0000, Reason.FIELD),
    ],
)
def test_other_words(word: int, reason: Reason) -> None:
    rejection = decode_clcw(word)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is reason


def test_hera_recovers_from_lockout() -> None:
    """The words of the launch day record, in their order (references: protocols, 4.3)."""
    locked, still, open_ = (decode_clcw(word) for word in (0x01042200, 0x01042400, 0x01040600))
    assert (locked.virtual_channel, locked.lockout, locked.farm_b_counter) == (1, True, 1)
    assert (still.lockout, still.farm_b_counter) == (True, 2)
    assert (open_.lockout, open_.farm_b_counter, open_.report_value) == (False, 3, 0)
    assert decode_clcw(0x01040007) == Clcw(1, report_value=7)


def test_counters_wrap() -> None:
    assert encode_clcw(Clcw(0, 256, 4)) == encode_clcw(Clcw(0, 0, 0))
    with pytest.raises(AssertionError):
        encode_clcw(Clcw(64))
    with pytest.raises(AssertionError):
        encode_clcw(Clcw(0, status=8))
