from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.coding import (
    LONG_TELEMETRY_REGISTER,
    TELECOMMAND_REGISTER,
    TELEMETRY_REGISTER,
    Randomiser,
    ShiftRegister,
    sequence,
)

# Published: 231.0-B, 6.3; 131.0-B, 10.4 (the long one as four independent implementations of 131.0-B-5 have it).
FIRST_40_BITS = {
    TELECOMMAND_REGISTER: "ff399e5a68",
    TELEMETRY_REGISTER: "ff480ec09a",
    LONG_TELEMETRY_REGISTER: "1c71b91ba9",
}


@pytest.mark.parametrize("register", FIRST_40_BITS)
def test_the_first_forty_bits_are_as_published(register: ShiftRegister) -> None:
    assert sequence(register, 5).hex() == FIRST_40_BITS[register]


def test_the_first_forty_bits_are_as_recorded(vectors) -> None:
    figures = json.loads((vectors / "tc" / "spacepylibrary_vectors.json").read_text())
    assert sequence(TELECOMMAND_REGISTER, 5).hex() == figures["tc_randomizer_first_40_bits"]
    assert sequence(TELEMETRY_REGISTER, 5).hex() == figures["tm_randomizer_first_40_bits"]


@pytest.mark.parametrize("register", [TELECOMMAND_REGISTER, TELEMETRY_REGISTER])
def test_the_short_sequences_repeat_after_255_bits_and_not_before(register: ShiftRegister) -> None:
    """255 bits and 8 have no common factor, so the octets repeat after 255."""
    octets = sequence(register, 510)
    assert octets[:255] == octets[255:]
    bits = "".join(f"{octet:08b}" for octet in octets[:255])
    assert [shift for shift in range(1, 256) if bits[:255] == bits[shift : shift + 255]] == [255]


@pytest.mark.slow
def test_the_long_sequence_repeats_after_131071_bits() -> None:
    bits = "".join(f"{octet:08b}" for octet in sequence(LONG_TELEMETRY_REGISTER, 2 * 131071 // 8))
    assert bits[:40] == bits[131071 : 131071 + 40]
    assert bits.find(bits[:40], 1) == 131071


@given(st.sampled_from(sorted(FIRST_40_BITS)), st.binary(max_size=300), st.integers(0, 100))
def test_twice_is_nothing_and_the_offset_is_a_place_in_the_sequence(register, data, offset) -> None:
    randomiser = Randomiser(register, 400)
    assert randomiser.apply(randomiser.apply(data, offset), offset) == data
    assert randomiser.apply(bytes(offset) + data)[offset:] == randomiser.apply(data, offset)
    assert randomiser.apply(bytes(7)) == sequence(register, 7)


def test_beyond_the_longest_is_a_programmers_error() -> None:
    with pytest.raises(AssertionError):
        Randomiser(TELEMETRY_REGISTER, 10).apply(bytes(6), 5)
