"""Numbers and times as a person reads them, each with its unit."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from sim.result import Series

MISSING = "\u2013"  # en dash: a value that is not there
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def number(value: float, unit: str, decimals: int = 1) -> str:
    """'-12.5 degC' with a real minus sign; a non-finite value is a dash."""
    if not np.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("-")
    return f"{text.replace('-', chr(0x2212))} {unit}".rstrip()


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def duration(seconds: float) -> str:
    """The two largest units: '1 d 4 h', '3 h 12 min', '9 min 40 s', '12.5 s'."""
    if not np.isfinite(seconds):
        return MISSING
    if seconds < MINUTE_S:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    parts = (
        (whole // DAY_S, "d"),
        (whole % DAY_S // HOUR_S, "h"),
        (whole % HOUR_S // MINUTE_S, "min"),
        (whole % MINUTE_S, "s"),
    )
    first = next(index for index, (amount, _) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)


def elapsed(seconds: float) -> str:
    """'T+1 d 02:03:04', the time since the start of the run."""
    sign, whole = ("\u2212", round(-seconds)) if seconds < 0 else ("+", round(seconds))
    days, rest = divmod(whole, DAY_S)
    clock = f"{rest // HOUR_S:02d}:{rest % HOUR_S // MINUTE_S:02d}:{rest % MINUTE_S:02d}"
    return f"T{sign}{days} d {clock}" if days else f"T{sign}{clock}"


def utc(epoch: datetime, seconds: float) -> str:
    """'2026-03-20 04:12:30' for a time in seconds since the epoch of the run."""
    return (epoch + timedelta(seconds=round(seconds))).strftime("%Y-%m-%d %H:%M:%S")


def power_unit(*series: Series) -> tuple[str, float]:
    """Unit and divisor for powers in W: kW from 10 kW up."""
    return ("kW", 1_000.0) if any(extent(values)[1] >= 10_000.0 for values in series) else ("W", 1.0)


def extent(values: Series) -> tuple[float, float]:
    """Lowest and highest finite value; two NaN when there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)
