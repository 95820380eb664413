"""The safing ladder: worse at once, better one rung a dwell, silence is no health, and a reboot is no way out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import COMPUTE, DONE, IDLE, SAFE, SECOND, Boot, Call, ModeRequest, Outbox, Refused, Why
from flight.modules.safing import Asker, Safing

BOOT = Boot(1, True, False, 0)
OFF_SWITCH = 2
ORBIT_S, DWELL_S = 5760, 300


class Bench:
    """A ladder stepped once a second; all who ask are heard, and the mode obeys unless told otherwise."""

    def __init__(self, kept: int = 0, **parameters: object) -> None:
        self.module: Any = Safing(OFF_SWITCH)
        vars(self.module).update(parameters)
        self.module.kept.rung = kept
        self.now = 10_000 * SECOND
        self.out = Outbox()
        self.module.start(self.now, BOOT, self.out)
        self.level = 0
        self.obeys = True
        self.mode = int(IDLE)
        self.posts: list[tuple[str, object]] = []
        self.sets: list[tuple[int, int]] = []
        self.kept_count = 0

    def run(
        self, seconds: int = 1, power: int = 0, thermal: int = 0, faults: int = 0, ages: Any = (0, 0, 0)
    ) -> int:
        for _ in range(seconds):
            self.now += SECOND
            asked = (power, ages[0], thermal, ages[1], faults, ages[2])
            self.module.step(self.now, Safing.Inputs(*asked, self.mode, (0, 0, self.level)), self.out)
            self.posts += self.out.posts
            self.sets += self.out.switches
            self.kept_count += self.out.keeping
            if self.obeys:
                self.level = next((level for _, level in self.out.switches), self.level)
            self.out.posts.clear()
            self.out.switches.clear()
            self.out.keeping = False
        return self.rung

    @property
    def rung(self) -> int:
        rung = self.module.outputs.rung
        assert rung == self.module.kept.rung
        return int(rung)

    def release(self) -> object:
        return self.module.release(Call(self.now, 9), self.out)

    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        events = [(event.name, arguments) for event, arguments in self.out.events]
        self.out.events.clear()
        return events


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.run()
    return made


# ---------------------------------------------------------------- worse


@pytest.mark.parametrize("who", ["power", "thermal", "faults"])
@pytest.mark.parametrize("rung", range(1, 7))
def test_worse_at_once_whoever_asks(bench: Bench, who: str, rung: int) -> None:
    assert bench.run(1, **{who: rung}) == rung
    by = Asker[who.upper()]
    assert bench.events()[0] == ("severe" if rung >= 4 else "worse", (0, rung, by))
    assert bench.module.status.by == by
    assert bench.kept_count == 1


def test_the_worst_of_three_counts(bench: Bench) -> None:
    assert bench.run(1, power=1, thermal=3, faults=2) == 3
    assert bench.run(1, power=4, thermal=3, faults=2) == 4
    assert bench.run(1, power=0, thermal=3, faults=5) == 5
    assert bench.module.status.worsened == 3
    assert bench.module.status.asked == 5


# ---------------------------------------------------------------- better


@pytest.mark.parametrize(("rung", "dwell_s"), [(1, DWELL_S), (2, DWELL_S), (3, DWELL_S), (4, ORBIT_S)])
def test_one_rung_better_after_its_dwell(bench: Bench, rung: int, dwell_s: int) -> None:
    bench.run(1, power=rung)
    assert bench.run(dwell_s - 1) == rung
    assert bench.run(1) == rung - 1
    assert bench.events()[-1] == ("better", (rung, rung - 1))


def test_the_whole_way_up_takes_every_dwell(bench: Bench) -> None:
    bench.run(1, faults=4)
    seconds = 0
    while bench.run():
        seconds += 1
    assert seconds + 1 == ORBIT_S + 3 * DWELL_S
    assert bench.module.status.improved == 4


def test_asking_again_starts_the_dwell_anew(bench: Bench) -> None:
    bench.run(1, power=2)
    bench.run(DWELL_S - 1)
    bench.run(1, power=2)
    assert bench.run(DWELL_S - 1) == 2
    assert bench.run(1) == 1


def test_asking_for_less_keeps_that_rung(bench: Bench) -> None:
    bench.run(1, power=3)
    assert bench.run(10 * DWELL_S, power=2) == 2


def test_the_long_dwell_is_an_orbit_at_least() -> None:
    bench = Bench(long_dwell_s=60.0)
    bench.run(1, power=4)
    assert bench.run(ORBIT_S - 1) == 4
    assert bench.run(1) == 3
    bench = Bench(long_dwell_s=9000.0)
    bench.run(1, power=4)
    assert bench.run(8999) == 4
    assert bench.run(1) == 3


def test_a_rung_that_is_asked_for_now_and_then_does_not_cycle(bench: Bench) -> None:
    changes, before = 0, 0
    for second in range(4 * ORBIT_S):
        rung = bench.run(1, power=2 if second % 200 == 0 else 0)
        changes += rung != before
        before = rung
    assert changes == 1


# ---------------------------------------------------------------- safe mode and its exit


def test_rung_five_asks_for_safe_mode_until_it_is(bench: Bench) -> None:
    bench.obeys = False
    bench.mode = int(COMPUTE)
    bench.run(1, faults=5)
    assert bench.posts == [("modes.requests", ModeRequest(SAFE, Why.LADDER))]
    bench.run(9)
    assert len(bench.posts) == 1
    bench.run(1)
    assert len(bench.posts) == 2
    bench.mode = int(SAFE)
    bench.run(100)
    assert len(bench.posts) == 2


def test_a_second_entry_asks_at_once(bench: Bench) -> None:
    bench.run(1, power=5)
    bench.run(1)
    bench.release()
    bench.run(1, power=5)
    assert len(bench.posts) == 2


def test_rung_four_leaves_the_mode_alone(bench: Bench) -> None:
    bench.run(100, faults=4)
    assert bench.posts == []


def test_rung_five_is_not_left_by_itself(bench: Bench) -> None:
    bench.run(1, power=5)
    assert bench.run(5 * ORBIT_S) == 5


def test_release_leads_to_rung_four_and_its_dwell(bench: Bench) -> None:
    assert bench.release() == Refused("rung is 0")
    bench.run(1, power=4)
    assert bench.release() == Refused("rung is 4")
    bench.run(1, power=6)
    assert bench.release() == Refused("rung 6 is still asked for")
    bench.run(1, power=5)
    assert bench.release() == Refused("rung 5 is still asked for")
    bench.run(1, power=4)
    bench.out.clear()
    assert bench.release() == DONE
    assert bench.out.keeping
    assert bench.rung == 4
    assert bench.run(ORBIT_S - 1) == 4
    assert bench.run(1) == 3


@pytest.mark.parametrize(("rung", "orbits"), [(5, 3), (6, 3)])
def test_clean_orbits_lead_out_where_allowed(rung: int, orbits: int) -> None:
    bench = Bench(autonomous_exit=True)
    bench.run(1, power=rung)
    assert bench.run(orbits * ORBIT_S - 1, power=3) == rung
    assert bench.run(1, power=3) == rung - 1


def test_a_clean_orbit_has_no_request_above_three() -> None:
    bench = Bench(autonomous_exit=True, clean_orbits=2)
    bench.run(1, power=5)
    bench.run(ORBIT_S)
    bench.run(1, thermal=4)
    assert bench.run(2 * ORBIT_S - 1) == 5
    assert bench.run(1) == 4


# ---------------------------------------------------------------- silence


@pytest.mark.parametrize("who", [0, 1, 2])
def test_silence_for_more_than_three_seconds_counts_as_rung_four(bench: Bench, who: int) -> None:
    bench.run(5)
    ages = [0, 0, 0]
    ages[who] = 3 * SECOND
    assert bench.run(1, ages=ages) == 0
    ages[who] += 1
    assert bench.run(1, ages=ages) == 4
    assert bench.events() == [("silent", (who + 1, 4)), ("severe", (0, 4, who + 1))]
    bench.run(10, ages=ages)
    assert bench.events() == []
    flags = (
        bench.module.status.power_silent,
        bench.module.status.thermal_silent,
        bench.module.status.faults_silent,
    )
    assert flags.index(True) == who
    bench.run(1)
    assert bench.events() == [("speaks", (who + 1,))]


def test_what_silence_counts_as_is_a_parameter() -> None:
    bench = Bench(stale_rung=5)
    bench.run(5)
    assert bench.run(1, ages=(10**10, 0, 0)) == 5


@pytest.mark.parametrize("mad", [-1, 7, 255])
def test_a_rung_that_is_none_is_silence(bench: Bench, mad: int) -> None:
    assert bench.run(1, faults=mad) == 4


def test_right_after_the_start_nobody_is_silent_yet() -> None:
    bench = Bench()
    assert bench.run(3, ages=(10**12, 10**12, 10**12)) == 0
    assert bench.run(1, ages=(10**12, 10**12, 10**12)) == 4


def test_an_age_from_the_future_is_silence(bench: Bench) -> None:
    bench.run(5)
    assert bench.run(1, ages=(-1, 0, 0)) == 4


# ---------------------------------------------------------------- reboot


@pytest.mark.parametrize("kept", range(8))
def test_the_rung_goes_on_after_a_reboot_with_a_fresh_dwell(kept: int) -> None:
    bench = Bench(kept=kept)
    assert bench.module.outputs.rung == min(kept, 6)
    bench.module.kept.rung = min(kept, 6)
    if kept in range(1, 4):
        assert bench.run(DWELL_S - 1) == kept
        assert bench.run(1) == kept - 1
    assert bench.module.status.by == (Asker.KEPT if kept else Asker.NOBODY)


def test_a_reboot_is_no_way_out_of_rung_five() -> None:
    bench = Bench(kept=5)
    assert bench.run(2 * ORBIT_S) == 5
    assert bench.posts
    assert bench.release() == DONE


# ---------------------------------------------------------------- power off


def test_rung_six_asks_the_bus_to_cut_power_and_five_takes_it_back(bench: Bench) -> None:
    bench.run(10, power=5)
    assert bench.sets == []
    bench.run(1, power=6)
    assert bench.sets == [(OFF_SWITCH, 1)]
    assert bench.module.status.power_off
    assert ("power_off_requested", ()) in bench.events()
    bench.run(20, power=6)
    assert bench.sets == [(OFF_SWITCH, 1)]
    bench.run(1)
    bench.release()
    bench.run(1)
    assert bench.sets == [(OFF_SWITCH, 1), (OFF_SWITCH, 0)]
    assert not bench.module.status.power_off


def test_a_request_that_does_not_read_back_is_told_once_and_repeated(bench: Bench) -> None:
    bench.obeys = False
    bench.run(3, power=6)
    bench.events()
    bench.run(1, power=6)
    assert bench.events() == [("power_off_mismatch", (True,))]
    bench.run(30, power=6)
    assert bench.events() == []
    assert bench.sets == [(OFF_SWITCH, 1)] * 4


def test_a_request_nobody_made_is_taken_back(bench: Bench) -> None:
    bench.level = 1
    bench.run(12)
    assert bench.level == 0
    assert bench.events() == [("power_off_mismatch", (False,))]


def test_without_the_switch_nothing_is_set() -> None:
    module, out = Safing(), Outbox()
    module.start(0, BOOT, out)
    module.step(SECOND, Safing.Inputs(6, 0, 0, 0, 0, 0, SAFE, ()), out)
    assert module.outputs.rung == 6
    assert out.switches == []


# ---------------------------------------------------------------- report, and anything at all


def test_the_report_says_how_long(bench: Bench) -> None:
    bench.run(1, power=2, thermal=1)
    bench.run(100)
    status = bench.module.status
    assert (status.rung, status.asked, status.in_rung, status.dwell_left) == (2, 0, 100, 200.0)
    assert status.clean_for == pytest.approx(102)
    bench.run(1, power=4, thermal=1, faults=2)
    assert (status.power_rung, status.thermal_rung, status.fault_rung, status.clean_for) == (4, 1, 2, 0)
    bench.run(1)
    assert status.dwell_left == ORBIT_S - 1
    unwritten = [field.name for field in status.fields if field.name not in vars(status)]
    assert set(unwritten) <= {"power_off", "improved"}


RUNGS = st.integers(-1, 7)
AGES = st.sampled_from([-1, 0, 3 * SECOND, 3 * SECOND + 1, 10**12])
SEEN = st.tuples(RUNGS, AGES, RUNGS, AGES, RUNGS, AGES, st.integers(0, 3), st.integers(1, 9000))


@given(st.lists(SEEN, min_size=1, max_size=40), st.integers(0, 255))
def test_whatever_is_asked_the_ladder_keeps_its_order(story: list[Any], kept: int) -> None:
    out, now = Outbox(), 0
    module: Any = Safing(0)
    module.kept.rung = kept
    module.start(now, BOOT, out)
    for *seen, seconds in story:
        before = module.outputs.rung
        now += seconds * SECOND
        module.step(now, module.Inputs(*seen, ()), out)
        rung = module.outputs.rung
        assert 0 <= rung <= 6
        assert rung >= before - 1
        assert rung >= max((asked for asked in seen[0:6:2] if asked <= 6), default=4)
        assert not (before >= 5 and rung < before)
        assert {level for _, level in out.switches} <= {0, 1}
