"""The truth: everything received and sent, and every decision of the ground, in append-only segment files.

A record is, big endian: magic u16, kind u8, link u8, length of the body u32, time i64 (ns, ground clock), CRC-32 of all
of that and the body u32; then the body.  A record is handed to the operating system before `append` returns, so it
outlives the process; `sync` puts it on the disk.  A file is never written again after the process that began it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

MAGIC = 0x5C7A
SEGMENT_BYTES = 16 * 2**20  # a pass at 115,200 baud is 10 MB: few files, and none too large to copy
BODY_MAX = 4 * 2**20  # a second of 32 Mbit/s; what claims to be longer is damage
MARK_BYTES = 2**20
SUFFIX = ".seg"
_head = Struct(">HBBIq")
_crc = Struct(">I")
HEAD_LENGTH = _head.size + _crc.size
_MAGIC_OCTETS = MAGIC.to_bytes(2, "big")


class Kind(IntEnum):
    """In archives for ever: never renumber."""

    FRAMES = 1  # good telemetry frames of one link, one behind the other, without sync markers
    SENT = 2  # octets as they went to the line
    NOTE = 3  # a decision of the ground, JSON
    LINK = 4  # the name of a link number in this file


class Position(NamedTuple):
    segment: int
    offset: int


BEGINNING = Position(0, 0)


class Record(NamedTuple):
    at: Position
    kind: int
    link: int
    time_ns: int
    body: bytes


class SegmentWriter:
    """Appends to a new file of `folder`.  OSError passes through: an archive that cannot write must be noticed."""

    def __init__(self, folder: Path, most_bytes: int = SEGMENT_BYTES) -> None:
        self.folder, self.most_bytes = folder, most_bytes
        self.segment = max(segment_numbers(folder), default=0)
        self.offset = 0
        self.written = 0
        self._file = -1
        self._unsynced = False

    @property
    def position(self) -> Position:
        """One past the last record."""
        return Position(self.segment, self.offset)

    @property
    def next_file(self) -> Position:
        """Where the first record of the next file will be."""
        return Position(self.segment + 1, 0)

    @property
    def full(self) -> bool:
        """A new file must be begun before the next record."""
        return self._file < 0 or self.offset >= self.most_bytes

    def begin(self) -> None:
        """Close this file and begin the next."""
        self.close()
        self.segment += 1
        path = self.folder / f"{self.segment:08d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.offset = 0

    def append(self, kind: Kind, body: bytes, time_ns: int, link: int = 0) -> Position:
        """Where the record begins."""
        assert len(body) <= BODY_MAX
        at = self.position
        head = _head.pack(MAGIC, kind, link, len(body), time_ns)
        self._write(head + _crc.pack(crc32(body, crc32(head))) + body)
        return at

    def _write(self, octets: bytes) -> None:
        """All of it; a torn record of a full disk is passed over by the reader."""
        done = 0
        try:
            while done < len(octets):
                done += os.write(self._file, octets[done:])
        finally:
            self.offset += done
            self.written += done
            self._unsynced = True

    def sync(self) -> None:
        if self._unsynced:
            os.fsync(self._file)
            self._unsynced = False

    def close(self) -> None:
        if self._file >= 0:
            self.sync()
            os.close(self._file)
            self._file = -1


def segment_numbers(folder: Path) -> list[int]:
    """Ascending."""
    return sorted(int(path.stem) for path in folder.glob("*" + SUFFIX) if path.stem.isdecimal())


class Marks:
    """Where reception must begin anew so that a packet under way at some later record comes out whole.

    That is the last rise of a contact, or 1 to 2 MiB back if that is later: 70 s and more of a full line at 115,200
    baud.  A packet whose playback was starved for longer than that is missing in the tables until they are rebuilt.
    """

    def __init__(self, start: Position) -> None:
        self._contact = start
        self._marks = [start]

    def passed(self, at: Position) -> None:
        last = self._marks[-1]
        if at.segment != last.segment or at.offset - last.offset >= MARK_BYTES:
            self._marks = [last, at]

    def contact(self, at: Position) -> None:
        self._contact = at

    def replay_from(self) -> Position:
        return max(self._contact, self._marks[0])


class SegmentReader:
    """Records in order, from a position on.  `damaged` counts octets that belong to no sound record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged = 0

    def records(self, start: Position = BEGINNING) -> Iterator[Record]:
        for segment in segment_numbers(self.folder):
            if segment >= start.segment:
                offset = start.offset if segment == start.segment else 0
                yield from self._in_file(segment, offset)

    def _in_file(self, segment: int, offset: int) -> Iterator[Record]:
        octets = (self.folder / f"{segment:08d}{SUFFIX}").read_bytes()
        while offset < len(octets):
            record = record_at(octets, Position(segment, offset))
            if record is None:
                found = octets.find(_MAGIC_OCTETS, offset + 1)
                found = len(octets) if found < 0 else found
                self.damaged += found - offset
                offset = found
            else:
                yield record
                offset += HEAD_LENGTH + len(record.body)


def record_at(octets: bytes, at: Position) -> Record | None:
    """None if no sound record begins there."""
    start = at.offset
    if len(octets) - start < HEAD_LENGTH:
        return None
    magic, kind, link, length, time_ns = _head.unpack_from(octets, start)
    end = start + HEAD_LENGTH + length
    if magic != MAGIC or length > BODY_MAX or end > len(octets):
        return None
    body = octets[start + HEAD_LENGTH : end]
    head = octets[start : start + _head.size]
    if crc32(body, crc32(head)) != _crc.unpack_from(octets, start + _head.size)[0]:
        return None
    return Record(at, kind, link, time_ns, body)
