"""What came down of the jobs of a run, as the ground has it: of a simulated board and of one on a bench alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flight.jobs import Ended, Receipt, ResultReader
from ground import Ground
from ground.transfers import Transfer, TransferState
from sim.payload.sending import JobSender

RESULTS = "results/"


def when_down(ground: Ground, folder: str, take: Callable[[str, bytes], None]) -> None:
    """`take` is called with the name and the octets of each file of that folder that came down whole."""

    def heard(transfer: Transfer) -> None:
        if not transfer.up and transfer.state is TransferState.DONE and transfer.name.startswith(folder):
            take(transfer.name, ground.files.whole(transfer.name))

    ground.listeners.transfers.append(heard)


class ResultsHeard:
    """`receipts` by the name of their result; one that comes down again is no other result."""

    def __init__(self, ground: Ground) -> None:
        self.receipts: dict[str, Receipt] = {}
        self.octets = 0
        when_down(ground, RESULTS, self._take)

    def _take(self, name: str, octets: bytes) -> None:
        reader = ResultReader(None)
        for _event in reader.receive(octets):
            pass
        if reader.receipt is not None and name not in self.receipts:
            self.receipts[name] = reader.receipt
            self.octets += len(octets)

    @property
    def energy_wh(self) -> float:
        return sum(one.energy_j for one in self.receipts.values()) / 3600.0


@dataclass(frozen=True, slots=True)
class Deliveries:
    submitted: int
    taken: int
    refused: tuple[tuple[str, str], ...]  # label and reason
    done: int
    failed: int
    value: int
    value_submitted: int
    result_octets: int

    def rows(self) -> tuple[tuple[str, str], ...]:
        why = "; ".join(f"{label}: {reason}" for label, reason in self.refused)
        return (
            ("jobs submitted, taken", f"{self.submitted}, {self.taken}"),
            ("packages refused", f"{len(self.refused)}" + (f" ({why})" if why else "")),
            ("results delivered", f"{self.done} done, {self.failed} not, {self.result_octets:,} octets"),
            ("value delivered", f"{self.value:,} of {self.value_submitted:,}"),
        )


def deliveries_of(results: ResultsHeard, sender: JobSender) -> Deliveries:
    """Hostile packages count among the refused alone."""
    values = {job.label: job.value for job in sender.scenario.jobs}
    sent = {package.label for package in sender.sent} & set(values)
    receipts = results.receipts.values()
    done = {f"{one.owner}/{one.name}" for one in receipts if one.ended is Ended.DONE}
    return Deliveries(
        submitted=len(sent),
        taken=len(sender.taken),
        refused=tuple(sender.refused.items()),
        done=len(done),
        failed=sum(one.ended is not Ended.DONE for one in receipts),
        value=sum(values.get(label, 0) for label in done),
        value_submitted=sum(values[label] for label in sent),
        result_octets=results.octets,
    )
