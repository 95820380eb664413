"""The computer that flight runs on, in virtual time: power on, boot, tick, hang, crash, power off."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flight.app import build, safe_rows
from flight.kernel import Board, Kernel, NoPage
from flight.kernel.own import NAME
from flight.mission import Mission
from flight.ports import Disk, Link, Sensors, Switches
from flight.recovery import STORE_NAMES, recover
from flight.store import StoreBudget
from flight.watched import WatchedKernel
from flight.workers.storage import StorageWorker
from sim.guardian import Orders


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


class VirtualWorker:
    """The storage worker in virtual time: a request is performed `delay_ns` after it was submitted, in order."""

    def __init__(self, storage: StorageWorker, delay_ns: int = 0) -> None:
        self.storage = storage
        self.delay_ns = delay_ns
        self.queue: deque[tuple[int, int, object]] = deque()  # due, ticket, request
        self.hung = False

    def submit(self, ticket: int, request: object, now: int) -> bool:
        self.queue.append((now + self.delay_ns, ticket, request))
        return True

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        queue = self.queue
        if not queue or self.hung or queue[0][0] > now:
            return ()
        perform = self.storage.perform
        done = []
        while queue and queue[0][0] <= now:
            _, ticket, request = queue.popleft()
            done.append((ticket, perform(request)))  # type: ignore[arg-type]  # total over requests
        return done


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
    """What the board kept of a crash."""

    at: int
    module: str
    error: Exception


@dataclass
class Computer:
    """One computer with its disk.  `boots` and `crashes` are for checks and reports; flight does not see them."""

    mission: Mission
    disk: Disk
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
    before_start: Callable[[Kernel], None] | None = None  # sees each new kernel before its modules start

    def power_on(self, now: int, orders: Orders) -> Kernel:
        """Boot at world time `now` (a whole tick).  What the disk raises for a power cut passes through."""
        mission = self.mission
        budgets = [
            StoreBudget(name, store.budget, store.segment)
            for name, store in zip(STORE_NAMES, mission.stores, strict=True)
        ]
        storage = StorageWorker(self.disk, budgets)
        built = build(mission)
        resumed, loaded = recover(storage.perform, built.modules, orders.reason, orders.safe)
        self.worker = VirtualWorker(storage, self.delay_ns)
        board = Board(
            self.clock, self.link, self.sensors, self.switches, self.worker, VirtualMachine(), self._crashed
        )
        self.offset = resumed.clock - now
        kernel = self.kernel = WatchedKernel(
            built.mission, built.dictionary, built.modules, board, loaded, resumed.boot, NoPage()
        )
        self.clock.time = now + self.offset
        if self.before_start is not None:
            self.before_start(kernel)
        kernel.begin(now + self.offset, orders.charges, orders.charged, self._resting(orders))
        self.boots += 1
        return kernel

    def _resting(self, orders: Orders) -> list[str]:
        """The modules outside of the safe set, if only that shall run."""
        if not orders.safe:
            return []
        safe = {NAME, *safe_rows(self.mission)}
        return [row.name for row in self.mission.rows if row.name not in safe]

    def _crashed(self, module: str, error: Exception) -> None:
        self.crashes.append(Crash(self.clock.time, module, error))

    def packets_emitted(self) -> int:
        """By all kernels so far."""
        return self.emitted + (self.kernel.emitter.emitted if self.kernel is not None else 0)

    def power_off(self) -> None:
        """All that was in memory is gone."""
        self.emitted = self.packets_emitted()
        self.kernel = None
