"""The executive: runs the modules that are due in a fixed order, performs what they ask for, and never waits.

One tick: take worker results, sense, step the due modules (sense, estimate, faults, modes, act: the order of the
mission's table), sample housekeeping at each full second.  A tick has no clock of its own: `now` is an argument.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flight.boot import CLOCK_STATE, RESERVED_NS, pack_clock
from flight.declare import (
    SECOND,
    Access,
    Boot,
    DeclarationError,
    Event,
    Inbox,
    Invocation,
    Module,
    Occurrence,
    Outbox,
    Outcome,
    Refused,
    SaveState,
    Severity,
)
from flight.dictionary import Dictionary, pack_arguments
from flight.kernel import own
from flight.kernel.board import Board
from flight.kernel.bus import Bus, add_sensors, add_signals, compile_sense, sensor_groups
from flight.kernel.catalog import FunctionCatalog
from flight.kernel.emitter import Emitter
from flight.kernel.figures import Figures
from flight.kernel.invoke import Invoker
from flight.kernel.kept import pack_kept, unpack_kept
from flight.page import Page
from flight.kernel.parameters import ParameterTable
from flight.kernel.sampler import Sampler
from flight.kernel.supervisor import Slot, State
from flight.kernel.work import Tickets
from flight.mission import Mission

KEEP_WITHIN_NS = 30 * SECOND  # an SD card was measured to stall a sync for many seconds; longer is a dead one
OCCURRENCES = "events.occurrences"
CRITICAL = "events.critical"
PARAMETERS = "parameters"  # the document of the parameters module
OUTCOMES = "commands.outcomes"
UPLINK = "commands.uplink"
INVOCATIONS_MAX = 64  # commands in one tick; the commands module takes fewer
FIGURES_EVERY_S = 10  # the executive's own figures; what modules act on is written when it changes
LATE_PERIODS = 3  # a critical module has met its deadline while it has stepped within three of its periods


@dataclass(frozen=True, slots=True)
class Loaded:
    """What storage gave back at boot: kept states by module, documents by name, the next free count of each store."""

    kept: Mapping[str, bytes]
    documents: Mapping[str, bytes]
    next_counts: Sequence[int]


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
        self.mission, self.dictionary, self.board, self.boot, self.page = (
            mission,
            dictionary,
            board,
            boot,
            page,
        )
        self.bus = Bus()
        add_sensors(self.bus, mission.sensors)
        for name, module in modules.items():
            add_signals(self.bus, name, module.signals())
        rows = {row.name: row for row in mission.rows}
        self.slots = [
            Slot(index, rows[name], module, self.bus) for index, (name, module) in enumerate(modules.items())
        ]
        self.boxes: dict[str, Inbox[object]] = {}
        for slot in self.slots:
            self._wire_boxes(slot)
        self.parameters = ParameterTable(dictionary, mission.defaults)
        emitted = [box for name, box in self.boxes.items() if name.endswith(".emitted")]
        self.emitter = Emitter(dictionary, emitted, loaded.next_counts)  # type: ignore[arg-type]
        packets = {f"{s.name}.{label}": p for s in self.slots for label, p in s.module.packets().items()}
        self.sampler = Sampler(dictionary, packets, self.emitter)
        self.tickets = Tickets(board.worker)
        self.invoker = Invoker(dictionary, self.slots)
        self.numbers = {
            (slot.index, event): (entry.number, entry)
            for slot in self.slots
            for event in slot.module.events()
            for entry in [e for e in dictionary.events if e.module == slot.name and e.name == event.name]
        }
        self.out = Outbox()
        self.figures = Figures(self.bus, self.slots, self.boxes, boot)
        self._compile_schedule()
        self.step_due = self._step_timed if board.clock.measures else self._step_all
        self.started = 0
        self.reserve_at = 0
        self.ticks = 0
        self.slowest = 0  # index of the module that took longest in the last tick, and how long
        self.slowest_ns = 0
        self.invoking: deque[Invocation] = deque(maxlen=INVOCATIONS_MAX)
        stored = loaded.documents.get(PARAMETERS)
        self.kept_bodies = dict(loaded.kept)
        self.access = self._access(loaded)
        for slot in self.slots:
            self.parameters.attach(slot.name, slot.module)
        self.refused_parameters = self.parameters.load(stored) if stored else 0

    def _access(self, loaded: Loaded) -> Access:
        dictionary = self.dictionary
        return Access(
            catalog=FunctionCatalog(dictionary),
            parameters=self.parameters,
            housekeeping=self.sampler,
            servers={service: slot.name for slot in self.slots for service in slot.module.serves},
            apids=frozenset(dictionary.apids.values()),
            spacecraft_id=dictionary.spacecraft_id,
            frame_length=dictionary.frame_length,
            next_counts=tuple(loaded.next_counts),
            documents=loaded.documents,
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
        self.hyperperiod = math.lcm(*rates)
        self.schedule = [
            tuple(slot for slot in self.slots if tick % slot.row.every == 0)
            for tick in range(self.hyperperiod)
        ]
        self.sensing = [
            tuple((every, sense) for every, sense in self.senses if tick % every == 0)
            for tick in range(self.hyperperiod)
        ]
        self.ticks_per_second = SECOND // base

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
        self._event(0, own.Executive.booted, self.boot.count, self.boot.reason, self.boot.clean)
        if self.refused_parameters:
            self._event(0, own.Executive.parameters_lost, self.refused_parameters)

    def tick(self, now: int) -> None:
        """Everything that is due at `now`, which is a whole number of base ticks."""
        index = now // self.mission.base_tick_ns % self.hyperperiod
        board, bus = self.board, self.bus
        self.emitter.now = now
        if self.tickets.busy():
            self._collect(now)
        for every, sense in self.sensing[index]:
            sense(board.sensors.read(every), now)
        if index % self.ticks_per_second == 0:
            self._each_second(now)
        link = board.link
        data = link.receive()
        if data:
            self._receive(data)
        bus.__dict__["carrier"] = link.carrier()
        bus.__dict__["room"] = link.room()
        self.step_due(self.schedule[index], now)
        self.ticks += 1
        if index % self.ticks_per_second == 0:
            self.sampler.sample(now // SECOND)
            if now >= self.reserve_at:
                self._reserve_clock(now)

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
        for slot in due:
            if slot.state is State.RUNNING or self._try_restart(slot, now):
                self._step(slot, now)

    def _step_timed(self, due: Sequence[Slot], now: int) -> None:
        """In real time: shown on the page, measured, and held against its budget."""
        page, cost = self.page, self.board.clock.cost
        longest = -1
        started = cost()
        for slot in due:
            if slot.state is not State.RUNNING and not self._try_restart(slot, now):
                continue
            page.enter(slot.index, now)
            self._step(slot, now)
            ended = cost()
            spent = ended - started
            started = ended
            slot.times.add(spent)
            if spent > longest:
                longest, self.slowest = spent, slot.index
            if spent > slot.budget_ns:
                self._overran(slot, spent)
        self.slowest_ns = longest
        page.leave(now)

    def _step(self, slot: Slot, now: int) -> None:
        out = self.out
        try:
            slot.step(now, slot.make(now), out)
        except Exception as error:  # the supervisor: the one place where a module's fault ends
            self._crashed(slot, now, error)
            return
        slot.publish(now)
        slot.last_step = now
        if out.used:
            self._perform(slot, now)
            if self.invoking:
                self._invoke_all(now)

    def _overran(self, slot: Slot, spent: int) -> None:
        slot.overruns += 1
        if (
            slot.overruns & (slot.overruns - 1) == 0
        ):  # report the 1st, 2nd, 4th, 8th ...: counted always, said rarely
            self._event(0, own.Executive.overran, slot.index, spent // 1_000, slot.row.budget_us)

    def missed(self, count: int, culprit: int) -> None:
        """The runner found that `count` whole ticks were lost; `culprit` is the module that was slowest before."""
        self.figures.missed_ticks += count
        self.bus.write("missed_ticks", self.figures.missed_ticks)
        self._event(0, own.Executive.missed, count, culprit)

    def critical_met(self, now: int) -> bool:
        """Every critical module runs and has stepped in time: the condition for feeding the watchdog."""
        base = self.mission.base_tick_ns
        for slot in self.slots:
            if slot.row.critical and now - slot.last_step > LATE_PERIODS * slot.row.every * base:
                return False
        return True

    # ---------------------------------------------------------------- failures

    def _guarded(self, slot: Slot, now: int, act: object) -> None:
        assert callable(act)
        try:
            act()
        except Exception as error:
            self._crashed(slot, now, error)
        else:
            if self.out.used:
                self._perform(slot, now)

    def _crashed(self, slot: Slot, now: int, error: Exception) -> None:
        self.out.clear()
        self.board.crash(slot.name, error)
        self.fail(slot.index, now)

    def fail(self, index: int, now: int) -> None:
        """Charge a crash, or a hang that the guardian found, to a module."""
        slot = self.slots[index]
        state = slot.fail(now)
        self.figures.count_slots()
        self.tickets.forget(index)
        if state is State.ISOLATED:
            self._event(0, own.Executive.isolated_module, index, slot.row.restarts)
        else:
            self._event(0, own.Executive.crashed, index, len(slot.crashes))

    def _try_restart(self, slot: Slot, now: int) -> bool:
        if not slot.may_run(now):
            return False
        module = slot.row.make()
        old_boxes = slot.module.inboxes()
        for label, box in module.inboxes().items():
            vars(module)[label] = old_boxes.get(label, box)  # what waits in an inbox survives its reader
        self._prepare(slot, module)
        self._guarded(slot, now, lambda: slot.begin(module, now, self.boot, self.out))
        if slot.state is not State.RUNNING:
            return False
        for label, packet in module.packets().items():
            self.sampler.replace(f"{slot.name}.{label}", packet)
        self.figures.count_slots()
        self._event(0, own.Executive.revived, slot.index)
        return True

    def _prepare(self, slot: Slot, module: Module) -> None:
        self.parameters.attach(slot.name, module)
        module.connect(self.access)
        kept, body = module.kept_state(), self.kept_bodies.get(slot.name)
        if kept is not None and body is not None:
            unpack_kept(kept, body)

    # ---------------------------------------------------------------- what modules asked for

    def _perform(self, slot: Slot, now: int) -> None:
        out = self.out
        for event, arguments in out.events:
            self._event(slot.index, event, *arguments)
        for report in out.reports:
            self.emitter.report(slot.index, report)
        for switch, level in out.switches:
            if self._allowed(switch, level):
                self.board.switches.set(switch, level)
        for name, item in out.posts:
            self._post(name, item)
        for ticket, request, within in out.requests:
            self.tickets.submit(slot.index, ticket, request, within, now)
        if out.keeping:
            self._keep(slot, out.keeping, now)
        for data in out.frames:
            self.board.link.send(data)
        for ident, outcome in out.finished:
            self._post(OUTCOMES, (ident, outcome))
        self.invoking.extend(out.invocations)
        out.clear()

    def _allowed(self, switch: int, level: int) -> bool:
        """An actuator limit holds whatever a module asks; asking beyond it is a fault of that module, and counted."""
        good = (
            0 <= switch < len(self.mission.switches) and 0 <= level <= self.mission.switches[switch].highest
        )
        self.figures.bad_actions += not good
        return good

    def _invoke_all(self, now: int) -> None:
        """Commands run after the step that asked for them, within the same tick."""
        while self.invoking:
            invocation = self.invoking.popleft()
            self._post(OUTCOMES, (invocation.ident, self._invoke(invocation, now)))

    def _invoke(self, invocation: Invocation, now: int) -> Outcome:
        slot = self.invoker.find(invocation)
        if slot is None or slot.state is not State.RUNNING:
            return Refused("the module is isolated or restarting")
        try:
            outcome = self.invoker.call(invocation, now, self.out)
        except Exception as error:
            self._crashed(slot, now, error)
            return Refused("the module crashed")
        if self.out.used:
            self._perform(slot, now)
        return outcome

    def _keep(self, slot: Slot, ticket: int, now: int) -> None:
        kept = slot.module.kept_state()
        assert kept is not None, f"{slot.name} keeps nothing"
        body = pack_kept(kept)
        self.kept_bodies[slot.name] = body
        self.tickets.submit(slot.index, ticket, SaveState(slot.name, body), KEEP_WITHIN_NS, now)

    def _post(self, name: str, item: object) -> None:
        box = self.boxes.get(name)
        if box is None:
            self.figures.bad_actions += 1
        else:
            box.put(item)

    def _event(self, origin: int, event: Event, *arguments: float) -> None:
        number, entry = self.numbers[origin, event]
        body = number.to_bytes(2, "big") + pack_arguments(entry.fields, arguments)
        occurrence = Occurrence(origin, number, entry.severity, body)
        critical = entry.severity >= Severity.MEDIUM
        self._post(CRITICAL if critical else OCCURRENCES, occurrence)

    def _receive(self, data: bytes) -> None:
        self._post(UPLINK, data)

    def _collect(self, now: int) -> None:
        for owner, ticket, result in self.tickets.collect(now):
            slot = self.slots[owner]
            if slot.state is State.RUNNING:
                self._guarded(
                    slot, now, lambda s=slot, t=ticket, r=result: s.module.completed(now, t, r, self.out)
                )

    def _each_second(self, now: int) -> None:
        values = vars(self.bus)
        values["executive_at"] = now
        values["levels"] = tuple(self.board.switches.levels())
        module = self.slots[0].module
        assert isinstance(module, own.Executive)
        while module.revive_wanted:
            self.slots[module.revive_wanted.pop()].revive(now)
        if now // SECOND % FIGURES_EVERY_S == 0:
            self.figures.refresh(now, self.board, self.tickets.failures)
            self.figures.show(
                now, self.started, self.ticks, self.emitter.emitted, self.tickets.failures, self.dictionary.hash
            )
