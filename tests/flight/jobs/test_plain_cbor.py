"""What is not plain never reaches the decoder."""

from __future__ import annotations

import cbor2
import pytest

from flight.jobs.plain_cbor import DEPTH_MAX, ITEMS_MAX, read_plain, write_plain


@pytest.mark.parametrize(
    "octets",
    [
        cbor2.dumps(1.5, canonical=True)[:-1],
        b"\x83\xc1\x00\xc0\x61a\xc0\x61a",  # tags whose counts of items would come out right
        b"\x81" * DEPTH_MAX + b"\x00",
        b"\x9a\x00\x01\x00\x00" + bytes(65_536),
        b"\x1c" + bytes(3),
        b"\x3d",
        b"\xf6",
        b"\xf8\x14",
        b"\x9f\x00\xff",
        b"\x5f\x41a\xff",
        b"\x00\x00",
        b"",
    ],
)
def test_it_is_refused_by_the_scan(octets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoder(*arguments: object, **words: object) -> object:
        raise AssertionError

    monkeypatch.setattr(cbor2, "loads", decoder)
    assert read_plain(octets) is None


def test_the_edges_of_the_scan() -> None:
    assert read_plain(b"\x81" * (DEPTH_MAX - 1) + b"\x00") is not None
    most = [0] * (ITEMS_MAX - 1)
    assert read_plain(cbor2.dumps(most)) == most
    assert read_plain(cbor2.dumps([*most, 0])) is None


def test_a_key_stands_once() -> None:
    assert read_plain(b"\xa2\x61a\x01\x61b\x02") == {"a": 1, "b": 2}
    assert read_plain(b"\xa2\x61a\x01\x61a\x02") is None


def test_what_is_written_is_the_same_each_time() -> None:
    assert write_plain({"b": 1.5, "aa": 2, "a": True}) == write_plain({"a": True, "b": 1.5, "aa": 2})
    with pytest.raises(AssertionError):
        write_plain({"a": None})
