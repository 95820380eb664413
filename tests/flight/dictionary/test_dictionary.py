"""The dictionary: numbers, hash, JSON, codecs against construct, documents."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.app import build, load_mission, make_modules, with_own_row
from flight.declare import Field
from flight.declare.fields import F32_MAX, INTEGERS
from flight.dictionary import (
    Dictionary,
    DictionaryError,
    IdsError,
    PacketEntry,
    compile_decoder,
    compile_encoder,
    dictionary_hash,
    differences,
    from_json,
    pack_arguments,
    read_lock,
    saturate,
    to_json,
    to_markdown,
    unpack_arguments,
    update,
    wanted_ids,
    write_lock,
)
from flight.wire import decode_tm

MISSIONS = ("pathfinder", "ai_rack")
CONSTRUCTS = {
    "B": construct.Int8ub,
    "H": construct.Int16ub,
    "I": construct.Int32ub,
    "Q": construct.Int64ub,
    "b": construct.Int8sb,
    "h": construct.Int16sb,
    "i": construct.Int32sb,
    "q": construct.Int64sb,
    "f": construct.Float32b,
    "d": construct.Float64b,
    "?": construct.Flag,
}
WIDE = tuple(Field(f"x{index}", code) for index, code in enumerate("BHIQbhiqfd?" * 3))
ENTRY = PacketEntry("test", "wide", 77, 1, "", WIDE)


def oracle(entry: PacketEntry) -> construct.Struct:
    """The same declaration as construct sees it, after our header."""
    return construct.Struct(
        "header" / construct.Bytes(28),
        "sid" / construct.Int16ub,
        *(field.name / CONSTRUCTS[field.code] for field in entry.fields),
        "crc" / construct.Int16ub,
        construct.Terminated,
    )


class Row:
    """Something with attributes, as a telemetry object is."""

    def __init__(self, values: dict[str, object]) -> None:
        vars(self).update(values)


def values_for(code: str) -> st.SearchStrategy[object]:
    if code == "?":
        return st.booleans()
    if code == "f":
        return st.floats(width=32, allow_nan=False, allow_infinity=False)
    if code == "d":
        return st.floats(allow_nan=False)
    return st.integers(*INTEGERS[code])


@given(st.tuples(*(values_for(field.code) for field in WIDE)))
def test_generated_codec_equals_construct(values: tuple[object, ...]) -> None:
    row = Row(dict(zip((f.name for f in WIDE), values, strict=True)))
    packet = compile_encoder(ENTRY, 99)(row, 5, 6, 7, 8, 9, 10)  # type: ignore[arg-type]
    parsed = oracle(ENTRY).parse(packet)
    assert [parsed[f.name] for f in WIDE] == list(values)
    assert parsed.sid == 77
    assert compile_decoder(ENTRY)(packet) == values
    decoded = decode_tm(packet)
    assert (decoded.apid, decoded.sequence, decoded.counter, decoded.record) == (99, 5, 6, 10)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("B", 256, 255),
        ("B", -1, 0),
        ("H", math.nan, 0),
        ("H", 1.7, 1),
        ("h", -1e9, -32768),
        ("f", 1e39, F32_MAX),
        ("I", None, 0),
        ("?", 5, True),
    ],
)
def test_what_does_not_fit_saturates(code: str, value: object, expected: object) -> None:
    assert saturate(value, code) == expected
    entry = PacketEntry("test", "one", 1, 1, "", (Field("x", code), Field("y", "H")))
    packet = compile_encoder(entry, 1)(Row({"x": value, "y": 3}), 0, 0, 0, 0, 0, 0)  # type: ignore[arg-type]
    x, y = compile_decoder(entry)(packet)
    assert y == 3
    assert x == pytest.approx(expected) or (code == "f" and abs(x) == F32_MAX)


def test_nan_travels_as_nan() -> None:
    entry = PacketEntry("test", "one", 1, 1, "", (Field("x", "f"),))
    packet = compile_encoder(entry, 1)(Row({"x": math.nan}), 0, 0, 0, 0, 0, 0)  # type: ignore[arg-type]
    assert math.isnan(compile_decoder(entry)(packet)[0])


ARGUMENTS = (Field("a", "H"), Field("b", "?"), Field("c", "*"))


@given(st.integers(0, 65535), st.booleans(), st.binary(max_size=900))
def test_arguments_round_trip(a: int, b: bool, c: bytes) -> None:
    assert unpack_arguments(ARGUMENTS, pack_arguments(ARGUMENTS, (a, b, c))) == (a, b, c)


@given(st.binary(max_size=40))
def test_any_argument_octets_give_values_or_none(data: bytes) -> None:
    found = unpack_arguments(ARGUMENTS, data)
    assert found is None or pack_arguments(ARGUMENTS, found)[2:3] in (b"\0", b"\1")
    assert unpack_arguments(ARGUMENTS[:2], data) is None or len(data) == 3


@pytest.mark.parametrize("name", MISSIONS)
def test_the_committed_numbers_fit_the_declarations(name: str) -> None:
    mission = with_own_row(load_mission(name))
    lock = read_lock(mission.ids_path.read_text())
    assert differences(lock, wanted_ids(make_modules(mission))) == []


@pytest.fixture(scope="module")
def pathfinder() -> Dictionary:
    return build(load_mission("pathfinder")).dictionary


def test_json_carries_everything(pathfinder: Dictionary) -> None:
    again = from_json(to_json(pathfinder))
    assert again == pathfinder
    assert again.hash == pathfinder.hash == dictionary_hash(pathfinder)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-20],
        lambda text: text.replace("skyrack-dictionary-1", "other"),
        lambda text: "[]",
        lambda text: "",
        lambda text: text.replace('"sid": 1,', '"sid": 9,', 1),
        lambda text: json.dumps({"format": "skyrack-dictionary-1"}),
        lambda text: text.replace('"fields": [', '"fields": {}, "other": [', 1),
        lambda text: "[" * 100_000,
        lambda text: text.replace('"mission": "', '"mission": "\\ud800', 1).replace(
            '"name": "', '"name": "\\ud800', 1
        ),
        lambda text: re.sub(r'("modules": \[\s*\[\s*"\w+",\s*)\d+', r"\g<1>Infinity", text, count=1),
        lambda text: text.replace('"code": "f"', '"code": "d"', 1),
    ],
)
def test_a_damaged_dictionary_is_refused_in_one_line(pathfinder: Dictionary, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(DictionaryError) as caught:
        from_json(spoil(to_json(pathfinder)))
    assert "\n" not in str(caught.value)


def test_the_hash_covers_the_layout_and_not_the_words(pathfinder: Dictionary) -> None:
    packet = pathfinder.packets[0]
    reworded = replace(packet, about="other words")
    relaid = replace(packet, fields=packet.fields[::-1])
    same = replace(pathfinder, packets=(reworded, *pathfinder.packets[1:]))
    other = replace(pathfinder, packets=(relaid, *pathfinder.packets[1:]))
    assert dictionary_hash(same) == pathfinder.hash != dictionary_hash(other)


def test_numbers_are_never_reused() -> None:
    first = update({}, {("event", "a.x"): "11111111", ("event", "a.y"): "22222222"})
    second = update(first, {("event", "a.y"): "22222222", ("event", "a.z"): "33333333"})
    assert second["event", "a.x"].retired
    assert second["event", "a.z"].number == 3
    assert update(second, {("event", "a.y"): "22222222"})["event", "a.z"].retired
    with pytest.raises(IdsError, match="retired"):
        update(second, {("event", "a.x"): "11111111"})
    assert read_lock(write_lock(second)) == second


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({}, "event a.x is gone"),
        ({("event", "a.x"): "99999999"}, "changed its layout"),
        ({("event", "a.x"): "11111111", ("event", "a.b"): "1"}, "a.b has no number yet"),
    ],
)
def test_a_silent_change_is_noticed(wanted: dict[tuple[str, str], str], complaint: str) -> None:
    lock = read_lock("event a.x = 1 11111111\n")
    assert any(complaint in line for line in differences(lock, wanted))


@pytest.mark.parametrize(
    "text",
    [
        "event a.x = 1\n",
        "event a.x = 1 1111111g\n",
        "planet a.x = 1 11111111\n",
        "event a.x = 1 11111111\nevent a.y = 1 11111111\n",
        "event a.x = 1 11111111\nevent a.x = 2 11111111\n",
    ],
)
def test_a_damaged_lock_names_file_and_line(text: str) -> None:
    with pytest.raises(IdsError, match=r"ids\.lock:[12]: "):
        read_lock(text)


def test_the_reference_document_names_everything(pathfinder: Dictionary) -> None:
    text = to_markdown(pathfinder)
    for entries in (pathfinder.commands, pathfinder.events, pathfinder.packets):
        assert all(f"`{entry.name}`" in text for entry in entries)
    assert all(f"`{entry.field.name}`" in text for entry in pathfinder.parameters)


def test_nan_saturates_to_nan_or_zero() -> None:
    assert math.isnan(float(saturate(math.nan, "f")))
    assert math.isnan(float(saturate(math.nan, "d")))
    assert saturate(math.nan, "i") == 0
