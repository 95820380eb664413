"""The invariants of jobs: each holds where it should, and fails where its opposite is done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from flight.declare import COMPUTE, IDLE, Occurrence, SaveDocument, Stored
from flight.declare.running import ExitReason, JobState
from flight.jobs import Ended, FileHash, Receipt, Redundancy, ResultWriter, brief_of, encode_receipt
from flight.modules.jobs.stages import Bound, JobStage, Why
from flight.runners.modelled import FaultKind
from sim.checks.check import Check
from sim.checks.job_book import SPEECHLESS_S, BookKept, JobsEndOrWait
from sim.checks.job_limits import ComputeWithinLimits
from sim.checks.job_results import Delivered, ResultsOfTheirOwner, ResultsTrue
from sim.checks.job_runs import ANOMALY_S, SETTLE_S, JobsHeld, NoCycling, OnceMeansOnce, OutOfTheAnomaly
from sim.keys import board_private_of
from sim.payload.history import JobHistory
from sim.payload.packages import OUTPUT, Package
from sim.payload.stand_in import true_output
from sim.simulation import NS
from tests.flight.jobs.made import MANIFEST, RECEIPT

SEED = 5
ONCE = replace(brief_of(MANIFEST), owner="acme", name="once", attempts=1, anomaly_allowed=False)


@dataclass
class Seen:
    """A simulation as these checks see it."""

    history: JobHistory = field(default_factory=JobHistory)
    runner: Any = None
    signals: dict[str, Any] = field(default_factory=lambda: {"mode": COMPUTE, "rung": 0})
    module: Any = None
    place: tuple[float, float, float] = (0.0, 100.0, 600.0)
    troubles: int = 0
    flipped: int = 0
    seed: int = SEED
    latched: set[int] = field(default_factory=set)
    packages: list[Package] = field(default_factory=list)

    def __post_init__(self) -> None:
        kernel = SimpleNamespace(bus=SimpleNamespace(**self.signals), slots=[])
        self.computer = SimpleNamespace(kernel=kernel, runner=self.runner)
        self.world = SimpleNamespace(position=lambda: self.place)
        self.scenario = SimpleNamespace(tenants=("acme",))
        self.afflictions = SimpleNamespace(struck={}, lying_w={})


def runner_with(state: JobState) -> SimpleNamespace:
    jobs = {8: SimpleNamespace(entry=SimpleNamespace(state=state))}
    return SimpleNamespace(
        process=SimpleNamespace(jobs=jobs), hung=False, down_until=-1, names={8: (ONCE, 0)}
    )


def looked(check: Check, seen: Any, seconds: range) -> Check:
    for second in seconds:
        check.moment.second = second
        if second % check.every_s == 0:
            check.look(seen, second)
    return check


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        (ExitReason.STOPPED, 0),
        (ExitReason.LOST, 1),
        (ExitReason.NONE, 1),
        (ExitReason.KILLED, 1),
        (ExitReason.SIGNALLED, 1),
    ],
)
def test_one_that_may_be_begun_once_goes_on_after_a_stop_alone(reason, failed) -> None:
    seen, check = Seen(), OnceMeansOnce()
    seen.history.begin(8, 0, ONCE, 0)
    seen.history.end(8, 5 * NS, reason)
    seen.history.begin(8, 0, ONCE, 9 * NS)
    looked(check, seen, range(1))
    assert (check.exercised, check.failed) == (2, failed)


def test_another_copy_and_a_job_with_more_attempts_are_begun_freely() -> None:
    seen, check = Seen(), OnceMeansOnce()
    for number, stage, brief in ((8, 0, ONCE), (9, 1, ONCE), (16, 0, replace(ONCE, attempts=3))):
        for _ in range(1 if brief is ONCE else 2):
            seen.history.begin(number, stage, brief, 0)
            seen.history.end(number, NS, ExitReason.LOST)
    looked(check, seen, range(1))
    assert check.failed == 0


@pytest.fixture(autouse=True)
def with_module(monkeypatch):
    """Where there is a kernel, the jobs module is the one that the test gives."""

    def of(kernel: Any) -> Any:
        return None if kernel is None else getattr(kernel, "module", SimpleNamespace())

    monkeypatch.setattr("sim.checks.job_runs.jobs_of", of)
    monkeypatch.setattr("sim.checks.job_book.jobs_of", of)


@pytest.mark.parametrize(("mode", "rung"), [(IDLE, 0), (COMPUTE, 3), (COMPUTE, 6)])
@pytest.mark.parametrize(
    ("state", "failed"), [(JobState.RUNNING, 1), (JobState.STOPPING, 0), (JobState.FROZEN, 0)]
)
def test_a_job_is_held_within_a_second(mode, rung, state, failed) -> None:
    check = JobsHeld()
    looked(check, Seen(runner=runner_with(JobState.RUNNING)), range(10))
    looked(check, Seen(runner=runner_with(state), signals={"mode": mode, "rung": rung}), range(10, 15))
    assert (check.exercised, check.failed) == (1, failed)


def test_at_a_lower_rung_it_works_and_a_new_module_has_some_seconds() -> None:
    check = JobsHeld()
    looked(check, Seen(runner=runner_with(JobState.RUNNING), signals={"mode": COMPUTE, "rung": 2}), range(10))
    check.installed(SimpleNamespace(), "jobs")  # type: ignore[arg-type]
    held = Seen(runner=runner_with(JobState.RUNNING), signals={"mode": IDLE, "rung": 0})
    looked(check, held, range(10, 10 + SETTLE_S))
    assert check.failed == 0
    looked(check, held, range(10 + SETTLE_S, 20))
    assert check.failed == 1


@pytest.mark.parametrize(
    ("allowed", "inside", "failed"), [(False, True, 1), (True, True, 0), (False, False, 0)]
)
def test_a_job_is_out_of_the_anomaly_but_for_its_checkpoint(allowed, inside, failed) -> None:
    runner = runner_with(JobState.RUNNING)
    runner.names = {8: (replace(ONCE, anomaly_allowed=allowed), 0)}
    rows = [SimpleNamespace(known=runner.names[8][0])]
    seen = Seen(runner=runner, place=(-25.0, -50.0, 600.0) if inside else (50.0, 0.0, 600.0))
    seen.computer.kernel.module = SimpleNamespace(
        desk=SimpleNamespace(book=SimpleNamespace(unfinished=lambda: rows))
    )
    check = OutOfTheAnomaly()
    looked(check, seen, range(ANOMALY_S))
    assert check.failed == 0
    looked(check, seen, range(ANOMALY_S, 2 * ANOMALY_S))
    assert (check.exercised, check.failed) == (int(inside and not allowed), failed)


def stopped(number: int, why: Why) -> Occurrence:
    return Occurrence(0, 1, 1, bytes(2) + number.to_bytes(4, "big") + bytes([why, 0, 0, 0]))


def steady() -> Seen:
    seen = Seen(runner=runner_with(JobState.RUNNING))
    seen.computer.kernel.module = SimpleNamespace(
        desk=SimpleNamespace(outlook=SimpleNamespace(limits=SimpleNamespace(slot_s=60, decay=0.9672))),
        crew=SimpleNamespace(runs={}),
        planner=SimpleNamespace(arrived=False),
    )
    return seen


@pytest.mark.parametrize(("after_s", "failed"), [(600, 1), (2400, 0)])
def test_the_guard_changes_a_job_once_in_a_time_constant(after_s, failed) -> None:
    """Of half an hour here."""
    check, seen = NoCycling(), steady()
    looked(check, seen, range(1000))
    check.occurred("jobs.halted", stopped(1, Why.GUARD), taken=True)
    check.occurred("jobs.halted", stopped(2, Why.GUARD), taken=True)
    check.occurred("jobs.halted", stopped(1, Why.PLAN), taken=True)
    looked(check, seen, range(1000, 1000 + after_s))
    check.occurred("jobs.halted", stopped(1, Why.GUARD), taken=True)
    assert (check.exercised, check.failed) == (3, failed)


def test_what_a_fault_or_the_ladder_does_between_is_no_cycling() -> None:
    check, seen = NoCycling(), steady()
    looked(check, seen, range(1000))
    check.occurred("jobs.halted", stopped(1, Why.GUARD), taken=True)
    seen.troubles = 1
    looked(check, seen, range(1000, 1010))
    seen.troubles = 0
    looked(check, seen, range(1010, 1100))
    check.occurred("jobs.halted", stopped(1, Why.GUARD), taken=True)
    assert check.failed == 0


# ---------------------------------------------------------------- the book


def book(version: int, body: bytes = b"") -> bytes:
    return b"SKYJOBS\x01" + version.to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("loaded", "flipped", "failed"),
    [(book(5), 0, 0), (book(6), 0, 0), (book(4), 0, 1), (None, 0, 1), (book(5, b"x"), 0, 1), (book(4), 1, 0)],
)
def test_the_book_is_back_after_a_boot(loaded, flipped, failed) -> None:
    check, seen = BookKept(), Seen()
    for version in (4, 5):
        check.performed(SaveDocument("jobs", book(version)), Stored())
    check.performed(SaveDocument("jobs", book(9)), OSError())
    check.performed(SaveDocument("others", book(9)), Stored())
    seen.flipped = flipped
    documents = {} if loaded is None else {"jobs": loaded}
    kernel: Any = SimpleNamespace(performer=SimpleNamespace(documents=documents))
    check.booted(seen, kernel)  # type: ignore[arg-type]
    assert check.failed == failed


def ended_or_waits(rows: dict[int, Any], **more: Any) -> Seen:
    seen = Seen()
    seen.computer.kernel.module = SimpleNamespace(
        desk=SimpleNamespace(book=SimpleNamespace(rows=rows), outlook=SimpleNamespace()),
        planner=SimpleNamespace(
            told=more.get("told", {}), kept_out_by=lambda _row, _now: more.get("out", Bound.NONE)
        ),
        taking=SimpleNamespace(coming={}),
        losses=more.get("losses", 0),
    )
    return seen


@pytest.mark.parametrize(("ends", "failed"), [("jobs.delivered", 0), ("jobs.lost", 0), ("jobs.started", 1)])
def test_a_job_that_was_taken_does_not_vanish(ends, failed) -> None:
    check = JobsEndOrWait()
    check.occurred("jobs.taken", stopped(3, Why.PLAN), taken=True)
    check.occurred(ends, stopped(3, Why.PLAN), taken=True)
    looked(check, ended_or_waits({}), range(61))
    assert (check.exercised, check.failed) == (1, failed)


@pytest.mark.parametrize(("out", "failed"), [(Bound.NONE, 1), (Bound.LANES, 0), (Bound.TEMPERATURE, 0)])
def test_one_that_waits_has_a_reason(out: Bound, failed: int) -> None:
    waits = SimpleNamespace(number=3, name="acme/a", state=JobStage.WAITING)
    check = looked(JobsEndOrWait(), ended_or_waits({3: waits}, out=out), range(SPEECHLESS_S + 61))
    assert check.failed == failed
    planned = {3: SimpleNamespace(planned=True, bound=0)}
    check = looked(JobsEndOrWait(), ended_or_waits({3: waits}, told=planned), range(SPEECHLESS_S + 61))
    assert check.failed == 0


# ---------------------------------------------------------------- results


def result(told: Receipt, content: bytes, seed: int = SEED) -> bytes:
    writer = ResultWriter(encode_receipt(told, board_private_of(seed)), 0)
    return writer.begin() + writer.add(content) + writer.end()


PACKAGE = Package("acme/digits", 7, b"a package")
NAME = "results/acme-digits-7.result"


def made(ended: Ended = Ended.DONE, *, wrong: bool = False, octets: int = 50) -> tuple[Receipt, bytes]:
    content = true_output("acme", "digits", 7, OUTPUT, octets)
    if wrong:
        content = bytes([content[0] ^ 1]) + content[1:]
    outputs = (FileHash(OUTPUT, octets, sha256(content).digest()),) if ended is Ended.DONE else ()
    told = replace(
        RECEIPT,
        owner="acme",
        name="digits",
        serial=7,
        package_sha256=sha256(PACKAGE.octets).digest(),
        ended=ended,
        printed=(),
        outputs=outputs,
    )
    return told, content if outputs else b""


@pytest.fixture
def delivered() -> Delivered:
    seen: Any = Seen(packages=[PACKAGE])
    return Delivered(seen, SimpleNamespace())


def test_a_result_is_signed_and_true(delivered) -> None:
    check = ResultsTrue(delivered)
    check.came(NAME, result(*made()))
    check.came(NAME, result(*made(Ended.FAILED)))
    assert (check.exercised, check.failed) == (2, 0)
    check.came(NAME, result(*made(), seed=SEED + 1))
    check.came(NAME, result(*made())[:-3])
    check.came(NAME, result(*made(wrong=True)))
    assert (check.exercised, check.failed) == (5, 3)


@pytest.mark.parametrize(("copies", "failed"), [(Redundancy.NONE, 0), (Redundancy.VOTE, 1)])
def test_a_flipped_bit_is_excused_where_nobody_could_see_it(delivered, copies, failed) -> None:
    seen, check = delivered.simulation, ResultsTrue(delivered)
    seen.afflictions.struck["acme/digits"] = SimpleNamespace(kind=FaultKind.WRONG_BITS)
    seen.history.begin(8, 0, replace(ONCE, name="digits", redundancy=copies), 0)
    check.look(seen, 0)
    check.came(NAME, result(*made(wrong=True)))
    assert check.failed == failed


def test_a_result_is_of_its_owner(delivered) -> None:
    check = ResultsOfTheirOwner(delivered)
    check.came(NAME, result(*made()))
    assert (check.exercised, check.failed) == (1, 0)
    told, content = made()
    for name, other in (
        (NAME, replace(told, package_sha256=bytes(32))),
        (NAME, replace(told, owner="other")),
        ("results/other-digits-7.result", told),
        ("results/other-digits-7.result", replace(told, owner="other")),
    ):
        check.came(name, result(other, content))
    assert check.failed == 4


# ---------------------------------------------------------------- limits


@pytest.fixture
def limits(booted, monkeypatch):
    """The check of a flown Pathfinder, and what it sees: charge, degC of its hottest node, levels of its boards."""
    table = SimpleNamespace(floor=0.72, limit_c=60.0, sensors=("compute_a_temperature",))
    monkeypatch.setattr("sim.checks.job_limits.planning_of", lambda _mission: table)
    module = SimpleNamespace(desk=SimpleNamespace(book=SimpleNamespace(rows={1: "a job"})))
    monkeypatch.setattr("sim.checks.job_limits.jobs_of", lambda _kernel: module)
    faults: Any = SimpleNamespace(now=lambda _simulation, _second: False)
    check = ComputeWithinLimits(booted, faults)
    names = booted.world.plant.thermal.names
    power = SimpleNamespace(
        battery=SimpleNamespace(charge=0.9), levels=[0] * len(booted.scenario.spacecraft.rails)
    )
    thermal = SimpleNamespace(temperatures_k=[290.0] * len(names))
    seen: Any = SimpleNamespace(
        world=SimpleNamespace(
            plant=SimpleNamespace(power=power, thermal=thermal),
            sunlight=lambda: 1.0,
            environment=booted.world.environment,
        ),
        computer=booted.computer,
        switches=SimpleNamespace(jammed=set()),
        sensors=SimpleNamespace(distortions={}),
        latched=set(),
        afflictions=SimpleNamespace(lying_w={}),
    )

    def fly(charge: float, celsius: float, level: int, seconds: int = 3600) -> Check:
        power.battery.charge = charge
        thermal.temperatures_k[names.index("compute_a")] = celsius + 273.15
        for place, _ in check.boards.rails:
            power.levels[place] = level
        return looked(check, seen, range(seconds))

    return SimpleNamespace(fly=fly, seen=seen, check=check)


@pytest.mark.parametrize(
    ("charge", "celsius", "level", "failed"),
    [
        (0.9, 40.0, 4, 0),
        (0.70, 40.0, 4, 0),  # within the tolerance
        (0.68, 40.0, 4, 1),
        (0.68, 40.0, 0, 0),  # the base load's
        (0.9, 61.0, 4, 0),
        (0.9, 63.0, 4, 1),
        (0.9, 63.0, 0, 0),
    ],
)
def test_neither_charge_nor_temperature_is_crossed_by_jobs(limits, charge, celsius, level, failed) -> None:
    assert limits.fly(charge, celsius, level).failed == failed


def test_a_limit_that_is_near_exercises_it_and_a_fault_excuses_the_orbit(limits) -> None:
    assert limits.fly(0.8, 40.0, 4).exercised == 1
    limits.seen.sensors.distortions = {"battery_voltage": None}
    assert limits.fly(0.6, 80.0, 4, 600).failed == 0
