"""Commands: built from the dictionary, checked before anything is sent, and followed to their end.

What a report does to a command is one table; `tests/ground/test_commanding.py` has a test for each cell.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from flight.dictionary import CommandEntry, Dictionary, pack_arguments
from flight.wire import Failure, Report
from ground.fields import NotAValueError, parse_value, show_value, suggestion

FUNCTION_SERVICE, PERFORM_FUNCTION = 8, 1
ANSWER_WITHIN_S = (
    150  # flight answers within 60 s, or 61 s after a wait; twice that, and half a minute of link
)


class CommandError(ValueError):
    """A command that cannot be sent; one line says why.  Nothing was sent."""


class Stage(enum.Enum):
    QUEUED = "queued"
    SCHEDULED = "scheduled"  # rides in another telecommand, which puts it into the spacecraft's schedule
    SENT = "sent"
    ACCEPTED = "accepted"
    STARTED = "started"
    COMPLETED = "completed"
    REFUSED = "refused"
    FAILED = "failed"
    NO_ANSWER = "no answer"


FINAL = frozenset({Stage.COMPLETED, Stage.REFUSED, Stage.FAILED, Stage.NO_ANSWER})

# What a report makes of a command in each stage; a report not listed changes nothing.  Reports may overtake each
# other (live and playback come on two channels), so a later one implies the earlier ones, and nothing leads back.
_OPEN = {
    Report.ACCEPTED: Stage.ACCEPTED,
    Report.NOT_ACCEPTED: Stage.REFUSED,
    Report.STARTED: Stage.STARTED,
    Report.NOT_STARTED: Stage.FAILED,
    Report.PROGRESS: Stage.STARTED,
    Report.PROGRESS_FAILED: Stage.FAILED,
    Report.COMPLETED: Stage.COMPLETED,
    Report.NOT_COMPLETED: Stage.FAILED,
}
NEXT: Mapping[Stage, Mapping[Report, Stage]] = {
    Stage.QUEUED: {},
    Stage.SCHEDULED: _OPEN,
    Stage.SENT: _OPEN,
    Stage.ACCEPTED: {report: stage for report, stage in _OPEN.items() if report > Report.NOT_ACCEPTED},
    Stage.STARTED: {report: stage for report, stage in _OPEN.items() if report > Report.PROGRESS},
    Stage.COMPLETED: {},
    Stage.REFUSED: {},
    Stage.FAILED: {},
    Stage.NO_ANSWER: _OPEN,  # better late than never: the archive ends with what really happened
}


@dataclass(slots=True)
class CommandRecord:
    """One command from request to end.  `stages` are (stage, ground time in ns) in the order they were seen.

    `number` is the ground's own and never used twice; `request_id` is what reports name, and comes again after
    16,384 commands to the same APID.
    """

    number: int
    label: str
    text: str
    source: str
    packet: bytes
    request_id: int
    answer_within_ns: int
    stage: Stage = Stage.QUEUED
    reason: str = ""
    stages: list[tuple[Stage, int]] = field(default_factory=list)
    first_sent_ns: int = 0
    deadline_ns: int = 0
    transmissions: int = 0
    place: int = 0  # among all packets sent, at its first transmission

    @property
    def ended(self) -> bool:
        return self.stage in FINAL

    def enter(self, stage: Stage, now_ns: int, reason: str = "") -> None:
        self.stage = stage
        self.reason = reason or self.reason
        self.stages.append((stage, now_ns))

    def report(
        self, report: Report, now_ns: int, failure: Failure | int | None = None, detail: str = ""
    ) -> bool:
        """True if the report moved the command."""
        stage = NEXT[self.stage].get(report)
        if stage is None:
            return False
        if self.stage is Stage.NO_ANSWER:
            self.reason = ""
        self.enter(stage, now_ns, reason_of(failure, detail))
        return True


def reason_of(failure: Failure | int | None, detail: str) -> str:
    if failure is None:
        return ""
    name = failure.name.lower().replace("_", " ") if isinstance(failure, Failure) else f"code {failure}"
    return f"{name}: {detail}" if detail else name


def find_command(dictionary: Dictionary, label: str) -> CommandEntry:
    """CommandError, with near names, if there is none."""
    entry = dictionary.commands_by_label.get(label)
    if entry is None:
        raise CommandError(f"{label}: no such command{suggestion(label, dictionary.commands_by_label)}")
    return entry


def checked_values(entry: CommandEntry, arguments: Mapping[str, object]) -> list[object]:
    """Values in the order of the wire.  CommandError for one missing, unknown, mistyped or out of range."""
    names = [one.name for one in entry.fields]
    for name in arguments:
        if name not in names:
            raise CommandError(f"{entry.label}: no argument {name}, expected {', '.join(names) or 'none'}")
    values = []
    for one in entry.fields:
        if one.name not in arguments:
            raise CommandError(f"{entry.label}: argument {one.name} is missing ({one.kind})")
        try:
            values.append(parse_value(one, arguments[one.name]))
        except NotAValueError as error:
            raise CommandError(f"{entry.label}: {error}") from None
    return values


def function_data(entry: CommandEntry, arguments: Mapping[str, object]) -> bytes:
    """The data of TC[8,1]: function number u16 and the arguments."""
    return struct.pack(">H", entry.number) + pack_arguments(entry.fields, checked_values(entry, arguments))


def command_text(entry: CommandEntry, arguments: Mapping[str, object]) -> str:
    """`power.switch rail=compute on=off`: as a person would type it again."""
    values = zip(entry.fields, checked_values(entry, arguments), strict=True)
    return " ".join(
        [entry.label, *(f"{one.name}={show_value(one, value, unit=False)}" for one, value in values)]
    )
