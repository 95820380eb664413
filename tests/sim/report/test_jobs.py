"""Jobs in the report: what stands in the chart's data and in the table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import html

from flight.planning import record_octets
from ground import Archive, Ground
from ground.jobs import Gantt
from ground.jobs.gantt import Band, Piece
from ground.transfers import Transfer, TransferState
from sim.payload.report import PlansHeard, anomaly_bands
from sim.report.jobs import JOBS_SHOWN, PIECES_SHOWN
from sim.report.page import page
from sim.result import RunResult
from tests.ground.jobs.test_forecasting import record
from tests.ground.jobs.told import dictionary
from tests.sim.report.jobs_made import with_jobs

HOSTILE = "<script>alert('1')</script>\x1b[31m/\u202e"


@pytest.fixture(scope="module")
def busy(day: RunResult) -> RunResult:
    return with_jobs(day)


def tree(result: RunResult) -> html.HtmlElement:
    return html.document_fromstring(page(result))


def chart(result: RunResult) -> dict[str, Any]:
    (script,) = tree(result).xpath("//script[@id='payload']")
    found: dict[str, Any] = json.loads(script.text)["gantt"]
    return found


def rows(result: RunResult) -> list[list[str]]:
    found = tree(result).xpath("//section[@aria-labelledby='jobs-heading']//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("./th|./td")] for row in found]


def test_a_run_without_jobs_has_no_trace_of_them(day: RunResult):
    document = tree(day)
    assert chart(day) is None
    assert not document.xpath("//*[@data-key='gantt'] | //*[@id='jobs-heading']")


def test_every_piece_is_in_the_chart(busy: RunResult):
    assert busy.gantt is not None
    data = chart(busy)
    assert len(tree(busy).xpath("//div[@data-key='gantt']")) == 1
    assert data["lanes"] == ["rack_a", "rack_b"]
    assert data["jobs"] == [job.title for job in busy.jobs]
    assert len(data["ran"]) == sum(len(job.stretches) for job in busy.jobs)
    assert len(data["planned"]) == 40
    assert len(data["joints"]) == len(data["ran"]) - len({piece[1] for piece in data["ran"]}) > 0
    lane, job, start_s, end_s, ended = data["ran"][0]
    first = busy.jobs[job].stretches[0]
    assert (data["lanes"][lane], start_s, end_s, ended) == (
        first.board,
        first.start_ns / 1e9,
        first.end_ns and first.end_ns / 1e9,
        "done",
    )
    assert sorted(data["ranks"]) == list(range(40))
    assert data["anomaly"]


def test_the_table_tells_what_became_of_each(busy: RunResult):
    table = rows(busy)
    assert len(table) == len(busy.jobs)
    job = busy.jobs[3]
    assert job.delivered_ns is not None
    assert table[3] == [
        "4",
        "sums",
        "acme",
        "delivered",
        "26.4 Wh",
        str(job.runs),
        "22 min 48 s",
        "other jobs are worth more",
        table[3][-1],
    ]
    assert table[3][-1].startswith("2026-03-20 0")
    assert table[6][3] == "failed, delivered"
    waiting = replace(
        job, stretches=(), delivered_ns=None, state="WAITING", how="", waited_for="", waits_for="energy"
    )
    one = rows(replace(busy, jobs=(waiting,)))[0]
    assert (one[3], one[6], one[7], one[8]) == ("waiting", "\u2013", "energy", "\u2013")


def test_how_busy_the_boards_were(busy: RunResult):
    gantt = Gantt(
        0.0, 100.0, ("rack_a",), ("x", "y"), (), (Piece(0, 0, 0, 25, ""), Piece(0, 0, 50, 75, "")), ()
    )
    jobs = (replace(busy.jobs[0], energy_j=7200), replace(busy.jobs[1], energy_j=3600, delivered_ns=None))
    result = replace(busy, jobs=jobs, gantt=gantt, job_totals=(("plans", "68"),))
    facts = tree(result).xpath("//dl[contains(@class, 'boards')]/div")
    told = {one.xpath("./dt")[0].text_content(): one.xpath("./dd")[0].text_content() for one in facts}
    assert told == {
        "rack_a busy": "50.0 %",
        "delivered, of those taken": "1 of 2",
        "energy of all runs": "3.0 Wh",
        "energy a delivered job": "3.0 Wh",
        "stopped and gone on": "1 time",
        "plans": "68",
    }


def test_names_from_telemetry_are_text(busy: RunResult):
    evil = replace(busy.jobs[0], name=f"<img src=x>/{HOSTILE}", how=HOSTILE, waited_for=HOSTILE)
    gantt = Gantt(
        0.0, 9.0, (HOSTILE,), (HOSTILE,), (), (Piece(0, 0, 0, 9, HOSTILE),), (Band("anomaly", 0, 9, HOSTILE),)
    )
    result = replace(busy, jobs=(evil,), gantt=gantt)
    document = tree(result)
    assert len(document.xpath("//script")) == len(tree(busy).xpath("//script"))
    assert not document.xpath("//section[@aria-labelledby='jobs-heading']//img")
    assert "\x1b" not in page(result)
    assert "\u202e" not in page(result)
    assert "\\u003cscript" in page(result)


def test_what_is_drawn_and_listed_is_bounded(busy: RunResult):
    jobs = tuple(replace(busy.jobs[0], number=number) for number in range(JOBS_SHOWN + 7))
    pieces = tuple(Piece(0, 0, at, at + 1, "") for at in range(PIECES_SHOWN + 7))
    many = replace(busy, jobs=jobs, gantt=Gantt(0.0, 9e4, ("a",), ("x",), pieces, pieces, ()))
    assert len(rows(many)) == JOBS_SHOWN
    assert f"The first {JOBS_SHOWN} of {JOBS_SHOWN + 7} jobs are listed." in page(many)
    data = chart(many)
    assert len(data["ran"]) == len(data["planned"]) == PIECES_SHOWN


def test_no_jobs_yet(busy: RunResult):
    quiet = replace(busy, jobs=(), gantt=Gantt(0.0, 0.0, ("rack_a",), (), (), (), ()))
    assert "No jobs were taken in this run." in page(quiet)
    assert "0.0 %" in page(quiet)


def test_the_anomaly_from_sample_to_sample():
    times = np.arange(0.0, 60.0, 10.0)
    inside, outside = (-25.0, -45.0), (50.0, 10.0)
    places = [inside, outside, inside, inside, outside, inside]
    latitude, longitude = np.array([p[0] for p in places]), np.array([p[1] for p in places])
    found = list(anomaly_bands(times, latitude, longitude, 57.0))
    assert found == [Band("anomaly", 0.0, 10.0), Band("anomaly", 20.0, 40.0), Band("anomaly", 50.0, 57.0)]
    assert not list(anomaly_bands(times[:0], latitude[:0], longitude[:0], 0.0))


def test_plans_that_came_down_and_can_be_read(tmp_path: Path):
    """They are there when the ground is closed, as it is when a report is made."""
    made = dictionary()
    ground = Ground(made, Archive(tmp_path, made))
    plans = PlansHeard(ground)
    for name, octets, up in (
        ("plans/1.plan", record_octets(record()), False),
        ("plans/2.plan", b"nonsense", False),
        ("plans/3.plan", record_octets(record()), True),
        ("results/x", b"", False),
    ):
        file = ground.files.store.create(name)
        file.write(0, octets)
        file.close()
        for state in (TransferState.ACTIVE, TransferState.DONE):
            for listener in ground.listeners.transfers:
                listener(Transfer(1, up, name, state=state))
    ground.close()
    assert list(plans.records()) == [record()]
    assert len(plans.octets) == 2
