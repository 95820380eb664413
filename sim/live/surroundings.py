"""What the world process simulates, without sockets: the same world, radio and ports as a run in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from flight.drivers.umbilical import Readings
from flight.mission import Mission
from sim.board_ports import SimulatedSensors, SimulatedSwitches
from sim.link import Radio
from sim.scenario import Scenario
from sim.simulation import NS, stream
from sim.world import World


class Delay:
    """Octets on their way through space, in order: they arrive when their light time has passed."""

    def __init__(self) -> None:
        self.under_way: deque[tuple[int, bytes]] = deque()

    def put(self, arrives: int, data: bytes) -> None:
        if data:
            # None overtakes: the first holds up those that are due behind it.
            self.under_way.append((arrives, data))

    def take(self, now: int) -> bytes:
        taken = []
        while self.under_way and self.under_way[0][0] <= now:
            taken.append(self.under_way.popleft()[1])
        return b"".join(taken)

    def next_arrival(self) -> int | None:
        return self.under_way[0][0] if self.under_way else None


class Surroundings:
    """World time in ns from the scenario's epoch, always given; `second` in order from 0."""

    def __init__(self, scenario: Scenario, mission: Mission, seed: int) -> None:
        self.mission = mission
        self.world = World(scenario, seed)
        radio = scenario.spacecraft.radio
        self.radio = Radio(radio.down_bit_s, radio.up_bit_s, stream(seed, "down"), stream(seed, "up"))
        self.radio.down.spoiling.loss = scenario.link.loss_down
        self.radio.up.spoiling.loss = scenario.link.loss_up
        self.sensors = SimulatedSensors(mission, self.world.plant)
        self.switches = SimulatedSwitches(mission, self.world.plant)
        names = scenario.spacecraft.switches()
        self.transmitter, self.receiver = names.index(radio.transmitter), names.index(radio.receiver)
        self.cadu_length = mission.coding.cadu_length
        self.station = -1
        self.silenced: set[int] = set()  # stations that a fault has taken
        self.number = 0
        self._partial = b""
        self._down, self._up = Delay(), Delay()

    def second(self, second: int) -> str | None:
        """Move everything by one second; what a person would like to hear of it, if anything."""
        self.world.advance(second)
        self.sensors.refresh()
        self._follow_switches()
        station = self.world.station()
        if station in self.silenced:
            station = -1
        said = None
        if station != self.station:
            name = self.world.stations[station if station >= 0 else self.station].name
            said = f"contact over {name}" if station >= 0 else f"contact over {name} ends"
        self.station = station
        self.radio.in_contact = station >= 0
        self.radio.uplink(self._up.take(second * NS))
        self.radio.advance(1.0)
        return said

    def _follow_switches(self) -> None:
        levels = self.world.plant.switch_levels()
        self.radio.transmitting = levels[self.transmitter] > 0
        self.radio.receiving = levels[self.receiver] > 0

    # The umbilical.

    def readings(self) -> Readings:
        values = {every: iter(self.sensors.read(every)) for every in {s.every for s in self.mission.sensors}}
        self.number += 1
        return Readings(
            self.number & 0xFFFF_FFFF,
            self.radio.room(),
            self.radio.carrier(),
            tuple(self.switches.levels()),
            tuple(next(values[sensor.every]) for sensor in self.mission.sensors),
        )

    def obey(self, commands: Sequence[tuple[int, int]]) -> int:
        """Set switches; how many of the commands made no sense."""
        wrong = 0
        for index, level in commands:
            if index < len(self.mission.switches) and level <= self.mission.switches[index].highest:
                self.switches.set(index, level)
            else:
                wrong += 1
        self._follow_switches()
        return wrong

    # The way down and the way up.

    def new_board(self) -> None:
        """Another connection begins with a whole frame."""
        self._partial = b""

    def from_board(self, data: bytes, now: int) -> None:
        """The transmitter radiates whole frames; the line may lose them."""
        octets = self._partial + data
        whole = len(octets) - len(octets) % self.cadu_length
        for start in range(0, whole, self.cadu_length):
            self.radio.send(octets[start : start + self.cadu_length])
        self._partial = octets[whole:]
        for piece in self.radio.take_sent():
            self._down.put(now + self.world.delay_ns(), piece)

    def radiate(self, data: bytes, now: int) -> None:
        """Octets as they come, whole frames or not: a bad line between board and transmitter may have spoiled them."""
        for start in range(0, len(data), self.cadu_length):
            self.radio.send(data[start : start + self.cadu_length])
        for piece in self.radio.take_sent():
            self._down.put(now + self.world.delay_ns(), piece)

    def to_station(self, now: int) -> bytes:
        return self._down.take(now)

    def from_station(self, data: bytes, now: int) -> None:
        """Radiated only while the antenna sees the spacecraft."""
        if self.station >= 0:
            self._up.put(now + self.world.delay_ns(), data)

    def to_board(self) -> bytes:
        return self.radio.receive()

    def next_arrival(self) -> int | None:
        return self._down.next_arrival()
