"""What telemetry has told of each job on board: its rows and its events, in whatever order they came.

Sans-I/O.  Rows (`jobs.row`) say how a job stands, events (`jobs.taken`, `jobs.started` and so on) what became of it and
when.  What is played back later falls into its place: everything is kept by its time on board.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from flight.dictionary import Dictionary, EventEntry, PacketEntry
from ground.fields import choice_name
from ground.job_facts import (
    NOWHERE,
    REFUSED,
    UNDER_WAY,
    WAITS,
    JobFacts,
    Planned,
    Stretch,
    binding_words,
    waits_for,
)

NS = 1_000_000_000
MODULE, ROW = "jobs", "jobs.row"
JOBS_MAX = 4096  # told of; more than a spacecraft takes in years, and 4 MB
MARKS_MAX = 256  # events of one job: taken, 64 runs of three events, kept, delivered, and again
PLANS_MAX = 64  # of one job: times at which its planned start or finish was another
BEGINS, ENDS = "started", ("ran", "halted", "stopped", "failed_run", "ended", "lost", "refused")
# What an event tells that is newer than the row; of others the row is still true.
STATES = {
    "started": "RUNNING",
    "halted": "WAITING",
    "stopped": "WAITING",  # its name in archives of before END was among its reasons
    "failed_run": "WAITING",
    "ran": "ENDED",
    "ended": "RESULT",
    "kept_result": "RESULT",
    "delivered": "DELIVERED",
    "lost": "FAILED",
    "refused": REFUSED,
}
NAMELESS_NS = 7200 * NS  # longer than the rows of the fullest book take to come round
FILE = re.compile(r"jobs/[^:]*: ")  # of the package, before why it was refused
PACKAGE = re.compile(r"jobs/(?P<owner>[^-/:]+)-(?P<name>[^/:]+)-(?P<serial>\d{1,19})\.job: ")
OFF = 255  # of a board or a level: none

Values = Mapping[str, object]


class Mark(NamedTuple):
    """An event of a job; sorted by the time on board, then by the record's number."""

    time_ns: int
    record: int
    kind: str
    values: Values


@dataclass(slots=True)
class _Job:
    row_ns: int = -1
    row: Values = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    plans: list[Planned] = field(default_factory=list)
    waits: Counter[object] = field(default_factory=Counter)  # rows that told of each reason while it waited


class Ledger:
    """`row` and `event` take what a spacecraft tells; `facts` and `all_facts` say what that comes to."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._row: PacketEntry | None = dictionary.packets_by_label.get(ROW)
        self._boards = board_names(dictionary)
        self._jobs: dict[int, _Job] = {}
        self.forgotten = 0  # jobs, the lowest numbers first

    @property
    def sid(self) -> int:
        """Of the rows; one that no packet has, if this mission has no jobs."""
        return self._row.sid if self._row else -2

    # ---------------------------------------------------------------- what comes

    def row(self, time_ns: int, values: tuple[int | float | bool, ...]) -> None:
        assert self._row is not None, "a row of a mission without jobs"
        told: dict[str, object] = {
            one.name: choice_name(one, value) if one.choices else value
            for one, value in zip(self._row.fields, values, strict=True)
        }
        number = told.get("job")
        if not isinstance(number, int) or number == 0:
            return  # nothing in the book
        job = self._of(number)
        self._note_plan(job, time_ns, told)
        if told.get("state") in WAITS and told.get("binding", "NONE") != "NONE":
            job.waits[told["binding"]] += 1
        if time_ns >= job.row_ns:
            job.row_ns, job.row = time_ns, told

    def event(self, time_ns: int, record: int, entry: EventEntry, values: tuple[object, ...]) -> None:
        """Any event of the module `jobs`; one that names no job is passed over."""
        told = {
            one.name: _plain(choice_name(one, value) if one.choices else value)
            for one, value in zip(entry.fields, values, strict=True)
        }
        number = told.get("job")
        if not isinstance(number, int) or number == 0:
            return
        marks = self._of(number).marks
        mark = Mark(time_ns, record, entry.name, told)
        if any(one[:3] == mark[:3] for one in marks):
            return  # it was heard live and comes again from the store
        insort(marks, mark, key=lambda one: one[:2])
        del marks[1 : 1 + max(0, len(marks) - MARKS_MAX)]  # the first says what it is called

    def _of(self, number: int) -> _Job:
        found = self._jobs.get(number)
        if found is None:
            found = self._jobs[number] = _Job()
            if len(self._jobs) > JOBS_MAX:
                del self._jobs[min(self._jobs)]
                self.forgotten += 1
        return found

    def _note_plan(self, job: _Job, time_ns: int, told: Values) -> None:
        first, finish = _whole(told, "first_s"), _whole(told, "finish_s")
        plans = job.plans
        if not finish:
            return
        at = next((place for place, one in enumerate(plans) if one.told_ns > time_ns), len(plans))
        if at and (plans[at - 1].first_ns, plans[at - 1].finish_ns) == (first * NS, finish * NS):
            return
        plans.insert(at, Planned(time_ns, first * NS, finish * NS))
        del plans[: max(0, len(plans) - PLANS_MAX)]

    # ---------------------------------------------------------------- what is known

    def __len__(self) -> int:
        return len(self._jobs)

    def numbers(self) -> list[int]:
        return sorted(self._jobs)

    def all_facts(self) -> list[JobFacts]:
        """Without those that rows told of for a while and no event ever: they were refused before they had a name."""
        newest_ns = max((job.row_ns for job in self._jobs.values()), default=0)
        return [
            self._facts(number, self._jobs[number])
            for number in self.numbers()
            if self._jobs[number].marks or self._jobs[number].row_ns > newest_ns - NAMELESS_NS
        ]

    def facts(self, number: int) -> JobFacts | None:
        job = self._jobs.get(number)
        return None if job is None else self._facts(number, job)

    def _facts(self, number: int, job: _Job) -> JobFacts:
        row = job.row
        when = {mark.kind: mark.time_ns for mark in job.marks}
        stretches = tuple(self._stretches(job.marks))
        state = _state(job)
        name, serial = _called(job.marks)
        return JobFacts(
            number=number,
            name=name,
            serial=serial,
            state=state,
            board=self._board(row.get("board", OFF)),
            level=_whole(row, "level", OFF),
            progress_milli=_whole(row, "progress_milli"),
            energy_j=_whole(row, "energy_j"),
            attempts=_whole(row, "attempts"),
            runs=max(_whole(row, "runs"), len(stretches)),
            value=_whole(row, "value"),
            planned=job.plans[-1] if job.plans and state in UNDER_WAY else None,
            plans=tuple(job.plans),
            waits_for=waits_for(state, row),
            waited_for=_most(job.waits),
            taken_ns=when.get("taken"),
            ended_ns=when.get("ended"),
            kept_ns=when.get("kept_result"),
            delivered_ns=when.get("delivered"),
            result_octets=_last(job.marks, "octets") or _whole(row, "octets"),
            how=_how(job.marks),
            stretches=stretches,
            told_ns=max([job.row_ns, *(mark.time_ns for mark in job.marks[-1:])]),
        )

    def _stretches(self, marks: list[Mark]) -> Iterator[Stretch]:
        """A start that no stop follows is under way, or ended unheard when the next one starts."""
        begun: Mark | None = None
        for mark in marks:
            if mark.kind == BEGINS:
                if begun is not None and begun.values.get("run") == mark.values.get("run"):
                    continue  # it outlived the executive, and is told of anew
                if begun is not None:
                    yield self._stretch(begun, mark.time_ns, "not heard")
                begun = mark
            elif mark.kind in ENDS and begun is not None:
                yield self._stretch(begun, mark.time_ns, _why(mark))
                begun = None
        if begun is not None:
            yield self._stretch(begun, None, "")

    def _stretch(self, begun: Mark, end_ns: int | None, ended: str) -> Stretch:
        return Stretch(self._board(begun.values.get("board", OFF)), begun.time_ns, end_ns, ended)

    def _board(self, given: object) -> str:
        """A name of the dictionary's, whether the wire has the name or the number."""
        if isinstance(given, str):
            return given
        if not isinstance(given, int) or given == OFF:
            return NOWHERE
        return self._boards[given] if given < len(self._boards) else f"board {given}"


def board_names(dictionary: Dictionary) -> tuple[str, ...]:
    """Of the compute boards, in the order of their numbers: as `compute.level` takes them."""
    command = dictionary.commands_by_label.get("compute.level")
    fields = command.fields if command else ()
    found = next((one.choices for one in fields if one.name == "board"), ())
    return tuple(name for name, _ in sorted(found, key=lambda one: one[1]))


def _state(job: _Job) -> str:
    """As the newest row has it, unless an event is newer."""
    newest = job.marks[-1] if job.marks else None
    if newest is not None and newest.kind in STATES and newest.time_ns >= job.row_ns:
        return STATES[newest.kind]
    told = job.row.get("state")
    return told if isinstance(told, str) else "WAITING"


def _most(waits: Counter[object]) -> str:
    """The reason that was told most often; of equal ones the first by name, whatever came first."""
    return binding_words(min(waits, key=lambda one: (-waits[one], str(one)))) if waits else ""


def _called(marks: list[Mark]) -> tuple[str, int]:
    """Name and serial, of the event that it was taken; of one that was refused before that, as its file is called."""
    for mark in marks:
        if mark.kind == "taken":
            return str(mark.values.get("name", "")), _whole(mark.values, "serial")
        if mark.kind == "refused":
            file = PACKAGE.match(str(mark.values.get("why", "")))
            return (f"{file['owner']}/{file['name']}", int(file["serial"])) if file else ("", 0)
    return "", 0


def _how(marks: list[Mark]) -> str:
    """How it ended, in the spacecraft's words."""
    words = {"ended": "how", "lost": "why", "refused": "why"}
    found = next((one for one in reversed(marks) if one.kind in words), None)
    told = "" if found is None else str(found.values.get(words[found.kind], ""))
    return FILE.sub("", told) if found is not None and found.kind == "refused" else told


def _why(mark: Mark) -> str:
    """Why a run was over: `done`, `plan`, `failed 3`."""
    if mark.kind == "ran":
        return "done"
    told = mark.values
    words = str(told.get("why", told.get("how", told.get("reason", mark.kind)))).lower().replace("_", " ")
    return f"{words} {told['code']}" if told.get("code") else words


def _last(marks: list[Mark], name: str) -> int:
    return next((_whole(one.values, name) for one in reversed(marks) if name in one.values), 0)


def _whole(values: Values, name: str, missing: int = 0) -> int:
    found = values.get(name, missing)
    return found if isinstance(found, int) else missing


def _plain(value: object) -> object:
    return value.decode("ascii", "backslashreplace") if isinstance(value, bytes) else value
