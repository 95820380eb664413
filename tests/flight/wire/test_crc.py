from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import append_crc, crc16, crc_ok


def test_check_value_of_crc_16_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1
    assert crc16(memoryview(b"123456789")) == 0x29B1


@given(st.binary(max_size=300))
def test_own_crc_leaves_no_residue(data: bytes) -> None:
    assert crc_ok(append_crc(data))
    assert append_crc(data)[:-2] == data


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_flipped_bit_is_seen(data: bytes, draw: st.DataObject) -> None:
    checked = bytearray(append_crc(data))
    bit = draw.draw(st.integers(0, 8 * len(checked) - 1))
    checked[bit // 8] ^= 1 << bit % 8
    assert not crc_ok(bytes(checked))


def test_nothing_is_not_a_good_checksum() -> None:
    assert not crc_ok(b"")
