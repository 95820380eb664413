from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.spans import Interval, bisect, intervals, summit


def test_edges_are_found_to_a_millisecond():
    found = intervals(lambda t: np.sin(t / 100.0), 50.0, 1000.0, 30.0)
    half = 100.0 * math.pi
    expected = [(50.0, half), (2.0 * half, 3.0 * half)]
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-3)


def test_a_span_is_clipped_at_both_ends():
    assert intervals(np.ones_like, 5.0, 25.0, 10.0) == [Interval(5.0, 25.0)]
    assert intervals(lambda t: -np.ones_like(t), 5.0, 25.0, 10.0) == []


@pytest.mark.parametrize("half_s", [0.05, 1.0, 14.0])
@pytest.mark.parametrize("centre_s", [400.0, 405.0, 415.0, 419.9])
def test_a_graze_between_two_samples_is_found(half_s, centre_s):
    found = intervals(lambda t: half_s**2 - (t - centre_s) ** 2, 0.0, 1000.0, 30.0)
    assert np.array(found) == pytest.approx(np.array([(centre_s - half_s, centre_s + half_s)]), abs=2e-3)


def test_a_near_miss_is_none():
    assert intervals(lambda t: -1e-3 - (t - 405.0) ** 2, 0.0, 1000.0, 30.0) == []


@given(st.floats(0.0, 6000.0), st.floats(-0.999, 0.999), st.floats(10.0, 60.0))
def test_finds_what_a_closed_form_says(phase_s, level, step_s):
    """cos(w (t - phase)) > level: each span lies acos(level) either side of a crest."""
    rate = 2.0 * math.pi / 5800.0
    end_s = 86_400.0
    found = intervals(lambda t: np.cos(rate * (t - phase_s)) - level, 0.0, end_s, step_s)
    half = math.acos(level) / rate
    crests = [phase_s + number * 5800.0 for number in range(-3, 17)]
    expected = [(max(0.0, c - half), min(end_s, c + half)) for c in crests]
    # A span shorter than the resolution at an end of the search may go either way.
    expected = [span for span in expected if span[1] - span[0] > 0.01]
    found = [span for span in found if span.end_s - span.start_s > 0.01]
    assert len(found) == len(expected)
    assert np.array(found).reshape(-1, 2) == pytest.approx(np.array(expected).reshape(-1, 2), abs=2e-3)


def test_bisect_goes_both_ways_at_once():
    low, high = np.array([0.0, 2.0]), np.array([2.0, 4.0])
    assert bisect(lambda t: 1.0 - (t - 2.0) ** 2, low, high) == pytest.approx([1.0, 3.0], abs=1e-3)


def test_summit_of_humps():
    low, high = np.array([0.0, 100.0]), np.array([60.0, 160.0])
    centre = np.array([17.0, 159.0])
    times, heights = summit(lambda t: 3.0 - ((t - centre) / 50.0) ** 2, low, high)
    assert times == pytest.approx(centre, abs=2e-3)
    assert heights == pytest.approx([3.0, 3.0], abs=1e-6)


def test_none_to_polish_is_no_error():
    none = np.zeros(0)
    assert bisect(np.sin, none, none).size == 0
    assert summit(np.sin, none, none)[0].size == 0
