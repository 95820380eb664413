"""Faults: begun and ended in the simulation through its ports, never inside the code under test.

`sim.fault_kinds` says which faults exist; here stands what each one does.  A fault begins at its time, lasts for its
duration, and is undone when it ends, so that after the last one the system can show that it converges.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence

from sim.scenario import Fault
from sim.simulation import NS, Simulation, stream

Undo = Callable[[], None]
Begin = Callable[[Simulation, Fault, random.Random], Undo | None]


class SimulatedCrash(Exception):
    """What an injected crash raises inside a module's step."""


def _nothing() -> None:
    pass


# ---------------------------------------------------------------- sensors


def _sensor(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    sensors, name, value = simulation.sensors, fault.name, fault.value
    if fault.kind == "stuck":
        sensors.stuck(name, value)
    elif fault.kind == "missing":
        sensors.dead(name)
    elif fault.kind == "offset":
        sensors.offset(name, value or 0.0)
    elif fault.kind == "noise":
        sensors.noise(name, value or 0.0, rng)
    else:
        sensors.late(name, int(value or 0.0))
    return lambda: sensors.heal(name)


# ---------------------------------------------------------------- power and heat


def _rail(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    plant, switches = simulation.world.plant, simulation.switches
    index = plant.form.switches().index(fault.name)
    if fault.kind == "latch_up":
        return _latch_up(simulation, index, fault.value or 0.0)
    if fault.kind == "off":
        plant.set_switch(index, 0)
    switches.jammed.add(fault.name)
    return lambda: switches.jammed.discard(fault.name)


def _latch_up(simulation: Simulation, index: int, watts: float) -> Undo:
    """It draws more until its rail is cycled; the simulation looks for that once a second."""
    plant = simulation.world.plant
    plant.power.set_extra_load(index, watts)
    simulation.latched.add(index)

    def release() -> None:
        plant.power.set_extra_load(index, 0.0)
        simulation.latched.discard(index)

    return release


def _heater(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    plant, switches = simulation.world.plant, simulation.switches
    index = plant.form.switches().index(fault.name)
    plant.set_switch(index, int(fault.kind == "stuck_on"))
    switches.jammed.add(fault.name)

    def release() -> None:
        switches.jammed.discard(fault.name)
        plant.set_switch(index, 0)

    return release


def _array(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    world = simulation.world
    world.array_share = 1.0 - (fault.value or 0.0)

    def restore() -> None:
        world.array_share = 1.0

    return restore


def _battery(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    simulation.world.plant.power.battery.lose_capacity(fault.value or 0.0)
    return _nothing  # a failed string does not come back


# ---------------------------------------------------------------- link and stations


def _line(direction: str) -> Begin:
    def begin(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
        line = simulation.radio.down if direction == "down" else simulation.radio.up
        before = line.spoiling.loss, line.spoiling.flip
        if fault.kind == "corrupt":
            line.spoiling.flip = fault.value or 0.0
        else:
            line.spoiling.loss = 1.0 if fault.kind == "silent" else fault.value or 0.0

        def restore() -> None:
            line.spoiling.loss, line.spoiling.flip = before

        return restore

    return begin


def _station(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    number = [station.name for station in simulation.world.stations].index(fault.name)
    simulation.silenced.add(number)
    return lambda: simulation.silenced.discard(number)


# ---------------------------------------------------------------- disk, computer, modules


def _disk(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    disk = simulation.disk
    if fault.kind == "power_cut":
        disk.cut_at(disk.operations + rng.randint(1, 40))
    elif fault.kind == "error":
        disk.fail_at(disk.operations + 1, times=rng.randint(1, 20))
    elif fault.kind == "bit_flip":
        disk.flip_any()
    elif fault.kind == "full":
        disk.set_capacity(disk.stored_bytes)
        return lambda: simulation.disk.set_capacity(1 << 62)
    else:
        return _slow_disk(simulation, int((fault.value or 1.0) * NS))
    return _nothing


def _slow_disk(simulation: Simulation, delay_ns: int) -> Undo:
    """Each request of the storage worker takes that long."""
    computer = simulation.computer

    def delay(amount: int) -> None:
        computer.delay_ns = amount
        if computer.kernel is not None:
            computer.worker.delay_ns = amount

    delay(delay_ns)
    return lambda: delay(0)


def _reset(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    simulation.cut_power(rng.randint(1, 30), reason=4)
    return _nothing


def _module(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    """A crash raises once in the next step; a hang is what the guardian makes of it: the executive is restarted."""
    kernel = simulation.computer.kernel
    if kernel is None:
        return _nothing
    slot = next((slot for slot in kernel.slots if slot.name == fault.name), None)
    if slot is None:
        return _nothing
    if fault.kind == "hang":
        simulation.restart_executive(slot.index)
        return _nothing

    def crash(*_: object) -> None:
        raise SimulatedCrash(f"injected into {fault.name}")

    slot.step = crash
    return _nothing


def _process(name: str) -> Begin:
    def begin(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
        if name == "storage":
            return simulation.stop_storage(kill=fault.kind == "kill")
        simulation.restart_executive(None)  # a guardian that is gone starves the watchdog: the same end
        return _nothing

    return begin


def _clock(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    """Only UTC can step; the mission clock is monotonic.  A bad correlation is what a stepped clock looks like."""
    simulation.utc_error_ns += int((fault.value or 0.0) * NS)
    return _nothing


BEGIN: Mapping[str, Begin] = {
    "sensor": _sensor,
    "rail": _rail,
    "heater": _heater,
    "array": _array,
    "battery": _battery,
    "link.up": _line("up"),
    "link.down": _line("down"),
    "station": _station,
    "clock": _clock,
    "disk": _disk,
    "computer": _reset,
    "module": _module,
    "process.executive": _process("executive"),
    "process.guardian": _process("guardian"),
    "process.storage": _process("storage"),
}


class Injector:
    """Begins and ends the faults of a run; call it once a second before anything else moves."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.waiting = sorted(faults, key=lambda fault: fault.at_s)
        self.running: list[tuple[float, Undo]] = []
        self.seed = seed
        self.begun: dict[str, int] = {}

    def __call__(self, simulation: Simulation, second: int) -> None:
        while self.waiting and self.waiting[0].at_s <= second:
            self._begin(simulation, self.waiting.pop(0))
        if self.running:
            for end, undo in [entry for entry in self.running if entry[0] <= second]:
                undo()
                self.running.remove((end, undo))

    def _begin(self, simulation: Simulation, fault: Fault) -> None:
        simulation.injected += 1
        label = f"{fault.target}.{fault.kind}"
        self.begun[label] = self.begun.get(label, 0) + 1
        rng = stream(self.seed, f"fault {label} {simulation.injected}")
        undo = BEGIN[fault.target](simulation, fault, rng)
        if undo is not None and math.isfinite(fault.duration_s):
            self.running.append((fault.at_s + fault.duration_s, undo))

    def quiet(self) -> bool:
        """Nothing is wrong any more, and nothing will be."""
        return not self.waiting and not self.running
