"""Jobs in the report: the data of the Gantt chart, and a table of what became of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ground.job_facts import JobFacts
from ground.jobs import Gantt, utilisation
from ground.jobs.gantt import ANOMALY, Joint, Piece
from sim.report.series import rounded
from sim.report.tables import empty, figure, row, table
from sim.report.untrusted import as_html, visible
from sim.report.wording import MISSING, counted, duration, number, utc
from sim.result import RunResult

NS = 1_000_000_000
JOULES_PER_WH = 3600.0
LEAST_WH_J = 360.0  # what is less is told in J
JOBS_SHOWN = 500  # rows of the table; a day has some tens
PIECES_SHOWN = 5_000  # bars of either kind; more than one for each pixel helps nobody
NAME_LETTERS = 60


def slot(result: RunResult) -> str:
    """The empty plot, if the mission has jobs."""
    if result.gantt is None:
        return ""
    told = "planned hollow, run full; a line joins a job that was stopped and went on"
    return (
        f'<figure class="chart gantt"><h3>Jobs <small>{told}</small></h3>'
        '<div class="plot" data-key="gantt"></div></figure>'
    )


def gantt_json(gantt: Gantt | None) -> dict[str, object] | None:
    if gantt is None:
        return None
    return {
        "lanes": [visible(name, NAME_LETTERS) for name in gantt.lanes],
        "jobs": [visible(name, NAME_LETTERS) for name in gantt.jobs],
        "ranks": [gantt.ranks.get(job, 0) for job in range(len(gantt.jobs))],
        "planned": [_piece(one) for one in gantt.planned[:PIECES_SHOWN]],
        "ran": [_piece(one) for one in gantt.ran[:PIECES_SHOWN]],
        "planned_joints": [_joint(one) for one in gantt.planned_joints[:PIECES_SHOWN]],
        "joints": [_joint(one) for one in gantt.joints[:PIECES_SHOWN]],
        "anomaly": [_times(band.start_s, band.end_s) for band in gantt.bands if band.kind == ANOMALY],
    }


def _piece(one: Piece) -> list[object]:
    return [one.lane, one.job, *_times(one.start_s, one.end_s), visible(one.text, NAME_LETTERS)]


def _joint(one: Joint) -> list[object]:
    start, end = _times(one.from_s, one.to_s)
    return [one.job, one.from_lane, start, one.to_lane, end]


def _times(*seconds: float) -> list[float | None]:
    return rounded(np.array(seconds), 1)


# ---------------------------------------------------------------- the table


def section(result: RunResult) -> str:
    """Nothing for a mission without jobs."""
    if result.gantt is None:
        return ""
    told = (*board_rows(result), *result.job_totals)
    facts = "".join(f"<div><dt>{as_html(name)}</dt><dd>{as_html(value)}</dd></div>" for name, value in told)
    return (
        '<section aria-labelledby="jobs-heading" class="card">'
        f'<h2 id="jobs-heading">Jobs <small>{len(result.jobs):,}</small></h2>'
        f'<dl class="provenance boards">{facts}</dl>{job_table(result)}</section>'
    )


def job_table(result: RunResult) -> str:
    if not result.jobs:
        return empty("No jobs were taken in this run.")
    rows = [_row(result, one) for one in result.jobs[:JOBS_SHOWN]]
    left = len(result.jobs) - len(rows)
    note = empty(f"The first {len(rows):,} of {len(result.jobs):,} jobs are listed.") if left else ""
    heads = (">#", "Job", "Tenant", "State", ">Energy", ">Runs", ">Waited", "Mostly for", "Delivered, UTC")
    return table(heads, rows, "Jobs", "jobs") + note


def _row(result: RunResult, one: JobFacts) -> str:
    name = one.name.partition("/")[2] or one.title
    waited = MISSING if one.waited_ns is None else duration(one.waited_ns / NS)
    delivered = MISSING
    if one.delivered_ns is not None:
        at_s = one.delivered_ns / NS
        delivered = (
            f'<button type="button" class="jump" data-at="{at_s:.3f}">{utc(result.epoch, at_s)}</button>'
        )
    return row(
        (
            figure(f"{one.number:,}"),
            f'<th scope="row">{as_html(name, NAME_LETTERS)}</th>',
            f"<td>{as_html(one.owner, NAME_LETTERS)}</td>",
            f"<td>{as_html(one.state_words, NAME_LETTERS)}</td>",
            figure(energy(one.energy_j)),
            figure(f"{one.runs:,}"),
            figure(waited),
            f"<td>{as_html(one.waited_for or ('' if one.stretches else one.waits_for), 80)}</td>",
            f"<td>{delivered}</td>",
        )
    )


def board_rows(result: RunResult) -> list[tuple[str, str]]:
    """How busy each was, and what the jobs cost together."""
    gantt = result.gantt
    assert gantt is not None
    rows = [
        (f"{name} busy", number(100.0 * share, "%"))
        for name, share in zip(gantt.lanes, utilisation(gantt), strict=True)
    ]
    jobs: Sequence[JobFacts] = result.jobs
    delivered = [one for one in jobs if one.delivered_ns is not None]
    spent_j = sum(one.energy_j for one in jobs)
    rows += [
        ("delivered, of those taken", f"{len(delivered):,} of {len(jobs):,}"),
        ("energy of all runs", energy(spent_j)),
        ("energy a delivered job", energy(spent_j / len(delivered)) if delivered else MISSING),
        ("stopped and gone on", counted(len(gantt.joints), "time", "times")),
    ]
    return rows


def energy(joules: float) -> str:
    return number(joules / JOULES_PER_WH, "Wh") if joules >= LEAST_WH_J else number(joules, "J", 0)
