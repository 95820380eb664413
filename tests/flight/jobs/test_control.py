"""The two files between a job and its runner: what one side writes the other reads; anything else is None."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import STATUS_OCTETS, Status, Wanted, read_status, request_octets
from flight.jobs.skyrack_job import Job, Request, read_request

GOOD = b"skyrack-status 1\nsequence 41\nprogress_milli 350\nphase 2 3 training\ncheckpoint 7\nanswered 1\n"


def job_in(folder: Path, *phases: str) -> Job:
    names = ("package", "models", "outputs", "checkpoints", "scratch", "control")
    folders = {name: folder / name for name in names}
    for one in folders.values():
        one.mkdir(exist_ok=True)
    return Job(folders, phases)


def test_the_example_of_the_document() -> None:
    assert read_status(GOOD) == Status(41, 350, 2, 3, "training", 7, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"status 1", b"status 2"),
        (b"sequence 41", b"sequence 041"),
        (b"sequence 41", b"sequence -1"),
        (b"sequence 41", b"sequence 9" + b"9" * 18),
        (b"sequence 41", "sequence \u0664".encode()),
        (b"350", b"1001"),
        (b"350", b"0.5"),
        (b"2 3", b"4 3"),
        (b"training", b"Training"),
        (b"training", b"t" * 33),
        (b"training", b""),
        (b"answered 1\n", b"answered 1"),
        (b"answered 1\n", b"answered 1\n\n"),
        (b"\n", b"\r\n"),
        (b"skyrack", b"\x00skyrack"),
        (GOOD, b""),
        (GOOD, b"[" * STATUS_OCTETS),
        (GOOD, GOOD * 10),
    ],
)
def test_what_is_no_status(old: bytes, new: bytes) -> None:
    assert old in GOOD
    assert read_status(GOOD.replace(old, new)) is None


@given(st.binary(max_size=600))
def test_anything_is_read_or_none(octets: bytes) -> None:
    read_status(octets)
    read_request(octets)


@given(st.integers(1, 2**60), st.sampled_from(Wanted), st.integers(0, 10**9 - 1))
def test_a_request_is_read_by_the_job(sequence: int, wanted: Wanted, within_ms: int) -> None:
    octets = request_octets(sequence, wanted, within_ms)
    assert read_request(octets) == Request(sequence, wanted.value, within_ms)
    assert read_request(octets[:-1]) is None
    assert read_request(octets + b"x") is None


def test_what_the_job_writes_is_read_by_the_runner(tmp_path: Path) -> None:
    job = job_in(tmp_path, "load", "train")
    status = tmp_path / "control" / "status"
    assert read_status(status.read_bytes()) == Status(1, 0, 0, 2, "-", 0, 0)
    job.phase("train")
    job.progress(0.5)  # too soon to be written
    assert read_status(status.read_bytes()) == Status(2, 0, 2, 2, "train", 0, 0)
    job.checkpoint(b"state")
    assert read_status(status.read_bytes()) == Status(3, 500, 2, 2, "train", 1, 0)
