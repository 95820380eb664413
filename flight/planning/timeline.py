"""A plan being made: what is placed, and how much room is left beside it.

Adding a load costs the battery at most what it draws, less what would have been spilled later, and warms the radiator
by an amount that decays.  So two numbers carried forward from the load's first slot, a deficit in Wh and a warming in
K, say exactly what it does, and two arrays computed backward say exactly how much of each the future can bear.  A job
is placed by one walk over its own window; nothing is simulated twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from flight.planning.guard import SECONDS_PER_HOUR, envelope
from flight.planning.problem import Binding, Job, Placement, Problem

WALK_STEPS = 12  # what a walk costs beside its slots, in slots
HOPELESS_STEPS = 6  # what that look at a window costs, in slots
ROUNDING = 1e-9  # Wh and K kept free, so that a sum in another order does not cross a limit


class Walk(NamedTuple):
    """What a walk needs of a job at a level, whichever the window."""

    power_w: float
    speed_milli: int
    fresh_milli: int  # still to do when it goes on without a gap
    resume_milli: int  # on top after each gap
    begun: bool  # a gap costs only what has begun
    running: bool


class Rates(NamedTuple):
    """The satellite's constants in the units of a slot."""

    gain: float  # Wh in the battery for a W of surplus
    loss: float  # Wh out of it for a W of deficit
    decay: float
    warming: float  # K for a W, by the best estimate
    worst: float  # K for a W, in the guard's worst world, with what follows the watts quickly


class Loop(NamedTuple):
    """A cooling loop, by slot: its load, boards that are taken, its temperature, greatest warming that it bears."""

    boards: int
    load_w: list[float]
    lanes: list[int]
    heat_c: list[float]
    bears_k: list[float]


@dataclass(slots=True)
class Timeline:
    """All arrays are by slot; those of states have one more entry, the end.

    Where all boards share one loop, its arrays are the timeline's own `load_w`, `lanes`, `heat_c` and `bears_k`, and
    heat is settled in the same walks as energy.  Else `load_w` and `lanes` are sums, `heat_c` is the hottest loop's.
    """

    problem: Problem
    rates: Rates
    placed: dict[int, Placement]
    load_w: list[float]
    lanes: list[int]
    memory_mb: list[int]
    energy_wh: list[float]
    heat_c: list[float]
    spilled_wh: list[float]
    bears_wh: list[float]  # greatest deficit at the slot's beginning
    bears_k: list[float]  # greatest warming there
    least_wh: tuple[float, ...]  # the guard's
    greatest_c: tuple[float, ...]
    warm_k: list[float]  # (1 - decay) * sink
    worst_harvest_w: list[float]
    contact_after_mb: list[float]  # volume of this and all later slots
    down_room_mb: list[float]  # greatest output of a result that exists from this slot on
    loops: tuple[Loop, ...]
    refused: dict[Binding, int]  # first slot that each constraint refused in the walk before
    changed: int = 0  # first slot whose load is not that of the last `settle`
    ended: int = 0  # where the walk before ended
    steps: int = 0

    @classmethod
    def empty(cls, problem: Problem) -> Timeline:
        slots, forecast, limits = problem.slots, problem.forecast, problem.limits
        survives = envelope(limits, forecast)
        after = [0.0] * (slots + 1)
        for slot in range(slots - 1, -1, -1):
            after[slot] = after[slot + 1] + forecast.contact_mb[slot]
        loops = tuple(
            Loop(boards, list(forecast.base_w), [0] * slots, [heat_c] * (slots + 1), after[:])
            for boards, heat_c in zip(limits.boards, problem.state.loops_c, strict=True)
        )
        first = loops[0]
        many = len(loops) > 1
        timeline = cls(
            problem,
            _rates(problem),
            {},
            first.load_w[:] if many else first.load_w,
            first.lanes[:] if many else first.lanes,
            [0] * slots,
            [problem.state.energy_wh] * (slots + 1),
            first.heat_c[:] if many else first.heat_c,
            [0.0] * slots,
            after[:],
            first.bears_k[:] if many else first.bears_k,
            survives.energy_wh,
            survives.temperature_c,
            [(1.0 - limits.decay) * sink for sink in forecast.sink_c],
            [limits.harvest_at_least * watts for watts in forecast.nominal_harvest_w],
            after,
            after[:],
            loops,
            {},
        )
        timeline.settle()
        return timeline

    def put(self, placement: Placement) -> None:
        """Take a placement up; `settle` follows before the next walk."""
        assert placement.job not in self.placed
        self.placed[placement.job] = placement
        self._shift(placement, 1)

    def take(self, job: int) -> Placement:
        """Remove a job's placement; `settle` follows before the next walk."""
        placement = self.placed.pop(job)
        self._shift(placement, -1)
        return placement

    def _shift(self, placement: Placement, sign: int) -> None:
        job = self.problem.jobs[placement.job]
        power_w, memory_mb = sign * job.levels[placement.level].power_w, sign * job.memory_mb
        base_w = self.problem.forecast.base_w
        self.changed = min((self.changed, *placement.slots))
        for slot in placement.slots:
            self.lanes[slot] += sign
            self.load_w[slot] = self.load_w[slot] + power_w if self.lanes[slot] else base_w[slot]
            self.memory_mb[slot] += memory_mb
        if len(self.loops) > 1:
            loop = self.loops[placement.loop]
            for slot in placement.slots:
                loop.lanes[slot] += sign
                loop.load_w[slot] = loop.load_w[slot] + power_w if loop.lanes[slot] else base_w[slot]

    def settle(self) -> None:
        """States forward, then what each slot bears backward; where nothing has changed, nothing is worked out anew."""
        self._forward(self.changed)
        self._backward(self.changed)
        if len(self.loops) > 1:
            for loop in self.loops:
                self._warm(loop, self.changed)
            self.heat_c[:] = map(max, *(loop.heat_c for loop in self.loops))
        self._downlink()
        self.changed = self.problem.slots
        self.steps += 2 * self.problem.slots * len(self.loops)

    def _warm(self, loop: Loop, first: int) -> None:
        """One of several: its temperature forward, what it bears backward, as `_forward` and `_backward` do for one."""
        _, _, decay, warming, worst = self.rates
        heat, load_w, greatest, slots = loop.heat_c, loop.load_w, self.greatest_c, self.problem.slots
        now_c = heat[first]
        for slot in range(first, slots):
            now_c = heat[slot + 1] = decay * now_c + self.warm_k[slot] + warming * load_w[slot]
        bears_k = loop.bears_k[slots] = greatest[slots] - heat[slots] - ROUNDING
        for slot in range(slots - 1, -1, -1):
            room_k = greatest[slot] - heat[slot] - ROUNDING
            if loop.lanes[slot]:
                left_k = greatest[slot + 1] - self.warm_k[slot] - worst * load_w[slot] - ROUNDING
                room_k = min(room_k, left_k / decay - heat[slot])
            bears_k = loop.bears_k[slot] = min(bears_k / decay, room_k)

    def _forward(self, first: int) -> None:
        gain, loss, decay, warming, _ = self.rates
        capacity_wh, harvest_w = self.problem.limits.capacity_wh, self.problem.forecast.harvest_w
        energy, heat, spilled, warm_k = self.energy_wh, self.heat_c, self.spilled_wh, self.warm_k
        now_wh, now_c = energy[first], heat[first]
        for slot in range(first, self.problem.slots):
            load_w = self.load_w[slot]
            surplus_w = harvest_w[slot] - load_w
            now_wh += surplus_w * (gain if surplus_w > 0.0 else loss)
            spill = now_wh - capacity_wh
            if spill > 0.0:
                now_wh = capacity_wh
                spilled[slot] = spill
            else:
                spilled[slot] = 0.0
            energy[slot + 1] = now_wh
            now_c = heat[slot + 1] = decay * now_c + warm_k[slot] + warming * load_w

    def _backward(self, first: int) -> None:
        """Below slot `first` it ends where it comes to what was there.

        Comparisons instead of `min`: four calls a slot were half of what this cost.
        """
        gain, loss, decay, _, worst = self.rates
        energy, heat, slots = self.energy_wh, self.heat_c, self.problem.slots
        bears_wh = energy[slots] - self.least_wh[slots] - ROUNDING
        bears_k = self.greatest_c[slots] - heat[slots] - ROUNDING
        into_wh, into_k = self.bears_wh, self.bears_k
        into_wh[slots], into_k[slots] = bears_wh, bears_k
        least, greatest, spilled, lanes = self.least_wh, self.greatest_c, self.spilled_wh, self.lanes
        for slot in range(slots - 1, -1, -1):
            bears_wh += spilled[slot]
            bears_k /= decay
            room_wh = energy[slot] - least[slot] - ROUNDING
            room_k = greatest[slot] - heat[slot] - ROUNDING
            if lanes[slot]:  # what is placed here must still pass the guard
                load_w = self.load_w[slot]
                surplus_w = self.worst_harvest_w[slot] - load_w
                left_wh = energy[slot] + surplus_w * (gain if surplus_w > 0.0 else loss)
                left_wh -= least[slot + 1] + ROUNDING
                left_k = greatest[slot + 1] - self.warm_k[slot] - worst * load_w - ROUNDING
                left_k = left_k / decay - heat[slot]
                if left_wh < room_wh:  # noqa: PLR1730
                    room_wh = left_wh
                if left_k < room_k:  # noqa: PLR1730
                    room_k = left_k
            if room_wh < bears_wh:  # noqa: PLR1730
                bears_wh = room_wh
            if room_k < bears_k:  # noqa: PLR1730
                bears_k = room_k
            if slot < first and bears_wh == into_wh[slot] and bears_k == into_k[slot]:
                return
            into_wh[slot], into_k[slot] = bears_wh, bears_k

    def _downlink(self) -> None:
        """Outputs share one deadline, the horizon: all fit if each suffix of the passes holds what appears in it."""
        slots = self.problem.slots
        appears = [0.0] * (slots + 1)
        appears[0] = self.problem.state.waiting_mb
        for placement in self.placed.values():
            appears[placement.finish] += self.problem.jobs[placement.job].output_mb
        late = [*accumulate(reversed(appears))]
        room = map(sub, self.contact_after_mb, reversed(late))
        self.down_room_mb = [*accumulate(room, min)]
        # Results that wait already and cannot come down any more bind nobody else.
        if self.down_room_mb[0] < 0.0:
            lost = -self.down_room_mb[0]
            self.down_room_mb = [room + lost for room in self.down_room_mb]

    def hopeless(self, job: Job, level: int, loop: Loop) -> bool:
        """Whether sums over the window already say that no walk can succeed; cheap, and never wrong.

        What a run draws stays as deficit but for what is spilled; what it warms leaves at (1 - decay) a slot.
        """
        first, end = job.release, min(job.deadline, self.problem.slots)
        needed, power_w = slots_at_least(job, level), job.levels[level].power_w
        self.steps += HOPELESS_STEPS
        if end - first - loop.lanes[first:end].count(loop.boards) < needed:
            return True
        bears_k = loop.bears_k[first : end + 1]
        decay, coolest = self.rates.decay, min(bears_k)
        if (
            needed * self.rates.warming * power_w > max(bears_k) + (1.0 - decay) * sum(bears_k)
            and coolest >= 0.0
        ):
            return True
        least_wh = needed * power_w * min(self.rates.gain, self.rates.loss)
        return least_wh > max(self.bears_wh[first : end + 1]) + sum(self.spilled_wh[first:end])

    def walk(
        self, index: int, level: int, first: int, wanted: list[bool] | None, loop: int = 0
    ) -> Placement | None:
        """The earliest placement on a loop from `first` on, in `wanted` slots alone (all, if None), or None.

        A job that cannot be preempted gets one stretch, and None at the first slot that refuses it.
        `refused` then says what refused, and where first.
        """
        job = self.problem.jobs[index]
        needs = _needs(job, level, first)
        taken: list[int] = []
        self.refused.clear()
        finish = self._stroll(job, needs, first, wanted, taken, self.loops[loop])
        self.steps += WALK_STEPS + self.ended - first
        if not finish:
            self.refused.setdefault(Binding.DEADLINE, job.deadline)
            return None
        if job.output_mb > self.down_room_mb[finish]:
            self.refused[Binding.DOWNLINK] = finish
            return None
        return Placement(index, level, tuple(taken), finish, loop)

    def _barred(self, job: Job, wanted: list[bool] | None, loop: Loop) -> Callable[[int], Binding | None]:
        """What keeps a job out of a slot whatever it draws."""
        lanes, memory, most = loop.lanes, self.memory_mb, loop.boards
        free_mb = self.problem.limits.memory_mb - job.memory_mb
        anomaly = None if job.anomaly_allowed else self.problem.forecast.anomaly
        quiet = self.problem.forecast.quiet

        def why(slot: int) -> Binding | None:
            if wanted is not None and not wanted[slot]:
                return Binding.WORTH
            if lanes[slot] >= most:
                return Binding.LANES
            if memory[slot] > free_mb:
                return Binding.MEMORY
            if anomaly is not None and anomaly[slot]:
                return Binding.ANOMALY
            return Binding.QUIET if slot in quiet else None

        return why

    def _stroll(
        self,
        job: Job,
        needs: Walk,
        first: int,
        wanted: list[bool] | None,
        taken: list[int],
        loop: Loop,
    ) -> int:
        """First slot after the work, or 0.  Hot: everything is a local name."""
        gain, loss, decay, warming, worst = self.rates
        power_w, speed, left, resume_milli, begun, going_on = needs
        harvest_w, worst_w, load_w = self.problem.forecast.harvest_w, self.worst_harvest_w, self.load_w
        energy_wh, heat_c, least_wh, greatest_c = self.energy_wh, loop.heat_c, self.least_wh, self.greatest_c
        bears_wh, bears_k, warm_k, spilled = self.bears_wh, loop.bears_k, self.warm_k, self.spilled_wh
        loop_w, barred = loop.load_w, self._barred(job, wanted, loop)
        before, said, deficit, warm = first - 1 if going_on else -2, None, 0.0, 0.0
        end, preemptible = min(job.deadline, self.problem.slots), job.preemptible
        slot = first
        for slot in range(first, end):
            why = barred(slot)
            if why is None:
                old_w = load_w[slot]
                surplus = harvest_w[slot] - old_w
                less = surplus - power_w
                more = surplus * (gain if surplus > 0.0 else loss) - less * (gain if less > 0.0 else loss)
                then_wh = max(0.0, deficit + more - spilled[slot])
                then_k = decay * warm + warming * power_w
                surplus = worst_w[slot] - old_w - power_w
                left_wh = energy_wh[slot] - deficit + surplus * (gain if surplus > 0.0 else loss) - ROUNDING
                worst_c = (
                    decay * (heat_c[slot] + warm) + warm_k[slot] + worst * (loop_w[slot] + power_w) + ROUNDING
                )
                if then_wh > bears_wh[slot + 1] or left_wh < least_wh[slot + 1]:
                    why = Binding.ENERGY
                elif then_k > bears_k[slot + 1] or worst_c > greatest_c[slot + 1]:
                    why = Binding.TEMPERATURE
                else:
                    if begun and before != slot - 1:
                        left += resume_milli
                    left -= speed
                    deficit, warm, before, begun = then_wh, then_k, slot, True
                    taken.append(slot)
                    if left <= 0:
                        self.ended = slot
                        return slot + 1
                    continue
            if why is not said:
                said = why
                self.refused.setdefault(why, slot)
            if not preemptible or left > (end - slot - 1) * speed:
                break  # too little is left of the window, too
            deficit = max(0.0, deficit - spilled[slot])
            warm *= decay
        self.ended = slot
        return 0


def _rates(problem: Problem) -> Rates:
    limits, forecast = problem.limits, problem.forecast
    hours, part = limits.slot_s / SECONDS_PER_HOUR, 1.0 - limits.decay
    return Rates(
        gain=hours * limits.charge_efficiency,
        loss=hours / limits.discharge_efficiency,
        decay=limits.decay,
        warming=part * forecast.resistance_k_w,
        worst=part * limits.resistance_at_most * forecast.nominal_resistance_k_w + limits.quick_k_w,
    )


def _needs(job: Job, level: int, first: int) -> Walk:
    one = job.levels[level]
    going_on = job.running and first == 0
    fresh = job.work_milli - job.done_milli if job.preemptible or going_on else job.work_milli
    return Walk(
        one.power_w,
        one.speed_milli,
        fresh,
        job.resume_milli,
        job.preemptible and job.done_milli > 0,
        going_on,
    )


def slots_at_least(job: Job, level: int) -> int:
    """Slots that a job still takes at a level without a gap, if it goes on where it is."""
    assert job.levels[level].speed_milli > 0
    done_milli = job.done_milli if job.preemptible or job.running else 0
    return -(-(job.work_milli - done_milli) // job.levels[level].speed_milli)
