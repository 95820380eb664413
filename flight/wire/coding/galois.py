"""The field of the Reed-Solomon code: GF(256) by x^8 + x^7 + x^2 + x + 1, and its dual basis (131.0-B, 4.3, annex F).

An element is an octet in the conventional basis: bit n stands for alpha^n.  What goes over the line is in the
dual basis of Berlekamp; both conversions are linear, so tables that are built once can hold them.
"""

from __future__ import annotations

ORDER = 255  # of the multiplicative group
_POLYNOMIAL = 0x187
_ROOT_STEP = 11  # the code's roots are powers of alpha^11

# Rows of the matrix T that takes the conventional basis to the dual one: for each bit of a conventional octet,
# from alpha^7 down to alpha^0, the dual octet, z0 first (131.0-B, annex F).
_TO_DUAL = (0x8D, 0xEF, 0xEC, 0x86, 0xFA, 0x99, 0xAF, 0x7B)


def _powers() -> tuple[int, ...]:
    """alpha^0 to alpha^509: twice round, so that a sum of two logarithms needs no modulo."""
    found, value = [], 1
    for _ in range(2 * ORDER):
        found.append(value)
        value = value << 1 ^ (_POLYNOMIAL if value & 0x80 else 0)
    return tuple(found)


EXP = _powers()
LOG = bytes([0, *(EXP.index(value) for value in range(1, 256))])  # LOG[0] means nothing


def _dual(value: int) -> int:
    dual = 0
    for bit, row in enumerate(_TO_DUAL):
        if value & 0x80 >> bit:
            dual ^= row
    return dual


TO_DUAL = bytes(_dual(value) for value in range(256))
FROM_DUAL = bytes(TO_DUAL.index(value) for value in range(256))


def multiply(one: int, other: int) -> int:
    return EXP[LOG[one] + LOG[other]] if one and other else 0


def divide(one: int, other: int) -> int:
    """`other` is not 0."""
    return EXP[LOG[one] - LOG[other] + ORDER] if one else 0


def root_power(exponent: int) -> int:
    """(alpha^11)^exponent, for any integer."""
    return EXP[_ROOT_STEP * exponent % ORDER]


# TIMES[a] translates octets into their products with a: one call for a whole polynomial.  64 kB.
TIMES = tuple(bytes(multiply(one, other) for other in range(256)) for one in range(256))
