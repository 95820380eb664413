"""Pseudo-random sequences laid over frames, so that the line never rests (CCSDS 131.0-B, clause 10; 231.0-B, 6).

The sequence starts anew with each frame or codeblock.  Laying it over a second time takes it off.  The start
sequence, the tail and the sync marker are never randomised.
"""

from __future__ import annotations

from typing import NamedTuple


class ShiftRegister(NamedTuple):
    """Stage 0 is the output.  `taps` are the powers of the polynomial below its degree, as a set of bits."""

    degree: int
    taps: int
    preset: int


# x^8 + x^6 + x^4 + x^3 + x^2 + x + 1, all ones; starts FF 39 9E 5A 68.
TELECOMMAND_REGISTER = ShiftRegister(8, 0b0101_1111, 0xFF)
# x^8 + x^7 + x^5 + x^3 + 1, all ones; starts FF 48 0E C0 9A.  The one in use since 131.0-B-1.
TELEMETRY_REGISTER = ShiftRegister(8, 0b1010_1001, 0xFF)
# x^17 + x^14 + 1, preset 11000111000111000, the last bit leaves first; starts 1C 71 B9 1B A9.  New in 131.0-B-5.
LONG_TELEMETRY_REGISTER = ShiftRegister(17, 0b0100_0000_0000_0001, 0x18E38)

# The longest codeblock, eight codewords of 255, and room for frames of 2048 without Reed-Solomon.
LONGEST_RANDOMISED = 2048


def sequence(register: ShiftRegister, length: int) -> bytes:
    """The first `length` octets, most significant bit first."""
    state, octets = register.preset, bytearray()
    for _ in range(length):
        octet = 0
        for _ in range(8):
            octet = octet << 1 | state & 1
            state = state >> 1 | ((state & register.taps).bit_count() & 1) << (register.degree - 1)
        octets.append(octet)
    return bytes(octets)


class Randomiser:
    """Lays a sequence over octets, or takes it off."""

    def __init__(self, register: ShiftRegister, longest: int = LONGEST_RANDOMISED) -> None:
        self._sequence = sequence(register, longest)
        self._longest = longest
        self._whole = int.from_bytes(self._sequence, "big")  # for data of that length: all of a codec's are

    def apply(self, data: bytes, offset: int = 0) -> bytes:
        """`data` stands `offset` octets behind the sequence's start; both together are at most `longest`."""
        length = len(data)
        assert offset + length <= len(self._sequence)
        if length == self._longest:
            mask = self._whole
        else:
            mask = int.from_bytes(self._sequence[offset : offset + length], "big")
        return (int.from_bytes(data, "big") ^ mask).to_bytes(length, "big")
