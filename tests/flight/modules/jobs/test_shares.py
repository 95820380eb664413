"""Fair shares of a day's energy, and the bound on waiting."""

from __future__ import annotations

from flight.declare import SECOND
from flight.modules.jobs.demand import PLACED_FIRST
from flight.modules.jobs.shares import HOUR_NS, OWNERS_MAX, Shares, read_shares, shares_value
from flight.modules.jobs.stages import JobStage
from flight.planning import MakePlan, PlanRecord, read_record
from tests.flight.modules.jobs.alone import Alone

BOTH = frozenset({"a", "b"})


def test_an_even_share_costs_nothing_and_twice_of_it_half() -> None:
    shares = Shares()
    assert shares.weights(BOTH, 0.25, 0) == {"a": 1.0, "b": 1.0}
    shares.add("a", 1000, 0)
    shares.add("b", 1000, 0)
    assert shares.weights(BOTH, 0.25, 0) == {"a": 1.0, "b": 1.0}
    shares.add("a", 2000, 0)
    assert shares.weights(BOTH, 0.25, 0) == {"a": 2000 / 3000, "b": 1.0}
    assert shares.weights(frozenset({"a"}), 0.25, 0) == {"a": 1.0}


def test_nobody_falls_below_the_floor() -> None:
    shares = Shares()
    shares.add("a", 10**9, 0)
    owners = frozenset({"a", *(f"o{number}" for number in range(9))})
    assert shares.weights(owners, 0.25, 0)["a"] == 0.25


def test_a_day_later_it_is_forgotten() -> None:
    shares = Shares()
    shares.add("a", 1000, 5 * HOUR_NS)
    assert shares.day_mj("a", 28 * HOUR_NS) == 1000
    assert shares.day_mj("a", 29 * HOUR_NS) == 0
    shares.add("b", 1, 29 * HOUR_NS)
    assert list(shares.had) == ["b"]


def test_owners_are_bounded() -> None:
    shares = Shares()
    for number in range(OWNERS_MAX + 5):
        shares.add(f"o{number}", 1, 0)
    assert len(shares.had) == OWNERS_MAX


def test_they_come_back_and_nonsense_does_not() -> None:
    shares = Shares()
    shares.add("a", 1000, 5 * HOUR_NS)
    shares.add("a", 2000, 6 * HOUR_NS)
    found = read_shares(shares_value(shares))
    assert found is not None
    assert found.had == shares.had
    for nonsense in (None, 7, ["a"], [["a", 7]], [["a", [[1, -5]]]], [[1, []]], [["a", [[1]]]], [["a"]]):
        assert read_shares(nonsense) is None


def values(alone: Alone) -> list[int]:
    """Of the jobs in the newest problem that was planned."""
    asked = [one for one in alone.asked if isinstance(one, MakePlan)][-1]
    record = read_record(asked.record)
    assert isinstance(record, PlanRecord)
    return [job.value for job in record.problem.jobs]


def test_a_tenant_that_had_more_weighs_less_in_the_plan() -> None:
    alone = Alone().begin()
    alone.module.desk.book.shares.add("greedy", 3_000_000, alone.now)
    alone.module.desk.book.shares.add("modest", 1_000_000, alone.now)
    alone.hand_in(1, owner="greedy", value=1000)
    alone.hand_in(2, owner="modest", value=1000)
    assert values(alone) == [666, 1000]


def test_energy_is_put_down_to_its_owner() -> None:
    alone = Alone().begin()
    number = alone.hand_in()
    alone.until(lambda: alone.state(number) is JobStage.RESULT, 3000)
    row = alone.module.desk.book.rows[number]
    assert row.energy_mj > 3_000_000  # 5 W for 20 minutes, or 10 W for ten
    assert alone.module.desk.book.shares.day_mj("acme", alone.now) == row.energy_mj


def test_a_job_that_waited_too_long_is_placed_first() -> None:
    alone = Alone().begin()
    alone.module.desk.own.starve_after_s = 600
    alone.seen["rung"] = 3  # nothing runs
    alone.hand_in(1, value=1)
    alone.fly(700)
    alone.hand_in(2, value=1000)
    assert values(alone) == [1 + PLACED_FIRST, 1000]
    assert alone.now > 600 * SECOND
