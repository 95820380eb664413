"""The onboard recorder: every telemetry packet goes to the packet store of its priority.

Events and critical packets are on their way to the disk in the second in which they were made.  Housekeeping waits for
them, or for `commit_s`: a flash medium lives longer with a sync each five seconds than with one each second.  In a
pass nothing waits, since playback reads from the stores.

A store that is switched off (TC[15,2]) takes no packets.  They are counted, and their numbers are reserved all the
same: the ground may have heard them live.
"""

from __future__ import annotations

from typing import NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U32,
    U64,
    Access,
    Append,
    Boot,
    Commit,
    Event,
    Inbox,
    Kept,
    Module,
    Outbox,
    Parameter,
    Priority,
    Refused,
    Severity,
    Signals,
    Stored,
    SwitchStores,
    Telemetry,
)

EMITTED_MAX = (
    4096  # 20 minutes of normal telemetry while storage hangs; then the newest are lost, and counted
)
WRITE_WITHIN_NS = 60 * SECOND
OPEN_WRITES_MAX = 16  # writes under way; more means storage has stopped answering
STORE_SHIFT = 56
COMMITTED = 255  # in place of a store: the commit of all
COUNT_MASK = (1 << STORE_SHIFT) - 1
SWITCHED = 1 << Priority.EVENT | 1 << Priority.HOUSEKEEPING  # the stores that can be off
HOUSEKEEPING_BASE = int(Priority.HOUSEKEEPING) << STORE_SHIFT  # records of graver stores have lower numbers


class Switched(Kept, version=1):
    """Stores that take no packets, a bit each."""

    off: U8


class Recorder(Module):
    """Groups packets by store and commits each group."""

    class Inputs(NamedTuple):
        carrier: bool

    class Outputs(Signals):
        recorder_backlog: U32
        recorder_failed: bool
        stores_off: U8  # a bit for each store that takes no packets

    class Status(Telemetry, period=30):
        """What has been recorded, by store."""

        next_critical: U64
        next_event: U64
        next_housekeeping: U64
        recorded: U64
        failed_writes: U32
        lost: U32
        open_writes: U8
        backlog: U32

    class LeftOut(Telemetry, period=60):
        """Stores that take packets, and packets that came while theirs did not."""

        event_on: bool
        housekeeping_on: bool
        event_left_out: U64
        housekeeping_left_out: U64

    commit_s = Parameter(
        5, unit="s", low=1, high=60, about="housekeeping waits so long, and a power cut costs no more of it"
    )

    write_failed = Event(Severity.MEDIUM, "store {store} did not take {count} packets", store=U8, count=U32)
    switched = Event(Severity.MEDIUM, "stores that take no packets: {off:#05b}", off=U8)

    def __init__(self) -> None:
        self.status = self.Status()
        self.left_out = self.LeftOut()
        self.left_out.event_on = self.left_out.housekeeping_on = True
        self.outputs = self.Outputs()
        self.kept = Switched()
        self.switches: Inbox[SwitchStores] = Inbox(8)
        self.unstored: list[tuple[int, int, int]] = []  # ticket, command, `off` before
        self.emitted: Inbox[tuple[int, bytes]] = Inbox(EMITTED_MAX)
        self.due = 0  # the next write of housekeeping
        self.open: dict[int, tuple[int, int]] = {}  # ticket -> store, packets
        self.failing = False

    def connect(self, access: Access) -> None:
        self.status.next_critical, self.status.next_event, self.status.next_housekeeping = access.next_counts

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """It stays off over a reboot, and says so."""
        self.kept.off &= SWITCHED
        self._show_switches()
        if self.kept.off:
            out.event(self.switched, self.kept.off)

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.switches.items:
            self._switch(out)
        items = self.emitted.items
        due = items and (now >= self.due or sees.carrier or min(items)[0] < HOUSEKEEPING_BASE)
        if due and len(self.open) < OPEN_WRITES_MAX:
            self._write(out)
            self.due = now + self.commit_s * SECOND
        status, outputs = self.status, self.outputs
        status.open_writes = len(self.open)
        status.lost = self.emitted.dropped
        status.backlog = outputs.recorder_backlog = len(self.emitted.items)
        outputs.recorder_failed = self.failing

    def _write(self, out: Outbox) -> None:
        """One Append for each run of consecutive counts of a store."""
        off, skipped = self.kept.off, dict[int, int]()
        runs: dict[int, tuple[int, list[bytes]]] = {}
        for record, packet in self.emitted.drain():
            store, count = record >> STORE_SHIFT, record & COUNT_MASK
            if off >> store & 1:
                skipped[store] = count + 1
                self._leave_out(store)
                continue
            run = runs.get(store)
            if run is None or run[0] + len(run[1]) != count:  # packets were lost in between
                self._submit(store, run, out)
                run = runs[store] = (count, [])
            run[1].append(packet)
        for store, run in runs.items():
            self._submit(store, run, out)
        for store, following in skipped.items():
            self._submit(store, (following, []), out)
        self.open[out.submit(Commit(), WRITE_WITHIN_NS)] = (COMMITTED, 0)

    def _submit(self, store: int, run: tuple[int, list[bytes]] | None, out: Outbox) -> None:
        if run is None:
            return
        first, packets = run
        ticket = out.submit(Append(store, first, tuple(packets)), WRITE_WITHIN_NS)
        self.open[ticket] = (store, len(packets))
        self._note_next(store, first + len(packets))

    def _note_next(self, store: int, count: int) -> None:
        if store == 0:
            self.status.next_critical = count
        elif store == 1:
            self.status.next_event = count
        else:
            self.status.next_housekeeping = count

    def _leave_out(self, store: int) -> None:
        if store == Priority.EVENT:
            self.left_out.event_left_out += 1
        else:
            self.left_out.housekeeping_left_out += 1

    # ---------------------------------------------------------------- switching

    def _switch(self, out: Outbox) -> None:
        """What came before is written or left out as it was then."""
        if self.emitted.items:
            self._write(out)
        for wanted in self.switches.drain():
            before = self.kept.off
            mask = sum(1 << store for store in wanted.stores)
            self.kept.off = before & ~mask if wanted.on else before | mask
            self.unstored.append((out.keep(), wanted.ident, before))
        self._show_switches()
        out.event(self.switched, self.kept.off)

    def _switch_ended(self, ticket: int, stored: bool, out: Outbox) -> None:
        ended = [entry for entry in self.unstored if entry[0] == ticket]
        self.unstored = [entry for entry in self.unstored if entry[0] != ticket]
        if not stored:  # what is not on the disk has not happened
            self.kept.off = ended[0][2]
            self._show_switches()
        for _, ident, _ in ended:
            out.finish(ident, DONE if stored else Refused("not stored"))

    def _show_switches(self) -> None:
        off = self.outputs.stores_off = self.kept.off
        self.left_out.event_on = not off >> Priority.EVENT & 1
        self.left_out.housekeeping_on = not off >> Priority.HOUSEKEEPING & 1

    # ---------------------------------------------------------------- answers

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if self.unstored and any(entry[0] == ticket for entry in self.unstored):
            self._switch_ended(ticket, isinstance(result, Stored), out)
            return
        store, packets = self.open.pop(ticket, (COMMITTED, 0))
        if isinstance(result, Stored):
            self.status.recorded += packets
            self.failing = self.failing and store != COMMITTED  # only a whole commit ends an episode
            return
        self.status.failed_writes += 1
        if not self.failing:  # once per episode
            out.event(self.write_failed, store, packets)
        self.failing = True
