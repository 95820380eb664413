"""SYNTHETIC jobs of a synthetic day, by formulas, so that their part of the report can be tried."""

from __future__ import annotations

from dataclasses import replace

from ground.job_facts import JobFacts, Planned, Stretch
from ground.jobs import gantt_of_run
from ground.jobs.gantt import ECLIPSE, PASS, Band
from sim.payload.report import anomaly_bands
from sim.result import RunResult

NS = 1_000_000_000
BOARDS = ("rack_a", "rack_b")
NAMES = (
    "acme/digits",
    "terra/clouds",
    "terra/ships",
    "orbit-lab/embeddings",
    "acme/sums",
    "orbit-lab/denoise",
)
BARS_S = 900  # one begins this often on each board
REASONS = ("energy", "", "downlink volume", "temperature", "other jobs are worth more", "")


def with_jobs(day: RunResult) -> RunResult:
    """Jobs one after the other on each board, stopped for the anomaly, every seventh failed, the last ones waiting."""
    anomaly = tuple(anomaly_bands(day.times_s, day.latitude_deg, day.longitude_deg, day.duration_s))
    facts = tuple(_job(number, day, anomaly) for number in range(1, 41))
    bands = (
        *(Band(ECLIPSE, one.start_s, one.end_s) for one in day.eclipses),
        *anomaly,
        *(Band(PASS, one.start_s, one.end_s, one.station) for one in day.passes),
    )
    return replace(day, jobs=facts, gantt=gantt_of_run(facts, (), BOARDS, day.duration_s, bands))


def _job(number: int, day: RunResult, anomaly: tuple[Band, ...]) -> JobFacts:
    name, lane = NAMES[number % len(NAMES)], number % 2
    first_s = 3_000.0 + (number // 2) * 3_900 + 700 * lane
    length_s = BARS_S + 400.0 * (number % 6)
    runs = _pieces(first_s, first_s + length_s, BOARDS[lane], anomaly)
    begun = runs[-1].end_ns is not None and runs[-1].end_ns < day.duration_s * NS
    end_ns = runs[-1].end_ns if begun else None
    failed = number % 7 == 0
    down_s = next(
        (one.start_s + 120 for one in day.passes if begun and one.start_s * NS > (end_ns or 0)), None
    )
    planned = Planned(0, int((first_s - 90) * NS), int((first_s + length_s - 150) * NS))
    return JobFacts(
        number=number,
        name=name,
        serial=number,
        state="DELIVERED" if down_s else "SENDING" if begun else "WAITING",
        board="-",
        level=1,
        progress_milli=1000 if begun else 0,
        energy_j=int(38 * length_s) if begun else 0,
        attempts=1,
        runs=len(runs) if begun else 0,
        value=number,
        planned=None,
        plans=(planned,),
        waits_for="" if begun else "not planned: downlink volume of pass 3",
        waited_for=REASONS[number % len(REASONS)],
        taken_ns=int((first_s - 100 - 317 * (number % 9)) * NS),
        ended_ns=end_ns,
        kept_ns=end_ns,
        delivered_ns=None if down_s is None else int(down_s * NS),
        result_octets=20_480 * number,
        how=("failed: exit status 3" if failed else "done") if begun else "",
        stretches=runs if begun else (),
        told_ns=0,
    )


def _pieces(start_s: float, end_s: float, board: str, anomaly: tuple[Band, ...]) -> tuple[Stretch, ...]:
    cuts = [one for one in anomaly if start_s < one.start_s and one.end_s < end_s]
    edges = [start_s, *(at for one in cuts for at in (one.start_s, one.end_s)), end_s]
    pairs = list(zip(edges[::2], edges[1::2], strict=True))
    return tuple(
        Stretch(board, int(first * NS), int(last * NS), "done" if place + 1 == len(pairs) else "anomaly")
        for place, (first, last) in enumerate(pairs)
    )
