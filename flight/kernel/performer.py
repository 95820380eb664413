"""Performs what a step asked for: events, reports, switches, posts, work, kept state, frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from flight.declare import (
    SECOND,
    Event,
    Inbox,
    Invocation,
    Occurrence,
    Outbox,
    SaveDocument,
    SaveState,
    Severity,
    Stored,
)
from flight.dictionary import Dictionary, EventEntry, pack_arguments
from flight.kernel.board import Board
from flight.kernel.emitter import Emitter
from flight.kernel.figures import Figures
from flight.kernel.kept import pack_kept
from flight.kernel.supervisor import Slot
from flight.kernel.work import Tickets
from flight.mission import Switch

KEEP_WITHIN_NS = 30 * SECOND  # an SD card was measured to stall a sync for many seconds; longer is a dead one
OCCURRENCES = "events.occurrences"
CRITICAL = "events.critical"
GRAVE = "events.grave"
ACTIONS = "event_actions.occurrences"  # takes those that start an action; a mission need not have any
OUTCOMES = "commands.outcomes"

Numbers = dict[tuple[int, Event], EventEntry]


def number_events(dictionary: Dictionary, slots: Sequence[Slot]) -> Numbers:
    """Events are shared by all objects of a class, so their numbers stand with the slot."""
    entries = {(entry.module, entry.name): entry for entry in dictionary.events}
    return {
        (slot.index, event): entries[slot.name, event.name]
        for slot in slots
        for event in slot.module.events()
    }


class Performer:
    """Empties the outbox, in the order of its lists."""

    def __init__(
        self,
        board: Board,
        switches: Sequence[Switch],
        out: Outbox,
        boxes: Mapping[str, Inbox[object]],
        emitter: Emitter,
        tickets: Tickets,
        figures: Figures,
        numbers: Numbers,
        kept: Mapping[str, bytes],
        documents: Mapping[str, bytes],
    ) -> None:
        self.board, self.out, self.boxes = board, out, boxes
        self.emitter, self.tickets, self.figures = emitter, tickets, figures
        self.highest = [switch.highest for switch in switches]
        self.numbers = numbers
        grave = (
            GRAVE if GRAVE in boxes else CRITICAL
        )  # a mission's own events module may have one box for both
        self.event_boxes = {Severity.HIGH: grave, Severity.MEDIUM: CRITICAL}
        self.kept_bodies = dict(kept)
        self.documents = dict(documents)  # as stored, for modules that are restarted
        self.saving: dict[
            int, SaveDocument
        ] = {}  # under way, by ticket; as many as there are pending tickets
        self.invoking: deque[Invocation] = deque()  # bounded by what the commands module takes in a step

    def perform(self, slot: Slot, now: int) -> None:
        out = self.out
        for event, arguments in out.events:
            self.event(slot.index, event, *arguments)
        for report in out.reports:
            self.emitter.report(slot.index, report)
        for switch, level in out.switches:
            if self._allowed(switch, level):
                self.board.switches.set(switch, level)
        for name, item in out.posts:
            self.post(name, item)
        for ticket, request, within in out.requests:
            self.tickets.submit(slot.index, ticket, request, within, now)
            if isinstance(request, SaveDocument):
                self.saving[ticket] = request
        if out.keeping:
            self._keep(slot, out.keeping, now)
        for data in out.frames:
            self.board.link.send(data)
        for ident, outcome in out.finished:
            self.post(OUTCOMES, (ident, outcome))
        self.invoking.extend(out.invocations)
        out.clear()

    def ended(self, ticket: int, result: object) -> None:
        """A document that is stored is what a restarted module finds."""
        saved = self.saving.pop(ticket, None)
        if saved is not None and isinstance(result, Stored):
            self.documents[saved.name] = saved.body

    def forget_saves(self) -> None:
        """Those that nobody waits for any more."""
        pending = self.tickets.pending
        self.saving = {ticket: saved for ticket, saved in self.saving.items() if ticket in pending}

    def event(self, origin: int, event: Event, *arguments: float | bytes) -> None:
        """Severity high and severity medium have a box each, so that no flood takes the room of graver events."""
        entry = self.numbers[origin, event]
        body = entry.number.to_bytes(2, "big") + pack_arguments(entry.fields, arguments)
        occurrence = Occurrence(origin, entry.number, entry.severity, body)
        self.post(self.event_boxes.get(Severity(entry.severity), OCCURRENCES), occurrence)
        actions = self.boxes.get(ACTIONS)
        if actions is not None:
            actions.put(occurrence)

    def post(self, name: str, item: object) -> None:
        box = self.boxes.get(name)
        if box is None:
            self.figures.bad_actions += 1
        else:
            box.put(item)

    def _allowed(self, switch: int, level: int) -> bool:
        """An actuator limit holds whatever a module asks; asking beyond it is a fault of that module, and counted."""
        good = 0 <= switch < len(self.highest) and 0 <= level <= self.highest[switch]
        self.figures.bad_actions += not good
        return good

    def _keep(self, slot: Slot, ticket: int, now: int) -> None:
        kept = slot.module.kept_state()
        assert kept is not None, f"{slot.name} keeps nothing"
        body = pack_kept(kept)
        self.kept_bodies[slot.name] = body
        self.tickets.submit(slot.index, ticket, SaveState(slot.name, body), KEEP_WITHIN_NS, now)
