"""Faults of modules: what a step may do that it should not.

They strike the executive's slots from outside, as a bug in a module would: a step raises, does not come back, does not
happen, or says too much.
"""

from __future__ import annotations

from collections.abc import Callable

from flight.declare import Event, Module, Outbox, Severity
from flight.kernel.supervisor import Slot, State
from sim.scenario import Fault
from sim.simulation import Simulation

FLOOD = 400  # events in one step: more than any inbox of events holds

EachSecond = Callable[[int], None]


class SimulatedCrash(Exception):
    """What an injected crash raises inside a module's step."""


def _nothing() -> None:
    pass


def begin_module(simulation: Simulation, fault: Fault) -> tuple[Callable[[], None], EachSecond | None]:
    """Give what ends it, and what it does in each second until then."""
    name = fault.name
    if fault.kind == "hang":
        return _hang(simulation, name), None
    if fault.kind == "crash":
        _crash(slot_of(simulation, name), name)
        return _nothing, None
    if fault.kind == "crash_again":
        return _nothing, lambda _second: _crash(slot_of(simulation, name), name)
    if fault.kind == "stall":
        return _nothing, lambda _second: _stall(simulation, slot_of(simulation, name))
    return lambda: _calm(slot_of(simulation, name)), lambda _second: _flood(slot_of(simulation, name))


def slot_of(simulation: Simulation, name: str) -> Slot | None:
    """None while the computer is off."""
    kernel = simulation.computer.kernel
    return next((slot for slot in kernel.slots if slot.name == name), None) if kernel else None


def _hang(simulation: Simulation, name: str) -> Callable[[], None]:
    """The executive stands still, and the guardian deals with it."""
    slot = slot_of(simulation, name)
    if slot is not None:
        simulation.restart_executive(slot.index)
    return _nothing


def _crash(slot: Slot | None, name: str) -> None:
    """The next step raises; a new object of the module is whole again."""

    def crash(*_: object) -> None:
        raise SimulatedCrash(f"injected into {name}")

    if slot is not None and slot.state is not State.ISOLATED:
        slot.step, slot.glance = crash, _always


def _stall(simulation: Simulation, slot: Slot | None) -> None:
    """No step of the module happens: as if it were backing off for ever."""
    if slot is not None and slot.state is not State.ISOLATED:
        kernel = simulation.computer.kernel
        assert kernel is not None
        slot.state = State.BACKING_OFF
        slot.resume_at = kernel.emitter.now + 2 * 10**9


def _always(_now: int, /, *_sees: float) -> bool:
    """A glance that wants a step each time."""
    return True


class _Flooding:
    """A step that says far too much after doing its work."""

    def __init__(self, step: Callable[[int, tuple[object, ...], Outbox], None], event: Event) -> None:
        self.step, self.event = step, event

    def __call__(self, now: int, sees: tuple[object, ...], out: Outbox) -> None:
        self.step(now, sees, out)
        arguments = [b"" if field.code == "*" else 0 for field in self.event.fields]
        for _ in range(FLOOD):
            out.event(self.event, *arguments)


def loudest(module: Module) -> Event | None:
    """Of its events the first of the gravest below HIGH: those share most with HIGH ones."""
    events = [event for event in module.events() if event.severity < Severity.HIGH]
    return min(events, key=lambda event: (-event.severity, event.name), default=None)


def _flood(slot: Slot | None) -> None:
    if slot is None or isinstance(slot.step, _Flooding):
        return
    event = loudest(slot.module)
    if event is not None:
        slot.step, slot.glance = _Flooding(slot.step, event), _always


def _calm(slot: Slot | None) -> None:
    if slot is not None and isinstance(slot.step, _Flooding):
        slot.step = slot.step.step
        slot.glance = getattr(slot.module, "glance", None)
