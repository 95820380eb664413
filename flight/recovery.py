"""What storage still knows at boot, asked for once and before the first tick: which boot this is, kept states,
documents, and where the numbers of the records go on.

`ask` hands one request to the storage worker and gives its answer; it raises TimeoutError if there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flight.boot import BOOT_STATE, CLOCK_STATE, Resumed, pack_boot, resume
from flight.declare import (
    ENDING,
    ORDERED,
    SECOND,
    UNORDERED,
    Boot,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveState,
    Snapshot,
    StorageRequest,
    Stores,
)
from flight.kernel import Loaded, StoredKeys
from flight.wire import UNSTORED_COUNT, Rejection, decode_tm
from flight.wire.sdls import COUNTERS_NAME, KEYS_NAME

DOCUMENTS = (
    "parameters",
    "schedule",
    "actions",
    "jobs",
    "elements",
    *(f"sequence{slot}" for slot in range(8)),
)
STORE_NAMES = ("critical", "event", "housekeeping")  # by Priority

# A disk that fails for a moment must not cost all that it holds: each attempt opens the stores anew.  A disk that
# fails slowly runs out of the time that `ask` gives it.
ATTEMPTS = 32
# A life without storage ends when storage is back.  At five restarts in ten minutes the guardian starts the safe set
# alone: a card that comes and goes must not look like that.
ANEW_AFTER_NS = 150 * SECOND

# Without storage nobody knows which record numbers are in use, so flight takes those that are never stored.  Lives
# without storage do not know of each other either: each draws a lot for 2^25 numbers of its own, which is nine hours
# at a thousand packets a second.
LOT_BITS = 28
LOT_SHIFT = 25

Ask = Callable[[StorageRequest], object]


def recover(
    ask: Ask, modules: Iterable[str], reason: int, safe: bool, lot: int = 0
) -> tuple[Resumed, Loaded]:
    """Everything, with the boot counted.  TimeoutError if storage does not answer at all; what it cannot read is
    taken as absent."""
    boot, clock = _patient(ask, LoadState(BOOT_STATE)), _patient(ask, LoadState(CLOCK_STATE))
    stores = _patient(ask, Snapshot())
    if not isinstance(stores, Stores):
        told = resume(_body(boot), _body(clock), reason, safe)  # these may have been read all the same
        count = told.boot.count if _body(boot) else 0
        return without_storage(replace(told, boot=Boot(count, clean=False, safe=safe, reason=reason)), lot)
    kept = {name: body for name in modules if (body := _body(ask(LoadState(name)))) is not None}
    used = bool(kept) or any(store.extent.next > 0 for store in stores.stores)
    whole = _is_whole(boot, expected=used) and _is_whole(clock, expected=used)
    recorded = None if whole else _newest_time(ask, stores)
    ordered = _body(ask(LoadState(ENDING))) == ORDERED
    resumed = resume(_body(boot), _body(clock), reason, safe, recorded, ordered=ordered)
    ask(SaveState(BOOT_STATE, pack_boot(resumed.boot.count)))
    if ordered:
        ask(SaveState(ENDING, UNORDERED))
    documents = {name: body for name in DOCUMENTS if (body := _body(ask(LoadDocument(name)))) is not None}
    for reservation in stores.reservations():
        _patient(ask, reservation)
    return resumed, Loaded(kept, documents, stores.next_counts, _keys(ask))


def without_storage(resumed: Resumed, lot: int) -> tuple[Resumed, Loaded]:
    """Fly all the same, for the link must live: with nothing kept, and with numbers that nobody has used.

    `lot` is any number that another life will hardly have drawn.  Nothing may be written in this life: it would go
    over what is there.  When storage is back, the executive is started anew and finds it.
    """
    first = UNSTORED_COUNT + (lot % (1 << LOT_BITS) << LOT_SHIFT)
    return replace(resumed, provisional=True), Loaded({}, {}, (first,) * len(STORE_NAMES))


def _keys(ask: Ask) -> StoredKeys:
    """A key without its counter is given up for ever, so a disk that fails for a moment is asked again."""
    keys, counters = _patient(ask, LoadState(KEYS_NAME)), _patient(ask, LoadState(COUNTERS_NAME))
    if not isinstance(keys, Found) or not isinstance(counters, Found):
        return StoredKeys()  # which would be so; without both there are none in this life
    return StoredKeys(keys.body, counters.body, counters.damaged)


def _patient(ask: Ask, request: StorageRequest) -> object:
    for _ in range(ATTEMPTS - 1):
        answer = ask(request)
        if not isinstance(answer, Failed):
            return answer
    return ask(request)


def _body(answer: object) -> bytes | None:
    return answer.body if isinstance(answer, Found) else None


def _is_whole(answer: object, *, expected: bool) -> bool:
    return isinstance(answer, Found) and not answer.damaged and (answer.body is not None or not expected)


def _newest_time(ask: Ask, stores: Stores) -> int:
    """The latest time stamp of the last record of each store, ns; 0 if there is none that can be read."""
    newest = 0
    for number, store in enumerate(stores.stores):
        packet = _last_packet(ask, number, store.extent.oldest, store.extent.next)
        found = decode_tm(packet) if packet is not None else None
        if found is not None and not isinstance(found, Rejection):
            newest = max(newest, found.time_ns)
    return newest


def _last_packet(ask: Ask, store: int, low: int, high: int) -> bytes | None:
    """Of the counts from `low` to before `high`.  Bisected: counts have gaps, and `high` may be far from the last."""
    last, packet = high - 1, None
    while low < high:
        middle = (low + high) // 2
        answer = ask(Read(store, middle, last, limit_bytes=1))
        if isinstance(answer, Records) and answer.records:
            count, packet = answer.records[0]
            low = count + 1
        else:
            high = middle
    return packet


__all__ = ["ANEW_AFTER_NS", "DOCUMENTS", "STORE_NAMES", "Ask", "recover", "without_storage"]
