"""Tickets: work handed to a worker, and its end: an answer, or the time is over."""

from __future__ import annotations

from dataclasses import dataclass

from flight.ports import Worker

PENDING_MAX = 256  # a module that waits for more than its share has lost its worker; more would hide it


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The worker did not answer within the time that the module gave it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The worker could not take the request: queue full, or being restarted."""


NEVER = 2**63


class Tickets:
    """Who waits for which ticket, and until when."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.pending: dict[int, tuple[int, int]] = {}  # ticket -> (owner, deadline)
        self.ended: list[tuple[int, int, object]] = []  # owner, ticket, result
        self.first_deadline = NEVER
        self.look_at = NEVER  # between whole seconds, when there may be an end to collect
        self.failures = 0

    def submit(self, owner: int, ticket: int, request: object, within_ns: int, now: int) -> None:
        self.look_at = now
        if len(self.pending) >= PENDING_MAX or not self.worker.submit(ticket, request, now):
            self.failures += 1
            self.ended.append((owner, ticket, Rejected()))
            return
        deadline = now + within_ns
        self.pending[ticket] = (owner, deadline)
        self.first_deadline = min(self.first_deadline, deadline)

    def busy(self) -> bool:
        return bool(self.pending or self.ended)

    def collect(self, now: int) -> list[tuple[int, int, object]]:
        """(owner, ticket, result) of all that has ended.  A late answer to a ticket that timed out is dropped."""
        for ticket, result in self.worker.poll(now):
            waiting = self.pending.pop(ticket, None)
            if waiting is not None:
                self.ended.append((waiting[0], ticket, result))
        if now >= self.first_deadline:
            self._expire(now)
        ended, self.ended = self.ended, []
        self.look_at = min(self.worker.due(now), self.first_deadline) if self.pending else NEVER
        return ended

    def _expire(self, now: int) -> None:
        for ticket, (owner, deadline) in list(self.pending.items()):
            if deadline <= now:
                del self.pending[ticket]
                self.failures += 1
                self.ended.append((owner, ticket, TimedOut()))
        self.first_deadline = min((deadline for _, deadline in self.pending.values()), default=NEVER)

    def forget(self, owner: int) -> None:
        """The owner has been restarted: what it waited for is no longer wanted."""
        self.pending = {ticket: waiting for ticket, waiting in self.pending.items() if waiting[0] != owner}
