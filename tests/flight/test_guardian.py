"""The guardian: what it decides of each look at the page, by hand and for any sequence of looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import judge as judging
from flight.drivers.watchdog import FEED_EVERY_NS
from flight.guardian import Guardian, GuardianError, is_executive
from flight.judge import (
    AWAY_NS,
    BACK_OFF_NS,
    CHARGED_FOR_NS,
    CHARGES_TO_ISOLATE,
    END_WITHIN_NS,
    EXECUTIVE_DIED,
    EXECUTIVE_SILENT,
    JOBS_WITHIN_NS,
    SAFE_AFTER,
    SILENT_NS,
    START_WITHIN_NS,
    STARVE_AFTER,
    WINDOW_NS,
    Ending,
    Judge,
    Verdict,
)
from flight.page import NOBODY, Shown

NS = 1_000_000_000
LOOK_NS = NS // 10
START = 5 * NS
MODULE = 7


def page(ticks: int, met_until: int = 2**62, stepping: int = NOBODY, ending: bool = False) -> Shown:
    return Shown(1, 1, ticks, 0, stepping, 0, met_until, ending)


def looked(judge: Judge, now: int, shown: Shown | None, alive: bool = True) -> Verdict:
    """One look after a steady row of looks that saw the same, from where the judge stands."""
    for at in range(judge.looked + LOOK_NS, now, LOOK_NS):
        assert not judge.look(at, shown, alive).restart
    return judge.look(now, shown, alive)


def running() -> Judge:
    """An executive that has just shown its first tick, at START + LOOK_NS."""
    judge = Judge(START)
    assert judge.look(START + LOOK_NS, page(1), alive=True) == Verdict(feed=True)
    return judge


# ---------------------------------------------------------------- feeding


def test_it_feeds_while_every_deadline_is_met() -> None:
    judge, now = running(), START + LOOK_NS
    for tick in range(2, 100):
        now += LOOK_NS
        assert judge.look(now, page(tick, met_until=now + 1), alive=True) == Verdict(feed=True)


def test_it_does_not_feed_when_a_deadline_has_passed_though_ticks_go_on() -> None:
    judge, now = running(), START + LOOK_NS
    for tick in range(2, 100):
        now += LOOK_NS
        assert judge.look(now, page(tick, met_until=now), alive=True) == Verdict()


def test_it_does_not_feed_what_stands_still_or_cannot_be_read_or_ends() -> None:
    judge, now = running(), START + 2 * LOOK_NS
    assert judge.look(now, page(1, met_until=now - 1), alive=True) == Verdict()
    assert judge.look(now, None, alive=True) == Verdict()
    assert judge.look(now, page(2, ending=True), alive=True) == Verdict()


def test_it_does_not_feed_an_executive_that_is_still_starting() -> None:
    judge = Judge(START)
    assert looked(judge, START + START_WITHIN_NS, page(0, met_until=0)) == Verdict()


# ---------------------------------------------------------------- silence and death


def test_silence_is_more_than_a_second_without_a_tick() -> None:
    judge = running()
    moved = START + LOOK_NS
    assert looked(judge, moved + SILENT_NS, page(1, stepping=MODULE)).restart == 0
    verdict = judge.look(moved + SILENT_NS + 1, page(1, stepping=MODULE), alive=True)
    assert verdict == Verdict(restart=EXECUTIVE_SILENT, charged=MODULE)


def test_a_page_that_cannot_be_read_for_once_is_no_silence() -> None:
    judge = running()
    moved = START + LOOK_NS
    assert looked(judge, moved + SILENT_NS, None).restart == 0
    assert judge.look(moved + SILENT_NS, page(2), alive=True) == Verdict(feed=True)


def test_a_page_that_cannot_be_read_for_long_is_silence_and_charges_nobody() -> None:
    judge = running()
    moved = START + LOOK_NS
    looked(judge, moved + SILENT_NS, None)
    assert judge.look(moved + SILENT_NS + 1, None, alive=True) == Verdict(restart=EXECUTIVE_SILENT)


def test_a_start_may_take_longer_but_not_for_ever() -> None:
    judge = Judge(START)
    assert looked(judge, START + START_WITHIN_NS, None).restart == 0
    verdict = judge.look(START + START_WITHIN_NS + 1, page(0, stepping=MODULE), alive=True)
    assert verdict == Verdict(restart=EXECUTIVE_SILENT, charged=MODULE), "a hang in a module's start"


def test_a_dead_executive_is_restarted_at_once_and_its_last_module_charged() -> None:
    judge = running()
    verdict = judge.look(START + 2 * LOOK_NS, page(2, stepping=MODULE), alive=False)
    assert verdict == Verdict(restart=EXECUTIVE_DIED, charged=MODULE)
    assert Judge(0).look(1, None, alive=False) == Verdict(restart=EXECUTIVE_DIED)


def test_a_guardian_that_was_stopped_itself_gives_the_executive_time() -> None:
    judge = running()
    later = START + LOOK_NS + 100 * SILENT_NS
    assert judge.look(later, page(1, met_until=0), alive=True) == Verdict()
    assert looked(judge, later + SILENT_NS, page(1, met_until=0)) == Verdict()
    assert judge.look(later + SILENT_NS + 1, page(1), alive=True).restart == EXECUTIVE_SILENT
    judge = running()
    assert judge.look(START + LOOK_NS + AWAY_NS, page(1), alive=True).restart == 0
    assert judge.look(START + LOOK_NS + 2 * AWAY_NS, page(1), alive=True).restart == 0
    assert judge.look(START + LOOK_NS + 3 * AWAY_NS, page(1), alive=True).restart, "that was no absence"


def test_a_new_executive_begins_anew() -> None:
    judge = running()
    now = START + 100 * NS
    judge.begin(now)
    assert looked(judge, now + START_WITHIN_NS, page(0)).restart == 0
    assert judge.look(now + START_WITHIN_NS + 1, page(0), alive=True).restart == EXECUTIVE_SILENT


# ---------------------------------------------------------------- restarts and charges


def test_restarts_back_off_and_are_forgotten_after_the_window() -> None:
    judge = Judge(0)
    waits = [judge.restarting(at * NS) for at in range(7)]
    assert waits == [*BACK_OFF_NS, BACK_OFF_NS[-1], BACK_OFF_NS[-1]]
    assert judge.recent(6 * NS) == 7
    assert judge.recent(WINDOW_NS - 1) == 7
    assert judge.recent(WINDOW_NS) == 6
    assert judge.restarting(2 * WINDOW_NS) == BACK_OFF_NS[0]


def test_many_restarts_lead_to_the_safe_set_and_more_to_no_feeding() -> None:
    judge = Judge(0)
    for count in range(1, STARVE_AFTER + 3):
        judge.restarting(count)
        assert judge.safe(count) == (count >= SAFE_AFTER)
        assert judge.starving(count) == (count >= STARVE_AFTER)
        judge.begin(count)
        assert judge.look(count, page(1), alive=True).feed == (count < STARVE_AFTER)
    quiet = STARVE_AFTER + 2 + WINDOW_NS
    assert not judge.safe(quiet)
    assert not judge.starving(quiet)


def test_charges_add_up_by_module_and_are_forgiven() -> None:
    judge = Judge(0)
    for at in (0, 10, 20):
        judge.look(at, page(1, stepping=MODULE), alive=False)
    judge.look(30, page(1, stepping=2), alive=False)
    judge.look(40, page(1), alive=False)
    assert judge.charged(40) == {2: 1, MODULE: CHARGES_TO_ISOLATE}
    assert judge.charged(CHARGED_FOR_NS) == {2: 1, MODULE: 2}
    assert judge.charged(CHARGED_FOR_NS + 30) == {}


def test_what_it_remembers_is_bounded() -> None:
    judge = Judge(0)
    for at in range(10_000):
        judge.look(at, page(1, stepping=MODULE), alive=False)
        judge.restarting(at)
    assert judge.charged(10_000) == {MODULE: CHARGES_TO_ISOLATE}
    assert judge.recent(10_000) == STARVE_AFTER


Look = tuple[int, int, int, bool, bool]
looks = st.lists(
    st.tuples(
        st.integers(1, 3 * LOOK_NS),  # time since the look before
        st.integers(0, 2),  # ticks done in it
        st.integers(-2 * NS, 2 * NS),  # when the first deadline passes, from now
        st.booleans(),  # readable
        st.sampled_from([True] * 20 + [False]),  # alive
    ),
    max_size=80,
)


@pytest.mark.slow
@given(looks)
def test_whatever_it_sees_it_feeds_only_what_is_well_and_kills_only_what_is_silent(row: list[Look]) -> None:
    judge, now, ticks = Judge(0), 0, 1
    seen = moved = 0
    for elapsed, done, ahead, readable, alive in row:
        now += elapsed
        ticks += done
        shown = page(ticks, met_until=now + ahead, stepping=MODULE) if readable else None
        verdict = judge.look(now, shown, alive)
        if readable and ticks != seen:
            seen, moved = ticks, now
        limit = SILENT_NS if seen else START_WITHIN_NS
        assert not verdict.feed or (readable and ahead > 0 and alive and now - moved <= limit)
        assert bool(verdict.restart) == (not alive or now - moved > limit)
        assert verdict.charged == (MODULE if verdict.restart and readable else NOBODY)
        if verdict.restart:
            judge.restarting(now)
            judge.begin(now)
            seen, moved = 0, now


def test_a_restart_fits_into_the_patience_of_the_smallest_watchdog() -> None:
    """Found, waited for, and three seconds to start: below the 15 s of a Raspberry Pi (payload.md)."""
    assert SILENT_NS + max(BACK_OFF_NS) + 3 * NS + FEED_EVERY_NS < 15 * NS
    assert set(judging.NAMES) == {judging.POWER_ON, EXECUTIVE_DIED, EXECUTIVE_SILENT}


def test_an_orderly_end_has_time_for_jobs_while_the_executive_flies_and_not_without_end() -> None:
    ending, late = Ending(0), JOBS_WITHIN_NS + END_WITHIN_NS
    assert not any(ending.look(now, flies=True) for now in range(0, late, NS // 10))
    assert ending.look(late + NS, flies=True)
    assert not ending.look(late + 2 * NS, flies=True), "killed again only when that did not help"


def test_an_executive_that_no_longer_flies_has_ten_seconds_for_its_last_words() -> None:
    ending = Ending(0)
    assert not ending.look(5 * NS, flies=True)
    assert not ending.look(5 * NS + END_WITHIN_NS, flies=False)
    assert ending.look(5 * NS + END_WITHIN_NS + 1, flies=False)


# ---------------------------------------------------------------- around it


def test_a_second_guardian_is_refused(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("page", "watchdog", "lock")]
    first = Guardian(["true"], *paths)
    with pytest.raises(GuardianError, match="another guardian flies from this state folder"):
        Guardian(["true"], *paths)
    os.close(first.lock)
    first.watchdog.disarm()


@pytest.mark.slow
def test_only_an_executive_that_was_given_our_page_is_ours() -> None:
    wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    for words, ours in (["executive", "/p"], True), (["executive", "/q"], False), (["worker", "/p"], False):
        with subprocess.Popen([*wait, *words], stdin=subprocess.PIPE) as process:
            # The command line is that of the new program once it runs.
            while Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[3:5] != [
                w.encode() for w in words
            ]:
                pass
            assert is_executive(process.pid, "/p") == ours
    assert not is_executive(2**22 + 1, "/p"), "no such process"


def test_it_loads_little() -> None:
    """What everything hangs on is small: the standard library, and 200 lines."""
    code = "import sys, flight.guardian; print(*sorted(m for m in sys.modules if m.startswith('flight')))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert found == [
        "flight",
        "flight.drivers",
        "flight.drivers.watchdog",
        "flight.guardian",
        "flight.judge",
        "flight.page",
    ]
    root = Path(__file__).parents[2] / "flight"
    assert len((root / "guardian.py").read_text().splitlines()) <= 200
