"""Parsers with faults, for the tests of the engine."""

from __future__ import annotations


def hidden(data: bytes) -> None:
    """Two octets that chance alone would need millions of inputs for."""
    if data[:1] != b"S":
        return
    if data[1:2] == b"K":
        raise IndexError("found")


def quadratic(data: bytes) -> int:
    total = 0
    for start, octet in enumerate(data):
        if octet != 0x55:
            continue
        for other in data[start:]:
            total += other
    return total


def linear(data: bytes) -> int:
    total = 0
    for octet in data:
        total += octet
    return total


def late(data: bytes) -> int:
    """Linear, and of long ones it reads more."""
    return linear(data if len(data) > 800 else data[:300])


def endless(data: bytes) -> None:
    while data[:1] == b"E":
        pass


def never() -> None:
    raise AssertionError("nobody calls this")
