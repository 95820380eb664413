"""The operator of the quiet phase: brings a spacecraft back that only a person may bring back.

It knows the truth instead of reading telemetry, so that what is judged is whether flight can be brought back, not how
clever the operator is.  It commands through the ground alone, in contact, and no more often than once a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flight.declare import SAFE
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.modules.compute.module import Compute
from flight.modules.downlink import Downlink
from flight.modules.power import Power
from flight.modules.recorder import Recorder
from flight.modules.safing import SAFE_RUNG, Safing
from ground import CommandError, Ground
from sim.simulation import NS, Simulation

EVERY_S = 60
SOURCE = "operator"
GO_RUNG, GO_CHARGE = 3, 0.60  # below, leaving safe mode by command is refused

Wanted = tuple[str, Mapping[str, object]]


class Operator:
    """Call `look` once a second."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.next_s = 0
        self.sent = 0

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if second < self.next_s or not self.ground.in_contact or kernel is None:
            return
        self.next_s = second + EVERY_S
        for label, arguments in wanted(kernel):
            try:
                self.ground.command(label, arguments, second * NS, SOURCE)
            except CommandError:
                return
            self.sent += 1
        self._stores(kernel, second * NS)

    def _stores(self, kernel: Kernel, now_ns: int) -> None:
        """All take packets, and all play back."""
        for slot in kernel.slots:
            module = slot.module
            try:
                if isinstance(module, Recorder) and module.kept.off:
                    self.ground.requests.enable_storage([], True, now_ns, SOURCE)
                if isinstance(module, Downlink) and module.playback.suspended:
                    self.ground.requests.suspend_playback([], False, now_ns, SOURCE)
            except CommandError:
                return


def wanted(kernel: Kernel) -> Iterator[Wanted]:
    """The commands that this spacecraft needs now, the gravest first."""
    for slot in kernel.slots:
        if slot.state is State.ISOLATED:
            yield "executive.revive", {"module": slot.index}
    for slot in kernel.slots:
        module = slot.module
        if isinstance(module, Power):
            yield from _rails(module)
        elif isinstance(module, Safing):
            if module.outputs.rung >= SAFE_RUNG > module.asked:
                yield "safing.release", {}
        elif isinstance(module, Compute):
            for watch, wants in zip(module.watches, module.wanted, strict=True):
                if watch.given_up:
                    yield "compute.level", {"board": watch.row.name, "level": wants}
    values = vars(kernel.bus)
    if values["mode"] == SAFE and values["rung"] <= GO_RUNG and values["charge"] >= GO_CHARGE:
        yield "modes.go", {"mode": "IDLE"}


def _rails(power: Power) -> Iterator[Wanted]:
    for number, rail in enumerate(power.switching.table):
        if power.kept.switched_off >> number & 1:
            yield "power.switch", {"rail": rail.name, "on": True}
