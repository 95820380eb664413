"""What a module may ask for: an outbox that the executive empties after every step, and inboxes it fills."""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from flight.declare.commands import Outcome
from flight.declare.modes import Mode
from flight.declare.packets import Event

Item = TypeVar("Item")


class Overflow(enum.Enum):
    """What a full inbox does.  Every loss is counted."""

    DROP_OLDEST = "drop oldest"
    DROP_NEWEST = "drop newest"


class Inbox(Generic[Item]):
    """A bounded queue that a module declares as an attribute; others reach it as `module.attribute`."""

    __slots__ = ("capacity", "dropped", "items", "overflow", "taken")

    def __init__(self, capacity: int, overflow: Overflow = Overflow.DROP_NEWEST) -> None:
        assert capacity > 0
        self.capacity = capacity
        self.overflow = overflow
        self.items: deque[Item] = deque()
        self.dropped = 0
        self.taken = 0

    def put(self, item: Item) -> bool:
        """False if something was lost: this item, or the oldest, by the declared policy."""
        if len(self.items) < self.capacity:
            self.items.append(item)
            self.taken += 1
            return True
        self.dropped += 1
        if self.overflow is Overflow.DROP_OLDEST:
            self.items.popleft()
            self.items.append(item)
            self.taken += 1
        return False

    def drain(self) -> list[Item]:
        """All that is in it, oldest first."""
        taken = list(self.items)
        self.items.clear()
        return taken


class Priority(enum.IntEnum):
    """Who goes down first, and which packet store keeps it (see docs/operate.md)."""

    CRITICAL = 0  # command verification, events of severity high and medium
    EVENT = 1  # all other events and reports on request
    HOUSEKEEPING = 2


@dataclass(frozen=True, slots=True)
class Report:
    """A telemetry packet that is no housekeeping: service, subtype and its packed body.

    `origin` is the index of the module in whose name (APID) it goes down; the sender's own where None.
    """

    service: int
    subtype: int
    body: bytes
    priority: Priority = Priority.EVENT
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that happened: who (index), its number and severity, and its packed body (number u16, arguments)."""

    origin: int
    number: int
    severity: int
    body: bytes


class Why(enum.IntEnum):
    """Who asks for a mode."""

    COMMAND = 0
    BOOT = 1
    FAULT = 2
    LADDER = 3
    COMMAND_LOSS = 4
    REBOOT_LOOP = 5
    ISOLATION = 6
    RECOVERED = 7


@dataclass(frozen=True, slots=True)
class ModeRequest:
    """Somebody asks for a mode, in the inbox `modes.requests`; the modes module alone decides."""

    mode: Mode
    why: Why
    ident: int = 0  # the command to finish, if a command asked


@dataclass(frozen=True, slots=True)
class Request:
    """A telecommand of a standard service, for the module that serves it; ended by `out.finish(ident, outcome)`."""

    ident: int
    service: int
    subtype: int
    data: bytes
    source: int = 0


@dataclass(frozen=True, slots=True)
class SwitchStores:
    """For the inbox `recorder.switches`: whether these stores take packets.  The recorder ends the command `ident`."""

    ident: int
    stores: tuple[int, ...]
    on: bool


@dataclass(frozen=True, slots=True)
class Invocation:
    """The commands module asks the executive to call a command on another module."""

    ident: int
    function: int
    arguments: tuple[object, ...]
    source: int = 0


class Outbox:
    """Collected during a step; performed by the executive after it, in the order of the lists below."""

    __slots__ = (
        "events",
        "finished",
        "frames",
        "invocations",
        "keeping",
        "next_ticket",
        "posts",
        "reports",
        "requests",
        "switches",
        "used",
    )

    def __init__(self) -> None:
        self.events: list[tuple[Event, tuple[float | bytes, ...]]] = []
        self.reports: list[Report] = []
        self.switches: list[tuple[int, int]] = []
        self.posts: list[tuple[str, object]] = []
        self.invocations: list[Invocation] = []
        self.finished: list[tuple[int, Outcome]] = []
        self.requests: list[tuple[int, object, int]] = []
        self.frames: list[bytes] = []
        self.keeping = 0  # the ticket of the wanted write, 0 for none
        self.next_ticket = 1
        self.used = False

    def event(self, event: Event, *arguments: float | bytes) -> None:
        self.used = True
        self.events.append((event, arguments))

    def report(
        self,
        service: int,
        subtype: int,
        body: bytes,
        priority: Priority = Priority.EVENT,
        origin: int | None = None,
    ) -> None:
        self.used = True
        self.reports.append(Report(service, subtype, body, priority, origin))

    def set(self, switch: int, level: int) -> None:
        """Ask for an actuator level; idempotent, read back by the caller through its inputs."""
        self.used = True
        self.switches.append((switch, level))

    def post(self, inbox: str, item: object) -> None:
        """Put `item` into another module's inbox, named `module.attribute`."""
        self.used = True
        self.posts.append((inbox, item))

    def invoke(self, invocation: Invocation) -> None:
        self.used = True
        self.invocations.append(invocation)

    def finish(self, ident: int, outcome: Outcome) -> None:
        """End a command that answered `Waiting`."""
        self.used = True
        self.finished.append((ident, outcome))

    def submit(self, request: object, within_ns: int) -> int:
        """Hand work to a worker.  The ticket comes back in `Module.completed`, also when the time is over."""
        self.used = True
        ticket = self.next_ticket
        self.next_ticket += 1
        self.requests.append((ticket, request, within_ns))
        return ticket

    def transmit(self, data: bytes) -> None:
        self.used = True
        self.frames.append(data)

    def keep(self) -> int:
        """Write `self.kept` to its critical slot.  The ticket completes when it is on disk."""
        self.used = True
        if not self.keeping:
            self.keeping = self.next_ticket
            self.next_ticket += 1
        return self.keeping

    def clear(self) -> None:
        for box in (self.events, self.reports, self.switches, self.posts, self.invocations, self.finished):
            box.clear()
        self.requests.clear()
        self.frames.clear()
        self.keeping = 0
        self.used = False
