"""How long an orderly end waits for jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import pytest

from flight.cli.jobs_on_board import JOBS_END_WITHIN_NS, JobsEnd
from flight.declare.running import NO_PROTECTION, Inventory, JobEntry, JobState, RunnerKind
from flight.runners.client import RunnerClient

ENTRY = JobEntry(8, RunnerKind.PROCESS, JobState.STOPPING, NO_PROTECTION)


@dataclass
class Client:
    entries: tuple[JobEntry, ...] = (ENTRY,)
    reachable: bool = True
    ending: bool = False

    def inventory(self, now: int) -> Inventory:
        return Inventory(1, self.entries)


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


def ended(entry: JobEntry) -> JobEntry:
    return replace(entry, state=JobState.ENDED)


@pytest.mark.parametrize("writes", [True, False])
def test_until_the_book_says_how_it_ended_or_no_book_can_be_written(*, writes: bool) -> None:
    client, clock = Client(), Clock()
    end = JobsEnd(cast(RunnerClient, client), clock, writes=writes)
    assert client.ending
    assert not end.over()
    client.entries = (ended(ENTRY),)
    assert end.over() is not writes
    client.entries = ()
    assert end.over()


def test_not_for_ever() -> None:
    client, clock = Client(), Clock(5)
    end = JobsEnd(cast(RunnerClient, client), clock, writes=True)
    clock.now += JOBS_END_WITHIN_NS - 1
    assert not end.over()
    clock.now += 1
    assert end.over()


def test_not_for_a_runner_that_is_not_there() -> None:
    assert JobsEnd(cast(RunnerClient, Client(reachable=False)), Clock(), writes=True).over()
