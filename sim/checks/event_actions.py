"""Invariant of event-action: each event of an enabled action releases its command once, or is counted."""

from __future__ import annotations

from collections import Counter

from flight.declare import Occurrence
from flight.kernel import Kernel
from flight.kernel.supervisor import Slot, State
from flight.modules.event_actions import EventActions
from sim.checks.check import Check
from sim.simulation import Simulation

LOOK_EVERY_S = 10
MODULE = "event_actions"
TOLD = "event_actions.released"
EVENT_NUMBER = 2  # octets before the arguments of an event: an event's number, the request id of a command
REQUEST = 4  # octets: the first of its packet


class ActionsOnce(Check):
    """While an action is enabled its command is released once for each event: never more, and never less but counted.

    Exercised: an action was released, or events were compared with releases.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("an event releases the command of its action once")
        self.slot: Slot | None = None
        self.occurred_of: Counter[int] = Counter()
        self.released_of: Counter[int] = Counter()
        self.armed_at: dict[int, bytes] = {}  # the command of an event when that last occurred
        self.owed: Counter[bytes] = Counter()  # told as released, and not yet seen at the door
        self.not_counted = 0  # what the module had counted when it was last in step with us
        self.unsure = False  # a crash may have taken what the module held; its inbox outlives it

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.slot = next((slot for slot in kernel.slots if slot.name == MODULE), None)
        self._begin()

    def installed(self, kernel: Kernel, name: str) -> None:
        self.unsure = self.unsure or name == MODULE

    def _begin(self) -> None:
        self.occurred_of.clear()
        self.released_of.clear()
        self.armed_at.clear()
        self.owed.clear()
        self.not_counted = self._counted()
        self.unsure = False

    @property
    def module(self) -> EventActions | None:
        module = self.slot.module if self.slot is not None else None
        return module if isinstance(module, EventActions) else None

    def _counted(self) -> int:
        module = self.module
        return module.status.held_back + module.occurrences.dropped if module is not None else 0

    def _packets(self) -> dict[int, bytes]:
        module = self.module
        if module is None or not module.table.enabled:
            return {}
        return {one.event.number: one.packet for one in module.table.actions if one.enabled}

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        if event == TOLD:
            arguments = occurrence.body[EVENT_NUMBER:]
            self._told(int.from_bytes(arguments[:2], "big"), arguments[2 : 2 + REQUEST])
        packet = self._packets().get(occurrence.number)
        if packet is not None:
            self.occurred_of[occurrence.number] += 1
            self.armed_at[occurrence.number] = packet

    def _told(self, number: int, request: bytes) -> None:
        """The event that a release is told by; the schedule may release the same octets, so they alone say nothing.

        It is told at the end of a step, in which a request may have changed the table after the release.
        """
        self.released_of[number] += 1
        self.expect(
            self.released_of[number] <= self.occurred_of[number],
            f"event {number} occurred {self.occurred_of[number]} times, and released its command once more",
        )
        armed = (self.armed_at.get(number, b""), self._packets().get(number, b""))
        packet = next((one for one in armed if one and one[:REQUEST] == request), None)
        self.expect(packet is not None, f"event {number} released {request.hex()}, which is not its command")
        if packet is not None:
            self.owed[packet] += 1

    def released(self, packet: bytes) -> None:
        self.owed[packet] -= self.owed[packet] > 0

    def look(self, simulation: Simulation, second: int) -> None:
        module = self.module
        if module is None or self.slot is None or not self.occurred_of:
            return
        if self.slot.state is not State.RUNNING or module.occurrences.items:
            return
        armed = self._packets()
        missing = sum(
            self.occurred_of[one] - self.released_of[one] for one in self.occurred_of if one in armed
        )
        counted = self._counted() - self.not_counted
        owed = self.owed.total()
        self.expect(owed == 0 or self.unsure, f"{owed} commands that were told as released were not")
        self.expect(
            missing <= counted or self.unsure,
            f"{missing} events released nothing, and {counted} were counted",
        )
        self._begin()
