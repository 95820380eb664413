"""Events (service 5): token buckets keep a flood from drowning the rest, and say what they held back."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from flight.declare import (
    DONE,
    MINUTE,
    SECOND,
    U16,
    U32,
    Event,
    Inbox,
    Module,
    Occurrence,
    Outbox,
    Outcome,
    Parameter,
    Priority,
    Refused,
    Request,
    Severity,
    Telemetry,
)
from flight.wire.numbers import read_numbers

OCCURRENCES_MAX = 256  # about 20 s of the worst burst seen at boot
CRITICAL_MAX = 256  # of severity medium; no flood of lesser events can take this room
GRAVE_MAX = 64  # of severity high, which no flood of all the others may starve; each of a mission's once
ENABLE, DISABLE = 5, 6
NEVER_HELD = Severity.HIGH
REPORT_EVERY_NS = MINUTE


class Bucket:
    """Tokens of one event, and what was held back since the last account."""

    __slots__ = ("at", "held", "tokens")

    def __init__(self, tokens: float, now: int) -> None:
        self.tokens, self.at, self.held = tokens, now, 0


class Events(Module):
    """Turns occurrences into reports TM[5,1] to TM[5,4]."""

    serves: ClassVar[tuple[int, ...]] = (5,)

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=30):
        """Events reported and held back."""

        reported: U32
        high: U32
        held_back: U32
        lost: U32
        disabled: U16

    burst = Parameter(5.0, low=1, high=100, about="events of one kind at once before they are held back")
    refill_s = Parameter(10.0, unit="s", low=0.1, high=3600, about="time for one more of the same kind")

    held_back = Event(Severity.LOW, "event {event} held back {count} times", event=U16, count=U32)

    def __init__(self) -> None:
        self.status = self.Status()
        self.occurrences: Inbox[Occurrence] = Inbox(OCCURRENCES_MAX)
        self.critical: Inbox[Occurrence] = Inbox(CRITICAL_MAX)
        self.grave: Inbox[Occurrence] = Inbox(GRAVE_MAX)
        self.requests: Inbox[Request] = Inbox(8)
        self.buckets: dict[int, Bucket] = {}
        self.disabled: set[int] = set()
        self.account_at = 0

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.grave.items:
            for occurrence in self.grave.drain():
                self._report(now, occurrence, Priority.CRITICAL, out)
        if self.critical.items:
            for occurrence in self.critical.drain():
                self._report(now, occurrence, Priority.CRITICAL, out)
        if self.occurrences.items:
            for occurrence in self.occurrences.drain():
                self._report(now, occurrence, Priority.EVENT, out)
        if self.requests.items:
            for request in self.requests.drain():
                out.finish(request.ident, self._serve(request))
        if now >= self.account_at:
            self._account(now, out)

    def _report(self, now: int, occurrence: Occurrence, priority: Priority, out: Outbox) -> None:
        if occurrence.number in self.disabled:
            return
        if occurrence.severity < NEVER_HELD and not self._spend(now, occurrence.number):
            self.status.held_back += 1
            return
        self.status.reported += 1
        self.status.high += occurrence.severity == Severity.HIGH
        out.report(5, occurrence.severity, occurrence.body, priority, occurrence.origin)

    def _spend(self, now: int, number: int) -> bool:
        bucket = self.buckets.get(number)
        if bucket is None:
            bucket = self.buckets[number] = Bucket(self.burst, now)
        earned = (now - bucket.at) / (self.refill_s * SECOND)
        bucket.tokens = min(self.burst, bucket.tokens + earned)
        bucket.at = now
        if bucket.tokens < 1.0:
            bucket.held += 1
            return False
        bucket.tokens -= 1.0
        return True

    def _account(self, now: int, out: Outbox) -> None:
        """Say what was held back, by event; bypasses the buckets, at most once a minute for each event."""
        self.account_at = now + REPORT_EVERY_NS
        self.status.lost = self.occurrences.dropped + self.critical.dropped + self.grave.dropped
        self.status.disabled = len(self.disabled)
        for number, bucket in self.buckets.items():
            if bucket.held:
                out.event(self.held_back, number, bucket.held)
                bucket.held = 0

    def _serve(self, request: Request) -> Outcome:
        if request.subtype not in (ENABLE, DISABLE):
            return Refused(f"TC[5,{request.subtype}] is not offered")
        numbers = read_numbers(request.data)
        if numbers is None:
            return Refused("expected a count u16 and that many event numbers u16")
        if request.subtype == ENABLE:
            self.disabled -= set(numbers)
        else:
            self.disabled |= set(numbers)
        return DONE
