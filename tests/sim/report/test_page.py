"""The page, read by a real HTML parser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import html

from sim.report import write_report
from sim.report.page import page
from sim.report.payload import EVENT_OCTETS, EVENTS_SHOWN, NODES_TOGETHER, SPANS_SHOWN
from sim.report.tables import PASSES_SHOWN
from sim.result import CheckCount, EventLine, NodeTrace, Pass, RunResult, Span, Station

SIZE_LIMIT = 6_000_000  # octets
HOSTILE = "<script>alert('1')</script></script><!--\x1b[31m\"&amp;\u202e\ud800"
NOTHING = np.empty(0)
EMPTY = RunResult(
    name="nothing", spacecraft="pathfinder", scenario="", seed=0, epoch=datetime(2026, 1, 1, tzinfo=UTC),
    duration_s=0.0, times_s=NOTHING, charge=NOTHING, charge_onboard=NOTHING, array_w=NOTHING, load_w=NOTHING,
    battery_w=NOTHING, latitude_deg=NOTHING, longitude_deg=NOTHING, nodes=(), modes=(), eclipses=(), passes=(),
    stations=(), events=(), checks=(), totals=(),
)  # fmt: skip


def tree(result: RunResult) -> html.HtmlElement:
    return html.document_fromstring(page(result))


def data(result: RunResult) -> dict[str, Any]:
    (script,) = tree(result).xpath("//script[@id='payload']")
    found = json.loads(script.text)
    assert isinstance(found, dict)
    return found


def text_of(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def rows(result: RunResult, heading: str) -> list[str]:
    found = tree(result).xpath(f"//section[@aria-labelledby='{heading}']//tbody/tr")
    return [text_of(row) for row in found]


def test_every_series_is_there_with_its_unit(day: RunResult) -> None:
    charts = {chart["key"]: chart for chart in data(day)["charts"]}
    curves = {key: [curve["label"] for curve in chart["curves"]] for key, chart in charts.items()}
    assert curves["charge"] == ["true", "onboard estimate"]
    looks = [curve["look"] for key in ("charge", "power") for curve in charts[key]["curves"]]
    assert looks == ["line", "dashed", "area", "line", "line"]
    assert curves["power"] == ["battery (charging +)", "array", "load"]
    nodes = [label for key, labels in curves.items() if key.startswith("node") for label in labels]
    assert sorted(nodes) == sorted(node.name for node in day.nodes)
    units = {key: chart["unit"] for key, chart in charts.items()}
    assert (units["charge"], units["power"], units["node-0"]) == ("%", "W", "°C")
    for chart in charts.values():
        assert all(len(curve["values"]) == len(chart["times"]) for curve in chart["curves"])
    slots = tree(day).xpath("//div[@class='plot']/@data-key")
    assert slots == ["timeline", *charts]


def test_curves_hold_the_values_of_the_run(day: RunResult) -> None:
    run = data(day)
    sources = [day.charge, day.charge_onboard, day.battery_w, day.array_w, day.load_w]
    curves = run["charts"][0]["curves"] + run["charts"][1]["curves"]
    for source, scale, curve in zip(sources, (100, 100, 1, 1, 1), curves, strict=True):
        drawn = [value for value in curve["values"] if value is not None]
        assert min(drawn) == pytest.approx(scale * np.nanmin(source), abs=0.006)
        assert max(drawn) == pytest.approx(scale * np.nanmax(source), abs=0.006)
        assert curve["extent"] == [min(drawn), max(drawn)]
    node = run["charts"][2]
    assert node["limits"] == [day.nodes[0].low, day.nodes[0].high]
    assert node["range"][0] < day.nodes[0].low < day.nodes[0].high < node["range"][1]
    times, drawn = run["charts"][2]["times"], run["charts"][2]["curves"][0]["values"]
    expected = np.interp(times, day.times_s, day.nodes[0].temperature)
    assert np.abs(np.array(drawn) - expected).max() < 0.006


def test_large_powers_are_in_kilowatt(day: RunResult) -> None:
    watts = {name: 1_000.0 * getattr(day, name) for name in ("array_w", "load_w", "battery_w")}
    chart = data(replace(day, **watts))["charts"][1]
    assert chart["unit"] == "kW"
    highest = [curve["extent"][1] for curve in chart["curves"]]
    assert highest == pytest.approx([day.battery_w.max(), day.array_w.max(), day.load_w.max()], abs=0.006)


def test_bands_and_track(day: RunResult) -> None:
    run = data(day)
    modes = [run["modes"]["names"][row[2]] for row in run["modes"]["rows"]]
    assert modes == [span.name for span in day.modes]
    assert len(run["eclipses"]["rows"]) == len(day.eclipses)
    contacts = [(row[0], run["contacts"]["names"][row[2]]) for row in run["contacts"]["rows"]]
    assert contacts == [(contact.start_s, contact.station) for contact in day.passes]
    assert len(run["track"]["times"]) == len(run["track"]["latitude"]) == len(run["track"]["longitude"])
    assert run["track"]["longitude"][500] == pytest.approx(day.longitude_deg[500], abs=0.006)
    assert run["epoch_ms"] == 1_773_964_800_000


@pytest.mark.slow
def test_gaps_are_null_never_nan(day: RunResult) -> None:
    assert np.isnan(day.charge_onboard).any()
    run = data(day)
    true, onboard = run["charts"][0]["curves"]
    assert None not in true["values"]
    assert None in onboard["values"]
    silent = replace(day, charge=day.charge * np.nan, latitude_deg=day.latitude_deg * np.nan)
    text = page(silent)
    assert "NaN" not in json.dumps(data(silent))
    assert "Infinity" not in json.dumps(data(silent))
    assert "nan" not in text_of(html.document_fromstring(text).xpath("//dl[@class='tiles']")[0])


def test_nodes_share_a_chart_only_with_equal_limits_and_few_at_once(day: RunResult) -> None:
    nodes = tuple(
        NodeTrace(f"n{index}", day.nodes[0].temperature, -10.0, 50.0 + index % 2) for index in range(15)
    )
    charts = data(replace(day, nodes=nodes))["charts"][2:]
    assert all(len(chart["curves"]) <= NODES_TOGETHER for chart in charts)
    assert [chart["limits"][1] for chart in charts] == [50, 50, 51, 51]
    assert sum(len(chart["curves"]) for chart in charts) == 15


def test_what_repeats_the_run_is_on_the_page(day: RunResult) -> None:
    top = text_of(tree(day).xpath("//dl[@class='provenance']")[0])
    for expected in (day.scenario, str(day.seed), "2026-03-20 00:00:00 UTC", day.trace_hash, "1 d"):
        assert expected in top
    assert day.reproduce in text_of(tree(day).xpath("//section[@aria-labelledby='repeat-heading']")[0])
    assert "not recorded" in text_of(tree(EMPTY).xpath("//dl[@class='provenance']")[0])


def test_checks_that_never_ran_say_so(day: RunResult) -> None:
    found = rows(day, "checks-heading")
    assert len(found) == len(day.checks)
    assert found[0] == "no command takes effect twice214 times0 times✓ HELD"
    assert found[3].endswith("0 times0 times○ NOT EXERCISED")
    assert found[6].endswith("6 times1 time✗ FAILED")
    banner = text_of(tree(day).xpath("//p[starts-with(@class,'verdict')]")[0])
    assert banner == "✗ 1 of 8 checks failed · 2 not exercised"


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        ((), "○ No checks were watched"),
        ((CheckCount("a", 0, 0),), "○ No check was exercised"),
        ((CheckCount("a", 4, 0),), "✓ 1 of 1 checks held"),
        ((CheckCount("a", 4, 0), CheckCount("b", 0, 0)), "✓ 1 of 2 checks held · 1 not exercised"),
    ],
)
def test_banner(day: RunResult, checks: tuple[CheckCount, ...], text: str) -> None:
    banner = tree(replace(day, checks=checks)).xpath("//p[starts-with(@class,'verdict')]")[0]
    assert text_of(banner) == text


def test_tables(day: RunResult) -> None:
    assert len(rows(day, "passes-heading")) == len(day.passes)
    passes = rows(replace(day, passes=(Pass("Weilheim", 540.0, 1_010.0, 67.8),)), "passes-heading")
    assert passes[0] == "1Weilheim2026-03-20 00:09:0000:16:507 min 50 s67.8 °"
    assert rows(day, "totals-heading") == [f"{label}{value}" for label, value in day.totals]
    assert rows(day, "links-heading") == [f"{label}{value}" for label, value in day.link_totals]
    nodes = rows(day, "nodes-heading")
    assert nodes[0] == "battery13.9 to 26.3 °C0 to 40 °C13.7 K"
    assert len(nodes) == len(day.nodes)


def test_a_node_beyond_its_limit_is_marked(day: RunResult) -> None:
    hot = NodeTrace("oven", np.where(day.times_s < 600.0, 90.0, 20.0), 0.0, 80.0)
    result = replace(day, nodes=(hot,))
    assert rows(result, "nodes-heading")[0].endswith("✗ −10.0 K, 10 min outside")
    assert "beyond its limit" in text_of(tree(result).xpath("//div[@class='tile failed']")[0])


def test_events_reach_the_page_in_order(day: RunResult) -> None:
    events = data(day)["events"]
    assert events["total"] == len(day.events)
    assert events["rows"] == [[e.at_s, e.severity, e.module, e.name, e.text] for e in day.events]
    assert events["severities"] == [["HIGH", 3, 2], ["MEDIUM", 2, 1], ["LOW", 1, 16], ["INFO", 0, 87]]


@pytest.mark.slow
def test_a_flood_of_events_keeps_the_gravest_and_says_how_many_there_were(day: RunResult) -> None:
    flood = [EventLine(float(at), "INFO", "power", "over", f"count {at}") for at in range(25_000)]
    flood[24_990] = EventLine(24_990.0, "HIGH", "power", "off", "battery")
    events = data(replace(day, events=tuple(flood)))["events"]
    assert events["total"] == 25_000
    assert len(events["rows"]) == EVENTS_SHOWN
    assert [24_990, "HIGH", "power", "off", "battery"] in events["rows"]
    assert events["rows"][0][0] == 0
    times = [row[0] for row in events["rows"]]
    assert times == sorted(times)
    assert events["severities"] == [["HIGH", 3, 1], ["INFO", 0, 24_999]]


def test_unknown_severities_rank_above_all(day: RunResult) -> None:
    events = (EventLine(1.0, "high", "a", "b", ""), EventLine(2.0, "PANIC", "a", "b", ""))
    assert data(replace(day, events=events))["events"]["severities"] == [["PANIC", 3, 1], ["high", 3, 1]]


@pytest.mark.slow
def test_long_hostile_events_stay_within_their_octets(day: RunResult) -> None:
    events = tuple(EventLine(float(at), "HIGH", "m", "n", "<\x1b\u202e😀" * 5_000) for at in range(3_000))
    result = replace(day, events=events)
    found = data(result)["events"]
    assert found["total"] == 3_000
    assert 100 < len(found["rows"]) < 3_000
    assert len(json.dumps(found["rows"], ensure_ascii=False).encode()) < 1.2 * EVENT_OCTETS
    assert len(page(result).encode()) < SIZE_LIMIT


def hostile(day: RunResult) -> RunResult:
    return replace(
        day, name=HOSTILE, spacecraft=HOSTILE, scenario=HOSTILE, trace_hash=HOSTILE, reproduce=HOSTILE,
        totals=((HOSTILE, HOSTILE),), link_totals=((HOSTILE, HOSTILE),),
        events=(EventLine(float("nan"), HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        modes=(Span(0.0, 9.0, HOSTILE),), eclipses=(Span(0.0, 9.0, HOSTILE),),
        passes=(Pass(HOSTILE, 5.0, 9.0, 3.0),), stations=(Station(HOSTILE, 1.0, 2.0, 5.0),),
        nodes=(NodeTrace(HOSTILE, day.nodes[0].temperature, 0.0, 90.0),), checks=(CheckCount(HOSTILE, 1, 0),),
    )  # fmt: skip


@pytest.mark.slow
def test_hostile_text_is_text_everywhere(day: RunResult) -> None:
    text = page(hostile(day))
    loud = html.document_fromstring(text)
    assert len(loud.xpath("//script")) == len(tree(day).xpath("//script")) == 2
    assert not loud.xpath("//*[@onerror or @onclick or @onload]")
    assert not loud.xpath("//comment()[contains(., 'amp')]")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("<script") == 2
    shown = "<script>alert('1')</script></script><!--␛[31m\"&amp;⟨U+202E⟩⟨U+D800⟩"
    for heading in ("totals-heading", "links-heading", "checks-heading", "nodes-heading", "passes-heading"):
        row = loud.xpath(f"//section[@aria-labelledby='{heading}']//tbody/tr")[0]
        assert shown[:38] in text_of(row)
    run = data(hostile(day))
    assert run["events"]["rows"][0][4] == shown
    assert run["events"]["rows"][0][0] == 0
    assert run["charts"][2]["curves"][0]["label"].startswith("<script>")


def test_nothing_comes_from_outside(day: RunResult) -> None:
    text = page(day)
    document = html.document_fromstring(text)
    for element in document.iter():
        for name, value in element.attrib.items():
            assert name not in {"src", "srcset", "poster", "background", "action", "formaction"}, (
                name,
                value,
            )
            assert name != "href" or value.startswith("#")
    assert not document.xpath("//link | //iframe | //object | //embed | //img | //base")
    addresses = re.findall(r"https?://[^\s\"'<>)]+", text)
    assert addresses == ["https://github.com/leeoniya/uPlot"]  # the banner comment of the library
    for word in (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "@import",
        "url(",
        "sendBeacon",
        "//cdn",
    ):
        assert word not in text, word


def test_only_our_script_may_run(day: RunResult) -> None:
    document = tree(hostile(day))
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    (script,) = document.xpath("//script[not(@type)]")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_licences_travel_with_the_page(day: RunResult) -> None:
    text = page(day)
    assert "Copyright (c) 2022 Leon Sorokin" in text
    assert "Made with Natural Earth" in text


def test_equal_results_give_equal_bytes(make_run: Callable[..., RunResult], tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        write_report(make_run(0.1), tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    write_report(replace(make_run(0.1), seed=1), str(tmp_path / "two.html"))
    assert (tmp_path / "one.html").read_bytes() != (tmp_path / "two.html").read_bytes()


def test_an_empty_run_still_makes_a_page() -> None:
    document = tree(EMPTY)
    said = [text_of(element) for element in document.xpath("//p[@class='empty']")]
    for expected in ("No passes in this run.", "No thermal nodes in this run.", "No totals in this run."):
        assert expected in said
    run = data(EMPTY)
    assert run["events"] == {"total": 0, "severities": [], "rows": []}
    assert [chart["times"] for chart in run["charts"]] == [[], []]


def test_a_run_without_altitude_draws_no_footprints(day: RunResult) -> None:
    assert tree(day).xpath("//path[@class='reach']/@d")[0].count("M") >= len(day.stations)
    assert tree(replace(day, altitude_km=None)).xpath("//path[@class='reach']/@d") == [""]


@pytest.mark.slow
def test_bounded_bands_and_passes(day: RunResult) -> None:
    many = SPANS_SHOWN + 10
    flapping = tuple(Span(float(at), at + 1.0, "SAFE" if at % 2 else "IDLE") for at in range(many))
    contacts = tuple(Pass("A", float(at), at + 0.5, 3.0) for at in range(PASSES_SHOWN + 5))
    result = replace(day, modes=flapping, passes=contacts)
    assert len(data(result)["modes"]["rows"]) == SPANS_SHOWN
    assert len(rows(result, "passes-heading")) == PASSES_SHOWN
    notes = [text_of(note) for note in tree(result).xpath("//p[@class='empty']")]
    assert "The first 1,000 of 1,005 passes are listed." in notes


@pytest.mark.slow
def test_thirty_days_stay_below_the_size_limit(make_run: Callable[..., RunResult], tmp_path: Path) -> None:
    month = make_run(30.0)
    events = tuple(
        EventLine(20.0 * at, "INFO", "power", "over", "rail current 4.2 A" * 5) for at in range(100_000)
    )
    write_report(replace(month, events=events), tmp_path / "report.html")
    assert 1_000_000 < (tmp_path / "report.html").stat().st_size < SIZE_LIMIT
    for chart in data(month)["charts"]:
        assert 3_000 < len(chart["times"]) < 6_100
    node = data(month)["charts"][2]
    expected = np.interp(node["times"], month.times_s, month.nodes[0].temperature)
    assert np.abs(np.array(node["curves"][0]["values"]) - expected).max() < 0.006


def test_structure_a_person_can_use(day: RunResult) -> None:
    document = tree(day)
    assert document.get("lang") == "en"
    assert len(document.xpath("//h1")) == 1
    identities = document.xpath("//@id")
    assert len(identities) == len(set(identities))
    for reference in document.xpath("//@aria-labelledby"):
        assert set(reference.split()) <= set(identities)
    for table in document.xpath("//table"):
        assert table.xpath("./caption")
    for button in document.xpath("//button"):
        assert text_of(button) or button.get("aria-label")
    for field in document.xpath("//input"):
        assert field.get("aria-label") or field.xpath("ancestor::label")
    assert document.xpath("//meta[@name='viewport']")
