"""A disk that fails as disks do: power cuts, torn writes, lying caches, errors, a full medium, flipped bits.

The model is that of SQLite's `test6.c`, made strict: data are sure only after `sync` of that file, names only
after `sync_directory`.  At a power cut each unsure write is kept, dropped or torn by sectors, each on its
own; directory operations are journaled, so that of the unsure ones a first part survives, in order.  A `sync`
that fails leaves its data readable but unsure for good, also after a later `sync` that succeeds, as on Linux
(Rebello et al., "Can applications recover from fsync failures?", ATC 2020).  Not modelled: misdirected
writes, pages that revert after a failed `sync`, wear, the space that file systems need for themselves.
"""

from __future__ import annotations

import errno
import os
import random
from collections import deque
from collections.abc import Iterable
from enum import Enum

from sim.medium import Fate, NameChange, Settling, StoredFile, apply_name

CACHE_DEPTH = 6  # changes that a lying device holds back; few enough that a test meets both edges
NEVER = 1 << 62

Held = tuple[Settling | None, NameChange | None]
"""What a lying device holds back: one of the two."""


class PowerCut(BaseException):
    """The power is gone.  Not an Exception: no handler in flight code may catch it."""


class ProcessKilled(BaseException):
    """The process that used the disk is gone; the disk and its caches live on."""


class Cache(Enum):
    """What `sync` means to the device."""

    HONEST = "honest"
    IN_ORDER = "lies, and writes in order"
    REORDERED = "lies, and writes in any order"


class SimulatedDisk:
    """`flight.ports.Disk` in memory.  Operations count from 1; a fault is set for some of them or as a state.

    After a power cut this object is dead (each call raises PowerCut); `reboot` gives the disk as it comes
    back.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        cache: Cache = Cache.HONEST,
        capacity_bytes: int = NEVER,
        names_limit: int = NEVER,
    ) -> None:
        self._rng = rng
        self._cache = cache
        self._capacity_bytes = capacity_bytes
        self._names_limit = names_limit
        self._files: dict[str, StoredFile] = {}
        self._sure_names: dict[str, StoredFile] = {}
        self._name_changes: list[NameChange] = []
        self._held: deque[Held] = deque()  # oldest first
        self._dead = self._read_only = False
        self._cut_at = self._kill_at = self._fail_from = NEVER
        self._fail_until = 0
        self._cut_in, self._cut_in_left = (
            "",
            0,
        )  # the part of a name, and operations on such files until the cut
        self._alarm_at = NEVER  # the first operation that needs a look at the faults
        self.stored_bytes = 0
        self.operations = 0
        self.writes = 0
        self.syncs = 0
        self.directory_syncs = 0
        self.errors = 0  # OSErrors given out by a fault

    # Faults.

    def cut_at(self, operation: int) -> None:
        """Cut the power during this operation."""
        self._cut_at = operation
        self._set_alarm()

    def cut_in(self, stem: str, operation: int = 1) -> None:
        """Cut the power during this operation, from now on, that changes or syncs a file whose name begins so."""
        self._cut_in, self._cut_in_left = stem, operation
        self._set_alarm()

    def stems(self) -> list[str]:
        """What the names of the files begin with, up to the first full stop: a log, a state, a document each."""
        return sorted({name.partition(".")[0] for name in self._files})

    def kill_at(self, operation: int) -> None:
        """Raise ProcessKilled once, before this operation; what the disk holds stays."""
        self._kill_at = operation
        self._set_alarm()

    def fail_at(self, operation: int, times: int = 1) -> None:
        """EIO at this operation and the `times - 1` after it.  A failing write may have written a part."""
        self._fail_from, self._fail_until = operation, operation + times
        self._set_alarm()

    def set_read_only(self, read_only: bool) -> None:
        """EROFS for everything that changes the disk."""
        self._read_only = read_only
        self._set_alarm()

    def set_capacity(self, capacity_bytes: int, names_limit: int = NEVER) -> None:
        """ENOSPC for what would grow beyond; what is stored already stays."""
        self._capacity_bytes, self._names_limit = capacity_bytes, names_limit

    def set_cache(self, cache: Cache) -> None:
        """From now on the device lies, or no longer does; what it held back so far is written."""
        while self._held:
            self._write_held()
        self._cache = cache

    def flip(self, name: str, bit: int) -> None:
        """Flip one stored bit, counted from the first of the file."""
        self._files[name].content[bit // 8] ^= 1 << (bit % 8)

    def flip_any(self) -> tuple[str, int]:
        """Flip a bit drawn evenly from all that are stored; give the file and the bit."""
        bit = self._rng.randrange(8 * self.stored_bytes)
        for name, file in sorted(self._files.items()):
            if bit < 8 * file.size:
                self.flip(name, bit)
                return name, bit
            bit -= 8 * file.size
        raise AssertionError("stored octets are counted wrongly")

    def peek(self, name: str) -> bytes | None:
        """What the file holds, None if there is none; no operation of the disk."""
        file = self._files.get(name)
        return None if file is None else file.read(0, file.size)

    def _set_alarm(self) -> None:
        self._alarm_at = min(self._cut_at, self._kill_at, self._fail_from)
        if self._dead or self._read_only or self._cut_in:
            self._alarm_at = 0

    def _aim(self, name: str) -> None:
        """A cut that waits for such a file comes at the operation under way."""
        if self._cut_in and name.startswith(self._cut_in):
            self._cut_in_left -= 1
            if self._cut_in_left == 0:
                self._cut_at = self.operations

    def _alarm(self, changes: bool) -> None:
        """Raise what is due at this operation, if anything is."""
        now = self.operations
        if self._dead:
            raise PowerCut
        if now >= self._cut_at:
            self.power_cut()
            raise PowerCut
        if now >= self._kill_at:
            self.kill_at(NEVER)
            raise ProcessKilled
        if self._fail_from <= now < self._fail_until:
            raise self._error(errno.EIO)
        if now >= self._fail_until > 0:
            self._fail_from, self._fail_until = NEVER, 0
            self._set_alarm()
        if self._read_only and changes:
            raise self._error(errno.EROFS)

    def _error(self, number: int) -> OSError:
        self.errors += 1
        return OSError(number, os.strerror(number))

    # The port.

    def names(self) -> list[str]:
        self._count(changes=False)
        return sorted(self._files)

    def size(self, name: str) -> int:
        self._count(changes=False)
        return self._file(name).size

    def read(self, name: str, offset: int, length: int) -> bytes:
        self._count(changes=False)
        return self._file(name).read(offset, length)

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.operations += 1
        self.writes += 1
        file = self._files.get(name)
        if self.operations >= self._alarm_at:
            self._aim(name)
            self._alarm_in_write(name, offset, data)
        if file is None:
            file = self._create(name)
        growth = offset + len(data) - file.size
        if growth > 0:
            room = self._capacity_bytes - self.stored_bytes
            if growth > room:
                self._write_part(file, offset, data[: max(0, len(data) - growth + room)])
                raise self._error(errno.ENOSPC)
            self.stored_bytes += growth
        file.put(offset, data)

    def truncate(self, name: str, size: int) -> None:
        self._count(name=name)
        file = self._file(name)
        growth = size - file.size
        if growth > max(0, self._capacity_bytes - self.stored_bytes):
            raise self._error(errno.ENOSPC)
        self.stored_bytes += growth
        file.cut(size)

    def sync(self, name: str) -> None:
        self.operations += 1
        self.syncs += 1
        file = self._files.get(name)
        if self.operations >= self._alarm_at:
            self._aim(name)
            try:
                self._alarm(changes=False)
            except OSError:
                if file is not None:
                    file.settle(Fate.DOOMED)
                raise
        if file is None:
            raise _absent(name)
        if self._cache is not Cache.HONEST:
            self._hold([(settling, None) for settling in file.settle(Fate.CACHED)])
        elif file.settling:
            file.settle(Fate.SURE)
        else:
            file.pending.clear()

    def rename(self, old: str, new: str) -> None:
        self._count(name=new)
        file = self._file(old)
        if old == new:
            return
        if new in self._files:
            self.stored_bytes -= self._files[new].size
        del self._files[old]
        self._files[new] = file
        self._name_changes.append((old, new, None))

    def remove(self, name: str) -> None:
        self._count(name=name)
        self.stored_bytes -= self._file(name).size
        del self._files[name]
        self._name_changes.append((name, "", None))

    def sync_directory(self) -> None:
        self._count(changes=False)
        self.directory_syncs += 1
        if self._cache is not Cache.HONEST:
            self._hold([(None, change) for change in self._name_changes])
        else:
            self._sure_names = dict(self._files)
        self._name_changes.clear()

    def _count(self, changes: bool = True, name: str = "") -> None:
        self.operations += 1
        if self.operations >= self._alarm_at:
            if name:
                self._aim(name)
            self._alarm(changes)

    def _file(self, name: str) -> StoredFile:
        file = self._files.get(name)
        if file is None:
            raise _absent(name)
        return file

    def _create(self, name: str) -> StoredFile:
        if len(self._files) >= self._names_limit:
            raise self._error(errno.ENOSPC)
        for other in self._files.values():
            other.rest()
        file = self._files[name] = StoredFile()
        self._name_changes.append((name, "", file))
        return file

    def _alarm_in_write(self, name: str, offset: int, data: bytes) -> None:
        """As `_alarm`; a write that the cut meets was pending, one that fails may have written a part."""
        if self.operations >= self._cut_at and not self._dead and not self._read_only:
            self._write_part(self._files.get(name) or self._create(name), offset, data)
        try:
            self._alarm(changes=True)
        except OSError as error:
            file = self._files.get(name)
            if error.errno == errno.EIO and file is not None:
                self._write_part(file, offset, data[: self._rng.randint(0, len(data))])
            raise

    def _write_part(self, file: StoredFile, offset: int, data: bytes) -> None:
        if data:
            size = file.size
            file.put(offset, data)
            self.stored_bytes += file.size - size

    # Power.

    def power_cut(self) -> None:
        """Lose the power now: decide what of all that is unsure has reached the medium."""
        assert not self._dead, "the power is off already"
        files = self._all_files()
        torn: Settling | None = None
        if self._cache is Cache.IN_ORDER:
            self._write_first_held()
            torn = self._held[0][0] if self._held else None
        stopped = self._cache is Cache.IN_ORDER and bool(self._held)
        if not stopped:
            held_names = [change for _, change in self._held if change is not None]
            self._keep_first_names(held_names + self._name_changes)
        for file in files:
            file.land(self._rng, stopped, torn)
        self._held.clear()
        self._name_changes.clear()
        self._dead = True
        self._set_alarm()

    def reboot(self) -> SimulatedDisk:
        """The disk as it is when the power returns; caches empty, faults cleared, counters at zero."""
        if not self._dead:
            self.power_cut()
        disk = SimulatedDisk(
            self._rng, cache=self._cache, capacity_bytes=self._capacity_bytes, names_limit=self._names_limit
        )
        disk._files = dict(self._sure_names)
        disk._sure_names = dict(self._sure_names)
        disk.stored_bytes = sum(file.size for file in disk._files.values())
        return disk

    def _all_files(self) -> list[StoredFile]:
        """Every file that may have a name when the power returns, each once, in a fixed order."""
        changes = [change for _, change in self._held if change is not None] + self._name_changes
        added = [file for _, _, file in changes if file is not None]
        return list(dict.fromkeys([*self._sure_names.values(), *self._files.values(), *added]))

    def _hold(self, held: Iterable[Held]) -> None:
        """Acknowledge, and write only when the device's cache is full."""
        self._held.extend(held)
        while len(self._held) > CACHE_DEPTH:
            self._write_held()

    def _write_held(self) -> None:
        settling, name_change = self._held.popleft()
        if settling is not None:
            settling.fate = Fate.SURE
        if name_change is not None:
            apply_name(self._sure_names, name_change)

    def _write_first_held(self) -> None:
        """Of a device that writes in order; if any is left, nothing that came later is written either."""
        for _ in range(self._rng.randint(0, len(self._held))):
            self._write_held()

    def _keep_first_names(self, changes: list[NameChange]) -> None:
        for change in changes[: self._rng.randint(0, len(changes))]:
            apply_name(self._sure_names, change)


def _absent(name: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
