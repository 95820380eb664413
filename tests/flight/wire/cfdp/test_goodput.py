"""Files over paced lines in virtual time, 100 MB through five reboots, and what gaps cost, in lines of code run."""

from __future__ import annotations

import pytest

from tests.bench.bench_cfdp import ours, through_reboots
from tests.flight.wire.cfdp.paced import FAST, SLOW, TICK_NS, Line, Outcome, carry
from tests.fuzz.tracer import Tracer

LINES = {"921,600 baud": (FAST, 0.90), "115,200 baud": (SLOW, 0.85)}
GAPS = 300
QUEUED_MS = 100  # what is asked


def holds(line: Line, outcome: Outcome) -> None:
    """The right file; priority means something: little waits below us, and live telemetry waits no longer than that."""
    assert outcome.right
    assert outcome.most_queued_ms <= QUEUED_MS
    frame_ms = (line.frame_length + 4) * 10_000 / line.baud
    assert outcome.slowest_live_ms <= QUEUED_MS + TICK_NS / 1e6 + frame_ms


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_goodput(name: str) -> None:
    line, goal = LINES[name]
    outcome = carry(line, 600 * line.frame_length)
    holds(line, outcome)
    assert outcome.file_share >= goal


@pytest.mark.long
@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("seed", range(5))
def test_goodput_of_large_files(name: str, seed: int) -> None:
    line, goal = LINES[name]
    outcome = carry(line, 5_000_000 if line is FAST else 500_000, seed)
    holds(line, outcome)
    assert outcome.file_share >= goal
    assert line is SLOW or outcome.share >= goal, "of the packets' rate too"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_a_file_that_has_the_slow_line_for_itself(seed: int) -> None:
    """Of the packets' rate: headers and lost frames leave 85.6 %."""
    outcome = carry(SLOW, 2_000_000, seed, live=False)
    holds(SLOW, outcome)
    assert outcome.share >= LINES["115,200 baud"][1]


def test_a_line_without_loss_is_full() -> None:
    """The measure itself: what is missing is the way there and back at the end."""
    outcome = carry(SLOW._replace(loss=0.0), 100_000)
    holds(SLOW, outcome)
    assert 0.95 < outcome.file_share <= 1


@pytest.mark.long
def test_100_mb_at_ten_percent_loss_reordered_repeated_through_five_reboots() -> None:
    spent, lasted = through_reboots(100_000_000)
    print(f"byte-exact; {spent:.1f} s of processor, {lasted:.0f} s of virtual time")


@pytest.mark.slow
def test_the_same_small() -> None:
    through_reboots(4_000_000)


@pytest.mark.slow
def test_cost_is_linear_in_the_number_of_gaps() -> None:
    """Every other segment lost; lines run by both ends."""
    tracer = Tracer()
    costs = []
    for gaps in (GAPS, 2 * GAPS, 4 * GAPS):
        with tracer.watching():
            ours(2 * gaps * 1024, 2)
        costs.append(tracer.lines)
    assert costs[1] < 2.2 * costs[0]
    assert costs[2] < 2.2 * costs[1]
