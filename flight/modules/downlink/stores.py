"""Packet stores, service 15: retrieval by time and number, what is played back by itself, deletion, reports."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from flight.declare import (
    DONE,
    SECOND,
    DeleteRecords,
    Event,
    Outbox,
    Outcome,
    Priority,
    Refused,
    Request,
    Snapshot,
    StorageRequest,
    Stored,
    Stores,
    StoreState,
    SwitchStores,
    Waiting,
)
from flight.modules.downlink.errand import Errand, Steps
from flight.modules.downlink.playback import STORES, Playback
from flight.modules.downlink.window import Wanted, border, first_record, read_windows, time_of
from flight.wire import packet_stores
from flight.wire.packet_stores import ABSENT, PERCENT, RANGE, SERVICE, StoreContent, StoreStatus

COUNT_MASK = (1 << 56) - 1
SWITCHES = "recorder.switches"
SWITCH_WITHIN_NS = 60 * SECOND  # a disk was measured to stall a sync for many seconds
LIST = "a count u8 and that many stores u8, of none all"


class StoreService:
    """Serves what is asked; the recorder does the storing, and switches it."""

    def __init__(self, playback: Playback, keep: Callable[[Outbox], int], deleted: Event) -> None:
        """`keep` writes which stores are suspended; its ticket comes to `completed`."""
        self.playback, self.keep, self.deleted = playback, keep, deleted
        self.errand = Errand()
        self.finding = False  # it is a search for records to retrieve
        self.out = Outbox()  # of the step under way
        self.deletions = 0
        self.off = 0  # the stores that take no packets, a bit each
        self.next_counts: Sequence[int] = ()  # records that are made later belong to no request
        self.unstored: list[tuple[int, int, int]] = []  # ticket, command, stores that were suspended before

    def serve(self, request: Request, out: Outbox) -> Outcome:
        self.out = out
        match request.subtype:
            case packet_stores.RETRIEVE:
                return self._retrieve(request.data)
            case packet_stores.RETRIEVE_TIME:
                return self._retrieve_time(request)
            case packet_stores.DELETE:
                return self._delete(request)
            case packet_stores.REPORT_STATUS:
                return self._report_status(request.data)
            case subtype if subtype in LISTED:
                stores = packet_stores.read_stores(request.data, STORES)
                if stores is None:
                    return Refused(f"expected {LIST}")
                return LISTED[subtype](self, request, stores)
        return Refused(f"TC[15,{request.subtype}] is not offered")

    def completed(self, ticket: int, result: object, out: Outbox) -> None:
        self.out = out
        ident = self.errand.ident
        outcome = self.errand.completed(ticket, result, out)
        if outcome is not None:
            out.finish(ident, outcome)
        ended = [entry for entry in self.unstored if entry[0] == ticket]
        if not ended:
            return
        self.unstored = [entry for entry in self.unstored if entry[0] != ticket]
        if not isinstance(result, Stored):  # what is not on the disk has not happened
            self.playback.suspended = ended[0][2]
        for _, ident, _ in ended:
            out.finish(ident, DONE if isinstance(result, Stored) else Refused("not stored"))

    # ---------------------------------------------------------------- retrieval

    def _retrieve(self, data: bytes) -> Outcome:
        if len(data) != RANGE.size:
            return Refused("expected store u8, first u64, last u64")
        store, first, last = RANGE.unpack(data)
        if store >= STORES or first > last or last > COUNT_MASK:
            return Refused(f"store {store}, records {first} to {last}: no such range")
        self.playback.ask(store, first, last)
        return DONE

    def _retrieve_time(self, request: Request) -> Outcome:
        wanted = read_windows(request.data, STORES)
        if wanted is None:
            return Refused("expected a count u8, then store u8, first and last time CUC 4+3 each")
        return self._begin(request, self._find(wanted, tuple(self.next_counts)))

    def _find(self, wanted: Sequence[Wanted], ends: Sequence[int]) -> Steps:
        found = []
        for store, first, last in wanted:
            begin = yield from border(store, first - 1, 0, ends[store])
            end = yield from border(store, last, begin.later, ends[store])
            if begin.later < end.end:
                found.append((store, begin.later, end.end - 1))
        for one in found:
            self.playback.ask(*one)
        return DONE if found else Refused("there are no records of that time")

    def _begin(self, request: Request, steps: Steps) -> Outcome:
        if self.errand.ident:
            return Refused("another search of the stores is under way")
        self.finding = request.subtype == packet_stores.RETRIEVE_TIME
        return self.errand.begin(request.ident, steps, self.out)

    def abort(self, request: Request, stores: Sequence[int]) -> Outcome:
        """A search for such records ends too, whatever store it is in."""
        self.playback.abort(stores)
        if self.errand.ident and self.finding:
            self.out.finish(self.errand.cancel(), Refused("aborted"))
        return DONE

    def suspend(self, request: Request, stores: Sequence[int]) -> Outcome:
        playback, before = self.playback, self.playback.suspended
        mask = sum(1 << store for store in stores)
        playback.suspended = before | mask if request.subtype == packet_stores.SUSPEND else before & ~mask
        self.unstored.append((self.keep(self.out), request.ident, before))
        return Waiting(SWITCH_WITHIN_NS)

    # ---------------------------------------------------------------- storage

    def switch(self, request: Request, stores: Sequence[int]) -> Outcome:
        """The recorder ends the command when its switch is on the disk."""
        on = request.subtype == packet_stores.ENABLE
        if not on and Priority.CRITICAL in stores:
            return Refused("the critical store is never switched off")
        self.out.post(SWITCHES, SwitchStores(request.ident, tuple(stores), on))
        return Waiting(SWITCH_WITHIN_NS)

    def _delete(self, request: Request) -> Outcome:
        """Only where nothing is being retrieved (6.15.3.6): nothing goes that is on its way down."""
        found = packet_stores.read_deletion(request.data, STORES)
        if found is None:
            return Refused(f"expected a time CUC 4+3, then {LIST}")
        until, stores = found
        for store in stores:
            if not self.playback.suspended >> store & 1:
                return Refused(f"open retrieval of store {store} is in progress: suspend it first")
            if self.playback.asked[store].items:
                return Refused(f"records of store {store} are asked for: abort that first, or wait")
        return self._begin(request, self._forget(until, stores, tuple(self.next_counts)))

    def _forget(self, until: int, stores: Sequence[int], ends: Sequence[int]) -> Steps:
        for store in stores:
            before = (yield from border(store, until, 0, ends[store])).end
            if not before:
                continue
            yield DeleteRecords(store, before)
            self.playback.forget(store, before)
            self.out.report(SERVICE, ABSENT, RANGE.pack(store, 0, before - 1), Priority.CRITICAL)
            self.out.event(self.deleted, store, before)
            self.deletions += 1
        return DONE

    # ---------------------------------------------------------------- reports

    def _report_status(self, data: bytes) -> Outcome:
        if data:
            return Refused("expected no data")
        playback = self.playback
        statuses = [
            StoreStatus(
                store,
                not self.off >> store & 1,
                not playback.suspended >> store & 1,
                bool(playback.asked[store].items),
            )
            for store in range(STORES)
        ]
        self.out.report(SERVICE, packet_stores.STATUS, packet_stores.pack_statuses(statuses))
        return DONE

    def report_contents(self, request: Request, stores: Sequence[int]) -> Outcome:
        return self._begin(request, self._look(stores))

    def _look(self, stores: Sequence[int]) -> Steps:
        found = yield Snapshot()
        assert isinstance(found, Stores)
        contents = {}
        for store in stores:
            contents[store] = yield from self._content(store, found.stores[store])
        self.out.report(SERVICE, packet_stores.CONTENTS, packet_stores.pack_contents([*contents.values()]))
        return DONE

    def _content(self, store: int, state: StoreState) -> Generator[StorageRequest, object, StoreContent]:
        oldest, following = state.extent
        newest = (yield from border(store, ALWAYS, oldest, following)).end - 1
        unseen = self.playback.unseen[store]
        times = []
        for first in (oldest, newest, unseen.items[0][0] if unseen.items else following):
            record = (yield from first_record(store, first, following - 1)) if first < following else None
            times.append(time_of(record[1]) if record else 0)
        filled = min(PERCENT, -(-PERCENT * state.stored_bytes // state.budget_bytes))
        total = max(1, following - oldest)
        waiting = -(-filled * min(unseen.total(), total) // total)
        return StoreContent(store, times[0], times[1], times[2], filled, waiting)


ALWAYS = 2**63 - 1
Listed = Callable[[StoreService, Request, Sequence[int]], Outcome]
LISTED: dict[int, Listed] = {
    packet_stores.ENABLE: StoreService.switch,
    packet_stores.DISABLE: StoreService.switch,
    packet_stores.REPORT_CONTENTS: StoreService.report_contents,
    packet_stores.RESUME: StoreService.suspend,
    packet_stores.SUSPEND: StoreService.suspend,
    packet_stores.ABORT: StoreService.abort,
}
