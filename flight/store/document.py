"""A file that is replaced as a whole: configuration, tables, schedules.

The full recipe, each step of which the power-cut bench misses when it is left out: a new file, its `sync`,
`rename`, `sync_directory`.  Atomic renaming does nothing against flipped bits, so the body stands in the file
twice, each with its CRC, and the document before it is kept to fall back on.
"""

from __future__ import annotations

from contextlib import suppress

from flight.ports import Disk
from flight.store.reading import read_around
from flight.store.record import Damage, encode, place_of, scan
from flight.store.refused import Refused

BODY_LIMIT = 1024 * 1024  # octets; what is larger is a file product


class Document:
    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._file = f"{name}.document"
        self._draft = f"{name}.document.new"
        self._former = f"{name}.document.old"
        self._place = place_of(self._file)  # the same for all three: the file is renamed after it is written
        self._good: bool | None = None  # whether the file holds a good document; None while that is not known
        self._draft_stale = True  # one may be left from a life or a save that failed
        self.damaged = False  # at the last load the file was there and not wholly good
        self.fell_back = False  # at the last load the former document was given

    def load(self) -> bytes | None:
        """The document; if it is missing or damaged the one before it; None if there is neither."""
        self.damaged = self.fell_back = False
        body = self._read(self._file)
        self._good = body is not None
        if body is None:
            body = self._read(self._former)
            self.fell_back = body is not None
        return body

    def save(self, body: bytes) -> None:
        """Durable when it returns.  After OSError either document may be found at the next load."""
        if len(body) > BODY_LIMIT:
            raise Refused(f"a document of {len(body)} octets, at most {BODY_LIMIT}")
        if self._good is None:
            self.load()
        self._remove_stale_draft()
        self._draft_stale = True
        data = encode([(0, body)], self._place)
        data += encode([(0, body)], self._place + len(data))
        self._disk.write(self._draft, 0, data)
        self._disk.sync(self._draft)
        if self._good:  # one that is damaged must not replace a good one
            self._good = None
            self._disk.rename(self._file, self._former)
        self._disk.rename(self._draft, self._file)
        self._good = True
        self._draft_stale = False
        self._disk.sync_directory()

    def _remove_stale_draft(self) -> None:
        """A new file each time: what a failed `sync` has left in the old one cannot be known."""
        if self._draft_stale:
            with suppress(FileNotFoundError):
                self._disk.remove(self._draft)

    def _read(self, name: str) -> bytes | None:
        try:
            data = read_around(self._disk, name, 0, self._disk.size(name))
        except FileNotFoundError:
            return None
        except OSError:
            self.damaged = True
            return None
        damage = Damage()
        bodies = [body for _, _, body in scan(data, self._place, BODY_LIMIT, damage)]
        self.damaged |= damage.stretches > 0 or not bodies
        return bodies[0] if bodies else None
