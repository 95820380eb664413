"""Schedules made slot by slot: no limit is crossed, whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flight.planning import Envelope, envelope
from sim.__main__ import main
from sim.bench_command import CLASSES as OFFERED
from sim.orbsched import CLASSES, Size, closed_loop, generate
from sim.orbsched.bench import BATCH, ONLINE, BenchOptions, run_bench, table, write_table
from sim.orbsched.check import Rule, check
from sim.orbsched.closed_loop import fly
from sim.orbsched.policies import RULES, Nonsense, Planned
from sim.orbsched.proof import GUARDED, nonsense, real
from sim.simulation import stream

SMALL = Size(orbits=2, jobs=12, work_slots=(3, 15))


@pytest.mark.slow
def test_nonsense_crosses_no_limit():
    proof = nonsense(range(100), GUARDED)
    assert not proof.broken, proof.seeds
    assert proof.refused > 1000


def test_no_flight_begins_with_a_battery_that_cannot_last():
    """26.3 Wh above the floor, of which the base load takes 26.5: one of the 100,000, and one of the 1,000."""
    assert not nonsense([38_933], GUARDED).broken
    assert not real([668], Size(), 2_000).broken


@pytest.mark.long
def test_nonsense_crosses_no_limit_in_a_hundred_thousand_flights():
    proof = nonsense(range(100_000), GUARDED)
    assert not proof.broken, proof.seeds


@pytest.mark.long
def test_the_planner_crosses_no_limit_in_a_thousand_flights():
    proof = real(range(1000), Size(), 60_000)
    assert not proof.broken, proof.seeds


def blind(survives: Envelope) -> Envelope:
    """A guard that looks at this slot alone."""
    slots = len(survives.energy_wh)
    return Envelope((survives.energy_wh[-1],) * slots, (survives.temperature_c[-1],) * slots)


@pytest.mark.slow
def test_a_guard_that_does_not_look_through_the_next_eclipse_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(closed_loop, "envelope", lambda *known: blind(envelope(*known)))
    assert nonsense(range(40), GUARDED).broken[Rule.ENERGY.value] > 30


@pytest.mark.slow
def test_a_guard_that_trusts_the_forecast_is_caught():
    instance = generate("bad-forecast", 10_004, Size(orbits=2, jobs=40))
    trusting = replace(instance, trust=replace(instance.trust, harvest_at_least=1.0, resistance_at_most=1.0))
    worse = replace(
        trusting, truth=replace(trusting.truth, resistance_k_w=2.0 * instance.truth.resistance_k_w)
    )
    rng = stream(1, "orbsched/nonsense")
    assert check(worse, fly(worse, Nonsense(rng), batch=True).schedule).violations


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("batch", [True, False])
def test_planner_in_closed_loop(name: str, batch: bool):
    instance = generate(name, 7, SMALL)
    planner = Planned(20_000, 5_000)
    flown = fly(instance, planner, batch=batch)
    verdict = check(instance, flown.schedule)
    assert verdict.violations == []
    assert verdict.value > 0
    assert planner.plans >= instance.slots // 20
    again = fly(instance, Planned(20_000, 5_000), batch=batch)
    assert again.schedule == flown.schedule


@pytest.mark.parametrize("rule", RULES)
def test_rules_earn_something_and_cross_nothing(rule: str):
    instance = generate("mixed", 7, SMALL)
    verdict = check(instance, fly(instance, RULES[rule](), batch=False).schedule)
    assert verdict.violations == []
    assert verdict.value > 0


def test_first_come_is_first_served():
    instance = generate("downlink", 2, SMALL)
    runs = fly(instance, RULES["FIFO"](), batch=False).schedule.runs
    first = min(run.slot for run in runs)
    ran = {run.job for run in runs if run.slot == first}
    ready = [index for index, job in enumerate(instance.jobs) if job.release <= first]
    assert min(ready, key=lambda index: instance.jobs[index].release) in ran


def test_online_nobody_knows_a_job_before_it_is_handed_in():
    instance = generate("energy", 1, SMALL)
    seen: set[tuple[int, int]] = set()

    class Spy:
        def requests(self, board):
            seen.update((index, board.slot) for index in board.known())
            return []

    fly(instance, Spy(), batch=False)
    assert seen
    assert all(instance.jobs[index].release <= slot for index, slot in seen)


@pytest.mark.slow
def test_the_benchmark_writes_its_table_into_a_document(tmp_path):
    pytest.importorskip("highspy")
    options = BenchOptions(("energy",), 1, 20_000, 2_000, 20, day=False)
    said: list[str] = []
    result = run_bench(options, said.append)
    assert result.scores[0].violations == 0
    assert 0 < result.scores[0].earned[ONLINE] <= result.scores[0].bound
    document = tmp_path / "page.md"
    document.write_text("before\n<!-- table: skyrack-sim bench schedule -->old<!-- end of table -->\nafter\n")
    write_table(document, table(result))
    text = document.read_text()
    assert "old" not in text
    assert BATCH in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


@pytest.mark.slow
def test_the_command_scores_a_class(capsys: pytest.CaptureFixture[str]):
    given = ["--classes", "downlink", "--seeds", "1", "--steps", "0", "--again-steps", "0"]
    assert main(["bench", "schedule", *given, "--no-day", "--guarded", "5", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "| downlink |" in said
    assert "0 violations in 5 flights" in said


def test_the_command_names_the_classes_there_are(capsys: pytest.CaptureFixture[str]):
    assert set(OFFERED) == set(CLASSES)
    with pytest.raises(SystemExit):
        main(["bench", "schedule", "--classes", "heat"])
    assert "expected some of energy, thermal" in capsys.readouterr().err
