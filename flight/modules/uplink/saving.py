"""What the vault wants on disk, as requests to the storage worker; each of its saves is some copies of one state."""

from __future__ import annotations

from flight.declare import SECOND, Outbox, SaveState, Stored
from flight.wire.sdls import Save, Vault

STORED_WITHIN_NS = 30 * SECOND  # as for kept states: a longer stall is a dead card


class Saving:
    """Copies of a save are written one after the other; it is done when all are."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._saves: dict[int, int] = {}  # ticket of the worker -> ticket of the vault
        self._failed: set[int] = set()  # of the vault

    def ask(self, now: int, out: Outbox) -> None:
        for save in self.vault.due(now):
            self._submit(save, out)

    def _submit(self, save: Save, out: Outbox) -> None:
        for _ in range(save.copies):
            ticket = out.submit(SaveState(save.name, save.body), STORED_WITHIN_NS)
            self._saves[ticket] = save.ticket

    def completed(self, now: int, ticket: int, result: object) -> bool:
        """True if that ended a save, one way or the other."""
        save = self._saves.pop(ticket, None)
        if save is None:
            return False
        if not isinstance(result, Stored):
            self._failed.add(save)
        if save in self._saves.values():
            return False
        if save in self._failed:
            self._failed.discard(save)
            self.vault.failed(save, now)
        else:
            self.vault.stored(save, now)
        return True
