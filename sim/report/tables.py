"""The parts of the page that are plain HTML and need no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sim.report.facts import (
    Tally,
    Verdict,
    charge_error,
    energy_wh,
    lowest_charge,
    node_ranges,
    tally,
    total_s,
    verdict,
)
from sim.report.untrusted import as_html
from sim.report.wording import MISSING, duration, elapsed, number, utc
from sim.result import CheckCount, RunResult

PASSES_SHOWN = 1_000  # rows; a month of four stations has about 750

MARK = {Verdict.HELD: "✓", Verdict.FAILED: "✗", Verdict.NOT_EXERCISED: "○"}
STYLE = {Verdict.HELD: "held", Verdict.FAILED: "failed", Verdict.NOT_EXERCISED: "idle"}


def row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def figure(text: str) -> str:
    return f'<td class="figure">{text}</td>'


def empty(text: str) -> str:
    return f'<p class="empty">{text}</p>'


def table(heads: Sequence[str], rows: Sequence[str], caption: str) -> str:
    """`heads` starting with '>' are set right, over figures."""
    cells = "".join(
        f'<th scope="col" class="figure">{head[1:]}</th>' if head.startswith(">") else f'<th scope="col">{head}</th>'
        for head in heads
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
        f'<caption class="unseen">{caption}</caption><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def banner(checks: Sequence[CheckCount]) -> str:
    """One line on top: what the checks say, without hiding those that said nothing."""
    count: Tally = tally(checks)
    if not checks:
        return '<p class="verdict idle"><b aria-hidden="true">○</b> No checks were watched</p>'
    if count.failed:
        text, style, mark = f"{count.failed} of {len(checks)} checks failed", "failed", "✗"
    elif count.held:
        text, style, mark = f"{count.held} of {len(checks)} checks held", "held", "✓"
    else:
        text, style, mark = "No check was exercised", "idle", "○"
    rest = f" · {count.idle} not exercised" if count.idle and (count.failed or count.held) else ""
    return f'<p class="verdict {style}"><b aria-hidden="true">{mark}</b> {text}<span>{rest}</span></p>'


def tile(label: str, value: str, note: str, style: str = "") -> str:
    kind = f" {style}" if style else ""
    return f'<div class="tile{kind}"><dt>{label}</dt><dd>{value}<small>{note}</small></dd></div>'


def tiles(result: RunResult) -> str:
    charge, when = lowest_charge(result)
    tightest = next(iter(node_ranges(result)), None)
    made, used = energy_wh(result.array_w, result.times_s), energy_wh(result.load_w, result.times_s)
    unit, divisor = ("kWh", 1_000.0) if made >= 10_000.0 else ("Wh", 1.0)
    shadow, contact = total_s(result.eclipses), sum(span.end_s - span.start_s for span in result.passes)
    share = f"{100 * shadow / result.duration_s:.0f} % of the time" if result.duration_s else MISSING
    at_lowest = f"at {elapsed(when)}" if np.isfinite(when) else "no sample"
    outside = tightest is not None and tightest.margin < 0
    return "".join(
        (
            tile("Lowest charge", number(100 * charge, "%"), at_lowest),
            tile("Largest charge error", number(100 * charge_error(result), "%"), "onboard against true"),
            tile("Energy used", number(used / divisor, unit, 0), f"of {number(made / divisor, unit, 0)} from the array"),
            tile(
                "Tightest temperature",
                number(tightest.margin, "K") if tightest else MISSING,
                f"{as_html(tightest.name, 40)}, {'beyond' if outside else 'from'} its limit" if tightest else "no nodes",
                "failed" if outside else "",
            ),
            tile("Eclipse", duration(shadow) if shadow else MISSING, f"{len(result.eclipses):,} eclipses, {share}"),
            tile("Contact", duration(contact) if contact else MISSING, f"{len(result.passes):,} passes"),
        )
    )


def pairs(rows: Sequence[tuple[str, str]], caption: str, nothing: str) -> str:
    if not rows:
        return empty(nothing)
    cells = (row((f'<th scope="row">{as_html(label)}</th>', figure(as_html(value)))) for label, value in rows)
    return f'<table class="pairs"><caption class="unseen">{caption}</caption><tbody>{"".join(cells)}</tbody></table>'


def check_table(checks: Sequence[CheckCount]) -> str:
    if not checks:
        return empty("No checks were watched in this run.")
    rows = []
    for check in checks:
        found = verdict(check)
        badge = f'<td><span class="badge {STYLE[found]}"><b aria-hidden="true">{MARK[found]}</b> {found.value}</span></td>'
        rows.append(
            row(
                (
                    f'<th scope="row">{as_html(check.name)}</th>',
                    figure(f"{check.exercised:,} times"),
                    figure(f"{check.failed:,} times"),
                    badge,
                )
            )
        )
    return table(("Invariant", ">Exercised", ">Failed", "Result"), rows, "Checks")


def node_table(result: RunResult) -> str:
    ranges = node_ranges(result)
    if not ranges:
        return empty("No thermal nodes in this run.")
    rows = [
        row(
            (
                f'<th scope="row">{as_html(node.name, 60)}</th>',
                figure(number(node.lowest, "°C")),
                figure(number(node.highest, "°C")),
                figure(f"{number(node.low, '', 0)} to {number(node.high, '°C', 0)}"),
                figure(f'<span class="{"badge failed" if node.margin < 0 else ""}">{number(node.margin, "K")}</span>'),
                figure(duration(node.outside_s) if node.outside_s else "0 s"),
            )
        )
        for node in ranges
    ]
    return table(("Node", ">Lowest", ">Highest", ">Limits", ">Least margin", ">Outside"), rows, "Temperatures")


def pass_table(result: RunResult) -> str:
    if not result.passes:
        return empty("No passes in this run.")
    rows = []
    for index, contact in enumerate(result.passes[:PASSES_SHOWN], 1):
        jump = (
            f'<button type="button" class="jump" data-from="{contact.start_s:.3f}" data-to="{contact.end_s:.3f}">'
            f"{utc(result.epoch, contact.start_s)}</button>"
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


def provenance(result: RunResult) -> str:
    """What it takes to repeat the run."""
    rows = (
        ("Scenario", as_html(result.scenario)),
        ("Seed", f"<code>{result.seed}</code>"),
        ("Epoch", f"{utc(result.epoch, 0.0)} UTC"),
        ("Duration", duration(result.duration_s)),
        ("Trace hash", f"<code>{as_html(result.trace_hash)}</code>" if result.trace_hash else "not recorded"),
    )
    return "".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in rows)


def repeat(result: RunResult) -> str:
    command = as_html(result.reproduce, 2_000)
    told = f"<pre tabindex='0'><code>{command}</code></pre>" if command else empty("No command was recorded.")
    return f"{told}<p>The same seed and commit give the same trace hash.</p>"
