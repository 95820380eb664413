"""The data that the page's script draws: series, bands, track and events, thinned and bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.report.jobs import gantt_json
from sim.report.series import Rounded, every, kept_samples, rounded
from sim.report.untrusted import as_script_json, visible
from sim.report.wording import extent, power_unit
from sim.result import EventLine, NodeTrace, RunResult, Series, Span

NODES_TOGETHER = 6  # hues that the palette has
SPANS_SHOWN = 5_000  # of one kind of band; more than one for each pixel helps nobody
TRACK_POINTS = 20_000  # 44 for each orbit of 30 days: a curve to the eye
EVENTS_SHOWN = 10_000  # what a person can filter without waiting
EVENT_OCTETS = 2_000_000  # of JSON: a flood of long, hostile texts must not make the page slow to open
SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH")  # rising; a name that is not here ranks above all


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart; `look` is line, dashed or area, `hue` an index into the page's palette from 1."""

    label: str
    values: Series
    hue: int
    look: str = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over the shared time axis, with the fixed range of the value axis and optional limit lines."""

    key: str
    title: str
    unit: str
    decimals: int
    low: float
    high: float
    curves: tuple[Curve, ...]
    limits: tuple[float, float] | None = None


def charts(result: RunResult) -> list[Chart]:
    return [charge_chart(result), power_chart(result), *node_charts(result.nodes)]


def charge_chart(result: RunResult) -> Chart:
    true, onboard = 100.0 * result.charge, 100.0 * result.charge_onboard
    lowest = extent(np.concatenate((true, onboard)))[0]
    floor = max(0.0, 10.0 * np.floor((lowest - 2.0) / 10.0)) if np.isfinite(lowest) else 0.0
    highest = max(100.0, np.nan_to_num(extent(np.concatenate((true, onboard)))[1], nan=100.0))
    curves = (Curve("true", true, 1), Curve("onboard estimate", onboard, 2, "dashed"))
    return Chart("charge", "Battery charge", "%", 1, float(floor), float(highest), curves)


def power_chart(result: RunResult) -> Chart:
    unit, divisor = power_unit(result.array_w, result.load_w, result.battery_w)
    curves = (
        Curve("battery (charging +)", result.battery_w / divisor, 3, "area"),
        Curve("array", result.array_w / divisor, 5),
        Curve("load", result.load_w / divisor, 1),
    )
    low, high = padded([curve.values for curve in curves], (0.0, 0.0))
    return Chart("power", "Power balance", unit, 1, low, high, curves)


def node_charts(nodes: Sequence[NodeTrace]) -> list[Chart]:
    """Nodes that share limits share a chart, at most `NODES_TOGETHER`, so that it stays readable."""
    groups: dict[tuple[float, float], list[NodeTrace]] = {}
    for node in nodes:
        groups.setdefault((node.low, node.high), []).append(node)
    packs = [
        (limits, members[start : start + NODES_TOGETHER])
        for limits, members in groups.items()
        for start in range(0, len(members), NODES_TOGETHER)
    ]
    found = []
    for index, (limits, members) in enumerate(packs):
        curves = tuple(
            Curve(visible(node.name, 60), node.temperature, hue) for hue, node in enumerate(members, 1)
        )
        low, high = padded([node.temperature for node in members], limits)
        title = ", ".join(curve.label for curve in curves)
        found.append(Chart(f"node-{index}", title, "°C", 1, low, high, curves, limits))
    return found


def padded(series: Sequence[Series], also: tuple[float, float]) -> tuple[float, float]:
    """Range over all finite values and the two given, with 6 % of room at each end."""
    ends = [end for values in series for end in extent(values)] + list(also)
    finite = [end for end in ends if np.isfinite(end)] or [0.0]
    room = 0.06 * (max(finite) - min(finite)) or 1.0
    return float(min(finite) - room), float(max(finite) + room)


def chart_json(chart: Chart, times_s: Series) -> dict[str, object]:
    kept = kept_samples([curve.values for curve in chart.curves])
    finite = [limit if np.isfinite(limit) else None for limit in chart.limits] if chart.limits else None
    return {
        "key": chart.key,
        "title": chart.title,
        "unit": chart.unit,
        "decimals": chart.decimals,
        "range": [chart.low, chart.high],
        "limits": finite,
        "times": rounded(times_s[kept], 3),
        "curves": [
            {
                "label": curve.label,
                "hue": curve.hue,
                "look": curve.look,
                "extent": rounded(np.array(extent(curve.values)), chart.decimals + 1),
                "values": rounded(curve.values[kept], chart.decimals + 1),
            }
            for curve in chart.curves
        ],
    }


def bands(spans: Sequence[Span]) -> dict[str, object]:
    names = list(dict.fromkeys(visible(span.name, 40) for span in spans[:SPANS_SHOWN]))
    rows = [
        [*rounded(np.array((span.start_s, span.end_s)), 3), names.index(visible(span.name, 40))]
        for span in spans[:SPANS_SHOWN]
    ]
    return {"names": names, "rows": rows}


def contacts(result: RunResult) -> dict[str, object]:
    return bands([Span(contact.start_s, contact.end_s, contact.station) for contact in result.passes])


def track(result: RunResult) -> dict[str, Rounded]:
    columns = {"times": result.times_s, "latitude": result.latitude_deg, "longitude": result.longitude_deg}
    return {name: rounded(every(values, TRACK_POINTS), 2) for name, values in columns.items()}


def rank(severity: str) -> int:
    return SEVERITIES.index(severity.upper()) if severity.upper() in SEVERITIES else len(SEVERITIES)


def shown_events(events: Sequence[EventLine]) -> list[EventLine]:
    """All of them, or when there are too many the gravest and then the earliest, in order of time."""
    order = sorted(
        range(len(events)), key=lambda index: (-rank(events[index].severity), events[index].at_s, index)
    )
    kept, octets = [], 0
    for index in order[:EVENTS_SHOWN]:
        octets += len(as_script_json(event_row(events[index])).encode("utf-8")) + 1
        if octets > EVENT_OCTETS:
            break
        kept.append(index)
    return [events[index] for index in sorted(kept, key=lambda index: (events[index].at_s, index))]


def event_row(event: EventLine) -> list[object]:
    at_s = round(event.at_s, 3) if np.isfinite(event.at_s) else 0.0
    return [
        at_s,
        visible(event.severity, 20),
        visible(event.module, 60),
        visible(event.name, 60),
        visible(event.text),
    ]


def event_json(events: Sequence[EventLine]) -> dict[str, object]:
    """Rows of [seconds, severity, module, name, text]; `severities` has [name, rank, how many there were]."""
    counts = Counter(visible(event.severity, 20) for event in events)
    severities = sorted(counts, key=lambda name: (-rank(name), name))
    return {
        "total": len(events),
        "severities": [[name, min(rank(name), len(SEVERITIES) - 1), counts[name]] for name in severities],
        "rows": [event_row(event) for event in shown_events(events)],
    }


def payload(result: RunResult) -> str:
    """JSON safe inside a <script> element."""
    return as_script_json(
        {
            "epoch_ms": round(result.epoch.timestamp() * 1_000),
            "duration_s": result.duration_s,
            "modes": bands(result.modes),
            "eclipses": bands(result.eclipses),
            "contacts": contacts(result),
            "charts": [chart_json(chart, result.times_s) for chart in charts(result)],
            "track": track(result),
            "events": event_json(result.events),
            "gantt": gantt_json(result.gantt),
        }
    )
