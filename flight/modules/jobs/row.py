"""One job of the book, and its octets in the document: a list in plain CBOR for each job."""

from __future__ import annotations

from dataclasses import dataclass, field

from flight.declare.running import SPEED_FULL
from flight.declare.shelving import RunTold
from flight.jobs import Brief, Ended, read_brief, read_plain, write_plain
from flight.modules.jobs.stages import JobStage

RUNS_MAX = 64  # that a receipt holds; the last ones count
CHECKS_MAX = 16  # the same
REASON_LETTERS = 100  # of why it ended, for a person
TEXT_MAX = 300  # letters of a file's name
SHA256 = 32
NUMBER_MAX = 2**24 - 1
WHOLE_MAX = 2**63 - 1


@dataclass(slots=True)
class Row:
    """`number`, `brief`, `octets` (those of the brief) and `package_sha256` never change.  Times are mission time.

    `begun` counts the starts of this stage that were not the going on after an orderly stop.
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
    except (TypeError, ValueError):
        return None


def _row(value: object) -> Row:
    numbers, texts, flags, octets, sha256, runs, checks = _list(value, 7)
    row = Row(0, "")
    for (name, low, high), number in zip(WHOLE, _list(numbers, len(WHOLE)), strict=True):
        setattr(row, name, _whole(number, low, high))
    row.state = JobStage(row.state)
    row.file, row.ended, row.reason, row.result = (_text(one) for one in _list(texts, len(TEXTS)))
    row.continues, row.cancelled, row.accepted = (_flag(one) for one in _list(flags, 3))
    row.octets, row.package_sha256 = _octets(octets), _octets(sha256)
    row.runs = [_run(one) for one in _list(runs)][:RUNS_MAX]
    row.checks = [_check(one) for one in _list(checks)][:CHECKS_MAX]
    if row.ended and row.ended not in Ended.__members__:
        raise ValueError("an end that is none")
    if row.octets:
        brief = read_brief(row.octets)
        if not isinstance(brief, Brief):
            raise ValueError("its brief is damaged")
        row.brief = brief
    return row


def _list(value: object, length: int | None = None) -> list[object]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise ValueError("no list, or of another length")
    return value


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("no whole number, or out of range")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise ValueError("no text, or too long")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("no octets")
    return value


def _run(value: object) -> RunTold:
    stage, board, start_ns, end_ns, utc_s, ended, status, energy_j, anomaly_s = _list(value, 9)
    name = _text(ended)
    if name not in Ended.__members__:
        raise ValueError("an end that is none")
    return RunTold(
        _whole(stage, 0, 3),
        _text(board),
        _whole(start_ns, 0, WHOLE_MAX),
        _whole(end_ns, 0, WHOLE_MAX),
        _whole(utc_s, 0, WHOLE_MAX),
        name,
        _whole(status, -128, 255),
        _whole(energy_j, 0, WHOLE_MAX),
        _whole(anomaly_s, 0, WHOLE_MAX),
    )


def _check(value: object) -> tuple[str, bool]:
    name, held = _list(value, 2)
    return _text(name), _flag(held)
