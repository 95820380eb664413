"""Timekeeping: correlation and its uncertainty, what a reboot does to it, and the time report, octet by octet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.app import build, load_mission
from flight.declare import DONE, SECOND, Boot, Call, Failed, NoInputs, Outbox, Refused, Stored, Waiting
from flight.modules.timekeeping import Timekeeping
from flight.wire import decode_cuc

UTC = 1_800_000_000 * SECOND  # 2027-01-15
YEAR = 365 * 86_400 * SECOND


class Flown:
    def __init__(self, now_s: int = 1000, boot: int = 3) -> None:
        self.now = now_s * SECOND
        self.module = Timekeeping()
        self.out = Outbox()
        self.module.start(self.now, Boot(boot, True, False, 1), self.out)

    def step(self, seconds: int = 1) -> list[tuple[int, bytes]]:
        reports = []
        for _ in range(seconds):
            self.out.clear()
            self.now += SECOND
            self.module.step(self.now, NoInputs(), self.out)
            for report in self.out.reports:
                assert (report.service, report.subtype) == (9, 2)
                reports.append((self.now // SECOND, report.body))
        return reports

    def correlate(self, utc: int, at: int, uncertainty_us: int = 500) -> object:
        self.out.clear()
        return self.module.correlate(Call(self.now, 8), self.out, utc, at, uncertainty_us)

    def stored(self, result: object = Stored()) -> list[tuple[int, object]]:
        ticket = self.out.keeping
        self.out.clear()
        self.module.completed(self.now, ticket, result, self.out)
        return list(self.out.finished)


def test_time_report_octet_by_octet() -> None:
    flown = Flown(now_s=1019)
    [(second, body)] = flown.step()
    assert second == 1020
    assert body == bytes.fromhex("052f000003fc000000")  # 2**5 s <= 60 s; agency epoch, 4 + 3 octets
    assert decode_cuc(body[2:]) == 1020 * SECOND


def test_time_report_on_whole_periods() -> None:
    flown = Flown(now_s=0)
    assert [at for at, _ in flown.step(200)] == [1, 60, 120, 180]
    flown.module.report_every = 7
    assert [at for at, _ in flown.step(60)] == [240, 245, 252, 259]
    assert flown.module.status.reports == 8


@pytest.mark.parametrize(
    ("every", "exponent"), [(1, 0), (2, 1), (3, 1), (60, 5), (64, 6), (255, 7), (256, 8)]
)
def test_rate_exponent(every: int, exponent: int) -> None:
    flown = Flown()
    flown.module.report_every = every
    assert flown.step()[0][1][0] == exponent


def test_correlation_completes_when_stored() -> None:
    flown = Flown()
    assert isinstance(flown.correlate(UTC, flown.now - SECOND), Waiting)
    [(event, arguments)] = flown.out.events
    assert (event.name, arguments) == ("correlated", (0, 500))
    assert flown.module.correlate(Call(flown.now, 9), Outbox(), UTC, 0, 1) == Refused(
        "a correlation is being stored"
    )
    assert flown.stored() == [(8, DONE)]
    flown.correlate(UTC, flown.now)
    assert flown.stored(Failed("disk")) == [(8, Refused("in force, but not stored"))]


def test_another_ticket_completes_nothing() -> None:
    flown = Flown()
    flown.correlate(UTC, flown.now)
    ticket = flown.out.keeping
    flown.out.clear()
    flown.module.completed(flown.now, ticket + 1, Stored(), flown.out)
    assert flown.out.finished == []


def test_estimate_and_uncertainty_grow_with_age() -> None:
    flown = Flown()
    flown.correlate(UTC, flown.now - 10 * SECOND, 500)
    status = flown.module.status
    assert (status.correlated, status.since_reboot, status.age_s) == (True, True, 10)
    assert flown.module.outputs.utc_sure
    assert status.estimate_ns == UTC + 10 * SECOND
    assert status.uncertainty_us == 700  # 20 ppm
    flown.step(90)
    assert (status.age_s, status.estimate_ns, status.uncertainty_us) == (100, UTC + 100 * SECOND, 2500)
    assert (status.utc_ns, status.at_ns) == (UTC, 990 * SECOND)


def test_nothing_is_said_before_the_first_correlation() -> None:
    flown = Flown()
    flown.step(10)
    assert not flown.module.status.correlated
    assert flown.module.status.estimate_ns == 0


@pytest.mark.parametrize("moved_us", [-3_000_000, -1, 0, 1, 86_400_000_000])
def test_the_step_of_a_new_correlation_is_told(moved_us: int) -> None:
    flown = Flown()
    flown.correlate(UTC, 500 * SECOND)
    flown.stored()
    flown.correlate(UTC + 400 * SECOND + moved_us * 1000, 900 * SECOND)
    assert [arguments for _, arguments in flown.out.events] == [(moved_us, 500)]


@pytest.mark.parametrize(
    ("utc", "at", "says"),
    [
        (UTC, 1000 * SECOND + 1, "that mission time has not come yet"),
        (946_684_800 * SECOND - 1, 0, "UTC is from 2000 to 2262"),
        (2**63 - 1000 * SECOND, 0, "UTC is from 2000 to 2262"),
        (2**64 - 1, 0, "UTC is from 2000 to 2262"),
    ],
)
def test_refused_correlations_change_nothing(utc: int, at: int, says: str) -> None:
    flown = Flown()
    assert flown.correlate(utc, at) == Refused(says)
    assert not flown.out.used
    assert flown.module.kept.utc_ns == 0


@pytest.mark.parametrize(
    ("utc", "at"), [(UTC, 1000 * SECOND), (946_684_800 * SECOND, 0), (2**63 - 1 - 1000 * SECOND, 0)]
)
def test_bounds_of_good_correlations(utc: int, at: int) -> None:
    assert isinstance(Flown().correlate(utc, at), Waiting)


def test_a_reboot_keeps_the_correlation_and_says_that_it_is_old() -> None:
    first = Flown()
    first.correlate(UTC, first.now)
    second = Flown(now_s=2000, boot=4)
    for field in second.module.kept.fields:
        setattr(second.module.kept, field.name, getattr(first.module.kept, field.name))
    second.step()
    status = second.module.status
    assert (status.correlated, status.since_reboot) == (True, False)
    assert (second.module.outputs.utc_known, second.module.outputs.utc_sure) == (True, False)
    assert status.estimate_ns == UTC + 1001 * SECOND
    second.correlate(UTC + 5 * YEAR, second.now)
    assert status.since_reboot
    assert second.module.outputs.utc_sure


@pytest.mark.parametrize("mission", ["pathfinder", "ai_rack"])
def test_only_what_is_bound_to_the_sky_reads_utc(mission):
    """No timer may: every duration on board is mission time."""
    readers = {
        name
        for name, module in build(load_mission(mission)).modules.items()
        for field in getattr(module.Inputs, "_fields", ())
        if field.startswith("utc_")
    }
    assert readers == {"forecast"}


@given(
    st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)),
        max_size=20,
    )
)
def test_no_step_of_utc_moves_a_report(correlations) -> None:
    flown = Flown(now_s=0)
    told = []
    for utc, at, uncertainty in correlations:
        if isinstance(flown.correlate(utc, at % (flown.now + 1), uncertainty), Waiting):
            flown.stored()
        told += [second for second, _ in flown.step(10)]
    assert told == [
        at for at in (1, *range(60, 10 * len(correlations) + 1, 60)) if at <= 10 * len(correlations)
    ]
