"""The power module as a whole: what it declares, what it publishes, and that no input breaks it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import DONE, SECOND, Boot, Call, Outbox, Refused, Waiting
from flight.modules.power import Power, Rail, power

OPEN_CIRCUIT = ((0.0, 24.0), (0.1, 26.0), (0.5, 27.6), (0.9, 28.8), (1.0, 29.6))
RAILS = (
    Rail("bus", 0, essential=True),
    Rail("camera", 2, shed_at=2),
    Rail("gpu", 3, shed_at=4, measured=True),
)
BOOT = Boot(1, True, False, 0)
NAN = math.nan
REST = (28.2, 0.0, 0.0, 0.0, 0, 0, (1, 1, 1, 1), 0.5)


def make() -> Any:
    """Typed loosely: commands, telemetry fields and inputs come from the table."""
    return power(OPEN_CIRCUIT, RAILS)


def stepped(seconds: float, sees: tuple[object, ...] = REST, hertz: int = 1, module: Any = None) -> Any:
    module = module or make()
    out = Outbox()
    module.start(0, BOOT, out)
    for tick in range(1, round(seconds * hertz) + 1):
        run(module, tick * SECOND // hertz, module.Inputs(*sees), out)
    return module


def run(module: Any, now: int, sees: Any, out: Outbox) -> None:
    """As the executive does: a step at each whole second, and glances in between."""
    if now % SECOND:
        assert not module.glance(now, sees.battery_current)
    else:
        module.step(now, sees, out)


def test_rails_have_their_names_in_commands_events_inputs_and_telemetry() -> None:
    module = make()
    (switch,) = module.commands()
    choices = (("bus", 0), ("camera", 1), ("gpu", 2))
    assert switch.fields[0].choices == choices
    assert {event.name: event for event in module.events()}["shed"].fields[0].choices == choices
    assert module.Inputs._fields[-1] == "rail_current_gpu"
    assert [field.name for field in module.rails.fields] == [
        "bus_ordered", "bus_on", "camera_ordered", "camera_on", "gpu_ordered", "gpu_on", "gpu_current",
    ]  # fmt: skip
    assert set(module.packets()) == {"status", "orbit", "rails"}
    assert 20 <= len(module.status.fields) <= 30


def test_a_restarted_module_has_the_same_events_and_another_table_has_its_own() -> None:
    first, second = make(), make()
    assert first is not second
    assert first.mismatch is second.mismatch
    assert power(OPEN_CIRCUIT, RAILS[:1]).mismatch is not first.mismatch


def test_every_status_field_is_written() -> None:
    module = stepped(2)
    unwritten = [field.name for field in module.status.fields if field.name not in vars(module.status)]
    assert unwritten == []


@pytest.mark.parametrize("hertz", [1, 2, 10])
def test_the_rate_of_steps_does_not_matter(hertz: int) -> None:
    module = make()
    module.blend_s = 1e6
    module.polarisation_ohm = 0.0
    module = stepped(400, (28.2 - 0.05, -1.0, *REST[2:]), hertz, module)
    spent = module.status.charge_by_voltage - module.gauge.by_coulombs
    assert spent == pytest.approx((400 - 31) / 3600 / (150 / 27.62), abs=2e-4)
    assert module.status.charge == module.outputs.charge == module.gauge.charge


def test_coulombs_between_the_seconds_are_counted() -> None:
    module = stepped(60, hertz=10)
    before = module.gauge.by_coulombs
    out = Outbox()
    for tick in range(1, 13):  # 9 A, but not when the sum is taken
        current = -9.0 if 1 <= tick <= 9 else 0.0
        run(module, 60 * SECOND + tick * SECOND // 10, module.Inputs(28.2, current, *REST[2:]), out)
    assert module.gauge.by_coulombs - before == pytest.approx(-0.9 * 9 / 3600 / (150 / 27.62), rel=0.02)


def test_what_flowed_while_the_executive_stood_still_is_the_worst_case() -> None:
    module = stepped(60)
    before = module.gauge.by_coulombs
    sees = module.Inputs(28.2, 5.0, NAN, NAN, *REST[4:])
    module.step(66 * SECOND, sees, Outbox())
    assert module.gauge.by_coulombs - before == pytest.approx(-6 * 100 / 3600 / 150, rel=0.02)


@pytest.mark.parametrize(("gap_s", "known"), [(2.0, True), (2.1, False)])
def test_two_seconds_are_no_gap(gap_s: float, known: bool) -> None:
    module = stepped(60)
    before = module.gauge.by_coulombs
    module.step(round((60 + gap_s) * SECOND), module.Inputs(28.2, 0.0, NAN, NAN, *REST[4:]), Outbox())
    assert (module.gauge.by_coulombs == pytest.approx(before, abs=1e-5)) is known


def test_what_is_published_is_what_was_found() -> None:
    module = stepped(100, (29.0, 1.0, 60.0, 30.0, *REST[4:]))
    outputs = module.outputs
    assert (outputs.charge_trusted, outputs.sunlit) == (True, True)
    assert outputs.forecast_charge == pytest.approx(outputs.charge - 30 * 2160 / 3600 / 150, abs=1e-3)
    assert module.guard.array_w == pytest.approx(60.0)
    assert outputs.array_expected == module.guard.array_w
    module.step(101 * SECOND, module.Inputs(29.0, 1.0, 60.0, 5000.0, *REST[4:]), Outbox())
    assert outputs.forecast_charge == 0.0
    assert module.status.forecast_charge < 0


def test_an_array_that_is_curtailed_by_a_full_battery_is_not_its_mean() -> None:
    module = stepped(100, (29.0, 1.0, 60.0, 30.0, *REST[4:]))
    for second in range(101, 1000):
        module.step(second * SECOND, module.Inputs(29.6, 0.0, 30.0, 30.0, *REST[4:]), Outbox())
    assert module.guard.array_w > 50, "but for the minutes until the gauge saw it full"


def test_rails_are_reported_each_ten_seconds() -> None:
    module = stepped(11)
    for second in range(12, 21):
        module.step(second * SECOND, module.Inputs(*REST[:7], 0.9), Outbox())
        assert module.rails.gpu_current == 0.5
    module.step(21 * SECOND, module.Inputs(*REST[:7], 0.9), Outbox())
    assert module.rails.gpu_current == 0.9


def test_power_rung_is_the_worst_of_charge_forecast_and_bus() -> None:
    module = stepped(100, (28.25, 0.0, 0.0, 0.0, *REST[4:]))
    assert (module.outputs.power_rung, module.status.rung_by_charge, module.status.rung_by_forecast) == (
        2,
        2,
        0,
    )
    module = stepped(12, (29.0, 0.0, 0.0, 90.0, *REST[4:]))
    assert (module.outputs.power_rung, module.status.rung_by_charge, module.status.rung_by_forecast) == (
        2,
        0,
        2,
    )
    module = make()
    module.undervoltage = 29.5
    stepped(10, (29.0, 0.0, 0.0, 0.0, *REST[4:]), module=module)
    assert (module.outputs.power_rung, module.status.under_voltage) == (5, True)


@pytest.mark.parametrize(
    ("voltage", "current", "array", "load", "expected"),
    [
        (28.0, -1.0, 0.0, 55.0, 55.0),
        (28.0, -1.0, 0.0, 0.0, 0.0),
        (28.0, -2.0, 0.0, NAN, 56.0),
        (28.0, 2.0, 100.0, NAN, 44.0),
        (28.0, -2.0, NAN, NAN, 100.0),
        (NAN, -2.0, 0.0, NAN, 100.0),
        (28.0, 2.0, 0.0, NAN, 100.0),
        (28.0, 0.0, 0.0, math.inf, 0.0),
        (28.0, NAN, 0.0, -5.0, 100.0),
    ],
)
def test_the_load_is_measured_derived_or_the_worst(voltage, current, array, load, expected) -> None:
    module = stepped(1, (voltage, current, array, load, *REST[4:]))
    assert module.guard.load_w == pytest.approx(expected)


@pytest.mark.parametrize(
    ("array", "dark"), [(-3.0, True), (0.0, True), (50.0, False), (math.inf, False), (NAN, False)]
)
def test_a_little_less_than_no_array_power_is_darkness(array: float, dark: bool) -> None:
    module = stepped(5, (28.0, -2.0, array, NAN, *REST[4:]))
    assert module.sun.dark_measured is dark
    assert module.guard.load_w == pytest.approx(56 + 50 * (array == 50) if math.isfinite(array) else 100)


@pytest.mark.parametrize(
    ("rung", "age_s", "followed"),
    [(0, 3.0, 0), (0, 3.1, 4), (2, 0.0, 2), (7, 0.0, 4), (-1, 0.0, 4), (6, 0.0, 6), (6, 9.0, 4)],
)
def test_a_silent_or_mad_ladder_counts_as_rung_four(rung: int, age_s: float, followed: int) -> None:
    module = stepped(5, (29.0, 0.0, 0.0, 0.0, rung, int(age_s * SECOND), (1, 1, 1, 1), 0.5))
    assert module.status.rung_followed == followed
    assert module.outputs.rails_allowed == {0: 0b1101, 2: 0b1001}.get(followed, 0b0001)


def test_a_silent_ladder_with_a_low_battery_counts_as_what_power_asks() -> None:
    module = stepped(10, (27.8, 0.0, 0.0, 0.0, 0, 10 * SECOND, (1, 1, 1, 1), 0.5))
    assert module.outputs.power_rung == module.status.rung_followed == 5


def test_right_after_a_start_nobody_is_silent_yet() -> None:
    module = stepped(3, (29.0, 0.0, 0.0, 0.0, 0, 10**15, (1, 1, 1, 1), 0.5))
    assert module.status.rung_followed == 0
    assert stepped(4, (29.0, 0.0, 0.0, 0.0, 0, 10**15, (1, 1, 1, 1), 0.5)).status.rung_followed == 4


def test_switch_is_kept_over_a_reboot() -> None:
    module = stepped(2)
    out = Outbox()
    assert module.switch(Call(2 * SECOND, 5), out, 0, False) == Refused("rail bus is essential")
    assert not out.keeping
    assert isinstance(module.switch(Call(2 * SECOND, 5), out, 1, False), Waiting)
    assert out.keeping
    assert module.kept.switched_off == 0b010
    again = make()
    again.kept.switched_off = module.kept.switched_off
    out.clear()
    again.start(0, BOOT, out)
    again.step(SECOND, again.Inputs(*REST), out)
    assert out.switches == [(2, 0)]
    out.clear()
    assert again.switch(Call(SECOND, 6), out, 1, True) != DONE
    assert out.keeping
    assert again.kept.switched_off == 0


def test_rails_telemetry_has_the_read_back_and_the_current() -> None:
    module = stepped(25, (*REST[:6], (1, 1, 0, 1), 0.7))
    assert module.rails.camera_ordered is True
    assert module.rails.camera_on is False
    assert module.rails.gpu_current == 0.7
    assert module.status.rail_mismatches == 1
    assert module.status.rails_off == 0


@pytest.mark.slow
def test_seconds_before_the_first_reading_are_no_depth_of_discharge() -> None:
    module = stepped(3, (NAN, NAN, *REST[2:]))
    assert module.outputs.charge == 0.0, "the worst case"
    stepped(3, module=module)
    assert 0.5 < module.orbit.charge_lowest <= module.outputs.charge


def test_the_orbit_packet_sums_an_orbit(fly) -> None:
    flown = fly(charge=0.95, load_w=40.0)
    flown.run(3 * 5700 + 60)
    orbit = flown.module.orbit
    assert orbit.last_depth_of_discharge == pytest.approx(40 * 2130 / 3600 / 150, abs=0.03)
    assert orbit.last_discharged == pytest.approx(40 * 2130 / 3600, rel=0.05)
    assert orbit.last_charged == pytest.approx(orbit.last_discharged, rel=0.06)
    assert orbit.last_lowest == pytest.approx(1 - 0.158, abs=0.03)
    assert (orbit.eclipses, flown.module.outputs.sunlit) == (3, True)
    assert orbit.charged < 5


REAL = st.one_of(st.floats(), st.floats(0, 40), st.sampled_from([NAN, math.inf, 28.2, 29.6]))
MAD = st.tuples(
    REAL,
    REAL,
    REAL,
    REAL,
    st.integers(-1, 7),
    st.integers(0, 10**11),
    st.lists(st.integers(0, 2), max_size=4),
    REAL,
)


@given(st.lists(st.tuples(MAD, st.integers(1, 400)), min_size=1, max_size=30))
def test_whatever_the_sensors_say_the_outputs_stay_in_range(story) -> None:
    module, out, now = make(), Outbox(), 0
    module.start(now, BOOT, out)
    for sees, tenths in story:
        for _ in range(3):
            now += tenths * SECOND // 10
            module.step(now, module.Inputs(*sees[:6], tuple(sees[6]), sees[7]), out)
            outputs = module.outputs
            assert 0 <= outputs.charge <= 1
            assert 0 <= outputs.power_rung <= 6
            assert 0 <= outputs.forecast_charge <= 1
            assert 0 <= outputs.rails_allowed < 1 << 64
    assert all(switch in {0, 2, 3} and level in {0, 1} for switch, level in out.switches)
    assert (0, 0) not in out.switches
    assert math.isfinite(module.guard.load_w)


def test_the_rules_across_parameters() -> None:
    values = {parameter.name: parameter.default for parameter in Power.parameters()}
    assert [rule.says for rule in Power.rules if not rule.holds(values)] == []
    broken = [{"floor": 0.6}, {"sunlit_above_w": 9.0}, {"shed_2": 0.8}]
    assert all(any(not rule.holds(values | change) for rule in Power.rules) for change in broken)


def test_the_forecast_is_told_of_the_sun_and_when_the_array_gives_all(fly) -> None:
    flown = fly(charge=0.6)
    outputs = flown.run(600).module.outputs
    assert outputs.array_free
    assert (outputs.phase_left, outputs.eclipse_expected) == (
        flown.module.sun.left_s,
        flown.module.sun.eclipse_s,
    )
    assert outputs.orbit_period == flown.module.sun.period_s
    assert outputs.sun_edge_ns == 0
    while flown.lit():
        flown.step()
    sunset = flown.now
    flown.run(60)
    assert not outputs.array_free  # dark
    assert outputs.sun_edge_ns == sunset
    assert not fly(charge=0.999).run(600).module.outputs.array_free  # the battery holds it back
    assert not fly(charge=0.6).run(600, battery_current=9.8).module.outputs.array_free  # so does the charger
    assert not fly(charge=0.6).run(600, array_power=math.nan).module.outputs.array_free  # nobody knows
