"""The search for a plan: jobs are placed greedily, then some are taken out and others put in, again and again.

This is a large neighbourhood search (Shaw 1998; ruin and recreate, Schrimpf et al. 2000) with record-to-record
acceptance (Dueck 1993).  Its work is bounded in steps, slots looked at, never in seconds, and its chance comes from
the problem's seed: the same problem gives the same plan on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from flight.planning.problem import Binding, Job, Placement, Problem
from flight.planning.timeline import Loop, Timeline, slots_at_least

GREATEST_RUIN = 6  # jobs taken out at once; more is nearly a new plan, and was never better when measured
TOLERATED = 0.02  # of the best value: how much worse a plan may be to go on from, at the beginning
DYNAMIC = frozenset({Binding.ENERGY, Binding.TEMPERATURE})
CLOSE = 1e-3  # Wh and K: keeps a price finite where nothing is left


@dataclass(slots=True)
class Chance:
    """Xorshift of 64 bits (Marsaglia 2003): flight has no `random`."""

    state: int

    def below(self, bound: int) -> int:
        word = self.state
        word ^= (word << 13) & 0xFFFF_FFFF_FFFF_FFFF
        word ^= word >> 7
        word ^= (word << 17) & 0xFFFF_FFFF_FFFF_FFFF
        self.state = word
        return (word >> 11) % bound

    def share(self) -> float:
        return self.below(1 << 30) / (1 << 30)


@dataclass(slots=True)
class Search:
    problem: Problem
    timeline: Timeline
    chance: Chance
    value: int = 0

    def place(self, index: int) -> bool:
        """Put a job where it fits, if anywhere."""
        job = self.problem.jobs[index]
        placement = self._preemptible(index, job) if job.preemptible else self._in_one_go(index, job)
        if placement is None:
            return False
        self.put(placement)
        return True

    def put(self, placement: Placement) -> None:
        self.timeline.put(placement)
        self.timeline.settle()
        self.value += self.problem.jobs[placement.job].value

    def take(self, index: int) -> None:
        self.timeline.take(index)
        self.value -= self.problem.jobs[index].value

    def _levels(self, job: Job) -> list[int]:
        """Levels at which the work fits its window, from a random one on."""
        fits = [
            level
            for level in range(len(job.levels))
            if job.release + slots_at_least(job, level) <= min(job.deadline, self.problem.slots)
        ]
        turn = self.chance.below(len(fits)) if len(fits) > 1 else 0
        return fits[turn:] + fits[:turn]

    def loops(self, job: Job) -> Sequence[int]:
        """The coolest first; what runs stays where it is."""
        loops = self.timeline.loops
        if len(loops) == 1:
            return (0,)
        if job.loop >= 0:
            return (job.loop,)
        first = min(job.release, self.problem.slots)
        return sorted(range(len(loops)), key=lambda loop: (-loops[loop].bears_k[first], loop))

    def _pointless(self, job: Job, level: int, loop: int) -> bool:
        """Before any walk: could the output come down even if the job ended as early as it can, and does it fit?"""
        room_mb = self.timeline.down_room_mb[job.release + slots_at_least(job, level)]
        return job.output_mb > room_mb or self.timeline.hopeless(job, level, self.timeline.loops[loop])

    def _preemptible(self, index: int, job: Job) -> Placement | None:
        for level, loop in product(self._levels(job), self.loops(job)):
            if self._pointless(job, level, loop):
                continue
            kind = self.chance.below(4)
            if kind:
                wanted = self._cheap_slots(job, level, kind, self.timeline.loops[loop])
                if found := self.timeline.walk(index, level, job.release, wanted, loop):
                    return found
            if found := self.timeline.walk(index, level, job.release, None, loop):
                return found
        return None

    def _cheap_slots(self, job: Job, level: int, kind: int, loop: Loop) -> list[bool]:
        """The cheapest slots of the window, by what the future bears after them; somewhat more than needed."""
        timeline = self.timeline
        free_mb = self.problem.limits.memory_mb - job.memory_mb
        window = range(job.release, min(job.deadline, self.problem.slots))
        lanes, most, memory = loop.lanes, loop.boards, timeline.memory_mb
        open_slots = [slot for slot in window if lanes[slot] < most and memory[slot] <= free_mb]
        energy, heat = timeline.bears_wh, loop.bears_k
        if kind == 1:
            open_slots.sort(key=lambda slot: -heat[slot + 1])
        elif kind == 2:
            open_slots.sort(
                key=lambda slot: 1.0 / max(energy[slot + 1], CLOSE) + 1.0 / max(heat[slot + 1], CLOSE)
            )
        else:
            open_slots.reverse()
        self.timeline.steps += len(open_slots)
        many = slots_at_least(job, level) * (5 + self.chance.below(6)) // 4
        wanted = [False] * self.problem.slots
        for slot in open_slots[:many]:
            wanted[slot] = True
        return wanted

    def _in_one_go(self, index: int, job: Job) -> Placement | None:
        for level, loop in product(self._levels(job), self.loops(job)):
            if self._pointless(job, level, loop):
                continue
            if job.running and (found := self.timeline.walk(index, level, 0, None, loop)):
                return found
            length = -(-job.work_milli // job.levels[level].speed_milli)  # anew, from nothing
            latest = min(job.deadline, self.problem.slots) - length
            span = latest - job.release + 1
            if span <= 0:
                continue
            begin = job.release + (self.chance.below(span) if self.chance.below(2) else 0)
            found = self.first_start(index, level, begin, latest, length, loop)
            if found is None and begin > job.release:
                found = self.first_start(index, level, job.release, begin - 1, length, loop)
            if found:
                return found
        return None

    def first_start(
        self, index: int, level: int, first: int, latest: int, length: int, loop: int
    ) -> Placement | None:
        """Starts in order; a start that a slot refuses is followed by one that avoids that slot."""
        stride = max(1, length // 4)  # where energy or heat refuses, the slot itself is not to blame
        while first <= latest:
            if found := self.timeline.walk(index, level, first, None, loop):
                return found
            binding, slot = next(iter(self.timeline.refused.items()))
            if Binding.DOWNLINK in self.timeline.refused or binding is Binding.DEADLINE:
                return None
            first = first + stride if binding in DYNAMIC else slot + 1
        return None


def order(problem: Problem, indices: list[int], chance: Chance) -> list[int]:
    """By value for what a job takes of one resource, drawn for this time, and somewhat shuffled."""
    kind = chance.below(5)
    jobs = problem.jobs
    noise = [0.6 + 0.8 * chance.share() for _ in indices]

    def worth(position: int) -> float:
        job = jobs[indices[position]]
        fast = job.levels[0]
        slots = job.work_milli / fast.speed_milli
        takes = (slots * fast.power_w, slots, job.output_mb + 1.0, slots * (fast.power_w + 40.0), 1.0)[kind]
        return -noise[position] * job.value / takes

    return [indices[position] for position in sorted(range(len(indices)), key=worth)]


def ruin(timeline: Timeline, chance: Chance) -> list[int]:
    """Jobs to take out: any, or neighbours in time."""
    placed = sorted(timeline.placed)
    many = min(len(placed), 1 + chance.below(GREATEST_RUIN))
    if chance.below(2):
        centre = timeline.placed[placed[chance.below(len(placed))]].slots[0]
        placed.sort(key=lambda index: abs(timeline.placed[index].slots[0] - centre))
        reach = placed[: 2 * many]
    else:
        reach = placed
    return [reach.pop(chance.below(len(reach))) for _ in range(many)]


def begin(problem: Problem, seed: int, previous: tuple[Placement, ...]) -> Search:
    """What still fits of the plan before, then the rest by worth."""
    chance = Chance(seed * 2 + 0x9E37_79B9_7F4A_7C15 & 0xFFFF_FFFF_FFFF_FFFF | 1)
    search = Search(problem, Timeline.empty(problem), chance)
    for placement in previous:
        job = problem.jobs[placement.job]
        wanted = [False] * problem.slots
        for slot in placement.slots:
            wanted[slot] = True
        first = placement.slots[0]
        start, loop = max(first, job.release), placement.loop if job.loop < 0 else job.loop
        if found := search.timeline.walk(placement.job, placement.level, start, wanted, loop):
            search.put(found)
    _fill(search, 1)
    return search


def _fill(search: Search, of: int) -> None:
    """Place what fits of the jobs not placed; each is tried with the chance of (of - 1) in `of`, all if 1."""
    waiting = [index for index in range(len(search.problem.jobs)) if index not in search.timeline.placed]
    for index in order(search.problem, waiting, search.chance):
        if of == 1 or search.chance.below(of):
            search.place(index)


def improve(search: Search, steps: int) -> dict[int, Placement]:
    """The best placements found by the time that `steps` are spent."""
    timeline, chance = search.timeline, search.chance
    best, best_value = dict(timeline.placed), search.value
    everything = sum(job.value for job in search.problem.jobs)
    while timeline.steps < steps and timeline.placed and best_value < everything:
        kept, kept_value = dict(timeline.placed), search.value
        for index in ruin(timeline, chance):
            search.take(index)
        timeline.settle()
        _fill(search, 6)
        tolerated = TOLERATED * (1.0 - timeline.steps / steps)
        if search.value > best_value:
            best, best_value = dict(timeline.placed), search.value
        if search.value < best_value * (1.0 - tolerated) and search.value < kept_value:
            _return_to(search, kept, kept_value)
    _return_to(search, best, best_value)
    return best


def _return_to(search: Search, placed: dict[int, Placement], value: int) -> None:
    timeline = search.timeline
    for index in [i for i, one in timeline.placed.items() if placed.get(i) is not one]:
        timeline.take(index)
    for index, placement in placed.items():
        if index not in timeline.placed:
            timeline.put(placement)
    search.value = value
    timeline.settle()
