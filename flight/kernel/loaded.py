"""What storage gave back at boot, and what modules share of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flight.wire.sdls import Resumed, Use, Vault, open_vault
from flight.wire.telecommand_link import TelecommandLink
from flight.wire.telemetry_link import TelemetryLink


class StoredKeys(NamedTuple):
    """Keys and counters of the link, as found; `damaged`: some copy of the counters was not good."""

    keys: bytes | None = None
    counters: bytes | None = None
    damaged: bool = False

    def __repr__(self) -> str:
        return (
            f"StoredKeys({self.keys is not None}, {self.counters is not None}, {self.damaged})"  # never a key
        )


NO_KEYS = StoredKeys()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Kept states by module, documents by name, the next free count of each store, the link's keys."""

    kept: Mapping[str, bytes]
    documents: Mapping[str, bytes]
    next_counts: Sequence[int]
    link_keys: StoredKeys = NO_KEYS


def link_loans(
    loaded: Loaded, telecommand: TelecommandLink, telemetry: TelemetryLink
) -> dict[type[object], object]:
    """By type, for `Access.borrow`.  The vault outlives every module that works with it."""
    vault, stored = Vault(), loaded.link_keys
    resumed = open_vault(vault, Use.TELEMETRY, stored.keys, stored.counters, damaged=stored.damaged)
    return {Vault: vault, Resumed: resumed, TelecommandLink: telecommand, TelemetryLink: telemetry}
