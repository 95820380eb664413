"""One spoilt place in a piece of a stream, and which units of the piece it touches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from flight.wire import SYNC_MARKER
from flight.wire.coding import TAIL_SEQUENCE

CONSOLE = b"[   12.345678] usb 1-1: new full-speed USB device\r\nlogin: "
LONGEST_BURST = 60  # octets: shorter than a unit, so that a burst touches two at most


class Spoilt(NamedTuple):
    stream: bytes
    touched: frozenset[int]  # indexes of units that do not arrive whole


class _Piece(NamedTuple):
    """What changes: octets from `start` to `end` become `put`."""

    start: int
    end: int
    put: bytes


def _flips(stream: bytes, at: int, chance: Random) -> _Piece:
    """1 to 12 wrong bits within a burst's length."""
    end = min(len(stream), at + LONGEST_BURST)
    word = int.from_bytes(stream[at:end], "big")
    for _ in range(chance.randint(1, 12)):
        word ^= 1 << chance.randrange(8 * (end - at))
    return _Piece(at, end, word.to_bytes(end - at, "big"))


def _one_bit(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, at + 1, bytes([stream[at] ^ 1 << chance.randrange(8)]))


def _burst(stream: bytes, at: int, chance: Random) -> _Piece:
    end = min(len(stream), at + chance.randint(1, LONGEST_BURST))
    return _Piece(at, end, chance.randbytes(end - at))


def _loss(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, min(len(stream), at + chance.randint(1, LONGEST_BURST)), b"")


def _noise(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, at, chance.randbytes(chance.randint(1, LONGEST_BURST)))


def _console(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, at, CONSOLE)


def _mimic(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, at, chance.choice([SYNC_MARKER, b"\xeb\x90", TAIL_SEQUENCE]))


def _stutter(stream: bytes, at: int, chance: Random) -> _Piece:
    return _Piece(at, at, stream[max(0, at - chance.randint(1, LONGEST_BURST)) : at])


Spoiling = Callable[[bytes, int, Random], _Piece]
SPOILINGS: tuple[Spoiling, ...] = (_flips, _one_bit, _burst, _loss, _noise, _console, _mimic, _stutter)


def spoil(units: Sequence[bytes], chance: Random) -> Spoilt:
    """The units one behind the other, with one place spoilt.  Chance may change nothing: then nothing is touched."""
    stream = b"".join(units)
    ends = list(accumulate(map(len, units)))
    start, end, put = chance.choice(SPOILINGS)(stream, chance.randrange(len(stream)), chance)
    inserted = start == end
    changed = [n for n in range(start, end) if len(put) != end - start or stream[n] != put[n - start]]
    touched = {bisect_right(ends, n) for n in changed}
    if inserted and start and start not in ends and put:
        touched.add(bisect_right(ends, start))
    return Spoilt(stream[:start] + put + stream[end:], frozenset(touched))
