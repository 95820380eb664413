"""The switched supply rails: what is on, what the ladder sheds, and whether the switch did as told.

An essential rail is never shed and cannot be commanded off.  A rail that another module may also cut
(`yields`) is watched in one direction: while it must be off, it is kept off; while it may be on, its owner
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flight.declare import DONE, SECOND, Call, Event, Outbox, Outcome, Refused, Waiting

FOLLOW_NS = 3 * SECOND  # a switch has answered within two readings, or it has not
AGAIN_NS = 10 * SECOND  # an order that was not followed is given again this often
SWITCHES_MAX = 64  # bits of the signal `rails_allowed`
MASK_MAX = (1 << 64) - 1


class Order(NamedTuple):
    """A command that waits for its rail."""

    ident: int
    until: int
    on: bool


@dataclass(frozen=True, slots=True)
class Rail:
    """One switched rail.  `shed_at` is the rung from which it is off; None never sheds it."""

    name: str
    switch: int
    shed_at: int | None = None
    essential: bool = False
    yields: bool = False
    measured: bool = False  # there is a sensor `rail_current_<name>`

    def __post_init__(self) -> None:
        assert 0 <= self.switch < SWITCHES_MAX, self
        assert self.shed_at is None or (1 <= self.shed_at <= 6 and not self.essential), self


class RailEvents:
    """Built with the rails' names by the power module's factory."""

    mismatch: Event
    followed: Event
    shed: Event
    restored: Event


class Rails:
    """`step` once a second.  Rails are shed all at once, restored one a second for their inrush currents."""

    def __init__(self, events: RailEvents, table: tuple[Rail, ...]) -> None:
        assert len({rail.switch for rail in table}) == len(table), "two rails on one switch"
        self.events, self.table = events, table
        self.switched_off = 0  # bit a rail: off by command
        self.on = [False] * len(table)
        self.read = [-1] * len(table)  # level read back, -1 unknown
        self.wrong_since: list[int | None] = [None] * len(table)
        self.told = [False] * len(table)
        self.again_at = [0] * len(table)
        self.waiting: list[Order | None] = [None] * len(table)
        self.adopted = False
        self.quiet = False  # nothing differs, nothing waits: a step with the same inputs has no effect
        self.seen_rung = -1
        self.seen_levels: tuple[int, ...] = ()
        self.mismatches = 0

    def allowed(self) -> int:
        """One bit a switch: the rail on it may be on."""
        return sum(1 << rail.switch for rail, on in zip(self.table, self.on, strict=True) if on)

    def off_count(self) -> int:
        return self.on.count(False)

    def order(self, call: Call, number: int, on: bool) -> Outcome:
        """A command: refused for an essential rail, a shed one, or while it is being switched."""
        rail = self.table[number]
        if rail.essential and not on:
            return Refused(f"rail {rail.name} is essential")
        if on and rail.shed_at is not None and self.seen_rung >= rail.shed_at:
            return Refused(f"rail {rail.name} is shed at rung {self.seen_rung}")
        waiting = self.waiting[number]
        if waiting is not None and call.now < waiting.until:
            return Refused(f"rail {rail.name} is being switched")
        bit = 1 << number
        self.switched_off = self.switched_off & ~bit if on else self.switched_off | bit
        if self.on[number] is on and (self.read[number] > 0) is on:
            return DONE
        self.waiting[number] = Order(call.ident, call.now + FOLLOW_NS, on)
        self.quiet = False
        return Waiting(FOLLOW_NS + SECOND)

    def step(self, now: int, rung: int, levels: tuple[int, ...], out: Outbox) -> bool:
        """True if a rail was switched."""
        if self.quiet and rung == self.seen_rung and levels == self.seen_levels:
            return False
        before = self.on.copy()
        self.seen_rung, self.seen_levels = rung, levels
        self._read_back(levels)
        self._switch(rung, out)
        for number in range(len(self.table)):
            self._verify(now, number, out)
        self.quiet = not any(self.wrong_since) and not any(self.waiting) and self.on == before
        return self.on != before

    def _read_back(self, levels: tuple[int, ...]) -> None:
        for number, rail in enumerate(self.table):
            self.read[number] = levels[rail.switch] if rail.switch < len(levels) else -1
            if not self.adopted:  # after a restart of the module the rails are as they are
                self.on[number] = self.read[number] > 0
        self.adopted = True

    def _switch(self, rung: int, out: Outbox) -> None:
        restored = False
        for number, rail in enumerate(self.table):
            off_by_command = bool(self.switched_off >> number & 1)
            shed = rail.shed_at is not None and rung >= rail.shed_at
            wanted = rail.essential or not (off_by_command or shed)
            if wanted is self.on[number] or (wanted and restored):
                continue
            self.on[number] = wanted
            self.wrong_since[number] = None
            if not (wanted and rail.yields):  # its owner switches it on when it wants to
                out.set(rail.switch, int(wanted))
            if wanted:
                restored = True
                out.event(self.events.restored, number)
            elif shed:
                out.event(self.events.shed, number, rung)

    def _verify(self, now: int, number: int, out: Outbox) -> None:
        rail, on = self.table[number], self.on[number]
        self._answer(now, number, out)
        if (self.read[number] > 0) is on or (rail.yields and on and self.read[number] == 0):
            self._right(number, out)
            return
        since = self.wrong_since[number]
        if since is None:
            self.wrong_since[number], self.again_at[number] = now or 1, now + AGAIN_NS
        elif now - since >= FOLLOW_NS and not self.told[number]:
            self.told[number] = True
            self.mismatches += 1
            out.event(self.events.mismatch, number, on, max(self.read[number], 0))
        if now >= self.again_at[number]:
            self.again_at[number] = now + AGAIN_NS
            out.set(rail.switch, int(on))

    def _right(self, number: int, out: Outbox) -> None:
        self.wrong_since[number] = None
        if self.told[number]:
            self.told[number] = False
            out.event(self.events.followed, number)

    def _answer(self, now: int, number: int, out: Outbox) -> None:
        """End the command that waits for this rail, if its end is known."""
        order = self.waiting[number]
        if order is None:
            return
        followed = (self.read[number] > 0) is order.on or (self.table[number].yields and order.on)
        if self.on[number] is order.on and followed:
            out.finish(order.ident, DONE)
        elif now >= order.until:
            why = "did not follow" if self.on[number] is order.on else f"is shed at rung {self.seen_rung}"
            out.finish(order.ident, Refused(f"rail {self.table[number].name} {why}"))
        else:
            return
        self.waiting[number] = None
