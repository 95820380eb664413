"""A run from outside: what it says, what it keeps of a crash, and whom the scheduler prefers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.realtime.flying import Flying
from tests.realtime.trial.modules import How

pytestmark = pytest.mark.slow


def fifo_permitted() -> bool:
    """Asked of a process of its own, which takes the priority with it."""
    code = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_it_says_one_line_and_how_to_end_it(flying: Flying) -> None:
    flying.start()
    assert flying.errors() == "guardian: starts the executive; Ctrl-C ends it in order\n"


def test_the_account_of_a_crash_is_kept_for_a_person(flying: Flying) -> None:
    flying.start()
    station, culprit = flying.station, flying.index("trouble")
    station.send("trouble.soon", How.RAISE, 0)
    flying.until(lambda: station.happened("executive.revived", culprit) == 1, "a restart")
    assert flying.stop() == 0
    account = flying.document("crash-trouble")
    assert account is not None
    assert account.endswith(b"RuntimeError: asked to\n")
    assert b"in misbehave" in account


@pytest.mark.skipif(not fifo_permitted(), reason="real-time priority is not permitted here")
def test_with_fifo_the_guardian_is_above_the_executive_and_the_worker_is_ordinary(flying: Flying) -> None:
    flying.arguments.append("--fifo")
    flying.start()
    assert flying.process is not None
    guardian, executive, worker = flying.process.pid, flying.executive_pid(), flying.worker_pid()
    kinds = [os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK for pid in (guardian, executive, worker)]
    assert kinds == [os.SCHED_FIFO, os.SCHED_FIFO, os.SCHED_OTHER]
    above, below = (os.sched_getparam(pid).sched_priority for pid in (guardian, executive))
    assert above > below


@pytest.mark.skipif(fifo_permitted(), reason="real-time priority is permitted here")
def test_without_permission_it_says_so_and_flies(flying: Flying) -> None:
    flying.arguments.append("--fifo")
    flying.start()
    assert flying.errors().count("no real-time priority") == 2
