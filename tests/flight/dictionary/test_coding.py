"""The dictionary tells the ground how telemetry is coded: in its hash, in its JSON, in its document."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flight.app import build, load_mission
from flight.dictionary import (
    Dictionary,
    DictionaryError,
    dictionary_hash,
    from_json,
    to_json,
    to_markdown,
)
from flight.wire.coding import TmCoding, TmRandomisation
from flight.wire.telemetry_link import CLEAR_TELEMETRY, STRICT_TM_MASK, TelemetryLink

CODINGS = (
    TmCoding(223),
    TmCoding(223, 1),
    TmCoding(224),
    TmCoding(1115, 5, TmRandomisation.SHORT),
    TmCoding(1115, 5, TmRandomisation.LONG),
    TmCoding(223, 0, TmRandomisation.SHORT),
)


@pytest.fixture(scope="module")
def rack() -> Dictionary:
    return build(load_mission("ai_rack")).dictionary


def coded(dictionary: Dictionary, coding: TmCoding) -> Dictionary:
    made = replace(dictionary, coding=coding)
    return replace(made, hash=dictionary_hash(made))


def test_each_coding_has_its_own_hash_and_survives_the_exchange(rack: Dictionary) -> None:
    made = [coded(rack, coding) for coding in CODINGS]
    assert len({one.hash for one in made}) == len(CODINGS)
    assert [from_json(to_json(one)).coding for one in made] == list(CODINGS)
    assert made[1].frame_length == 223


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        [],
        {},
        {"frame_length": 1115, "interleave": 5, "randomisation": "loud", "error_control": True},
        {"frame_length": 1115, "interleave": 3, "randomisation": "long", "error_control": True},
        {"frame_length": 1115, "interleave": 5, "randomisation": "short", "error_control": True},
        {"frame_length": 1115, "interleave": 0, "randomisation": "long", "error_control": True},
        {"frame_length": 1115.5, "interleave": 5, "randomisation": "long", "error_control": True},
        {"frame_length": "1115", "interleave": 5, "randomisation": "long", "error_control": True},
        {"frame_length": 10**9, "interleave": 0, "randomisation": "none", "error_control": True},
        {"frame_length": 1115, "interleave": 5, "randomisation": "long", "colour": 7},
    ],
)
def test_a_coding_that_cannot_be_or_is_another_is_refused_in_one_line(
    rack: Dictionary, spoilt: object
) -> None:
    text = json.dumps({**json.loads(to_json(rack)), "coding": spoilt})
    with pytest.raises(DictionaryError) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)


def test_the_document_says_it(rack: Dictionary) -> None:
    assert (
        "frames of 1115 octets, Reed-Solomon (255,223) interleaved 5 deep, long randomiser."
        in to_markdown(rack)
    )
    assert "frames of 223 octets, uncoded." in to_markdown(coded(rack, TmCoding(223)))


def test_protected_telemetry_is_part_of_the_dictionary(rack: Dictionary) -> None:
    links = [
        CLEAR_TELEMETRY,
        TelemetryLink((0,)),
        TelemetryLink((0, 1)),
        TelemetryLink((0, 1), STRICT_TM_MASK),
    ]
    made = [replace(rack, telemetry=link) for link in links]
    made = [replace(one, hash=dictionary_hash(one)) for one in made]
    assert len({one.hash for one in made}) == len(links)
    assert [from_json(to_json(one)).telemetry for one in made] == links
    assert "virtual channels 0, 1 is encrypted" in to_markdown(made[2])
    assert "encrypted" not in to_markdown(made[0])


def test_a_dictionary_of_before_is_one_in_the_clear(rack: Dictionary) -> None:
    old = replace(rack, telemetry=CLEAR_TELEMETRY)
    data = json.loads(to_json(replace(old, hash=dictionary_hash(old))))
    del data["telemetry"]
    assert from_json(json.dumps(data)).telemetry == CLEAR_TELEMETRY


@pytest.mark.parametrize(
    "spoilt", [None, [], {}, {"protected": [9], "mask": ""}, {"protected": [0], "mask": "0"}]
)
def test_a_spoilt_table_of_protection_is_refused(rack: Dictionary, spoilt: object) -> None:
    data = json.loads(to_json(rack))
    data["telemetry"] = spoilt
    with pytest.raises(DictionaryError):
        from_json(json.dumps(data))


def test_a_changed_table_of_protection_is_noticed(rack: Dictionary) -> None:
    """No downgrade by an edited file: the hash covers it."""
    data = json.loads(to_json(rack))
    data["telemetry"]["protected"] = []
    with pytest.raises(DictionaryError, match="hash"):
        from_json(json.dumps(data))
