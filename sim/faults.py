"""Faults: begun and ended in the simulation through its ports, never inside the code under test.

`sim.fault_kinds` says which faults exist; here stands what each one does.  A fault begins at its time, lasts for its
duration, and is undone when it ends, so that after the last one the system can show that it converges.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flight.page import NOBODY
from flight.recovery import STORE_NAMES
from ground import CommandError, Ground
from sim.disk import SimulatedDisk
from sim.fault_kinds import INTRUSIONS
from sim.line_faults import Lines, begin_intrusion, listen
from sim.module_faults import begin_module
from sim.payload.faults import JOB_TARGETS, begin_of_jobs
from sim.scenario import Fault
from sim.simulation import NS, Simulation, stream

DUTY_PERIOD_S = 100  # of a heater that a fault drives
CORRELATE_EVERY_S = 60  # while the ground's clock drifts
UNCERTAINTY_US = 1_000_000  # of a correlation by hand
CUT_WITHIN = 40  # operations of the disk
CUT_IN_SHARE, CUT_IN_WITHIN = (
    0.5,
    3,
)  # of the cuts; operations on files of that name: a write, a sync and a rename
BOOK = "table-jobs"  # what the names of the files of the book of jobs begin with
CUT_IN_BOOK_WITHIN = 40  # operations on them, about ten saves: each start, end and result is one
KILL_WITHIN = 40  # operations of the disk, until a killed worker ends: in the middle of anything


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Begun:
    """How a fault ends, and what it does in each second until then."""

    undo: Callable[[], None] = _nothing
    each_second: Callable[[int], None] | None = None


Begin = Callable[[Simulation, Fault, random.Random], Begun]
OVER = Begun()  # it has had its whole effect


# ---------------------------------------------------------------- sensors


def _sensor(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    sensors, name, value = simulation.sensors, fault.name, fault.value
    if fault.kind == "stuck":
        sensors.stuck(name, value)
    elif fault.kind == "missing":
        sensors.dead(name)
    elif fault.kind == "offset":
        sensors.offset(name, value or 0.0)
    elif fault.kind == "noise":
        sensors.noise(name, value or 0.0, rng)
    elif fault.kind == "garbage":
        sensors.garbage(name, rng)
    else:
        sensors.late(name, int(value or 0.0))
    return Begun(lambda: sensors.heal(name))


# ---------------------------------------------------------------- power and heat


def _rail(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    plant, switches = simulation.world.plant, simulation.switches
    index = plant.form.switches().index(fault.name)
    if fault.kind == "latch_up":
        return _latch_up(simulation, index, fault.value or 0.0)
    if fault.kind == "off":
        plant.set_switch(index, 0)
    switches.jammed.add(fault.name)
    return Begun(lambda: switches.jammed.discard(fault.name))


def _latch_up(simulation: Simulation, index: int, watts: float) -> Begun:
    """It draws more until its rail is cycled; the simulation looks for that once a second."""
    plant = simulation.world.plant
    plant.power.set_extra_load(index, watts)
    simulation.latched.add(index)

    def release() -> None:
        plant.power.set_extra_load(index, 0.0)
        simulation.latched.discard(index)

    return Begun(release)


def _heater(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    """It does not obey; `duty` is the share of time that it is on all the same."""
    plant, switches = simulation.world.plant, simulation.switches
    index = plant.form.switches().index(fault.name)
    duty = {"stuck_on": 1.0, "stuck_off": 0.0}.get(fault.kind, fault.value or 0.0)
    switches.jammed.add(fault.name)

    def drive(second: int) -> None:
        plant.set_switch(index, int(second % DUTY_PERIOD_S < duty * DUTY_PERIOD_S))

    def release() -> None:
        switches.jammed.discard(fault.name)
        plant.set_switch(index, 0)

    return Begun(release, drive)


def _array(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    world = simulation.world
    world.array_share = 1.0 - (fault.value or 0.0)

    def restore() -> None:
        world.array_share = 1.0

    return Begun(restore)


def _battery(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    """A failed string does not come back."""
    simulation.world.plant.power.battery.lose_capacity(fault.value or 0.0)
    return OVER


# ---------------------------------------------------------------- stations, time


def _station(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    number = [station.name for station in simulation.world.stations].index(fault.name)
    simulation.silenced.add(number)
    return Begun(lambda: simulation.silenced.discard(number))


def _clock(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    """The ground's UTC is wrong, and with it what the ground tells the spacecraft: flight has no UTC of its own.

    `step` is in s, `drift` in s for each second.  When it ends the ground correlates anew, and rightly.
    """
    error_ns = int((fault.value or 0.0) * NS)
    began = simulation.now_s
    if fault.kind == "step":
        correlate(simulation, error_ns)
        return Begun(lambda: correlate(simulation, 0))

    def drift(second: int) -> None:
        if (second - began) % CORRELATE_EVERY_S == 0:
            correlate(simulation, error_ns * (second - began))

    return Begun(lambda: correlate(simulation, 0), drift)


def correlate(simulation: Simulation, error_ns: int) -> None:
    """Telecommand UTC as of now, wrong by that much.  What is no UTC to the dictionary is not sent."""
    ground, now = simulation.ground, simulation.now_s * NS
    assert isinstance(ground, Ground)
    utc_ns = simulation.scenario.epoch_ns + now + error_ns
    mission_ns = now + simulation.computer.offset
    arguments = {"utc": utc_ns, "at": mission_ns, "uncertainty_us": UNCERTAINTY_US}
    with contextlib.suppress(CommandError):
        ground.command("timekeeping.correlate", arguments, now, "clock")


# ---------------------------------------------------------------- disk, computer, processes


def _disk(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    disk = simulation.disk
    if fault.kind == "power_cut":
        disk.cut_at(disk.operations + rng.randint(1, CUT_WITHIN))
    elif fault.kind == "cut_in_save":
        return _cut_in_save(simulation, rng)
    elif fault.kind == "cut_in_book":
        return _cut_in(disk, BOOK, rng.randint(1, CUT_IN_BOOK_WITHIN))
    elif fault.kind == "error":
        disk.fail_at(disk.operations + 1, times=rng.randint(1, 20))
    elif fault.kind == "bit_flip":
        if disk.stored_bytes:
            simulation.flipped += 1
            disk.flip_any()
    elif fault.kind == "full":
        disk.set_capacity(disk.stored_bytes)
        return Begun(lambda: simulation.disk.set_capacity(1 << 62))
    else:
        return _slow_disk(simulation, int((fault.value or 1.0) * NS))
    return OVER


def _file_disk(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    jobs = fault.target == "disk.jobs"
    disk = simulation.job_disk if jobs else simulation.file_disk
    if fault.kind == "power_cut":
        disk.cut_at(disk.operations + rng.randint(1, CUT_WITHIN))
    elif fault.kind == "error":
        disk.fail_at(disk.operations + 1, times=rng.randint(1, 20))
    else:
        disk.set_capacity(disk.stored_bytes)
        return Begun(lambda: (simulation.job_disk if jobs else simulation.file_disk).set_capacity(1 << 62))
    return OVER


def _cut_in_save(simulation: Simulation, rng: random.Random) -> Begun:
    """Power is lost while one of the states or documents is being saved, each as likely as any other.

    Most operations of a disk are those of the logs; what is saved now and then is as easily torn.  A cut that has
    waited in vain until its fault ends does not come.
    """
    disk = simulation.disk
    saves = [stem for stem in disk.stems() if stem not in STORE_NAMES]
    if not saves:
        return OVER
    return _cut_in(disk, rng.choice(saves), rng.randint(1, CUT_IN_WITHIN))


def _cut_in(disk: SimulatedDisk, stem: str, operation: int) -> Begun:
    disk.cut_in(stem, operation)
    return Begun(lambda: disk.cut_in("", 0))


def _slow_disk(simulation: Simulation, delay_ns: int) -> Begun:
    """Each request of the storage worker takes that long."""
    computer = simulation.computer

    def delay(amount: int) -> None:
        computer.delay_ns = amount
        if computer.kernel is not None:
            computer.worker.delay_ns = amount

    delay(delay_ns)
    return Begun(lambda: delay(0))


def _reset(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    simulation.cut_power(rng.randint(1, 30), reason=6)
    return OVER


def _executive(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    """Killed, or stopped for longer than the guardian waits, which then kills it: it was between two modules."""
    simulation.restart_executive(None if fault.kind == "kill" else NOBODY)
    return OVER


def _guardian(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    return Begun(simulation.take_guardian(kill=fault.kind == "kill"))


def _storage(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    if fault.kind == "kill":
        simulation.disk.kill_at(simulation.disk.operations + rng.randint(1, KILL_WITHIN))
        return OVER
    return Begun(simulation.stop_storage())


def _files(simulation: Simulation, fault: Fault, rng: random.Random) -> Begun:
    if fault.kind == "kill":
        simulation.file_disk.kill_at(simulation.file_disk.operations + rng.randint(1, KILL_WITHIN))
        return OVER
    return Begun(simulation.stop_files())


BEGIN: Mapping[str, Begin] = {
    "sensor": _sensor,
    "rail": _rail,
    "heater": _heater,
    "array": _array,
    "battery": _battery,
    "station": _station,
    "clock": _clock,
    "disk": _disk,
    "disk.files": _file_disk,
    "disk.jobs": _file_disk,
    "computer": _reset,
    "process.executive": _executive,
    "process.guardian": _guardian,
    "process.storage": _storage,
    "process.files": _files,
}


@dataclass(slots=True)
class Running:
    """A fault under way."""

    end_s: float
    begun: Begun


class Injector:
    """Begins and ends the faults of a run; call it once a second before anything else moves."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.waiting = sorted(faults, key=lambda fault: fault.at_s)
        self.running: list[Running] = []
        self.seed = seed
        self.begun: dict[str, int] = {}
        self.lines = Lines()
        self.listening = False

    def __call__(self, simulation: Simulation, second: int) -> None:
        if not self.listening:
            self.listening = True
            if any(fault.kind in INTRUSIONS for fault in self.waiting):  # who repeats has listened before
                listen(simulation, stream(self.seed, "intruder"))
        while self.waiting and self.waiting[0].at_s <= second:
            self._begin(simulation, self.waiting.pop(0))
        if self.running:
            self._go_on(second)
        simulation.troubles = len(self.running)

    def _begin(self, simulation: Simulation, fault: Fault) -> None:
        simulation.injected += 1
        label = f"{fault.target}.{fault.kind}"
        self.begun[label] = self.begun.get(label, 0) + 1
        rng = stream(self.seed, f"fault {label} {simulation.injected}")
        if fault.kind in INTRUSIONS:
            begun = Begun(begin_intrusion(simulation, fault))
        elif fault.target.startswith("link."):
            begun = Begun(self.lines.begin(simulation, fault))
        elif fault.target == "module":
            begun = Begun(*begin_module(simulation, fault))
        elif fault.target in JOB_TARGETS:
            begun = Begun(begin_of_jobs(simulation, fault, rng))
        else:
            begun = BEGIN[fault.target](simulation, fault, rng)
        if begun is not OVER:
            self.running.append(Running(fault.at_s + fault.duration_s, begun))

    def _go_on(self, second: int) -> None:
        over = [running for running in self.running if running.end_s <= second]
        for running in over:
            running.begun.undo()
            self.running.remove(running)
        for running in self.running:
            if running.begun.each_second is not None:
                running.begun.each_second(second)

    def quiet(self) -> bool:
        """Nothing is wrong any more, and nothing will be."""
        return not self.waiting and not any(math.isfinite(running.end_s) for running in self.running)
