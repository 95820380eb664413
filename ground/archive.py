"""The archive: raw first, tables beside it.

    segments/      frames as received, octets as sent, notes of the ground: the truth, append-only
    index.db       packets, events, commands, stages, alarms, audit, gaps: SQLite, made from the segments
    dictionaries/  each dictionary that was in force, by its hash
    lock           held by the one process that writes

What `frames`, `sent` and `note` were given outlives the process (kill -9) when they return.  `flush` also brings it to
the disk and into the tables.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from flight.dictionary import Dictionary
from ground.gaps import Coverage
from ground.index import Index
from ground.kept_dictionaries import DictionariesError, keep_dictionary
from ground.notes import CONTACT, Note, dictionary_note, to_octets
from ground.query import Query
from ground.reception import Packet
from ground.replay import catch_up
from ground.segments import Kind, Marks, Position, SegmentWriter, segment_numbers

NS = 1_000_000_000
BATCH_ROWS = 10_000  # some 4 MB waiting; larger batches are no faster
FLUSH_EVERY_NS = 600 * NS  # how far a reader in another process may lag behind during a contact
FRAMES_MAX = 1024  # in one record: 2 MB of the longest
INDEX = "index.db"
CLEAN = "clean"


class ArchiveError(Exception):
    """An archive that cannot be opened; one line says why."""


class Archive:
    """Writes.  One process at a time; any number may read `index.db` with `ground.query.open_query`."""

    def __init__(
        self,
        folder: Path | str,
        dictionary: Dictionary,
        now_ns: int = 0,
        flush_every_ns: int = FLUSH_EVERY_NS,
        *,
        read_meanwhile: bool = True,
    ) -> None:
        """Opens or creates, and catches up with what was not yet in the tables.  ArchiveError if that cannot be.

        Where nobody asks for `history` before the end, `read_meanwhile` may be False: writing is then faster.
        """
        self._read_meanwhile = read_meanwhile
        self.folder, self.dictionary, self.flush_every_ns = Path(folder), dictionary, flush_every_ns
        self.segments_folder = self.folder / "segments"
        self._lock = -1
        self._make_folders()
        try:
            self._open(now_ns)
        except BaseException:
            self._release()
            raise

    def _make_folders(self) -> None:
        try:
            self.segments_folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "dictionaries").mkdir(exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release()
            raise ArchiveError(f"{self.folder}: in use by another process") from None
        except OSError as error:
            raise ArchiveError(f"{self.folder}: {error.strerror}") from error

    def _open(self, now_ns: int) -> None:
        try:
            self.dictionaries = keep_dictionary(self.folder / "dictionaries", self.dictionary)
        except DictionariesError as error:
            raise ArchiveError(f"{self.folder}: {error}") from error
        try:
            self._open_index()
        except sqlite3.OperationalError as error:  # the disk is full, the folder cannot be written
            raise ArchiveError(f"{self.folder}: {error}") from error
        except sqlite3.DatabaseError:  # damaged, or of an older format: made of the segments, and made anew
            remove_index(self.folder)
            self._open_index()
        self.query = Query(self.index.connection, self.dictionary, self.flush)
        self._writer = SegmentWriter(self.segments_folder)
        self._marks = Marks(self._writer.next_file)
        self._links: dict[str, int] = {}
        self.index.mark(CLEAN, 0)
        self._flushed_ns = now_ns

    def _open_index(self) -> None:
        """Open and catch up.  sqlite3.DatabaseError if what is there cannot be read."""
        self.coverage = [Coverage() for _ in self.dictionary.stores]
        self.index = Index(self.folder / INDEX, self.dictionary, by_kind=self._read_meanwhile)
        try:
            self.ended_cleanly = self.index.meta(CLEAN) == 1 or not segment_numbers(self.segments_folder)
            if not self.ended_cleanly:
                self.index.check()
            self.index.load_coverage(self.coverage)
            self.damaged_octets = catch_up(self.segments_folder, self.index, self.coverage, self.dictionaries)
        except sqlite3.DatabaseError:
            self.index.close()
            raise

    # ---------------------------------------------------------------- writing

    def frames(self, frames: Sequence[bytes], now_ns: int, station: str) -> None:
        for at in range(0, len(frames), FRAMES_MAX):
            link = self._link(station, now_ns)
            self._append(Kind.FRAMES, b"".join(frames[at : at + FRAMES_MAX]), now_ns, link)

    def sent(self, octets: bytes, now_ns: int) -> None:
        self._append(Kind.SENT, octets, now_ns)

    def note(self, note: Note, now_ns: int) -> None:
        at = self._append(Kind.NOTE, to_octets(note), now_ns)
        if note["note"] == CONTACT and note["up"]:
            self._marks.contact(at)
        self.index.notes.append((note, now_ns))

    def add(self, packets: Sequence[Packet], now_ns: int) -> None:
        """Packets out of frames that were given before."""
        self.index.packets += packets
        if self.index.pending >= BATCH_ROWS:
            self.flush()
        self.on_deadline(now_ns)

    def on_deadline(self, now_ns: int) -> None:
        """Now and then, so that a reader in another process does not lag behind."""
        if now_ns - self._flushed_ns >= self.flush_every_ns:
            self._flushed_ns = now_ns
            self.flush()

    def flush(self) -> None:
        if not self.index.pending:
            return
        self._writer.sync()  # before the tables, so that they are never ahead of the truth
        try:
            self.index.write(self.coverage, self._writer.position, self._marks.replay_from())
        except sqlite3.Error as error:
            raise ArchiveError(f"{self.folder / INDEX}: {error}") from error

    def close(self) -> None:
        self.flush()
        self._writer.close()
        self.index.mark(CLEAN, 1)
        self.index.close()
        self._release()

    def _append(self, kind: Kind, body: bytes, now_ns: int, link: int = 0) -> Position:
        if self._writer.full:
            self._begin(now_ns)
        at = self._writer.append(kind, body, now_ns, link)
        self._marks.passed(at)
        return at

    def _begin(self, now_ns: int) -> None:
        """Each file names the dictionary in force and its links, so that it can be read alone."""
        self._writer.begin()
        note = dictionary_note(self.dictionary.hash)
        self._writer.append(Kind.NOTE, to_octets(note), now_ns)
        self.index.notes.append((note, now_ns))
        for name, link in self._links.items():
            self._writer.append(Kind.LINK, name.encode(), now_ns, link)

    def _link(self, station: str, now_ns: int) -> int:
        link = self._links.get(station)
        if link is None:
            link = self._links[station] = len(self._links)
            self._append(Kind.LINK, station.encode(), now_ns, link)
        return link

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def rebuild(folder: Path | str, dictionary: Dictionary) -> Archive:
    """Make all tables anew from the segments, with each dictionary that was in force."""
    Archive(folder, dictionary).close()  # takes the lock, so that nobody else is writing
    remove_index(Path(folder))
    return Archive(folder, dictionary)


def remove_index(folder: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (folder / (INDEX + suffix)).unlink(missing_ok=True)
