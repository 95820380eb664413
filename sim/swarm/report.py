"""What a swarm found, as lines for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from sim.swarm.swarm import Fallen, Outcome, SwarmResult

NOT_EXERCISED = "NOT EXERCISED"
FIRST_LINE_MAX = 160
SECONDS_PER_HOUR = 3600.0


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
    rows = [(count.name, count.exercised, count.failed) for count in counts]
    width = max((len(name) for name, _, _ in rows), default=20)
    yield f"{'check':<{width}}  {'exercised':>14}  {'failed':>8}"
    for name, exercised, failed in rows:
        yield f"{name:<{width}}  {_count(exercised):>14}  {failed:>8}"
    yield ""
    yield f"{'row of the fault table':<{width}}  {'episodes':>14}"
    for name, episodes in result.fault_rows().items():
        yield f"{name:<{width}}  {_count(episodes):>14}"
    yield ""
    yield f"{'kind of fault':<{width}}  {'begun':>14}"
    for name, begun in sorted(result.begun().items()):
        yield f"{name:<{width}}  {begun:>14,}"
    yield ""
    for seed, text in result.failing():
        yield f"seed {seed}: {text.splitlines()[0][:FIRST_LINE_MAX]}"
        yield f"    {result.options.reproduce(seed)}"
    yield totals(result)


def _count(number: int) -> str:
    return f"{number:,}" if number else NOT_EXERCISED


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
