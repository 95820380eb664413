"""The kernel as the guardian sees it on the page, and as the guardian's arguments start it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from flight.declare import SECOND, Append, Inbox, Invocation, Outcome, ResetReason
from flight.judge import CHARGES_TO_ISOLATE
from flight.kernel import Kernel
from flight.kernel.emitter import STORE_SHIFT, Emitted
from flight.kernel.executive import LATE_PERIODS
from flight.kernel.supervisor import Slot, State

RECORDED = "recorder.emitted"  # the inbox of what is not yet handed to storage
COUNT_MASK = (1 << STORE_SHIFT) - 1


class WatchedKernel(Kernel):
    """Shows on the page whatever of a module runs: its start, its steps, its results, its commands."""

    listened_from = 0
    boot_told = False

    def begin(
        self, now: int, charges: Mapping[int, int], charged: int, resting: Collection[str] = ()
    ) -> None:
        """Start all modules that shall run in this life.

        `charges` are the guardian's, by index of the module; `charged` is the module that hung last, or NOBODY.  One
        charged often enough starts isolated, one charged just now backs off; both are reported as any crash is.
        `resting` modules, such as those outside the safe set, stay isolated until a command revives them.
        """
        to_blame = []
        for slot in self.slots:
            count = charges.get(slot.index, 0)
            isolated = count >= CHARGES_TO_ISOLATE
            if isolated or slot.index == charged:
                to_blame.append(slot)
            slot.crashes = [now] * (slot.row.restarts if isolated else count - (slot.index == charged))
            if isolated or slot.name in resting:
                slot.state = State.ISOLATED
        everyone = self.slots
        self.slots = [slot for slot in everyone if slot.state is State.RUNNING]
        self.start(now)
        self.slots = everyone
        for slot in to_blame:
            self.fail(slot.index, now)

    def _guarded(self, slot: Slot, now: int, act: object) -> None:
        self.page.enter(slot.index, now)
        super()._guarded(slot, now, act)
        self.page.leave(now)

    def _invoke(self, invocation: Invocation, now: int) -> Outcome:
        target = self.invoker.find(invocation)
        if target is not None:
            self.page.enter(target.index, now)
        return super()._invoke(invocation, now)

    def missed(self, count: int, culprit: int) -> None:
        """The runner found that `count` whole ticks were lost; `culprit` is the module that was slowest before."""
        self.figures.missed_ticks += count
        self.bus.write("missed_ticks", self.figures.missed_ticks)
        self.event(0, self.itself.missed, count, culprit)

    def met_until(self, now: int) -> int:
        """Mission time until which every critical module has met its deadline."""
        if not self.critical:
            return now + LATE_PERIODS * self.mission.base_tick_ns
        return min([slot.last_step + late for slot, late in self.critical])

    def tell_boot_again(self, now: int) -> None:
        """For a life without storage, each second or oftener: when somebody has listened for a second, say once more
        that this is a boot.  Nothing plays back what was said before."""
        if not self.board.link.carrier():
            self.listened_from = now + SECOND
        elif now >= self.listened_from and not self.boot_told:
            self.boot_told = True
            self.event(0, self.itself.booted, self.boot.count, ResetReason(self.boot.reason), self.boot.clean)

    def guardian_gone(self) -> None:
        """Nobody feeds the watchdog any more: say so while there is time."""
        self.event(0, self.itself.unguarded)

    def announce_end(self) -> None:
        """The flight program is about to end in order: modules leave things as the next life wants to find them."""
        self.bus.write("ending", True)

    def raise_counts(self, floors: Sequence[int]) -> None:
        """A restarted storage worker takes records from these counts on only; the numbers before stay unused."""
        counts = self.emitter.next_counts
        counts[:] = [max(count, floor) for count, floor in zip(counts, floors, strict=True)]

    def unrecorded(self) -> list[Append]:
        """Take what was emitted since the recorder's last step: at an orderly end it must not be lost, nor its numbers
        be used again."""
        box = cast("Inbox[Emitted] | None", self.boxes.get(RECORDED))
        runs: list[tuple[int, int, list[bytes]]] = []
        for record, packet in sorted(box.drain()) if box is not None else ():
            store, count = record >> STORE_SHIFT, record & COUNT_MASK
            if not runs or (runs[-1][0], runs[-1][1] + len(runs[-1][2])) != (store, count):
                runs.append((store, count, []))
            runs[-1][2].append(packet)
        return [Append(store, first, tuple(packets)) for store, first, packets in runs]
