"""Instances are what was frozen before a planner existed, and make sense."""

from __future__ import annotations

import dataclasses

import pytest

from sim.orbsched import CLASSES, DAY, generate
from sim.orbsched.frozen import FROZEN, SEEDS, lines_now


@pytest.mark.slow
def test_instances_are_those_that_were_frozen():
    lines = FROZEN.read_text().splitlines()
    assert len(lines) == len(CLASSES) * (SEEDS + 1)
    assert lines_now() == lines


def test_a_digest_covers_the_smallest_change():
    one = generate("energy", 0)
    job = dataclasses.replace(one.jobs[7], value=one.jobs[7].value + 1)
    other = dataclasses.replace(one, jobs=(*one.jobs[:7], job, *one.jobs[8:]))
    truth = dataclasses.replace(one.truth, contact_mb=(0.5, *one.truth.contact_mb[1:]))
    assert len({one.digest(), other.digest(), dataclasses.replace(one, truth=truth).digest()}) == 3


def test_seeds_and_classes_differ():
    assert generate("energy", 0).digest() == generate("energy", 0).digest()
    assert len({generate(name, seed).digest() for name in CLASSES for seed in range(3)}) == 3 * len(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("seed", range(4))
def test_every_job_could_be_done_alone(name: str, seed: int):
    one = generate(name, seed)
    assert one.slots == 380
    for job in one.jobs:
        fastest = max(level.speed_milli for level in job.levels)
        assert 0 <= job.release < job.deadline <= one.slots
        assert (job.deadline - job.release) * fastest >= job.work_milli
        assert 0 < job.memory_mb <= one.memory_mb
        assert job.output_mb > 0
        assert job.value > 0


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("seed", range(4))
def test_base_load_alone_holds_the_limits_in_the_worst_truth_allowed(name: str, seed: int):
    one = generate(name, seed)
    energy, heat = one.battery.start_wh, one.radiator.start_c
    world, battery, radiator = one.forecast, one.battery, one.radiator
    for harvest, base, sink in zip(world.harvest_w, world.base_w, world.sink_c, strict=True):
        net = one.trust.harvest_at_least * harvest - base
        share = battery.charge_efficiency if net > 0 else 1 / battery.discharge_efficiency
        energy = min(battery.capacity_wh, energy + share * net * one.slot_h)
        warm = sink + one.trust.resistance_at_most * world.resistance_k_w * base
        heat = radiator.decay * heat + (1 - radiator.decay) * warm
        assert energy >= battery.floor_wh
        assert heat <= radiator.limit_c


@pytest.mark.parametrize("seed", range(4))
def test_a_bad_forecast_is_wrong_within_what_a_guard_has_to_stand(seed: int):
    one = generate("bad-forecast", seed)
    assert sum(one.truth.contact_mb) < sum(one.forecast.contact_mb)
    assert one.truth.resets
    assert not one.forecast.resets
    assert sum(one.truth.harvest_w) == pytest.approx(0.8 * sum(one.forecast.harvest_w), rel=1e-4)
    assert all(
        true >= one.trust.harvest_at_least * told
        for true, told in zip(one.truth.harvest_w, one.forecast.harvest_w, strict=True)
    )
    assert one.truth.resistance_k_w <= one.trust.resistance_at_most * one.forecast.resistance_k_w


def test_the_day_has_a_thousand_jobs():
    day = generate("mixed", 0, DAY)
    assert (len(day.jobs), day.slots * day.slot_s) == (1000, 85_500)
