"""The brief is the manifest without its files, and comes back as it went."""

from __future__ import annotations

from dataclasses import fields, replace

import cbor2
import pytest

from flight.jobs import (
    BRIEF_OCTETS,
    Brief,
    Terms,
    brief_octets,
    brief_of,
    decode_manifest,
    encode_manifest,
    read_brief,
)
from tests.flight.jobs.made import FILES, MANIFEST

BRIEF = brief_of(MANIFEST)


def test_it_has_the_terms_and_the_sizes() -> None:
    for one in fields(Terms):
        assert getattr(BRIEF, one.name) == getattr(MANIFEST, one.name)
    assert BRIEF.size == sum(map(len, FILES.values()))
    assert (BRIEF.stored, BRIEF.output_octets) == (MANIFEST.stored, 6000)


def test_there_and_back() -> None:
    assert read_brief(brief_octets(BRIEF)) == BRIEF
    assert len(brief_octets(BRIEF)) < 600


def test_the_longest_is_read() -> None:
    name = "n" * 48
    long = replace(
        MANIFEST,
        owner=name,
        name=name,
        runtime=f"{name}=={name}",
        arguments=("a" * 200,) * 16,
        libraries=(f"{name}=={name}",) * 16,
        models=(f"{name}=={name}",) * 16,
    )
    assert decode_manifest(encode_manifest(long)) == long
    octets = brief_octets(brief_of(long))
    assert BRIEF_OCTETS // 2 < len(octets) <= BRIEF_OCTETS
    assert read_brief(octets) == brief_of(long)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"attempts": 0}, "attempts: 0; expected a whole number, 1 to 16"),
        ({"attempts": 17}, "attempts: 17; expected a whole number, 1 to 16"),
        ({"size": -1}, "size: -1; expected a whole number, 0 to 268,435,456 octets"),
        ({"parts": []}, "parts: is not known; expected one of "),
        ({"verifier": "main.py"}, "verifier: main.py; expected one exactly if redundancy is verify"),
        ({"deadline_utc_s": 1}, "deadline_utc_s: 1; expected at least 600 s after the release"),
    ],
)
def test_what_is_no_brief(changes: dict[str, object], line: str) -> None:
    value: dict[str, object] = cbor2.loads(brief_octets(BRIEF))
    found = read_brief(cbor2.dumps(value | changes))
    assert not isinstance(found, Brief)
    assert str(found[0]).startswith(line)


def test_damaged() -> None:
    octets = brief_octets(BRIEF)
    for damaged in (b"", octets[:-1], octets + b"a", bytes(BRIEF_OCTETS + 1), b"\x80"):
        assert not isinstance(read_brief(damaged), Brief)
