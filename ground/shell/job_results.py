"""What `job replay` and `job result` say, with a ground and without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flight.jobs import Ended, Fault
from ground.jobs.forecasting import replay
from ground.jobs.reading import JobError
from ground.jobs.results import OpenedResult
from ground.jobs.telling import receipt_lines
from ground.shell.desk import DONE, FAILED
from ground.shell.wording import printable

SHOWN_LINES = 20  # of what a job printed; the folder has all that came down


def tell_replay(name: str, octets: bytes, say: Callable[[str], None]) -> int:
    found = replay(octets)
    if isinstance(found, Fault):
        raise JobError([f"{name}: {found}"])
    made, again = found.record.plan, found.again.plan
    assert again is not None
    jobs = len(found.record.problem.jobs)
    if made is None:
        say(
            f"{name}: {jobs} jobs, no plan in it; made here it is worth {again.value:,}, {again.steps:,} steps"
        )
        return DONE
    if found.same:
        say(f"{name}: {jobs} jobs, worth {made.value:,}, {made.steps:,} steps: the same bit for bit")
        return DONE
    say(f"{name}: ANOTHER PLAN: worth {made.value:,} in the record, {again.value:,} made here")
    return FAILED


def tell_result(found: OpenedResult, to: Path | None, say: Callable[[str], None]) -> int:
    """FAILED for a job that was not done, or whose checks did not hold."""
    for line in receipt_lines(found.receipt):
        say(line)
    say(f"signature    {found.signature}")
    for title, text in (("printed", found.standard_output), ("complained", found.standard_error)):
        lines = text.splitlines()
        if len(lines) > SHOWN_LINES:
            say(f"{title:<12} ... {len(lines) - SHOWN_LINES:,} lines before these")
        for line in lines[-SHOWN_LINES:]:
            say(f"{title:<12} {printable(line)}")
    if to is not None:
        say(f"{to}: receipt, {len(found.receipt.outputs)} outputs")
    held = all(check.held for check in found.receipt.checks)
    return DONE if found.receipt.ended is Ended.DONE and held else FAILED
