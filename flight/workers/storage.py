"""The storage worker: everything that touches the disk, as requests and results (`flight.declare.storage`).

It is one object without a process: the simulator calls `perform` in virtual time, the real worker's process
calls it for each request that comes in over its pipe.  What the disk cannot do comes back as `Failed`; a
simulated power cut is a BaseException and passes through.
"""

from __future__ import annotations

from collections.abc import Sequence

from flight.declare.storage import (
    READ_LIMIT_BYTES,
    Append,
    Close,
    Commit,
    DeleteRecords,
    Extent,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveDocument,
    SaveState,
    Scrub,
    Snapshot,
    StorageResult,
    Stored,
    Stores,
    StoreState,
)
from flight.ports import Disk
from flight.store import Document, Recorder, Refused, Slots, StoreBudget

NAMES_LIMIT = 128  # states and documents each; a mission has one state for each module
NAME_LENGTH_LIMIT = 48
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class StorageWorker:
    """Opens the stores at the first request, and again at the next one when the disk failed."""

    def __init__(self, disk: Disk, stores: Sequence[StoreBudget]) -> None:
        self._disk = disk
        self._budgets = tuple(stores)
        self._recorder = Recorder(disk, stores)
        self.opened = False
        self._states: dict[str, Slots] = {}
        self._documents: dict[str, Document] = {}
        self._failures = 0

    def perform(self, request: object) -> StorageResult:
        """Do it; total: what is no such request fails, too."""
        try:
            if not self.opened:
                self._recorder.open()
                self.opened = True
            return self._perform(request)
        except Refused as refusal:
            self._failures += 1
            return Failed(str(refusal))
        except OSError as error:
            self._failures += 1
            return Failed(f"disk: {error.strerror or error}")

    def extent(self, store: int) -> Extent:
        """For the one that boots flight: where its counts go on.  Zeros mean nothing until it is `opened`."""
        return self._recorder.extent(store)

    def _perform(self, request: object) -> StorageResult:
        match request:
            case Append(store, first, packets):
                self._recorder.append(store, first, packets)
            case Commit():
                self._recorder.commit()
            case Read(store, first, last, limit_bytes):
                before = self._recorder.damage_met
                records = self._recorder.read(store, first, last, min(limit_bytes, READ_LIMIT_BYTES))
                return Records(store, tuple(records), self._recorder.damage_met - before)
            case DeleteRecords(store, before):
                self._recorder.delete(store, before)
            case SaveState(name, body):
                self._state(name).save(body)
            case SaveDocument(name, body):
                self._document(name).save(body)
            case LoadState(name):
                slots = self._state(name)
                return Found(name, slots.load(), slots.damaged > 0)
            case LoadDocument(name):
                document = self._document(name)
                return Found(name, document.load(), document.damaged)
            case Scrub():
                for log in self._recorder.logs:
                    log.scrub()
            case Snapshot():
                return self._snapshot()
            case Close():
                self._recorder.close()
            case _:
                raise Refused(f"not a request to storage: {type(request).__name__}")
        return Stored()

    def _state(self, name: str) -> Slots:
        if name not in self._states:
            self._check_name(name, len(self._states))
            self._states[name] = Slots(self._disk, f"state-{name}")
        return self._states[name]

    def _document(self, name: str) -> Document:
        if name not in self._documents:
            self._check_name(name, len(self._documents))
            self._documents[name] = Document(self._disk, f"table-{name}")
        return self._documents[name]

    @staticmethod
    def _check_name(name: str, used: int) -> None:
        if not 0 < len(name) <= NAME_LENGTH_LIMIT or not _LETTERS.issuperset(name):
            raise Refused(f"not a name for stored data: {name[:NAME_LENGTH_LIMIT]!r}")
        if used >= NAMES_LIMIT:
            raise Refused(f"{NAMES_LIMIT} names are in use")

    def _snapshot(self) -> Stores:
        states = []
        for store, (budget, log) in enumerate(zip(self._budgets, self._recorder.logs, strict=True)):
            damage = log.damage
            states.append(
                StoreState(
                    budget.name,
                    self._recorder.extent(store),
                    log.stored_bytes,
                    budget.budget_bytes,
                    damage.octets,
                    damage.stretches,
                    log.dropped_segments,
                    log.errors,
                )
            )
        return Stores(tuple(states), self._recorder.floors_lost, self._failures)
