"""What storage still knows at boot, asked for once and before the first tick: which boot this is, kept states,
documents, and where the numbers of the records go on.

`ask` hands one request to the storage worker and gives its answer; it raises TimeoutError if there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flight.boot import BOOT_STATE, CLOCK_STATE, Resumed, pack_boot, resume
from flight.declare import (
    Append,
    Found,
    LoadDocument,
    LoadState,
    SaveState,
    Snapshot,
    StorageRequest,
    Stores,
)
from flight.kernel import Loaded

DOCUMENTS = ("parameters", "schedule", *(f"sequence{slot}" for slot in range(8)))
STORE_NAMES = ("critical", "event", "housekeeping")  # by Priority

# Without storage nobody knows which record numbers are in use.  Real counts stay below 2^48 (a thousand packets a
# second for nine thousand years), so numbers from 2^54 on are free, and spread over the boots by mission time.
UNKNOWN_COUNT = 1 << 54

Ask = Callable[[StorageRequest], object]


def recover(ask: Ask, modules: Iterable[str], reason: int, safe: bool) -> tuple[Resumed, Loaded]:
    """Everything, with the boot counted.  TimeoutError if storage does not answer at all; what it cannot read is
    taken as absent."""
    resumed = resume(_body(ask(LoadState(BOOT_STATE))), _body(ask(LoadState(CLOCK_STATE))), reason, safe)
    ask(SaveState(BOOT_STATE, pack_boot(resumed.boot.count)))
    kept = {name: body for name in modules if (body := _body(ask(LoadState(name)))) is not None}
    documents = {name: body for name in DOCUMENTS if (body := _body(ask(LoadDocument(name)))) is not None}
    stores = ask(Snapshot())
    if not isinstance(stores, Stores):
        return without_storage(resumed)
    counts = tuple(store.extent.next for store in stores.stores)
    for store, count in enumerate(counts):
        # Reserves numbers before the first is heard on the ground, and lost here by a power cut.
        ask(Append(store, count, ()))
    return resumed, Loaded(kept, documents, counts)


def without_storage(resumed: Resumed) -> tuple[Resumed, Loaded]:
    """Fly all the same, for the link must live: with nothing kept, and with numbers that nobody has used."""
    first = UNKNOWN_COUNT + resumed.clock // 1_000_000
    return resumed, Loaded({}, {}, (first,) * len(STORE_NAMES))


def _body(answer: object) -> bytes | None:
    return answer.body if isinstance(answer, Found) else None


__all__ = ["DOCUMENTS", "STORE_NAMES", "Ask", "recover", "without_storage"]
