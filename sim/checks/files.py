"""Invariant of files: what was received is what was sent, or it was never called received."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from flight.declare.filing import Ordered, RemoveFile, Turned
from flight.declare.shelving import TakePackage
from flight.kernel import Kernel
from flight.wire.cfdp import TransactionId, stored_name
from flight.wire.file_packets import GROUND_ENTITY
from ground import Ground
from ground.files import GroundFiles
from ground.transfers import Transfer, TransferState
from sim.checks.check import Check
from sim.simulation import GroundSegment, Simulation

if TYPE_CHECKING:
    from sim.computer import VirtualFiles


class FilesWhole(Check):
    """Of both ways, class 1 and 2.  A file that class 2 calls delivered is there; one that is on board outlives a boot.

    What a power cut leaves of the request under way is read from the disk: nobody was told of it.
    Exercised: a file was reported as received or delivered, or was looked at after a boot.
    """

    def __init__(self, ground: GroundSegment) -> None:
        super().__init__("a file received is the file sent, or is reported incomplete")
        self.simulation: Simulation | None = None
        self.sent: dict[TransactionId, bytes] = {}  # digest
        self.class_1: set[TransactionId] = set()
        self.names: dict[str, set[bytes]] = {}  # what may stand under a name on board
        self.held: dict[str, bytes] = {}  # what was received on board and neither replaced nor removed
        self.arrived: set[TransactionId] = set()
        if isinstance(ground, Ground):
            self.ground = ground
            ground.listeners.transfers.append(self._on_ground)
            self._tap_put(ground.files)

    # ---------------------------------------------------------------- the ground's end

    def _on_ground(self, transfer: Transfer) -> None:
        transaction = TransactionId(transfer.source, transfer.sequence)
        if transfer.state is not TransferState.DONE:
            return
        if transfer.up and transaction not in self.class_1:
            there = transaction in self.arrived or self._on_board(transfer.name) == self.sent.get(transaction)
            self.expect(there, f"{transfer.name}: called delivered, and is not on board")
        elif not transfer.up:
            content = self.ground.files.whole(transfer.name)
            self.arrived.add(transaction)
            self.expect(_digest(content) == self.sent.get(transaction), f"{transfer.name}: another file came")

    def _tap_put(self, files: GroundFiles) -> None:
        put = files.put

        def tapped(number: int, name: str, acknowledged: bool, now_ns: int) -> Transfer:
            transfer = put(number, name, acknowledged, now_ns)
            file = files.store.open(transfer.file)
            digest = _digest(file.read(0, file.size()))
            file.close()
            transaction = TransactionId(transfer.source, transfer.sequence)
            self.sent[transaction] = digest
            self.names.setdefault(name, set()).add(digest)
            if not acknowledged:
                self.class_1.add(transaction)
            return transfer

        vars(files)["put"] = tapped

    # ---------------------------------------------------------------- the spacecraft's end

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.simulation = simulation
        found = {name: self._on_board(name) for name in self.names | self.held}
        for name, digest in self.held.items():
            allowed = self.names.get(name, set()) | {digest}
            self.expect(
                found[name] in allowed, f"{name}: was received on board, and is not there after a boot"
            )
        self.held = {name: digest for name, digest in found.items() if digest is not None}
        if simulation.computer.files is not None:
            self._tap(simulation.computer.files)

    def _tap(self, files: VirtualFiles) -> None:
        perform = files.perform

        def performed(request: object) -> object:
            if isinstance(request, TakePackage):  # it becomes a job, and is removed, wherever the power goes
                self.held.pop(request.file, None)
            removed = self.held.pop(request.name, None) if isinstance(request, RemoveFile) else None
            result = perform(request)
            self._note_senders(files)
            if isinstance(result, Turned) and result.notices:
                self._turned(result)
            elif isinstance(request, RemoveFile) and not isinstance(result, Ordered) and removed is not None:
                self.held[request.name] = removed
            return result

        vars(files)["perform"] = performed

    def _note_senders(self, files: VirtualFiles) -> None:
        """Of all that are there: one whose order was cut short by the power goes on after the boot."""
        entity = files.worker.entity
        if entity is None:
            return
        for transaction, sender in entity.senders.items():
            if transaction in self.sent:
                continue
            digest = self._on_board(sender.file_name)
            if digest is not None:
                self.sent[transaction] = digest
            if not sender.class_2:
                self.class_1.add(transaction)

    def _turned(self, result: Turned) -> None:
        newest = {notice.name: notice.sequence for notice in result.notices if notice.what == "RECEIVED"}
        for what, source, sequence, _, name in result.notices:
            transaction = TransactionId(source, sequence)
            if what == "RECEIVED" and source == GROUND_ENTITY:
                self.arrived.add(transaction)
                if newest[name] != sequence:
                    continue  # replaced by another one within the same turn
                digest = self._on_board(name)
                self.expect(digest == self.sent.get(transaction), f"{name}: another file is on board")
                if digest is not None:
                    self.held[name] = digest
            elif what == "SENT" and source != GROUND_ENTITY and transaction not in self.class_1:
                self.expect(
                    transaction in self.arrived, f"{name}: called delivered, and is not on the ground"
                )

    def _on_board(self, name: str) -> bytes | None:
        assert self.simulation is not None
        content = self.simulation.file_disk.peek(stored_name(name))
        return None if content is None else _digest(content)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
