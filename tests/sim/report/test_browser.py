"""The page in a real browser, without a network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from sim.report import write_report
from sim.result import EventLine, RunResult
from tests.sim.report.jobs_made import with_jobs

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[RunResult], html.HtmlElement]:
    """Write the report, open it headless, and give the document back as the scripts left it."""

    def open_report(result: RunResult) -> html.HtmlElement:
        write_report(result, tmp_path / "report.html")
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1200,900", "--virtual-time-budget=5000", "--dump-dom",
        ]  # fmt: skip
        assert BROWSER is not None
        address = (tmp_path / "report.html").as_uri()
        done = subprocess.run(
            [BROWSER, *options, address], capture_output=True, text=True, timeout=120, check=True
        )
        return html.document_fromstring(done.stdout)

    return open_report


def test_scripts_run_to_the_end_and_draw_everything(
    opened: Callable[[RunResult], html.HtmlElement], day: RunResult
) -> None:
    document = opened(day)
    assert document.get("data-ready") is not None
    plots = document.xpath("//div[@class='plot']")
    assert all(plot.xpath(".//canvas") for plot in plots)
    labels = [button.text_content() for button in document.xpath("//div[@class='legend']/button")]
    for name in ("true", "onboard estimate", "array", "load", *(node.name for node in day.nodes)):
        assert any(label.startswith(name) for label in labels), name
    for kind in ("sunlit", "dark", "contact"):
        assert document.xpath(f"//path[@id='track-{kind}']/@d")[0].startswith("M")
    assert len(document.xpath("//tbody[@id='event-rows']/tr")) == len(day.events)


def test_hostile_events_are_shown_as_text(
    opened: Callable[[RunResult], html.HtmlElement], day: RunResult
) -> None:
    events = tuple(EventLine(60.0 * at, HOSTILE, HOSTILE, HOSTILE, HOSTILE) for at in range(500))
    document = opened(replace(day, events=events))
    assert document.get("data-ready") is not None
    assert document.xpath("//head/title/text()") == ["pathfinder: synthetic-day"]
    assert not document.xpath("//img")
    texts = document.xpath("//td[@class='text']")
    assert len(texts) == 200  # the first page of the list
    assert {text.text_content() for text in texts} == {HOSTILE}
    assert document.xpath("//p[@id='event-status']")[0].text_content() == "200 listed of 500 that match."


def test_jobs_are_drawn(opened: Callable[[RunResult], html.HtmlElement], day: RunResult) -> None:
    document = opened(with_jobs(day))
    assert document.get("data-ready") is not None
    (plot,) = document.xpath("//div[@data-key='gantt']")
    assert plot.xpath(".//canvas")
    assert plot.xpath(".//div[@class='tip'][@hidden]")
    assert "South Atlantic Anomaly" in document.xpath("//ul[@id='key']")[0].text_content()


def test_a_run_without_anything_opens(
    opened: Callable[[RunResult], html.HtmlElement], day: RunResult
) -> None:
    none = day.times_s[:0]
    empty = replace(
        day, times_s=none, charge=none, charge_onboard=none, array_w=none, load_w=none, battery_w=none,
        latitude_deg=none, longitude_deg=none, altitude_km=None, duration_s=0.0, nodes=(), modes=(), eclipses=(),
        passes=(), events=(),
    )  # fmt: skip
    document = opened(empty)
    assert document.get("data-ready") is not None
    assert "No events in this run." in document.text_content()
