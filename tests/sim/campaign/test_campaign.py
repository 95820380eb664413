"""Days of jobs: what a seed draws, what a day gives, and what a campaign says of many."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace
from typing import Self

import pytest

from sim.__main__ import main
from sim.campaign import campaign as campaign_of
from sim.campaign.campaign import CampaignOptions, CampaignResult, day_line, run_campaign
from sim.campaign.day import LESS_SUN, DayResult, day_of, fly_day
from sim.configuration import ConfigurationError
from sim.fault_kinds import KINDS
from sim.payload.totals import JobTotals
from sim.result import CheckCount
from sim.scenario import load_scenario
from sim.swarm.outcomes import Fallen

REFERENCE = load_scenario("reference")
TOTALS = JobTotals(
    submitted=5,
    taken=4,
    refused=(("acme/a", "over the quota"),),
    done=3,
    failed=1,
    value=30,
    value_submitted=50,
    result_octets=1_000,
    runs=9,
    preempted=2,
    resumed=2,
    lost=1,
    utilisation=0.25,
    energy_wh=12.0,
    guard_changes=2,
    plans=7,
)
DAY = DayResult(
    3, (), (CheckCount("a check", 4, 0), CheckCount("idle", 0, 0)), (), TOTALS, 86_400, 2, 0.1, "ab", 9.0
)


def test_a_day_is_its_seed() -> None:
    assert day_of(REFERENCE, 3) == day_of(REFERENCE, 3)
    days = [day_of(REFERENCE, seed) for seed in range(20)]
    assert len({day.epoch for day in days}) > 8
    assert len({day.jobs for day in days}) == 20
    assert {len(day.jobs) for day in days} <= set(range(12, 41))
    assert not any(day.commands or day.files for day in days)


def test_the_world_is_never_as_forecast_and_something_fails() -> None:
    days = [day_of(REFERENCE, seed) for seed in range(40)]
    for day in days:
        (less_sun,) = [fault for fault in day.faults if fault.target == "array"]
        assert LESS_SUN[0] <= (less_sun.value or 0.0) <= LESS_SUN[1]
        assert less_sun.duration_s >= 86_400
        assert list(day.faults) == sorted(day.faults, key=lambda fault: fault.at_s)
    drawn = {(fault.target, fault.kind) for day in days for fault in day.faults}
    wanted = {
        (target, kind) for target in ("job", "process.runner", "process.planning") for kind in KINDS[target]
    }
    assert wanted <= drawn
    assert {"computer", "process.executive", "disk", "disk.files", "disk.jobs", "package"} <= {
        one for one, _ in drawn
    }


def test_a_mission_without_jobs_has_no_such_days(monkeypatch) -> None:
    from flight.app import load_mission

    mission = load_mission("pathfinder")
    mission = replace(mission, rows=tuple(row for row in mission.rows if row.name != "jobs"))
    monkeypatch.setattr("sim.campaign.day.load_mission", lambda _name: mission)
    with pytest.raises(ConfigurationError, match="pathfinder takes no jobs"):
        day_of(REFERENCE, 1)


@pytest.mark.slow
def test_a_short_day_is_flown_the_same_twice() -> None:
    first, second = (fly_day(REFERENCE, 4, 1_800) for _ in range(2))
    assert first.failures == ()
    assert (first.trace_hash, first.totals, first.counts) == (second.trace_hash, second.totals, second.counts)
    assert first.totals.submitted >= 1


def test_what_a_campaign_says() -> None:
    bad = replace(DAY, seed=4, failures=("a check: 9 s: wrong",), counts=(CheckCount("a check", 1, 2),))
    result = CampaignResult(CampaignOptions(days=3, length_s=7_200), [DAY, bad, Fallen(5, "boom")], 60.0)
    text = "\n".join(result.lines())
    assert "a check               5         2" in text
    assert "NOT EXERCISED" in text
    assert "value delivered      60 of 100 submitted (60.0 %)" in text
    assert "10 submitted, 6 done and delivered, 2 ended otherwise" in text
    assert "utilisation          25.0 % of the boards' time, 24 Wh" in text
    assert "changes by the guard 4, 2.0 a day" in text
    assert "skyrack-sim campaign --first 4 --days 1 --hours 2" in text
    assert "3 days, 2 failed; 48 simulated hours, 4 boots" in text
    assert result.failing() == [(4, "a check: 9 s: wrong"), (5, "an exception escaped: boom")]
    facts = json.loads(result.as_json())
    assert [day["seed"] for day in facts["days"]] == [3, 4]
    assert day_line(DAY).startswith("day 3: 3 of 5 jobs, value 30 of 50, boards 25 % at work")
    assert "FAILED 1 times; first: a check: 9 s: wrong" in day_line(bad)
    assert "an exception escaped" in day_line(Fallen(5, "boom"))


def test_days_come_in_their_order_and_one_that_falls_is_told(monkeypatch) -> None:
    class Here:
        """A pool in this process."""

        def __init__(self, max_workers: int) -> None:
            self.max_workers = max_workers

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, fly: object, options: CampaignOptions, seed: int) -> object:
            done: Future[DayResult] = Future()
            if seed == 8:
                done.set_exception(ValueError("boom"))
            else:
                done.set_result(replace(DAY, seed=seed))
            return done

    monkeypatch.setattr("sim.swarm.outcomes.ProcessPoolExecutor", Here)
    found = list(run_campaign(CampaignOptions(first=7, days=3, workers=1)))
    assert [one.seed for one in found] == [7, 8, 9]
    assert isinstance(found[1], Fallen)
    assert "ValueError: boom" in found[1].text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--days", "0"], "0: expected 1 or more"),
        (["--hours", "0.5"], "0.5: expected 1 to 240 hours"),
        (["--first", "-1"], "expected 0 or more"),
    ],
)
def test_options_that_make_no_sense(words, says, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["campaign", *words])
    assert says in capsys.readouterr().err


def test_the_command_says_and_leaves_what_was_found(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(campaign_of, "run_campaign", lambda _options: iter([DAY]))
    path = tmp_path / "campaign.json"
    assert main(["campaign", "--days", "1", "--json", str(path)]) == 0
    assert "1 days, 0 failed" in capsys.readouterr().out
    assert json.loads(path.read_text())["days"][0]["seed"] == 3
    monkeypatch.setattr(campaign_of, "run_campaign", lambda _options: iter([Fallen(1, "boom")]))
    assert main(["campaign", "--days", "1", "--quiet"]) == 1


def test_totals_as_rows() -> None:
    rows = dict(TOTALS.rows())
    assert rows["jobs submitted, taken"] == "5, 4"
    assert rows["packages refused"] == "1 (acme/a: over the quota)"
    assert rows["results delivered"] == "3 done, 1 not, 1,000 octets"
    assert rows["runs of jobs"] == "9; 2 preempted, 2 resumed, 1 lost"
    assert rows["boards at work on jobs"] == "25.0 %, 12.0 Wh"
