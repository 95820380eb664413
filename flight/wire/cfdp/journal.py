"""Where journal records go: a seam, and a journal in a file of the store."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from struct import Struct
from typing import Protocol
from zlib import crc32

from flight.wire.cfdp.names import OWN_PREFIX
from flight.wire.cfdp.store import FileStore, StoredFile

JOURNAL_NAME = OWN_PREFIX + "journal"
_NEW = "-new"
RECORD_OCTETS_LIMIT = 1 << 20  # a record's PDUs and stretches are far below; a length beyond it is damage
_head = Struct(">II")


class Journal(Protocol):
    """Calls may raise OSError; the entity counts it and goes on without the promise to survive a reboot."""

    def append(self, record: bytes) -> None:
        """On the medium when this returns."""
        ...

    def rewrite(self, records: Sequence[bytes]) -> None:
        """Atomically in place of all before."""
        ...


class FileJournal:
    """Records as (length u32, CRC32 u32, octets), appended and synced; what follows a damaged one is not read."""

    def __init__(self, store: FileStore, name: str = JOURNAL_NAME) -> None:
        self._store, self._name = store, name
        self._file: StoredFile | None = None
        self._end = 0

    def read(self) -> list[bytes]:
        """What was kept.  An incomplete last record is cut off, so that the next one can follow."""
        if not self._store.exists(self._name):
            return []
        self._file = self._store.open(self._name)
        data = self._file.read(0, self._file.size())
        records = []
        position = 0
        while position + _head.size <= len(data):
            length, check = _head.unpack_from(data, position)
            start = position + _head.size
            record = data[start : start + length]
            if not 0 < length <= RECORD_OCTETS_LIMIT or len(record) != length or crc32(record) != check:
                break
            records.append(record)
            position = start + length
        if position < len(data):
            self._file.truncate(position)
        self._end = position
        return records

    def append(self, record: bytes) -> None:
        if self._file is None:
            self.rewrite([record])
            return
        framed = _framed(record)
        self._file.write(self._end, framed)
        self._file.sync()
        self._end += len(framed)

    def rewrite(self, records: Sequence[bytes]) -> None:
        data = b"".join(map(_framed, records))
        file = self._store.create(self._name + _NEW)
        file.write(0, data)
        file.sync()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._store.rename(self._name + _NEW, self._name)
        self._file = file
        self._end = len(data)


def _framed(record: bytes) -> bytes:
    if len(record) > RECORD_OCTETS_LIMIT:
        raise OSError(errno.EFBIG, "journal record too long")
    return _head.pack(len(record), crc32(record)) + record
