"""The executive's own module: what it tells about itself, and what may be commanded of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    U8,
    U16,
    U32,
    U64,
    Call,
    Event,
    Module,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Telemetry,
    command,
    limits,
    telemetry,
    unit,
)

NAME = "executive"


class ExecutiveStatus(Telemetry, period=10):
    """The executive as a whole."""

    dictionary_hash: U32
    boot_count: U32
    reset_reason: U8
    safe_set: bool
    uptime_s: Annotated[U32, unit("s")]
    ticks: U64
    missed_ticks: Annotated[U32, limits(yellow_high=1)]
    worst_late_us: Annotated[U32, unit("us")]
    restarts: U16
    isolated: Annotated[U8, limits(red_high=0)]
    overruns: U32
    lost_inbox: U32
    bad_sensors: Annotated[U8, limits(yellow_high=0)]
    packets_emitted: U64
    worker_failures: U32
    garbage_collections: U32


class Executive(Module):
    """Restarts, isolation, missed ticks and times of all modules."""

    class Inputs(NamedTuple):
        bad_sensors: int
        lost_inbox: int

    crashed = Event(Severity.MEDIUM, "module {module} crashed, restart {count}", module=U8, count=U8)
    isolated_module = Event(
        Severity.HIGH, "module {module} isolated after {count} restarts", module=U8, count=U8
    )
    revived = Event(Severity.INFO, "module {module} runs again", module=U8)
    overran = Event(
        Severity.LOW,
        "module {module} took {spent_us} us, budget {budget_us} us",
        module=U8,
        spent_us=U32,
        budget_us=U32,
    )
    missed = Event(Severity.MEDIUM, "{count} ticks missed, last stepping {module}", count=U32, module=U8)
    booted = Event(
        Severity.MEDIUM, "boot {count}, reason {reason}, clean {clean}", count=U32, reason=U8, clean=bool
    )
    unguarded = Event(Severity.HIGH, "the guardian has gone: nobody feeds the watchdog")
    parameters_lost = Event(Severity.MEDIUM, "{count} stored parameters could not be used", count=U16)

    def __init__(self, names: Sequence[str]) -> None:
        self.status = ExecutiveStatus()
        fields: dict[str, object] = {}
        for name in names:
            for figure in ("min_us", "mean_us", "p99_us", "max_us"):
                fields[f"{name}_{figure}"] = Annotated[U16, unit("us")]
            fields[f"{name}_overruns"] = U16
        self.times = telemetry("Times", fields, period=60)()
        self.revive_wanted: list[int] = []
        self.count = len(names)

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.status.bad_sensors = sees.bad_sensors
        self.status.lost_inbox = sees.lost_inbox

    @command()
    def revive(self, call: Call, out: Outbox, module: U8) -> Outcome:
        """Run an isolated module again, with a fresh restart budget."""
        if module >= self.count:
            return Refused(f"there are {self.count} modules, numbered from 0")
        self.revive_wanted.append(module)
        return DONE
