"""Questions to the archive: columns of a packet, newest values, events, commands, alarms, gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flight.dictionary import Dictionary, PacketEntry
from ground.commanding import CommandRecord, Stage
from ground.decode import Columns, EventReport, decode_joined, packet_length
from ground.fields import suggestion
from ground.gaps import Coverage, Interval
from ground.kept_dictionaries import read_dictionaries
from ground.limits import AlarmRow
from ground.reception import Packet

CHUNK_ROWS = 50_000  # of one packet: 5 MB
EVER = 2**63 - 1


COMMANDS = """SELECT number, label, text, source, packet, request, answer_within, stage, reason, first_sent, deadline,
    transmissions FROM commands ORDER BY number DESC LIMIT ?"""
UNFINISHED = COMMANDS.replace(
    "ORDER", "WHERE stage NOT IN ('completed', 'refused', 'failed', 'no answer') ORDER"
)


class QueryError(ValueError):
    """A question that makes no sense; one line says why."""


class AuditRow(NamedTuple):
    time_ns: int
    who: str
    what: str


class Query:
    """`flush` brings what waits in memory into the tables first."""

    def __init__(
        self, connection: sqlite3.Connection, dictionary: Dictionary, flush: Callable[[], None] = lambda: None
    ) -> None:
        self._connection, self.dictionary, self._flush = connection, dictionary, flush

    def _rows(self, sql: str, *arguments: object) -> sqlite3.Cursor:
        self._flush()
        return self._connection.execute(sql, arguments)

    # ---------------------------------------------------------------- packets

    def entry(self, label: str) -> PacketEntry:
        entry = self.dictionary.packets_by_label.get(label)
        if entry is None:
            raise QueryError(f"{label}: no such packet{suggestion(label, self.dictionary.packets_by_label)}")
        return entry

    def packets(self, label: str, first_ns: int = 0, last_ns: int = EVER) -> Columns:
        """All of a kind that were generated from `first_ns` to `last_ns` (mission clock), by time."""
        entry = self.entry(label)
        rows = self._rows(
            "SELECT octets FROM packets WHERE sid = ? AND time BETWEEN ? AND ? ORDER BY time",
            entry.sid,
            first_ns,
            last_ns,
        ).fetchall()
        return columns_of(entry, rows)

    def chunks(self, label: str, first_ns: int = 0, last_ns: int = EVER) -> Iterator[Columns]:
        """The same in pieces of bounded memory."""
        entry = self.entry(label)
        cursor = self._rows(
            "SELECT octets FROM packets WHERE sid = ? AND time BETWEEN ? AND ? ORDER BY time",
            entry.sid,
            first_ns,
            last_ns,
        )
        while rows := cursor.fetchmany(CHUNK_ROWS):
            yield columns_of(entry, rows)

    def newest(self, sid: int) -> Packet | None:
        row = self._rows("SELECT * FROM packets WHERE sid = ? ORDER BY time DESC LIMIT 1", sid).fetchone()
        return None if row is None else Packet(*row)

    def packet(self, store: int, count: int) -> Packet | None:
        row = self._rows("SELECT * FROM packets WHERE record = ?", store << 56 | count).fetchone()
        return None if row is None else Packet(*row)

    def reports(self, service: int, subtype: int, first_ns: int = 0, last_ns: int = EVER) -> Iterator[Packet]:
        """Other packets than housekeeping, by time."""
        sql = """SELECT * FROM packets WHERE sid = -1 AND time BETWEEN ? AND ? AND service = ? AND subtype = ?
            ORDER BY time"""
        for row in self._rows(sql, first_ns, last_ns, service, subtype):
            yield Packet(*row)

    def packets_of(self, sid: int, first_ns: int = 0) -> Iterator[Packet]:
        """Of one structure as they came, by time."""
        sql = "SELECT * FROM packets WHERE sid = ? AND time >= ? ORDER BY time"
        for row in self._rows(sql, sid, first_ns):
            yield Packet(*row)

    def events_of(self, module: str) -> Iterator[Packet]:
        """As they came, by time."""
        sql = """SELECT packets.* FROM events JOIN packets USING (record)
            WHERE substr(events.label, 1, ?) = ? ORDER BY events.time, record"""
        prefix = f"{module}."
        for row in self._rows(sql, len(prefix), prefix):
            yield Packet(*row)

    def counts(self) -> dict[str, int]:
        """Packets by label; other reports by `TM[service,subtype]`."""
        labels = {entry.sid: entry.label for entry in self.dictionary.packets}
        found: dict[str, int] = {}
        sql = "SELECT sid, service, subtype, COUNT(*) FROM packets GROUP BY sid, service, subtype"
        for sid, service, subtype, count in self._rows(sql):
            found[labels.get(sid, f"TM[{service},{subtype}]")] = count
        return found

    # ---------------------------------------------------------------- events, alarms, audit

    def events(
        self, first_ns: int = 0, last_ns: int = EVER, severity: int = 0, prefix: str = "", limit: int = -1
    ) -> list[EventReport]:
        """From `severity` up, labels that begin with `prefix`; the newest `limit` (all if negative), oldest first."""
        sql = """SELECT time, received, record, label, severity, text FROM events
            WHERE time BETWEEN ? AND ? AND severity >= ? AND substr(label, 1, ?) = ?
            ORDER BY time DESC, record DESC LIMIT ?"""
        rows = self._rows(sql, first_ns, last_ns, severity, len(prefix), prefix, limit).fetchall()
        return [EventReport(*row) for row in reversed(rows)]

    def alarms(self, first_ns: int = 0, last_ns: int = EVER) -> list[AlarmRow]:
        sql = "SELECT * FROM alarms WHERE time BETWEEN ? AND ? ORDER BY received, rowid"
        return [AlarmRow(*row) for row in self._rows(sql, first_ns, last_ns)]

    def audit(self, limit: int = -1) -> list[AuditRow]:
        rows = self._rows("SELECT time, who, what FROM audit ORDER BY rowid DESC LIMIT ?", limit).fetchall()
        return [AuditRow(*row) for row in reversed(rows)]

    def contacts(self) -> list[tuple[int, bool]]:
        """(ground time in ns, up)."""
        return [(time, bool(up)) for time, up in self._rows("SELECT time, up FROM contacts ORDER BY rowid")]

    def time_points(self) -> list[tuple[int, int]]:
        """(mission time, UTC minus mission time), ns."""
        return self._rows("SELECT mission, offset FROM times ORDER BY rowid").fetchall()

    def versions(self) -> list[tuple[int, int]]:
        """(ground time in ns, hash of the dictionary in force from then on)."""
        return self._rows("SELECT time, hash FROM dictionaries ORDER BY rowid").fetchall()

    # ---------------------------------------------------------------- commands

    def commands(self, limit: int = -1, unfinished: bool = False) -> list[CommandRecord]:
        """The newest `limit` (all if negative), oldest first, with their stages."""
        sql = UNFINISHED if unfinished else COMMANDS
        return [self._command(row) for row in reversed(self._rows(sql, limit).fetchall())]

    def _command(self, row: tuple[Any, ...]) -> CommandRecord:
        """`row` begins with the first seven attributes of the record, in their order."""
        stages = self._connection.execute(
            "SELECT stage, time FROM stages WHERE number = ? ORDER BY position", row[:1]
        ).fetchall()
        record = CommandRecord(*row[:7])
        record.stage, record.reason = Stage(row[7]), row[8]
        record.first_sent_ns, record.deadline_ns, record.transmissions = row[9:]
        record.stages = [(Stage(name), time) for name, time in stages]
        return record

    def next_command(self) -> int:
        """A number that no command has."""
        return int(self._rows("SELECT COALESCE(MAX(number), 0) + 1 FROM commands").fetchone()[0])

    def sequence_counts(self) -> dict[int, int]:
        """APID to the sequence count of its next telecommand."""
        return dict(self._rows("SELECT apid, next FROM counts").fetchall())

    # ---------------------------------------------------------------- gaps

    def gaps(self, store: int) -> list[Interval]:
        """Record counts that have not come and are not known to be absent, as intervals."""
        coverage = Coverage()
        for kind, first, last in self._rows("SELECT kind, first, last FROM coverage WHERE store = ?", store):
            (coverage.received if kind == "received" else coverage.absent).add_range(first, last)
        return list(coverage.gaps())


def columns_of(entry: PacketEntry, rows: list[tuple[bytes]]) -> Columns:
    length = packet_length(entry)
    whole = [octets for (octets,) in rows if len(octets) == length]
    return decode_joined(entry, b"".join(whole), len(rows) - len(whole))


def open_query(folder: Path | str, dictionary_hash: int | None = None) -> Query:
    """Read an archive, also while another process writes it.  QueryError if there is none."""
    path = Path(folder)
    kept = read_dictionaries(path / "dictionaries")
    if not (path / "index.db").exists() or not kept:
        raise QueryError(f"{folder}: no archive")
    connection = sqlite3.connect(f"file:{path / 'index.db'}?mode=ro", uri=True, isolation_level=None)
    if dictionary_hash is None:
        row = connection.execute("SELECT hash FROM dictionaries ORDER BY rowid DESC LIMIT 1").fetchone()
        dictionary_hash = row[0] if row else next(iter(kept))
    if dictionary_hash not in kept:
        connection.close()
        raise QueryError(f"{folder}: no dictionary {dictionary_hash:08x}")
    return Query(connection, kept[dictionary_hash])
