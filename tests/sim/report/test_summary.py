"""The table at the end of a run, on a terminal and in a log."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from sim.report import print_summary, summary_table
from sim.result import CheckCount, EventLine, RunResult

HOSTILE = "[red]\x1b[2J</script>\nnext"


def in_a_log(result: RunResult) -> list[str]:
    stream = io.StringIO()
    print_summary(result, stream=stream)
    return stream.getvalue().splitlines()


def on_a_terminal(result: RunResult, width: int = 100) -> str:
    stream = io.StringIO()
    print_summary(
        result, console=Console(file=stream, force_terminal=True, width=width, color_system="standard")
    )
    return stream.getvalue()


def test_every_total_extreme_and_check_has_a_line(day: RunResult) -> None:
    lines = in_a_log(day)
    assert lines[0] == "pathfinder: synthetic-day"
    pairs = dict(line.split("  ", 1) for line in lines[1:])
    pairs = {label: value.strip() for label, value in pairs.items()}
    for label, value in (*day.totals, *day.link_totals):
        assert pairs[label] == value
    assert pairs["lowest charge"] == "86.1 % at T+01:26:00"
    assert pairs["temperature of battery"] == "13.9 to 26.3 °C, margin 13.7 K"
    assert pairs["trace hash"] == day.trace_hash
    assert pairs["no command takes effect twice"] == "214 times, HELD"
    assert pairs["when faults stop, the system returns to nominal"] == "NOT EXERCISED"
    assert pairs["every fault is reported once per episode"] == "6 times, FAILED 1 time"


def test_a_log_has_no_colour_and_no_wrapping(day: RunResult) -> None:
    text = "\n".join(in_a_log(replace(day, totals=(("long", "x" * 200),))))
    assert "\x1b" not in text
    assert "x" * 200 in text


def test_a_terminal_has_colour_for_what_failed(day: RunResult) -> None:
    text = on_a_terminal(day)
    assert "\x1b[1;31m" in text
    assert "FAILED 1 time" in text
    assert "NOT EXERCISED" in text


def test_hostile_text_acts_neither_as_markup_nor_as_escape(day: RunResult) -> None:
    result = replace(
        day, name=HOSTILE, totals=((HOSTILE, HOSTILE),), checks=(CheckCount(HOSTILE, 0, 0),),
        events=(EventLine(0.0, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )  # fmt: skip
    for text in ("\n".join(in_a_log(result)), on_a_terminal(result, 160)):
        assert "\x1b[2J" not in text
        assert text.count("[red]␛[2J</script>␊next") == 4  # title, label, value, check


def test_a_silent_run_has_a_table(day: RunResult) -> None:
    silent = replace(day, charge=day.charge * float("nan"), nodes=(), checks=(), totals=(), link_totals=())
    assert "no sample" in "\n".join(in_a_log(silent))
    assert summary_table(silent).row_count == 3
