"""What happens on each tick of the hyperperiod, made once.

In virtual time a tick between two whole seconds, on which every module that is due can glance, is one generated
function: nine ticks of ten are such on Pathfinder, and the loop around their glances cost more than the glances.  In
real time each module's part of a tick is shown on the page and measured, so that the loop stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flight.kernel.bus import Bus, Run, Sense, can_glance, compiled_run, glance_source
from flight.kernel.emitter import Emitter
from flight.kernel.supervisor import Slot, State
from flight.kernel.work import Tickets
from flight.ports import Link, Sensors

UPLINK = "uplink.octets"


class Program(NamedTuple):
    """What happens on one tick of the hyperperiod."""

    sensing: tuple[tuple[int, Sense], ...]
    whole_second: bool
    polls_link: bool
    due: tuple[Slot, ...]
    between: Run | None  # instead of all that


class Parts(NamedTuple):
    """What a generated tick needs of its executive.  `kernel.awake_until` is 0 while a module does not run."""

    kernel: object
    bus: Bus
    sensors: Sensors
    link: Link
    emitter: Emitter
    tickets: Tickets
    collect: Callable[[int], None]
    post: Callable[[str, object], None]
    step: Callable[[Sequence[Slot], int], None]
    crashed: Callable[[Slot, int, Exception], None]


def uses_link(slot: Slot) -> bool:
    """The link is asked on the ticks of those that read it or are read from it: it costs a system call or two."""
    inputs = getattr(slot.module.Inputs, "_fields", ())
    boxes = (f"{slot.name}.{label}" for label in slot.module.inboxes())
    return "carrier" in inputs or "room" in inputs or UPLINK in boxes


def compile_between(parts: Parts, program: Program) -> Run | None:
    """`between(now)`: the tick of `program`, or None if it is at a whole second or a module cannot glance.

    For ticks on which every module runs and none has a step due; a module that wants one is stepped in its place.
    """
    due = program.due
    if program.whole_second or not due or not all(can_glance(slot.module) for slot in due):
        return None
    space: dict[str, object] = {"b": parts.bus, "due": due, "stamp": stamp, **parts._asdict()}
    lines = [
        "    emitter.now = now",
        "    if now >= tickets.look_at:",
        "        collect(now)",
    ]
    for every, sense in program.sensing:
        space[f"sense{every}"] = sense
        lines.append(f"    sense{every}(sensors.read({every}), now)")
    if program.polls_link:
        lines += [
            "    if data := link.receive():",
            f"        post({UPLINK!r}, data)",
            "    b.carrier = link.carrier()",
            "    b.room = link.room()",
        ]
    for slot in due:
        glance, names = _glance(parts.bus, slot)
        lines += glance
        space |= names
    stamped = " = ".join(f"b.{slot.name}_at = slot{slot.index}.last_step" for slot in due)
    lines += [
        "    if kernel.awake_until:",
        f"        {stamped} = now",
        "    else:",
        "        stamp(due, now)",
    ]
    local = ", ".join(f"{name}={name}" for name in space)  # read faster than a global
    return compiled_run([f"def between(now, {local}):", *lines], "between", space)


def _glance(bus: Bus, slot: Slot) -> tuple[list[str], dict[str, object]]:
    name = f"slot{slot.index}"
    wants, space = glance_source(bus, slot.module, slot.name, name)
    step = [f"{name}.next_step = 0  # it has glanced", f"step(only_{name}, now)"]
    space |= {name: slot, f"only_{name}": (slot,)}
    if not hasattr(slot.module, "glance"):  # a look at a queue cannot fail
        return [f"    if {wants}:", *(f"        {line}" for line in step)], space
    lines = [
        "    try:",
        f"        wants = {wants}",
        "    except Exception as error:",
        f"        crashed({name}, now, error)",
        "    else:",
        "        if wants:",
        *(f"            {line}" for line in step),
    ]
    return lines, space


def stamp(due: Sequence[Slot], now: int) -> None:
    """Those that run have done so."""
    for slot in due:
        if slot.state is State.RUNNING:
            vars(slot.bus)[f"{slot.name}_at"] = slot.last_step = now
