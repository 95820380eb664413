"""Packets to values: numpy against one at a time, events and reports as text."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import Field
from flight.dictionary import EventEntry, PacketEntry, compile_decoder
from flight.wire import TmPacket, decode_tm, encode_cuc, encode_tm, record_number
from ground.decode import (
    choice_names,
    column_text,
    decode_joined,
    decode_many,
    event_entry,
    event_text,
    event_values,
    packet_length,
    parameter_values,
    schedule_entries,
    show_packet,
)

CODES = "BHIQbhiq?fd"
FLOATS = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -0.0])
VALUES = {
    **{code: st.integers(0, 2 ** (8 * struct.calcsize(code)) - 1) for code in "BHI"},
    "Q": st.integers(0, 2**64 - 1),
    **{code: st.integers(-(2**7), 2**7 - 1) for code in "bhiq"},
    "?": st.booleans(),
    "f": FLOATS,
    "d": st.floats(),
}


def entry_of(codes: str) -> PacketEntry:
    return PacketEntry(
        "m", "p", 9, 1, "", tuple(Field(f"f{index}", code) for index, code in enumerate(codes))
    )


def packet_of(entry: PacketEntry, values, time_ns: int = 0, count: int = 0) -> bytes:
    body = struct.pack(">H" + "".join(field.code for field in entry.fields), entry.sid, *values)
    return encode_tm(5, 0, 3, 25, 0, 0, time_ns, record_number(2, count), body)


def whole(packet: bytes) -> TmPacket:
    found = decode_tm(packet)
    assert isinstance(found, TmPacket)
    return found


@pytest.mark.slow
@given(
    st.text(CODES, min_size=1, max_size=30).flatmap(
        lambda codes: st.tuples(
            st.just(codes),
            st.lists(st.tuples(st.integers(0, 2**62), *(VALUES[code] for code in codes)), max_size=5),
        )
    )
)
def test_in_bulk_as_one_at_a_time(case):
    codes, rows = case
    entry = entry_of(codes)
    packets = [packet_of(entry, values, time_ns, count) for count, (time_ns, *values) in enumerate(rows)]
    columns = decode_many(entry, packets)
    assert len(columns) == len(packets)
    decode = compile_decoder(entry)
    for at, packet in enumerate(packets):
        header = whole(packet)
        assert (columns.time_ns[at], columns.record[at]) == (header.time_ns, header.record)
        single = decode(packet)
        bulk = tuple(columns.values[field.name][at].item() for field in entry.fields)
        assert list(map(repr, bulk)) == list(map(repr, single))


def test_any_octet_but_0_is_true():
    entry = entry_of("?")
    packet = bytearray(packet_of(entry, [True]))
    packet[-3] = 2
    columns = decode_joined(entry, bytes(packet))
    assert columns.values["f0"].tolist() == [True] == list(compile_decoder(entry)(bytes(packet)))
    assert columns.values["f0"].dtype == np.bool_
    assert columns.values["f0"].view("u1").tolist() == [1], "so that sums count right"


def test_packets_of_another_length_are_skipped_and_counted():
    entry, longer = entry_of("BH"), entry_of("BHH")
    packets = [packet_of(entry, [1, 2]), packet_of(longer, [1, 2, 3]), packet_of(entry, [5, 6])]
    columns = decode_many(entry, packets)
    assert columns.values["f1"].tolist() == [2, 6]
    assert columns.skipped == 1
    assert len(decode_many(entry, [])) == 0


def test_columns_are_in_the_machine_s_order():
    columns = decode_many(entry_of("Hfd"), [packet_of(entry_of("Hfd"), [1, 2.0, 3.0])])
    assert all(column.dtype.isnative for column in columns.values.values())


@pytest.mark.parametrize("codes", ["B", "BHIQ", "?fd" * 9])
def test_length_of_a_packet(codes):
    entry = entry_of(codes)
    assert packet_length(entry) == len(packet_of(entry, [0] * len(codes)))


def test_a_packet_for_people(dictionary):
    entry = dictionary.packets_by_label["power.status"]
    shown = show_packet(entry, (math.nan, 28.123456789, 1, True, 7))
    assert shown == [
        ("charge", "NaN", "1"),
        ("volts", "28.1235", "V"),
        ("board", "beta", ""),
        ("on", "on", ""),
        ("count", "7", ""),
    ]
    assert show_packet(entry, (1.0, 1.0, 9, False, 0))[2:4] == [("board", "9", ""), ("on", "off", "")]


def test_an_event_for_people(dictionary, craft):
    packet = whole(craft.event("power.changed", 1, 1, 0.25, 28.100000381))
    entry = event_entry(dictionary, packet.body)
    assert entry is not None
    assert entry.label == "power.changed"
    assert event_text(entry, event_values(entry, packet.body) or ()) == "board beta to 25% of 28.1"
    assert event_text(entry, (7, math.nan, math.nan)) == "board 7 to NaN of NaN"


def test_an_event_that_is_none(dictionary):
    assert event_entry(dictionary, b"\x00") is None
    assert event_entry(dictionary, b"\xff\xff") is None
    entry = event_entry(dictionary, b"\x00\x01")
    assert entry is not None
    assert event_values(entry, b"\x00\x01") is None, "its argument is missing"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("{x:d}", "3.5"), ("{x:>6.2f}|", "  3.50|"), ("{{}} {y}", "{} {y}"), ("{x!r}", "3.5"), ("%", "%")],
)
def test_a_slip_in_an_event_s_text_hides_nothing(text, shown):
    assert event_text(EventEntry("m", "e", 1, 1, text, (Field("x", "f"),)), (3.5,)) == shown


def test_parameter_reports(dictionary):
    body = struct.pack(">HHfHH", 2, 1, 29.5, 2, 4)
    assert parameter_values(dictionary, body) == [("power.low", 29.5), ("power.tries", 4)]
    for bad in (b"", b"\x00", body[:-1], body + b"\x00", struct.pack(">HH", 1, 77)):
        assert parameter_values(dictionary, bad) is None


def test_schedule_reports():
    body = (
        b"\x02" + encode_cuc(5 * 10**9) + struct.pack(">I", 7) + encode_cuc(6 * 10**9) + struct.pack(">I", 8)
    )
    assert schedule_entries(body) == [(5 * 10**9, 7), (6 * 10**9, 8)]
    assert schedule_entries(b"\x00") == []
    for bad in (b"", b"\x01", body + b"\x00"):
        assert schedule_entries(bad) is None


def test_columns_for_people():
    choices = Field("c", "B", choices=(("A", 1), ("B", 2)))
    assert (
        choice_names(choices, np.array([1, 2, 3]))
        == ["A", "B", "3"]
        == column_text(choices, np.array([1, 2, 3]))
    )
    assert column_text(Field("b", "?"), np.array([True, False])) == ["on", "off"]
    assert column_text(Field("f", "f"), np.array([0.1, math.nan], "f4")) == ["0.1", "NaN"]
    assert column_text(Field("i", "q"), np.array([-(2**63)])) == [str(-(2**63))]


def test_octets_of_an_event_that_are_words_are_read_as_words() -> None:
    entry = EventEntry("jobs", "refused", 9, 2, "refused: {why}", (Field("why", "*"),))
    for octets, text in (
        (b"over the quota: 3", "over the quota: 3"),
        (b"no", "6e6f"),
        (b"a\x1b[31m", "611b5b33316d"),
        ("\u00e9t\u00e9".encode(), "c3a974c3a9"),
        (b"", ""),
    ):
        assert event_text(entry, (octets,)) == f"refused: {text}"
