# mypy: disable-error-code="import-untyped, union-attr"
from __future__ import annotations

import json
import random

import pytest
import reedsolo
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Reason, Rejection, append_crc
from flight.wire.coding import (
    CORRECTABLE,
    DATA_LENGTH,
    PARITY_LENGTH,
    TELEMETRY_REGISTER,
    Corrected,
    ReedSolomon,
    TmCodec,
    TmCoding,
    TmRandomisation,
    parity,
    sequence,
)
from flight.wire.coding.galois import FROM_DUAL, TO_DUAL, multiply, root_power
from flight.wire.coding.reed_solomon import find_errors
from ground.parity_arrays import parity as parity_with_numpy

PARITIES = [parity, parity_with_numpy]
NUMBERS = random.Random(3)


@pytest.fixture(scope="module")
def libfec(vectors):
    """Figures of Phil Karn's library."""
    return json.loads((vectors / "rs" / "rs_255_223_dualbasis_libfec.json").read_text())


def spoil(word: bytes, places: list[int]) -> bytes:
    spoilt = bytearray(word)
    for place in places:
        spoilt[place] ^= NUMBERS.randrange(1, 256)
    return bytes(spoilt)


@pytest.mark.parametrize("make", PARITIES)
def test_parity_is_that_of_libfec(libfec, make) -> None:
    assert len(libfec["vectors"]) == 9
    for vector in libfec["vectors"]:
        data = bytes.fromhex(vector["data"])
        assert make(data, 1).hex() == vector["parity"], vector["name"]


@pytest.mark.parametrize("make", PARITIES)
def test_interleaved_parity_of_a_recorded_frame_is_that_of_libfec(libfec, vectors, make) -> None:
    known = libfec["interleave5_real_frame"]
    frame = (vectors / "frames" / "stereo_a_tm_1115_20220924_1035.raw").read_bytes()[:1115]
    assert make(frame, 5).hex() == known["parity160"]


def test_spoilt_words_of_libfec(libfec) -> None:
    code = ReedSolomon(DATA_LENGTH)
    (count,) = (bytes.fromhex(v["data"]) for v in libfec["vectors"] if v["name"] == "count")
    for name, symbols in (("errors_1", 1), ("errors_16", 16)):
        assert code.decode(bytes.fromhex(libfec[name]["received"])) == Corrected(count, symbols)
    assert code.decode(bytes.fromhex(libfec["errors_17"]["received"])).reason is Reason.CHECKSUM


@pytest.mark.peer
def test_parity_and_mending_are_those_of_reedsolo() -> None:
    """It works in the conventional basis alone, so the dual basis is laid around it."""
    peer = reedsolo.RSCodec(PARITY_LENGTH, nsize=255, fcr=112, prim=0x187, generator=0xAD, c_exp=8)
    for _ in range(5):
        data = NUMBERS.randbytes(DATA_LENGTH)
        word = bytes(peer.encode(data.translate(FROM_DUAL))).translate(TO_DUAL)
        assert data + parity(data, 1) == word
        spoilt = spoil(word, NUMBERS.sample(range(255), CORRECTABLE))
        theirs = bytes(peer.decode(spoilt.translate(FROM_DUAL))[0]).translate(TO_DUAL)
        assert ReedSolomon(DATA_LENGTH).decode(spoilt) == Corrected(theirs, CORRECTABLE)


@given(st.integers(1, 8), st.integers(1, DATA_LENGTH), st.randoms(use_true_random=False))
def test_both_parities_agree_and_interleaving_is_by_symbol(depth, symbols, numbers) -> None:
    frame = numbers.randbytes(depth * symbols)
    found = parity(frame, depth)
    assert found == parity_with_numpy(frame, depth)
    for word in range(depth):
        assert found[word::depth] == parity(frame[word::depth], 1)


@given(st.binary(min_size=1, max_size=DATA_LENGTH))
def test_virtual_fill_is_zeros_in_front(data: bytes) -> None:
    assert parity(data, 1) == parity(bytes(DATA_LENGTH - len(data)) + data, 1)


def test_every_root_of_the_code_is_a_root_of_each_codeword() -> None:
    word = ReedSolomon(DATA_LENGTH).encode(NUMBERS.randbytes(DATA_LENGTH)).translate(FROM_DUAL)
    for exponent in range(112, 144):
        value = 0
        for symbol in word:
            value = multiply(value, root_power(exponent)) ^ symbol
        assert value == 0


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("fill", [0, 5, 120])
def test_sixteen_errors_of_each_codeword_are_mended_wherever_they_are(depth: int, fill: int) -> None:
    code = ReedSolomon(depth * (DATA_LENGTH - fill), depth)
    frame = NUMBERS.randbytes(code.frame_length)
    block = code.encode(frame)
    assert len(block) == code.block_length
    assert code.clean(block)
    assert code.decode(block) == Corrected(frame, 0)
    for errors in (1, 15, 16):
        places = [
            depth * place + word
            for word in range(depth)
            for place in NUMBERS.sample(range(255 - fill), errors)
        ]
        spoilt = spoil(block, places)
        assert not code.clean(spoilt)
        assert code.decode(spoilt) == Corrected(frame, depth * errors)


def test_a_burst_of_sixteen_times_the_depth_is_mended_at_every_place() -> None:
    code = ReedSolomon(5 * 60, 5)
    frame = NUMBERS.randbytes(code.frame_length)
    block = code.encode(frame)
    for start in range(0, code.block_length - 80, 7):
        assert code.decode(spoil(block, list(range(start, start + 80)))) == Corrected(frame, 80)


@pytest.mark.parametrize("errors", [17, 18, 20, 40, 100, 255])
def test_more_errors_are_refused(errors: int) -> None:
    """Not always: one word in 16! would be taken for another; 60 words of these numbers are not."""
    code = ReedSolomon(DATA_LENGTH)
    block = code.encode(NUMBERS.randbytes(DATA_LENGTH))
    for _ in range(10):
        assert isinstance(code.decode(spoil(block, NUMBERS.sample(range(255), errors))), Rejection)


def test_a_word_near_another_codeword_is_taken_for_it_and_nobody_can_tell() -> None:
    """Why frames keep their checksum under this code."""
    code = ReedSolomon(DATA_LENGTH)
    sent, other = (code.encode(NUMBERS.randbytes(DATA_LENGTH)) for _ in range(2))
    differing = [place for place in range(255) if sent[place] != other[place]]
    received = bytearray(sent)
    for place in differing[CORRECTABLE:]:
        received[place] = other[place]
    assert code.decode(bytes(received)) == Corrected(other[:DATA_LENGTH], CORRECTABLE)


def test_a_word_that_slipped_by_an_octet_is_mended_to_a_shifted_one() -> None:
    """The code is cyclic.  The short randomiser's sequence is a codeword, so it slips along; the long one's is not."""
    data = NUMBERS.randbytes(DATA_LENGTH)
    word = ReedSolomon(DATA_LENGTH).encode(data)
    assert ReedSolomon(DATA_LENGTH).clean(sequence(TELEMETRY_REGISTER, 255))
    for randomisation, mended in (
        (TmRandomisation.NONE, True),
        (TmRandomisation.SHORT, True),
        (TmRandomisation.LONG, False),
    ):
        codec = TmCodec(TmCoding(DATA_LENGTH, 1, randomisation, error_control=False))
        found = codec.decode(b"\0" + codec.encode(data)[4:-1])
        assert isinstance(found, Rejection) is not mended
        if randomisation is TmRandomisation.NONE:
            assert found == (word[-1:] + data[:-1], 1)
        checked = TmCodec(TmCoding(DATA_LENGTH, 1, randomisation))
        line = checked.encode(append_crc(data[:-2]))
        assert isinstance(checked.decode(b"\0" + line[4:-1]), Rejection)


def test_errors_found_in_virtual_fill_are_refused() -> None:
    """The fill was never sent, so a word whose nearest codeword differs there is beyond the code."""
    full = ReedSolomon(DATA_LENGTH)
    data = bytes(23) + NUMBERS.randbytes(200)
    word = full.encode(data)
    filled = bytearray(word)
    filled[3] = 0x77
    other = full.encode(bytes(filled[:DATA_LENGTH]))
    # What is received is `other` without its first 23 symbols: one error away, in the fill.
    assert full.decode(bytes(23) + other[23:]).frame == other[:DATA_LENGTH]
    assert isinstance(ReedSolomon(200).decode(other[23:]), Rejection)


@given(st.binary(max_size=330))
def test_any_octets_give_a_frame_or_a_rejection(block: bytes) -> None:
    code = ReedSolomon(200, 2)
    found = code.decode(block)
    if isinstance(found, Rejection):
        assert found.reason in {Reason.LENGTH, Reason.CHECKSUM}
        assert not code.clean(block)
    else:
        assert code.clean(code.encode(found.frame))


@given(st.binary(min_size=PARITY_LENGTH, max_size=PARITY_LENGTH))
def test_any_difference_has_errors_that_explain_it_or_none(difference: bytes) -> None:
    errors = find_errors(difference)
    if errors is not None:
        word = bytearray(255)
        for place, value in errors:
            word[place] ^= value
        assert (
            bytes(a ^ b for a, b in zip(parity(bytes(word[:223]), 1), word[223:], strict=True)) == difference
        )


@pytest.mark.parametrize(("length", "depth"), [(223, 0), (223, 9), (224, 1), (446, 3), (0, 1), (1116, 5)])
def test_frames_that_do_not_fit_the_code_are_refused_when_configured(length: int, depth: int) -> None:
    with pytest.raises(ValueError, match="is not"):
        ReedSolomon(length, depth)
