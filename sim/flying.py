"""A simulation that is operated like a spacecraft: `with Flying() as flying, connect(flying) as craft: ...`.

Time is simulated and stands still until the client waits: each wait flies on, second by second.  The ground behind it
is the same as a server's, without sockets.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol, Self

from flight.app import build, load_mission
from flight.mission import Mission
from ground.archive import Archive
from ground.protocol import Line, Plain, Update, UsageError
from ground.server import Moment, Operations
from ground.settings import Settings
from ground.station import Ground
from sim.scenario import Scenario, load_scenario
from sim.simulation import NS, Simulation

UPDATES_KEPT = 100_000  # of a client that does not look: its loss is told, as over a socket


class Flying:
    """`mission` is a name, a folder or a Mission, the spacecraft's own if None.  Nothing is kept without `archive`.

    `simulation` is the truth behind it, for tests that break something or look closer than telemetry does.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "reference",
        mission: str | Path | Mission | None = None,
        seed: int | None = None,
        archive: Path | None = None,
        *,
        keep_time: bool = False,
    ) -> None:
        """`keep_time`: the ground tells the board UTC after each boot, as a server's does."""
        self.scenario = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        given = mission or self.scenario.spacecraft.mission
        built = build(given if isinstance(given, Mission) else load_mission(str(given)))
        self.archive = Archive(archive, built.dictionary) if archive else None
        settings = Settings(
            up_bit_s=self.scenario.spacecraft.radio.up_bit_s,
            utc_epoch_ns=self.scenario.epoch_ns if keep_time else None,
        )
        self.ground = Ground(built.dictionary, self.archive, settings=settings)
        self.simulation = Simulation(self.scenario, built.mission, self.ground, seed)
        self.operations = Operations(self.ground, self._publish)
        self.lines: list[FlyingLine] = []
        self._contact = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.simulation.close()
        self.ground.close()

    @property
    def now_ns(self) -> int:
        return self.simulation.now_s * NS

    def moment(self) -> Moment:
        """Simulated time is the only one there is: a lease of the seat runs on it, too."""
        return Moment(self.now_ns, self.now_ns, self.now_ns)

    def second(self) -> None:
        """Fly one second."""
        self.simulation.second()
        now = self.moment()
        self.operations.on_deadline(now)
        if self.ground.in_contact is not self._contact:
            self._contact = self.ground.in_contact
            self.operations.contact_changed(self._contact, self.ground.station, now)

    def line(self, name: str) -> Line:
        """For `ground.connect`."""
        return FlyingLine(self, name)

    def _publish(self, update: Update) -> None:
        for line in self.lines:
            line.take(update)


class Flown(Protocol):
    """What a client's line needs of a simulation or a bench."""

    operations: Operations
    lines: list[FlyingLine]

    @property
    def now_ns(self) -> int: ...

    def moment(self) -> Moment: ...

    def second(self) -> None:
        """Fly on, a second at most."""
        ...


class FlyingLine(Line):
    """One client of a simulation.  While it is open its seat is kept: who flies the time is there."""

    def __init__(self, flying: Flown, name: str) -> None:
        self.flying, self.name = flying, name
        self.lost = False
        self._waiting: list[Update] = []
        flying.lines.append(self)

    def take(self, update: Update) -> None:
        if len(self._waiting) < UPDATES_KEPT:
            self._waiting.append(update)
        else:
            self.lost = True

    def request(self, message: Plain, within_s: float | None = None) -> Plain:
        return self.flying.operations.handle(
            {**message, "name": self.name}, "simulation", self.flying.moment()
        )

    def now_ns(self) -> int:
        return self.flying.now_ns

    def wait(self, until_ns: int) -> None:
        if self.flying.now_ns < until_ns:
            self._second()

    def fly(self, seconds: float) -> None:
        if not 0 <= seconds < math.inf:
            raise UsageError(f"fly: expected seconds, not {seconds}")
        until_ns = self.flying.now_ns + math.ceil(seconds) * NS
        while self.flying.now_ns < until_ns:
            self._second()

    def _second(self) -> None:
        for line in self.flying.lines:
            self.flying.operations.seat.renew(line.name, self.flying.now_ns)
        self.flying.second()

    def updates(self) -> list[Update]:
        found, self._waiting = self._waiting, []
        return found

    def close(self) -> None:
        if self in self.flying.lines:
            self.flying.lines.remove(self)
