"""Which mode the spacecraft is in, and who may change it.

The mission's table of `Transition`s says who may go where, and under which conditions.  Two things are in no
table: after any reset BOOT turns into SAFE, and SAFE may be entered from everywhere, by everyone, at once.

What put the spacecraft into a mode is kept as a set of reasons, of SAFE also over a reboot, so that neither a second
request nor a reset can launder a grave reason into a harmless one.  Only leaving the mode clears the set.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from flight.declare import (
    BOOT,
    DONE,
    SAFE,
    SECOND,
    U8,
    U32,
    Boot,
    Call,
    DeclarationError,
    Event,
    Inbox,
    Kept,
    Mode,
    ModeRequest,
    Module,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Signals,
    Telemetry,
    Why,
    about,
    command,
    unit,
)

REQUESTS_MAX = 8  # one of each reason
HIGHEST_RUNG = 6
REFUSAL_EVENT_EVERY_NS = 10 * SECOND  # who asks in vain each second is counted, and reported now and then
EXPECTED = (Why.BOOT, Why.COMMAND)  # safe mode for these is no alarm
NOT_HELD = -1


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted change of mode.  `Why.RECOVERED` in `by` lets the spacecraft make it by itself.

    The conditions hold for everyone who asks: ladder rung, charge (0..1), and how long both have held.  Why the
    present mode was entered must be in `after`; of SAFE, every reason that has accumulated.
    """

    origin: Mode
    target: Mode
    by: tuple[Why, ...]
    rung_at_most: int = HIGHEST_RUNG
    charge_at_least: float = 0.0
    dwell_s: float = 0.0
    after: tuple[Why, ...] = tuple(Why)
    clean_boot: bool = False  # only if the last run ended in order

    def __post_init__(self) -> None:
        if self.origin is BOOT or self.target in {BOOT, SAFE} or self.origin is self.target:
            raise DeclarationError(f"{self.origin.name} to {self.target.name} is not for a table to permit")
        if not self.by:
            raise DeclarationError(f"{self.origin.name} to {self.target.name}: nobody may ask")
        if self.origin is SAFE and Why.RECOVERED in self.by and self.dwell_s <= 0:
            raise DeclarationError("leaving SAFE without being asked needs a dwell")


def own_ways(rows: tuple[Transition, ...]) -> tuple[tuple[int, Transition, int], ...]:
    """(index, row, dwell in ns) of the changes that need nobody to ask."""
    return tuple(
        (index, row, int(row.dwell_s * SECOND)) for index, row in enumerate(rows) if Why.RECOVERED in row.by
    )


def ways_of(table: tuple[Transition, ...], why: Why) -> frozenset[tuple[Mode, Mode]]:
    """(from, to) that the table permits to `why` under all conditions: for the check of a fault table."""
    return frozenset(
        (row.origin, row.target)
        for row in table
        if why in row.by and row == Transition(row.origin, row.target, row.by)
    )


def reasons_mask(reasons: tuple[Why, ...]) -> int:
    return sum(1 << why for why in set(reasons))


class Modes(Module):
    """The only writer of the mode."""

    class Inputs(NamedTuple):
        rung: int
        charge: float

    class Outputs(Signals):
        mode: U8

    class State(Kept, version=1):
        mode: Mode
        why: Why
        reasons: U8

    class Status(Telemetry, period=10):
        """The mode, since when and why."""

        mode: Mode
        why: Why
        reasons: Annotated[U8, about("of the present mode, one bit for each value of `why`")]
        in_mode_s: Annotated[U32, unit("s")]
        previous: Mode
        before_boot: Mode
        why_before_boot: Why
        clean_boot: bool
        safe_set: bool
        changes: U32
        refused: U32

    changed = Event(Severity.MEDIUM, "mode {old} to {new}: {why}", old=Mode, new=Mode, why=Why)
    safed = Event(Severity.HIGH, "safe mode entered from {old}: {why}", old=Mode, why=Why)
    another_reason = Event(Severity.MEDIUM, "safe mode has another reason: {why}", why=Why)
    refused = Event(Severity.LOW, "mode {old} to {new} refused to {why}", old=Mode, new=Mode, why=Why)

    def __init__(self, table: tuple[Transition, ...]) -> None:
        self.outputs = self.Outputs()
        self.kept = self.State()
        self.status = self.Status()
        self.requests: Inbox[ModeRequest] = Inbox(REQUESTS_MAX)
        self.rows = {mode: tuple(row for row in table if row.origin is mode) for mode in Mode}
        self.own_ways = {mode: own_ways(rows) for mode, rows in self.rows.items()}
        self.mode = BOOT
        self.reasons = 0
        self.since = 0
        self.held_since: list[int] = []  # by row of the present mode: when its rung and charge began to hold
        self.clean = self.safe_set = False
        self.rung, self.charge = HIGHEST_RUNG, 0.0  # worst case until the first step
        self.refusal_quiet_until = 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.clean, self.safe_set = boot.clean, boot.safe
        status, kept = self.status, self.kept
        status.clean_boot, status.safe_set = boot.clean, boot.safe
        status.before_boot, status.why_before_boot = kept.mode, kept.why
        if kept.mode == SAFE:
            self.reasons = kept.reasons
        self._enter(now, BOOT)

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.rung, self.charge = sees
        if self.mode is BOOT:
            self._enter_safe(now, Why.BOOT, out)
        self._watch(now)
        if self.requests.items:
            for request in self.requests.drain():
                self._serve(now, request, out)
        held = self.held_since
        for index, row, dwell_ns in self.own_ways[self.mode]:
            due = held[index] != NOT_HELD and now - held[index] >= dwell_ns
            if due and self._obstacle(now, index, row) is None:
                self._change(now, row.target, Why.RECOVERED, out)
                break
        self.status.in_mode_s = (now - self.since) // SECOND

    @command()
    def go(self, call: Call, out: Outbox, mode: Mode) -> Outcome:
        """Change the mode, if the mission's table permits it now; SAFE is always permitted."""
        return self._decide(call.now, Mode(mode), Why.COMMAND, out)

    def _serve(self, now: int, request: ModeRequest, out: Outbox) -> None:
        old = self.mode
        outcome = self._decide(now, request.mode, request.why, out)
        if request.ident:
            out.finish(request.ident, outcome)
        elif isinstance(outcome, Refused) and now >= self.refusal_quiet_until:
            self.refusal_quiet_until = now + REFUSAL_EVENT_EVERY_NS
            out.event(self.refused, old, request.mode, request.why)

    def _decide(self, now: int, target: Mode, why: Why, out: Outbox) -> Outcome:
        if target is SAFE:
            self._enter_safe(now, why, out)
            return DONE
        if target is self.mode:
            self._another(why, out)
            return DONE
        obstacle = f"no way from {self.mode.name} to {target.name} for {why.name}"
        for index, row in enumerate(self.rows[self.mode]):
            if row.target is target and why in row.by:
                found = self._obstacle(now, index, row)
                if found is None:
                    self._change(now, target, why, out)
                    return DONE
                obstacle = found
        self.status.refused += 1
        return Refused(obstacle)

    def _obstacle(self, now: int, index: int, row: Transition) -> str | None:
        """What stands in the way of this row now, whoever may ask; or None."""
        if self.safe_set:
            return "only the safe set of modules runs"
        graver = self.reasons & ~reasons_mask(row.after)
        if graver:
            return f"{self.mode.name} because of {', '.join(why.name for why in Why if graver >> why & 1)}"
        if row.clean_boot and not self.clean:
            return "the last run did not end in order"
        return self._unmet(now, index, row)

    def _unmet(self, now: int, index: int, row: Transition) -> str | None:
        if not self.rung <= row.rung_at_most:
            return f"rung is {self.rung}, {row.rung_at_most} at most"
        if not self.charge >= row.charge_at_least:
            return f"charge is {self.charge:.2f}, {row.charge_at_least:.2f} at least"
        since = self.held_since[index]
        if row.dwell_s and (since == NOT_HELD or now - since < row.dwell_s * SECOND):
            return f"rung and charge must hold for {row.dwell_s:g} s"
        return None

    def _watch(self, now: int) -> None:
        """Since when each way out of this mode has its rung and charge; written so that NaN does not hold."""
        rung, charge, held = self.rung, self.charge, self.held_since
        for index, row in enumerate(self.rows[self.mode]):
            if rung <= row.rung_at_most and charge >= row.charge_at_least:
                if held[index] == NOT_HELD:
                    held[index] = now
            else:
                held[index] = NOT_HELD

    def _enter_safe(self, now: int, why: Why, out: Outbox) -> None:
        """Always and at once.  A request while in SAFE adds its reason, and starts every dwell anew."""
        if self.mode is not SAFE:
            if self.mode is not BOOT:
                self.reasons = 0
            self.reasons |= 1 << why
            self._change(now, SAFE, why, out)
            return
        self.held_since = [NOT_HELD] * len(self.rows[SAFE])
        if self._another(why, out):
            self.status.why = why
            out.event(self.another_reason, why)

    def _another(self, why: Why, out: Outbox) -> bool:
        """Somebody asks for the mode that we are in: one more reason for it.  False if it was one already."""
        if self.reasons >> why & 1:
            return False
        self.reasons |= 1 << why
        self._keep(why, out)
        return True

    def _change(self, now: int, target: Mode, why: Why, out: Outbox) -> None:
        old = self.mode
        if target is not SAFE:
            self.reasons = 1 << why
        self._enter(now, target)
        self.status.previous, self.status.why = old, why
        self.status.changes += 1
        if target is SAFE and why not in EXPECTED:
            out.event(self.safed, old, why)
        else:
            out.event(self.changed, old, target, why)
        self._keep(why, out)

    def _enter(self, now: int, mode: Mode) -> None:
        self.mode = mode
        self.outputs.mode = self.status.mode = mode
        self.since = now
        self.held_since = [NOT_HELD] * len(self.rows[mode])

    def _keep(self, why: Why, out: Outbox) -> None:
        self.kept.mode, self.kept.why, self.kept.reasons = self.mode, why, self.reasons
        self.status.reasons = self.reasons
        out.keep()
