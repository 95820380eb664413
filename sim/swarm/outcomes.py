"""Many flights in processes of their own, one for each seed: outcomes in the seeds' order, and what they add up to."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sim.result import CheckCount

AHEAD = 2  # tasks for each worker that wait; more would only be thrown away by who ends early
NOT_EXERCISED = "NOT EXERCISED"
FIRST_LINE_MAX = 160
SECONDS_PER_HOUR = 3600.0

Options = TypeVar("Options")
Result = TypeVar("Result")


class Flown(Protocol):
    """What came of a flight; `failures` name their check and second."""

    @property
    def seed(self) -> int: ...

    @property
    def failures(self) -> tuple[str, ...]: ...

    @property
    def counts(self) -> tuple[CheckCount, ...]: ...


@dataclass(frozen=True, slots=True)
class Fallen:
    """A seed that ended in an exception, which nothing may let escape."""

    seed: int
    text: str


def fly_in_order(
    fly: Callable[[Options, int], Result], options: Options, seeds: range, workers: int, ahead: int = AHEAD
) -> Generator[Result | Fallen, None, None]:
    """Each as soon as it and those before it are there.  Who closes this early flies no more than what is under way."""
    upcoming = iter(seeds)
    waiting: list[tuple[int, Future[Result]]] = []
    with ProcessPoolExecutor(max_workers=workers) as pool:
        try:
            while True:
                while len(waiting) < ahead * workers and (following := next(upcoming, None)) is not None:
                    waiting.append((following, pool.submit(fly, options, following)))
                if not waiting:
                    return
                seed, future = waiting.pop(0)
                error = future.exception()
                yield future.result() if error is None else Fallen(seed, _words(error))
        finally:
            for _, future in waiting:
                future.cancel()


def _words(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def first_failures(outcomes: Iterable[Flown | Fallen]) -> list[tuple[int, str]]:
    """(seed, first failure) of each that failed."""
    found = []
    for outcome in outcomes:
        if isinstance(outcome, Fallen):
            found.append((outcome.seed, f"an exception escaped: {outcome.text}"))
        elif outcome.failures:
            found.append((outcome.seed, outcome.failures[0]))
    return found


def summed(flown: Iterable[Flown]) -> list[CheckCount]:
    """Over all flights, in the order of the checks."""
    exercised: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for result in flown:
        for count in result.counts:
            exercised[count.name] += count.exercised
            failed[count.name] += count.failed
    return [CheckCount(name, exercised[name], failed[name]) for name in exercised]


def check_lines(counts: Sequence[CheckCount]) -> Iterator[str]:
    """A table."""
    width = check_width(counts)
    yield f"{'check':<{width}}  {'exercised':>14}  {'failed':>8}"
    for count in counts:
        yield f"{count.name:<{width}}  {count_words(count.exercised):>14}  {count.failed:>8}"


def check_width(counts: Sequence[CheckCount]) -> int:
    return max((len(count.name) for count in counts), default=20)


def count_words(number: int) -> str:
    return f"{number:,}" if number else NOT_EXERCISED
