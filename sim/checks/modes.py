"""Invariant of the modes: a mode is left as its table says, after conditions have held for their dwell."""

from __future__ import annotations

from flight.declare import Mode, Why
from flight.kernel import Kernel
from flight.modules.modes import Modes, Transition
from sim.checks.check import Check
from sim.simulation import Simulation

LATE_S = 3  # looks are once a second, and a boot is seen at its end


class ModesByTable(Check):
    """A change of mode to anything but SAFE is in the table, and its rung and charge have held for its dwell.

    Exercised: such a change.
    """

    def __init__(self) -> None:
        super().__init__("a mode is left by its table, after its dwell")
        self.module: Modes | None = None
        self.mode = Mode.BOOT
        self.held_s: list[int] = []  # by row of the present mode

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "modes":
            module = next(slot.module for slot in kernel.slots if slot.name == name)
            assert isinstance(module, Modes)
            self.module = module
            self._enter(Mode.BOOT)

    def _enter(self, mode: Mode) -> None:
        self.mode = mode
        rows = self.module.rows[mode] if self.module else ()
        self.held_s = [0] * len(rows)

    def look(self, simulation: Simulation, second: int) -> None:
        kernel, module = simulation.computer.kernel, self.module
        if kernel is None or module is None:
            return
        values = vars(kernel.bus)
        mode = values["mode"]
        rung, charge = values["rung"], values["charge"]
        if mode != self.mode:
            self._changed(module, Mode(mode), rung, charge)
        held = self.held_s
        for index, row in enumerate(module.rows[mode]):
            held[index] = held[index] + 1 if _holds(row, rung, charge) else 0

    def _changed(self, module: Modes, mode: Mode, rung: int, charge: float) -> None:
        old = self.mode
        if mode not in (Mode.SAFE, Mode.BOOT) and old is not Mode.BOOT:
            why = Why(module.status.why)
            rows = [
                (row, held)
                for row, held in zip(module.rows[old], self.held_s, strict=True)
                if row.target is mode
            ]
            good = any(
                why in row.by and held + LATE_S >= row.dwell_s and (held or _holds(row, rung, charge))
                for row, held in rows
            )
            self.expect(
                good, f"{old.name} to {mode.name} for {why.name}, held for {[held for _, held in rows]} s"
            )
        elif old is Mode.BOOT and mode is not Mode.SAFE:
            self.expect(False, f"BOOT turns into {mode.name}")
        self._enter(mode)


def _holds(row: Transition, rung: int, charge: float) -> bool:
    return rung <= row.rung_at_most and charge >= row.charge_at_least
