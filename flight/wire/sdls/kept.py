"""Keys and counters as the octets that a store keeps.  Total: what is not whole is None."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple
from zlib import crc32

from flight.wire.sdls.association import KeyState
from flight.wire.sdls.layout import IV_LENGTH, KEY_LENGTH, SPI_MAX, Use

KEYS_MAX = 64  # both directions; a key change a month for two years
_KEYS, _COUNTERS = b"SKYKEYS1", b"SKYCTRS1"
_SEAL = Struct(">I")
_SLOT = Struct(f">HBBB{KEY_LENGTH}s")
_COUNTER = Struct(f">H{IV_LENGTH}s")
_MAGIC_LENGTH = 8


class KeySlot(NamedTuple):
    """A key at rest.  `key` is empty once destroyed; it is in no representation of this tuple."""

    spi: int
    use: Use
    state: KeyState
    tried: bool
    key: bytes

    def __repr__(self) -> str:
        return f"KeySlot({self.spi}, {self.use.name}, {self.state.name})"


def pack_keys(slots: list[KeySlot]) -> bytes:
    assert len(slots) <= KEYS_MAX
    assert len({slot.spi for slot in slots}) == len(slots)
    rows = [_SLOT.pack(slot.spi, slot.use, _at_rest(slot.state), slot.tried, slot.key) for slot in slots]
    return _sealed(_KEYS, rows)


def unpack_keys(body: bytes) -> list[KeySlot] | None:
    rows = _rows(body, _KEYS, _SLOT.size)
    if rows is None:
        return None
    slots = [_slot(row) for row in rows]
    good = [slot for slot in slots if slot is not None]
    if len(good) != len(slots) or len({slot.spi for slot in good}) != len(good):
        return None
    keys = [slot.key for slot in good if slot.key]
    return good if len(set(keys)) == len(keys) else None  # one key in two associations would repeat IVs


def pack_counters(reserved: dict[int, int]) -> bytes:
    """`reserved` by SPI."""
    rows = [_COUNTER.pack(spi, number.to_bytes(IV_LENGTH, "big")) for spi, number in sorted(reserved.items())]
    return _sealed(_COUNTERS, rows)


def unpack_counters(body: bytes) -> dict[int, int] | None:
    rows = _rows(body, _COUNTERS, _COUNTER.size)
    if rows is None:
        return None
    pairs = [_COUNTER.unpack(row) for row in rows]
    return {spi: int.from_bytes(number, "big") for spi, number in pairs}


def _at_rest(state: KeyState) -> KeyState:
    return KeyState.PRE_ACTIVATION if state is KeyState.TRIAL else state


def _slot(row: bytes) -> KeySlot | None:
    spi, use, state, tried, key = _SLOT.unpack(row)
    known = use in set(Use) and state in set(KeyState) and state != KeyState.TRIAL and tried <= 1
    if not known or not 0 < spi <= SPI_MAX:
        return None
    destroyed = state == KeyState.DESTROYED
    if destroyed != (not any(key)):  # a key of zeros is an erased one
        return None
    return KeySlot(spi, Use(use), KeyState(state), bool(tried), b"" if destroyed else key)


def _sealed(magic: bytes, rows: list[bytes]) -> bytes:
    body = magic + b"".join(rows)
    return body + _SEAL.pack(crc32(body))


def _rows(body: bytes, magic: bytes, size: int) -> list[bytes] | None:
    content = body[_MAGIC_LENGTH : -_SEAL.size]
    if not body.startswith(magic) or len(content) % size or len(content) > KEYS_MAX * size:
        return None
    if len(body) < _MAGIC_LENGTH + _SEAL.size or body[-_SEAL.size :] != _SEAL.pack(
        crc32(body[: -_SEAL.size])
    ):
        return None
    return [content[at : at + size] for at in range(0, len(content), size)]
