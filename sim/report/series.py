"""Long series made short enough to open quickly, with every lowest and highest value kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sim.result import Series

# Samples in one chart: a wide screen has 4,000 pixels across, the rest is room to zoom.
CHART_POINTS = 6_000

Rounded = list[float | None]


def kept_samples(series: Sequence[Series], points: int = CHART_POINTS) -> npt.NDArray[np.intp]:
    """Indices of the samples to draw, ascending: the lowest and highest of each series in each bucket of time.

    All series have the same length n.  A bucket also keeps one non-finite sample of each series that has one,
    so that a gap stays a gap.  First and last sample are always kept.
    """
    n = len(series[0])
    if n <= points:
        return np.arange(n)
    buckets = max(1, points // (2 * len(series)))
    starts = np.arange(buckets + 1) * n // buckets
    kept = {0, n - 1}
    for values in series:
        gap = ~np.isfinite(values)
        low, high = np.where(gap, np.inf, values), np.where(gap, -np.inf, values)
        for start, end in pairwise(starts):
            kept.add(int(start + low[start:end].argmin()))
            kept.add(int(start + high[start:end].argmax()))
            if gap[start:end].any():
                kept.add(int(start + gap[start:end].argmax()))
    return np.array(sorted(kept), dtype=np.intp)


def rounded(values: Series, decimals: int) -> Rounded:
    """For JSON: whole numbers without a point, non-finite as None, never -0."""
    numbers: Rounded = []
    for value in np.round(values, decimals).tolist():
        if not np.isfinite(value):
            numbers.append(None)
        else:
            numbers.append(int(value) if value == int(value) else value)
    return numbers


def every(values: Series, points: int) -> Series:
    """Evenly thinned to at most `points` samples; for curves that are smooth between them."""
    return values[:: max(1, -(-len(values) // points))]
