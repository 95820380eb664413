"""Random jobs of random tenants, and what goes wrong with them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sim.checks.energy import BOARDS
from sim.fault_kinds import PACKAGES
from sim.payload.tables import JobTable, LevelTable, TenantTable
from sim.scenario import Fault, Scenario
from sim.simulation import stream

OWNERS = ("acme", "orbital", "weather")
JOBS_MAX = 10
WORK_S = (60, 5400)
POWER_SHARES = (0.4, 0.6, 1.0)  # of what a board gives at most
OUTPUT_OCTETS = (100, 60_000)
IN_TIME = 0.6  # of the jobs have a deadline
LONGEST_S = 3000
HUNGRY_JOBS = 14
HUNGRY_WORK_S = (1800, 5400)
HUNGRY_EARLIER = 4.0
LESS_SUN = (0.5, 0.75)  # lost; Pathfinder needs 63 % of its array for both boards at full power
LESS_SUN_AT_S = 40.0

Add = Callable[..., Fault]


def draw_jobs(
    seed: int, end_s: int, board_w: float, count: int | None = None
) -> tuple[tuple[TenantTable, ...], tuple[JobTable, ...]]:
    """Jobs that come until `end_s`, most of them early enough to be done; a board gives `board_w` at most."""
    rng = stream(seed, "jobs")
    tenants = tuple(TenantTable(owner, jobs=rng.choice((2, 6, 64))) for owner in OWNERS)
    many = rng.randint(0, JOBS_MAX) if count is None else count
    return tenants, _in_time(_job(rng, number, end_s, board_w) for number in range(many))


def draw_hungry_jobs(
    seed: int, end_s: int, board_w: float
) -> tuple[tuple[TenantTable, ...], tuple[JobTable, ...]]:
    """More than the boards can do until `end_s`, all at full power and most of them there early."""
    rng = stream(seed, "hungry jobs")
    tenants = tuple(TenantTable(owner, jobs=64) for owner in OWNERS)
    level = (LevelTable(round(board_w, 1), 1.0),)
    drawn = [_job(rng, number, end_s, board_w) for number in range(HUNGRY_JOBS)]
    return tenants, _in_time(
        replace(
            job,
            at_s=job.at_s // HUNGRY_EARLIER,
            work_s=float(rng.randint(*HUNGRY_WORK_S)),
            levels=level,
            deadline_s=math.inf,
            redundancy="none",
        )
        for job in drawn
    )


def short_or_long(rng: random.Random, span: tuple[int, int]) -> int:
    """As often of each order of magnitude."""
    low, high = span
    return int(low * (high / low) ** rng.random())


def board_w(scenario: Scenario) -> float:
    """What one board draws at most."""
    return max(rail.power_w[-1] for rail in scenario.spacecraft.rails if rail.name.startswith(BOARDS))


def _in_time(jobs: Iterable[JobTable]) -> tuple[JobTable, ...]:
    return tuple(sorted(jobs, key=lambda job: job.at_s))


def less_sun(seed: int, end_s: int) -> Fault:
    """From soon after the start to the end the array gives less than the boards at full power would need."""
    share = round(stream(seed, "less sun").uniform(*LESS_SUN), 3)
    return Fault(LESS_SUN_AT_S, end_s - LESS_SUN_AT_S, "array", "", "loss", share)


def _job(rng: random.Random, number: int, end_s: int, board_w: float) -> JobTable:
    work_s = short_or_long(rng, WORK_S)
    at_s = rng.randint(30, max(60, 2 * end_s // 3))
    shares = sorted(rng.sample(POWER_SHARES, rng.randint(1, len(POWER_SHARES))))
    preemptible = rng.random() < 0.7
    return JobTable(
        at_s=float(at_s),
        tenant=rng.choice(OWNERS),
        name=f"job-{number}",
        work_s=float(work_s),
        levels=tuple(
            LevelTable(round(share * board_w, 1), max(0.1, round(share**0.7, 3))) for share in shares
        ),
        value=rng.randint(1, 100),
        deadline_s=float(at_s + work_s * rng.randint(3, 8) + 6000)
        if rng.random() < IN_TIME
        else float("inf"),
        preemptible=preemptible,
        resume_s=float(rng.choice((0, 5, 30))) if preemptible else 0.0,
        anomaly_allowed=rng.random() < 0.4,
        redundancy=rng.choice(("none", "none", "none", "duplicate", "vote", "verify")),
        attempts=rng.choice((1, 1, 2, 3)),
        silence_s=float(rng.choice((0, 0, 60))),
        memory_mb=rng.choice((128, 512, 2048)),
        input_octets=rng.choice((0, 500, 5_000)),
        output_octets=short_or_long(rng, OUTPUT_OCTETS),
    )


# ---------------------------------------------------------------- what goes wrong

Draw = Callable[[random.Random, Sequence[JobTable], Add], Sequence[Fault]]


def _of_job(kind: str, span: tuple[int, int] = (1, LONGEST_S)) -> Draw:
    def draw(rng: random.Random, jobs: Sequence[JobTable], add: Add) -> Sequence[Fault]:
        if not jobs:
            return ()
        value = {"slow": rng.uniform(0.1, 0.8), "lie": rng.uniform(3.0, 20.0)}.get(kind)
        return (add(rng, "job", kind, rng.choice(jobs).label, value, span),)

    return draw


def _one_of_three_wrong(rng: random.Random, jobs: Sequence[JobTable], add: Add) -> Sequence[Fault]:
    """For long, for who votes is rare: the first copy of such a job computes wrongly, the other two are right."""
    voting = [job.label for job in jobs if job.redundancy == "vote"]
    return (add(rng, "job", "wrong_bits", rng.choice(voting), span=(3000, 12_000)),) if voting else ()


def _process(name: str, kind: str, span: tuple[int, int] = (1, 2)) -> Draw:
    return lambda rng, _jobs, add: (add(rng, f"process.{name}", kind, span=span),)


def _package(rng: random.Random, _jobs: Sequence[JobTable], add: Add) -> Sequence[Fault]:
    return (add(rng, "package", rng.choice(PACKAGES), span=(1, 2)),)


def _disk(kind: str, span: tuple[int, int] = (1, LONGEST_S)) -> Draw:
    return lambda rng, _jobs, add: (add(rng, "disk.jobs", kind, span=span),)


def _cuts_in_the_book(rng: random.Random, _jobs: Sequence[JobTable], add: Add) -> Sequence[Fault]:
    """Each waits for a save of the book, of which a job has about ten in its life."""
    return [add(rng, "disk", "cut_in_book", span=(300, 6000)) for _ in range(rng.randint(1, 4))]


JOB_FEATURES: Mapping[str, Draw] = {
    **{f"job {kind}": _of_job(kind) for kind in ("crash", "hang", "slow", "wrong_bits", "lie")},
    "job crash once": _of_job("crash", (1, 2)),
    "job sag": _of_job("sag", (3000, 12_000)),
    "one of three wrong": _one_of_three_wrong,
    "runner killed": _process("runner", "kill"),
    "runner stopped": _process("runner", "stop", (2, 200)),
    "planning killed": _process("planning", "kill"),
    "planning late": _process("planning", "stop", (5, 600)),
    "hostile package": _package,
    **{f"job disk {kind}": _disk(kind) for kind in ("error", "power_cut")},
    "job disk full": _disk("full", (60, 6000)),
    "power cut in the book": _cuts_in_the_book,
}
