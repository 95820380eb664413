"""The executive: runs the modules that are due in a fixed order, performs what they ask for, and never waits.

One tick: take worker results, sense, step the due modules (sense, estimate, faults, modes, act: the order of the
mission's table), sample housekeeping at each full second.  A tick has no clock of its own: `now` is an argument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flight.boot import CLOCK_STATE, RESERVED_NS, pack_clock
from flight.declare import (
    SECOND,
    Access,
    Boot,
    DeclarationError,
    Inbox,
    Invocation,
    Module,
    Outbox,
    Outcome,
    Refused,
    ResetReason,
    SaveState,
)
from flight.dictionary import Dictionary
from flight.kernel import own
from flight.kernel.access import access_of
from flight.kernel.board import Board
from flight.kernel.bus import Bus, add_sensors, add_signals, can_glance, compile_sense, sensor_groups
from flight.kernel.emitter import Emitter, HousekeepingSlot
from flight.kernel.figures import Figures
from flight.kernel.invoke import Invoker
from flight.kernel.kept import unpack_kept
from flight.kernel.loaded import Loaded, link_loans
from flight.kernel.parameters import ParameterTable
from flight.kernel.performer import KEEP_WITHIN_NS, OUTCOMES, Performer, number_events
from flight.kernel.program import UPLINK, Parts, Program, compile_between, uses_link
from flight.kernel.sampler import Sampler
from flight.kernel.supervisor import Slot, State
from flight.kernel.work import Tickets
from flight.mission import Mission
from flight.page import Page

PARAMETERS = "parameters"  # the document of the parameters module
FIGURES_EVERY_S = 10  # the executive's own figures; what modules act on is written when it changes
LATE_PERIODS = 3  # a critical module has met its deadline while it has stepped within three of its periods


class Kernel:
    """All modules of one mission on one board."""

    def __init__(
        self,
        mission: Mission,
        dictionary: Dictionary,
        modules: Mapping[str, Module],
        board: Board,
        loaded: Loaded,
        boot: Boot,
        page: Page,
    ) -> None:
        self.mission, self.dictionary, self.board = mission, dictionary, board
        self.boot, self.page = boot, page
        self.bus = Bus()
        self.out = Outbox()
        add_sensors(self.bus, mission.sensors)
        for name, module in modules.items():
            add_signals(self.bus, name, module.signals())
        rows = {row.name: row for row in mission.rows}
        self.slots = [
            Slot(index, rows[name], module, self.bus, self.out)
            for index, (name, module) in enumerate(modules.items())
        ]
        self.own_slot = self.slots[0]
        self.boxes: dict[str, Inbox[object]] = {}
        for slot in self.slots:
            self._wire_boxes(slot)
        self.parameters = ParameterTable(dictionary, mission.defaults)
        emitted = [box for name, box in self.boxes.items() if name.endswith(".emitted")]
        self.emitter = Emitter(dictionary, emitted, loaded.next_counts)  # type: ignore[arg-type]
        packets = {f"{s.name}.{label}": p for s in self.slots for label, p in s.module.packets().items()}
        self.sampler = Sampler(dictionary, packets, self._emit)
        self.tickets = Tickets(board.worker)
        self.invoker = Invoker(dictionary, self.slots)
        self.figures = Figures(self.bus, self.slots, self.boxes, boot)
        self.performer = Performer(
            board,
            mission.switches,
            self.out,
            self.boxes,
            self.emitter,
            self.tickets,
            self.figures,
            number_events(dictionary, self.slots),
            loaded.kept,
            loaded.documents,
        )
        self.event = self.performer.event
        self._compile_schedule()
        self.step_due = self._step_timed if board.clock.measures else self._step_all
        self.started = 0
        self.reserve_at = 0
        self.ticks = 0
        self.slowest = 0  # index of the module that took longest in the last tick, and how long
        self.slowest_ns = 0
        stored = loaded.documents.get(PARAMETERS)
        self.loans = link_loans(loaded, mission.telecommand, mission.telemetry)
        self.access = self._access(loaded)
        for slot in self.slots:
            self.parameters.attach(slot.name, slot.module)
        self.refused_parameters = self.parameters.load(stored) if stored else 0

    @property
    def itself(self) -> own.Executive:
        """The executive as a module."""
        module = self.own_slot.module
        assert isinstance(module, own.Executive)
        return module

    def _access(self, loaded: Loaded) -> Access:
        return access_of(
            self.mission,
            self.dictionary,
            self.slots,
            self.parameters,
            self.sampler,
            self.performer.documents,
            self.loans,
            loaded.next_counts,
        )

    def _wire_boxes(self, slot: Slot) -> None:
        for label, box in slot.module.inboxes().items():
            self.boxes[f"{slot.name}.{label}"] = box

    def _compile_schedule(self) -> None:
        base = self.mission.base_tick_ns
        if SECOND % base:
            raise DeclarationError(f"base tick of {base} ns does not divide a second")
        self.senses = [
            (every, compile_sense(self.bus, sensors, base))
            for every, sensors in sensor_groups(self.mission).items()
        ]
        rates = (
            {slot.row.every for slot in self.slots} | {every for every, _ in self.senses} | {SECOND // base}
        )
        self.base_tick_ns, self.hyperperiod = base, math.lcm(*rates)
        self.glancing = [slot for slot in self.slots if can_glance(slot.module)]
        self.awake_until = 0  # by then a module has a step due, or one does not run
        self.program = [self._program(tick) for tick in range(self.hyperperiod)]
        self.critical = [
            (slot, LATE_PERIODS * slot.row.every * base) for slot in self.slots if slot.row.critical
        ]

    def _program(self, tick: int) -> Program:
        due = tuple(slot for slot in self.slots if tick % slot.row.every == 0)
        sensing = tuple((every, sense) for every, sense in self.senses if tick % every == 0)
        whole_second = tick % (SECOND // self.base_tick_ns) == 0
        program = Program(sensing, whole_second, any(map(uses_link, due)), due, None)
        if self.board.clock.measures:
            return program
        parts = Parts(
            self,
            self.bus,
            self.board.sensors,
            self.board.link,
            self.emitter,
            self.tickets,
            self._collect,
            self.performer.post,
            self._step_all,
            self._crashed,
        )
        return program._replace(between=compile_between(parts, program))

    # ---------------------------------------------------------------- start and tick

    def start(self, now: int) -> None:
        """Put parameters and kept state in place and start every module."""
        self.emitter.now = now
        self.started = now
        self.figures.refresh(now, self.board, 0)
        for slot in self.slots:
            self._prepare(slot, slot.module)
            slot.last_step = now
            slot.publish(now)
        for slot in self.slots:
            self._guarded(slot, now, lambda slot=slot: slot.module.start(now, self.boot, self.out))
            slot.publish(now)
        self.event(0, self.itself.booted, self.boot.count, ResetReason(self.boot.reason), self.boot.clean)
        if self.refused_parameters:
            self.event(0, self.itself.parameters_lost, self.refused_parameters)

    def tick(self, now: int) -> None:
        """Everything that is due at `now`, which is a whole number of base ticks."""
        sensing, whole_second, polls_link, due, between = self.program[
            now // self.base_tick_ns % self.hyperperiod
        ]
        if between is not None and now < self.awake_until:
            between(now)
            self.ticks += 1
            return
        self.emitter.now = now
        if self.tickets.pending or self.tickets.ended:
            self._collect(now)
        read = self.board.sensors.read
        for every, sense in sensing:
            sense(read(every), now)
        if whole_second:
            self._each_second(now)
        if polls_link:
            self._poll_link()
        self.step_due(due, now)
        self.ticks += 1
        if whole_second:
            self.awake_until = min([slot.next_step for slot in self.glancing], default=0)
            self.sampler.sample(now // SECOND)
            if now >= self.reserve_at:
                self._reserve_clock(now)

    def _poll_link(self) -> None:
        link, values = self.board.link, vars(self.bus)
        data = link.receive()
        if data:
            self.performer.post(UPLINK, data)
        values["carrier"] = link.carrier()
        values["room"] = link.room()

    def _reserve_clock(self, now: int) -> None:
        """Keep the floor of the mission clock ahead of now, so that no reboot can run it backwards."""
        self.reserve_at = now + RESERVED_NS // 2
        request = SaveState(CLOCK_STATE, pack_clock(now + RESERVED_NS, clean=False))
        ticket = self.out.next_ticket
        self.out.next_ticket += 1
        self.tickets.submit(0, ticket, request, KEEP_WITHIN_NS, now)

    def shut_down(self, now: int) -> list[SaveState]:
        """What must be on disk for the next boot to be a clean one; the caller writes it and stops ticking."""
        return [SaveState(CLOCK_STATE, pack_clock(now, clean=True))]

    def _step_all(self, due: Sequence[Slot], now: int) -> None:
        """In virtual time, where a step has no cost of its own."""
        out, running = self.out, State.RUNNING
        for slot in due:
            if slot.state is not running and not self._try_restart(slot, now):
                continue
            try:
                slot.run(now)
                if out.used:  # what it asks for may be what nobody can do
                    self._perform(slot, now)
            except Exception as error:  # the supervisor: the one place where a module's fault ends
                self._crashed(slot, now, error)

    def _step_timed(self, due: Sequence[Slot], now: int) -> None:
        """In real time: shown on the page, its own time measured, and held against its budget."""
        page, cost, waited = self.page, self.board.clock.cost, self.board.clock.waited
        longest = -1
        started = cost() - waited()
        for slot in due:
            page.enter(slot.index, now)
            self._step_all((slot,), now)
            ended = cost() - waited()
            spent = ended - started
            started = ended
            if slot.state is not State.RUNNING:
                continue
            slot.times.add(spent)
            if spent > longest:
                longest, self.slowest = spent, slot.index
            if spent > slot.budget_ns:
                self._overran(slot, spent)
        self.slowest_ns = longest
        page.leave(now)

    def _perform(self, slot: Slot, now: int) -> None:
        """What the step asked for; then the commands that it called, within the same tick."""
        self.performer.perform(slot, now)
        if self.performer.invoking:
            self._invoke_all(now)

    def _invoke_all(self, now: int) -> None:
        performer = self.performer
        while performer.invoking:
            invocation = performer.invoking.popleft()
            performer.post(OUTCOMES, (invocation.ident, self._invoke(invocation, now)))

    def _invoke(self, invocation: Invocation, now: int) -> Outcome:
        slot = self.invoker.find(invocation)
        if slot is None or slot.state is not State.RUNNING:
            return Refused("the module is isolated or restarting")
        try:
            outcome = self.invoker.call(invocation, now, self.out)
            if self.out.used:
                self.performer.perform(slot, now)
        except Exception as error:  # a command is a step of its module
            self._crashed(slot, now, error)
            return Refused("the module crashed")
        return outcome

    def _overran(self, slot: Slot, spent: int) -> None:
        slot.overruns += 1
        if (
            slot.overruns & (slot.overruns - 1) == 0
        ):  # report the 1st, 2nd, 4th, 8th ...: counted always, said rarely
            self.event(0, self.itself.overran, slot.index, spent // 1_000, slot.row.budget_us)

    # ---------------------------------------------------------------- failures

    def _guarded(self, slot: Slot, now: int, act: object) -> None:
        assert callable(act)
        try:
            act()
            if self.out.used:
                self._perform(slot, now)
        except Exception as error:
            self._crashed(slot, now, error)

    def _emit(self, packet: HousekeepingSlot) -> None:
        """What a module shows, it fills in itself.  Its outbox may be another's, which wants this packet."""
        try:
            self.emitter.housekeeping(packet)
        except Exception as error:
            slot = next(slot for slot in self.slots if slot.name == packet.entry.module)
            if slot.state is State.RUNNING:
                self.board.crash(slot.name, error)
                self.fail(slot.index, self.emitter.now)

    def _crashed(self, slot: Slot, now: int, error: Exception) -> None:
        self.out.clear()
        self.board.crash(slot.name, error)
        self.fail(slot.index, now)

    def fail(self, index: int, now: int) -> None:
        """Charge a crash, or a hang that the guardian found, to a module."""
        slot, self.awake_until = self.slots[index], 0
        state = slot.fail(now)
        self.figures.count_slots()
        self.tickets.forget(index)
        self.performer.forget_saves()
        if state is State.ISOLATED:
            self.event(0, self.itself.isolated_module, index, slot.row.restarts)
        else:
            self.event(0, self.itself.crashed, index, len(slot.crashes))

    def _try_restart(self, slot: Slot, now: int) -> bool:
        if not slot.may_run(now):
            return False
        self._guarded(slot, now, lambda: self._renew(slot, now))
        if slot.state is not State.RUNNING:
            return False
        for label, packet in slot.module.packets().items():
            self.sampler.replace(f"{slot.name}.{label}", packet)
        self.figures.count_slots()
        self.event(0, self.itself.revived, slot.index)
        return True

    def _renew(self, slot: Slot, now: int) -> None:
        module, old_boxes = slot.row.make(), slot.module.inboxes()
        for label, box in module.inboxes().items():
            vars(module)[label] = old_boxes.get(label, box)  # what waits in an inbox survives its reader
        self._prepare(slot, module)
        slot.begin(module, now, self.boot, self.out)

    def _prepare(self, slot: Slot, module: Module) -> None:
        self.parameters.attach(slot.name, module)
        module.connect(self.access)
        kept, body = module.kept_state(), self.performer.kept_bodies.get(slot.name)
        if kept is not None and body is not None:
            unpack_kept(kept, body)

    def _collect(self, now: int) -> None:
        for owner, ticket, result in self.tickets.collect(now):
            self.performer.ended(ticket, result)
            slot = self.slots[owner]
            if slot.state is State.RUNNING:
                self._guarded(
                    slot, now, lambda s=slot, t=ticket, r=result: s.module.completed(now, t, r, self.out)
                )

    def _each_second(self, now: int) -> None:
        values = vars(self.bus)
        values["executive_at"] = now
        values["levels"] = tuple(self.board.switches.levels())
        module = self.itself
        while module.revive_wanted:
            self.slots[module.revive_wanted.pop()].revive(now)
        if now // SECOND % FIGURES_EVERY_S == 0:
            self.figures.refresh(now, self.board, self.tickets.failures)
            self.figures.show(
                now,
                self.started,
                self.ticks,
                self.emitter.emitted,
                self.tickets.failures,
                self.dictionary.hash,
                self.board.link.line(),
            )
