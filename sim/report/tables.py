"""The parts of the page that are plain HTML and need no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sim.report.facts import (
    NodeRange,
    Verdict,
    node_ranges,
    verdict,
)
from sim.report.untrusted import as_html
from sim.report.wording import counted, duration, number, utc
from sim.result import CheckCount, RunResult

PASSES_SHOWN = 1_000  # rows; a month of four stations has about 750

MARK = {Verdict.HELD: "✓", Verdict.FAILED: "✗", Verdict.NOT_EXERCISED: "○"}
STYLE = {Verdict.HELD: "held", Verdict.FAILED: "failed", Verdict.NOT_EXERCISED: "idle"}


def row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def figure(text: str, label: str = "") -> str:
    """A cell for a number; `label` names it where a narrow screen has no heads."""
    named = f' data-label="{label}"' if label else ""
    return f'<td class="figure"{named}>{text}</td>'


def empty(text: str) -> str:
    return f'<p class="empty">{text}</p>'


def table(heads: Sequence[str], rows: Sequence[str], caption: str, kind: str = "") -> str:
    """`heads` starting with '>' are set right, over figures."""
    cells = "".join(
        f'<th scope="col" class="figure">{head[1:]}</th>'
        if head.startswith(">")
        else f'<th scope="col">{head}</th>'
        for head in heads
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="{kind}">'
        f'<caption class="unseen">{caption}</caption><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def pairs(rows: Sequence[tuple[str, str]], caption: str, nothing: str) -> str:
    if not rows:
        return empty(nothing)
    cells = (row((f'<th scope="row">{as_html(label)}</th>', figure(as_html(value)))) for label, value in rows)
    body = f'<caption class="unseen">{caption}</caption><tbody>{"".join(cells)}</tbody>'
    return f'<table class="pairs">{body}</table>'


def badge(found: Verdict, text: str) -> str:
    return f'<span class="badge {STYLE[found]}"><b aria-hidden="true">{MARK[found]}</b> {text}</span>'


def check_table(checks: Sequence[CheckCount]) -> str:
    if not checks:
        return empty("No checks were watched in this run.")
    rows = []
    for check in checks:
        found = verdict(check)
        rows.append(
            row(
                (
                    f'<th scope="row">{as_html(check.name)}</th>',
                    figure(counted(check.exercised, "time", "times"), "exercised"),
                    figure(counted(check.failed, "time", "times"), "failed"),
                    f"<td>{badge(found, found.value)}</td>",
                )
            )
        )
    return table(("Invariant", ">Exercised", ">Failed", "Result"), rows, "Checks", "checks")


def node_table(result: RunResult) -> str:
    ranges = node_ranges(result)
    if not ranges:
        return empty("No thermal nodes in this run.")
    rows = [
        row(
            (
                f'<th scope="row">{as_html(node.name, 60)}</th>',
                figure(f"{number(node.lowest, '')} to {number(node.highest, '°C')}"),
                figure(f"{number(node.low, '', 0)} to {number(node.high, '°C', 0)}"),
                f"<td>{range_bar(node)}</td>",
                figure(margin(node)),
            )
        )
        for node in ranges
    ]
    return table(("Node", ">Range", ">Limits", "Within limits", ">Least margin"), rows, "Temperatures")


def margin(node: NodeRange) -> str:
    text = number(node.margin, "K")
    if not node.margin < 0:
        return text
    return badge(Verdict.FAILED, f"{text}, {duration(node.outside_s)} outside")


def range_bar(node: NodeRange) -> str:
    """The stretch between the limits, and on it the stretch that the node went through; decoration."""
    ends = (node.lowest, node.highest, node.low, node.high)
    if not all(np.isfinite(ends)):
        return ""
    left, right = min(ends), max(ends)
    scale = 100.0 / (right - left or 1.0)

    def piece(tag: str, start: float, end: float) -> str:
        spot = f"left:{scale * (start - left):.1f}%;width:{scale * (end - start):.1f}%"
        return f'<{tag} style="{spot}"></{tag}>'

    style = "range outside" if node.margin < 0 else "range"
    bars = piece("i", node.low, node.high) + piece("b", node.lowest, node.highest)
    return f'<span class="{style}" aria-hidden="true">{bars}</span>'


def pass_table(result: RunResult) -> str:
    if not result.passes:
        return empty("No passes in this run.")
    rows = []
    for index, contact in enumerate(result.passes[:PASSES_SHOWN], 1):
        jump = (
            f'<button type="button" class="jump" data-from="{contact.start_s:.3f}"'
            f' data-to="{contact.end_s:.3f}">{utc(result.epoch, contact.start_s)}</button>'
        )
        rows.append(
            row(
                (
                    figure(f"{index:,}"),
                    f'<th scope="row">{as_html(contact.station, 40)}</th>',
                    f"<td>{jump}</td>",
                    figure(utc(result.epoch, contact.end_s)[11:]),
                    figure(duration(contact.end_s - contact.start_s)),
                    figure(number(contact.highest_deg, "°")),
                )
            )
        )
    left = len(result.passes) - len(rows)
    note = empty(f"The first {len(rows):,} of {len(result.passes):,} passes are listed.") if left else ""
    heads = (">#", "Station", "Rise, UTC", ">Set, UTC", ">Duration", ">Highest")
    return table(heads, rows, "Passes") + note
