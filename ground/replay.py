"""From segments to tables: what the tables lack when an archive is opened, which is everything after a rebuild."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from flight.dictionary import Dictionary
from ground.gaps import Coverage, note_absent
from ground.index import Index
from ground.notes import CONTACT, DICTIONARY, Note, from_octets
from ground.reception import Packet, Reception
from ground.segments import HEAD_LENGTH, Kind, Marks, Position, Record, SegmentReader

BATCH_ROWS = 10_000
STORAGE, ABSENT = 15, 130


def catch_up(
    folder: Path, index: Index, coverage: Sequence[Coverage], dictionaries: Mapping[int, Dictionary]
) -> int:
    """Octets of the segments that belong to no sound record."""
    replay = Replay(index, coverage, dictionaries)
    reader = SegmentReader(folder)
    for record in reader.records(Position(replay.replay_from.segment, 0)):
        replay.take(record)
    replay.finish()
    return reader.damaged


class Replay:
    """Takes records in order.  Before `replay_from` only names are read, before `reached` only frames."""

    def __init__(
        self, index: Index, coverage: Sequence[Coverage], dictionaries: Mapping[int, Dictionary]
    ) -> None:
        self.index, self.coverage, self.dictionaries = index, coverage, dictionaries
        self.current = index.dictionary
        self.reached = Position(index.meta("segment") or 0, index.meta("offset") or 0)
        self.replay_from = Position(index.meta("replay segment") or 0, index.meta("replay offset") or 0)
        self.marks = Marks(self.replay_from)
        self.after = self.reached
        self.links: dict[int, str] = {}
        self.reception = Reception(self.current, coverage)

    def take(self, record: Record) -> None:
        if record.kind == Kind.LINK:
            self.links[record.link] = record.body.decode("utf-8", "replace")
        elif record.kind == Kind.NOTE:
            self._take_note(record)
        elif record.kind == Kind.FRAMES and record.at >= self.replay_from:
            self._take_frames(record)
        end = Position(record.at.segment, record.at.offset + HEAD_LENGTH + len(record.body))
        self.after = max(self.after, end)
        self.marks.passed(record.at)
        if self.index.pending >= BATCH_ROWS:
            self._write()

    def _take_frames(self, record: Record) -> None:
        length = self.index.dictionary.frame_length
        frames = [record.body[at : at + length] for at in range(0, len(record.body), length)]
        packets = self.reception.replay(frames, record.time_ns, self.links.get(record.link, ""))
        note_absences(self.coverage, packets)
        self.index.packets += packets

    def _take_note(self, record: Record) -> None:
        note = from_octets(record.body)
        if note is None:
            self.index.strange_notes += 1
            return
        if note["note"] == DICTIONARY:
            self._turn_to(note)
        elif note["note"] == CONTACT and note.get("up"):
            self.reception.begin_contact()
            self.marks.contact(record.at)
        if record.at >= self.reached:
            self.index.notes.append((note, record.time_ns))

    def _turn_to(self, note: Note) -> None:
        """From here on another dictionary was in force."""
        dictionary = self.dictionaries.get(int(note.get("hash") or 0), self.current)
        old = self.index.dictionary
        if dictionary.hash == old.hash:
            return
        self._write()
        self.index.dictionary = dictionary
        if (dictionary.coding, dictionary.spacecraft_id) != (old.coding, old.spacecraft_id):
            self.reception = Reception(dictionary, self.coverage)

    def _write(self) -> None:
        if self.index.pending:
            self.index.write(self.coverage, self.after, self.marks.replay_from())

    def finish(self) -> None:
        self._write()
        self.index.dictionary = self.current


def note_absences(coverage: Sequence[Coverage], packets: Sequence[Packet]) -> None:
    for packet in packets:
        if packet.service == STORAGE and packet.subtype == ABSENT:
            note_absent(coverage, packet.body)
