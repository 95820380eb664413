"""The commanding seat: one at a time, and never for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.seat import LEASE_LONGEST_NS, LEASE_NS, NAME_LONGEST, NS, Seat, SeatError


def test_one_sits_and_the_other_is_told_who():
    seat = Seat()
    holder = seat.take("anna", "10.0.0.1", 5 * NS)
    assert (holder.name, holder.where, holder.since_ns, holder.until_ns) == (
        "anna",
        "10.0.0.1",
        5 * NS,
        5 * NS + LEASE_NS,
    )
    with pytest.raises(SeatError, match=r"anna \(10.0.0.1\) has the commanding seat since 2 s"):
        seat.take("ben", "10.0.0.2", 7 * NS)
    with pytest.raises(SeatError, match="anna"):
        seat.check("ben", 7 * NS)
    with pytest.raises(SeatError, match="anna"):
        seat.release("ben", 7 * NS)
    seat.check("anna", 7 * NS)


def test_the_empty_seat_commands_nothing():
    seat = Seat()
    with pytest.raises(SeatError, match="nobody has the commanding seat: anna must take it first"):
        seat.check("anna", 0)
    assert seat.release("anna", 0) is False


def test_a_holder_that_is_gone_loses_it_at_the_end_of_the_lease():
    seat = Seat()
    seat.take("anna", "", 0)
    assert seat.next_deadline() == LEASE_NS
    seat.check("anna", LEASE_NS - 1)
    assert seat.on_deadline(LEASE_NS - 1) is None
    with pytest.raises(SeatError, match="nobody"):
        seat.check("anna", LEASE_NS)
    left = seat.on_deadline(LEASE_NS)
    assert left is not None
    assert left.name == "anna"
    assert seat.on_deadline(LEASE_NS) is None
    assert seat.next_deadline() is None
    assert seat.take("ben", "", LEASE_NS).name == "ben"


def test_a_lease_that_has_ended_cannot_be_renewed():
    seat = Seat()
    seat.take("anna", "", 0)
    assert seat.renew("anna", LEASE_NS) is False
    assert seat.take("anna", "", LEASE_NS).since_ns == LEASE_NS


def test_a_sign_of_life_renews_and_never_shortens():
    seat = Seat()
    seat.take("anna", "", 0, 600 * NS)
    assert seat.renew("anna", 10 * NS) is True
    assert seat.next_deadline() == 600 * NS
    assert seat.renew("anna", 590 * NS) is True
    assert seat.next_deadline() == 590 * NS + LEASE_NS
    assert seat.renew("ben", 590 * NS) is False
    assert seat.take("anna", "", 591 * NS).since_ns == 0
    assert seat.next_deadline() == 591 * NS + LEASE_NS


def test_force_takes_it_from_whoever_sits_there():
    seat = Seat()
    seat.take("anna", "", 0)
    before = seat.force("ben", "b", NS)
    assert before is not None
    assert before.name == "anna"
    seat.check("ben", NS)
    assert seat.holder is not None
    assert seat.holder.since_ns == NS
    assert seat.force("ben", "b", 2 * NS) is None
    assert seat.holder.since_ns == NS
    assert seat.release("ben", 3 * NS) is True
    assert seat.force("anna", "", 4 * NS) is None


@pytest.mark.parametrize("name", ["", " anna", "a\nb", "x" * (NAME_LONGEST + 1), "\x1b[2J"])
def test_what_cannot_stand_in_a_log_is_no_name(name):
    seat = Seat()
    for sit in (seat.take, seat.force):
        with pytest.raises(SeatError, match="is no name"):
            sit(name, "", 0)
    assert seat.holder is None


def test_no_lease_is_longer_than_a_shift():
    seat = Seat()
    seat.take("anna", "", 0, 10 * LEASE_LONGEST_NS)
    assert seat.next_deadline() == LEASE_LONGEST_NS
    seat.renew("anna", NS, 10 * LEASE_LONGEST_NS)
    assert seat.next_deadline() == LEASE_LONGEST_NS + NS


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "force", "release", "renew", "deadline"]),
        st.sampled_from(["anna", "ben", "carl"]),
        st.integers(0, 2 * LEASE_NS),
    ),
    max_size=40,
)


@given(STEPS)
def test_never_two_at_once_and_never_one_without_a_lease(steps):
    seat, now = Seat(), 0
    for what, name, passed in steps:
        now += passed
        try:
            if what == "take":
                seat.take(name, "", now)
            elif what == "force":
                seat.force(name, "", now)
            elif what == "release":
                seat.release(name, now)
            elif what == "renew":
                seat.renew(name, now)
            else:
                seat.on_deadline(now)
        except SeatError:
            pass
        may = []
        for one in ("anna", "ben", "carl"):
            try:
                seat.check(one, now)
            except SeatError:
                continue
            may.append(one)
        assert len(may) <= 1
        if may:
            assert seat.holder is not None
            assert seat.holder.name == may[0]
            assert now < seat.holder.until_ns <= now + LEASE_NS
