"""Thinning keeps what a reader looks for: the extremes, the gaps, the ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.series import every, kept_samples, rounded

VALUES = st.floats(-1e6, 1e6) | st.just(np.nan) | st.just(np.inf)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=400), st.integers(8, 60))
def test_extremes_of_every_series_are_kept(rows: list[tuple[float, float]], points: int) -> None:
    table = np.array(rows).T
    kept = kept_samples(list(table), points)
    assert kept[0] == 0
    assert kept[-1] == len(rows) - 1
    assert (np.diff(kept) > 0).all()
    for values in table:
        finite = values[np.isfinite(values)]
        drawn = values[kept][np.isfinite(values[kept])]
        if len(finite):
            assert drawn.min() == finite.min()
            assert drawn.max() == finite.max()


def test_each_bucket_keeps_its_own_extremes() -> None:
    values = np.sin(np.arange(100_000) / 50.0)  # 318 waves, 500 buckets
    drawn = values[kept_samples([values], 1_000)]
    assert (drawn > 0.99).sum() > 300
    assert (drawn < -0.99).sum() > 300


def test_first_and_last_are_kept_though_they_stand_out_in_nothing() -> None:
    kept = kept_samples([np.array([5.0, 9.0, 1.0, 5.0] * 100)], 8)
    assert (kept[0], kept[-1]) == (0, 399)


def test_no_more_than_asked_for() -> None:
    noise = np.random.default_rng(7).normal(size=(3, 50_000))
    assert len(kept_samples(list(noise), 6_000)) <= 6_000 + 2


def test_a_single_missing_sample_stays_a_gap() -> None:
    values = np.ones(10_000)
    values[5_003] = np.nan
    assert 5_003 in kept_samples([values, np.ones(10_000)], 100)


def test_a_short_series_is_kept_whole() -> None:
    assert kept_samples([np.arange(50.0)], 50).tolist() == list(range(50))
    assert kept_samples([np.empty(0)], 50).tolist() == []


def test_rounding_for_json() -> None:
    got = rounded(np.array([1.26, -0.04, 2.0, np.nan, np.inf, -3.25]), 1)
    assert got == [1.3, 0, 2, None, None, pytest.approx(-3.2)]
    assert [type(value) for value in got[1:4]] == [int, int, type(None)]


def test_even_thinning() -> None:
    assert every(np.arange(10.0), 4).tolist() == [0, 3, 6, 9]
    assert every(np.arange(10.0), 10).tolist() == list(range(10))
    assert len(every(np.empty(0), 4)) == 0
