"""The archive cut short: by a kill, by a torn file, by a disk that is full."""

from __future__ import annotations

import os
import shutil

import pytest

from ground.archive import Archive, ArchiveError, rebuild
from ground.notes import from_octets
from ground.query import open_query
from ground.segments import HEAD_LENGTH, Kind, Position, Record, SegmentReader
from ground.station import Ground

NS = 1_000_000_000


def test_what_was_received_outlives_the_process(tmp_path, dictionary, craft, contents, a_day):
    """No flush, no close: what lies on the disk then is what kill -9 leaves.  Tables catch up when it is opened."""
    ground = Ground(dictionary, Archive(tmp_path / "one", dictionary, flush_every_ns=10**18))
    a_day(ground, craft)
    flushed = len(contents(tmp_path / "one")["packets"])
    ground.contact(True, 4000 * NS)
    for second in range(4000, 4100):
        ground.receive(craft.down(craft.power(second * NS)), second * NS, "Kiruna")
    shutil.copytree(tmp_path / "one", tmp_path / "killed")
    assert len(contents(tmp_path / "killed")["packets"]) == flushed
    Archive(tmp_path / "killed", dictionary).close()
    ground.close()
    assert contents(tmp_path / "killed") == contents(tmp_path / "one")
    assert len(contents(tmp_path / "one")["packets"]) == flushed + 100


@pytest.mark.slow
def test_cut_at_every_record_and_within(folder, dictionary, tmp_path):
    """A cut of the raw file anywhere: what is whole before it is read, tables fit what is left, and it goes on."""
    (segment,) = (folder / "segments").glob("*.seg")
    whole = segment.read_bytes()
    kept = (folder / "dictionaries").iterdir()
    names = {path.name: path.read_bytes() for path in kept}
    last = -1
    for cut in [*range(0, len(whole), 4999), *range(len(whole) - HEAD_LENGTH - 2, len(whole))]:
        fresh = tmp_path / f"cut{cut}"
        (fresh / "segments").mkdir(parents=True)
        (fresh / "segments" / segment.name).write_bytes(whole[:cut])
        (fresh / "dictionaries").mkdir()
        for name, octets in names.items():
            (fresh / "dictionaries" / name).write_bytes(octets)
        archive = Archive(fresh, dictionary)
        ground = Ground(dictionary, archive, 10_000 * NS)
        packets = len(archive.query.packets("power.status"))
        assert packets >= last, "a longer file never holds less"
        last = packets
        ground.command("commands.nothing", {}, 10_000 * NS)
        ground.close()
        assert open_query(fresh).commands()[-1].label == "commands.nothing"
    assert last == 3 * 59 + 6


def test_a_packet_cut_by_a_flush_comes_out_whole_after_a_kill(tmp_path, dictionary, craft):
    """Half of its frames are before the position that the tables reach, half behind it."""
    long = craft.report(20, 2, bytes(600), NS)
    frames = craft.frames([craft.power(0), long, craft.power(2 * NS)])
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    ground.contact(True, 0)
    ground.receive(b"".join(frames[:2]), NS)
    archive.flush()
    assert archive.index.meta("segment") == 1
    ground.receive(b"".join(frames[2:]), 2 * NS)
    archive._release()
    again = Archive(tmp_path, dictionary)
    assert again.query.counts() == {"power.status": 2, "TM[20,2]": 1}
    again.close()


def test_catching_up_reads_only_what_it_must(tmp_path, dictionary, craft, a_day):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    a_day(ground, craft)
    archive.flush()
    start = Position(archive.index.meta("replay segment") or 0, archive.index.meta("replay offset") or 0)
    first = next(SegmentReader(tmp_path / "segments").records(start))
    assert first.body == b'{"note":"contact","up":true}'
    assert first.time_ns == 2000 * NS, "the last contact began there"
    ground.close()


def test_each_raw_file_can_be_read_alone(tmp_path, dictionary, craft, a_day):
    archive = Archive(tmp_path, dictionary)
    archive._writer.most_bytes = 5000
    ground = Ground(dictionary, archive)
    a_day(ground, craft)
    ground.close()
    files: dict[int, list[Record]] = {}
    for record in SegmentReader(tmp_path / "segments").records():
        files.setdefault(record.at.segment, []).append(record)
    assert len(files) > 5
    for records in files.values():
        assert b"dictionary" in records[0].body
        names = {record.link: record.body for record in records if record.kind == Kind.LINK}
        assert set(names.values()) <= {b"Svalbard", b"Kiruna"}
        assert all(record.link in names for record in records if record.kind == Kind.FRAMES)


def test_frames_are_on_the_disk_before_the_tables_know_them(tmp_path, dictionary, craft, monkeypatch):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    order = []
    write = archive.index.write

    def note_write(*of):
        order.append("tables")
        write(*of)

    monkeypatch.setattr(os, "fsync", lambda file: order.append("segments"))
    monkeypatch.setattr(archive.index, "write", note_write)
    ground.receive(craft.down(craft.power(0)), NS)
    ground.flush()
    assert order == ["segments", "tables"]
    monkeypatch.undo()
    ground.close()


def test_octets_as_they_were_sent(tmp_path, dictionary):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))
    ground.contact(True, 0)
    ground.command("commands.nothing", {}, 0, bypass=True)
    sent = [ground.send(second * NS) for second in (1, 11)]
    ground.close()
    records = SegmentReader(tmp_path / "segments").records()
    kept = [(record.body, record.time_ns) for record in records if record.kind == Kind.SENT]
    assert kept == [(sent[0], NS), (sent[1], 11 * NS)]
    assert sent[0]


def test_notes_that_this_version_does_not_know(folder, dictionary):
    archive = Archive(folder, dictionary)
    for note in (
        {"note": "weather", "sky": "blue"},
        {"note": "audit", "who": "anna"},
        {"note": "command", "packet": "x"},
    ):
        archive.note(note, 9000 * NS)
    archive.flush()
    assert archive.index.strange_notes == 3
    assert len(archive.query.audit()) == 3
    archive.close()
    rebuild(folder, dictionary).close()


def test_tables_that_cannot_be_written_are_not_hidden(tmp_path, dictionary, craft):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    ground.receive(craft.down(craft.power(0)), NS)
    archive.index.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(ArchiveError, match="readonly"):
        ground.flush()
    archive.index.connection.execute("PRAGMA query_only = 0")
    assert len(archive.query.packets("power.status")) == 1, "nothing is lost by a failed flush"
    ground.close()


def test_many_frames_at_once(tmp_path, dictionary, craft, contents):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    ground.receive(craft.down(*(craft.report(20, 2, bytes(1000), second * NS) for second in range(900))), NS)
    assert archive.query.counts() == {"TM[20,2]": 900}
    ground.close()
    rebuild(tmp_path, dictionary).close()
    assert len(contents(tmp_path)["packets"]) == 900


def test_a_full_disk_is_not_hidden(tmp_path, dictionary, craft, monkeypatch):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    ground.receive(craft.down(craft.power(0)), NS)

    def full(file, octets):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        ground.receive(craft.down(craft.power(NS)), 2 * NS)
    monkeypatch.undo()
    ground.receive(craft.down(craft.power(2 * NS)), 3 * NS)
    assert len(archive.query.packets("power.status")) >= 2
    ground.close()


def test_a_note_nested_too_deeply_is_no_note():
    assert from_octets(b"[" * 100_000) is None
