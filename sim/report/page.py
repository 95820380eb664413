"""One file that opens offline: the page, its style, its script and its data."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from string import Template

from sim.report import headline, jobs, tables
from sim.report.payload import charts, payload
from sim.report.untrusted import as_html
from sim.report.wording import utc
from sim.report.worldmap import world_map
from sim.result import RunResult

SCRIPTS = (
    "uPlot.iife.min.js",
    "time.js",
    "bands.js",
    "charts.js",
    "gantt.js",
    "map.js",
    "events.js",
    "main.js",
)
STYLES = ("uPlot.min.css", "report.css")


def write_report(result: RunResult, path: Path | str) -> None:
    """Write the report of a run to `path`, UTF-8.  Equal results give equal bytes.  Raises OSError."""
    Path(path).write_text(page(result), encoding="utf-8", newline="\n")


def page(result: RunResult) -> str:
    licence = f"/*! uPlot\n{data('uPlot.LICENSE.txt')}*/"
    script = "\n".join((licence, *map(data, SCRIPTS)))
    return Template(data("page.html")).substitute(
        title=as_html(f"{result.spacecraft}: {result.name}"),
        policy=policy(script),
        style="\n".join(data(name) for name in STYLES),
        script=script,
        payload=payload(result),
        spacecraft=as_html(result.spacecraft, 60),
        run=as_html(result.name, 60),
        span=f"{utc(result.epoch, 0)} to {utc(result.epoch, result.duration_s)} UTC",
        banner=headline.banner(result.checks),
        provenance=headline.provenance(result),
        tiles=headline.tiles(result),
        gantt=jobs.slot(result),
        charts=chart_slots(result),
        map=world_map(result),
        totals=tables.pairs(result.totals, "Summary", "No totals in this run."),
        links=tables.pairs(result.link_totals, "Link totals", "No link totals in this run."),
        jobs=jobs.section(result),
        checks=tables.check_table(result.checks),
        nodes=tables.node_table(result),
        passes=tables.pass_table(result),
        pass_count=f"{len(result.passes):,}",
        event_count=f"{len(result.events):,}",
        repeat=headline.repeat(result),
    )


def data(name: str) -> str:
    return files("sim.report").joinpath(f"data/{name}").read_text(encoding="utf-8")


def policy(script: str) -> str:
    """Content security policy: nothing is fetched, and no script runs but ours, whatever the data holds."""
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"


def chart_slots(result: RunResult) -> str:
    """One heading and one empty plot for each chart; the temperatures come under a common heading."""
    slots = []
    for chart in charts(result):
        first = chart.key == "node-0"
        heading = "<h3>Node temperatures</h3>" if first else ""
        if not chart.key.startswith("node"):
            heading = f"<h3>{chart.title}</h3>"
        kind = "node" if chart.key.startswith("node") else chart.key
        slots.append(
            f'<figure class="chart {kind}">{heading}<div class="plot" data-key="{chart.key}"></div></figure>'
        )
    return "".join(slots)
