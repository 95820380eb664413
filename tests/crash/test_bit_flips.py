"""One flipped bit at rest, anywhere in what is stored: the loss is at most one record, and it is reported."""

from __future__ import annotations

import pytest

from tests.crash.bench import flip_bits
from tests.crash.scenarios import ALL_SCENARIOS, DocumentAtWork, Scenario, SlotsAtWork

TRIALS, TRIALS_LONG = 150, 1500


def flip(make: type[Scenario], trials: int) -> None:
    tally = flip_bits(make, trials)
    print(f"{make.__name__}: {tally}")
    assert tally.trials == trials
    assert tally.silent == 0
    assert tally.most_lost <= 1
    assert tally.newest_intact > 0.9 * trials
    if make in {SlotsAtWork, DocumentAtWork}:  # both keep two copies of the newest
        assert tally.newest_intact == trials
    else:
        assert tally.detected > 0


@pytest.mark.slow
@pytest.mark.parametrize("make", ALL_SCENARIOS)
def test_a_flip_is_never_silently_wrong(make: type[Scenario]) -> None:
    flip(make, TRIALS)


@pytest.mark.long
@pytest.mark.parametrize("make", ALL_SCENARIOS)
def test_many_flips(make: type[Scenario]) -> None:
    flip(make, TRIALS_LONG)
