"""The table at the end of a run, for a terminal or for a log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.facts import Verdict, charge_error, lowest_charge, node_ranges, verdict
from sim.report.untrusted import visible
from sim.report.wording import counted, elapsed, number
from sim.result import RunResult

COLOURS = {Verdict.HELD: "green", Verdict.FAILED: "bold red", Verdict.NOT_EXERCISED: "yellow"}


def summary_rows(result: RunResult) -> Iterator[tuple[str, str, str]]:
    """Label, value and style; every text is harmless to a terminal."""
    for label, value in (*result.totals, *result.job_totals, *result.link_totals):
        yield visible(label), visible(value), ""
    charge, when = lowest_charge(result)
    yield (
        "lowest charge",
        f"{number(100 * charge, '%')} at {elapsed(when)}" if charge == charge else "no sample",
        "",
    )
    yield "largest charge error on board", number(100 * charge_error(result), "%"), ""
    for node in node_ranges(result):
        value = (
            f"{number(node.lowest, '')} to {number(node.highest, '°C')}, margin {number(node.margin, 'K')}"
        )
        yield f"temperature of {visible(node.name)}", value, "bold red" if node.margin < 0 else ""
    if result.trace_hash:
        yield "trace hash", visible(result.trace_hash), ""


def summary_table(result: RunResult) -> Table:
    """Totals, extremes and one row for each check, as a rich table."""
    title = Text(visible(f"{result.spacecraft}: {result.name}"), style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", overflow="fold")
    for label, value, style in summary_rows(result):
        table.add_row(Text(label), Text(value, style=style))
    table.add_section()
    for check in result.checks:
        found = verdict(check)
        count = f"{counted(check.exercised, 'time', 'times')}, " if check.exercised else ""
        failed = f" {counted(check.failed, 'time', 'times')}" if check.failed else ""
        table.add_row(Text(visible(check.name)), Text(f"{count}{found.value}{failed}", style=COLOURS[found]))
    return table


def print_summary(result: RunResult, *, stream: TextIO | None = None, console: Console | None = None) -> None:
    """The table on a terminal; elsewhere one 'label: value' line for each row, without colour or wrapping."""
    screen = console or Console(file=stream)
    if screen.is_terminal:
        screen.print(summary_table(result))
        return
    table = summary_table(result)
    labels, values = ([str(cell) for cell in column.cells] for column in table.columns)
    width = max((len(label) for label in labels), default=0)
    lines = [
        str(table.title),
        *(f"{label:<{width}}  {value}" for label, value in zip(labels, values, strict=True)),
    ]
    screen.file.write("\n".join(lines) + "\n")
