"""Jobs of a spacecraft from Python: `jobs = Jobs(craft)`, the same over a server, in a simulation or on a board.

with connect("tcp://127.0.0.1:5560") as craft:
    jobs = Jobs(craft)
    taken = jobs.submit(Path("sums.job"))
    craft.wait_for(lambda: jobs.show(taken.number).state == "DELIVERED", within_s=86_400)
    print(jobs.result(taken.number, board, Path("out")).standard_output)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flight.jobs import Gate, Manifest
from ground.fields import suggestion
from ground.followed import Command, CommandFailedError
from ground.job_facts import REFUSED, JobFacts
from ground.job_ledger import board_names
from ground.job_maps import job_facts
from ground.jobs.forecasting import (
    NewestPlan,
    NoPlanError,
    WhatIf,
    newest_record,
    what_if,
)
from ground.jobs.keys import PublicKey
from ground.jobs.reading import JobError, read_package, read_tenants_file
from ground.jobs.results import OpenedResult, lay_out, open_result
from ground.protocol import CraftError, NotReceivedError, UsageError, taken
from ground.transfers import Transfer

if TYPE_CHECKING:
    from ground.client import Craft

TAKE, CANCEL, PLAN, SEND = "jobs.take", "jobs.cancel", "jobs.plan", "jobs.send"
TENANTS, TABLE = "jobs.tenants", "tenants.toml"  # and what it is called on board
PACKAGES, RESULTS, PLANS = "jobs", "results", "plans"  # folders, on board and on the ground
SUBMIT_S = 13 * 3600.0  # several passes
TOLD_S = 600.0  # after the command has completed: the event comes in the same pass, or is asked for again


class JobRefusedError(CraftError):
    """The spacecraft did not take it; the reason is its own."""


@dataclass(frozen=True, slots=True)
class JobList:
    """`utc_ns` is by mission time, of every time in `jobs` that is known; `mission_ns` is now, None if not known."""

    jobs: tuple[JobFacts, ...]
    total: int
    mission_ns: int | None
    utc_ns: Mapping[int, int]


class Jobs:
    """UsageError from each of these if the mission has no jobs."""

    def __init__(self, craft: Craft) -> None:
        self._craft = craft
        if TAKE not in craft.dictionary.commands_by_label:
            raise UsageError(f"{craft.dictionary.mission} takes no jobs")
        self.boards = board_names(craft.dictionary)

    # ---------------------------------------------------------------- who may

    def put_in_force(
        self,
        table: Path | None,
        *,
        within_s: float = SUBMIT_S,
        progress: Callable[[Transfer], None] | None = None,
    ) -> Command:
        """This table of tenants, or the mission's own; queued, and `expect_completed` waits for its end.

        JobError for a table that is not right, and nothing is sent.
        """
        if table is None:
            return self._craft.command(TENANTS, file=b"")
        read_tenants_file(table)
        self._craft.put(table, TABLE, within_s=within_s, progress=progress)
        return self._craft.command(TENANTS, file=TABLE.encode())

    def begin_put_in_force(self, table: Path) -> Transfer:
        """The first half without waiting; the command follows when that is done."""
        read_tenants_file(table)
        return self._craft.files.begin_put(table, TABLE)

    # ---------------------------------------------------------------- up

    def submit(
        self,
        package: Path,
        *,
        gate: Gate | None = None,
        within_s: float = SUBMIT_S,
        progress: Callable[[Transfer], None] | None = None,
    ) -> JobFacts:
        """Until it is in the book on board.  JobError for a package that is not right, and nothing is sent.

        `gate`: tenants and catalogue, where they are known.  JobRefusedError if the spacecraft does not take it.
        """
        craft, manifest = self._craft, read_package(package, gate or Gate()).manifest
        name = package_name(manifest)
        there = self._find(manifest)
        if there is not None and there.state != REFUSED:
            raise JobError([f"{package}: {name} is on board already; a new serial makes it another job"])
        craft.put(package, name, within_s=within_s, progress=progress)
        command = self._take(name)
        try:
            command.expect_completed(within_s)
        except CommandFailedError:
            raise JobRefusedError(f"{name}: {command.reason or command.outcome}") from None
        craft.wait_for(lambda: (one := self._find(manifest)) and one.state != REFUSED, TOLD_S, "word of it")
        found = self._find(manifest)
        assert found is not None
        return found

    def begin_submit(self, package: Path, *, gate: Gate | None = None) -> tuple[str, Transfer]:
        """The first half without waiting: its name on board, and its transfer; `take` follows when that is done."""
        name = package_name(read_package(package, gate or Gate()).manifest)
        return name, self._craft.files.begin_put(package, name)

    def _take(self, name: str) -> Command:
        return self._craft.command(TAKE, file=name.encode())

    def _find(self, manifest: Manifest) -> JobFacts | None:
        called = (f"{manifest.owner}/{manifest.name}", manifest.serial)
        return next((one for one in reversed(self.list().jobs) if (one.name, one.serial) == called), None)

    def cancel(self, number: int) -> Command:
        """Queued; `expect_completed` waits for its end."""
        self.show(number)
        return self._craft.command(CANCEL, job=number)

    def plan_anew(self) -> Command:
        """Ask the spacecraft to plan now, and to send the record down."""
        return self._craft.command(PLAN)

    def send_again(self, number: int) -> Command:
        """Ask for a result once more."""
        self.show(number)
        return self._craft.command(SEND, job=number)

    # ---------------------------------------------------------------- what is known

    def list(self) -> JobList:
        """By number, the newest last."""
        return self._told()

    def show(self, number: int) -> JobFacts:
        """With all its runs.  UsageError for a number that the spacecraft has not told of."""
        return self.told_of(number).jobs[0]

    def told_of(self, number: int) -> JobList:
        """The same with the UTC of its times."""
        try:
            return self._told(number=number)
        except NotReceivedError as error:
            raise UsageError(str(error)) from None

    def _told(self, **arguments: object) -> JobList:
        reply = self._craft.ask("jobs", **arguments)
        now_ns = reply.get("mission_ns")
        return JobList(
            tuple(job_facts(one) for one in taken(reply["jobs"], list)),
            taken(reply["total"], int),
            now_ns if isinstance(now_ns, int) else None,
            dict(taken(reply["utc"], list)),
        )

    def find(self, word: int | str) -> JobFacts:
        """By number, `owner/name`, `name`, or as its files are called; of several the newest.  UsageError if none."""
        if isinstance(word, int) or word.isdecimal():
            return self.show(int(word))
        for one in reversed(self.list().jobs):
            if word in (one.name, one.name.partition("/")[2], one.file_stem, f"{one.file_stem}.result"):
                return self.show(one.number)
        raise UsageError(f"{word}: no such job has been told of")

    # ---------------------------------------------------------------- down

    def result(self, word: int | str, board: PublicKey | None, to: Path | None = None) -> OpenedResult:
        """A result that has come down, its receipt checked with the board's key; `to` is a folder that is made.

        NotReceivedError while it has not come; JobError for one that is not what it says.
        """
        name = self._result_name(word)
        octets = self._craft.files.read(name)
        return open_result(octets, board, name) if to is None else lay_out(octets, board, name, to)

    def results(self) -> dict[str, int]:
        """Names and octets of those that are on the ground."""
        return dict(self._craft.files.here(RESULTS))

    def _result_name(self, word: int | str) -> str:
        here = self.results()
        wanted = str(word).removeprefix(f"{RESULTS}/").removesuffix(".result")
        direct = f"{RESULTS}/{wanted}.result"
        if direct in here:
            return direct
        job = self.find(word)
        name = f"{RESULTS}/{job.file_stem}.result"
        if name not in here:
            more = job.waits_for or job.state_words
            raise NotReceivedError(f"{job.title}: its result is not here: {more}")
        return name

    # ---------------------------------------------------------------- plans

    def plan(self) -> NewestPlan:
        """The newest that came down.  NoPlanError if none has."""
        files = self._craft.files
        found = newest_record(files.read, [name for name, _ in files.here(PLANS)])
        return NewestPlan(found[0], found[1], self._record_utc_s(found[1]), self._mission_ns())

    def record(self, name: str) -> bytes:
        """A plan record that is on the ground: `plans/0007.plan`, or `0007`."""
        known = [one for one, _ in self._craft.files.here(PLANS)]
        for word in (name, f"{PLANS}/{name}", f"{PLANS}/{name}.plan"):
            if word in known:
                return self._craft.files.read(word)
        raise UsageError(f"{name}: no such plan on the ground{suggestion(name, known)}")

    def when(self, package: Path, *, gate: Gate | None = None) -> WhatIf:
        """When it would run if it were sent now, planned here.  NoPlanError without a plan to add it to."""
        packed = read_package(package, gate or Gate())
        return what_if(self.plan(), packed.manifest, packed.octets)

    def _record_utc_s(self, record: object) -> int:
        """UTC of slot 0: as the spacecraft knew it, else as the ground does; 0 if nobody does."""
        known = int(getattr(record, "utc_0_s", 0))
        if known:
            return known
        utc_ns = self._craft.ask("utc", mission_ns=int(getattr(record, "slot_0_ns", 0)))["utc_ns"]
        return utc_ns // 1_000_000_000 if isinstance(utc_ns, int) else 0

    def _mission_ns(self) -> int | None:
        return self._told(limit=1).mission_ns


def package_name(manifest: Manifest) -> str:
    """Of the file on board."""
    return f"{PACKAGES}/{manifest.owner}-{manifest.name}-{manifest.serial}.job"


__all__ = ["JobList", "JobRefusedError", "Jobs", "NoPlanError", "package_name"]
