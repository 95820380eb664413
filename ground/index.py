"""The tables beside the raw archive: SQLite, made of frames and notes, and made anew from them when lost.

`synchronous=NORMAL` is enough for that reason: after a power cut the tables may be a little behind the segments,
never ahead of them, and catch up when they are opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from flight.dictionary import Dictionary
from ground.decode import event_entry, event_text, event_values
from ground.gaps import Coverage
from ground.notes import ALARM, AUDIT, COMMAND, CONTACT, COUNT, DICTIONARY, STAGE, TIME, Note
from ground.reception import Packet
from ground.segments import Position

FORMAT = 1  # of the tables; an index of another format is made anew
EVENTS = 5
TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS packets (
    record INTEGER PRIMARY KEY, time INTEGER, received INTEGER, apid INTEGER, service INTEGER, subtype INTEGER,
    sid INTEGER, octets BLOB);
CREATE TABLE IF NOT EXISTS events (
    record INTEGER PRIMARY KEY, time INTEGER, received INTEGER, number INTEGER, label TEXT, severity INTEGER,
    text TEXT);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time);
CREATE TABLE IF NOT EXISTS commands (
    number INTEGER PRIMARY KEY, label TEXT, text TEXT, source TEXT, packet BLOB, request INTEGER,
    answer_within INTEGER, queued INTEGER, stage TEXT, reason TEXT, first_sent INTEGER, deadline INTEGER,
    transmissions INTEGER);
CREATE TABLE IF NOT EXISTS stages (
    number INTEGER, position INTEGER, stage TEXT, time INTEGER, reason TEXT,
    PRIMARY KEY (number, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alarms (
    time INTEGER, received INTEGER, label TEXT, field TEXT, state TEXT, value REAL, kind TEXT, who TEXT);
CREATE INDEX IF NOT EXISTS alarms_by_time ON alarms (time);
CREATE TABLE IF NOT EXISTS audit (time INTEGER, who TEXT, what TEXT);
CREATE TABLE IF NOT EXISTS contacts (time INTEGER, up INTEGER);
CREATE TABLE IF NOT EXISTS dictionaries (time INTEGER, hash INTEGER);
CREATE TABLE IF NOT EXISTS times (mission INTEGER, offset INTEGER);
CREATE TABLE IF NOT EXISTS counts (apid INTEGER PRIMARY KEY, next INTEGER);
CREATE TABLE IF NOT EXISTS coverage (store INTEGER, kind TEXT, first INTEGER, last INTEGER);
"""
BY_KIND = "CREATE INDEX IF NOT EXISTS packets_of_kind ON packets (sid, time)"
PACKET_ROW = "INSERT OR IGNORE INTO packets VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
EVENT_ROW = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"
COMMAND_ROW = """INSERT OR IGNORE INTO commands VALUES
    (:number, :label, :text, :source, :packet, :request, :answer_within, :time, 'queued', '', 0, 0, 0)"""
STAGE_ROW = "INSERT OR IGNORE INTO stages VALUES (:number, :position, :stage, :time, :reason)"
STAGE_UPDATE = """UPDATE commands SET stage = :stage, reason = :reason, first_sent = :first_sent,
    deadline = :deadline, transmissions = :transmissions WHERE number = :number"""

Row = Mapping[str, object]


def _command_row(row: dict[str, object]) -> Row:
    packet = bytes.fromhex(str(row["packet"]))
    return row | {"packet": packet, "request": int.from_bytes(packet[:4], "big")}


STATEMENTS: Mapping[str, Sequence[str]] = {
    COMMAND: (COMMAND_ROW,),
    STAGE: (STAGE_ROW, STAGE_UPDATE),
    ALARM: (
        "INSERT INTO alarms VALUES (:time_ns, :received_ns, :label, :field, :state, :value, :kind, :who)",
    ),
    AUDIT: ("INSERT INTO audit VALUES (:time, :who, :what)",),
    CONTACT: ("INSERT INTO contacts VALUES (:time, :up)",),
    DICTIONARY: ("INSERT INTO dictionaries VALUES (:time, :hash)",),
    TIME: ("INSERT INTO times VALUES (:mission, :offset)",),
    COUNT: ("INSERT OR REPLACE INTO counts VALUES (:apid, :next)",),
}
PREPARE: Mapping[str, Callable[[dict[str, object]], Row]] = {COMMAND: _command_row}


class Index:
    """Collects rows and writes them in one transaction with the position in the segments that they reach to."""

    def __init__(self, path: Path, dictionary: Dictionary, *, by_kind: bool = True) -> None:
        """sqlite3.DatabaseError if the file is damaged.  Without `by_kind` that index is made at the end."""
        self.dictionary = dictionary
        self.packets: list[Packet] = []
        self.notes: list[tuple[Note, int]] = []
        self.strange_notes = 0
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self._check_format()
        self.connection.executescript(TABLES)
        if by_kind:
            self.connection.execute(BY_KIND)

    def _check_format(self) -> None:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self.connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if tables and version != FORMAT:
            self.connection.close()
            raise sqlite3.DatabaseError(f"format {version}, not {FORMAT}")
        self.connection.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def pending(self) -> int:
        return len(self.packets) + len(self.notes)

    def meta(self, key: str) -> int | None:
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def mark(self, key: str, value: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def check(self) -> None:
        """sqlite3.DatabaseError if a page is damaged; 2 s for each 100 MB, so only after an unclean end."""
        (found,) = self.connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def load_coverage(self, coverage: Sequence[Coverage]) -> None:
        for store, kind, first, last in self.connection.execute("SELECT * FROM coverage"):
            if store < len(coverage):
                of = coverage[store]
                (of.received if kind == "received" else of.absent).add_range(first, last)

    def write(self, coverage: Sequence[Coverage], reached: Position, replay_from: Position) -> None:
        """Everything collected, or nothing."""
        execute = self.connection.execute
        execute("BEGIN")
        try:
            self.connection.executemany(PACKET_ROW, self.packets)
            self.connection.executemany(EVENT_ROW, event_rows(self.dictionary, self.packets))
            for note, time_ns in self.notes:
                self._apply(note, time_ns)
            self._write_coverage(coverage)
            marks = zip(
                ("segment", "offset", "replay segment", "replay offset"),
                (*reached, *replay_from),
                strict=True,
            )
            self.connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", marks)
            execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                execute("ROLLBACK")
            raise
        self.packets.clear()
        self.notes.clear()

    def _apply(self, note: Note, time_ns: int) -> None:
        """A note of a kind or with a key that this version does not know is kept in the segments and counted."""
        kind = str(note["note"])
        row: dict[str, object] = {**note, "time": time_ns}
        try:
            prepared = PREPARE.get(kind, dict)(row)
            for statement in STATEMENTS[kind]:
                self.connection.execute(statement, prepared)
        except (KeyError, ValueError, sqlite3.ProgrammingError):
            self.strange_notes += 1

    def _write_coverage(self, coverage: Sequence[Coverage]) -> None:
        self.connection.execute("DELETE FROM coverage")
        for store, of in enumerate(coverage):
            for kind, intervals in (("received", of.received), ("absent", of.absent)):
                rows = ((store, kind, first, last) for first, last in intervals)
                self.connection.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?)", rows)

    def close(self) -> None:
        with suppress(sqlite3.DatabaseError):  # the tables can be made anew; what is in them is written
            self.connection.execute(BY_KIND)
        self.connection.close()


def event_rows(dictionary: Dictionary, packets: Iterable[Packet]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for packet in packets:
        if packet[4] == EVENTS:
            entry = event_entry(dictionary, packet.body)
            values = None if entry is None else event_values(entry, packet.body)
            if entry is not None and values is not None:
                head = (packet.record, packet.time_ns, packet.received_ns)
                rows.append((*head, entry.number, entry.label, packet.subtype, event_text(entry, values)))
    return rows
