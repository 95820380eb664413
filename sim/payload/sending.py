"""The jobs of a scenario: each goes up as a file when its time has come, and is taken when it has arrived.

This is what `ground.jobs.Jobs.submit` does, without waiting.  Beside it the board is told its elements in a pass, after
a boot and twice a day: its forecast needs them, and the UTC that the ground keeps fresh (`ground.time_care`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ground import CommandError, CommandRecord, Ground, Stage
from ground.jobs.client import TAKE
from ground.transfers import Transfer, TransferState
from sim.document import ConfigurationError
from sim.filing import ANSWER_WITHIN_S, FROM_SCENARIO, put
from sim.payload.packages import Package, hostile, packages_of
from sim.payload.tables import JobTable
from sim.scenario import Scenario
from sim.simulation import NS, Simulation

ELEMENTS = "forecast.elements"
FRESH_S = 12 * 3600
TRIES_MAX = 3  # of a transfer, and of a command that nobody has answered


@dataclass(slots=True)
class Sending:
    """A package on its way."""

    package: Package
    at_s: float
    transfer: Transfer | None = None
    take: CommandRecord | None = None
    tries: int = 0


class JobSender:
    """ConfigurationError if this mission takes no jobs, or the packer refuses one.

    Call `look` once a second.  `sent` has every package; `taken` and `refused` are labels, as the board answered.
    """

    speed = 0  # of a board that runs programs; 0: they are modelled

    def __init__(self, scenario: Scenario, ground: Ground, simulation: Simulation) -> None:
        self.able = TAKE in ground.dictionary.commands_by_label
        if scenario.jobs and not self.able:
            where = f"{scenario.path}:{scenario.jobs[0].line}: job"
            raise ConfigurationError(f"{where}: {ground.dictionary.mission} takes no jobs")
        self.scenario, self.ground, self.seed = scenario, ground, simulation.seed
        self.packages = packages_of(scenario, simulation.seed, self.speed)
        self.waiting: list[JobTable] = list(scenario.jobs)
        self.under_way: list[Sending] = []
        self.sent = simulation.packages
        simulation.send_hostile = self.send_hostile
        self.taken: list[str] = []
        self.refused: dict[str, str] = {}
        self.oriented_s = -FRESH_S
        self.oriented_boot = 0

    def look(self, simulation: Simulation, second: int) -> None:
        if not self.able or not (self.waiting or self.under_way or self.sent):
            return
        while self.waiting and self.waiting[0].at_s <= second:
            self.send(self.packages[self.waiting.pop(0).label], second)
        self._orient(simulation, second)
        for sending in self.under_way.copy():
            self._go_on(sending, second)

    def send(self, package: Package, second: int) -> None:
        self.sent.append(package)
        self.under_way.append(Sending(package, second))

    def send_hostile(self, kind: str, second: int, rng: random.Random) -> None:
        """In the name of one of the tenants."""
        owners: Sequence[str] = [tenant.owner for tenant in self.scenario.tenants]
        if owners:
            self.send(hostile(kind, rng.choice(owners), self.seed, rng), second)

    # ---------------------------------------------------------------- each of them

    def _go_on(self, sending: Sending, second: int) -> None:
        transfer, take = sending.transfer, sending.take
        if take is not None:
            if take.ended:
                self._answered(sending, take)
        elif transfer is not None and transfer.state is TransferState.DONE:
            sending.take = self._command(TAKE, {"file": sending.package.file.encode()}, second)
        elif transfer is None or transfer.ended:
            self._put(sending, second)

    def _put(self, sending: Sending, second: int) -> None:
        if sending.tries == TRIES_MAX:
            self._end(sending, "it could not be sent")
            return
        sending.tries += 1
        number = put(self.ground, sending.package.file, sending.package.octets, second)
        sending.transfer = self.ground.files.transfers[number]

    def _answered(self, sending: Sending, take: CommandRecord) -> None:
        label = sending.package.label
        if take.stage is Stage.COMPLETED:
            self.taken.append(label)
            self.under_way.remove(sending)
        elif take.stage is Stage.NO_ANSWER and sending.tries < TRIES_MAX:
            sending.tries += 1
            sending.take = None  # it may have been taken all the same; then the next one is refused
        else:
            self._end(sending, take.reason or take.stage.value)

    def _end(self, sending: Sending, reason: str) -> None:
        self.under_way.remove(sending)
        self.refused[sending.package.label] = reason

    def _orient(self, simulation: Simulation, second: int) -> None:
        if not self.ground.in_contact or simulation.computer.kernel is None:
            return
        boots = simulation.computer.boots
        if boots == self.oriented_boot and second - self.oriented_s < FRESH_S:
            return
        self.oriented_boot, self.oriented_s = boots, second
        lines = f"{self.scenario.line1}\n{self.scenario.line2}"
        self._command(ELEMENTS, {"lines": lines.encode()}, second)

    def _command(self, label: str, arguments: Mapping[str, object], second: int) -> CommandRecord | None:
        try:
            return self.ground.command(
                label, arguments, second * NS, source=FROM_SCENARIO, answer_within_s=ANSWER_WITHIN_S
            )
        except CommandError:
            return None
