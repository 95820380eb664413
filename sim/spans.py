"""When a smooth condition holds: the spans in which a function of time is positive, with polished edges.

Eclipses and passes are both such spans.  The function is sampled, each change of sign is bisected, and each
hump that stays just below zero between two samples is climbed, so that a grazing span is not missed.  All
edges move together in one array, so the function is called about forty times in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.orbit import Array

Condition = Callable[[Array], Array]

RESOLUTION_S = 1e-3  # edges are found and rounded to this; SGP4 itself is good to 0.1 s along the track
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class Interval(NamedTuple):
    """Seconds after the epoch."""

    start_s: float
    end_s: float


def intervals(condition: Condition, start_s: float, end_s: float, step_s: float) -> list[Interval]:
    """Where `condition` is positive between `start_s` and `end_s`, in order; clipped at both ends.

    A span is found if it holds a sample, or if the function has one hump around it: `step_s` must be well
    below the time between humps.
    """
    assert end_s > start_s, "an interval ends after it starts"
    count = max(2, math.ceil((end_s - start_s) / step_s)) + 1
    times = np.linspace(start_s, end_s, count)
    values = condition(times)
    times, values = _with_grazes(condition, times, values)
    inside = values > 0.0
    change = np.flatnonzero(inside[1:] != inside[:-1])
    edges = bisect(condition, times[change], times[change + 1]).tolist()
    if inside[0]:
        edges.insert(0, start_s)
    if inside[-1]:
        edges.append(end_s)
    return [Interval(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]


def bisect(condition: Condition, low: Array, high: Array) -> Array:
    """The times between `low` and `high` (n,) at which `condition` changes sign, to RESOLUTION_S."""
    if low.size == 0:
        return low
    rising = condition(low) <= 0.0
    for _ in range(_halvings(low, high, 0.5)):
        middle = 0.5 * (low + high)
        before = (condition(middle) <= 0.0) == rising
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.round(0.5 * (low + high), 3)


def summit(condition: Condition, low: Array, high: Array) -> tuple[Array, Array]:
    """Time and value of the highest point between `low` and `high` (n,), one hump each; golden section."""
    if low.size == 0:
        return low, low
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = condition(left), condition(right)
    for _ in range(_halvings(low, high, GOLDEN)):
        climb = at_right > at_left
        low, high = np.where(climb, left, low), np.where(climb, high, right)
        probe = np.where(climb, low + GOLDEN * (high - low), high - GOLDEN * (high - low))
        at_probe = condition(probe)
        left, right = np.where(climb, right, probe), np.where(climb, probe, left)
        at_left, at_right = np.where(climb, at_right, at_probe), np.where(climb, at_probe, at_left)
    best = np.where(at_right > at_left, right, left)
    return best, np.maximum(at_left, at_right)


def _with_grazes(condition: Condition, times: Array, values: Array) -> tuple[Array, Array]:
    """The samples, and the summits above zero of those humps of which no sample is above zero."""
    middle = values[1:-1]
    hump = (middle <= 0.0) & (middle >= values[:-2]) & (middle > values[2:])
    peak = np.flatnonzero(hump) + 1
    found, height = summit(condition, times[peak - 1], times[peak + 1])
    found, height = found[height > 0.0], height[height > 0.0]
    order = np.argsort(np.concatenate((times, found)), kind="stable")
    return np.concatenate((times, found))[order], np.concatenate((values, height))[order]


def _halvings(low: Array, high: Array, ratio: float) -> int:
    widest = float(np.max(high - low))
    return max(0, math.ceil(math.log(RESOLUTION_S / widest) / math.log(ratio)))
