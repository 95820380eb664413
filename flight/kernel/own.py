"""The executive's own module: what it tells about itself, and what may be commanded of it."""

from __future__ import annotations

import enum
import functools
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
    ResetReason,
    Severity,
    Telemetry,
    about,
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
    reset_reason: ResetReason
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


class ExecutiveLine(Telemetry, period=30):
    """The line to the transceiver, as its driver counts."""

    connected: bool
    sent_octets: U64
    received_octets: U64
    lost_octets: Annotated[U64, about("handed over, and never taken by the line")]
    connections: U32
    failures: Annotated[U32, about("attempts that failed, and connections that broke")]
    queued_octets: U32


class Executive(Module):
    """Restarts, isolation, missed ticks and times of all modules.  Made by `executive`."""

    class Inputs(NamedTuple):
        bad_sensors: int
        lost_inbox: int

    crashed: Event
    isolated_module: Event
    revived: Event
    overran: Event
    missed: Event
    booted = Event(
        Severity.MEDIUM,
        "boot {count}, reason {reason}, after an orderly end: {clean}",
        count=U32,
        reason=ResetReason,
        clean=bool,
    )
    unguarded = Event(Severity.HIGH, "the guardian has gone: nobody feeds the watchdog")
    parameters_lost = Event(Severity.MEDIUM, "{count} stored parameters could not be used", count=U16)

    def __init__(self, names: Sequence[str]) -> None:
        self.status = ExecutiveStatus()
        self.line = ExecutiveLine()
        fields: dict[str, object] = {}
        for name in names:
            for figure in ("min_us", "mean_us", "p99_us", "max_us"):
                fields[f"{name}_{figure}"] = Annotated[U16, unit("us")]
            fields[f"{name}_overruns"] = U16
        self.times = telemetry("Times", fields, period=60)()
        self.revive_wanted: list[int] = []

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.status.bad_sensors = sees.bad_sensors
        self.status.lost_inbox = sees.lost_inbox

    def run_again(self, _call: Call, _out: Outbox, number: int) -> Outcome:
        self.revive_wanted.append(number)
        return DONE


@functools.cache
def _class_for(names: tuple[str, ...]) -> type[Executive]:
    """Executive with the modules' names in its command and events; one class a mission, so that restarts share it."""
    module = enum.IntEnum("ModuleName", {name: number for number, name in enumerate(names)})  # type: ignore[misc]

    def revive(self: Executive, call: Call, out: Outbox, module: int) -> Outcome:
        """Run an isolated module again, with a fresh restart budget."""
        return self.run_again(call, out, module)

    revive.__annotations__ = {"module": module}
    members = {
        "revive": command()(revive),
        "crashed": Event(
            Severity.MEDIUM, "module {module} crashed, restart {count}", module=module, count=U8
        ),
        "isolated_module": Event(
            Severity.HIGH, "module {module} isolated after {count} restarts", module=module, count=U8
        ),
        "revived": Event(Severity.INFO, "module {module} runs again", module=module),
        "overran": Event(
            Severity.LOW,
            "module {module} took {spent_us} us, budget {budget_us} us",
            module=module,
            spent_us=U32,
            budget_us=U32,
        ),
        "missed": Event(
            Severity.MEDIUM, "{count} ticks missed, last stepping {module}", count=U32, module=module
        ),
    }
    made = type("Executive", (Executive,), members)
    assert issubclass(made, Executive)
    return made


def executive(names: Sequence[str]) -> Executive:
    """The executive's own module of a mission with these modules, its own name first."""
    return _class_for(tuple(names))(names)
