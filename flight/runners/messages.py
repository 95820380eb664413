"""What the executive and the runner's process tell each other: length u32, then CBOR of [ticket, name, fields].

An order has a ticket above 0 and gets `Answer`; what the runner tells of itself has ticket 0: its inventory at each
new connection, then every entry that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import TypeVar, cast

import cbor2

from flight.declare.running import (
    ExitReason,
    Inventory,
    Isolation,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    JobUsage,
    Means,
    Protection,
    Refusal,
    RunnerKind,
)
from flight.workers.pipes import PipeError, bodies, framed

SOCKET = "runner.socket"  # in the runner's folder


@dataclass(frozen=True, slots=True)
class Start:
    job: JobToRun
    limits: JobLimits
    folders: JobFolders


@dataclass(frozen=True, slots=True)
class Steer:
    """`verb` is a method of JobRunner, `value` its number between job and now, if it has one."""

    verb: str
    job: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """Kill all jobs and end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """0 is taken, else a Refusal."""

    refusal: int


Message = Start | Steer | End | Answer | JobEntry | Inventory
VERBS = ("freeze", "thaw", "kill", "forget")
VERBS_WITH_VALUE = ("checkpoint", "stop", "pace", "book")
Fields = Sequence[object]
T = TypeVar("T")


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    return value


def _all(read: Callable[[object], T], value: object) -> tuple[T, ...]:
    return tuple(read(one) for one in _list(value))


def _pair(value: object) -> tuple[str, str]:
    first, second = _all(_text, value)
    return first, second


def _job(value: object) -> JobToRun:
    job, kind, words, environment, devices, libraries, seed, work_ns = _list(value)
    return JobToRun(
        _number(job),
        RunnerKind(_number(kind)),
        _all(_text, words),
        _all(_pair, environment),
        _all(_text, devices),
        _all(_text, libraries),
        _number(seed),
        _number(work_ns),
    )


def _start(fields: Fields) -> Start:
    job, limits, folders = fields
    return Start(_job(job), JobLimits(*_all(_number, limits)), JobFolders(*_all(_text, folders)))


def _steer(fields: Fields) -> Steer:
    verb, job, value = fields
    if verb not in VERBS and verb not in VERBS_WITH_VALUE:
        raise ValueError(f"no such verb: {verb!r}")
    return Steer(_text(verb), _number(job), _number(value))


def _protection(value: object) -> Protection:
    isolation, own_user, filtered, landlock, *means = _list(value)
    cpu, memory, processes, io, disk, freezer = (Means(_number(one)) for one in means)
    return Protection(
        Isolation(_number(isolation)),
        own_user is True,
        filtered is True,
        _number(landlock),
        cpu,
        memory,
        processes,
        io,
        disk,
        freezer,
    )


def _entry(fields: Fields) -> JobEntry:
    job, kind, state, protection, usage, reason, *rest = fields
    *numbers, phase, note = rest
    code, started_at, changed_at, heard_at, took_ns, speed_milli, progress_milli, checkpoints = _all(
        _number, numbers
    )
    return JobEntry(
        _number(job),
        RunnerKind(_number(kind)),
        JobState(_number(state)),
        _protection(protection),
        JobUsage(*_all(_number, usage)),
        ExitReason(_number(reason)),
        code,
        started_at,
        changed_at,
        heard_at,
        took_ns,
        speed_milli,
        progress_milli,
        checkpoints,
        _text(phase),
        _text(note),
    )


def _inventory(fields: Fields) -> Inventory:
    began_at, entries = fields
    return Inventory(_number(began_at), tuple(_entry(_list(entry)) for entry in _list(entries)))


def _answer(fields: Fields) -> Answer:
    (refusal,) = fields
    number = _number(refusal)
    return Answer(Refusal(number) if number else 0)


READERS: dict[str, Callable[[Fields], Message]] = {
    "Start": _start,
    "Steer": _steer,
    "End": lambda fields: End(*cast(list[None], fields)),
    "Answer": _answer,
    "JobEntry": _entry,
    "Inventory": _inventory,
}


def pack(ticket: int, message: Message) -> bytes:
    return framed(cbor2.dumps([ticket, type(message).__name__, list(astuple(message))]))


class Unpacker:
    """Octets in, whole messages out."""

    def __init__(self) -> None:
        self.held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, Message]]:
        """PipeError for anything that is not one of our messages."""
        self.held += data
        return [_message(body) for body in bodies(self.held)]


def _message(body: bytes) -> tuple[int, Message]:
    try:
        ticket, name, fields = _list(cbor2.loads(body))
        return _number(ticket), READERS[_text(name)](_list(fields))
    except (cbor2.CBORDecodeError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise PipeError(f"{type(error).__name__}: {error}") from error
