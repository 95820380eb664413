"""`skyrack-sim campaign`: its options, and what it says.  The campaign itself is imported when it is asked for."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.swarm_command import at_least_one, whole

if TYPE_CHECKING:
    from sim.swarm_command import Subparsers

HOUR_S = 3600


def some_hours(text: str) -> float:
    number = float(text)
    if not 1.0 <= number <= 240.0:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 to 240 hours")
    return number


def add_campaign(commands: Subparsers) -> None:
    campaign = commands.add_parser(
        "campaign", help="fly random days of jobs, with forecasts that are wrong and faults"
    )
    campaign.add_argument("--days", type=at_least_one, default=20, help="how many (20)")
    campaign.add_argument("--first", type=whole, default=0, help="the first one's seed (0)")
    campaign.add_argument("--hours", type=some_hours, default=24.0, help="of each day (24)")
    campaign.add_argument("--workers", type=at_least_one, default=os.cpu_count() or 1, help="processes")
    campaign.add_argument(
        "--scenario", default="reference", help="spacecraft, orbit and stations of this one"
    )
    campaign.add_argument("--json", type=Path, help="write everything to this file")
    campaign.add_argument("--quiet", action="store_true", help="no line for each day")


def run_campaign_command(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """1 if any day failed."""
    from sim.campaign.campaign import CampaignOptions, CampaignResult, day_line, run_campaign

    asked = CampaignOptions(
        first=options.first,
        days=options.days,
        scenario=options.scenario,
        length_s=int(options.hours * HOUR_S),
        workers=options.workers,
    )
    began = time.perf_counter()
    result = CampaignResult(asked)
    for outcome in run_campaign(asked):
        result.outcomes.append(outcome)
        if not options.quiet:
            say(day_line(outcome))
    result.wall_s = time.perf_counter() - began
    say("\n".join(result.lines()))
    if options.json:
        options.json.write_text(result.as_json())
    return 1 if result.failing() else 0
