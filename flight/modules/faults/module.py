"""The fault engine: finds bad rows by generated code, and carries out their episodes."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, cast

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U32,
    U64,
    Boot,
    Call,
    Event,
    Inbox,
    ModeRequest,
    Module,
    Outbox,
    Outcome,
    Refused,
    Request,
    Severity,
    Signals,
    Stored,
    Telemetry,
    Waiting,
    Why,
    about,
    telemetry,
)
from flight.modules.faults.memory import Memory, differing, remember, table_hash
from flight.modules.faults.monitoring import report_clear, report_trip, serve
from flight.modules.faults.row import NEVER, Row, RowState
from flight.modules.faults.scan import Inputs, compile_scan, inputs_of
from flight.modules.faults.switching import Switching, reading
from flight.modules.faults.table import AskMode, CycleRail, Fault, RaiseRung, ReportOnly, SetLevel

MODE_REQUESTS = "modes.requests"
STORE_WITHIN_NS = 60 * SECOND
ROWS_PERIOD_S = 30
OPEN_COMMANDS_MAX = 8  # commands that wait for their effect to be on disk


class Faults(Module):
    """Base of a mission's fault engine: `faults_of` joins it to a table."""

    serves: ClassVar[tuple[int, ...]] = (12,)

    table: ClassVar[tuple[Fault, ...]]
    switches: ClassVar[tuple[str, ...]]
    tripped: ClassVar[tuple[Event, ...]]  # by row
    cleared: ClassVar[Event]
    retried: ClassVar[Event]
    exhausted: ClassVar[Event]
    escalated: ClassVar[Event]

    class Outputs(Signals):
        fault_rung: U8
        faults_active: U8

    class Status(Telemetry, period=10):
        """What the engine has done since its start."""

        evaluations: Annotated[U64, about("rows looked at")]
        trips: U32
        clears: U32
        responses: Annotated[U32, about("retries included")]
        retries: U32
        exhausted: U32
        escalations: U32
        disobeyed: Annotated[U32, about("switches that did not read back what a response had set")]
        active: U8
        observing: U8
        fault_rung: U8
        acting: Annotated[bool, about("off: no row responds, until it is enabled or the next boot")]

    not_obeyed = Event(
        Severity.MEDIUM, "switch {switch} reads {reads} instead of {level}", switch=U8, reads=U8, level=U8
    )
    suspended = Event(Severity.MEDIUM, "no row responds any more, until it is enabled or the next boot")
    resumed = Event(Severity.LOW, "rows respond again")

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.status = self.Status()
        self.status.acting = True
        self.requests: Inbox[Request] = Inbox(8)
        self.states = telemetry("States", {fault.name: RowState for fault in self.table}, ROWS_PERIOD_S)()
        self.kept = Memory()
        self.Inputs = inputs_of(self.table)
        fields: Sequence[str] = getattr(self.Inputs, "_fields", ())
        self.scan = compile_scan(self.table, fields)
        self.rows = tuple(
            Row(index, fault, fields.index(fault.signal), self.tripped[index])
            for index, fault in enumerate(self.table)
        )
        self.by_name = {row.fault.name: row for row in self.rows}
        self.count = len(self.rows)
        self.mode_at, self.levels_at = fields.index("mode"), fields.index("levels")
        self.switching = Switching(self.kept, self.not_obeyed)
        self.bad: list[int] = []  # refilled by each scan
        self.found = self.bad.append
        self.watched: set[int] = set()  # rows with an open persistence or episode
        self.unstored: list[tuple[int, int]] = []  # (ticket, command)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        if self.kept.table == table_hash(self.table):
            differs = differing(self.kept)
            for row in self.rows:
                row.observing = row.fault.observe_only != bool(differs >> row.index & 1)
        self.switching.start(now, boot, out)
        self._show_all()

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.status.evaluations += self.count
        if self.requests.items:
            for request in self.requests.drain():
                out.finish(request.ident, serve(self, request, out))
        self.scan(sees, self.found)
        if self.bad or self.watched:
            self._settle(now, sees, out)
        if self.switching.busy:
            self._follow(now, sees, out)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        for waiting, ident in self.unstored:
            if waiting == ticket:
                out.finish(ident, DONE if isinstance(result, Stored) else Refused("in force, but not stored"))
        self.unstored = [entry for entry in self.unstored if entry[0] != ticket]

    def _follow(self, now: int, sees: Inputs, out: Outbox) -> None:
        levels = cast(tuple[int, ...], sees[self.levels_at])
        self.switching.follow(now, levels, out)
        self.status.disobeyed = self.switching.disobeyed

    # ---------------------------------------------------------------- episodes

    def _settle(self, now: int, sees: Inputs, out: Outbox) -> None:
        """All rows that are bad or have something open, in the order of the table."""
        bad = set(self.bad)
        self.bad.clear()
        targets: list[Row] = []
        for index in sorted(bad | self.watched):
            row = self.rows[index]
            if index not in bad:
                self._not_bad(now, row, sees, out)
            elif self._persisted(now, row, sees, out):
                targets += self._act(now, row, sees, out)
        if targets:
            self._escalate(now, targets, sees, out)
        for index in bad | self.watched:
            row = self.rows[index]
            setattr(self.states, row.fault.name, row.state)
            if row.quiet:
                self.watched.discard(index)
        self._publish()

    def _persisted(self, now: int, row: Row, sees: Inputs, out: Outbox) -> bool:
        """Bad, and for long enough: then an episode is under way."""
        self.watched.add(row.index)
        row.clear_since = NEVER
        if row.bad_since == NEVER:
            row.bad_since = now
        if now - row.bad_since < row.persist_ns:
            return False
        if not row.active:
            self._trip(now, row, sees, out)
        return True

    def _not_bad(self, now: int, row: Row, sees: Inputs, out: Outbox) -> None:
        """Good, or masked by the mode: no further response, but an episode can end."""
        row.bad_since = NEVER
        if not (row.active and row.clear_holds(sees[row.position])):
            row.clear_since = NEVER
            return
        if row.clear_since == NEVER:
            row.clear_since = now
        if now - row.clear_since >= row.persist_ns:
            row.active = row.exhausted = False
            row.clear_since = NEVER
            row.ended_at = now
            row.rung = 0
            self.status.clears += 1
            out.event(self.cleared, row.index)
            report_clear(now, row, _number(sees[row.position]), out)

    def _trip(self, now: int, row: Row, sees: Inputs, out: Outbox) -> None:
        """An episode begins.  Soon after the last one it goes on with that one's budget: flapping must not last."""
        self.watched.add(row.index)
        row.active = True
        if row.ended_at == NEVER or now - row.ended_at >= row.cooldown_ns:
            row.tries = 0
        self.status.trips += 1
        value = _number(sees[row.position])
        out.event(row.event, value)
        report_trip(now, row, value, out)

    def _escalate(self, now: int, targets: list[Row], sees: Inputs, out: Outbox) -> None:
        """After all rows have been looked at, so that their order does not matter.  The table has no cycles."""
        for target in targets:  # grows while a chain is followed
            if not target.active:
                self._trip(now, target, sees, out)
            targets += self._act(now, target, sees, out)

    def _act(self, now: int, row: Row, sees: Inputs, out: Outbox) -> tuple[Row, ...]:
        """At most one response of one row.  Returns the row that it escalates to, if it comes to that."""
        fault = row.fault
        if row.observing or not self.status.acting or row.exhausted or now < row.next_at:
            return ()
        if isinstance(fault.response, ReportOnly) and not fault.escalate:
            return ()
        if row.tries <= fault.retries:
            if self._perform(now, row, sees, out):
                self._responded(now, row, out)
            return ()
        row.exhausted = True
        row.next_at = now + row.cooldown_ns
        self.status.exhausted += 1
        out.event(self.exhausted, row.index, row.tries)
        if not fault.escalate:
            return ()
        target = self.by_name[fault.escalate]
        self.status.escalations += 1
        out.event(self.escalated, row.index, target.index)
        return (target,)

    def _responded(self, now: int, row: Row, out: Outbox) -> None:
        row.tries += 1
        row.next_at = now + row.cooldown_ns
        self.status.responses += 1
        if row.tries > 1:
            self.status.retries += 1
            out.event(self.retried, row.index, row.tries - 1)

    def _perform(self, now: int, row: Row, sees: Inputs, out: Outbox) -> bool:
        """False if it has to wait for another row's cycle."""
        match row.fault.response:
            case AskMode(mode):
                out.post(MODE_REQUESTS, ModeRequest(mode, Why.FAULT))
            case RaiseRung(rung):
                row.rung = rung
            case SetLevel(name, level):
                self.switching.set(now, self.switches.index(name), level, out)
            case CycleRail(name, off_s):
                return self._cycle(now, self.switches.index(name), int(off_s * SECOND), sees, out)
            case ReportOnly():
                pass
        return True

    def _cycle(self, now: int, switch: int, off_ns: int, sees: Inputs, out: Outbox) -> bool:
        if self.switching.cycling:
            return False
        level = reading(cast(tuple[int, ...], sees[self.levels_at]), switch)
        if level:
            self.switching.cycle(now, switch, level, off_ns, out)
        return True

    # ---------------------------------------------------------------- what others see

    def _publish(self) -> None:
        status, outputs = self.status, self.outputs
        active = [self.rows[index] for index in self.watched if self.rows[index].active]
        acting = [row for row in active if not row.observing] if status.acting else []
        status.active = len(active)
        outputs.faults_active = len(acting)
        outputs.fault_rung = status.fault_rung = max((row.rung for row in acting), default=0)

    def _show_all(self) -> None:
        for row in self.rows:
            setattr(self.states, row.fault.name, row.state)
        self.status.observing = sum(row.observing for row in self.rows)

    # ---------------------------------------------------------------- commands, joined to the table in `faults_of`

    def set_observing(self, rows: Sequence[int], on: bool, ident: int, out: Outbox) -> Outcome:
        wrong = [index for index in rows if not 0 <= index < self.count]
        if wrong:
            return Refused(f"there are {self.count} rows")
        if len(self.unstored) >= OPEN_COMMANDS_MAX:
            return Refused("too many commands wait for storage")
        for row in (self.rows[index] for index in rows):
            row.observing = on
            if on:
                row.rung = 0
        differs = sum(1 << row.index for row in self.rows if row.observing != row.fault.observe_only)
        remember(self.kept, differs, table_hash(self.table))
        self.unstored.append((out.keep(), ident))
        self._show_all()
        self._publish()
        return Waiting(STORE_WITHIN_NS)

    def set_acting(self, on: bool, out: Outbox) -> None:
        """All rows at once, until the next boot: a spacecraft that comes up anew protects itself."""
        if on == self.status.acting:
            return
        self.status.acting = on
        out.event(self.resumed if on else self.suspended)
        for row in self.rows:
            if on:
                row.resume()
            else:
                row.rung = 0
        self._show_all()
        self._publish()

    def reset_row(self, index: int, _call: Call, out: Outbox) -> Outcome:
        if not 0 <= index < self.count:
            return Refused(f"there are {self.count} rows")
        row = self.rows[index]
        if row.active:
            self.status.clears += 1
            out.event(self.cleared, row.index)
        row.forget()
        self._show_all()
        self._publish()
        return DONE


def _number(value: object) -> float:
    assert isinstance(value, int | float), "a signal is a number"
    return value
