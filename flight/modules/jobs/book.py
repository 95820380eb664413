"""The book of jobs: all that must outlive a reboot, as one document.

Each job stands in it on its own, so that one that cannot be read costs one.  What is read at a start may be older than
what was written last, after damage; `version` says so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from flight.declare.shelving import Used
from flight.jobs import read_plain, write_plain
from flight.modules.jobs.row import Row, read_row, row_octets
from flight.modules.jobs.shares import Shares, read_shares, shares_value
from flight.modules.jobs.stages import OVER, UNFINISHED, JobStage

DOCUMENT = "jobs"
JOBS_MAX = 64  # not delivered; a document of all, each with the longest brief and 64 runs, is below its limit
DELIVERED_MAX = 16  # whose results can be sent once more
MAGIC = b"SKYJOBS\x01"
HEAD = struct.Struct(">I")  # version
LENGTH = struct.Struct(">I")
VERSION_MAX = 2**32 - 1


class Standing(NamedTuple):
    """Jobs by what is left to do for them; for one that is delivered there is nothing."""

    unfinished: list[Row]  # those whose brief is known
    over: list[Row]  # without a result so far
    results: list[Row]  # that wait for the line or are on it


class Book:
    """`touch` after each change.  `losses` counts what could not be read at the start."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.shares = Shares()
        self.version = 0
        self.losses = 0

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def touch(self) -> None:
        self.version += 1

    def add(self, row: Row) -> None:
        assert row.number not in self.rows
        self.rows[row.number] = row
        self.touch()

    def remove(self, row: Row) -> None:
        self.rows.pop(row.number, None)
        self.touch()

    def held(self) -> int:
        """Jobs that take room."""
        return sum(row.state is not JobStage.DELIVERED for row in self)

    def unfinished(self) -> list[Row]:
        return [row for row in self if row.state in UNFINISHED and row.brief is not None]

    def standing(self) -> Standing:
        """In the order of the book."""
        found = Standing([], [], [])
        for row in self:
            state = row.state
            if state is JobStage.DELIVERED:
                continue
            if state in UNFINISHED:
                if row.brief is not None:
                    found.unfinished.append(row)
            else:
                (found.over if state in OVER else found.results).append(row)
        return found

    def used(self, but: int) -> tuple[Used, ...]:
        """What each owner's jobs hold, without job `but`."""
        found: dict[str, Used] = {}
        for row in self:
            if row.brief is None or row.number == but or row.state is JobStage.DELIVERED:
                continue
            brief = row.brief
            old = found.get(brief.owner, Used(brief.owner, 0, 0, 0))
            found[brief.owner] = Used(
                brief.owner,
                old.jobs + 1,
                old.stored_octets + brief.stored,
                old.output_octets + brief.output_octets,
            )
        return tuple(found[owner] for owner in sorted(found))

    def octets(self) -> bytes:
        blocks = [write_plain(shares_value(self.shares)), *(row_octets(row) for row in self)]
        return MAGIC + HEAD.pack(self.version) + b"".join(LENGTH.pack(len(one)) + one for one in blocks)


def read_book(octets: bytes | None) -> Book:
    """What can be read of it; the rest is counted."""
    book = Book()
    if octets is None:
        return book
    start = len(MAGIC) + HEAD.size
    if not octets.startswith(MAGIC) or len(octets) < start:
        book.losses = 1
        return book
    (book.version,) = HEAD.unpack_from(octets, len(MAGIC))
    blocks, whole = _blocks(octets[start:])
    book.losses += not whole
    if blocks:
        shares = read_shares(read_plain(blocks[0]))
        book.losses += shares is None
        book.shares = shares or Shares()
    for block in blocks[1:]:
        row = read_row(block)
        if row is None or row.number in book.rows or len(book.rows) >= JOBS_MAX + DELIVERED_MAX:
            book.losses += 1
        else:
            book.rows[row.number] = row
    return book


def _blocks(octets: bytes) -> tuple[list[bytes], bool]:
    found: list[bytes] = []
    at = 0
    while at + LENGTH.size <= len(octets):
        (length,) = LENGTH.unpack_from(octets, at)
        at += LENGTH.size
        if at + length > len(octets):
            return found, False
        found.append(octets[at : at + length])
        at += length
    return found, at == len(octets) and bool(found)
