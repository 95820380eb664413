"""Requests and results on the pipe: what goes in comes out, whatever the pieces; anything else is an error."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import filing, shelving, storage
from flight.declare.filing import (
    FileFigures,
    FileNotice,
    ListFiles,
    Ordered,
    RemoveFile,
    SendFile,
    SteerFile,
    Turn,
    Turned,
)
from flight.declare.shelving import (
    AskSigner,
    AskTenants,
    CompareCopies,
    CopiesCompared,
    DropJob,
    FileKept,
    KeepFile,
    KeepOnly,
    KeepResult,
    NoRoom,
    PackageTaken,
    ResultKept,
    RunTold,
    SignerOnBoard,
    TakePackage,
    TakeTenants,
    TenantsInForce,
    Used,
)
from flight.declare.storage import (
    Append,
    Close,
    Commit,
    Extent,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveDocument,
    SaveState,
    Scrub,
    Snapshot,
    Stored,
    Stores,
    StoreState,
)
from flight.planning import Ahead, LookAhead, MakePlan, Planned, Site, StationPass, work
from flight.workers.messages import KINDS, Unpacker, pack
from flight.workers.pipes import LENGTH, MESSAGE_MAX, PipeError

count = st.integers(0, 2**56 - 1)
name = st.text(max_size=20)
body = st.binary(max_size=50)
extents = st.builds(Extent, count, count)
states = st.builds(StoreState, name, extents, count, count, count, count, count, count)
notices = st.builds(FileNotice, name, count, count, st.integers(0, 15), name)
used = st.builds(Used, name, count, count, count)
runs = st.builds(RunTold, count, name, count, count, count, name, count, count, count)
numbers = st.lists(count, max_size=4).map(tuple)
figures = st.builds(FileFigures, *[count] * len(FileFigures._fields))
number = st.floats(allow_nan=False)
sites = st.builds(Site, number, number, number, number, count)
messages = st.one_of(
    st.builds(Append, st.integers(0, 2), count, st.lists(body, max_size=5).map(tuple)),
    st.builds(Commit),
    st.builds(Read, st.integers(0, 2), count, count, count),
    st.builds(SaveState, name, body),
    st.builds(SaveDocument, name, body),
    st.builds(LoadState, name),
    st.builds(LoadDocument, name),
    st.builds(Scrub),
    st.builds(Snapshot),
    st.builds(Close),
    st.builds(Stored),
    st.builds(Records, st.integers(0, 2), st.lists(st.tuples(count, body), max_size=5).map(tuple), count),
    st.builds(Found, name, st.none() | body, st.booleans()),
    st.builds(Stores, st.lists(states, max_size=3).map(tuple), st.booleans(), count),
    st.builds(Failed, name),
    st.builds(Turn, count, st.booleans(), count, st.lists(body, max_size=5).map(tuple)),
    st.builds(Turned, st.lists(body, max_size=5).map(tuple), st.lists(notices).map(tuple), count, figures),
    st.builds(SendFile, count, name, st.booleans()),
    st.builds(ListFiles, count, name),
    st.builds(RemoveFile, count, name),
    st.builds(SteerFile, count, st.integers(0, 2), count, count),
    st.builds(Ordered, count),
    st.builds(LookAhead, count, count, count, count, name, name, st.lists(sites, max_size=3).map(tuple)),
    st.builds(
        Ahead,
        count,
        st.lists(number, max_size=5).map(tuple),
        st.lists(st.booleans(), max_size=5).map(tuple),
        st.lists(st.tuples(count, st.booleans()), max_size=5).map(tuple),
        st.lists(st.builds(StationPass, count, count, count, count), max_size=5).map(tuple),
    ),
    st.builds(MakePlan, body),
    st.builds(AskSigner, count),
    st.builds(SignerOnBoard, count),
    st.builds(Planned, body),
    st.builds(TakePackage, count, count, name, count, st.lists(used, max_size=3).map(tuple)),
    st.builds(PackageTaken, body, body),
    st.builds(DropJob, count, count),
    st.builds(KeepOnly, count, numbers),
    st.builds(CompareCopies, count, count, numbers),
    st.builds(CopiesCompared, numbers),
    st.builds(
        KeepResult,
        count,
        count,
        name,
        name,
        count,
        st.lists(runs, max_size=3).map(tuple),
        st.lists(st.tuples(name, st.booleans()), max_size=3).map(tuple),
    ),
    st.builds(ResultKept, name, count, name),
    st.builds(NoRoom, name),
    st.builds(KeepFile, count, name, body, count),
    st.builds(FileKept, name),
    st.builds(TakeTenants, count, name),
    st.builds(AskTenants, count),
    st.builds(TenantsInForce, count, count, st.booleans()),
)
tickets = st.integers(-(2**31), 2**62)


def test_every_request_and_result_can_be_sent() -> None:
    shapes = {
        value.__name__
        for module in (storage, filing, shelving, work)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, tuple) and value.__module__ == module.__name__
    }
    parts = {"Extent", "StoreState", "FileNotice", "FileFigures", "Site", "Used", "RunTold"}
    assert set(KINDS) == shapes - parts, "those are parts of others"


@pytest.mark.slow
@given(st.lists(st.tuples(tickets, messages), max_size=6), st.lists(st.integers(1, 40), max_size=60))
def test_what_goes_in_comes_out_whatever_the_pieces(
    sent: list[tuple[int, tuple[object, ...]]], cuts: list[int]
) -> None:
    stream = b"".join(pack(ticket, message) for ticket, message in sent)
    unpacker, received = Unpacker(), []
    start = 0
    for cut in cuts:
        received += unpacker.feed(stream[start : start + cut])
        start += cut
    received += unpacker.feed(stream[start:])
    assert received == sent
    for (_, before), (_, after) in zip(sent, received, strict=True):
        assert type(before) is type(after)
        assert repr(before) == repr(after), "inner tuples, too"
    assert not unpacker.held


def framed(content: object) -> bytes:
    data = cbor2.dumps(content)
    return LENGTH.pack(len(data)) + data


@pytest.mark.parametrize(
    "octets",
    [
        LENGTH.pack(MESSAGE_MAX + 1),
        LENGTH.pack(3) + b"\xff\xff\xff",
        LENGTH.pack(0),
        framed("text"),
        framed([1, "Commit"]),
        framed([1, "Nothing", []]),
        framed([1, "Commit", [1, 2]]),
        framed([1, "Append", [0, 0, 7]]),
        framed([1, "Records", [0, [[1]], 0]]),
        framed([1, "Stores", [[[1]], False, 0]]),
        framed([1, "LookAhead", [0, 0, 60, 380, "", "", [1]]]),
        framed([1, "Ahead", [0, [], [], [[1]], []]]),
        framed([1, ["Commit"], []]),
        framed(["one", "Commit", []]),
        framed({"a": 1, "b": 2, "c": 3}),
    ],
)
def test_what_neither_end_writes_is_an_error(octets: bytes) -> None:
    with pytest.raises(PipeError):
        Unpacker().feed(octets)


@given(st.binary(max_size=60))
def test_any_octets_are_messages_or_an_error_or_not_yet_whole(octets: bytes) -> None:
    unpacker = Unpacker()
    try:
        unpacker.feed(octets)
    except PipeError:
        return
    assert len(unpacker.held) <= len(octets)
