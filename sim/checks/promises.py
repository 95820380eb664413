"""No acknowledged command is forgotten: parameters stay in force, time-tagged commands stay held until they go."""

from __future__ import annotations

import struct
from collections import Counter

from flight.declare import SECOND, Done, Occurrence, Outcome, Refused, Request, SaveDocument, Stored
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.modules.schedule import (
    DOCUMENT,
    INSERT,
    SELECTING,
    TAKE_AHEAD_NS,
    Action,
    Choice,
    Schedule,
)
from flight.wire.cuc import CUC_LENGTH
from flight.wire.scheduling import Window, read_offset, read_requests, read_window
from flight.wire.timed import Timed, read_timed
from sim.checks.check import Check
from sim.simulation import Simulation

SET = 3  # of service 20
NOT_STORED = (
    "not stored"  # how modules refuse what the disk did not take: then either state may be found later
)
SETTLED_S = 3  # after a boot everything that was kept is in place
OVERDUE_S = 30  # beyond `late_after` a time-tagged command has gone or was reported
EVENT_NUMBER = 2  # octets before the arguments of an event

CHANGING = {
    subtype: action for subtype, (action, _) in SELECTING.items() if action in (Action.DELETE, Action.SHIFT)
}  # requests that change which commands are held, or until when

Change = tuple[int, float]


def read_changes(kernel: Kernel, data: bytes) -> list[Change]:
    """Of a TC[20,3] that makes sense; else none."""
    changes: list[Change] = []
    at = 2
    while at + 2 <= len(data):
        (number,) = struct.unpack_from(">H", data, at)
        field = kernel.parameters.field(number)
        if field is None or at + 2 + field.size > len(data):
            return []
        changes.append((number, struct.unpack_from(">" + field.code, data, at + 2)[0]))
        at += 2 + field.size
    return changes


class ParametersKept(Check):
    """An acknowledged set of parameters is in force from then on, after every reboot and restart too.

    A set without an answer, and one that the disk refused, may be found or not.  Exercised: a parameter was looked at
    after a boot or a restart.
    """

    def __init__(self) -> None:
        super().__init__("an acknowledged parameter stays in force")
        self.pending: dict[int, list[Change]] = {}
        self.acknowledged: dict[int, float] = {}
        self.maybe: dict[int, set[float]] = {}
        self.look_at = -1
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel
        self._unsure()

    def installed(self, kernel: Kernel, name: str) -> None:
        if name in ("commands", "parameters"):
            self._unsure()
        self.look_at = self.moment.second + SETTLED_S

    def _unsure(self) -> None:
        for changes in self.pending.values():
            self._perhaps(changes)
        self.pending.clear()

    def _perhaps(self, changes: list[Change]) -> None:
        for number, value in changes:
            self.maybe.setdefault(number, set()).add(value)

    def requested(self, server: str, request: Request) -> None:
        if server == "parameters" and request.subtype == SET and self.kernel is not None:
            self.pending[request.ident] = read_changes(self.kernel, request.data)

    def ended(self, ident: int, outcome: Outcome) -> None:
        changes = self.pending.pop(ident, None)
        if changes is None:
            return
        if isinstance(outcome, Done):
            self.acknowledged |= dict(changes)
            self.maybe.clear()  # what is stored now is what is in force
        elif isinstance(outcome, Refused) and outcome.reason.startswith(NOT_STORED):
            self._perhaps(changes)

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if self.look_at < 0 or second < self.look_at or kernel is None:
            return
        self.look_at = -1
        modules = {slot.name: slot.module for slot in kernel.slots}
        for number, value in list(self.acknowledged.items()):
            entry = kernel.dictionary.parameters_by_number[number]
            found = kernel.parameters.value(number)
            obeyed = vars(modules[entry.module]).get(entry.field.name) if entry.module in modules else found
            if found in self.maybe.get(number, ()):
                self.acknowledged[number] = found
            self.expect(
                found == self.acknowledged[number] and obeyed == found,
                f"{entry.label} is {found} (in the module {obeyed}), acknowledged was {value}",
            )


class TimeTaggedKept(Check):
    """An acknowledged time-tagged command is held, released once and in time, or reported as dropped: one of them.

    Exercised: one was looked for after a boot or a restart, or was released.
    """

    def __init__(self) -> None:
        super().__init__("an acknowledged time-tagged command is held, released or reported")
        self.pending: dict[int, Request] = {}
        self.held: dict[int, Timed] = {}  # by request id, acknowledged
        self.maybe: set[int] = set()
        self.refused: set[int] = set()
        self.gone: set[int] = set()
        self.unstored_at = -OVERDUE_S  # when the disk last refused the schedule
        self.dropped = 0  # as many as the spacecraft has said it lost in a reboot
        self.look_at = -1
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel
        self._unsure()

    def installed(self, kernel: Kernel, name: str) -> None:
        if name in ("commands", "schedule"):
            self._unsure()
            self.look_at = self.moment.second + SETTLED_S

    def performed(self, request: object, result: object) -> None:
        if isinstance(request, SaveDocument) and request.name == DOCUMENT and not isinstance(result, Stored):
            self.unstored_at = self.moment.second

    def _unsure(self) -> None:
        for request in self.pending.values():
            self._maybe_done(request)
        self.pending.clear()

    def _maybe_done(self, request: Request) -> None:
        if request.subtype == INSERT:
            self.maybe |= {entry.request for entry in read_timed(request.data) or ()}
        else:
            for number in self._named(request):
                if self.held.pop(number, None):
                    self.maybe.add(number)

    def _named(self, request: Request) -> list[int]:
        action, choice = SELECTING[request.subtype]
        data = request.data[CUC_LENGTH:] if action is Action.SHIFT else request.data
        if choice is Choice.REQUESTS:
            return list(read_requests(data) or ())
        window = read_window(data) if choice is Choice.WINDOW else Window()
        if window is None:
            return []
        return [number for number, entry in self.held.items() if window.holds(entry.at)]

    def _shifted(self, request: Request) -> None:
        """One that was about to be released could not be shifted any more: then either is right."""
        assert self.kernel is not None
        offset = read_offset(request.data) or 0
        soon = self.kernel.emitter.now + 2 * TAKE_AHEAD_NS
        for number in self._named(request):
            entry = self.held.pop(number, None)
            if entry is not None and entry.at <= soon:
                self.maybe.add(number)
            elif entry is not None:
                self.held[number] = entry._replace(at=entry.at + offset)

    def requested(self, server: str, request: Request) -> None:
        if server == "schedule" and (request.subtype == INSERT or request.subtype in CHANGING):
            self.pending[request.ident] = request

    def ended(self, ident: int, outcome: Outcome) -> None:
        request = self.pending.pop(ident, None)
        if request is None:
            return
        if isinstance(outcome, Done):
            self._done(request)
        elif isinstance(outcome, Refused) and outcome.reason.startswith(NOT_STORED):
            self._maybe_done(request)
            if request.subtype == INSERT:
                self.refused |= {entry.request for entry in read_timed(request.data) or ()}

    def _done(self, request: Request) -> None:
        self.maybe.clear()
        if request.subtype == INSERT:
            for entry in read_timed(request.data) or ():
                self.held[entry.request] = entry
        elif CHANGING[request.subtype] is Action.SHIFT:
            self._shifted(request)
        else:
            for number in self._named(request):
                self.held.pop(number, None)

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        if event == "schedule.dropped_late":
            number = int.from_bytes(occurrence.body[EVENT_NUMBER : EVENT_NUMBER + 4], "big")
            if number in self.gone:
                self.expect(
                    False, f"time-tagged command {number:#x} was released, and is reported as dropped"
                )
            self.held.pop(number, None)
            self.maybe.discard(number)
        elif event == "schedule.lost_in_reboot":
            self.dropped += occurrence.body[EVENT_NUMBER]

    def released(self, packet: bytes) -> None:
        number = int.from_bytes(packet[:4], "big")
        if number in self.gone:
            self.expect(False, f"time-tagged command {number:#x} is released again")
        entry = self.held.pop(number, None)
        if entry is not None:
            assert self.kernel is not None
            early = entry.at - self.kernel.emitter.now
            self.gone.add(number)
            self.expect(early <= 0, f"time-tagged command {number:#x} released {early // SECOND} s early")
        elif number in self.maybe:
            self.maybe.discard(number)
        elif number in self.refused:
            self.expect(False, f"time-tagged command {number:#x} is released, but was refused as not stored")

    def look(self, simulation: Simulation, second: int) -> None:
        due = 0 <= self.look_at <= second or (self.held and second % 60 == 0)
        kernel = simulation.computer.kernel
        if not due or kernel is None:
            return
        slot = next((slot for slot in kernel.slots if isinstance(slot.module, Schedule)), None)
        if slot is None or slot.state is not State.RUNNING:
            return
        self.look_at = -1
        schedule = slot.module
        assert isinstance(schedule, Schedule)
        waits = bool(simulation.computer.worker.queue) or second - self.unstored_at < 2 * OVERDUE_S
        self._compare(schedule, kernel.emitter.now, waits=waits)

    def _compare(self, schedule: Schedule, now: int, *, waits: bool) -> None:
        """`waits` for a disk that does not take it: then a command may be overdue, and is dropped later."""
        present = Counter(entry.request for entry in (*schedule.held, *schedule.taken))
        latest = now - (schedule.late_after + OVERDUE_S) * SECOND
        for number, entry in list(self.held.items()):
            if number not in present and self.dropped:
                self.dropped -= 1
                del self.held[number]
                continue
            overdue = entry.at < latest and schedule.status.enabled and not waits
            if number not in present or overdue:
                del self.held[number]
            self.expect(
                number in present and not overdue,
                f"time-tagged command {number:#x} is {'overdue' if overdue else 'neither held nor reported'}",
            )
