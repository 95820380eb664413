"""Where the checks listen: at the inboxes, the ledger, the invoker, the emitter and the storage of each kernel.

A tap hears what passes and hands it on unchanged, so that flight behaves as without it.  It sits where something
happens now and then, never in a module's step; the hot paths of a quiet day are not touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from flight.declare import (
    Access,
    Inbox,
    Invocation,
    Module,
    Occurrence,
    Outbox,
    Outcome,
    Report,
    Request,
)
from flight.kernel import Kernel
from flight.kernel.supervisor import Slot
from flight.modules.commands import Commands
from flight.modules.commands.ledger import Open
from flight.modules.uplink import Uplink
from flight.wire.sdls import Receiver, SecurityRejection, Verified
from sim.checks.check import Check, Moment
from sim.simulation import Simulation

Item = TypeVar("Item")
Heard = Callable[[object, bool], None]


class TappedInbox(Inbox[object]):
    """An inbox that tells what was put into it, and whether it was taken."""

    __slots__ = ("heard",)

    def __init__(self, box: Inbox[object], heard: Heard) -> None:
        super().__init__(box.capacity, box.overflow)
        self.heard = heard

    def put(self, item: object) -> bool:
        taken = super().put(item)
        self.heard(item, taken)
        return taken


def overriding(checks: Sequence[Check], method: str) -> tuple[Check, ...]:
    """Those that have something to do there."""
    return tuple(check for check in checks if getattr(type(check), method) is not getattr(Check, method))


class Probe:
    """Listens for a run's checks; attach it to each kernel before that starts."""

    def __init__(self, simulation: Simulation, checks: Sequence[Check]) -> None:
        self.simulation = simulation
        self.checks = tuple(checks)
        self.by_method = {
            method: overriding(checks, method)
            for method in (
                *("booted", "installed", "begun", "called", "requested"),
                *("ended", "released", "occurred", "reported", "performed", "storage_lost"),
                *("checked", "handed_on"),
            )
        }
        looking = overriding(checks, "look")
        hyperperiod_s = math.lcm(*(check.every_s for check in looking))
        self.looks = [
            [check.look for check in looking if second % check.every_s == 0]
            for second in range(hyperperiod_s)
        ]
        self.moment = Moment()
        for check in checks:
            check.moment = self.moment
        self.requests: dict[int, int] = {}  # request id by ident, of the commands module that lives now
        simulation.computer.before_start = self.attach

    def attach(self, kernel: Kernel) -> None:
        self.requests = {}
        for check in self.by_method["booted"]:
            check.booted(self.simulation, kernel)
        self._tap_inboxes(kernel)
        for slot in kernel.slots:
            self._tap_installs(kernel, slot)
            self._installed(kernel, slot, slot.module)
        self._tap_invoker(kernel)
        self._tap_emitter(kernel)
        if self.by_method["performed"]:
            self._tap_storage()

    def look(self, second: int) -> None:
        """What happens until the next look belongs to the next second."""
        simulation = self.simulation
        for look in self.looks[second % len(self.looks)]:
            look(simulation, second)
        self.moment.second = second + 1

    # ---------------------------------------------------------------- inboxes

    def _tap_inboxes(self, kernel: Kernel) -> None:
        """An inbox outlives its module's objects, so once for each kernel is enough."""
        by_number = {entry.number: entry.label for entry in kernel.dictionary.events}

        def event(item: object, taken: bool) -> None:
            assert isinstance(item, Occurrence)
            label = by_number[item.number]
            for check in self.by_method["occurred"]:
                check.occurred(label, item, taken)

        def outcome(item: object, _taken: bool) -> None:
            assert isinstance(item, tuple)
            ident, found = item
            for check in self.by_method["ended"]:
                check.ended(ident, found)

        def released(item: object, _taken: bool) -> None:
            assert isinstance(item, bytes)
            for check in self.by_method["released"]:
                check.released(item)

        taps: dict[str, Heard] = {
            "events.grave": event,
            "events.critical": event,
            "events.occurrences": event,
            "commands.outcomes": outcome,
            "commands.released": released,
        }
        for slot in kernel.slots:
            if slot.module.serves:
                taps[f"{slot.name}.requests"] = self._requests_tap(slot.name)
        for name, heard in taps.items():
            if name in kernel.boxes:
                tap_inbox(kernel, name, heard)

    def _requests_tap(self, server: str) -> Heard:
        def heard(item: object, _taken: bool) -> None:
            assert isinstance(item, Request)
            for check in self.by_method["requested"]:
                check.requested(server, item)

        return heard

    # ---------------------------------------------------------------- modules and their calls

    def _tap_installs(self, kernel: Kernel, slot: Slot) -> None:
        install = slot.install

        def installed(module: Module) -> None:
            install(module)
            self._installed(kernel, slot, module)

        vars(slot)["install"] = installed

    def _installed(self, kernel: Kernel, slot: Slot, module: Module) -> None:
        if isinstance(module, Commands):
            self.requests = {}
            self._tap_ledger(module)
        if isinstance(module, Uplink):
            self._tap_uplink(module)
        for check in self.by_method["installed"]:
            check.installed(kernel, slot.name)

    def _tap_ledger(self, module: Commands) -> None:
        begin = module.ledger.begin

        def begun(request: int, wants: int, deadline: int, identity: int) -> Open:
            entry = begin(request, wants, deadline, identity)
            self.requests[entry.ident] = request
            for check in self.by_method["begun"]:
                check.begun(request, wants, not identity)
            return entry

        vars(module.ledger)["begin"] = begun

    def _tap_uplink(self, module: Uplink) -> None:
        """It makes its receiver when it is connected: at a boot that is still to come."""
        if "chain" in vars(module):
            self._tap_security(module.chain.security)
            return
        connect = module.connect

        def connected(access: Access) -> None:
            connect(access)
            self._tap_security(module.chain.security)

        vars(module)["connect"] = connected

    def _tap_security(self, security: Receiver) -> None:
        verify, take = security.verify, security.take

        def verified(frame: bytes) -> Verified | SecurityRejection:
            found = verify(frame)
            for check in self.by_method["checked"]:
                check.checked(frame)
            return found

        def taken(now: int) -> list[Verified]:
            found = take(now)
            for one in found:
                for check in self.by_method["handed_on"]:
                    check.handed_on(one)
            return found

        vars(security).update(verify=verified, take=taken)

    def _tap_invoker(self, kernel: Kernel) -> None:
        call = kernel.invoker.call

        def called(invocation: Invocation, now: int, out: Outbox) -> Outcome:
            outcome = call(invocation, now, out)
            for check in self.by_method["called"]:
                check.called(invocation, self.requests.get(invocation.ident, 0), outcome)
            return outcome

        vars(kernel.invoker)["call"] = called

    # ---------------------------------------------------------------- the way out

    def _tap_emitter(self, kernel: Kernel) -> None:
        report = kernel.emitter.report

        def reported(origin: int, item: Report) -> None:
            report(origin, item)
            for check in self.by_method["reported"]:
                check.reported(item)

        vars(kernel.emitter)["report"] = reported

    def _tap_storage(self) -> None:
        worker = self.simulation.computer.worker
        perform = worker.perform

        def performed(request: object) -> object:
            result = perform(request)
            for check in self.by_method["performed"]:
                check.performed(request, result)
            return result

        def lost() -> None:
            for check in self.by_method["storage_lost"]:
                check.storage_lost()

        vars(worker)["perform"] = performed
        worker.heard_lost = lost


def tap_inbox(kernel: Kernel, name: str, heard: Heard) -> None:
    """Put a tapped inbox in the place of one, before anything is in it."""
    module_name, _, attribute = name.rpartition(".")
    module = next(slot.module for slot in kernel.slots if slot.name == module_name)
    assert not kernel.boxes[name].items, name
    box = TappedInbox(kernel.boxes[name], heard)
    kernel.boxes[name] = box
    vars(module)[attribute] = box
