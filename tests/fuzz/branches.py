"""Branches of a target that its kept inputs take, as coverage.py counts them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType
from typing import NamedTuple

from coverage import Coverage

from tests.fuzz.engine import Target

Span = tuple[str, int, int]


class Reached(NamedTuple):
    taken: int
    total: int
    idle: tuple[str, ...]  # what the target covers and no input has entered

    @property
    def share(self) -> float:
        return self.taken / self.total if self.total else 0.0


def spans(thing: object) -> list[Span]:
    """(file, first line, last line) of a function or a class; of each of its own in a module."""
    if isinstance(thing, ModuleType):
        own = [one for one in vars(thing).values() if getattr(one, "__module__", "") == thing.__name__]
        code = [one for one in own if inspect.isfunction(one) or inspect.isclass(one)]
        return [span for one in code for span in spans(one)]
    unwrapped = inspect.unwrap(thing)  # type: ignore[arg-type]
    lines, first = inspect.getsourcelines(unwrapped)
    file = inspect.getsourcefile(unwrapped)
    assert file is not None
    return [(file, first, first + len(lines) - 1)]


def name_of(thing: object) -> str:
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    return f"{module}.{name}" if module else getattr(thing, "__name__", repr(thing))


def reached(target: Target, inputs: Iterable[bytes]) -> Reached:
    """Runs all inputs once more, under coverage.py."""
    where = {thing: spans(thing) for thing in target.covers}
    files = sorted({file for found in where.values() for file, _, _ in found})
    coverage = Coverage(branch=True, data_file=None, config_file=False, include=files)
    coverage.start()
    try:
        for data in inputs:
            with suppress(Exception):  # a finding, told elsewhere
                target.feed(data)
    finally:
        coverage.stop()
    stats = {file: coverage.branch_stats(file) for file in files}
    measured = coverage.get_data()
    entered = {file: set(measured.lines(file) or ()) for file in files}
    lines = {
        (file, line)
        for found in where.values()
        for file, first, last in found
        for line in range(first, last + 1)
    }
    numbers = [stat for file, found in stats.items() for line, stat in found.items() if (file, line) in lines]
    idle = tuple(
        name_of(thing)
        for thing, found in where.items()
        if not any(entered[file] & set(range(first + 1, last + 1)) for file, first, last in found)
    )
    return Reached(sum(taken for _, taken in numbers), sum(total for total, _ in numbers), idle)
