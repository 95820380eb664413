"""Reed-Solomon (255,223), E = 16, dual basis, interleaved, with virtual fill (CCSDS 131.0-B, clause 4).

A frame of I x k symbols, k <= 223, becomes I codewords: symbol n belongs to codeword n mod I.  Each is led by
223 - k symbols of virtual fill, zeros that are never sent.  I x 32 parity symbols follow the frame, interleaved
alike.  The standard has I = 1, 2, 3, 4, 5 and 8; 6 and 7 work the same and are ours alone.

**Encoding** is linear: the parity of 32 symbols is the exclusive or of one table row for each, an integer of 32
octets, dual basis on both sides.  Longer data goes through in runs of 32, each added to the parity so far.  That is
8,192 integers, 0.6 MB, made at the first use.  A row for each of the 223 positions would save the runs, but its
4 MB fall out of the processor's cache: 13 us for a codeword on a quiet machine, 50 us on a busy one.

**A clean codeword** is one whose parity, computed anew, is the one received; the decoder proper runs only on the
difference.

**What cannot be seen:** a word with more than 16 wrong symbols is nearly always refused.  About one in 16! of
them (5e-14; McEliece and Swanson 1986) lies within 16 symbols of some other codeword and is "corrected" to that;
no decoder can tell.  And the code is cyclic: a codeword of full length that slipped by an octet is a codeword with
one wrong symbol, and the short randomiser does not help, since its own sequence is a codeword (the long one is not).
Frames therefore keep their error control field under this code.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import getitem, xor
from typing import NamedTuple, Protocol

from flight.wire.coding.galois import (
    EXP,
    FROM_DUAL,
    LOG,
    TIMES,
    TO_DUAL,
    divide,
    multiply,
    root_power,
)
from flight.wire.coding.parity_run import Rows, parity_of_word
from flight.wire.rejection import Reason, Rejection

CODEWORD_LENGTH = 255
DATA_LENGTH = 223
PARITY_LENGTH = 32
CORRECTABLE = PARITY_LENGTH // 2
DEEPEST_INTERLEAVE = 8
_FIRST_ROOT = 112  # the roots are (alpha^11)^112 .. ^143


class Parity(Protocol):
    """The parity symbols of a whole frame: `depth` codewords of `len(frame) / depth` data symbols each."""

    def __call__(self, frame: bytes, depth: int) -> bytes: ...


class Corrected(NamedTuple):
    """`symbols` were wrong, in data and parity together."""

    frame: bytes
    symbols: int


def _generator() -> list[int]:
    """g(x), highest power first."""
    g = [1]
    for exponent in range(_FIRST_ROOT, _FIRST_ROOT + PARITY_LENGTH):
        root = root_power(exponent)
        shifted = [*g, 0]
        g = [high ^ multiply(root, low) for high, low in zip(shifted, [0, *g], strict=True)]
    return g


def _rows(unit_rows: list[bytes]) -> Rows:
    """For each position, the row of every dual symbol there, from the row of the conventional symbol 1."""
    tables = []
    for unit in unit_rows:
        table = [0] * 256
        for bit in range(8):
            step = 1 << bit
            row = int.from_bytes(unit.translate(TIMES[FROM_DUAL[step]]).translate(TO_DUAL), "big")
            for value in range(step):
                table[step + value] = table[value] ^ row
        tables.append(tuple(table))
    return tuple(tables)


def parity_rows(count: int = DATA_LENGTH) -> Rows:
    """For the last `count` data positions: x^(254 - position) mod g(x), times each symbol, in the dual basis."""
    taps = _generator()[1:]
    remainder, units = taps, [bytes(taps)]
    for _ in range(count - 1):
        top = TIMES[remainder[0]]
        remainder = [low ^ top[tap] for low, tap in zip([*remainder[1:], 0], taps, strict=True)]
        units.append(bytes(remainder))
    return _rows(units[::-1])


@cache
def _run_rows() -> Rows:
    return parity_rows(PARITY_LENGTH)


@cache
def _syndrome_rows() -> Rows:
    """By parity position: a dual symbol's part in the 32 syndromes, which stay in the dual basis."""
    roots = range(_FIRST_ROOT, _FIRST_ROOT + PARITY_LENGTH)
    return _rows(
        [bytes(root_power(root * power) for root in roots) for power in reversed(range(PARITY_LENGTH))]
    )


@cache
def _inverse_powers() -> tuple[bytes, ...]:
    """For n up to 16: (X^-1)^n for each position of a codeword, where X = (alpha^11)^(254 - position)."""
    return tuple(
        bytes(root_power(-power * (CODEWORD_LENGTH - 1 - place)) for place in range(CODEWORD_LENGTH))
        for power in range(CORRECTABLE + 1)
    )


def parity(frame: bytes, depth: int) -> bytes:
    """In plain Python; `ground.parity_arrays` has a faster one."""
    rows = _run_rows()
    if depth == 1:
        return parity_of_word(frame, rows)
    found = bytearray(depth * PARITY_LENGTH)
    for word in range(depth):
        found[word::depth] = parity_of_word(frame[word::depth], rows)
    return bytes(found)


class ReedSolomon:
    """The code for frames of one length.  `parity` may be another implementation of the function above."""

    def __init__(self, frame_length: int, depth: int = 1, parity: Parity = parity) -> None:
        if not 1 <= depth <= DEEPEST_INTERLEAVE:
            raise ValueError(f"interleaving depth {depth} is not in 1..{DEEPEST_INTERLEAVE}")
        if frame_length % depth or not 0 < frame_length <= depth * DATA_LENGTH:
            raise ValueError(
                f"frame_length {frame_length} is not a multiple of {depth} up to {depth * DATA_LENGTH}"
            )
        self.frame_length = frame_length
        self.depth = depth
        self.block_length = frame_length + depth * PARITY_LENGTH
        self._fill = bytes(DATA_LENGTH - frame_length // depth)
        self._parity = parity

    def encode(self, frame: bytes) -> bytes:
        """The frame and its parity."""
        assert len(frame) == self.frame_length
        return frame + self._parity(frame, self.depth)

    def clean(self, block: bytes) -> bool:
        """Every codeword of `block` is one as it came."""
        frame = block[: self.frame_length]
        return len(block) == self.block_length and self._parity(frame, self.depth) == block[len(frame) :]

    def decode(self, block: bytes) -> Corrected | Rejection:
        """The frame, up to 16 symbols of each codeword corrected."""
        if len(block) != self.block_length:
            return Rejection(Reason.LENGTH, f"codeblock of {len(block)} octets")
        frame, sent = block[: self.frame_length], block[self.frame_length :]
        expected = self._parity(frame, self.depth)
        if expected == sent:
            return Corrected(frame, 0)
        corrected, symbols = bytearray(frame), 0
        for word in range(self.depth):
            difference = bytes(map(xor, expected[word :: self.depth], sent[word :: self.depth]))
            if any(difference):
                data = self._corrected(frame[word :: self.depth], difference)
                if data is None:
                    return Rejection(
                        Reason.CHECKSUM, f"codeword {word} of {self.depth} beyond {CORRECTABLE} errors"
                    )
                corrected[word :: self.depth] = data.frame
                symbols += data.symbols
        return Corrected(bytes(corrected), symbols)

    def _corrected(self, data: bytes, difference: bytes) -> Corrected | None:
        errors = find_errors(difference)
        fill = len(self._fill)
        if errors is None or any(place < fill for place, _ in errors):
            return None
        repaired = bytearray(data)
        for place, value in errors:
            if place < DATA_LENGTH:
                repaired[place - fill] ^= value
        return Corrected(bytes(repaired), len(errors))


def find_errors(difference: bytes) -> list[tuple[int, int]] | None:
    """(position in the whole codeword, dual value to add) of each wrong symbol; None when there are too many.

    `difference` is computed against received parity, 32 dual symbols.  Berlekamp-Massey, Chien, Forney.
    """
    rows = reduce(xor, map(getitem, _syndrome_rows(), difference))
    syndromes = rows.to_bytes(PARITY_LENGTH, "big").translate(FROM_DUAL)
    locator = _locator(syndromes)
    degree = len(locator) - 1
    if degree > CORRECTABLE or not locator[-1]:
        return None
    values = _everywhere(locator)
    places = [place for place in range(CODEWORD_LENGTH) if not values[place]]
    if len(places) != degree:
        return None
    evaluator = [
        reduce(xor, map(multiply, locator[: power + 1], syndromes[power::-1])) for power in range(degree)
    ]
    derivative = [locator[power + 1] if power % 2 == 0 else 0 for power in range(degree)]
    numerators, denominators = _everywhere(evaluator), _everywhere(derivative)
    found = []
    for place in places:
        # Forney for a code whose first root is b: the value is X^(1-b) O(X^-1) / L'(X^-1).
        scale = root_power((1 - _FIRST_ROOT) * (CODEWORD_LENGTH - 1 - place))
        value = multiply(scale, divide(numerators[place], denominators[place]))
        found.append((place, TO_DUAL[value]))
    return found


def _everywhere(polynomial: list[int]) -> bytes:
    """Its values at X^-1 of each position; lowest power first, at most 17 terms."""
    total = 0
    for factor, powers in zip(polynomial, _inverse_powers(), strict=False):
        if factor:
            total ^= int.from_bytes(powers.translate(TIMES[factor]), "big")
    return total.to_bytes(CODEWORD_LENGTH, "big")


def _locator(syndromes: bytes) -> list[int]:
    """The shortest register that makes the syndromes (Berlekamp-Massey), lowest power first."""
    locator, before = [1], [1]
    length, gap, last = 0, 1, 1
    for count in range(PARITY_LENGTH):
        window = syndromes[count - length : count + 1][::-1]
        discrepancy = 0
        for factor, syndrome in zip(locator, window, strict=False):
            if factor and syndrome:
                discrepancy ^= EXP[LOG[factor] + LOG[syndrome]]
        if not discrepancy:
            gap += 1
            continue
        times = TIMES[divide(discrepancy, last)]
        correction = [0] * gap + [times[factor] for factor in before]
        kept = locator
        size = max(len(locator), len(correction))
        padded = locator + [0] * (size - len(locator))
        for power, factor in enumerate(correction):
            padded[power] ^= factor
        locator = padded
        if 2 * length <= count:
            length, before, last, gap = count + 1 - length, kept, discrepancy, 1
        else:
            gap += 1
    return (locator + [0] * (length + 1 - len(locator)))[: length + 1]
