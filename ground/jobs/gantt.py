"""Plans and runs as a Gantt chart, as data: a lane for each board, over eclipses, anomaly passages and passes.

Times are seconds on the mission clock.  `ground.jobs.gantt_svg` draws it, and so does the report of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from flight.planning import PlanRecord
from ground.job_facts import JobFacts
from ground.protocol import NS

DARK = 0.5  # of a slot in shadow: from here on it is drawn as eclipse
ECLIPSE, ANOMALY, PASS = "eclipse", "anomaly", "pass"


class Piece(NamedTuple):
    """A stretch of one job without a gap; `lane` and `job` are places in the chart's tuples."""

    lane: int
    job: int
    start_s: float
    end_s: float
    text: str  # what there is to say beside its name


class Joint(NamedTuple):
    """From the end of a piece to the beginning of the job's next one."""

    job: int
    from_lane: int
    from_s: float
    to_lane: int
    to_s: float


class Band(NamedTuple):
    kind: str
    start_s: float
    end_s: float
    name: str = ""


@dataclass(frozen=True)
class Gantt:
    """`planned` pieces are drawn hollow, those that `ran` full; `now_s` is None where there is no present."""

    first_s: float
    last_s: float
    lanes: tuple[str, ...]
    jobs: tuple[str, ...]
    planned: tuple[Piece, ...]
    ran: tuple[Piece, ...]
    bands: tuple[Band, ...]
    now_s: float | None = None

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Of what ran: a job that was stopped and went on."""
        return tuple(_joints(self.ran))

    @cached_property
    def ranks(self) -> dict[int, int]:
        """Of jobs, by when they appear: neighbours get different colours."""
        pieces = sorted((*self.planned, *self.ran), key=lambda one: one.start_s)
        return {job: rank for rank, job in enumerate(dict.fromkeys(one.job for one in pieces))}

    @property
    def planned_joints(self) -> tuple[Joint, ...]:
        return tuple(_joints(self.planned))


def _joints(pieces: Iterable[Piece]) -> Iterator[Joint]:
    by_job: dict[int, list[Piece]] = {}
    for piece in sorted(pieces, key=lambda one: one.start_s):
        by_job.setdefault(piece.job, []).append(piece)
    for job, parts in by_job.items():
        for before, after in pairwise(parts):
            yield Joint(job, before.lane, before.end_s, after.lane, after.start_s)


# ---------------------------------------------------------------- from a plan


def gantt_of_plan(
    record: PlanRecord, facts: Sequence[JobFacts], boards: Sequence[str], now_s: float | None = None
) -> Gantt:
    """The whole horizon of a plan, and beside it what has run in it."""
    assert record.plan is not None, "a record that was planned"
    slot_s, first_s = record.problem.limits.slot_s, record.slot_0_ns / NS
    last_s = first_s + slot_s * record.problem.slots
    lanes = _lanes(boards, record.problem.limits.lanes)
    told = {one.key: one for one in facts}
    names = [job.name for job in record.problem.jobs]
    ran = [one for one in facts if any(_within(s.start_ns, s.end_ns, first_s, last_s) for s in one.stretches)]
    extra = [one for one in ran if one.key not in names]
    jobs = [*names, *(one.title for one in extra)]
    places = {one.key: place for place, one in enumerate(extra, len(names))}
    places |= {name: place for place, name in enumerate(names)}
    boards_of = {name: _board(told[name]) for name in places if name in told}
    wanted = {places[name]: lanes.index(board) for name, board in boards_of.items() if board in lanes}
    pieces = [
        (one.job, first_s + slot_s * start, first_s + slot_s * end, _level_text(record, one.job, one.level))
        for one in record.plan.placements
        for start, end in stretches_of(one.slots)
    ]
    return Gantt(
        first_s,
        last_s,
        lanes,
        tuple(jobs),
        tuple(on_lanes(pieces, len(lanes), wanted)),
        tuple(piece for one in ran for piece in _ran(one, places[one.key], lanes, last_s, now_s, first_s)),
        tuple(bands_of(record)),
        now_s if now_s is not None and first_s <= now_s <= last_s else None,
    )


def _board(facts: JobFacts) -> str:
    """Where it ran last, or was told to be."""
    return facts.stretches[-1].board if facts.stretches else facts.board


def _level_text(record: PlanRecord, job: int, level: int) -> str:
    one = record.problem.jobs[job].levels[level]
    return f"{one.power_w:g} W at {one.speed_milli / 10:g} %"


def stretches_of(slots: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, first after) of each run of slots without a gap."""
    start = 0
    for place, slot in enumerate(slots):
        if place + 1 == len(slots) or slots[place + 1] != slot + 1:
            yield slots[start], slot + 1
            start = place + 1


def bands_of(record: PlanRecord) -> Iterator[Band]:
    """As the board forecasts them, in whole slots."""
    forecast, slot_s, first_s = record.problem.forecast, record.problem.limits.slot_s, record.slot_0_ns / NS
    rows = (
        (ECLIPSE, [share >= DARK for share in record.eclipse]),
        (ANOMALY, list(forecast.anomaly)),
        (PASS, [volume > 0.0 for volume in forecast.contact_mb]),
    )
    for kind, inside in rows:
        slots = [slot for slot, held in enumerate(inside) if held]
        for start, end in stretches_of(slots):
            yield Band(kind, first_s + slot_s * start, first_s + slot_s * end)


# ---------------------------------------------------------------- from a run


def gantt_of_run(
    facts: Sequence[JobFacts],
    records: Sequence[PlanRecord],
    boards: Sequence[str],
    last_s: float,
    bands: Iterable[Band] = (),
) -> Gantt:
    """A whole run: what ran, and what the plan in force had said; of a plan that was not heard, what rows told."""
    lanes, jobs = _lanes(boards, 0), [one for one in facts if one.stretches or one.plans]
    places = {one.key: place for place, one in enumerate(jobs)}
    ran = [piece for place, one in enumerate(jobs) for piece in _ran(one, place, lanes, last_s, last_s, 0.0)]
    planned = list(_plans_in_force(records, places, last_s))
    heard = {job for job, *_ in planned}
    for place, one in enumerate(jobs):
        if place not in heard:
            planned += [(place, *found) for found in _told_plan(one, last_s)]
    wanted = {piece.job: piece.lane for piece in reversed(ran)}
    return Gantt(
        0.0,
        last_s,
        lanes,
        tuple(one.title for one in jobs),
        tuple(on_lanes(planned, len(lanes), wanted)),
        tuple(ran),
        tuple(bands),
    )


Open = tuple[int, float, float, str]  # job, start, end, text: a piece that has no lane yet


def _plans_in_force(records: Sequence[PlanRecord], places: dict[str, int], last_s: float) -> Iterator[Open]:
    """Each record counts from its slot 0 to that of the next; what the next says anew is not drawn twice."""
    held = sorted((one for one in records if one.plan is not None), key=lambda one: one.slot_0_ns)
    ends = [one.slot_0_ns / NS for one in held[1:]] + [last_s] * bool(held)
    found: list[Open] = []
    for record, end_s in zip(held, ends, strict=True):
        assert record.plan is not None
        slot_s, first_s = record.problem.limits.slot_s, record.slot_0_ns / NS
        for one in record.plan.placements:
            place = places.get(record.problem.jobs[one.job].name)
            if place is None:
                continue
            text = _level_text(record, one.job, one.level)
            for start, end in stretches_of(one.slots):
                from_s, to_s = first_s + slot_s * start, min(first_s + slot_s * end, end_s)
                if from_s < to_s:
                    found.append((place, from_s, to_s, text))
    return iter(_grown_together(found))


def _grown_together(pieces: list[Open]) -> list[Open]:
    """What goes on in the next plan without a gap is one piece."""
    grown: list[Open] = []
    for piece in sorted(pieces, key=lambda one: (one[0], one[1])):
        if grown and grown[-1][0] == piece[0] and piece[1] <= grown[-1][2]:
            job, start_s, end_s, text = grown.pop()
            grown.append((job, start_s, max(end_s, piece[2]), text))
        else:
            grown.append(piece)
    return grown


def _told_plan(facts: JobFacts, last_s: float) -> Iterator[tuple[float, float, str]]:
    """The last that was told before the job began, or the newest of one that has not."""
    began_ns = facts.started_ns
    before = [one for one in facts.plans if began_ns is None or one.told_ns <= began_ns] or facts.plans[:1]
    if before:
        _, first_ns, finish_ns = before[-1]
        if first_ns / NS < last_s:
            yield first_ns / NS, min(finish_ns / NS, last_s), ""


def _ran(
    facts: JobFacts, place: int, lanes: Sequence[str], last_s: float, now_s: float | None, first_s: float
) -> Iterator[Piece]:
    for one in facts.stretches:
        if one.board not in lanes or not _within(one.start_ns, one.end_ns, first_s, last_s):
            continue
        end_s = one.end_ns / NS if one.end_ns is not None else last_s if now_s is None else now_s
        text = one.ended or "goes on"
        start_s = max(one.start_ns / NS, first_s)
        yield Piece(lanes.index(one.board), place, start_s, max(start_s, min(end_s, last_s)), text)


def _within(start_ns: int, end_ns: int | None, first_s: float, last_s: float) -> bool:
    return start_ns / NS < last_s and (end_ns is None or end_ns / NS > first_s)


def _lanes(boards: Sequence[str], least: int) -> tuple[str, ...]:
    return tuple(boards) or tuple(f"lane {number}" for number in range(1, max(1, least) + 1))


def on_lanes(pieces: Iterable[Open], lanes: int, wanted: dict[int, int]) -> Iterator[Piece]:
    """A plan knows how many boards are busy, not which: each piece goes where its job was or is, if that is free."""
    free_at = [float("-inf")] * lanes
    last = dict(wanted)
    for job, start_s, end_s, text in sorted(pieces, key=lambda one: (one[1], one[0])):
        free = [lane for lane in range(lanes) if free_at[lane] <= start_s]
        liked = last.get(job)
        if liked in free:
            lane = liked
        elif free:
            lane = free[0]
        else:
            lane = min(range(lanes), key=lambda one: free_at[one])
        assert lane is not None
        free_at[lane], last[job] = max(free_at[lane], end_s), lane
        yield Piece(lane, job, start_s, end_s, text)


# ---------------------------------------------------------------- figures


def utilisation(gantt: Gantt) -> tuple[float, ...]:
    """Share of the time in which each lane ran something."""
    length_s = gantt.last_s - gantt.first_s
    busy = [0.0] * len(gantt.lanes)
    until = [gantt.first_s] * len(gantt.lanes)
    for piece in sorted(gantt.ran, key=lambda one: one.start_s):
        start_s = max(piece.start_s, until[piece.lane])
        busy[piece.lane] += max(0.0, piece.end_s - start_s)
        until[piece.lane] = max(until[piece.lane], piece.end_s)
    return tuple(seconds / length_s if length_s > 0 else 0.0 for seconds in busy)


TimeText = Callable[[float], str]


def piece_words(gantt: Gantt, piece: Piece, ran: bool, time_text: TimeText) -> str:
    """For whoever points at it."""
    what = "ran" if ran else "planned"
    span = f"{time_text(piece.start_s)} to {time_text(piece.end_s)}"
    more = f", {piece.text}" if piece.text else ""
    return f"{gantt.jobs[piece.job]}: {what} {span} on {gantt.lanes[piece.lane]}{more}"


__all__ = [
    "Band",
    "Gantt",
    "Joint",
    "Piece",
    "bands_of",
    "gantt_of_plan",
    "gantt_of_run",
    "on_lanes",
    "piece_words",
    "stretches_of",
    "utilisation",
]
