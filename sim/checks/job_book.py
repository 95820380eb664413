"""Invariants of the book of jobs: a reboot brings it back as it was, and no job is lost or waits for nothing."""

from __future__ import annotations

from flight.declare import Occurrence, SaveDocument, Stored
from flight.kernel import Kernel
from flight.modules.jobs.book import DOCUMENT, HEAD, MAGIC
from flight.modules.jobs.row import Row
from flight.modules.jobs.stages import TO_RUN, Bound, JobStage
from sim.checks.check import Check
from sim.checks.job_runs import job_in, jobs_of
from sim.simulation import Simulation

LOOK_EVERY_S = 60
SPEECHLESS_S = 1200  # a job may wait so long without a reason: for a plan that fails, and the one after it
FINAL = frozenset({"jobs.delivered", "jobs.lost"})


class BookKept(Check):
    """After a start the book is the one that the disk acknowledged last, or a newer one that was on its way.

    A flipped bit of the disk may cost the newest copy.  Exercised: a start found a book.
    """

    def __init__(self) -> None:
        super().__init__("the book of jobs after a reboot is the one before")
        self.stored: bytes | None = None
        self.flipped = 0

    def performed(self, request: object, result: object) -> None:
        if isinstance(request, SaveDocument) and request.name == DOCUMENT and isinstance(result, Stored):
            self.stored = bytes(request.body)

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        flipped, self.flipped = self.flipped, simulation.flipped
        loaded, stored = kernel.performer.documents.get(DOCUMENT), self.stored
        self.stored = loaded
        if stored is None or flipped != simulation.flipped:
            return
        self.expect(
            loaded is not None and (loaded == stored or _version(loaded) > _version(stored)),
            f"version {_version(loaded or b'')} is loaded, and {_version(stored)} was stored",
        )


def _version(book: bytes) -> int:
    return int.from_bytes(book[len(MAGIC) : len(MAGIC) + HEAD.size], "big")


class JobsEndOrWait(Check):
    """A job that was taken ends in a result that is delivered, or is told as lost, or stands in the book.

    There it waits with a reason, or as planned.  Exercised: a job was taken.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("every job taken ends, or waits with a reason")
        self.taken: set[int] = set()  # not yet at their end, by the book's number
        self.speechless: dict[int, int] = {}  # since when

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        if event == "jobs.taken":
            self.exercised += 1
            self.taken.add(job_in(occurrence))
        elif event in FINAL:
            self.taken.discard(job_in(occurrence))

    def look(self, simulation: Simulation, second: int) -> None:
        module = jobs_of(simulation.computer.kernel)
        if module is None:
            self.speechless.clear()
            return
        rows = module.desk.book.rows
        if module.losses:
            self.taken.intersection_update(rows)
        for number in [one for one in self.taken if one not in rows and one not in module.taking.coming]:
            self.taken.discard(number)
            self.fail(f"job {number} is in no book, and has not ended")
        for row in rows.values():
            told = module.planner.told.get(row.number)
            kept_out_by = module.planner.kept_out_by(row, 0)
            has_reason = _reason(told, row, module.desk) or kept_out_by is not Bound.NONE
            self._wait(row, second, has_reason=has_reason)

    def _wait(self, row: Row, second: int, *, has_reason: bool) -> None:
        if row.state not in TO_RUN or has_reason:
            self.speechless.pop(row.number, None)
            return
        since = self.speechless.setdefault(row.number, second)
        if second - since >= SPEECHLESS_S:
            self.speechless[row.number] = second
            self.fail(f"{row.name} waits for {second - since} s without a reason")


def _reason(told: object, row: Row, desk: object) -> bool:
    bound = getattr(told, "bound", Bound.NONE)
    unknown = getattr(desk, "outlook", None) is None
    return (
        bool(getattr(told, "planned", False))
        or bound is not Bound.NONE
        or unknown
        or row.state is JobStage.PLANNED
    )
