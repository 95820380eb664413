"""The ladder run ahead: held against the modules that fly it, second by second."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from flight.declare import COMPUTE, SECOND, Boot, Outbox
from flight.modules.compute import Board, compute
from flight.modules.forecast.guarding import Energy, GuardRules, later
from flight.modules.forecast.loads import BoardLoad
from flight.modules.forecast.model import Model, Outside, Warm
from flight.modules.forecast.outlooks import Phase
from flight.modules.forecast.planned import Course
from flight.modules.forecast.throttle import GUARD_LABELS, LABELS, Asked, Ladder, Rules, RulesInForce
from flight.modules.power.guard import Guard, GuardSettings
from flight.modules.power.ladder import Ladder as ChargeLadder
from flight.modules.power.ladder import LadderSettings
from flight.modules.safing import Safing
from flight.modules.thermal import Node, thermal
from tests.flight.modules.forecast.conftest import TABLE

WATTS = (0.0, 10.0, 20.0, 30.0)
NODES = (
    Node("a", ("a_temperature",), -50.0, -40.0, 75.0, 85.0, board=True),
    Node("b", ("b_temperature",), -50.0, -40.0, 75.0, 85.0, board=True),
)
BOARDS = tuple(Board(node.name, place, place, WATTS, node.name, wanted=3) for place, node in enumerate(NODES))
LOADS = tuple(
    BoardLoad(place, WATTS, node.name, node.name, node.thresholds()) for place, node in enumerate(NODES)
)
LIMITS = replace(TABLE, lanes=2, loops=2).limits()
MODEL = Model(LIMITS, ((0.0, 2.8), (0.0, 2.5)), 0.0, 0.2, 75.0, 3_000.0, 150.0)
RULES = Rules(cap_level=2)
SLOTS = 90
GUARDED_WH = 200.0  # of the battery, as the energy guard sees it


@dataclass
class Flight:
    """Power's ladder, thermal, safing and compute, a step a second, on the model's own loops and battery."""

    warm: list[Warm]
    charge: float
    harvest_w: float
    now: int = 0
    levels: list[int] = field(default_factory=lambda: [3, 3])
    power: ChargeLadder = field(default_factory=lambda: ChargeLadder(LadderSettings()))

    phase: Phase | None = None  # then the energy guard is there, too
    plan: list[tuple[int, int]] = field(default_factory=list)  # what jobs want, slot by slot, from second 0

    def __post_init__(self) -> None:
        self.thermal, self.safing = thermal(NODES), Safing()
        self.compute = compute(BOARDS, jobs=bool(self.plan))
        vars(self.compute)["cap_level"] = 2
        self.compute.kept.a = self.compute.kept.b = 3  # type: ignore[attr-defined]
        self.out = Outbox()
        for module in (self.thermal, self.safing, self.compute):
            module.start(self.now, Boot(1, True, False, 0), self.out)
        self.ladder = Ladder(LOADS, 2)
        self.guard = Guard(GuardSettings())
        self.guard.array_w = self.harvest_w

    def power_rung(self) -> int:
        self.power.update(self.now, self.charge, 400.0, self.out)
        if self.phase is None:
            return self.power.rung
        self.phase = later(self.phase, 1.0)
        load_w = 20.0 + sum(WATTS[level] for level in self.levels)
        self.guard.measure(1.0, load_w, self.harvest_w, taking=False, limited=False)
        guarding = self.guard.update(self.now, self.charge, GUARDED_WH, self.phase, self.out)  # type: ignore[arg-type]
        return max(self.power.rung, guarding)

    def second(self) -> tuple[float, ...]:
        self.now += SECOND
        power_rung = self.power_rung()
        hot = [MODEL.hot_c(one) for one in self.warm]
        self.thermal.step(self.now, (*hot, (0, 0)), self.out)
        rungs = [watch.rung for watch in self.thermal.watches]
        asked = self.thermal.outputs.thermal_rung
        self.safing.step(self.now, Safing.Inputs(power_rung, 0, asked, 0, 0, 0, COMPUTE, ()), self.out)
        rung, levels = self.safing.outputs.rung, tuple(self.levels)
        jobs: tuple[int, ...] = ()
        if self.plan:  # as the jobs module: none runs from rung 3 on
            wanted = self.plan[min((self.now - 1) // SECOND // LIMITS.slot_s, len(self.plan) - 1)]
            jobs = (*(wanted if rung < 3 else (0, 0)), 0)
        inputs = self.compute.Inputs(COMPUTE, 0, rung, 0, 3, levels, *rungs, *jobs)  # type: ignore[call-arg,arg-type]
        self.compute.step(self.now, inputs, self.out)  # type: ignore[arg-type]
        aims = (self.compute.outputs.compute_aim_a, self.compute.outputs.compute_aim_b)  # type: ignore[attr-defined]
        told = Asked(rung, power_rung, asked, 0, tuple(rungs), aims, levels)
        self.ladder.see(self.now, told)
        for switch, level in self.out.switches:
            self.levels[switch] = level
        self.out.clear()
        watts, decay = tuple(WATTS[level] for level in self.levels), MODEL.decays(1.0 / LIMITS.slot_s)
        harvest_w = self.harvest_w if self.phase is None or self.phase.sunlit else 0.0
        self.charge = MODEL.charged(self.charge, harvest_w - 20.0 - sum(watts), 1.0 / LIMITS.slot_s)
        for loop, drawn_w in enumerate(watts):
            self.warm[loop] = MODEL.warmed(loop, self.warm[loop], drawn_w, 0.0, decay)
        return watts


def outside(harvest_w: float, slots: int = SLOTS) -> Outside:
    return Outside((harvest_w,) * slots, (20.0,) * slots, (0.0,) * slots)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin_s", "charge", "harvest_w"),
    [(10, 0.95, 150.0), (1700, 0.95, 150.0), (2500, 0.95, 150.0), (10, 0.80, 40.0), (700, 0.80, 70.0)],
)
def test_what_it_foresees_is_what_the_modules_do(begin_s: int, charge: float, harvest_w: float):
    flight = Flight([Warm(45.0, 30.0), Warm(40.0, 30.0)], charge, harvest_w)
    for _ in range(begin_s):
        flight.second()
    foreseen = flight.ladder.ahead(
        flight.now, RULES, MODEL, flight.charge, tuple(flight.warm), outside(harvest_w)
    )
    apart, changes = 0.0, 0
    for slot in range(SLOTS):
        drawn = [flight.second() for _ in range(LIMITS.slot_s)]
        changes += len(set(drawn)) - 1
        for loop in range(2):
            apart += abs(foreseen[slot][loop] - sum(one[loop] for one in drawn) / LIMITS.slot_s)
    assert changes >= 2
    assert apart < 12.0 * changes  # a change by 10 W on two boards, half a slot early or late


# What heats up to a rung, what stays cool, and what a low charge takes away.
PLANS = [
    ((3, 3), (3, 3), (3, 3), (1, 0), (0, 2), (3, 3)),
    ((1, 0), (0, 1), (2, 0), (0, 3), (0, 0), (1, 1)),
    ((0, 0), (0, 0), (3, 3), (3, 3), (3, 3), (3, 3)),
]


@pytest.mark.slow
@pytest.mark.parametrize("steps", PLANS)
@pytest.mark.parametrize(("charge", "harvest_w"), [(0.95, 150.0), (0.78, 40.0)])
def test_what_it_foresees_of_a_plan_is_what_the_modules_do(
    steps: tuple[tuple[int, int], ...], charge: float, harvest_w: float
):
    plan = [levels for levels in steps for _ in range(15)]
    flight = Flight([Warm(45.0, 30.0), Warm(40.0, 30.0)], charge, harvest_w, plan=[plan[0]] * 10 + plan)
    for _ in range(600):
        flight.second()
    course = [Course(levels, planned=True) for levels in plan]
    foreseen = flight.ladder.ahead(
        flight.now, RULES, MODEL, flight.charge, tuple(flight.warm), outside(harvest_w), course
    )
    apart, changes = 0.0, 0
    before: tuple[float, ...] = ()
    for slot in range(SLOTS):
        drawn = [flight.second() for _ in range(LIMITS.slot_s)]
        for one in drawn:
            changes, before = changes + (one != before), one
        apart += sum(
            abs(foreseen[slot][loop] - sum(one[loop] for one in drawn) / LIMITS.slot_s) for loop in range(2)
        )
    assert changes >= 2
    assert apart < 12.0 * changes


GUARD = GuardRules(floor=0.70, capacity_wh=GUARDED_WH)  # all else as the power module's defaults are
PERIOD_S, ECLIPSE_S = 5700.0, 2160.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin_s", "charge", "left_s", "sunlit", "harvest_w"),
    [
        (30, 0.93, 1830.0, True, 110.0),  # in half an hour, and it goes on
        (30, 0.99, 630.0, True, 110.0),  # at the shadow's edge, when the orbit behind it comes into sight
        (1900, 0.93, 1840.0, True, 110.0),  # raised already
        (400, 0.84, 1720.0, False, 170.0),  # let go before the shadow is over
        (60, 0.99, 660.0, True, 240.0),  # never
    ],
)
def test_what_it_foresees_of_the_energy_guard_is_what_that_does(
    begin_s: int, charge: float, left_s: float, sunlit: bool, harvest_w: float
):
    cool = [Warm(-60.0, 30.0), Warm(-60.0, 30.0)]
    flight = Flight(cool, charge, harvest_w, phase=Phase(sunlit, left_s, ECLIPSE_S, PERIOD_S))
    for _ in range(begin_s):
        flight.second()
    assert flight.phase is not None
    lit, phase = [], flight.phase
    for _ in range(SLOTS):
        lit.append(sum(later(phase, second).sunlit for second in range(1, 61)) / 60)
        phase = later(phase, 60.0)
    sky = Outside(tuple(harvest_w * share for share in lit), (20.0,) * SLOTS, (0.0,) * SLOTS)
    rules, energy = replace(RULES, guard=GUARD), Energy(flight.phase, harvest_w)
    loops = tuple(flight.warm)
    foreseen = flight.ladder.ahead(flight.now, rules, MODEL, flight.charge, loops, sky, energy=energy)
    blind = flight.ladder.ahead(flight.now, rules, MODEL, flight.charge, loops, sky)
    apart, blind_apart, rungs = 0.0, 0.0, set()
    for slot in range(SLOTS):
        drawn = [flight.second() for _ in range(LIMITS.slot_s)]
        rungs.add(flight.guard.rung)
        for loop in range(2):
            came = sum(one[loop] for one in drawn) / LIMITS.slot_s
            apart += abs(foreseen[slot][loop] - came)
            blind_apart += abs(blind[slot][loop] - came)
    assert (rungs == {0}) == (harvest_w > 200.0)
    assert apart < 12.0 * 4 + 0.1 * SLOTS
    assert rungs == {0} or apart < 0.5 * blind_apart


def test_a_plan_is_followed_at_once_and_a_command_step_by_step():
    ladder = Ladder(LOADS, 2)
    ladder.see(0, Asked(0, 0, 0, 0, (0, 0), (0, 1), (0, 1)))
    loops, sky = (Warm(20.0, 0.0), Warm(20.0, 10.0)), outside(90.0, 4)
    planned = [Course(levels, planned=True) for levels in ((0, 1), (3, 1), (3, 0), (0, 2))]
    expected = [(0.0, 10.0), (30.0, 10.0), (30.0, 0.0), (0.0, 20.0)]
    assert ladder.ahead(0, RULES, MODEL, 0.9, loops, sky, planned) == expected
    commanded = [Course(levels, planned=False) for levels in ((0, 1), (3, 1), (3, 1), (3, 1))]
    rising = [one[0] for one in ladder.ahead(0, RULES, MODEL, 0.9, loops, sky, commanded)]
    assert rising[0] == 0.0
    assert rising == sorted(rising)
    assert 0.0 < rising[2] < 30.0


def test_what_a_plan_does_to_heat_and_charge_brings_the_ladder():
    ladder = Ladder(LOADS, 2)
    ladder.see(0, Asked(0, 0, 0, 0, (0, 0), (0, 0), (0, 0)))
    loops = (Warm(70.0, 0.0), Warm(20.0, 0.0))
    course = [Course((0, 0), planned=True)] * 5 + [Course((3, 3), planned=True)] * 55
    hot = ladder.ahead(0, RULES, MODEL, 0.9, loops, outside(150.0, 60), course)
    assert max(one[0] for one in hot) == 30.0
    assert min(one[0] for one in hot[10:]) < 30.0
    low = ladder.ahead(0, RULES, MODEL, 0.80, (Warm(20.0, 0.0),) * 2, outside(0.0, 60), course)
    assert min(sum(one) for one in low[10:]) < 60.0


def test_from_rung_three_on_no_job_runs_where_a_command_keeps_a_board_warm():
    ladder = Ladder(LOADS, 2)
    ladder.see(0, Asked(3, 0, 0, 3, (0, 0), (2, 2), (2, 2)))
    loops, sky = (Warm(20.0, 20.0), Warm(20.0, 20.0)), outside(90.0, 3)
    for planned, watts in ((True, (0.0, 0.0)), (False, (10.0, 10.0))):
        course = [Course((2, 2), planned=planned)] * 3
        assert ladder.ahead(0, RULES, MODEL, 0.9, loops, sky, course)[-1] == watts


def test_what_stays_cool_and_charged_works_on():
    ladder = Ladder(LOADS, 2)
    ladder.see(0, Asked(0, 0, 0, 0, (0, 0), (1, 2), (1, 2)))
    loops = (Warm(20.0, 10.0), Warm(20.0, 20.0))
    assert ladder.ahead(0, RULES, MODEL, 0.9, loops, outside(90.0, 4)) == [(10.0, 20.0)] * 4
    assert ladder.most_w() == (30.0, 30.0)


def test_a_low_charge_caps_and_what_others_ask_for_stays():
    ladder = Ladder(LOADS, 2)
    loops = (Warm(20.0, 30.0), Warm(20.0, 30.0))
    ladder.see(0, Asked(0, 0, 0, 0, (0, 0), (3, 3), (3, 3)))
    assert ladder.ahead(0, RULES, MODEL, 0.76, loops, outside(0.0, 30))[-1] == (10.0, 10.0)
    ladder.see(0, Asked(2, 0, 0, 2, (0, 0), (3, 3), (2, 2)))
    assert ladder.ahead(0, RULES, MODEL, 0.95, loops, outside(150.0, 15))[-1] == (20.0, 20.0)
    ladder.see(0, Asked(2, 2, 0, 0, (0, 0), (3, 3), (2, 2)))  # the energy guard: the charge asks for nothing
    assert ladder.ahead(0, RULES, MODEL, 0.95, loops, outside(150.0, 15))[-1] == (20.0, 20.0)
    ladder.see(0, Asked(2, 0, 2, 0, (0, 0), (3, 3), (2, 2)))  # another node than a board's
    assert ladder.ahead(0, RULES, MODEL, 0.95, loops, outside(150.0, 15))[-1] == (20.0, 20.0)
    ladder.see(0, Asked(2, 0, 0, 0, (0, 0), (3, 3), (2, 2)))
    assert ladder.ahead(0, RULES, MODEL, 0.95, loops, outside(150.0, 15))[-1] == (30.0, 30.0)


@pytest.mark.parametrize("rung", [5, 6])
def test_a_rung_beyond_those_of_the_charge_goes_on(rung: int):
    """Under-voltage, or a gauge that is dead, asks for more than any charge that is looked at here."""
    ladder = Ladder(LOADS, 2)
    ladder.see(0, Asked(rung, rung, 0, 0, (0, 0), (3, 3), (0, 0)))
    loops = (Warm(20.0, 0.0), Warm(20.0, 0.0))
    assert ladder.ahead(0, RULES, MODEL, 0.95, loops, outside(150.0, 30)) == [(0.0, 0.0)] * 30


def test_two_boards_of_one_loop_share_its_heat():
    ladder = Ladder(LOADS, 1)
    ladder.see(0, Asked(0, 0, 0, 0, (0, 0), (2, 1), (2, 1)))
    assert ladder.watts() == (30.0,)
    assert ladder.most_w() == (60.0,)


class Table:
    """Parameters of a mission that lacks some."""

    def __init__(self, lacks: str) -> None:
        self.lacks = lacks

    def numbered(self, label: str) -> int | None:
        labels = [*LABELS, *GUARD_LABELS]
        return None if label.startswith(self.lacks) else labels.index(label) + 1

    def value(self, number: int) -> float:
        return 0.5 * number


def test_the_rules_are_those_in_force():
    rules = RulesInForce(Table("safing")).now()  # type: ignore[arg-type]
    assert rules.exit_margin_k == 0.5
    assert rules.dwell_s == Rules().dwell_s
    assert rules.rise_s == 0.5 * (list(LABELS).index("compute.dwell_s") + 1)
    assert RulesInForce().now() == Rules()
    assert rules.guard.floor == 0.5 * (len(LABELS) + 1)
    assert rules.guard.capacity_wh == 0.5 * (len(LABELS) + len(GUARD_LABELS))
    assert RulesInForce(Table("power.floor")).now().guard == GuardRules()  # type: ignore[arg-type]
