"""Many days in parallel; what they add up to, as a table and as data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sim.campaign.day import DAY_S, DayResult, fly_day
from sim.scenario import load_scenario
from sim.swarm.outcomes import (
    FIRST_LINE_MAX,
    SECONDS_PER_HOUR,
    Fallen,
    check_lines,
    first_failures,
    fly_in_order,
    summed,
)


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    first: int = 0
    days: int = 20
    scenario: str = "reference"
    length_s: int = DAY_S
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def reproduce(self, seed: int) -> str:
        """The one command that flies this day again."""
        words = f"skyrack-sim campaign --first {seed} --days 1"
        words += f" --hours {self.length_s / SECONDS_PER_HOUR:g}" if self.length_s != DAY_S else ""
        return words + (f" --scenario {self.scenario}" if self.scenario != "reference" else "")


@dataclass
class CampaignResult:
    """In the order of the days."""

    options: CampaignOptions
    outcomes: list[DayResult | Fallen] = field(default_factory=list)
    wall_s: float = 0.0

    @property
    def flown(self) -> list[DayResult]:
        return [one for one in self.outcomes if isinstance(one, DayResult)]

    def failing(self) -> list[tuple[int, str]]:
        """(seed, first failure) of each day that failed."""
        return first_failures(self.outcomes)

    def lines(self) -> Iterator[str]:
        """The checks, what was delivered, and how to see a failure again."""
        yield from check_lines(summed(self.flown))
        yield ""
        yield from self._delivered()
        for seed, text in self.failing():
            yield f"day {seed}: {text.splitlines()[0][:FIRST_LINE_MAX]}"
            yield f"    {self.options.reproduce(seed)}"
        yield self._totals()

    def _delivered(self) -> Iterator[str]:
        days = [day.totals for day in self.flown]
        if not days:
            return
        runs, lost = sum(one.runs for one in days), sum(one.lost for one in days)
        value, submitted = sum(one.value for one in days), sum(one.value_submitted for one in days)
        share = 100.0 * value / submitted if submitted else 0.0
        yield f"value delivered      {value:,} of {submitted:,} submitted ({share:.1f} %)"
        yield (
            f"jobs                 {sum(one.submitted for one in days):,} submitted, "
            f"{sum(one.done for one in days):,} done and delivered, {sum(one.failed for one in days):,} ended otherwise"
        )
        yield (
            f"runs                 {runs:,}, {sum(one.preempted for one in days):,} preempted, "
            f"{sum(one.resumed for one in days):,} resumed, {lost:,} lost"
        )
        mean = 100.0 * sum(one.utilisation for one in days) / len(days)
        yield f"utilisation          {mean:.1f} % of the boards' time, {sum(one.energy_wh for one in days):,.0f} Wh"
        changes = sum(one.guard_changes for one in days)
        yield f"changes by the guard {changes:,}, {changes / len(days):.1f} a day"
        yield f"plans                {sum(one.plans for one in days):,}"
        yield ""

    def _totals(self) -> str:
        hours = sum(day.simulated_s for day in self.flown) / SECONDS_PER_HOUR
        cpu_s = sum(day.cpu_s for day in self.flown)
        speed = hours * SECONDS_PER_HOUR / cpu_s if cpu_s else 0.0
        return (
            f"{len(self.outcomes)} days, {len(self.failing())} failed; {hours:,.0f} simulated hours, "
            f"{sum(day.boots for day in self.flown):,} boots; {cpu_s / SECONDS_PER_HOUR:.2f} hours of processor, "
            f"{self.wall_s / 60:.1f} min; {speed:,.0f} x real time on each"
        )

    def as_json(self) -> str:
        facts = {
            "options": asdict(self.options),
            "failing": self.failing(),
            "days": [asdict(day) for day in self.flown],
        }
        return json.dumps(facts, indent=1) + "\n"


def day_line(day: DayResult | Fallen) -> str:
    if isinstance(day, Fallen):
        return f"day {day.seed}: an exception escaped\n{day.text}"
    if day.failures:
        first = day.failures[0][:FIRST_LINE_MAX]
        return f"day {day.seed}: FAILED {len(day.failures)} times; first: {first}"
    one = day.totals
    return (
        f"day {day.seed}: {one.done} of {one.submitted} jobs, value {one.value} of {one.value_submitted}, "
        f"boards {100 * one.utilisation:.0f} % at work, {one.guard_changes} changes by the guard, {day.boots} boots"
    )


def _fly(options: CampaignOptions, seed: int) -> DayResult:
    scenario = load_scenario(options.scenario if "/" not in options.scenario else Path(options.scenario))
    return fly_day(scenario, seed, options.length_s)


def run_campaign(options: CampaignOptions) -> Iterator[DayResult | Fallen]:
    """In the order of the days, each as soon as it and those before it are there."""
    seeds = range(options.first, options.first + options.days)
    return fly_in_order(_fly, options, seeds, options.workers)
