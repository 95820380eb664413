"""Invariant of fault protection: each row is reported once for each episode, and no episode goes by untold."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from flight.declare import Occurrence, mask_of
from flight.kernel import Kernel
from flight.kernel.supervisor import Slot, State
from flight.modules.faults.module import Faults
from flight.modules.faults.table import interval
from sim.checks.check import Check
from sim.simulation import Simulation

PREFIX = "faults.tripped_"
CLEARED = "faults.cleared"
EVENT_NUMBER = 2  # octets before the arguments of an event
LATE_S = 4  # beyond its persistence: the engine looks once a second, and so do we


class Judged(NamedTuple):
    """One row, as seen from outside."""

    place: int
    signal: str
    low: float  # good from here
    high: float  # to here
    clear_low: float
    clear_high: float
    modes: int
    late: int  # seconds


class FaultRowsOnce(Check):
    """A row trips once for each episode, within its persistence, and only while its signal is bad.

    Exercised: an episode was reported; `rows` counts them by row.
    """

    def __init__(self) -> None:
        super().__init__("every fault is reported once for each episode")
        self.rows: Counter[str] = Counter()
        self.active: set[int] = set()
        self.slot: Slot | None = None
        self.judged: list[Judged] = []
        self.bad_for: list[int] = []
        self.good_for: list[int] = []
        self.names: list[str] = []

    def installed(self, kernel: Kernel, name: str) -> None:
        if name != "faults":
            return
        self.slot = next(slot for slot in kernel.slots if slot.name == name)
        module = self.slot.module
        assert isinstance(module, Faults)
        self.active.clear()
        self.names = [fault.name for fault in module.table]
        for fault in self.names:
            self.rows.setdefault(fault, 0)
        self.judged = [
            Judged(
                index,
                fault.signal,
                *interval(fault.good),
                *interval(fault.cleared),
                mask_of(fault.modes),
                int(fault.persist_s) + LATE_S,
            )
            for index, fault in enumerate(module.table)
        ]
        self.bad_for = [0] * len(self.judged)
        self.good_for = [0] * len(self.judged)

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        if event.startswith(PREFIX):
            name = event.removeprefix(PREFIX)
            index = self.names.index(name)
            self.rows[name] += 1
            self.expect(index not in self.active, f"{name} is reported again within one episode")
            self.active.add(index)
        elif event == CLEARED:
            index = occurrence.body[EVENT_NUMBER]
            if index not in self.active:
                self.fail(f"{self.names[index]} has cleared, and was never reported")
            self.active.discard(index)

    def look(self, simulation: Simulation, second: int) -> None:
        kernel, slot = simulation.computer.kernel, self.slot
        if kernel is None or slot is None or slot.state is not State.RUNNING:
            return
        values = vars(kernel.bus)
        mode, active = values["mode"], self.active
        bad_for, good_for = self.bad_for, self.good_for
        for index, signal, low, high, clear_low, clear_high, modes, late in self.judged:
            value = values[signal]
            if low <= value <= high:
                bad_for[index] = 0
            elif modes >> mode & 1:
                bad_for[index] += 1
                if bad_for[index] == late and index not in active:
                    self.fail(f"{self.names[index]} is bad ({value}) for {late} s and was not reported")
            else:
                bad_for[index] = 0
            if index in active:
                good_for[index] = good_for[index] + 1 if clear_low <= value <= clear_high else 0
                if good_for[index] == late:
                    self.fail(f"{self.names[index]} is good ({value}) for {late} s and has not cleared")
