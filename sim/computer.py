"""The computer that flight runs on, in virtual time: power on, boot, tick, hang, crash, power off."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flight.app import build, safe_rows
from flight.declare import SECOND, Snapshot, Stored, Stores
from flight.declare.filing import FILE_REQUESTS
from flight.declare.running import RUNNER_REQUESTS
from flight.declare.shelving import SHELF_REQUESTS
from flight.jobs import Signer
from flight.kernel import Board, Kernel, NoPage
from flight.kernel.own import NAME
from flight.mission import Mission
from flight.planning import PLANNING_REQUESTS
from flight.ports import Link, Sensors, Switches, Worker
from flight.recovery import ANEW_AFTER_NS, STORE_NAMES, recover
from flight.store import StoreBudget
from flight.watched import WatchedKernel
from flight.workers.files import FilesWorker
from flight.workers.planning import PlanningWorker
from flight.workers.process import BACK_OFF_NS, LOST
from flight.workers.routing import Kinds, Workers
from flight.workers.shelf import Shelf, ShelfSettings
from flight.workers.storage import StorageWorker
from sim.disk import NEVER, ProcessKilled, SimulatedDisk
from sim.guardian import Orders
from sim.payload.afflictions import Afflictions
from sim.payload.history import JobHistory
from sim.payload.runner import VirtualRunner
from sim.payload.shelf import ModelledShelf
from sim.payload.worker import VirtualJobs

PLANNING_NS = 2 * SECOND  # a plan took 2 s of one core at most (docs/orbsched.md)


class VirtualClock:
    """Mission time is an argument of `tick`; steps cost nothing unless a fault makes them (then set `measures`)."""

    def __init__(self) -> None:
        self.measures = False
        self.time = 0
        self.spent = 0

    def now(self) -> int:
        return self.time

    def cost(self) -> int:
        return self.spent

    def waited(self) -> int:
        return 0


class VirtualProcess:
    """A worker in virtual time: a request is performed `delay_ns` after it was submitted, in order.

    A disk that says ProcessKilled ends it, as a signal would: what it had not answered fails, what was in its memory
    is gone, and after the back-off of the real one another begins.
    """

    def __init__(self, delay_ns: int = 0) -> None:
        self.delay_ns = delay_ns
        self.queue: deque[tuple[int, int, object]] = deque()  # due, ticket, request
        self.hung = False
        self.sealed = False  # nobody knows what is stored, so nothing may be written
        self.lost = 0  # processes that were killed
        self.down_until = -1  # below zero while it runs
        self.heard_lost: Callable[[], None] | None = None  # for checks

    def perform(self, request: object) -> object:
        raise NotImplementedError

    def submit(self, ticket: int, request: object, now: int) -> bool:
        if self.sealed or (self.down_until >= 0 and not self._revived(now)):
            return False
        self.queue.append((now + self.delay_ns, ticket, request))
        return True

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        queue = self.queue
        if not queue or self.hung or queue[0][0] > now:
            return ()
        perform = self.perform
        done = []
        try:
            while queue and queue[0][0] <= now:
                _, ticket, request = queue[0]
                done.append((ticket, request if request is LOST else perform(request)))
                queue.popleft()
        except ProcessKilled:
            done += self._killed(now)
        return done

    def due(self, now: int) -> int:
        return self.queue[0][0] if self.queue and not self.hung else NEVER

    def kill(self, now: int) -> None:
        """A signal from outside: what waits is answered as lost."""
        self.queue.extend((now, ticket, answer) for ticket, answer in self._killed(now))

    def _killed(self, now: int) -> list[tuple[int, object]]:
        unanswered: list[tuple[int, object]] = [(ticket, LOST) for _, ticket, _ in self.queue]
        self.queue.clear()
        self.lost += 1
        self.down_until = now + BACK_OFF_NS[min(self.lost, len(BACK_OFF_NS)) - 1]
        if self.heard_lost is not None:
            self.heard_lost()
        return unanswered

    def _revived(self, now: int) -> bool:
        if now < self.down_until:
            return False
        if not self.begin(now):
            return False
        self.down_until = -1
        return True

    def begin(self, now: int) -> bool:
        """A new process; False if it does not take requests yet."""
        raise NotImplementedError


class VirtualWorker(VirtualProcess):
    """The storage worker; a new one says where the record numbers go on."""

    def __init__(self, make: Callable[[], StorageWorker], delay_ns: int = 0) -> None:
        super().__init__(delay_ns)
        self.make = make
        self.storage = make()
        self.raise_counts: Callable[[Sequence[int]], None] = _ignore

    def perform(self, request: object) -> object:
        return self.storage.perform(request)

    def begin(self, now: int) -> bool:
        self.storage = self.make()
        try:
            floors = self.perform(Snapshot())
            if not isinstance(floors, Stores):  # the disk fails: asked again at the next request
                return False
            reserved = [self.storage.perform(reservation) for reservation in floors.reservations()]
        except ProcessKilled:  # once more, at its start
            self._killed(now)
            return False
        if not all(isinstance(result, Stored) for result in reserved):
            return False
        self.raise_counts(floors.next_counts)
        return True


class VirtualFiles(VirtualProcess):
    """The files worker."""

    def __init__(self, make: Callable[[], FilesWorker]) -> None:
        super().__init__()
        self.make = make
        self.worker = make()

    def perform(self, request: object) -> object:
        return self.worker.perform(request)

    def begin(self, now: int) -> bool:
        self.worker = self.make()
        return True


class VirtualPlanning(VirtualProcess):
    """The planning worker, which has no memory and no disk to lose."""

    def __init__(self) -> None:
        super().__init__(PLANNING_NS)
        self.worker = PlanningWorker()

    def perform(self, request: object) -> object:
        return self.worker.perform(request)

    def begin(self, now: int) -> bool:
        return True


def _ignore(_counts: Sequence[int]) -> None:
    pass


class VirtualMachine:
    """Load and memory of a computer that is not there: constant, so that they cannot disturb a trace."""

    def cpu_percent(self) -> float:
        return 0.0

    def memory_mb(self) -> float:
        return 0.0

    def disk_free_mb(self) -> float:
        return 1024.0

    def garbage_collections(self) -> int:
        return 0


@dataclass
class Crash:
    """What the board kept of a crash.  `at` is mission time, ns."""

    at: int
    module: str
    error: Exception


@dataclass
class Computer:
    """One computer with its disk, and another one for files.

    `boots` and `crashes` are for checks and reports; flight does not see them.
    """

    mission: Mission
    disk: SimulatedDisk
    link: Link
    sensors: Sensors
    switches: Switches
    rng: random.Random
    delay_ns: int = 0
    kernel: WatchedKernel | None = None
    boots: int = 0
    emitted: int = 0  # packets, by kernels that have ended
    crashes: list[Crash] = field(default_factory=list)
    offset: int = 0  # mission time minus world time, ns
    clock: VirtualClock = field(default_factory=VirtualClock)
    anew_at: int = 0
    file_disk: SimulatedDisk = field(default_factory=lambda: SimulatedDisk(random.Random(0)))
    job_disk: SimulatedDisk = field(default_factory=lambda: SimulatedDisk(random.Random(0)))  # what jobs have
    board_key: bytes | None = None  # it signs receipts
    before_start: Callable[[Kernel], None] | None = None  # sees each new kernel before its modules start
    afflictions: Afflictions = field(default_factory=Afflictions)  # of jobs
    history: JobHistory = field(default_factory=JobHistory)
    runner: VirtualRunner | None = None  # of the jobs; it outlives the executive, and ends with the power
    planning: VirtualPlanning | None = None  # the planning worker of the executive that lives now

    def power_on(self, now: int, orders: Orders) -> Kernel:
        """Boot at world time `now` (a whole tick).  What the disk raises for a power cut passes through."""
        mission = self.mission
        budgets = [
            StoreBudget(name, store.budget, store.segment)
            for name, store in zip(STORE_NAMES, mission.stores, strict=True)
        ]
        disk = self.disk
        disk.kill_at(NEVER)  # the worker that it was meant for is gone
        built = build(mission)
        self.worker = worker = VirtualWorker(lambda: StorageWorker(disk, budgets), self.delay_ns)
        others: list[tuple[Kinds, Worker]] = []
        self.files: VirtualFiles | None = None
        if (files := mission.files) is not None:
            file_disk, job_disk = self.file_disk, self.job_disk
            for one in (file_disk, job_disk):
                one.kill_at(NEVER)
            # Stored, not deflated: a run's octets must not depend on the version of a library.
            settings = ShelfSettings(
                Signer(mission.spacecraft_id, mission.name, self.board_key),
                mission.tenants,
                mission.catalogue,
                deflate=0,
            )
            self.files = VirtualFiles(
                lambda: FilesWorker(file_disk, files, Shelf(ModelledShelf(job_disk), settings))
            )
            others.append((FILE_REQUESTS + SHELF_REQUESTS, self.files))
        self.planning = None
        if mission.planning is not None:
            self.planning = VirtualPlanning()
            others.append((PLANNING_REQUESTS, self.planning))
        if mission.takes_jobs:
            self.runner = self.runner or VirtualRunner(now, self.job_disk, self.afflictions, self.history)
            others.append((RUNNER_REQUESTS, VirtualJobs(self.runner, mission)))
        port: Worker = Workers(worker, *others) if others else worker
        lot = self.rng.getrandbits(32)
        resumed, loaded = recover(worker.storage.perform, built.modules, orders.reason, orders.safe, lot)
        worker.sealed = resumed.provisional
        self.anew_at = now + (ANEW_AFTER_NS if orders.clock_floor else 0)
        board = Board(
            self.clock, self.link, self.sensors, self.switches, port, VirtualMachine(), self._crashed
        )
        self.offset = max(resumed.clock, -(-orders.clock_floor // SECOND) * SECOND) - now
        if self.runner is not None:
            self.runner.met(self.offset)
        kernel = self.kernel = WatchedKernel(
            built.mission, built.dictionary, built.modules, board, loaded, resumed.boot, NoPage()
        )
        worker.raise_counts = kernel.raise_counts
        self.clock.time = now + self.offset
        if self.before_start is not None:
            self.before_start(kernel)
        kernel.begin(now + self.offset, orders.charges, orders.charged, self._resting(orders))
        self.boots += 1
        return kernel

    def begins_anew(self, now: int) -> bool:
        """Storage could not be opened at boot, and can be now: as `flight.cli.executive` does it.  Once a second."""
        worker = self.worker
        if self.kernel is not None and worker.sealed:
            self.kernel.tell_boot_again(now + self.offset)
        return worker.sealed and now >= self.anew_at and isinstance(worker.perform(Snapshot()), Stores)

    def _resting(self, orders: Orders) -> list[str]:
        """The modules outside of the safe set, if only that shall run."""
        if not orders.safe:
            return []
        safe = {NAME, *safe_rows(self.mission)}
        return [row.name for row in self.mission.rows if row.name not in safe]

    def _crashed(self, module: str, error: Exception) -> None:
        now = self.kernel.emitter.now if self.kernel is not None else self.clock.time
        self.crashes.append(Crash(now, module, error))

    def packets_emitted(self) -> int:
        """By all kernels so far."""
        return self.emitted + (self.kernel.emitter.emitted if self.kernel is not None else 0)

    def power_off(self) -> None:
        """All that was in memory of the executive and its workers is gone."""
        self.emitted = self.packets_emitted()
        self.kernel = self.planning = None
