"""Invariants of the way up under attack: nobody but the ground commands, and the ground still does afterwards."""

from __future__ import annotations

from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.wire.coding import CltuReceiver
from flight.wire.sdls import Verified
from ground import CommandError, Ground
from ground.commanding import CommandRecord, Stage
from sim.checks.check import Check
from sim.intruders import HEADER, SHORTEST, number_of, protected_frames
from sim.simulation import NS, GroundSegment, Simulation

# From the first second in which nothing disturbs: 3 s of silence and the start of COP-1's service (5 to 6 s), and a
# first command that is waited for, asked again every 10 s, for which the ground may have to follow the board's numbers.
THROUGH_WITHIN_S = 90
SOURCE = "after a flood"


class OnlyTheGroundCommands(Check):
    """What the link hands on was in a frame that the ground radiated, under its header, and comes once for ever.

    Exercised: a frame that is not a fresh one of the ground's has reached the security on board.
    """

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("no forged or replayed command is executed")
        mission = simulation.mission
        self.sent: dict[tuple[int, int], bytes] = {}  # frames by SPI and number
        self.taken: set[tuple[int, int]] = set()  # over all boots
        self._cltus = CltuReceiver(mission.spacecraft_id, mission.telecommand.randomiser())
        if mission.telecommand.protected:
            simulation.radio.listeners.append(self.radiated)

    def radiated(self, data: bytes) -> None:
        for frame in protected_frames(self._cltus, data):
            self.sent[number_of(frame)] = frame

    def checked(self, frame: bytes) -> None:
        key = number_of(frame) if len(frame) > SHORTEST else (0, 0)
        self.exercised += self.sent.get(key) != frame or key in self.taken

    def handed_on(self, verified: Verified) -> None:
        key = verified.spi, verified.number
        true = self.sent.get(key)
        if true is None or true[:HEADER] != verified.prefix:
            self.fail(f"frame {key} was handed on, and the ground never sent it")
        elif key in self.taken:
            self.fail(f"frame {key} was handed on once more")
        self.taken.add(key)


class ThroughAfterFlood(Check):
    """After an intrusion, in contact and with nothing else wrong, a command of the ground is accepted in time.

    The check itself asks the ground for one; with a queue before it, the first of that serves as well.
    Exercised: one was accepted, or the time was over.
    """

    def __init__(self, ground: GroundSegment) -> None:
        super().__init__("a true command gets through in bounded time after a flood")
        self.ground = ground
        self.flooded = 0  # intrusions seen to end
        self.owed = False
        self.asked = self.accepted = False  # since nothing disturbs any more
        self.since = -1
        if isinstance(ground, Ground):
            ground.listeners.commands.append(self._changed)

    def _changed(self, record: CommandRecord) -> None:
        self.accepted = self.accepted or (self.asked and record.stage is Stage.ACCEPTED)

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.asked = False

    def look(self, simulation: Simulation, second: int) -> None:
        if simulation.flooded != self.flooded:
            self.flooded, self.owed, self.asked = simulation.flooded, True, False
        if not self.owed:
            return
        if not _undisturbed(simulation):
            self.asked = False
        elif not self.asked:
            self._ask(second)
        else:
            self._judge(second)

    def _ask(self, second: int) -> None:
        if not isinstance(self.ground, Ground):
            return
        try:
            self.ground.command("commands.nothing", {}, (second + 1) * NS, SOURCE)
        except CommandError:  # full, or the dictionary is not known yet: in the next second
            return
        self.asked, self.accepted, self.since = True, False, second

    def _judge(self, second: int) -> None:
        waited = second - self.since
        if self.accepted or waited > THROUGH_WITHIN_S:
            self.owed = self.asked = False
            self.expect(self.accepted, f"no command got through in {waited} s after a flood")


def _undisturbed(simulation: Simulation) -> bool:
    radio, kernel = simulation.radio, simulation.computer.kernel
    if simulation.troubles or kernel is None or not radio.carrier() or not radio.transmitting:
        return False
    return not simulation.latched and all(slot.state is State.RUNNING for slot in kernel.slots)
