"""What happens on each tick of the hyperperiod, made once.

In virtual time a tick on which every module that is due can glance is one generated function: eight ticks of ten are
such on Pathfinder, and the loop around their three glances cost more than the glances.  In real time each module's
part of a tick is shown on the page and measured, so that the loop stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flight.kernel.bus import Bus, Run, Sense, compiled_run, glance_arguments
from flight.kernel.supervisor import Slot, State

Crashed = Callable[[Slot, int, Exception], None]
Steps = Callable[[Sequence[Slot], int], None]


UPLINK = "uplink.octets"


class Program(NamedTuple):
    """What happens on one tick of the hyperperiod."""

    sensing: tuple[tuple[int, Sense], ...]
    whole_second: bool
    polls_link: bool
    due: tuple[Slot, ...]
    glances: Run | None  # instead of stepping what is due


def uses_link(slot: Slot) -> bool:
    """The link is asked on the ticks of those that read it or are read from it: it costs a system call or two."""
    inputs = getattr(slot.module.Inputs, "_fields", ())
    boxes = (f"{slot.name}.{label}" for label in slot.module.inboxes())
    return "carrier" in inputs or "room" in inputs or UPLINK in boxes


def compile_glances(bus: Bus, due: Sequence[Slot], step: Steps, crashed: Crashed) -> Run | None:
    """`glances(now)`, or None if a module that is due cannot glance.

    A module that wants a step, has one due, or does not run, is stepped as on any other tick, in its place.
    """
    if not due or any(slot.glance is None for slot in due):
        return None
    space: dict[str, object] = {"b": bus, "running": State.RUNNING, "step": step, "crashed": crashed}
    lines = ["def glances(now):"]
    for slot in due:
        name = f"slot{slot.index}"
        space |= {name: slot, f"only_{name}": (slot,)}
        lines += [
            f"    if {name}.state is running and now < {name}.next_step:",
            "        try:",
            f"            wants = {name}.glance(now{glance_arguments(bus, slot.module, slot.name)})",
            "        except Exception as error:",
            f"            crashed({name}, now, error)",
            "        else:",
            "            if wants:",
            f"                {name}.next_step = 0  # it has glanced",
            f"                step(only_{name}, now)",
            "            else:",
            f"                b.{slot.name}_at = {name}.last_step = now",
            "    else:",
            f"        step(only_{name}, now)",
        ]
    return compiled_run(lines, "glances", space)
