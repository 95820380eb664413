"""Invariants of events: a grave one is always told, whatever else is being said."""

from __future__ import annotations

from collections import deque

from flight.declare import Occurrence, Report, Severity
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.modules.events import Events
from sim.checks.check import Check
from sim.simulation import Simulation

EVENT_SERVICE = 5
TOLD_WITHIN_S = 5
FLOOD = 200  # other events within FLOOD_S: near what the inboxes hold
FLOOD_S = 3


class HighEventsTold(Check):
    """An event of severity HIGH is reported within 5 s, unless the ground switched it off or the computer stopped.

    `flooded` is the same for events that came with a flood of others.
    """

    def __init__(self) -> None:
        super().__init__("an event of severity HIGH is reported within 5 s")
        self.flooded = Check("a flood of events starves no HIGH one")
        self.waiting: deque[tuple[int, bytes]] = deque()  # since, body
        self.recent: deque[int] = deque()
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel
        self.waiting.clear()
        self.recent.clear()
        self.flooded.moment = self.moment

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "events":
            self.waiting.clear()

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        second = self.moment.second
        recent = self.recent
        recent.append(second)
        while recent[0] < second - FLOOD_S:
            recent.popleft()
        if occurrence.severity != Severity.HIGH or self._switched_off(occurrence.number):
            return
        check = self.flooded if len(recent) > FLOOD else self
        check.expect(taken, f"{event} found its inbox full")
        if taken:
            self.waiting.append((second, occurrence.body))

    def _events(self) -> Events | None:
        slots = self.kernel.slots if self.kernel else ()
        running = (slot.module for slot in slots if slot.state is State.RUNNING)
        return next((module for module in running if isinstance(module, Events)), None)

    def _switched_off(self, number: int) -> bool:
        events = self._events()
        return events is not None and number in events.disabled

    def reported(self, report: Report) -> None:
        if report.service == EVENT_SERVICE and report.subtype == Severity.HIGH:
            for entry in self.waiting:
                if entry[1] == report.body:
                    self.waiting.remove(entry)
                    return

    def look(self, simulation: Simulation, second: int) -> None:
        waiting = self.waiting
        if not waiting:
            return
        if simulation.computer.kernel is not self.kernel or self._events() is None:
            waiting.clear()
            return
        while waiting and waiting[0][0] < second - TOLD_WITHIN_S:
            _, body = waiting.popleft()
            self.fail(f"event {int.from_bytes(body[:2], 'big')} was not reported")
