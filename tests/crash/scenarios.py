"""What the bench runs: each store at work, small enough that every disk operation can be hit many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, NamedTuple

from flight.declare.storage import (
    Append,
    Close,
    Commit,
    DeleteRecords,
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
    Stored,
    Stores,
)
from flight.store import Document, Log, Record, Recorder, Slots, StoreBudget
from flight.workers.storage import StorageWorker
from sim.disk import SimulatedDisk
from tests.crash.truth import Conditions, RecordTruth, StateTruth

STEPS = 24  # commits or saves of a life
SEGMENT_OCTETS, BUDGET_OCTETS = 2048, 16 * 1024
BITE_OCTETS = 700  # of one read, as playback does it
ALL = (1 << 63) - 1
BLOCK = 8  # counts reserved at once, so that a life reserves many times
OPENINGS = 4  # attempts to open a store on a disk that gives errors
STORES = (
    StoreBudget("events", BUDGET_OCTETS, SEGMENT_OCTETS),
    StoreBudget("housekeeping", BUDGET_OCTETS, SEGMENT_OCTETS),
)


def body(key: object, step: int, life: int) -> bytes:
    """Names itself; shorter or longer than the one before."""
    return (f"{key}/{life}/{step}:" + "x" * (step * 37 % 300)).encode()


def group(first: int, step: int, life: int) -> list[Record]:
    return [(number, body(number, step, life)) for number in range(first, first + step % 4 + 1)]


def bodies(records: list[Record]) -> list[bytes]:
    return [body for _, body in records]


def stored_octets(disk: SimulatedDisk, log: str) -> int:
    return sum(disk.size(name) for name in disk.names() if name.startswith(f"{log}."))


def read_all(read: Callable[[int], list[Record]], first: int) -> Iterator[Record]:
    while bite := read(first):
        yield from bite
        first = bite[-1][0] + 1


class Look(NamedTuple):
    """What reading a store gave: all of it, the newest of each kind, and whether it reports damage."""

    everything: Sequence[object]
    newest: Sequence[object]
    reported: bool


class Scenario:
    """Lives on a disk, several times; OSErrors are handled, power cuts pass through."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.lives = 0
        self.used = [0] * len(STORES)  # counts given out so far, of each packet store

    def live(self, disk: SimulatedDisk) -> None:
        """Open, compare with the truth, work, end."""
        self.lives += 1
        with self.conditions.failure_counted():
            self.check(disk)
        self.work(disk)

    def check(self, disk: SimulatedDisk) -> None:
        raise NotImplementedError

    def work(self, disk: SimulatedDisk) -> None:
        raise NotImplementedError

    def look(self, disk: SimulatedDisk) -> Look:
        """Read everything."""
        raise NotImplementedError

    def never_again(self, store: int, following: int) -> None:
        if following < self.used[store]:
            self.conditions.reused += 1
            assert not self.conditions.honest, "counts would be used again"
            self.used[store] = following

    def opened(self, open_store: Callable[[], None]) -> bool:
        for _ in range(OPENINGS):
            with self.conditions.failure_counted():
                open_store()
                return True
        return False


class LogAtWork(Scenario):
    """Groups of one to four records; the budget is used up in the second life."""

    name = "log"

    def __init__(self, conditions: Conditions) -> None:
        super().__init__(conditions)
        self.truth = RecordTruth(conditions)

    def make(self, disk: SimulatedDisk) -> Log:
        return Log(disk, self.name, BUDGET_OCTETS, SEGMENT_OCTETS)

    def check(self, disk: SimulatedDisk) -> None:
        errors = disk.errors
        if self.conditions.honest:
            assert stored_octets(disk, self.name) <= BUDGET_OCTETS
        log = self.make(disk)
        log.open()
        records = list(read_all(lambda first: log.read(first, ALL, BITE_OCTETS), log.oldest))
        excused = disk.errors > errors
        if not excused and any(number < log.oldest for number in self.truth.kept):
            assert sum(map(len, bodies(records))) > BUDGET_OCTETS // 4, (
                "dropped more than the budget asks for"
            )
        self.truth.compare(records, log.oldest, excused)
        assert all(number < log.next for number, _ in records)
        assert stored_octets(disk, self.name) == log.stored_bytes
        assert log.stored_bytes <= BUDGET_OCTETS

    def work(self, disk: SimulatedDisk) -> None:
        log = self.make(disk)
        self.truth.restarted()
        if not self.opened(log.open):
            return
        for step in range(STEPS):
            records = group(log.next, step, self.lives)
            self.truth.trying(records)
            with self.conditions.failure_counted():
                log.extend(log.next, bodies(records))
                self.truth.appended(records)
                log.commit()
                self.truth.committed()
            assert log.stored_bytes <= BUDGET_OCTETS

    def look(self, disk: SimulatedDisk) -> Look:
        log = self.make(disk)
        log.open()
        while log.scrub():
            pass
        records = log.read(0, ALL, 1 << 30)
        return Look(records, [records[-1]], log.damage.octets > 0)


class SlotsAtWork(Scenario):
    """Saves one state after the other."""

    name = "mode"
    store: ClassVar[type[Slots | Document]] = Slots

    def __init__(self, conditions: Conditions) -> None:
        super().__init__(conditions)
        self.truth = StateTruth(conditions, self.name)

    def check(self, disk: SimulatedDisk) -> None:
        errors = disk.errors
        found = self.store(disk, self.name).load()
        self.truth.compare(found, excused=disk.errors > errors)

    def work(self, disk: SimulatedDisk) -> None:
        store = self.store(disk, self.name)
        for step in range(STEPS):
            state = body(self.name, step, self.lives)
            self.truth.trying(state)
            with self.conditions.failure_counted():
                store.save(state)
                self.truth.saved(state)

    def look(self, disk: SimulatedDisk) -> Look:
        store = self.store(disk, self.name)
        state = store.load()
        return Look([state], [state], bool(store.damaged))


class DocumentAtWork(SlotsAtWork):
    name = "table"
    store = Document


class RecorderAtWork(Scenario):
    """Two stores; every count that was given out, committed or not, is used up for ever."""

    def __init__(self, conditions: Conditions) -> None:
        super().__init__(conditions)
        self.truths = [RecordTruth(conditions) for _ in STORES]

    def make(self, disk: SimulatedDisk) -> Recorder:
        return Recorder(disk, STORES, reserved_block=BLOCK)

    def check(self, disk: SimulatedDisk) -> None:
        for store, truth in enumerate(self.truths):
            errors = disk.errors
            recorder = self.make(disk)
            recorder.open()
            extent = recorder.extent(store)
            self.never_again(store, extent.next)
            records = recorder.read(store, extent.oldest, extent.next, 1 << 20)
            truth.compare(records, extent.oldest, excused=disk.errors > errors)
            assert stored_octets(disk, STORES[store].name) <= BUDGET_OCTETS

    def work(self, disk: SimulatedDisk) -> None:
        recorder = self.make(disk)
        for truth in self.truths:
            truth.restarted()
        if not self.opened(recorder.open):
            return
        for step in range(STEPS):
            with self.conditions.failure_counted():
                self.append(recorder, step)
                recorder.commit()
                self.committed()
        if self.lives == 2:
            with self.conditions.failure_counted():
                self.append(recorder, STEPS)
                recorder.close()
                self.committed()

    def append(self, recorder: Recorder, step: int) -> None:
        store = step % 2
        records = group(recorder.extent(store).next, step, self.lives)
        self.truths[store].trying(records)
        recorder.append(store, records[0][0], bodies(records))
        self.used[store] = records[-1][0] + 1
        self.truths[store].appended(records)

    def committed(self) -> None:
        for truth in self.truths:
            truth.committed()

    def look(self, disk: SimulatedDisk) -> Look:
        recorder = self.make(disk)
        recorder.open()
        found = [recorder.read(store, 0, ALL, 1 << 30) for store in range(len(STORES))]
        reported = recorder.floors_lost or recorder.damage_met > 0
        return Look(
            [record for records in found for record in records], [records[-1] for records in found], reported
        )


class WorkerAtWork(Scenario):
    """All that the storage worker does, mixed, through its requests alone."""

    states = ("clock", "mode")
    documents = ("schedule",)

    def __init__(self, conditions: Conditions) -> None:
        super().__init__(conditions)
        self.records = [RecordTruth(conditions) for _ in STORES]
        self.kept = {name: StateTruth(conditions, name) for name in self.states + self.documents}
        self.deleted = [0] * len(STORES)

    def check(self, disk: SimulatedDisk) -> None:
        worker = StorageWorker(disk, STORES)
        for store, truth in enumerate(self.records):
            errors = disk.errors
            result = worker.perform(Read(store, 0, ALL))
            if isinstance(result, Failed):
                self.conditions.failures += 1
                return
            assert isinstance(result, Records)
            extent = worker.extent(store)
            self.never_again(store, extent.next)
            truth.compare(list(result.records), extent.oldest, excused=disk.errors > errors)
            back = [number for number, _ in result.records if number < self.deleted[store]]
            self.conditions.lose(back, len(back), excused=False)
        for name, state in self.kept.items():
            errors = disk.errors
            found = worker.perform(LoadState(name) if name in self.states else LoadDocument(name))
            assert isinstance(found, Found)
            state.compare(found.body, excused=disk.errors > errors)

    def work(self, disk: SimulatedDisk) -> None:
        worker = StorageWorker(disk, STORES)
        for truth in self.records:
            truth.restarted()
        if not self.opened(lambda: self.start(worker)):
            return
        for step in range(STEPS):
            self.append(worker, step)
            if step % 2:
                self.commit(worker)
            if step % 3 == 0:
                self.save(worker, self.states[step % 2], step)
            if step % 8 == 5:
                self.save(worker, self.documents[0], step)
            if step % 16 == 6:
                self.delete(worker, step // 16 % 2)
            if step % 8 == 7:
                worker.perform(Scrub())
        if self.lives == 2 and worker.perform(Close()) == Stored():
            for truth in self.records:
                truth.committed()

    def start(self, worker: StorageWorker) -> None:
        if isinstance(worker.perform(Scrub()), Failed):
            raise OSError

    def append(self, worker: StorageWorker, step: int) -> None:
        store = step % 2
        records = group(worker.extent(store).next, step, self.lives)
        self.records[store].trying(records)
        result = worker.perform(Append(store, records[0][0], tuple(bodies(records))))
        if self.done(result):
            self.used[store] = records[-1][0] + 1
            self.records[store].appended(records)

    def commit(self, worker: StorageWorker) -> None:
        if self.done(worker.perform(Commit())):
            for truth in self.records:
                truth.committed()

    def save(self, worker: StorageWorker, name: str, step: int) -> None:
        state = body(name, step, self.lives)
        self.kept[name].trying(state)
        request = SaveState(name, state) if name in self.states else SaveDocument(name, state)
        if self.done(worker.perform(request)):
            self.kept[name].saved(state)

    def delete(self, worker: StorageWorker, store: int) -> None:
        """About half of what is there."""
        extent = worker.extent(store)
        before = (extent.oldest + extent.next) // 2
        if self.done(worker.perform(DeleteRecords(store, before))):
            self.deleted[store] = before

    def done(self, result: object) -> bool:
        self.conditions.failures += isinstance(result, Failed)
        return isinstance(result, Stored)

    def look(self, disk: SimulatedDisk) -> Look:
        worker = StorageWorker(disk, STORES)
        results = [worker.perform(Read(store, 0, ALL)) for store in range(len(STORES))]
        damaged = any(isinstance(result, Records) and result.damaged_octets for result in results)
        loads = [worker.perform(LoadState(name)) for name in self.states]
        loads += [worker.perform(LoadDocument(name)) for name in self.documents]
        damaged |= any(isinstance(load, Found) and load.damaged for load in loads)
        found = [result.records for result in results if isinstance(result, Records)]
        bodies = [load.body for load in loads if isinstance(load, Found)]
        snapshot = worker.perform(Snapshot())
        assert isinstance(snapshot, Stores)
        newest = bodies + [records[-1] for records in found]
        return Look(
            bodies + [record for records in found for record in records],
            newest,
            damaged or snapshot.floors_lost,
        )


ALL_SCENARIOS: tuple[type[Scenario], ...] = (
    LogAtWork,
    SlotsAtWork,
    DocumentAtWork,
    RecorderAtWork,
    WorkerAtWork,
)
