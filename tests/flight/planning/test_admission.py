"""The guard: what it admits leaves a way out in the worst world; what it refuses would not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flight.planning.guard
from flight.planning import Binding, Forecast, Job, Level, Limits, Request, admit, envelope
from flight.planning.guard import gain_wh

LIMITS = Limits(60, 2, 8000, 100.0, 70.0, 0.9, 0.9, 0.9, 50.0, 0.8, 1.25)
JOB = Job("a", (Level(60.0, 1000), Level(20.0, 500)), 5000, 0, 40, 10, True, 0, False, 3000, 1.0)
SLOTS = 40


def forecast(sun_w: float = 150.0, sink_c: float = 10.0) -> Forecast:
    harvest = (sun_w,) * 10 + (0.0,) * 20 + (sun_w,) * 10
    return Forecast(
        harvest,
        (40.0,) * SLOTS,
        (sink_c,) * SLOTS,
        (False,) * 39 + (True,),
        (0.0,) * SLOTS,
        0.3,
        harvest,
        0.3,
    )


def verdicts(slot: int, energy_wh: float, heat_c: float, *requests: Request, jobs=(JOB, JOB, JOB), told=None):
    known = told or forecast()
    return admit(LIMITS, known, envelope(LIMITS, known), slot, (energy_wh, (heat_c,)), jobs, requests)


def test_the_envelope_is_what_the_base_load_needs_through_the_eclipse():
    survives = envelope(LIMITS, forecast())
    eclipse_wh = 20 * 40 / 60 / 0.9
    assert survives.energy_wh[10] == pytest.approx(70.0 + eclipse_wh)
    assert survives.energy_wh[29] == pytest.approx(70.0 + eclipse_wh / 20)
    assert survives.energy_wh[30:] == (70.0,) * 11
    charged_wh = (0.8 * 150 - 40) / 60 * 0.9
    assert survives.energy_wh[9] == pytest.approx(70.0 + eclipse_wh - charged_wh)


def test_energy_is_refused_where_one_slot_would_cost_the_eclipse():
    need = envelope(LIMITS, forecast()).energy_wh[16]
    costs = -gain_wh(LIMITS, -100.0)
    (one,) = verdicts(15, need + costs + 1e-9, 20.0, Request(0, 0))
    assert (one.level, one.binding) == (0, Binding.NONE)
    (one,) = verdicts(15, need + costs - 1e-6, 20.0, Request(0, 0))
    assert (one.level, one.binding) == (1, Binding.NONE)  # slower it goes
    costs = -gain_wh(LIMITS, -60.0)
    (one,) = verdicts(15, need + costs - 1e-6, 20.0, Request(0, 0))
    assert (one.level, one.binding) == (-1, Binding.ENERGY)


def test_in_sunlight_the_guard_counts_on_the_worst_sun():
    need = envelope(LIMITS, forecast()).energy_wh[6]
    gains = gain_wh(LIMITS, 0.8 * 150.0 - 100.0)
    (one,) = verdicts(5, need - gains + 1e-9, 20.0, Request(0, 0))
    assert one.level == 0
    (one,) = verdicts(5, need - gains - 1e-6, 20.0, Request(0, 0))
    assert one.level == 1


def test_heat_is_refused_by_the_worst_radiator():
    heats = 0.1 * (10.0 + 1.25 * 0.3 * 100.0)
    (one,) = verdicts(5, 95.0, (50.0 - heats) / 0.9 - 1e-9, Request(0, 0))
    assert one.level == 0
    (one,) = verdicts(5, 95.0, (50.0 - heats) / 0.9 + 1e-6, Request(0, 0))
    assert one.level == 1
    (one,) = verdicts(5, 95.0, 60.0, Request(0, 0))
    assert (one.level, one.binding) == (-1, Binding.TEMPERATURE)


def test_memory_may_be_used_to_its_last_megabyte():
    for third_mb, level, binding in ((2000, 1, Binding.NONE), (2001, -1, Binding.MEMORY)):
        jobs = (replace(JOB, memory_mb=6000), replace(JOB, memory_mb=third_mb))
        first, last = verdicts(5, 99.0, 20.0, Request(0, 1), Request(1, 1), jobs=jobs)
        assert (first.level, last.level, last.binding) == (1, level, binding)


def test_a_best_estimate_does_not_talk_the_guard_into_anything():
    rosy = replace(forecast(), harvest_w=(1000.0,) * SLOTS, resistance_k_w=0.0)
    for energy_wh, heat_c in ((76.0, 20.0), (95.0, 55.0)):
        plain = verdicts(5, energy_wh, heat_c, Request(0, 0))
        assert verdicts(5, energy_wh, heat_c, Request(0, 0), told=rosy) == plain
    assert envelope(LIMITS, rosy) == envelope(LIMITS, forecast())


def test_requests_add_up():
    need = envelope(LIMITS, forecast()).energy_wh[16]
    first, second = verdicts(15, need - gain_wh(LIMITS, -130.0), 20.0, Request(0, 0), Request(1, 0))
    assert (first.level, second.level) == (0, 1)


@pytest.mark.parametrize(
    ("slot", "requests", "binding"),
    [
        (0, (Request(3, 0),), Binding.UNKNOWN),
        (0, (Request(-1, 0),), Binding.UNKNOWN),
        (0, (Request(0, 2),), Binding.UNKNOWN),
        (0, (Request(0, -1),), Binding.UNKNOWN),
        (0, (Request(0, 0), Request(0, 1)), Binding.UNKNOWN),
        (0, (Request(0, 0), Request(1, 0), Request(2, 0)), Binding.LANES),
        (39, (Request(0, 0),), Binding.ANOMALY),
    ],
)
def test_nonsense_is_refused_with_its_reason(slot: int, requests: tuple[Request, ...], binding: Binding):
    *_, last = verdicts(slot, 99.0, 20.0, *requests)
    assert (last.level, last.binding) == (-1, binding)


def test_memory_and_release_are_kept():
    jobs = (JOB, replace(JOB, memory_mb=6000), replace(JOB, release=4))
    _, second = verdicts(3, 99.0, 20.0, Request(0, 0), Request(1, 0), jobs=jobs)
    assert second.binding is Binding.MEMORY
    (late,) = verdicts(3, 99.0, 20.0, Request(2, 0), jobs=jobs)
    assert late.binding is Binding.UNKNOWN


def test_a_quiet_slot_is_kept():
    (one,) = verdicts(4, 99.0, 20.0, Request(0, 0), told=replace(forecast(), quiet=frozenset({4})))
    assert (one.level, one.binding) == (-1, Binding.QUIET)


@pytest.mark.parametrize(
    "measured", [(math.nan, 20.0), (99.0, math.nan), (-math.inf, 20.0), (99.0, math.inf)]
)
def test_what_is_no_measurement_admits_nothing(measured: tuple[float, float]):
    (one,) = verdicts(5, *measured, Request(0, 0))
    assert one.level == -1


@given(
    energy_wh=st.floats(70.0, 100.0),
    heat_c=st.floats(-20.0, 60.0),
    asked=st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 3)), max_size=5),
    slot=st.integers(0, SLOTS - 1),
)
def test_whatever_is_admitted_the_worst_world_is_survived(energy_wh, heat_c, asked, slot):
    known, survives = forecast(), envelope(LIMITS, forecast())
    found = verdicts(slot, energy_wh, heat_c, *(Request(*one) for one in asked))
    admitted = [JOB.levels[one.level].power_w for one in found if one.level >= 0]
    if not admitted:
        return
    assert energy_wh >= 70.0
    for at in range(slot, SLOTS):
        load_w = 40.0 + (sum(admitted) if at == slot else 0.0)
        gained = gain_wh(LIMITS, 0.8 * known.harvest_w[at] - load_w)
        energy_wh = min(LIMITS.capacity_wh, energy_wh + gained)
        heat_c = 0.9 * heat_c + 0.1 * (10.0 + 1.25 * 0.3 * load_w)
        assert energy_wh >= 70.0 - 1e-9
        assert heat_c <= 50.0 + 1e-9
    assert survives.energy_wh[slot + 1] <= LIMITS.capacity_wh


def test_the_guard_can_be_read_in_one_sitting():
    assert len(Path(flight.planning.guard.__file__).read_text().splitlines()) < 200
