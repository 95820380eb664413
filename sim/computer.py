"""The computer that flight runs on, in virtual time: power on, boot, tick, hang, crash, power off."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flight.app import Built, assemble, build, safe_rows
from flight.boot import BOOT_STATE, CLOCK_STATE, pack_boot, resume
from flight.declare import Found, LoadDocument, LoadState, SaveState
from flight.kernel import Board, Kernel, Loaded
from flight.mission import Mission
from flight.ports import Disk, Link, Sensors, Switches
from flight.store import StoreBudget
from flight.workers.storage import StorageWorker

DOCUMENTS = ("parameters", "schedule", *(f"sequence{slot}" for slot in range(8)))
STORE_NAMES = ("critical", "event", "housekeeping")


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
    kernel: Kernel | None = None
    boots: int = 0
    crashes: list[Crash] = field(default_factory=list)
    offset: int = 0  # mission time minus world time, ns
    clock: VirtualClock = field(default_factory=VirtualClock)
    before_start: Callable[[Kernel], None] | None = None  # sees each new kernel before its modules start

    def power_on(self, now: int, reason: int = 1, safe: bool = False) -> Kernel:
        """Boot at world time `now` (a whole tick).  What the disk raises for a power cut passes through."""
        mission = self.mission
        budgets = [
            StoreBudget(name, store.budget, store.segment)
            for name, store in zip(STORE_NAMES, mission.stores, strict=True)
        ]
        storage = StorageWorker(self.disk, budgets)
        boot_state, clock_state = self._state(storage, BOOT_STATE), self._state(storage, CLOCK_STATE)
        resumed = resume(boot_state, clock_state, reason, safe)
        storage.perform(SaveState(BOOT_STATE, pack_boot(resumed.boot.count)))
        built = build(mission, safe_rows(mission) if safe else None)
        loaded = self._load(storage, built)
        self.worker = VirtualWorker(storage, self.delay_ns)
        board = Board(
            self.clock, self.link, self.sensors, self.switches, self.worker, VirtualMachine(), self._crashed
        )
        self.offset = resumed.clock - now
        self.kernel = assemble(built, board, resumed, loaded)
        self.clock.time = now + self.offset
        if self.before_start is not None:
            self.before_start(self.kernel)
        self.kernel.start(now + self.offset)
        self.boots += 1
        return self.kernel

    def _state(self, storage: StorageWorker, name: str) -> bytes | None:
        found = storage.perform(LoadState(name))
        return found.body if isinstance(found, Found) else None

    def _load(self, storage: StorageWorker, built: Built) -> Loaded:
        kept = {name: body for name in built.modules if (body := self._state(storage, name)) is not None}
        documents = {}
        for name in DOCUMENTS:
            found = storage.perform(LoadDocument(name))
            if isinstance(found, Found) and found.body is not None:
                documents[name] = found.body
        return Loaded(kept, documents, tuple(storage.extent(store).next for store in range(len(STORE_NAMES))))

    def _crashed(self, module: str, error: Exception) -> None:
        self.crashes.append(Crash(self.clock.time, module, error))

    def power_off(self) -> None:
        """All that was in memory is gone."""
        self.kernel = None
