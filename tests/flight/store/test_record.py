"""The record format: whatever the octets are, only what was written comes out, in linear time."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.store import record
from flight.store.record import MAGIC, OVERHEAD, PLACE_BITS, Damage, Record, encode, place_of, scan

PLACE = place_of("log")
LIMIT = 1000
SEARCHED = MAGIC.to_bytes(2, "little")

records_lists = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.binary(max_size=60) | st.just(SEARCHED * 20)), max_size=8
)


def found(data: bytes, place: int = PLACE, limit: int = LIMIT) -> tuple[list[Record], Damage]:
    damage = Damage()
    return [(number, body) for number, _, body in scan(data, place, limit, damage)], damage


@given(records_lists)
def test_what_is_written_is_read(records: list[Record]) -> None:
    data = encode(records, PLACE)
    assert len(data) == sum(OVERHEAD + len(body) for _, body in records)
    read, damage = found(data)
    assert read == records
    assert (damage.octets, damage.stretches) == (0, 0)


@given(records_lists)
def test_offsets_are_those_of_the_records(records: list[Record]) -> None:
    data = encode(records, PLACE)
    for number, at, body in scan(data, PLACE, LIMIT, Damage()):
        assert encode([(number, body)], PLACE + at) == data[at : at + OVERHEAD + len(body)]


@given(records_lists, st.data())
def test_one_flip_costs_one_record(records: list[Record], draw: st.DataObject) -> None:
    if not records:
        return
    data = bytearray(encode(records, PLACE))
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    data[bit // 8] ^= 1 << (bit % 8)
    read, damage = found(bytes(data))
    assert any(read == records[:lost] + records[lost + 1 :] for lost in range(len(records)))
    assert damage.stretches == 1
    assert OVERHEAD <= damage.octets <= OVERHEAD + 60


@given(records_lists, st.integers(0, 600))
def test_a_cut_tail_costs_its_record(records: list[Record], kept: int) -> None:
    data = encode(records, PLACE)[:kept]
    read, damage = found(data)
    assert read == records[: len(read)]
    whole = sum(OVERHEAD + len(body) for _, body in read)
    assert damage.octets == len(data) - whole
    assert damage.stretches == (len(data) > whole)


@given(records_lists, st.binary(max_size=80), records_lists)
def test_reading_goes_on_after_garbage(before: list[Record], garbage: bytes, after: list[Record]) -> None:
    head = encode(before, PLACE) + garbage
    read, damage = found(head + encode(after, PLACE + len(head)))
    assert read == before + after
    assert damage.octets == len(garbage)
    assert damage.stretches == bool(garbage)


@given(st.binary(max_size=400))
def test_any_octets_give_nothing(data: bytes) -> None:
    read, damage = found(data)
    assert read == []
    assert damage.octets == len(data)


@given(records_lists)
def test_a_record_in_another_place_is_none(records: list[Record]) -> None:
    """Written to the wrong offset or file, or carried in the body of a record that is damaged."""
    data = encode(records, PLACE)
    assert found(data, PLACE + 1)[0] == []
    assert found(data, place_of("other"))[0] == []


def test_a_record_inside_a_damaged_one_is_not_found() -> None:
    inner = encode([(7, b"from an old dump")], PLACE)
    data = bytearray(encode([(1, inner), (2, b"next")], PLACE))
    data[3] ^= 1  # the header of the outer one
    read, damage = found(bytes(data))
    assert read == [(2, b"next")]
    assert damage.octets == OVERHEAD + len(inner)


def test_a_body_over_the_limit_is_damage() -> None:
    data = encode([(1, bytes(LIMIT + 1)), (2, b"next")], PLACE)
    assert found(data)[0] == [(2, b"next")]
    assert len(found(data, limit=LIMIT + 1)[0]) == 2


def test_a_torn_header_that_asks_for_more_than_there_is_hides_nothing_after_it() -> None:
    """The first record lost its body; what was written over it begins inside of its length."""
    torn = encode([(1, bytes(200))], PLACE)[:OVERHEAD]
    data = torn + encode([(2, b"next")], PLACE + len(torn))
    assert found(data)[0] == [(2, b"next")]


def test_stretches_and_octets_add_up() -> None:
    data = bytearray(encode([(number, bytes(30)) for number in range(9)], PLACE))
    for number in (1, 2, 5):
        data[number * 50 + 25] ^= 0xFF
    read, damage = found(bytes(data))
    assert [number for number, _ in read] == [0, 3, 4, 6, 7, 8]
    assert damage.octets == 150
    assert damage.stretches == 2


@pytest.mark.parametrize(
    "data",
    [
        SEARCHED * 20_000,
        encode([(number, SEARCHED * 400) for number in range(50)], PLACE + 1),
        bytes(40_000),
        b"".join(SEARCHED + bytes(2) + (900).to_bytes(4, "little") + bytes(12) for _ in range(2000)),
    ],
    ids=["magic only", "displaced", "zeros", "headers only"],
)
def test_the_search_is_linear(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No octet goes through more than a CRC of a header that may begin at it or near it, and one of a body."""
    summed = 0

    def counting(octets: bytes, start: int = 0) -> int:
        nonlocal summed
        summed += len(octets)
        return zlib.crc32(octets, start)

    monkeypatch.setattr(record, "crc32", counting)
    assert found(data)[0] == []
    assert summed <= 8 * len(data)


def test_places_leave_room_for_offsets() -> None:
    assert max(place_of(f"{index}") for index in range(1000)) < 1 << PLACE_BITS
    assert len({place_of(f"log.{index}") for index in range(1000)}) == 1000
