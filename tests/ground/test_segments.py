"""The raw archive: what was appended is read back, and damage costs no more than what it hit."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.segments import (
    BEGINNING,
    HEAD_LENGTH,
    Kind,
    Marks,
    Position,
    SegmentReader,
    SegmentWriter,
    record_at,
    segment_numbers,
)

BODIES = [b"first", b"", b"\x5c\x7a" * 20, bytes(range(256)), b"last"]


@pytest.fixture
def folder(tmp_path):
    writer = SegmentWriter(tmp_path)
    writer.begin()
    for index, body in enumerate(BODIES):
        writer.append(Kind.FRAMES, body, 1000 + index, link=index)
    writer.close()
    return tmp_path


def bodies(folder, start=BEGINNING):
    reader = SegmentReader(folder)
    return [record.body for record in reader.records(start)], reader.damaged


def test_round_trip(folder):
    records = list(SegmentReader(folder).records())
    assert [record.body for record in records] == BODIES
    assert [(r.kind, r.link, r.time_ns) for r in records] == [(1, i, 1000 + i) for i in range(len(BODIES))]
    for record in records:
        assert bodies(folder, record.at) == (BODIES[records.index(record) :], 0)


def test_a_file_is_never_written_again(folder):
    before = (folder / "00000001.seg").read_bytes()
    writer = SegmentWriter(folder)
    assert writer.full
    assert writer.next_file == (2, 0)
    writer.begin()
    writer.append(Kind.NOTE, b"more", 5)
    writer.close()
    assert (folder / "00000001.seg").read_bytes() == before
    assert bodies(folder) == ([*BODIES, b"more"], 0)


def test_files_are_bounded(tmp_path):
    writer = SegmentWriter(tmp_path, most_bytes=100)
    written = []
    for index in range(50):
        if writer.full:
            writer.begin()
        written.append(b"%d" % index * 7)
        assert writer.append(Kind.NOTE, written[-1], index) < writer.position
    writer.close()
    assert len(segment_numbers(tmp_path)) > 10
    assert max(path.stat().st_size for path in tmp_path.glob("*.seg")) < 100 + HEAD_LENGTH + 14
    assert bodies(tmp_path) == (written, 0)


@pytest.mark.slow
def test_cut_after_every_octet(folder):
    """A power cut, a full disk, a kill within a write: whole records before the cut are there, nothing else is."""
    path = folder / "00000001.seg"
    whole = path.read_bytes()
    ends = [sum(HEAD_LENGTH + len(body) for body in BODIES[: count + 1]) for count in range(len(BODIES))]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found, damaged = bodies(folder)
        survived = sum(end <= cut for end in ends)
        assert found == BODIES[:survived]
        assert damaged == cut - (ends[survived - 1] if survived else 0)


@pytest.mark.slow
def test_every_single_bit_flipped(folder):
    path = folder / "00000001.seg"
    whole = path.read_bytes()
    for at in range(len(whole)):
        for bit in (0x01, 0x80):
            hurt = bytearray(whole)
            hurt[at] ^= bit
            path.write_bytes(hurt)
            found, damaged = bodies(folder)
            assert len(found) == len(BODIES) - 1
            assert all(body in BODIES for body in found)
            assert damaged > 0


@given(st.binary(max_size=300))
def test_any_octets_are_read(octets):
    at = 0
    while at < len(octets):
        record = record_at(octets, Position(1, at))
        assert record is None or record.at.offset + HEAD_LENGTH + len(record.body) <= len(octets)
        at += 1


def test_a_write_that_takes_part_is_continued(folder, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, octets: real(file, octets[:7]))
    writer = SegmentWriter(folder)
    writer.begin()
    writer.append(Kind.NOTE, b"a long body that takes several writes", 5)
    monkeypatch.undo()
    writer.close()
    assert bodies(folder)[0][-1] == b"a long body that takes several writes"


def test_after_a_failed_write_the_next_record_is_read(folder, monkeypatch):
    real = os.write
    writer = SegmentWriter(folder)
    writer.begin()
    answers: list[int | OSError] = [9, OSError(28, "No space left on device")]

    def full(file, octets):
        answer = answers.pop(0)
        if isinstance(answer, int):
            return real(file, octets[:answer])
        raise answer

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        writer.append(Kind.NOTE, b"torn", 5)
    monkeypatch.undo()
    at = writer.append(Kind.NOTE, b"whole", 6)
    writer.close()
    assert at.offset == 9, "positions count what was really written"
    assert bodies(folder) == ([*BODIES, b"whole"], 9)
    assert bodies(folder, at) == ([b"whole"], 0)


def test_where_reception_begins_anew():
    marks = Marks(Position(1, 0))
    step = 2**18
    for index in range(1, 30):
        marks.passed(Position(1, index * step))
        back = index * step - marks.replay_from().offset
        assert back >= min(index * step, 2**20)
        assert back < 2 * 2**20 + step
    marks.contact(Position(1, 29 * step))
    assert marks.replay_from() == (1, 29 * step)
    marks.passed(Position(2, 0))
    marks.passed(Position(3, 0))
    assert marks.replay_from() == (2, 0), "files are far apart"
