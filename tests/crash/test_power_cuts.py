"""A power cut at every disk operation, with several outcomes each: on an honest disk nothing acknowledged is lost."""

from __future__ import annotations

import pytest

from sim.disk import Cache
from tests.crash.bench import operations_of, sweep_cuts, sweep_kills
from tests.crash.scenarios import (
    ALL_SCENARIOS,
    DocumentAtWork,
    LogAtWork,
    RecorderAtWork,
    Scenario,
    SlotsAtWork,
    WorkerAtWork,
)

OUTCOMES = 6  # of each cut; `long` takes ten times as many

# Disk operations of one life.  A store that does more or fewer has changed what it costs a card: say why.
OPERATIONS = {
    LogAtWork: 58,
    SlotsAtWork: 68,
    DocumentAtWork: 124,
    RecorderAtWork: 112,
    WorkerAtWork: 155,
}

every_store = pytest.mark.parametrize("make", ALL_SCENARIOS)


@every_store
def test_operations_of_a_life(make: type[Scenario]) -> None:
    assert operations_of(make) == OPERATIONS[make]


def cut(make: type[Scenario], outcomes: int) -> None:
    tally = sweep_cuts(make, outcomes)
    print(f"{make.__name__}: {tally}")
    assert tally.trials == OPERATIONS[make] * outcomes
    assert tally.struck > 1.5 * tally.trials  # most later lives are cut, too
    assert tally.lost == tally.reused == tally.failures == 0


@pytest.mark.slow
@every_store
def test_nothing_acknowledged_is_lost(make: type[Scenario]) -> None:
    cut(make, OUTCOMES)


@pytest.mark.long
@every_store
def test_nothing_acknowledged_is_lost_in_many_outcomes(make: type[Scenario]) -> None:
    cut(make, 10 * OUTCOMES)


@pytest.mark.slow
@every_store
def test_a_killed_process_loses_nothing_either(make: type[Scenario]) -> None:
    tally = sweep_kills(make, outcomes=2)
    print(f"{make.__name__}: {tally}")
    assert tally.trials == 2 * OPERATIONS[make]
    assert tally.struck > 1.5 * tally.trials
    assert tally.lost == tally.reused == tally.failures == 0


def lie(make: type[Scenario], cache: Cache, outcomes: int) -> None:
    """All stays readable and true; what is lost is counted, and there is some, or the liar told the truth."""
    tally = sweep_cuts(make, outcomes, cache)
    print(f"{make.__name__} on a disk that {cache.value}: {tally}")
    assert tally.trials == OPERATIONS[make] * outcomes
    assert tally.lost > 0
    assert tally.failures == 0


@pytest.mark.slow
@pytest.mark.parametrize("cache", [Cache.IN_ORDER, Cache.REORDERED])
@every_store
def test_a_lying_disk_makes_nothing_unreadable_or_wrong(make: type[Scenario], cache: Cache) -> None:
    lie(make, cache, OUTCOMES // 3)


@pytest.mark.long
@pytest.mark.parametrize("cache", [Cache.IN_ORDER, Cache.REORDERED])
@every_store
def test_a_lying_disk_in_many_outcomes(make: type[Scenario], cache: Cache) -> None:
    lie(make, cache, 10 * OUTCOMES)
