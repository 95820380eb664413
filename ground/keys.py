"""The ground's keys and counters: kept by a store, so that no restart sends two frames under one number."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from flight.wire.sdls import (
    COUNTERS_NAME,
    KEYS_NAME,
    Blocks,
    KeyRefusal,
    Use,
    Vault,
    open_vault,
    unpack_counters,
    unpack_keys,
)

# The ground sends and its disk is sound: small blocks, so that restarts stay far within the spacecraft's window.
BLOCKS = Blocks(sending=1 << 16, receiving=None)
OTHERS = 0o077
LOCK = "ground.lock"


class KeysError(ValueError):
    """These keys cannot be used; one line says why."""


class KeyStore(Protocol):
    def load(self, name: str) -> bytes | None: ...

    def save(self, name: str, body: bytes) -> None:
        """For good when it returns; OSError if not."""
        ...


class MemoryKeys:
    """For a simulation: kept as long as the process."""

    def __init__(self, keys: bytes, counters: bytes) -> None:
        self.bodies = {KEYS_NAME: keys, COUNTERS_NAME: counters}

    def load(self, name: str) -> bytes | None:
        return self.bodies.get(name)

    def save(self, name: str, body: bytes) -> None:
        self.bodies[name] = body


class FolderKeys:
    """A folder of `skyrack-flight keys make`, of one ground at a time.  KeysError if it is not whole and private."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (KEYS_NAME, COUNTERS_NAME):
            path = folder / name
            if not path.is_file():
                raise KeysError(f"{path} is missing")
            if path.stat().st_mode & OTHERS:
                raise KeysError(f"{path} is open to others: chmod 600, and think about who has read it")
        if unpack_keys((folder / KEYS_NAME).read_bytes()) is None:
            raise KeysError(f"{folder / KEYS_NAME} is damaged or no file of keys")
        if unpack_counters((folder / COUNTERS_NAME).read_bytes()) is None:
            raise KeysError(
                f"{folder / COUNTERS_NAME} is damaged: `skyrack-flight keys skip` sets counters anew"
            )
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise KeysError(f"{folder}: another ground works with these keys") from None

    def load(self, name: str) -> bytes | None:
        return (self.folder / name).read_bytes()

    def save(self, name: str, body: bytes) -> None:
        part = self.folder / f"{name}.part"
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(handle)
        part.replace(self.folder / name)
        directory = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        os.close(self._lock)


class Keys:
    """A vault and where it is kept; empty without a store, and then nothing protected can be sent."""

    def __init__(self, store: KeyStore | None = None) -> None:
        self.vault = Vault()
        self.store: KeyStore | None = None
        if store is not None:
            self.use(store)

    def use(self, store: KeyStore) -> None:
        """Once.  A mission that protects its link takes nothing, and is not understood, without."""
        self.store = store
        keys, counters = store.load(KEYS_NAME), store.load(COUNTERS_NAME)
        open_vault(self.vault, Use.TELECOMMAND, keys, counters, blocks=BLOCKS)

    def settle(self, now_ns: int) -> None:
        """Write what is due; the ground may wait for its disk, for there is one write in 32,000 frames or a contact."""
        while self.store is not None and (saves := self.vault.due(now_ns)):
            for save in saves:
                try:
                    self.store.save(save.name, save.body)
                except OSError:
                    self.vault.failed(save.ticket, now_ns)
                else:
                    self.vault.stored(save.ticket, now_ns)

    def try_key(self, spi: int, within_ns: int, now_ns: int) -> KeyRefusal | None:
        """Send under that key from now on; without `confirm` in time the old one comes back."""
        refusal = self.vault.try_key(spi, within_ns)
        self.settle(now_ns)
        return refusal

    def confirm(self, now_ns: int) -> None:
        """The spacecraft has accepted a command under the key on trial."""
        trial = self.vault.trials.get(Use.TELECOMMAND)
        if trial is not None:
            self.vault.confirm_key(trial.spi)
            self.settle(now_ns)

    def replace(self, spi: int, now_ns: int) -> None:
        """The spacecraft has given up the telemetry key before this one."""
        if self.vault.try_key(spi, 0) is None:
            self.settle(now_ns)
        self.vault.confirm_key(spi)
        self.settle(now_ns)

    def on_time(self, now_ns: int) -> None:
        if self.vault.trials:
            self.vault.on_time(now_ns)
