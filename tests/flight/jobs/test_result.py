"""A result file holds what its receipt names, octet for octet; whatever else comes is a fault, and bounded."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import (
    CHUNK,
    RAW_DEFLATE,
    RECEIPT_OCTETS,
    Ended,
    Fault,
    FileEnds,
    FileHash,
    FileOctets,
    Receipt,
    ResultEvent,
    ResultOpened,
    ResultReader,
    ResultWriter,
    encode_receipt,
    files_of,
    result_name,
)
from flight.jobs.paths import NAME, OWNER
from flight.jobs.terms import SERIAL_MAX
from flight.wire.cfdp import safe_name
from tests.flight.jobs.made import MANIFEST, OTHER_PRIVATE, PRIVATE, PUBLIC, RECEIPT

FILES = {
    "standard-output": b"round 1\n" * 400,
    "empty": b"",
    "maps/cloud.bin": sha256(b"noise").digest() * 3000,
    "last": b"",
}


def named(path: str, octets: bytes) -> FileHash:
    return FileHash(path, len(octets), sha256(octets).digest())


HASHES = tuple(named(*item) for item in FILES.items())
FULL = replace(RECEIPT, printed=HASHES[:1], outputs=HASHES[1:])
SIGNED = encode_receipt(FULL, PRIVATE)


def written(receipt: bytes = SIGNED, files: dict[str, bytes] = FILES) -> bytes:
    writer = ResultWriter(receipt)
    return b"".join([writer.begin(), *map(writer.add, files.values()), writer.end()])


GOOD = written()
BODY = 12 + len(SIGNED)  # where the deflate begins


def read(octets: bytes, piece: int = 1 << 20, key: bytes | None = PUBLIC) -> list[ResultEvent]:
    """All events, to the end."""
    reader = ResultReader(key)
    starts = range(0, len(octets), piece)
    events = [event for start in starts for event in reader.receive(octets[start : start + piece])]
    end = reader.finish()
    return events if end is None else [*events, end]


def fault(octets: bytes, piece: int = 1 << 20, key: bytes | None = PUBLIC) -> str:
    events = read(octets, piece, key)
    faults = [event for event in events if isinstance(event, Fault)]
    assert faults == events[-1:]
    return str(faults[0])


@pytest.mark.parametrize("piece", [1 << 20, 4096, 7])
def test_there_and_back(piece: int) -> None:
    events = read(GOOD, piece)
    assert events[0] == ResultOpened(FULL, SIGNED)
    assert contents(events) == FILES
    assert [event.file for event in events if isinstance(event, FileEnds)] == list(files_of(FULL))
    assert not any(isinstance(event, Fault) for event in events)
    assert len(GOOD) < sum(map(len, FILES.values())) / 20


def test_a_job_without_anything_to_show() -> None:
    bare = replace(
        RECEIPT, ended=Ended.CANCELLED, reason="on board too long", printed=(), outputs=(), runs=()
    )
    octets = encode_receipt(bare, PRIVATE)
    assert read(written(octets, {})) == [ResultOpened(bare, octets)]


def test_one_that_nobody_signed() -> None:
    octets = written(encode_receipt(FULL, None))
    assert not any(isinstance(event, Fault) for event in read(octets, key=None))
    assert "there is none: the board had no key" in fault(octets)
    assert "is not that of this board" in fault(written(encode_receipt(FULL, OTHER_PRIVATE)))


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 11, 12, 40, BODY - 1, BODY, BODY + 9, len(GOOD) - 1])
def test_cut_short(cut: int) -> None:
    assert fault(GOOD[:cut]) == "the file: ends too early; expected all that its receipt names"


def test_octets_behind_its_end() -> None:
    for more in (b"a", GOOD):
        assert fault(GOOD + more) == "the file: octets behind its end; expected nothing"
        assert fault(GOOD + more, 1) == "the file: octets behind its end; expected nothing"


def contents(events: list[ResultEvent]) -> dict[str, bytes]:
    got = dict.fromkeys(FILES, b"")
    for event in events:
        if isinstance(event, FileOctets):
            got[event.file.path] += event.octets
    return got


def test_every_flip_that_matters_is_noticed() -> None:
    """The last bits of a deflate are of no meaning."""
    harmless = 0
    for at in range(len(GOOD)):
        flipped = GOOD[:at] + bytes([GOOD[at] ^ 1 << at % 8]) + GOOD[at + 1 :]
        events = read(flipped)
        if not isinstance(events[-1], Fault):
            harmless += 1
            assert contents(events) == FILES
            assert at >= BODY
    assert harmless <= 1


def test_files_that_are_not_those_of_the_receipt() -> None:
    other = {**FILES, "maps/cloud.bin": bytes(len(FILES["maps/cloud.bin"]))}
    assert fault(written(files=other)).startswith("maps/cloud.bin: another hash")
    longer = {**FILES, "last": b"a"}
    assert fault(written(files=longer)) == "the files: more octets than the receipt names; expected no more"
    swapped = dict(reversed(FILES.items()))
    assert fault(written(files=swapped)).startswith("standard-output: another hash")
    empty = replace(FULL, outputs=(replace(HASHES[1], sha256=bytes(32)),))
    assert fault(written(encode_receipt(empty, PRIVATE), {})[:BODY]).startswith("the file: ends too early")
    assert fault(written(encode_receipt(replace(empty, printed=()), PRIVATE), {})).startswith(
        "empty: another"
    )


def test_no_receipt_is_longer_than_one_may_be() -> None:
    for length in (0, RECEIPT_OCTETS + 1, 0xFFFFFFFF):
        assert fault(GOOD[:8] + length.to_bytes(4, "big") + GOOD[12:]).startswith("the receipt: ")
    assert fault(b"SKYRES\0\2" + GOOD[8:]).startswith("the file: begins with b'SKYRES")


def test_a_bomb_costs_no_memory() -> None:
    """A receipt of a board may name no more than it may; a stream that gives more ends at the first octet too many."""
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 70_000
    zeros = named("zeros.bin", bytes(1000))
    octets = encode_receipt(replace(FULL, printed=(), outputs=(zeros,)), PRIVATE)
    tracemalloc.start()
    found = fault(written(octets, {})[: 12 + len(octets)] + bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == "the files: more octets than the receipt names; expected no more"
    assert most < 8 * CHUNK


def test_after_a_fault_nothing_comes() -> None:
    reader = ResultReader(PUBLIC)
    assert [type(event) for event in reader.receive(b"PK\3\4" + bytes(100))] == [Fault]
    assert list(reader.receive(GOOD)) == []
    assert reader.finish() is None
    assert reader.damaged


@given(st.from_regex(OWNER, fullmatch=True), st.from_regex(NAME, fullmatch=True), st.integers(1, SERIAL_MAX))
def test_no_job_takes_the_file_of_another(owner: str, name: str, serial: int) -> None:
    """What stands in the name of a file says whose it is, and no store refuses it."""
    path = result_name(replace(MANIFEST, owner=owner, name=name, serial=serial))
    assert safe_name(path.encode()) == path
    stem = path.removeprefix("results/").removesuffix(".result")
    rest, _, last = stem.rpartition("-")
    first, _, middle = rest.partition("-")
    assert (first, middle, int(last)) == (owner, name, serial)


@given(st.binary(max_size=300))
def test_any_octets(octets: bytes) -> None:
    for data in (octets, GOOD[:12] + octets, GOOD[:BODY] + octets):
        reader = ResultReader(None)
        events = list(reader.receive(data))
        end = reader.finish()
        assert end is not None or any(isinstance(event, Fault) for event in events)
        assert isinstance(reader.receipt, Receipt) == (len(data) >= BODY and data[:BODY] == GOOD[:BODY])
