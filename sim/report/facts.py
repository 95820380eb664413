"""Figures that the page and the table both state, computed once from a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from sim.report.wording import extent
from sim.result import CheckCount, NodeTrace, RunResult, Series, Span


class Verdict(Enum):
    """A check that never met its precondition has shown nothing, and says so."""

    HELD = "HELD"
    FAILED = "FAILED"
    NOT_EXERCISED = "NOT EXERCISED"


def verdict(check: CheckCount) -> Verdict:
    if check.failed > 0:
        return Verdict.FAILED
    return Verdict.HELD if check.exercised > 0 else Verdict.NOT_EXERCISED


@dataclass(frozen=True, slots=True)
class Tally:
    """How many checks held, failed, and never met their precondition."""

    held: int
    failed: int
    idle: int


def tally(checks: Sequence[CheckCount]) -> Tally:
    found = [verdict(check) for check in checks]
    return Tally(found.count(Verdict.HELD), found.count(Verdict.FAILED), found.count(Verdict.NOT_EXERCISED))


@dataclass(frozen=True, slots=True)
class NodeRange:
    """Extremes of one node in degC; `margin` is the least distance to a limit in K, negative outside."""

    name: str
    lowest: float
    highest: float
    low: float
    high: float
    margin: float
    outside_s: float


def node_ranges(result: RunResult) -> list[NodeRange]:
    """The tightest first; a node without a finite sample comes last."""
    found = [node_range(node, result.times_s) for node in result.nodes]
    return sorted(found, key=lambda node: (not np.isfinite(node.margin), node.margin))


def node_range(node: NodeTrace, times_s: Series) -> NodeRange:
    lowest, highest = extent(node.temperature)
    margin = min(lowest - node.low, node.high - highest)
    outside = (node.temperature < node.low) | (node.temperature > node.high)
    return NodeRange(node.name, lowest, highest, node.low, node.high, margin, time_where(outside, times_s))


def time_where(inside: np.ndarray[tuple[int], np.dtype[np.bool_]], times_s: Series) -> float:
    """Seconds for which a condition held; each sample stands until the next."""
    return float(np.diff(times_s)[inside[:-1]].sum()) if len(times_s) > 1 else 0.0


def total_s(spans: Sequence[Span]) -> float:
    return float(sum(span.end_s - span.start_s for span in spans))


def lowest_charge(result: RunResult) -> tuple[float, float]:
    """Lowest true state of charge (0 to 1) and when, s; NaN twice without a finite sample."""
    if not np.isfinite(result.charge).any():
        return np.nan, np.nan
    index = int(np.nanargmin(np.where(np.isfinite(result.charge), result.charge, np.nan)))
    return float(result.charge[index]), float(result.times_s[index])


def charge_error(result: RunResult) -> float:
    """Largest absolute difference of the onboard estimate from the true charge, 0 to 1."""
    return extent(np.abs(result.charge_onboard - result.charge))[1]


def energy_wh(power_w: Series, times_s: Series) -> float:
    """Trapezoidal integral in Wh; a gap adds nothing."""
    if len(times_s) < 2:
        return 0.0
    middle = (power_w[1:] + power_w[:-1]) / 2.0
    return float(np.nansum(np.where(np.isfinite(middle), middle, 0.0) * np.diff(times_s))) / 3_600.0
