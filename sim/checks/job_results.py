"""Invariants of results: each is signed, true, and the tenant's whose job it was."""

from __future__ import annotations

from hashlib import sha256

from flight.jobs import Ended, FileHash, Receipt, Redundancy, ResultReader, public_of
from flight.runners.modelled import FaultKind
from ground import Ground
from sim.checks.check import Check
from sim.keys import board_private_of
from sim.payload.deliveries import RESULTS, when_down
from sim.payload.packages import OUTPUT, Package
from sim.payload.stand_in import true_output
from sim.simulation import GroundSegment, Simulation


class Delivered:
    """What has come down, and what was sent up: shared by the checks of results."""

    def __init__(self, simulation: Simulation, ground: GroundSegment) -> None:
        self.simulation = simulation
        self.key = public_of(board_private_of(simulation.seed)) if simulation.scenario.tenants else b""
        self.checks: list[ResultCheck] = []
        if isinstance(ground, Ground):
            when_down(ground, RESULTS, self._came)

    def _came(self, name: str, octets: bytes) -> None:
        for check in self.checks:
            check.came(name, octets)


class ResultCheck(Check):
    def __init__(self, name: str, delivered: Delivered) -> None:
        super().__init__(name)
        self.delivered = delivered
        delivered.checks.append(self)

    def came(self, name: str, octets: bytes) -> None:
        raise NotImplementedError

    def receipt(self, octets: bytes, key: bytes | None) -> tuple[Receipt | None, str]:
        """The receipt of a result whose every file is what it says, or why it is none."""
        reader = ResultReader(key)
        faults = [str(event) for event in reader.receive(octets) if type(event).__name__ == "Fault"]
        end = reader.finish()
        faults += [str(end)] if end is not None else []
        return reader.receipt, "; ".join(faults)


class ResultsTrue(ResultCheck):
    """A delivered result has a receipt that verifies, and what is called done has the outputs of the ground truth.

    A flipped bit of a job that asked for no copies is nobody's to see.  Exercised: a result came down.
    """

    def __init__(self, delivered: Delivered) -> None:
        super().__init__("a delivered result verifies and is true", delivered)
        self.wrong_bits: set[str] = set()  # labels that a fault has struck, ever

    def look(self, simulation: Simulation, second: int) -> None:
        struck = simulation.afflictions.struck
        if struck:
            self.wrong_bits.update(
                label for label, fault in struck.items() if fault.kind is FaultKind.WRONG_BITS
            )

    def came(self, name: str, octets: bytes) -> None:
        receipt, fault = self.receipt(octets, self.delivered.key)
        if receipt is None or fault:
            self.expect(False, f"{name}: {fault or 'no receipt'}")
            return
        if receipt.ended is not Ended.DONE:
            self.expect(not receipt.outputs, f"{name}: {receipt.ended.name}, and has outputs")
            return
        label = f"{receipt.owner}/{receipt.name}"
        blind = label in self.wrong_bits and self._copies(receipt) is Redundancy.NONE
        self.expect(
            blind or [_true(receipt, file) for file in receipt.outputs] == list(receipt.outputs),
            f"{name}: its outputs are not those of the ground truth",
        )

    def _copies(self, receipt: Receipt) -> Redundancy:
        runs = self.delivered.simulation.history.of(f"{receipt.owner}/{receipt.name}")
        return runs[-1].brief.redundancy if runs else Redundancy.NONE


class ResultsOfTheirOwner(ResultCheck):
    """A result is that of a package which its owner has sent, under that owner's name.  Exercised: a result came."""

    def __init__(self, delivered: Delivered) -> None:
        super().__init__("no result goes under another tenant's name", delivered)

    def came(self, name: str, octets: bytes) -> None:
        receipt, _ = self.receipt(octets, None)
        if receipt is None:
            return
        sent = {sha256(one.octets).digest(): one for one in self.delivered.simulation.packages}
        package: Package | None = sent.get(receipt.package_sha256)
        label = f"{receipt.owner}/{receipt.name}"
        file = f"{RESULTS}{receipt.owner}-{receipt.name}-{receipt.serial}.result"
        right = package is not None and package.label == label and package.serial == receipt.serial
        self.expect(right and name == file, f"{name}: says it is of {label}, serial {receipt.serial}")


def _true(receipt: Receipt, file: FileHash) -> FileHash:
    octets = true_output(receipt.owner, receipt.name, receipt.serial, file.path, file.size)
    return FileHash(OUTPUT, file.size, sha256(octets).digest())
