"""The pipe between executive and runner: everything comes back as it went, nothing else gets through."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from flight.runners.messages import Answer, End, Message, Start, Steer, Unpacker, pack
from flight.workers.pipes import LENGTH, PipeError

FOLDERS = JobFolders(*(f"/jobs/{name}" for name in "abcdefg"))
LIMITS = JobLimits(memory_octets=1, disk_octets=2, cores_milli=3, processes=4, files=5, open_files=16, fuel=9)
JOB = JobToRun(7, RunnerKind.WASM, ("a", "b"), (("A", "1"),), ("/dev/x",), ("/lib",), -3, 5)
PROTECTION = Protection(
    Isolation.USER,
    True,
    False,
    7,
    Means.NOBODY,
    Means.WATCHED,
    Means.RLIMIT,
    Means.CGROUP_V1,
    Means.CGROUP_V2,
    Means.NOBODY,
)
ENTRY = JobEntry(
    7, RunnerKind.PROCESS, JobState.STUCK, PROTECTION, JobUsage(1, 2, 3, 4, 5), ExitReason.SILENT,
    6, 7, 8, 9, 10, 11, 12, 13, "phase", "note",
)  # fmt: skip
MESSAGES: list[Message] = [
    Start(JOB, LIMITS, FOLDERS),
    Steer("stop", 7, 9),
    Steer("freeze", 7),
    End(),
    Answer(0),
    Answer(Refusal.DEVICE),
    ENTRY,
    Inventory(5, (ENTRY, ENTRY)),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_there_and_back(message):
    assert Unpacker().feed(pack(3, message)) == [(3, message)]


def test_in_any_pieces():
    octets = b"".join(pack(number, message) for number, message in enumerate(MESSAGES))
    unpacker = Unpacker()
    found = [one for at in range(len(octets)) for one in unpacker.feed(octets[at : at + 1])]
    assert found == list(enumerate(MESSAGES))


def framed(value: object) -> bytes:
    body = cbor2.dumps(value)
    return LENGTH.pack(len(body)) + body


WRONG = [
    [1, "Steer", ["rm", 7, 0]],
    [1, "Steer", ["stop", "7", 0]],
    [1, "Steer", ["stop", 7]],
    [1, "Answer", [99]],
    [1, "End", [1]],
    ["1", "End", []],
    [1, "Nothing", []],
    [1, "Start", [[], [], []]],
    [True, "End", []],
    {"a": 1},
    7,
]


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_what_is_no_message(value):
    with pytest.raises(PipeError):
        Unpacker().feed(framed(value))


def test_a_length_that_nobody_writes():
    with pytest.raises(PipeError):
        Unpacker().feed(LENGTH.pack(2**31))


@given(st.integers(0, 2**16), st.integers(0, 255))
def test_flipped_octets_never_raise_anything_else(at, value):
    octets = bytearray(pack(3, MESSAGES[at % len(MESSAGES)]))
    octets[4 + at % (len(octets) - 4)] = value
    try:
        Unpacker().feed(bytes(octets))
    except PipeError:
        return


@pytest.mark.parametrize(
    "make",
    [
        lambda: JobLimits(memory_octets=0, disk_octets=1),
        lambda: JobLimits(memory_octets=1, disk_octets=-1),
        lambda: JobLimits(memory_octets=1, disk_octets=1, open_files=3),
        lambda: JobLimits(memory_octets=1.5, disk_octets=1),  # type: ignore[arg-type]
        lambda: JobFolders(*(f"jobs/{name}" for name in "abcdefg")),
        lambda: JobFolders(*["/same"] * 7),
        lambda: JobToRun(-1, RunnerKind.PROCESS, ("a",)),
        lambda: JobToRun(1, RunnerKind.PROCESS, ()),
        lambda: JobToRun(1, RunnerKind.PROCESS, ("a\0b",)),
        lambda: JobToRun(1, RunnerKind.PROCESS, ("a" * 5_000,)),
        lambda: JobToRun(1, RunnerKind.PROCESS, ("a",) * 300),
    ],
)
def test_what_cannot_be_built(make):
    with pytest.raises(ValueError):  # noqa: PT011
        make()
