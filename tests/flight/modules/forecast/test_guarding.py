"""The energy guard run ahead: held against the power module's own, with the same charge, load and light."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flight.declare import SECOND, Outbox
from flight.modules.forecast.guarding import NO_GUARD, Energy, Guarded, GuardRules, later
from flight.modules.forecast.loads import BoardLoad
from flight.modules.forecast.model import Outside, Warm
from flight.modules.forecast.outlooks import Phase
from flight.modules.forecast.throttle import Asked, Ladder, Rules
from flight.modules.power.guard import Guard, GuardSettings
from tests.flight.modules.forecast.conftest import TABLE, kept
from tests.flight.modules.forecast.test_throttle import MODEL

PERIOD_S, ECLIPSE_S, CAPACITY_WH, ARRAY_W = 5700.0, 2160.0, 200.0, 110.0
RULES = GuardRules(floor=0.70, capacity_wh=CAPACITY_WH)
BEGIN = Phase(True, 600.0, ECLIPSE_S, PERIOD_S)


@pytest.mark.parametrize(
    "loads",
    [
        ((900, 80.0, 0.95), (600, 40.0, 0.85), (1500, 40.0, 0.80), (900, 20.0, 0.95), (900, 80.0, 0.9)),
        ((700, 30.0, 0.95), (300, 90.0, 0.9), (120, 20.0, 0.9), (2000, 20.0, 0.99)),
        ((5000, 90.0, 0.80), (5000, 60.0, 0.85), (5000, 50.0, 0.99)),
    ],
)
def test_it_asks_for_what_the_guard_asks_for(loads: tuple[tuple[int, float, float], ...]):
    guard, phase, now, out = Guard(GuardSettings()), BEGIN, 0, Outbox()
    guard.array_w = ARRAY_W
    guarded = Guarded(RULES, Energy(BEGIN, ARRAY_W), loads[0][1], 0.0)
    came, foreseen = [], []
    for seconds, load_w, charge in loads:
        for _ in range(seconds):
            now, phase = now + SECOND, later(phase, 1.0)
            guard.measure(1.0, load_w, ARRAY_W, taking=False, limited=False)
            if now % (10 * SECOND) == 0:
                foreseen.append(guarded.step(now, 10.0, charge, load_w))
                came.append(guard.update(now, charge, CAPACITY_WH, phase, out))  # type: ignore[arg-type]
            else:
                guard.update(now, charge, CAPACITY_WH, phase, out)  # type: ignore[arg-type]
    assert max(came) >= 2
    assert came[-1] < max(came)
    apart = sum(one != other for one, other in zip(came, foreseen, strict=True))
    assert apart <= 3 * 3  # half a minute at each of three changes


def test_less_load_is_seen_slowly_and_more_at_once():
    guarded = Guarded(RULES, Energy(BEGIN, ARRAY_W), 80.0, 0.0)
    guarded.step(10 * SECOND, 10.0, 0.95, 40.0)
    assert guarded.load_w == pytest.approx(76.0)
    guarded.step(20 * SECOND, 10.0, 0.95, 90.0)
    assert guarded.load_w == 90.0


def test_what_is_low_has_to_last_before_a_rung_is_asked_for():
    guarded = Guarded(RULES, Energy(BEGIN, 0.0), 80.0, 0.0)
    assert [guarded.step(at * SECOND, 10.0, 0.75, 80.0) for at in (10, 20)] == [0, 2]


def test_the_light_goes_on_as_the_power_module_expects_it():
    dark = later(BEGIN, 600.0)
    assert (dark.sunlit, dark.left_s) == (False, ECLIPSE_S)
    light = later(later(dark, ECLIPSE_S - 1.0), 61.0)
    assert (light.sunlit, light.left_s) == (True, PERIOD_S - ECLIPSE_S - 60.0)
    assert later(Phase(True, 0.0, 9000.0, 5700.0), 1e5).left_s == 0.0


def test_without_a_floor_there_is_no_guard():
    guarded = Guarded(NO_GUARD, Energy(BEGIN, 0.0), 1e6, 0.0)
    assert [guarded.step(at * SECOND, 10.0, 0.0, 1e6) for at in range(0, 1000, 10)] == [0] * 100


def test_the_cheap_way_sees_the_guard_coming():
    """Nothing else would hold the board back: it is cool, and the charge is high."""
    ladder = Ladder((BoardLoad(0, (0.0, 20.0, 60.0)),), 1)
    ladder.see(0, Asked(0, 0, 0, 0, (0,), (2,), (2,)))
    sky = Outside((ARRAY_W,) * 15, (20.0,) * 15, (0.0,) * 15)
    loops, energy = (Warm(-60.0, 60.0),), Energy(BEGIN, ARRAY_W)
    blind = ladder.ahead(0, Rules(), MODEL, 0.98, loops, sky, energy=energy)
    seeing = ladder.ahead(0, Rules(guard=RULES), MODEL, 0.98, loops, sky, energy=energy)
    assert blind == [(60.0,)] * 15
    assert seeing[:9] == [(60.0,)] * 9
    assert seeing[-1] == (20.0,)


class Fixed:
    """Rules in force, with a guard."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def now(self) -> Rules:
        return self.rules


def test_the_module_looks_ahead_with_it():
    found = {}
    for floor in (NO_GUARD.floor, 0.99):
        flown = kept(level=2)
        rules = Rules(guard=replace(RULES, floor=floor, capacity_wh=TABLE.capacity_wh))
        flown.module.in_force = Fixed(rules)  # type: ignore[assignment]
        flown.fly(65 * 5)
        (told,) = [one for one in flown.module.accuracy.told if one is not None][-1:]
        found[floor] = told.forecast
    (charge, hot_c), (guarded_charge, guarded_c) = found.values()
    assert guarded_charge > charge + 0.01
    assert guarded_c < hot_c - 1.0
