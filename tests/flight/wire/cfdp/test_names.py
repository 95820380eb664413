"""No name from outside leads out of the file store, or to a file of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import Condition, FileStatus, PutRefusal, safe_name
from flight.wire.cfdp.names import DEPTH_LIMIT, NAME_OCTETS_LIMIT, OWN_PREFIX, partial_name
from flight.wire.cfdp.request import Put
from tests.flight.wire.cfdp.alone import DATA, Alone

REFUSED = {
    "nothing": b"",
    "absolute": b"/etc/passwd",
    "up": b"../up",
    "up inside": b"a/../../up",
    "up at the end": b"a/..",
    "here": b"./a",
    "dot": b".",
    "two slashes": b"a//b",
    "slash at the end": b"a/",
    "NUL": b"a\0b",
    "newline": b"a\nb",
    "backslash": b"..\\up",
    "drive": b"c:up",
    "stream": b"a.txt:hidden",
    "wildcard": b"*.bin",
    "not ASCII": "caf\u00e9".encode(),
    "not UTF-8": b"\xff\xfe",
    "too long": b"a" * (NAME_OCTETS_LIMIT + 1),
    "too deep": b"/".join([b"a"] * (DEPTH_LIMIT + 1)),
    "ends in a dot": b"a.",
    "ends in a space": b"a ",
    "begins with a space": b" a",
    "part ends in a dot": b"a./b",
    "ours": b".cfdp-journal",
    "through ours": b".cfdp-listing-/../up",
    "ours in capitals": b".CFDP-Journal",
    "ours in a folder": b"a/.Cfdp-1-2.part",
}


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED.keys())
def test_a_name_that_is_refused(name):
    """As the end of a transfer: the transaction is refused, and nothing was written."""
    assert safe_name(name) is None
    alone = Alone()
    finished = alone.take(alone.metadata(name=name))[-1] if name else None
    if finished is not None:
        assert (finished.condition, finished.status) == (Condition.FILESTORE_REJECTION, FileStatus.REJECTED)
    assert alone.store.names() == [entry for entry in alone.store.names() if entry.name == ".cfdp-journal"]


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED.keys())
def test_a_name_that_our_own_user_cannot_ask_for(name):
    alone = Alone()
    alone.store.put("a.bin", DATA)
    wanted = name.decode("latin-1")
    assert alone.entity.put(Put(1, "a.bin", wanted), 0) is PutRefusal.NAME
    assert alone.entity.put(Put(1, wanted, "b.bin"), 0) is PutRefusal.NAME


@pytest.mark.parametrize("name", [b"a", b"a.bin", b"logs/2026/a b.txt", b".hidden", b"a" * NAME_OCTETS_LIMIT])
def test_a_name_that_is_taken(name):
    assert safe_name(name) == name.decode()


@given(st.binary(max_size=30))
def test_whatever_is_taken_stays_inside(raw):
    name = safe_name(raw)
    if name is not None:
        assert name.encode() == raw
        assert not name.startswith("/")
        assert not {"", ".", ".."} & set(name.split("/"))
        assert OWN_PREFIX not in name.lower()


def test_a_partial_file_has_a_name_that_nobody_else_can_have():
    assert safe_name(partial_name(1, 7).encode()) is None


def test_a_name_that_differs_by_case_alone_is_refused():
    alone = Alone()
    alone.store.put("B.BIN", b"another file")
    alone.take(alone.metadata())
    for piece in alone.pieces():
        alone.take(piece)
    finished = alone.take(alone.eof())[-1]
    assert (finished.condition, finished.status) == (Condition.FILESTORE_REJECTION, FileStatus.REJECTED)
    assert [name for name, _ in alone.store.names()] == [".cfdp-journal", "B.BIN"]
