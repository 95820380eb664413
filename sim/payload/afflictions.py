"""Faults of jobs: which of them crash, hang, go slowly, compute wrongly or draw more than they say."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

from flight.runners.modelled import FaultKind, ModelledFault
from sim.scenario import Fault

SPEED_FULL = 1_000
STRIKES = {
    "crash": FaultKind.CRASH,
    "hang": FaultKind.HANG,
    "slow": FaultKind.SLOW,
    "wrong_bits": FaultKind.WRONG_BITS,
}


def _nothing() -> None:
    pass


@dataclass
class Afflictions:
    """What is wrong with which jobs, by label (owner/name); it outlives runners and power cuts."""

    struck: dict[str, ModelledFault] = field(default_factory=dict)  # the job's number is filled in
    lying_w: dict[str, float] = field(default_factory=dict)  # drawn beside what the job says
    sagging: set[str] = field(default_factory=set)  # whose next start takes the bus down
    sag: Callable[[], None] = _nothing

    def started(self, label: str) -> None:
        """The runner has begun it."""
        if label in self.sagging:
            self.sagging.discard(label)
            self.sag()

    def begin(self, fault: Fault) -> Callable[[], None]:
        """Gives what ends it."""
        label = fault.name
        if fault.kind == "lie":
            self.lying_w[label] = fault.value or 0.0
            return lambda: _drop(self.lying_w, label)
        if fault.kind == "sag":
            self.sagging.add(label)
            return lambda: self.sagging.discard(label)
        speed = int(SPEED_FULL * (fault.value or 0.0)) if fault.kind == "slow" else SPEED_FULL
        self.struck[label] = ModelledFault(0, STRIKES[fault.kind], speed_milli=max(1, speed))
        return lambda: _drop(self.struck, label)


def _drop(entries: MutableMapping[str, float] | MutableMapping[str, ModelledFault], label: str) -> None:
    entries.pop(label, None)
