"""One job of the book, and its octets in the document: a list in plain CBOR for each job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from flight.declare.running import SPEED_FULL
from flight.declare.shelving import RunTold
from flight.jobs import (
    WHOLE_MAX,
    Brief,
    DamagedError,
    Ended,
    as_flag,
    as_list,
    as_octets,
    as_text,
    as_whole,
    read_brief,
    read_plain,
    write_plain,
)
from flight.modules.jobs.stages import JobStage

RUNS_MAX = 64  # that a receipt holds; the last ones count
CHECKS_MAX = 16  # the same
REASON_LETTERS = 100  # of why it ended, for a person
TEXT_MAX = 300  # letters of a file's name
SHA256 = 32
NUMBER_MAX = 2**24 - 1


class Usable(NamedTuple):
    """A power level of a job, as a board gives it.  `pace_milli` is its speed in thousandths of the fastest level's."""

    level: int  # of the manifest
    board_level: int
    watts: float
    speed_milli: int
    pace_milli: int


@dataclass(slots=True)
class Row:
    """`number`, `brief`, `octets` (those of the brief) and `package_sha256` never change.  Times are mission time.

    `begun` counts the starts of this stage that were not the going on after an orderly stop.  `uses` is worked out
    from the brief when it is first asked for.
    """

    number: int
    file: str  # of the package as it came up; what it is called until the brief is known
    octets: bytes = b""
    package_sha256: bytes = b""
    state: JobStage = JobStage.WAITING
    stage: int = 0  # the copy that is next or runs; `VERIFIER` is the package's own check
    begun: int = 0
    continues: bool = False  # the run before ended as we asked
    cancelled: bool = False
    accepted: bool = False  # the plan has not refused it, and the ground was told
    progress_milli: int = 0  # of this stage
    energy_mj: int = 0  # of all runs that have ended
    taken_ns: int = 0
    ready_ns: int = 0  # since when it waits for its turn
    ended: str = ""  # name of `flight.jobs.Ended`, empty while it has not
    reason: str = ""
    good_stage: int = 0  # whose outputs are the result
    result: str = ""
    result_octets: int = 0
    runs: list[RunTold] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)
    brief: Brief | None = None
    uses: tuple[Usable, ...] | None = None

    @property
    def name(self) -> str:
        return f"{self.brief.owner}/{self.brief.name}" if self.brief else self.file

    @property
    def known(self) -> Brief:
        assert self.brief is not None, self.number
        return self.brief

    def add(self, run: RunTold) -> None:
        self.runs = [*self.runs, run][-RUNS_MAX:]


WHOLE = (
    ("number", 1, NUMBER_MAX),
    ("state", 0, max(JobStage)),
    ("stage", 0, 3),
    ("begun", 0, WHOLE_MAX),
    ("progress_milli", 0, SPEED_FULL),
    ("energy_mj", 0, WHOLE_MAX),
    ("taken_ns", 0, WHOLE_MAX),
    ("ready_ns", 0, WHOLE_MAX),
    ("good_stage", 0, 3),
    ("result_octets", 0, WHOLE_MAX),
)
TEXTS = ("file", "ended", "reason", "result")


def row_octets(row: Row) -> bytes:
    return write_plain(
        [
            [int(getattr(row, name)) for name, _, _ in WHOLE],
            [getattr(row, name) for name in TEXTS],
            [row.continues, row.cancelled, row.accepted],
            row.octets,
            row.package_sha256,
            [list(run) for run in row.runs],
            [list(check) for check in row.checks],
        ]
    )


def read_row(octets: bytes) -> Row | None:
    """None for what is damaged, or of another version of this program."""
    value = read_plain(octets)
    try:
        return _row(value)
    except ValueError:
        return None


def _row(value: object) -> Row:
    numbers, texts, flags, octets, sha256, runs, checks = as_list(value, 7)
    row = Row(0, "")
    for (name, low, high), number in zip(WHOLE, as_list(numbers, len(WHOLE)), strict=True):
        setattr(row, name, as_whole(number, low, high))
    row.state = JobStage(row.state)
    row.file, row.ended, row.reason, row.result = (
        as_text(one, TEXT_MAX) for one in as_list(texts, len(TEXTS))
    )
    row.continues, row.cancelled, row.accepted = (as_flag(one) for one in as_list(flags, 3))
    row.octets, row.package_sha256 = as_octets(octets), as_octets(sha256)
    row.runs = [_run(one) for one in as_list(runs)][:RUNS_MAX]
    row.checks = [_check(one) for one in as_list(checks)][:CHECKS_MAX]
    if row.ended and row.ended not in Ended.__members__:
        raise DamagedError("an end that is none")
    if row.octets:
        brief = read_brief(row.octets)
        if not isinstance(brief, Brief):
            raise DamagedError("its brief is damaged")
        row.brief = brief
    return row


def _run(value: object) -> RunTold:
    stage, board, start_ns, end_ns, utc_s, ended, status, energy_j, anomaly_s = as_list(value, 9)
    name = as_text(ended, TEXT_MAX)
    if name not in Ended.__members__:
        raise DamagedError("an end that is none")
    return RunTold(
        as_whole(stage, 0, 3),
        as_text(board, TEXT_MAX),
        as_whole(start_ns),
        as_whole(end_ns),
        as_whole(utc_s),
        name,
        as_whole(status, -128, 255),
        as_whole(energy_j),
        as_whole(anomaly_s),
    )


def _check(value: object) -> tuple[str, bool]:
    name, held = as_list(value, 2)
    return as_text(name, TEXT_MAX), as_flag(held)
