"""Records of plans: read back bit for bit, planned again the same, and no octet of a damaged one is believed."""

from __future__ import annotations

import functools
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import Fault
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.planning import Limits, Plan
from flight.planning.record import (
    ITEMS_MAX,
    JOBS_MAX,
    MAGIC,
    PLAIN_OCTETS,
    RECORD_OCTETS,
    PlanRecord,
    planned,
    read_record,
    record_octets,
)
from sim.orbsched import Size, generate
from sim.orbsched.closed_loop import whole_problem

SMALL = Size(orbits=2, jobs=12, work_slots=(3, 15))


@functools.cache
def made(name: str = "mixed") -> PlanRecord:
    problem = whole_problem(generate(name, 3, SMALL))
    problem = replace(problem, forecast=replace(problem.forecast, quiet=frozenset((3, 4))))
    first = planned(PlanRecord(problem, 20_000, 5))
    assert isinstance(first.plan, Plan)
    eclipse = tuple(0.1 * (slot % 10) for slot in range(problem.slots))
    return PlanRecord(problem, 20_000, 7, first.plan.placements, 86_400 * 10**9, 1_777_000_000, eclipse)


@pytest.mark.parametrize("name", ["mixed", "energy"])
def test_a_record_comes_back_and_plans_the_same_bit_for_bit(name: str):
    record = planned(made(name))
    back = read_record(record_octets(record))
    assert back == record
    assert isinstance(back, PlanRecord)
    again = planned(replace(back, plan=None))
    assert record_octets(again) == record_octets(record)
    assert again.plan is not None
    assert again.plan.placements


def test_a_record_without_a_plan_comes_back():
    record = replace(made(), eclipse=())
    assert read_record(record_octets(record)) == record


def test_the_seed_and_the_plan_before_are_part_of_it():
    record = made()
    plans = {planned(one).plan for one in (record, replace(record, seed=8), replace(record, previous=()))}
    assert len(plans) == 3


def test_every_flipped_bit_and_every_cut_gives_a_fault():
    octets = whole()
    for at in range(0, len(octets), 97):
        spoiled = bytearray(octets)
        spoiled[at] ^= 1 << at % 8
        assert isinstance(read_record(bytes(spoiled)), Fault), at
        assert isinstance(read_record(octets[:at]), Fault)
    assert isinstance(read_record(octets + b"\0"), Fault)
    expected = "expected a record of one planning, a file of plans/"
    assert str(read_record(b"{}" * 600)) == f"plan record: 1,200 octets of something else; {expected}"
    long = str(read_record(octets + bytes(RECORD_OCTETS)))
    assert long == f"plan record: more than 1,048,576 octets; {expected}"


def test_a_record_of_an_older_release_is_refused_in_a_line():
    older = b"SKYPLAN\x01" + whole()[len(MAGIC) :]
    expected = "expected a record of one planning, a file of plans/"
    says = f"plan record: version 1, made by another release; this one reads version 2; {expected}"
    assert str(read_record(older)) == says
    assert isinstance(read_record(b"SKYPLAN"), Fault)


def test_a_record_of_several_loops_comes_back_and_plans_the_same():
    limits = replace(made().problem.limits, loops=(1, 1), quick_k_w=0.01)
    jobs = (replace(made().problem.jobs[0], running=True, loop=1), *made().problem.jobs[1:])
    state = replace(made().problem.state, loops_c=(10.0, 20.0))
    record = planned(replace(made(), problem=replace(made().problem, limits=limits, jobs=jobs, state=state)))
    assert record.plan is not None
    assert {one.loop for one in record.plan.placements} == {0, 1}
    back = read_record(record_octets(record))
    assert back == record
    assert isinstance(back, PlanRecord)
    assert planned(replace(back, plan=None)) == record


def test_a_record_that_unpacks_without_end_is_given_up():
    bomb = MAGIC + zlib.compress(bytes(PLAIN_OCTETS * 4))
    assert len(bomb) < RECORD_OCTETS
    assert isinstance(read_record(bomb), Fault)


@functools.cache
def whole() -> bytes:
    return record_octets(planned(made()))


def spoil(path: tuple[int, ...], value: object) -> bytes:
    """The octets of a whole record with one value of it replaced, checksum and all."""
    tree = read_plain(zlib.decompress(whole()[len(MAGIC) :]), ITEMS_MAX)
    at: list = tree  # type: ignore[assignment]
    for step in path[:-1]:
        at = at[step]
    assert at[path[-1]] != value
    at[path[-1]] = value
    return MAGIC + zlib.compress(write_plain(tree, ITEMS_MAX))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((0, 0), -1),
        ((0, 0), 10**9),
        ((0, 1), True),
        ((0, 4), b"12345678"),
        ((1, 0), 0),
        ((1, 3), 0.0),  # a battery without capacity
        ((1, 5), float("nan")),
        ((1, 7), 1.0),  # a decay that divides by nothing
        ((1,), []),
        ((2, 0), b""),
        ((2, 3), b""),
        ((2, 5), "0.3"),
        ((2, 8), b"\xff\xff"),
        ((2, 8), b"\0\4\0\3"),
        ((1, 11), b"\0\1\0\2"),  # loops with more boards than there are
        ((1, 11), b"\0"),
        ((1, 12), 1),
        ((3, 0), float("inf")),
        ((3, 1), bytes(16)),
        ((4, 0, 13), 1),
        ((5, 0, 4), 1),
        ((5, 0, 4), -1),
        ((4, 0, 0), 7),
        ((4, 0, 1), []),
        ((4, 0, 1, 0), [0.0, 1000]),
        ((4, 0, 1, 0), [50.0, 0]),
        ((4, 0, 2), 0),
        ((4, 0, 6), 2),
        ((5, 0, 0), 12),
        ((5, 0, 1), 9),
        ((5, 0, 2), b""),
        ((5, 0, 3), 0),
        ((6, 1, 0, 4), 99),
        ((6, 4), b""),
        ((6,), 3),
    ],
)
def test_a_whole_record_with_a_value_that_cannot_be_is_a_fault(path: tuple[int, ...], value: object):
    assert isinstance(read_record(spoil(path, value)), Fault)


@given(st.binary(max_size=200))
def test_any_octets_give_a_fault(octets: bytes):
    assert isinstance(read_record(octets), Fault)
    assert isinstance(read_record(MAGIC + zlib.compress(octets)), Fault)


def test_no_job_is_placed_twice():
    record = made()
    assert isinstance(read_record(record_octets(replace(record, previous=record.previous[:1] * 2))), Fault)


def test_as_many_jobs_as_a_record_holds_fit():
    record = made()
    job = record.problem.jobs[0]
    many = replace(record, problem=replace(record.problem, jobs=(job,) * JOBS_MAX), previous=())
    assert isinstance(many.problem.limits, Limits)
    assert read_record(record_octets(many)) == many
