"""Stored sequences: telecommands with relative times down to one tick, run on the monotonic clock.

A sequence is loaded in parts, checked and stored as a whole, and runs until its end, an abort, or a reboot: a reboot
aborts it, since half a sequence is no state to resume blindly.
"""

from __future__ import annotations

from typing import NamedTuple

from flight.declare import (
    DONE,
    MINUTE,
    SECOND,
    U8,
    U16,
    U32,
    Access,
    Call,
    Event,
    Module,
    Octets,
    Outbox,
    Outcome,
    Refused,
    SaveDocument,
    Severity,
    Stored,
    Telemetry,
    Waiting,
    command,
)
from flight.wire import Rejection, decode_tc
from flight.wire.timed import Timed, read_timed

SLOTS = 8
SEQUENCE_BYTES_MAX = 4096  # some 150 commands; a longer procedure is better run from the ground
STORE_WITHIN_NS = MINUTE


class Running(NamedTuple):
    """A sequence under way: when its next step is due."""

    slot: int
    steps: tuple[Timed, ...]
    position: int
    due: int


class Sequences(Module):
    """Eight stored sequences, one running at a time."""

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=30):
        """Stored and running sequences."""

        stored: U8
        running: U8
        position: U16
        released: U32
        finished: U32
        aborted: U32

    began = Event(Severity.LOW, "sequence {slot} started, {steps} steps", slot=U8, steps=U16)
    ended = Event(Severity.LOW, "sequence {slot} finished", slot=U8)
    stopped = Event(Severity.MEDIUM, "sequence {slot} aborted at step {position}", slot=U8, position=U16)

    def __init__(self) -> None:
        self.status = self.Status()
        self.status.refresh = self._show
        self.loading: dict[int, bytes] = {}
        self.stored: dict[int, tuple[Timed, ...]] = {}
        self.running: Running | None = None
        self.writing: dict[int, tuple[int, int, tuple[Timed, ...]]] = {}  # ticket -> command, slot, steps

    def connect(self, access: Access) -> None:
        for slot in range(SLOTS):
            steps = read_timed(access.documents.get(f"sequence{slot}", b""))
            if steps:
                self.stored[slot] = tuple(steps)

    def glance(self, now: int) -> bool:
        return self.running is not None and now >= self.running.due

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        running = self.running
        if running is not None and now >= running.due:
            self._advance(now, running, out)

    def _show(self) -> None:
        status, running = self.status, self.running
        status.stored = len(self.stored)
        status.running = running.slot + 1 if running else 0
        status.position = running.position if running else 0

    def _advance(self, now: int, running: Running, out: Outbox) -> None:
        """Release everything that is due; times add up from the start, so that no tick's delay accumulates."""
        position, due = running.position, running.due
        while position < len(running.steps) and due <= now:
            out.post("commands.released", running.steps[position].packet)
            self.status.released += 1
            position += 1
            if position < len(running.steps):
                due += running.steps[position].at
        if position < len(running.steps):
            self.running = running._replace(position=position, due=due)
            return
        self.running = None
        self.status.finished += 1
        out.event(self.ended, running.slot)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        ident, slot, steps = self.writing.pop(ticket)
        if not isinstance(result, Stored):
            out.finish(ident, Refused("not stored"))
            return
        if steps:
            self.stored[slot] = steps
        else:
            self.stored.pop(slot, None)
        out.finish(ident, DONE)

    @command()
    def load(self, call: Call, out: Outbox, slot: U8, offset: U16, part: Octets) -> Outcome:
        """Load a part, in the order of offsets, of: count u8, then delay CUC 4+3 and telecommand packet each."""
        have = self.loading.get(slot, b"") if offset else b""
        if slot >= SLOTS:
            return Refused(f"there are {SLOTS} slots, numbered from 0")
        if offset != len(have):
            return Refused(f"the next part of slot {slot} begins at {len(have)}")
        if offset + len(part) > SEQUENCE_BYTES_MAX:
            return Refused(f"a sequence has at most {SEQUENCE_BYTES_MAX} octets")
        self.loading[slot] = have + part
        return DONE

    @command()
    def store(self, call: Call, out: Outbox, slot: U8) -> Outcome:
        """Check what was loaded into a slot, and store it in place of what was there."""
        steps = read_timed(self.loading.get(slot, b""))
        if not steps:
            return Refused(f"nothing whole is loaded in slot {slot}")
        bad = [index for index, step in enumerate(steps) if isinstance(decode_tc(step.packet), Rejection)]
        if bad:
            return Refused(f"step {bad[0]} is not a sound telecommand")
        body = self.loading.pop(slot)
        return self._write(call, out, slot, tuple(steps), body)

    @command()
    def clear(self, call: Call, out: Outbox, slot: U8) -> Outcome:
        """Remove a stored sequence."""
        if slot not in self.stored:
            return Refused(f"slot {slot} is empty")
        return self._write(call, out, slot, (), b"")

    def _write(self, call: Call, out: Outbox, slot: int, steps: tuple[Timed, ...], body: bytes) -> Outcome:
        ticket = out.submit(SaveDocument(f"sequence{slot}", body), STORE_WITHIN_NS)
        self.writing[ticket] = (call.ident, slot, steps)
        return Waiting(STORE_WITHIN_NS + SECOND)

    @command()
    def start_sequence(self, call: Call, out: Outbox, slot: U8) -> Outcome:
        """Run a stored sequence from its first step."""
        steps = self.stored.get(slot)
        if steps is None:
            return Refused(f"slot {slot} is empty")
        if self.running is not None:
            return Refused(f"sequence {self.running.slot} is running")
        self.running = Running(slot, steps, 0, call.now + steps[0].at)
        out.event(self.began, slot, len(steps))
        return DONE

    @command()
    def abort(self, call: Call, out: Outbox) -> Outcome:
        """Stop the running sequence after the step it is at."""
        if self.running is None:
            return Refused("no sequence is running")
        out.event(self.stopped, self.running.slot, self.running.position)
        self.status.aborted += 1
        self.running = None
        return DONE
