"""What stands on top of the page and at its foot: the verdict, the figures, and how to repeat the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.report.facts import charge_error, energy_wh, lowest_charge, node_ranges, tally, total_s
from sim.report.tables import empty
from sim.report.untrusted import as_html
from sim.report.wording import MISSING, counted, duration, elapsed, number, utc
from sim.result import CheckCount, RunResult


def banner(checks: Sequence[CheckCount]) -> str:
    """One line on top: what the checks say, without hiding those that said nothing."""
    count = tally(checks)
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
    margin_note = "no nodes"
    outside = tightest is not None and tightest.margin < 0
    if tightest is not None:
        margin_note = f"{as_html(tightest.name, 40)}, {'beyond' if outside else 'from'} its limit"
    eclipses = counted(len(result.eclipses), "eclipse", "eclipses")
    passes = counted(len(result.passes), "pass", "passes")
    from_array = f"of {number(made / divisor, unit, 0)} from the array"
    at_lowest = f"at {elapsed(when)}" if np.isfinite(when) else "no sample"
    return "".join(
        (
            tile("Lowest charge", number(100 * charge, "%"), at_lowest),
            tile("Largest charge error", number(100 * charge_error(result), "%"), "onboard against true"),
            tile("Energy used", number(used / divisor, unit, 0), from_array),
            tile(
                "Tightest temperature",
                number(tightest.margin, "K") if tightest else MISSING,
                margin_note,
                "failed" if outside else "",
            ),
            tile("Eclipse", duration(shadow) if shadow else MISSING, f"{eclipses}, {share}"),
            tile("Contact", duration(contact) if contact else MISSING, passes),
        )
    )


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
