"""What a swarm found, as lines for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from sim.swarm.outcomes import (
    FIRST_LINE_MAX,
    SECONDS_PER_HOUR,
    Fallen,
    check_lines,
    check_width,
    count_words,
)
from sim.swarm.swarm import Outcome, SwarmResult


def seed_line(outcome: Outcome) -> str:
    """One line while the swarm runs."""
    if isinstance(outcome, Fallen):
        return f"seed {outcome.seed}: an exception escaped\n{outcome.text}"
    if not outcome.failures:
        words = f"{outcome.boots} boots, {outcome.commands} commands, well after {outcome.recovery_s} s"
        return f"seed {outcome.seed}: {words}"
    first = outcome.failures[0][:FIRST_LINE_MAX]
    return f"seed {outcome.seed}: FAILED {len(outcome.failures)} times; first: {first}"


def lines_of(result: SwarmResult) -> Iterator[str]:
    """The tables: checks, rows of the fault table, kinds of faults; then what failed and how to see it again."""
    counts = result.checks()
    width = check_width(counts)
    yield from check_lines(counts)
    yield ""
    yield f"{'row of the fault table':<{width}}  {'episodes':>14}"
    for name, episodes in result.fault_rows().items():
        yield f"{name:<{width}}  {count_words(episodes):>14}"
    yield ""
    yield f"{'kind of fault':<{width}}  {'begun':>14}"
    for name, begun in sorted(result.begun().items()):
        yield f"{name:<{width}}  {begun:>14,}"
    yield ""
    for seed, text in result.failing():
        yield f"seed {seed}: {text.splitlines()[0][:FIRST_LINE_MAX]}"
        yield f"    {result.options.reproduce(seed)}"
    yield totals(result)


def totals(result: SwarmResult) -> str:
    flown = result.flown
    simulated_s = sum(seed.simulated_s for seed in flown)
    cpu_s = sum(seed.cpu_s for seed in flown)
    boots = sum(seed.boots for seed in flown)
    speed = simulated_s / cpu_s if cpu_s else 0.0
    return (
        f"{len(result.outcomes)} seeds, {len(result.failing())} failed; "
        f"{simulated_s / SECONDS_PER_HOUR:,.0f} simulated hours, {boots:,} boots; "
        f"{cpu_s / SECONDS_PER_HOUR:.2f} hours of processor, {result.wall_s / 60:.1f} min; "
        f"{speed:,.0f} x real time on each"
    )
