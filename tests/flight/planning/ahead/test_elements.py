"""Elements: read as the simulator reads them, and refused letter by letter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.planning.ahead import Elements, read_elements
from flight.planning.ahead.elements import DAY_NS, checksum
from sim.orbit import Orbit
from sim.scenario import load_scenario

TOLD = load_scenario("reference")
LINE_1, LINE_2 = TOLD.line1, TOLD.line2


def good() -> Elements:
    found = read_elements(LINE_1, LINE_2)
    assert isinstance(found, Elements)
    return found


def summed(line: str) -> str:
    return line[:68] + str(checksum(line))


def test_places_are_those_of_the_simulated_orbit():
    orbit, elements = Orbit.from_tle(LINE_1, LINE_2, TOLD.epoch), good()
    seconds = np.arange(0.0, 200_000.0, 7_777.0)
    places, _ = orbit.at(seconds)
    epoch_ns = int(TOLD.epoch.timestamp()) * 10**9
    for at, place in zip(seconds, places, strict=True):
        found = elements.at(epoch_ns + int(at * 1e9))
        assert found is not None
        assert math.dist(found, place) < 1e-3  # km
    assert elements.period_s == pytest.approx(orbit.period_s)
    assert abs(elements.epoch_ns - epoch_ns) < DAY_NS


@pytest.mark.parametrize(
    ("line1", "line2", "why"),
    [
        (LINE_1[:-1], LINE_2, "line 1: 68 characters instead of 69"),
        (LINE_2, LINE_1, "line 1: does not start with 1"),
        (LINE_1, LINE_2[:-1] + "0", "line 2: checksum is 8, not '0'"),
        (LINE_1.replace("40115U", "40116U"), LINE_2, "line 1: checksum is 4, not '3'"),
        (summed(LINE_1.replace("40115U", "40116U")), LINE_2, "line 1 is of satellite 40116, line 2 of 40115"),
        (summed(LINE_1.replace("26114.", "26000.")), LINE_2, "line 1: no such day of the year"),
        (summed(LINE_1.replace("26114.", "26 x4.")), LINE_2, "line 1: no epoch in column 19"),
        (LINE_1, summed(LINE_2.replace(" 97.8579", "197.8579")), "line 2: inclination 197.858 is not 0 to 180"),
        (LINE_1, summed(LINE_2.replace("14.84", "01.84")), "line 2: mean motion 1.84929 is not 11.25 to 16.7 a day"),
        (LINE_1, summed(LINE_2.replace("0002768", "0802768")), "perigee is 50 km up"),
        (LINE_1, summed(LINE_2.replace("0002768", "3002768")), "perigee is -1488 km up"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(line1: str, line2: str, why: str):
    assert read_elements(line1, line2) == why


@given(st.integers(0, 137), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_letter_that_changed_is_noticed_or_changes_nothing(at: int, letter: str):
    """The checksum counts letters, signs and blanks alike: those the fields must notice."""
    lines = LINE_1 + LINE_2
    spoiled = lines[:at] + letter + lines[at + 1 :]
    found = read_elements(spoiled[:69], spoiled[69:])
    if isinstance(found, Elements):
        assert found.at(found.epoch_ns) is not None


@given(st.text(max_size=8), st.text(max_size=8))
def test_no_text_raises(line1: str, line2: str):
    for spoiled in (line1, line2, LINE_1[: 69 - len(line1)] + line1, line1 + LINE_1[len(line1) :]):
        if spoiled != LINE_1:
            assert isinstance(read_elements(spoiled, LINE_2), str | Elements)


def test_every_pattern_that_passes_is_one_that_sgp4_reads():
    for line1 in (LINE_1, summed(LINE_1[:33] + "-.00000689" + LINE_1[43:])):
        assert isinstance(read_elements(line1, LINE_2), Elements)


def test_an_orbit_that_has_decayed_has_no_place():
    falling = summed(LINE_1.replace("87180-4", "87180+0"))
    elements = read_elements(falling, LINE_2)
    assert isinstance(elements, Elements)
    assert elements.at(elements.epoch_ns + 3000 * DAY_NS) is None
