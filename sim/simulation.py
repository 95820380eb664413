"""One spacecraft, its world and its ground in one process and in virtual time.

A run is a scenario and a seed.  Each second: the world moves, faults begin and end, flight does its ticks, the link
carries what was sent, the ground takes it, the checks look.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from flight.mission import Mission
from ground import Ground
from sim.aboard import put_sky_on_board
from sim.board_ports import SimulatedSensors, SimulatedSwitches
from sim.computer import Computer
from sim.disk import PowerCut, SimulatedDisk
from sim.guardian import BITES_AFTER_S, WATCHDOG, Orders, VirtualGuardian
from sim.keys import board_private_of, memory_keys, put_on_board
from sim.link import Radio
from sim.payload.afflictions import Afflictions
from sim.payload.history import JobHistory
from sim.payload.packages import Package, mission_with
from sim.payload.power import JobPower
from sim.scenario import Scenario
from sim.trace import Trace
from sim.world import World

NS = 1_000_000_000
FOR_EVER_S = 1 << 40
SAG_WITHIN = 3  # operations of the disk: an inrush takes milliseconds
DARK_S = 10  # how long the computer stays off after a power cut
TRACE_EVERY_S = 10  # the state of the world enters the trace this often; every octet of the link does


class GroundSegment(Protocol):
    """What the simulation needs of a ground."""

    def receive(self, data: bytes, now_ns: int, station: str = "") -> None: ...

    def contact(self, up: bool, now_ns: int) -> None: ...

    def send(self, now_ns: int) -> bytes: ...

    def on_deadline(self, now_ns: int) -> None: ...


class FrameSink(Protocol):
    def write(self, frames: Sequence[bytes]) -> None: ...

    def close(self) -> None: ...


class Watcher(Protocol):
    """Looks at the whole once a second; never changes it."""

    def look(self, simulation: Simulation, second: int) -> None: ...


def stream(seed: int, name: str) -> random.Random:
    """One random stream for each fault domain, so that a new one does not reshuffle the others."""
    return random.Random(f"{seed}/{name}")


@dataclass
class Power:
    """Whether the computer has power, when it comes back, and what its guardian remembers since then."""

    guardian: VirtualGuardian
    off_until_s: int = -1


class Simulation:
    """`second()` moves everything by one second."""

    def __init__(
        self,
        scenario: Scenario,
        mission: Mission,
        ground: GroundSegment,
        seed: int | None = None,
        watchers: Sequence[Watcher] = (),
        inject: Callable[[Simulation, int], None] | None = None,
    ) -> None:
        self.seed = scenario.seed if seed is None else seed
        mission = mission_with(mission, scenario.tenants, self.seed)
        self.scenario, self.mission, self.ground = scenario, mission, ground
        self.watchers, self.inject = watchers, inject
        self.world = World(scenario, self.seed)
        form = scenario.spacecraft
        self.radio = Radio(
            form.radio.down_bit_s, form.radio.up_bit_s, stream(self.seed, "down"), stream(self.seed, "up")
        )
        self.radio.down.spoiling.loss = scenario.link.loss_down
        self.radio.up.spoiling.loss = scenario.link.loss_up
        self.disk = SimulatedDisk(stream(self.seed, "disk"))
        self.file_disk = SimulatedDisk(stream(self.seed, "file disk"))
        self.job_disk = SimulatedDisk(stream(self.seed, "job disk"))
        if mission.secured:
            put_on_board(self.disk, self.seed)
            if isinstance(ground, Ground):
                ground.use_keys(memory_keys(self.seed))
        put_sky_on_board(self.disk, mission, scenario)
        self.sensors = SimulatedSensors(mission, self.world.plant)
        self.switches = SimulatedSwitches(mission, self.world.plant)
        self.transmitter = form.switches().index(form.radio.transmitter)
        self.receiver = form.switches().index(form.radio.receiver)
        self.afflictions = Afflictions(sag=self._sag)  # of jobs
        self.history = JobHistory()
        self.job_power = JobPower()
        self.packages: list[Package] = []  # sent as jobs, hostile ones with them
        self.computer = self._computer()
        self.power = Power(VirtualGuardian(0))
        self.trace = Trace()
        self.now_s = 0
        self.injected = 0  # faults begun
        self.troubles = 0  # faults under way
        self.flooded = 0  # intrusions that are over
        self.flipped = 0  # bits of stored data
        self.latched: set[int] = set()  # rails that draw too much until they are cycled
        self.frames: FrameSink | None = None  # gets the frames as sent
        self.station = -1
        self.silenced: set[int] = set()  # stations that a fault has taken
        self.send_hostile: Callable[[str, int, random.Random], None] | None = (
            None  # a package of that kind, now
        )
        self.ticks_per_second = NS // mission.base_tick_ns

    def _computer(self) -> Computer:
        return Computer(
            self.mission,
            self.disk,
            self.radio,
            self.sensors,
            self.switches,
            stream(self.seed, "computer"),
            file_disk=self.file_disk,
            job_disk=self.job_disk,
            board_key=board_private_of(self.seed),
            afflictions=self.afflictions,
            history=self.history,
        )

    def run(self, until_s: int, progress: Callable[[float], None] | None = None) -> None:
        while self.now_s < until_s:
            self.second()
            if progress is not None and self.now_s % 60 == 0:
                progress(self.now_s)

    def second(self) -> None:
        second = self.now_s
        now = second * NS
        if self.inject is not None:
            self.inject(self, second)
        self.world.advance(second)
        self.sensors.refresh()
        self._contact(now)
        self.radio.advance(1.0)
        self._fly(now)
        self.now_s = second + 1
        self._carry(now + NS)
        if self.latched:
            self._release_latched()
        if self.afflictions.lying_w or self.job_power.drawn:
            self.job_power.second(self)
        if second % TRACE_EVERY_S == 0:
            plant = self.world.plant
            self.trace.world(second, (plant.power.battery.charge, *plant.thermal.temperatures_k))
        for watcher in self.watchers:
            watcher.look(self, second)

    def _contact(self, now: int) -> None:
        levels = self.world.plant.switch_levels()
        self.radio.transmitting = levels[self.transmitter] > 0
        self.radio.receiving = levels[self.receiver] > 0
        station = self.world.station()
        if station in self.silenced:
            station = -1
        if station != self.station:
            if (station < 0) != (self.station < 0):
                self.ground.contact(station >= 0, now)
            self.station = station
        self.radio.in_contact = station >= 0

    def _fly(self, now: int) -> None:
        computer = self.computer
        if not self.world.plant.power.bus_on:
            self.cut_power(1)
        try:
            if computer.kernel is None and self.now_s >= self.power.off_until_s:
                self.power.guardian.started(now)
                computer.power_on(now, self.power.guardian.orders)
            elif computer.kernel is not None and computer.worker.sealed and computer.begins_anew(now):
                self.restart_executive(None)
            if (kernel := computer.kernel) is not None:
                start, step = now + computer.offset, self.mission.base_tick_ns
                for tick in range(self.ticks_per_second):
                    kernel.tick(start + tick * step)
            elif computer.runner is not None:  # nobody steers the jobs, which run on
                computer.runner.tend(now, watched=False)
        except PowerCut:
            self.cut_power(DARK_S)
        if self.power.guardian.bites(self.now_s, computer.kernel):
            self.cut_power(DARK_S, WATCHDOG)

    def cut_power(self, seconds: int, reason: int = 1) -> None:
        """The computer is off for that long; what its disk had not made sure is lost, kept or torn."""
        self.computer.power_off()
        self.computer.runner = None
        self.history.end_all(self.now_s * NS)
        disk = self.disk.reboot()  # also when the cut met it in the middle of a boot
        self.disk = self.computer.disk = disk
        self.file_disk = self.computer.file_disk = self.file_disk.reboot()
        self.job_disk = self.computer.job_disk = self.job_disk.reboot()
        back = self.now_s + seconds
        guardian = VirtualGuardian(back * NS)
        guardian.orders = Orders(reason)
        self.power = Power(guardian, back)

    def restart_executive(self, hung: int | None) -> None:
        """It hangs in a module (by index, or in NOBODY) or has died: the guardian starts a new one.

        The disk lives on.  With the guardian away nobody starts anything, until that is back or the watchdog bites.
        """
        kernel, guardian = self.computer.kernel, self.power.guardian
        if kernel is None:
            return
        now, guardian.clock_floor = self.now_s * NS, kernel.emitter.now
        if guardian.away:
            wait = FOR_EVER_S
        else:
            wait = guardian.died(now) if hung is None else guardian.hung(now, kernel.ticks, hung)
        self.computer.power_off()
        self.power.off_until_s = self.now_s + wait

    def take_guardian(self, *, kill: bool) -> Callable[[], None]:
        """The guardian is killed, which the executive sees and says, or stopped, which nobody sees.

        Either way the watchdog is not fed and bites.  Gives what brings a stopped one back, if it did not.
        """
        guardian, kernel = self.power.guardian, self.computer.kernel
        guardian.away = True
        if kill:
            if kernel is not None:
                kernel.guardian_gone()
            return lambda: None

        def back() -> None:
            guardian.away = False
            if guardian is self.power.guardian and self.power.off_until_s - self.now_s > BITES_AFTER_S:
                self.power.off_until_s = self.now_s + guardian.died(self.now_s * NS)

        return back

    def stop_storage(self) -> Callable[[], None]:
        """The worker's process stands still.  Gives what lets it go on."""
        if self.computer.kernel is None:
            return lambda: None
        worker = self.computer.worker
        worker.hung = True

        def release() -> None:
            worker.hung = False

        return release

    def stop_files(self) -> Callable[[], None]:
        """The same of the worker that moves files."""
        files = self.computer.files if self.computer.kernel is not None else None
        if files is None:
            return lambda: None
        files.hung = True

        def release() -> None:
            files.hung = False

        return release

    def stop_planning(self, *, kill: bool) -> Callable[[], None]:
        """The planning worker is killed, and begins anew after its back-off, or stands still until it may go on."""
        planning = self.computer.planning
        if planning is None:
            return lambda: None
        if kill:
            planning.kill(self.now_s * NS + self.computer.offset)
            return lambda: None
        planning.hung = True

        def release() -> None:
            planning.hung = False

        return release

    def _sag(self) -> None:
        """A board takes its load, and the bus gives way: the computer goes off within few operations of the disk."""
        rng = stream(self.seed, f"sag {self.now_s}")
        self.disk.cut_at(self.disk.operations + rng.randint(1, SAG_WITHIN))

    def receiver_jammed(self) -> bool:
        """A fault holds the receiver's rail."""
        return self.scenario.spacecraft.radio.receiver in self.switches.jammed

    def _release_latched(self) -> None:
        plant = self.world.plant
        for index in sorted(self.latched):
            if plant.switch_levels()[index] == 0:
                plant.power.set_extra_load(index, 0.0)
                self.latched.discard(index)

    def _carry(self, now: int) -> None:
        """Down and up, with the light time of the present range."""
        if self.frames is not None and self.radio.sent:
            self.frames.write(self.radio.sent)
        sent = self.radio.take_sent()
        if sent:
            self.trace.octets(b"d", sent)
            name = self.world.stations[self.station].name if self.station >= 0 else ""
            self.ground.receive(b"".join(sent), now + self.world.delay_ns(), name)
        self.ground.on_deadline(now)
        if self.radio.in_contact:
            data = self.ground.send(now)
            if data:
                self.trace.octets(b"u", [data])
                self.radio.uplink(data)

    def close(self) -> None:
        if self.frames is not None:
            self.frames.close()
