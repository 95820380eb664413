"""Small critical state in four slots: a save goes to one of them, and never to the one that holds the newest.

Each slot is a file with the same record twice, its number the sequence of the save, so that neither a power
cut nor a flipped bit costs the newest state, and losing a whole slot costs one save.
"""

from __future__ import annotations

from flight.ports import Disk
from flight.store.reading import read_around
from flight.store.record import Damage, encode, place_of, scan
from flight.store.refused import Refused

SLOTS = 4
BODY_LIMIT = 16 * 1024  # octets of state; what is larger is a document
ATTEMPTS = 2  # of a save, each in another slot; one bad slot must not stop the state from being saved
SEQUENCE_GAP = 1 << 16  # over what a slot that cannot be read now may hold; no life has as many failed saves


class Slots:
    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._files = [f"{name}.slot{index}" for index in range(SLOTS)]
        self._sizes = [0] * SLOTS
        self._named = [False] * SLOTS  # the file's name is surely in the directory
        self._newest: int | None = None  # the slot of the newest acknowledged state; never written
        self._tried = SLOTS - 1
        self._sequence = 0
        self._loaded = False
        self.damaged = 0  # slots that were not wholly good at the last load
        self.errors = 0

    def load(self) -> bytes | None:
        """The newest good state, None if there is none.  A slot that cannot be read counts as damaged."""
        best, state = 0, None
        self.damaged = 0
        for index in range(SLOTS):
            sequence, body = self._read(index)
            if body is not None and sequence > best:
                best, state, self._newest = sequence, body, index
        self._sequence = max(self._sequence, best + (SEQUENCE_GAP if self.damaged else 0))
        if self._newest is not None:
            self._tried = self._newest
        self._loaded = True
        return state

    def save(self, body: bytes) -> None:
        """Durable when it returns.  After OSError either state may be found at the next load."""
        if len(body) > BODY_LIMIT:
            raise Refused(f"a state of {len(body)} octets, at most {BODY_LIMIT}")
        if not self._loaded:
            self.load()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._write(self._next_slot(), body)
            except OSError:
                self.errors += 1
                if attempt == ATTEMPTS:
                    raise
            else:
                self._newest = self._tried
                return

    def _next_slot(self) -> int:
        following = (self._tried + 1) % SLOTS
        self._tried = (following + 1) % SLOTS if following == self._newest else following
        assert self._tried != self._newest
        return self._tried

    def _write(self, index: int, body: bytes) -> None:
        name = self._files[index]
        self._sequence += 1
        place = place_of(name)
        data = encode([(self._sequence, body)], place)
        data += encode([(self._sequence, body)], place + len(data))
        self._disk.write(name, 0, data)
        if len(data) < self._sizes[index]:
            self._disk.truncate(name, len(data))
        self._sizes[index] = len(data)
        self._disk.sync(name)
        if not self._named[index]:
            self._disk.sync_directory()
            self._named[index] = True

    def _read(self, index: int) -> tuple[int, bytes | None]:
        name = self._files[index]
        try:
            self._sizes[index] = self._disk.size(name)
            data = read_around(self._disk, name, 0, self._sizes[index])
        except FileNotFoundError:
            return 0, None
        except OSError:
            self.errors += 1
            self.damaged += 1
            return 0, None
        damage = Damage()
        found = [(number, body) for number, _, body in scan(data, place_of(name), BODY_LIMIT, damage)]
        self.damaged += damage.stretches > 0 or not found
        return max(found, default=(0, None))
