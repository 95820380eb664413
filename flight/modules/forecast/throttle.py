"""What the ladder will do to the boards, as they warm up or cool down and the charge falls: its own rules, run ahead.

What faults and other nodes ask for now they go on asking for; a mode and a command are not foreseen.
What the boards are planned to do is told (`planned`); without that they work on as they do.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from flight.declare import SECOND, ParameterAccess
from flight.modules.forecast.guarding import NO_GUARD, Energy, Guarded, GuardRules, later
from flight.modules.forecast.loads import BoardLoad
from flight.modules.forecast.model import Model, Outside, Warm
from flight.modules.forecast.planned import Course
from flight.throttling import (
    LAST_RUNG,
    dwell_left_s,
    is_charged,
    is_cool,
    level_limit,
    may_rise,
    rung_below,
    rung_of_charge,
    rung_of_heat,
)

STEP_S = 10  # of the run ahead; what heat does takes minutes
CHARGED_NS = 60 * SECOND  # above a threshold, before its rung is left
LONG_AGO_NS = -(10**15)  # since when what was never seen to change is as it is
NO_RUNG = 0
NO_JOB_RUNG = 3  # from here on the jobs module lets nothing run


class Asked(NamedTuple):
    """Signals, as they are read: the ladder, what power and faults ask for, and each board's node and aim."""

    rung: int
    power_rung: int
    thermal_rung: int
    fault_rung: int
    rungs: tuple[int, ...]
    aims: tuple[int, ...]
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of power, thermal, safing and compute, as they are in force."""

    exit_margin_k: float = 7.0
    hold_s: float = 120.0
    dwell_s: float = 300.0
    long_dwell_s: float = 5760.0
    cap_level: float = 1
    rise_s: float = 60.0
    exit_margin: float = 0.08
    shed_1: float = 0.78
    shed_2: float = 0.74
    shed_3: float = 0.70
    shed_4: float = 0.65
    guard: GuardRules = NO_GUARD

    @property
    def sheds(self) -> tuple[float, ...]:
        """Boards are off from rung 4 on: the ladder's last rungs change nothing here."""
        return self.shed_1, self.shed_2, self.shed_3, self.shed_4


LABELS = {
    "thermal.exit_margin_k": "exit_margin_k",
    "thermal.hold_s": "hold_s",
    "safing.dwell_s": "dwell_s",
    "safing.long_dwell_s": "long_dwell_s",
    "compute.cap_level": "cap_level",
    "compute.dwell_s": "rise_s",
    **{f"power.{name}": name for name in ("exit_margin", "shed_1", "shed_2", "shed_3", "shed_4")},
}

GUARD_LABELS = {f"power.{field.name}": field.name for field in fields(GuardRules)}


class RulesInForce:
    """Read where they are kept; a mission that has not all of these modules keeps the defaults above."""

    def __init__(self, access: ParameterAccess | None = None) -> None:
        self.access = access
        self.numbers, self.guard = self._numbers(LABELS), self._numbers(GUARD_LABELS)

    def now(self) -> Rules:
        if self.access is None:
            return Rules()
        found = {name: self.access.value(number) for name, number in self.numbers.items()}
        guard = NO_GUARD
        if len(self.guard) == len(GUARD_LABELS):
            guard = GuardRules(**{name: self.access.value(number) for name, number in self.guard.items()})
        return Rules(guard=guard, **found)

    def _numbers(self, labels: Mapping[str, str]) -> dict[str, int]:
        if self.access is None:
            return {}
        numbers = {name: self.access.numbered(label) for label, name in labels.items()}
        return {name: number for name, number in numbers.items() if number is not None}


@dataclass(slots=True)
class Heated:
    """One board and its node: what the node asks for, and the level, each with the time of its last change."""

    row: BoardLoad
    loop: int
    level: int = 0
    aim: int = 0
    rung: int = NO_RUNG
    rung_at: int = LONG_AGO_NS
    level_at: int = LONG_AGO_NS
    may_since: int | None = None

    def ask(self, now: int, hot_c: float, rules: Rules) -> int:
        """As the thermal module does, but for a rise so fast that it acts beforehand."""
        steps = self.row.steps
        if steps is None:
            return NO_RUNG
        wanted = rung_of_heat(steps, hot_c)
        if wanted > self.rung:
            self.rung, self.rung_at = wanted, now
        elif wanted < self.rung:
            held = now - self.rung_at < rules.hold_s * SECOND
            if not held and is_cool(steps, self.rung, hot_c, rules.exit_margin_k):
                self.rung, self.rung_at = rung_below(self.rung), now
        return self.rung

    def yield_to(self, now: int, rung: int, rules: Rules, planned: bool) -> float:
        """As the compute module does; W that the board then draws.  `planned`: the aim is that of jobs."""
        watts = self.row.watts
        rung = max(rung, self.rung)
        limit = level_limit(rung, len(watts) - 1, self.level, round(rules.cap_level))
        target = 0 if planned and rung >= NO_JOB_RUNG else min(self.aim, limit)
        if target > self.level and planned:
            self.may_since = None
            if now - self.level_at >= rules.rise_s * SECOND:
                self.level, self.level_at = target, now
        elif target > self.level:
            self.may_since = now if self.may_since is None else self.may_since
            if may_rise(now - self.may_since, now - self.level_at, rules.rise_s):
                self.level, self.level_at = self.level + 1, now
        else:
            self.may_since = None
            if target < self.level:
                self.level, self.level_at = target, now
        return watts[self.level]


class Ladder:
    """Its state, as the signals tell it; `ahead` runs a copy of it."""

    def __init__(self, boards: Sequence[BoardLoad], loops: int) -> None:
        self.boards = [Heated(row, place * loops // len(boards)) for place, row in enumerate(boards)]
        self.loops = loops
        self.rung = self.power_rung = self.others = 0
        self.asked_at = LONG_AGO_NS
        self.asking = False  # somebody asks for the rung in force

    def see(self, now: int, told: Asked) -> None:
        """Signals that have changed."""
        thermal = told.thermal_rung if told.thermal_rung > max(told.rungs) else 0  # another node's
        self.power_rung, self.others = told.power_rung, max(told.fault_rung, thermal)
        asking = max(self.others, told.power_rung, *told.rungs) >= told.rung
        if asking or self.asking or told.rung != self.rung:
            self.asked_at = now
        self.rung, self.asking = told.rung, asking
        for board, rung, aim in zip(self.boards, told.rungs, told.aims, strict=True):
            switch = board.row.switch
            level = max(0, told.levels[switch]) if switch < len(told.levels) else 0
            if rung != board.rung:
                board.rung, board.rung_at = rung, now
            if level != board.level:
                board.level, board.level_at = min(level, len(board.row.watts) - 1), now
            board.aim = min(aim, len(board.row.watts) - 1)

    def ahead(
        self,
        now: int,
        rules: Rules,
        model: Model,
        charge: float,
        loops: Sequence[Warm],
        outside: Outside,
        course: Sequence[Course] = (),
        energy: Energy | None = None,
    ) -> list[tuple[float, ...]]:
        """W of each loop's boards, a mean for each slot of `outside`, as far as the ladder lets them.

        `course` has an entry for each slot; without one the boards work on as they do.  Without `energy` the guard
        goes on asking for what it asks for now.
        """
        course = course or [Course(tuple(board.aim for board in self.boards), False)] * len(outside.base_w)
        wanted = self._unhindered(course)
        if wanted and self._steady(rules, model, charge, loops, outside, wanted, energy):
            return wanted
        run = Run(self, now, rules, model, charge, loops, energy, outside.base_w[0])
        return [run.slot(told, *sky) for told, *sky in zip(course, *outside, strict=True)]

    def _unhindered(self, course: Sequence[Course]) -> list[tuple[float, ...]]:
        """W of each loop's boards, slot by slot, if nothing holds one back; empty if something does now."""
        if self.rung or self.power_rung or self.others:
            return []
        levels = tuple(board.level for board in self.boards)
        if any(board.rung or board.level != board.aim for board in self.boards):
            return []
        found: list[tuple[float, ...]] = []
        watts = self.watts()
        for aims, planned in course:
            if aims != levels:
                if not planned and any(map(operator.gt, aims, levels)):
                    return []  # step by step
                levels, watts = aims, self._watts(aims)
            found.append(watts)
        return found

    def _steady(
        self,
        rules: Rules,
        model: Model,
        charge: float,
        loops: Sequence[Warm],
        outside: Outside,
        wanted: Sequence[tuple[float, ...]],
        energy: Energy | None,
    ) -> bool:
        """By slots nothing will hold a board back: the cheap answer to most questions."""
        warm, decay, slot_s = list(loops), model.decays(1.0), model.limits.slot_s
        for watts, harvest_w, base_w, eclipse in zip(wanted, *outside, strict=True):
            charge = model.charged(charge, harvest_w - base_w - sum(watts), 1.0)
            for loop, loop_w in enumerate(watts):
                warm[loop] = model.warmed(loop, warm[loop], loop_w, eclipse, decay)
            hot = any(
                rung_of_heat(one.row.steps, model.hot_c(warm[one.loop]))
                for one in self.boards
                if one.row.steps
            )
            if hot or rung_of_charge(rules.sheds, charge):
                return False
            if energy is not None:
                energy = energy._replace(phase=later(energy.phase, slot_s))
                if rules.guard.foresees(charge, base_w + sum(watts), energy) < rules.guard.floor:
                    return False
        return True

    def most_w(self) -> tuple[float, ...]:
        """Of each loop's boards, at their highest levels."""
        found = [0.0] * self.loops
        for board in self.boards:
            found[board.loop] += board.row.watts[-1]
        return tuple(found)

    def watts(self) -> tuple[float, ...]:
        """Of each loop's boards, now."""
        return self._watts([board.level for board in self.boards])

    def aimed_w(self) -> float:
        """Of all boards, as soon as they are let."""
        return sum(self._watts([board.aim for board in self.boards]))

    def _watts(self, levels: Sequence[int]) -> tuple[float, ...]:
        found = [0.0] * self.loops
        for board, level in zip(self.boards, levels, strict=True):
            found[board.loop] += board.row.watts[level]
        return tuple(found)


class Run:
    """One run ahead, from what `ladder` has seen; it changes nothing of that."""

    def __init__(
        self,
        ladder: Ladder,
        now: int,
        rules: Rules,
        model: Model,
        charge: float,
        loops: Sequence[Warm],
        energy: Energy | None,
        base_w: float,
    ) -> None:
        self.boards = [replace(board) for board in ladder.boards]
        self.at, self.rules, self.model = now, rules, model
        self.charge, self.warm = charge, list(loops)
        self.rung, self.asked_at = ladder.rung, now if ladder.asking else ladder.asked_at
        self.charged_since: int | None = None
        self.planned = False
        self.guard: Guarded | None = None
        by_charge, beyond = ladder.power_rung, ladder.power_rung > len(rules.sheds)
        if beyond or (by_charge and is_charged(rules.sheds, by_charge, charge, rules.exit_margin)):
            by_charge = 0  # a dead gauge or the energy guard asks, which looks further ahead
        guarding = ladder.power_rung if not by_charge and ladder.power_rung <= LAST_RUNG else 0
        if energy is not None:
            self.guard = Guarded(rules.guard, energy, base_w + sum(ladder.watts()), base_w + ladder.aimed_w())
            self.guard.rung, self.guard.relax_at = guarding, now + int(energy.phase.period_s * SECOND)
        others = 0 if by_charge or (guarding and self.guard) else ladder.power_rung
        self.by_charge, self.others = by_charge, max(ladder.others, others)
        slot_s = model.limits.slot_s
        self.many = max(1, slot_s // STEP_S)
        self.step_ns, self.decay = slot_s * SECOND // self.many, model.decays(1.0 / self.many)

    def slot(self, told: Course, harvest_w: float, base_w: float, eclipse: float) -> tuple[float, ...]:
        self.planned = told.planned
        for board, aim in zip(self.boards, told.aims, strict=True):
            board.aim = aim
        sums = [0.0] * len(self.warm)
        for _ in range(self.many):
            self.at += self.step_ns
            watts = self._step(base_w)
            self.charge = self.model.charged(self.charge, harvest_w - base_w - sum(watts), 1.0 / self.many)
            for loop, drawn_w in enumerate(watts):
                sums[loop] += drawn_w
                self.warm[loop] = self.model.warmed(loop, self.warm[loop], drawn_w, eclipse, self.decay)
        return tuple(one / self.many for one in sums)

    def _step(self, base_w: float) -> list[float]:
        """As power, thermal, safing and compute do one after the other; W of each loop's boards."""
        at, rules = self.at, self.rules
        asked = max(self.others, self._by_charge())
        if self.guard is not None:
            load_w = base_w + sum(board.row.watts[board.level] for board in self.boards)
            asked = max(asked, self.guard.step(at, self.step_ns / SECOND, self.charge, load_w))
        for board in self.boards:
            asked = max(asked, board.ask(at, self.model.hot_c(self.warm[board.loop]), rules))
        if asked >= self.rung:
            self.rung, self.asked_at = asked, at
        elif dwell_left_s(self.rung, at - self.asked_at, rules.dwell_s, rules.long_dwell_s) <= 0.0:
            self.rung, self.asked_at = self.rung - 1, at
        watts = [0.0] * len(self.warm)
        for board in self.boards:
            watts[board.loop] += board.yield_to(at, self.rung, rules, self.planned)
        return watts

    def _by_charge(self) -> int:
        rules = self.rules
        worse = rung_of_charge(rules.sheds, self.charge)
        self.by_charge = max(self.by_charge, worse)
        if not self.by_charge or not is_charged(rules.sheds, self.by_charge, self.charge, rules.exit_margin):
            self.charged_since = None
            return self.by_charge
        self.charged_since = self.at if self.charged_since is None else self.charged_since
        if self.at - self.charged_since >= CHARGED_NS:
            self.by_charge, self.charged_since = self.by_charge - 1, None
        return self.by_charge
