"""The onboard recorder: every telemetry packet goes to the packet store of its priority.

Events and critical packets are on their way to the disk in the second in which they were made.  Housekeeping waits for
them, or for `commit_s`: a flash medium lives longer with a sync each five seconds than with one each second.  In a
pass nothing waits, since playback reads from the stores.
"""

from __future__ import annotations

from typing import NamedTuple

from flight.declare import (
    SECOND,
    U8,
    U32,
    U64,
    Access,
    Append,
    Commit,
    Event,
    Inbox,
    Module,
    Outbox,
    Parameter,
    Priority,
    Severity,
    Signals,
    Stored,
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
HOUSEKEEPING_BASE = int(Priority.HOUSEKEEPING) << STORE_SHIFT  # records of graver stores have lower numbers


class Recorder(Module):
    """Groups packets by store and commits each group."""

    class Inputs(NamedTuple):
        carrier: bool

    class Outputs(Signals):
        recorder_backlog: U32
        recorder_failed: bool

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

    commit_s = Parameter(
        5, unit="s", low=1, high=60, about="housekeeping waits so long, and a power cut costs no more of it"
    )

    write_failed = Event(Severity.MEDIUM, "store {store} did not take {count} packets", store=U8, count=U32)

    def __init__(self) -> None:
        self.status = self.Status()
        self.outputs = self.Outputs()
        self.emitted: Inbox[tuple[int, bytes]] = Inbox(EMITTED_MAX)
        self.due = 0  # the next write of housekeeping
        self.open: dict[int, tuple[int, int]] = {}  # ticket -> store, packets
        self.failing = False

    def connect(self, access: Access) -> None:
        self.status.next_critical, self.status.next_event, self.status.next_housekeeping = access.next_counts

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
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
        runs: dict[int, tuple[int, list[bytes]]] = {}
        for record, packet in self.emitted.drain():
            store, count = record >> STORE_SHIFT, record & COUNT_MASK
            run = runs.get(store)
            if run is None or run[0] + len(run[1]) != count:  # packets were lost in between
                self._submit(store, run, out)
                run = runs[store] = (count, [])
            run[1].append(packet)
        for store, run in runs.items():
            self._submit(store, run, out)
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

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        store, packets = self.open.pop(ticket, (COMMITTED, 0))
        if isinstance(result, Stored):
            self.status.recorded += packets
            self.failing = self.failing and store != COMMITTED  # only a whole commit ends an episode
            return
        self.status.failed_writes += 1
        if not self.failing:  # once per episode
            out.event(self.write_failed, store, packets)
        self.failing = True
