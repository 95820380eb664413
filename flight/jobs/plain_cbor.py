"""CBOR (RFC 8949) of the plain kind: what a manifest needs, and nothing that could surprise the decoder.

Whole numbers below 2^64, true and false, floats, text, octets, arrays, maps; of definite length; no tags, so no
dates, bignums, patterns or shared references.  A scan without recursion goes before the decoder, so that what the
decoder is given is bounded in depth and items and costs linear time.
"""

from __future__ import annotations

import cbor2

DEPTH_MAX = 8  # a manifest has 3
ITEMS_MAX = 8192  # 256 parts of 8 items, and as much again for the rest
BOOLEANS = (20, 21)
FLOATS = {25: 2, 26: 4, 27: 8}  # octets behind the first


def read_plain(octets: bytes, items_max: int = ITEMS_MAX) -> object | None:
    """The value; None for what is damaged or not plain."""
    if not _is_plain(octets, items_max):
        return None
    try:
        value: object = cbor2.loads(octets, allow_indefinite=False, allow_duplicate_keys=False)
    except (cbor2.CBORError, ValueError, TypeError):
        return None
    return value


def write_plain(value: object, items_max: int = ITEMS_MAX) -> bytes:
    """Always the same octets for the same value: keys are sorted, numbers as short as they can be."""
    octets = cbor2.dumps(value, canonical=True)
    assert _is_plain(octets, items_max)
    return octets


def _is_plain(octets: bytes, items_max: int) -> bool:
    """Whether it is one item with all that is in it, and nothing behind."""
    at, items = 0, 0
    to_come = [1]  # items at each depth
    while to_come:
        if to_come[-1] == 0:
            to_come.pop()
            continue
        to_come[-1] -= 1
        items += 1
        if items > items_max or at >= len(octets):
            return False
        major, minor = octets[at] >> 5, octets[at] & 31
        at += 1
        if major == 7:
            if minor not in BOOLEANS and minor not in FLOATS:
                return False
            at += FLOATS.get(minor, 0)
            continue
        if major == 6 or minor > 27:
            return False
        value, at = _argument(octets, at, minor)
        if major in (2, 3):
            at += value
        elif major >= 4:
            to_come.append(value * (major - 3))  # of a map, keys and values
            if len(to_come) > DEPTH_MAX:
                return False
    return at == len(octets)


def _argument(octets: bytes, at: int, minor: int) -> tuple[int, int]:
    """Its value and where it ends; past the end it is too short, which the caller sees."""
    if minor < 24:
        return minor, at
    size = 1 << minor - 24
    return int.from_bytes(octets[at : at + size], "big"), at + size
