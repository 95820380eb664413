"""Commands under way: who asked, what was promised, and by when it must be answered."""

from __future__ import annotations

from dataclasses import dataclass

from flight.declare import Complaint
from flight.wire import Failure

OPEN_MAX = 64  # more commands than that at once are refused as a full queue
RECENT_MAX = 64  # final answers, and refusals, that are given again when their telecommand comes again
OURS = frozenset(
    {Failure.QUEUE_FULL, Failure.STORAGE}
)  # no fault of the command: it may come again and be taken


@dataclass(frozen=True, slots=True)
class Answer:
    """A final report as it was given: its subtype, and its body."""

    subtype: int
    body: bytes


@dataclass(slots=True)
class Open:
    """One accepted command without its final answer."""

    ident: int
    request: int  # the request id that reports name
    wants: int  # acknowledgement flags of the telecommand
    deadline: int
    identity: int = (
        0  # of the telecommand; 0 when released by a schedule or a sequence, which nothing repeats
    )


class Ledger:
    """All open commands.  Every one leaves by an outcome or by its deadline."""

    def __init__(self) -> None:
        self.open: dict[int, Open] = {}
        self.next_ident = 1
        self.recent: dict[int, Answer] = {}  # by identity, as is the next
        self.refusals: dict[int, Complaint] = {}

    def full(self) -> bool:
        return len(self.open) >= OPEN_MAX

    def begin(self, request: int, wants: int, deadline: int, identity: int) -> Open:
        entry = Open(self.next_ident, request, wants, deadline, identity)
        self.next_ident += 1
        self.open[entry.ident] = entry
        return entry

    def end(self, ident: int) -> Open | None:
        return self.open.pop(ident, None)

    def remember(self, entry: Open, answer: Answer) -> None:
        """So that a repeated telecommand gets the same answer, and nothing runs twice."""
        if entry.identity:
            self.recent[entry.identity] = answer
            if len(self.recent) > RECENT_MAX:
                del self.recent[next(iter(self.recent))]

    def remember_refusal(self, identity: int, complaint: Complaint) -> None:
        """So that the echo of a command that was not armed does not run when another has been armed since."""
        if complaint.code != Failure.QUEUE_FULL:  # which is no fault of the command
            self.refusals[identity] = complaint
            if len(self.refusals) > RECENT_MAX:
                del self.refusals[next(iter(self.refusals))]

    def extend(self, ident: int, deadline: int) -> None:
        if ident in self.open:
            self.open[ident].deadline = deadline

    def overdue(self, now: int) -> list[Open]:
        late = [entry for entry in self.open.values() if now >= entry.deadline]
        for entry in late:
            del self.open[entry.ident]
        return late
