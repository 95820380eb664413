"""Restart, back off, isolate: what happens to a module that raises or hangs."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol, cast

from flight.declare import SECOND, Boot, Kept, Module, Outbox
from flight.kernel.bus import Bus, Publish, Run, compile_publish, compile_run
from flight.kernel.timing import StepTimes
from flight.mission import Row

BACK_OFF_NS = (SECOND, 4 * SECOND, 16 * SECOND, 60 * SECOND)  # a crash at start must not fill the log
FORGIVEN_AFTER_NS = 6 * 3600 * SECOND  # restarts older than four orbits no longer count against the module


class State(enum.Enum):
    RUNNING = "running"
    BACKING_OFF = "backing off"
    ISOLATED = "isolated"


class Steps(Protocol):
    step: Callable[[int, tuple[object, ...], Outbox], None]


class Glance(Protocol):
    def __call__(self, now: int, /, *sees: float) -> bool: ...


class Slot:
    """One row of the mission's table as it runs."""

    def __init__(self, index: int, row: Row, module: Module, bus: Bus, out: Outbox) -> None:
        self.out = out
        self.index = index
        self.row = row
        self.name = row.name
        self.bus = bus
        self.state = State.RUNNING
        self.crashes: list[int] = []  # when, ns; only those not yet forgiven
        self.restarts = 0
        self.resume_at = 0
        self.last_step = 0
        self.overruns = 0
        self.times = StepTimes()
        self.budget_ns = row.budget_us * 1_000
        self.kept_body: bytes | None = None  # last kept state on disk, for restarts
        self.install(module)

    def install(self, module: Module) -> None:
        self.module = module
        self.step = cast(Steps, module).step
        self.glance: Glance | None = getattr(module, "glance", None)
        self.next_step = 0  # until then a module that can glance need not step
        self.run: Run = compile_run(self.bus, self, module, self.name, self.out)
        self.publish: Publish = compile_publish(self.bus, self.name, module.signals())
        self.kept: Kept | None = module.kept_state()

    def may_run(self, now: int) -> bool:
        return self.state is State.RUNNING or (self.state is State.BACKING_OFF and now >= self.resume_at)

    def fail(self, now: int) -> State:
        """Count a crash (or a hang); the new state says whether it will be restarted."""
        self.next_step = 0  # until it runs again, every tick looks at it
        self.crashes = [at for at in self.crashes if now - at < FORGIVEN_AFTER_NS]
        if len(self.crashes) >= self.row.restarts:
            self.state = State.ISOLATED
            return self.state
        self.resume_at = now + BACK_OFF_NS[min(len(self.crashes), len(BACK_OFF_NS) - 1)]
        self.crashes.append(now)
        self.state = State.BACKING_OFF
        return self.state

    def revive(self, now: int) -> None:
        """By command: a fresh restart budget, starting now."""
        self.crashes.clear()
        self.state = State.BACKING_OFF
        self.resume_at = now

    def begin(self, module: Module, now: int, boot: Boot, out: Outbox) -> None:
        """A fresh object takes over."""
        self.install(module)
        self.state = State.RUNNING
        self.restarts += 1
        module.start(now, boot, out)
