"""What telemetry tells of jobs comes to the same in whatever order it comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.modules.jobs.packets import Declared, JobRow
from flight.modules.jobs.stages import Bound, JobStage
from ground import job_ledger as ledger_module
from ground.job_facts import JobFacts, Planned, Stretch
from ground.job_ledger import Ledger
from ground.job_maps import facts_map, job_facts
from ground.protocol import NS, ProtocolError
from tests.ground.conftest import make_dictionary
from tests.ground.jobs.told import BINDINGS, ROW, STAGES, TOLD, Heard, Teller, row


def facts(teller: Teller, job: int = 1) -> JobFacts:
    found = teller.ledger.facts(job)
    assert found is not None
    return found


def test_the_life_of_a_job():
    teller = Teller()
    teller.done(1)
    one = facts(teller)
    assert (one.title, one.serial, one.owner, one.key) == ("acme/sums", 7, "acme", "acme/sums/7")
    assert one.file_stem == "acme-sums-7"
    assert one.state == "DELIVERED"
    assert one.waits_for == ""
    assert one.stretches == (
        Stretch("rack_a", 150 * NS, 160 * NS, "anomaly"),
        Stretch("rack_b", 170 * NS, 200 * NS, "done"),
    )
    assert (one.taken_ns, one.ended_ns, one.kept_ns, one.delivered_ns) == (
        100 * NS,
        210 * NS,
        210 * NS,
        300 * NS,
    )
    assert (one.waited_ns, one.runs, one.result_octets, one.how) == (50 * NS, 2, 2048, "done")
    assert one.plans == (Planned(105 * NS, 150 * NS, 190 * NS),)
    assert one.planned is None  # it is over
    assert one.told_ns == 300 * NS


@given(st.permutations(range(8)))
def test_the_order_of_arrival_does_not_matter(order):
    def tell(teller, places):
        heard = (
            lambda: teller.event(100, "taken", 1, 7, b"acme/sums"),
            lambda: teller.row(105, 1, "PLANNED", first_s=150, finish_s=190, value=5),
            lambda: teller.row(120, 1, "PLANNED", first_s=160, finish_s=200, value=5),
            lambda: teller.event(150, "started", 1, 0, 1),
            lambda: teller.row(155, 1, "RUNNING", board=0, level=2, progress_milli=40, energy_j=9),
            lambda: teller.event(160, "halted", 1, 2, 4, 50),
            lambda: teller.event(170, "started", 1, 1, 2),
            lambda: teller.row(175, 1, "RUNNING", board=1, level=3, progress_milli=90, energy_j=19),
        )
        for place in places:
            heard[place]()

    straight, mixed = Teller(), Teller()
    tell(straight, range(8))
    tell(mixed, order)
    assert facts(mixed) == facts(straight)
    assert facts(straight).state == "RUNNING"
    assert facts(straight).board == "rack_b"
    assert facts(straight).stretches[-1].end_ns is None
    assert [one.first_ns for one in facts(straight).plans] == [150 * NS, 160 * NS]


def test_heard_live_and_again_from_the_store_is_heard_once():
    teller = Teller()
    for _ in range(2):
        teller._record = 0
        teller.done(1)
    assert len(facts(teller).stretches) == 2
    assert len(teller.ledger._jobs[1].marks) == teller._record


def test_a_start_without_a_stop_before_the_next_ended_unheard():
    teller = Teller()
    teller.event(10, "started", 1, 0, 1)
    teller.event(30, "started", 1, 1, 2)
    assert facts(teller).stretches == (
        Stretch("rack_a", 10 * NS, 30 * NS, "not heard"),
        Stretch("rack_b", 30 * NS, None, ""),
    )
    assert facts(teller).title == "job 1"
    assert facts(teller).file_stem == ""
    assert facts(teller).waited_ns is None


@pytest.mark.parametrize(
    ("state", "told", "says"),
    [
        ("WAITING", {"binding": 7, "station_pass": 3}, "not planned: downlink volume of pass 3"),
        ("WAITING", {"binding": 8}, "not planned: too little time before the deadline"),
        ("WAITING", {}, "the next plan"),
        ("PLANNED", {"binding": 1}, "energy"),
        ("PLANNED", {}, "its turn"),
        ("RUNNING", {"binding": 1}, ""),
        ("RESULT", {}, "its result waits for its turn"),
        ("SENDING", {}, "its result comes down"),
        ("FROZEN", {}, "held"),
        ("FAILED", {}, ""),
    ],
)
def test_why_it_waits(state: str, told: dict[str, int], says: str):
    teller = Teller()
    teller.row(10, 1, state, **told)
    assert facts(teller).waits_for == says


@pytest.mark.parametrize(
    ("event", "ended", "state"),
    [
        (("halted", 1, 2, 4, 300), "safing", "WAITING"),
        (("failed_run", 1, 2, 3, 1), "failed 3", "WAITING"),
        (("failed_run", 1, 3, 0, 1), "signalled", "WAITING"),
        (("ran", 1, 1), "done", "ENDED"),
        (("lost", 1, b"no room"), "no room", "FAILED"),
        (("ended", 1, b"failed: exit 3"), "failed: exit 3", "RESULT"),
    ],
)
def test_how_a_run_ended(event, ended, state):
    teller = Teller()
    teller.event(10, "started", 1, 0, 1)
    teller.event(20, *event)
    assert facts(teller).stretches == (Stretch("rack_a", 10 * NS, 20 * NS, ended),)
    assert facts(teller).state == state


def test_a_run_that_outlives_the_executive_is_one():
    teller = Teller()
    teller.event(10, "started", 1, 0, 1)
    teller.event(50, "started", 1, 0, 1)
    teller.event(90, "ran", 1, 1)
    assert facts(teller).stretches == (Stretch("rack_a", 10 * NS, 90 * NS, "done"),)


def test_an_event_newer_than_the_row_counts_and_an_older_one_does_not():
    teller = Teller()
    teller.row(10, 1, "RUNNING")
    teller.event(20, "ended", 1, b"failed: exit 3")
    teller.event(20, "kept_result", 1, 300)
    assert facts(teller).state == "RESULT"
    assert facts(teller).state_words == "failed, result"
    teller.row(30, 1, "SENDING", octets=300)
    assert facts(teller).state_words == "failed, sending"
    teller.event(40, "delivered", 1)
    assert facts(teller).state_words == "failed, delivered"
    teller.row(50, 1, "RESULT")
    assert facts(teller).state == "RESULT"  # somebody wants it again


def test_the_plan_refuses_a_job_that_was_taken():
    teller = Teller()
    teller.event(10, "taken", 1, 7, b"acme/sums")
    teller.event(11, "taken", 2, 8, b"acme/sums")
    teller.event(20, "refused", 1, b"jobs/acme-sums-7.job: not planned: energy")
    assert (facts(teller).state, facts(teller).how) == ("REFUSED", "not planned: energy")
    assert facts(teller, 2).state == "WAITING"
    teller.event(22, "refused", 0, b"no room")
    assert teller.ledger.numbers() == [1, 2]


def test_one_that_was_refused_before_it_was_taken_is_called_as_its_file():
    teller = Teller()
    teller.row(10, 1, "WAITING")
    teller.event(11, "refused", 1, b"jobs/acme-long-sums-7.job: no such tenant: key 28")
    teller.event(12, "refused", 2, b"jobs/anything: no such tenant: key 28")
    found = facts(teller)
    assert (found.name, found.serial, found.state) == ("acme/long-sums", 7, "REFUSED")
    assert found.how == "no such tenant: key 28"
    assert (facts(teller, 2).title, facts(teller, 2).state) == ("job 2", "REFUSED")


def test_what_it_waited_for_most_of_the_time():
    teller = Teller()
    for at, state, binding in (
        (1, "WAITING", 7),
        (2, "PLANNED", 1),
        (3, "PLANNED", 1),
        (4, "RUNNING", 2),
        (5, "WAITING", 0),
    ):
        teller.row(at, 1, state, binding=binding)
    assert facts(teller).waited_for == "energy"
    teller.row(6, 1, "WAITING", binding=7)
    assert facts(teller).waited_for == "downlink volume"  # of equal ones the first by name
    teller.row(7, 2, "WAITING")
    assert facts(teller, 2).waited_for == ""


def test_one_that_was_refused_before_it_had_a_name_is_left_out_after_a_while():
    teller = Teller()
    teller.row(10, 1, "WAITING")
    teller.event(10, "taken", 2, 7, b"acme/sums")
    teller.row(7000, 3, "WAITING")
    assert [one.number for one in teller.ledger.all_facts()] == [1, 2, 3]
    teller.row(7300, 3, "WAITING")
    assert [one.number for one in teller.ledger.all_facts()] == [2, 3]


def test_boards_without_a_name_and_none():
    teller = Teller()
    teller.row(10, 1, "RUNNING", board=7)
    assert facts(teller).board == "board 7"
    teller.row(11, 1, "WAITING")
    assert facts(teller).board == "-"


def test_nothing_in_the_book_and_events_of_no_job():
    teller = Teller()
    teller.row(10, 0, "WAITING")
    teller.event(11, "planned", 3, 40, 1000)
    assert len(teller.ledger) == 0
    assert teller.ledger.facts(1) is None


def test_bounds(monkeypatch):
    monkeypatch.setattr(ledger_module, "JOBS_MAX", 3)
    monkeypatch.setattr(ledger_module, "MARKS_MAX", 5)
    monkeypatch.setattr(ledger_module, "PLANS_MAX", 4)
    teller = Teller()
    for job in range(1, 6):
        teller.event(job, "taken", job, 1, b"acme/sums")
    assert teller.ledger.numbers() == [3, 4, 5]
    assert teller.ledger.forgotten == 2
    for run in range(20):
        teller.event(10 + 2 * run, "started", 5, 0, run)
        teller.event(11 + 2 * run, "halted", 5, 1, 4, 0)
        teller.row(11 + 2 * run, 5, "PLANNED", first_s=100 + run, finish_s=200)
    one = facts(teller, 5)
    assert one.title == "acme/sums"  # its name is not what is forgotten
    assert len(one.stretches) == 2
    assert [plan.first_ns // NS for plan in one.plans] == [116, 117, 118, 119]


def test_a_mission_without_jobs():
    empty = Ledger(make_dictionary())
    assert empty.sid == -2
    assert empty.all_facts() == []


def test_maps_come_back():
    teller = Teller()
    teller.done(1)
    teller.row(400, 1, "PLANNED", first_s=500, finish_s=600)
    one = facts(teller)
    assert one.planned is not None
    assert job_facts(facts_map(one, 64)) == one
    assert job_facts(facts_map(one, 1)).stretches == one.stretches[-1:]
    for wrong in (None, {}, {**facts_map(one, 1), "plans": [[1]]}, {**facts_map(one, 1), "more": 1}):
        with pytest.raises(ProtocolError):
            job_facts(wrong)


def test_a_server_tells_and_a_new_one_goes_on(tmp_path: Path):
    heard = Heard(tmp_path / "archive")
    craft = heard.craft
    heard.ground.contact(True, heard.now.ground_ns)
    heard.hear(
        craft.event("jobs.taken", 100 * NS, 4, 7, b"acme/sums"),
        craft.event("jobs.started", 150 * NS, 4, 1, 1),
        craft.housekeeping(
            "jobs.row", 160 * NS, *row(4, "RUNNING", board=1, progress_milli=250, finish_s=900)
        ),
        craft.housekeeping("jobs.row", 165 * NS, *row(9, "WAITING", binding=2)),
    )
    before = heard.ask("jobs")
    assert [job_facts(one).number for one in before["jobs"]] == [4, 9]
    one = job_facts(heard.ask("jobs", number=4)["jobs"][0])
    assert (one.title, one.board, one.progress_milli) == ("acme/sums", "rack_b", 250)
    assert dict(before["utc"])[900 * NS] - dict(before["utc"])[150 * NS] == 750 * NS
    assert heard.ask("jobs", limit=1)["total"] == 2
    assert [job_facts(one).number for one in heard.ask("jobs", limit=1)["jobs"]] == [9]
    assert heard.ask("jobs", number=5)["kind"] == "unknown"
    assert heard.ask("jobs", number=-1)["kind"] == "usage"
    heard.ground.close()
    heard.open(tmp_path / "archive")
    assert heard.ask("jobs")["jobs"] == before["jobs"]
    heard.ground.close()


def test_the_jobs_module_tells_what_is_read_here():
    """The double of these tests has the names of the real one."""
    real = {event.name: {field.name: field for field in event.fields} for event in Declared.events()}
    for name, _, fields in TOLD:
        assert [field.name for field in fields] == list(real[name]), name
        assert [field.code for field in fields] == [field.code for field in real[name].values()], name
    missing = {field.name for field in ROW.fields} - set(JobRow.__annotations__)
    assert not missing
    assert [name for name, _ in STAGES] == [stage.name for stage in JobStage]
    assert [name for name, _ in BINDINGS] == [bound.name for bound in Bound]
