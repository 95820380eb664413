"""Invariants of telemetry records: a number names one packet for ever, and what is recorded is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from flight.declare import Append, Commit, DeleteRecords, Inbox, Outbox, Records, Report, Stored
from flight.kernel import Kernel
from flight.modules.downlink import Downlink
from flight.modules.downlink.playback import Playback
from flight.wire.packet_stores import ABSENT, RANGE, SERVICE
from ground.gaps import IntervalSet
from sim.checks.check import Check
from sim.simulation import Simulation

STORE_SHIFT = 56
NOTHING = 1 << STORE_SHIFT  # beyond every count
FLIP_COSTS = 1  # records for each flipped bit: readers find the next one again


class NumbersGoOn(Check):
    """After a boot no record number begins below what the kernel before it has used."""

    def __init__(self) -> None:
        super().__init__("record numbers go on over a reboot")
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        before, self.kernel = self.kernel, kernel
        if before is None:
            return
        for store, (used, first) in enumerate(
            zip(before.emitter.next_counts, kernel.emitter.next_counts, strict=True)
        ):
            self.expect(first >= used, f"store {store} goes on at {first}, {used} were used")


class Emissions(Inbox[tuple[int, bytes]]):
    """Takes part in what the emitter delivers, and keeps a checksum of each packet."""

    __slots__ = ("check",)

    def __init__(self, check: NumbersNameOnePacket) -> None:
        super().__init__(1)
        self.check = check

    def put(self, item: tuple[int, bytes]) -> bool:
        self.check.emitted(*item)
        return True


class NumbersNameOnePacket(Check):
    """A record number never names two different packets: as emitted, and as read back from storage."""

    def __init__(self) -> None:
        super().__init__("a record number names one packet only")
        self.sums: dict[int, int] = {}

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        kernel.emitter.boxes = (*kernel.emitter.boxes, Emissions(self))

    def emitted(self, record: int, packet: bytes) -> None:
        if self.sums.setdefault(record, crc32(packet)) != crc32(packet):
            self.fail(f"record {record:#x} was used before")

    def performed(self, request: object, result: object) -> None:
        if not isinstance(result, Records):
            return
        for count, packet in result.records:
            record = result.store << STORE_SHIFT | count
            self.expect(
                self.sums.get(record) == crc32(packet), f"record {record:#x} is read as another packet"
            )


class RecordsKept(Check):
    """What storage has acknowledged is never reported absent, but for what gave way to newer records on a full disk.

    A flipped bit may cost the record that it is in, and no other.  Exercised: a range was reported absent.
    """

    def __init__(self) -> None:
        super().__init__("no acknowledged record is reported absent")
        self.appended: list[tuple[int, int, int]] = []
        self.acknowledged: dict[int, IntervalSet] = {}
        self.damaged: dict[int, IntervalSet] = {}  # acknowledged, and reported absent
        self.simulation: Simulation | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.simulation = simulation
        self.appended.clear()

    def storage_lost(self) -> None:
        self.appended.clear()

    def performed(self, request: object, result: object) -> None:
        if not isinstance(result, Stored):
            return
        if isinstance(request, Append) and request.packets:
            self.appended.append((request.store, request.first, request.first + len(request.packets) - 1))
        elif isinstance(request, Commit):
            for store, first, last in self.appended:
                self.acknowledged.setdefault(store, IntervalSet()).add_range(first, last)
            self.appended.clear()

    def reported(self, report: Report) -> None:
        if (report.service, report.subtype) != (SERVICE, ABSENT):
            return
        self.exercised += 1
        store, first, last = RANGE.unpack(report.body)
        simulation = self.simulation
        assert simulation is not None
        oldest = simulation.computer.worker.storage.extent(store).oldest
        damaged = self.damaged.setdefault(store, IntervalSet())
        for low, high in _within(self.acknowledged.get(store, IntervalSet()), max(first, oldest), last):
            damaged.add_range(low, high)
        if sum(of.total for of in self.damaged.values()) > FLIP_COSTS * simulation.flipped:
            self.fail(
                f"acknowledged records of store {store} from {first} to {last} are reported absent; "
                f"{simulation.flipped} bits were flipped"
            )


def _within(kept: IntervalSet, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The parts of first..last that are in the set."""
    at = first
    for low, high in kept.holes(first, last) if first <= last else ():
        if at < low:
            yield at, low - 1
        at = high + 1
    if at <= last:
        yield at, last


class DeletedIsGone(Check):
    """What was deleted by command is not read again, in no later life.  Exercised: a read after a deletion."""

    def __init__(self) -> None:
        super().__init__("deleted records stay deleted")
        self.floors: dict[int, int] = {}
        self.simulation: Simulation | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.simulation = simulation

    def performed(self, request: object, result: object) -> None:
        if isinstance(request, DeleteRecords) and isinstance(result, Stored):
            self.floors[request.store] = max(request.before, self.floors.get(request.store, 0))
        elif isinstance(result, Records) and result.store in self.floors:
            oldest = result.records[0][0] if result.records else NOTHING
            floor = self.floors[result.store]
            flipped = self.simulation is not None and self.simulation.flipped > 0
            self.expect(
                oldest >= floor or flipped,  # a flip in the newest slot brings back the floor before
                f"store {result.store}: record {oldest} is read, those below {floor} were deleted",
            )


class FailedReadsWanted(Check):
    """What could not be read for playback stays wanted.  Exercised: a read failed, was refused or not answered."""

    def __init__(self) -> None:
        super().__init__("records whose read failed stay wanted")

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "downlink":
            for slot in kernel.slots:
                if isinstance(slot.module, Downlink):
                    self._tap(slot.module.playback)

    def _tap(self, playback: Playback) -> None:
        """Judged at once: the next read may be answered within the same second."""
        complete = playback.completed

        def completed(ticket: int, result: object, out: Outbox) -> None:
            reading = playback.reading
            complete(ticket, result, out)
            if reading is not None and reading[0] == ticket and not isinstance(result, Records):
                _, store, first, last = reading
                wanted = [*playback.unseen[store].items, *playback.asked[store].items]
                self.expect(
                    any(low <= first <= last <= high for low, high in wanted),
                    f"records {first} to {last} of store {store} are no longer wanted",
                )

        vars(playback)["completed"] = completed
