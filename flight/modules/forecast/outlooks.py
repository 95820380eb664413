"""An outlook from a look ahead, or without one from what the sun watch has learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from flight.declare import SECOND
from flight.modules.forecast.fits import WARMING_S, Fits
from flight.planning import (
    ELEMENTS,
    LEARNED,
    Ahead,
    Forecast,
    Limits,
    Outlook,
    PlanningTable,
    StationPass,
    envelope,
)
from flight.planning.ahead import contact_mb

MOVED_ARRAY, MOVED_BASE = 0.05, 0.10  # of the table's: an outlook is posted anew
MOVED_K = 1.0


class Sky(NamedTuple):
    """What outside brings, slot by slot from `slot_0_ns` on."""

    slot_0_ns: int
    eclipse: tuple[float, ...]
    anomaly: tuple[bool, ...]
    passes: tuple[StationPass, ...]
    source: str


class Phase(NamedTuple):
    """What the sun watch says: lit now, seconds left of that, and what to expect of eclipse and orbit."""

    sunlit: bool
    left_s: float
    eclipse_s: float
    period_s: float


def sky_of(ahead: Ahead, place: int, table: PlanningTable, *, sure: bool) -> Sky:
    """From the slot at `place` of the look ahead on.  Not `sure` of UTC, the anomaly is a slot longer at each end."""
    slot_0_ns, end = ahead.slot_0_ns + place * table.slot_s * SECOND, place + table.slots
    end_ns = slot_0_ns + table.slots * table.slot_s * SECOND
    passes = tuple(one for one in ahead.passes if one.last_ns > slot_0_ns and one.first_ns < end_ns)
    anomaly = ahead.anomaly if sure else _longer(ahead.anomaly)
    return Sky(slot_0_ns, ahead.eclipse[place:end], anomaly[place:end], passes, ELEMENTS)


def _longer(anomaly: tuple[bool, ...]) -> tuple[bool, ...]:
    """By a slot at each end: a reboot sets the clock ahead by a minute at most (`flight.boot.RESERVED_NS`)."""
    return tuple(any(anomaly[max(0, slot - 1) : slot + 2]) for slot in range(len(anomaly)))


def learned_sky(now: int, phase: Phase, slot_s: int, slots: int) -> Sky:
    """Where it is nobody knows: every slot may be in the anomaly, and no pass is known."""
    slot_ns = slot_s * SECOND
    slot_0_ns = now // slot_ns * slot_ns
    offset_s = (now - slot_0_ns) / SECOND
    shares = [0.0] * slots
    length_s = min(phase.eclipse_s, phase.period_s)
    begin_s = offset_s + phase.left_s
    if not phase.sunlit:
        _shade(shares, slot_s, 0.0, begin_s)
        begin_s += phase.period_s - length_s
    while begin_s < slots * slot_s and length_s > 0.0:
        _shade(shares, slot_s, begin_s, begin_s + length_s)
        begin_s += phase.period_s
    return Sky(slot_0_ns, tuple(shares), (True,) * slots, (), LEARNED)


def _shade(shares: list[float], slot_s: int, begin_s: float, end_s: float) -> None:
    for slot in range(int(begin_s // slot_s), min(len(shares), math.ceil(end_s / slot_s))):
        covered = min(end_s, (slot + 1) * slot_s) - max(begin_s, slot * slot_s)
        shares[slot] = min(1.0, shares[slot] + covered / slot_s)


def harvests(eclipse: Sequence[float], fits: Fits, since_sunrise_s: float, slot_s: int) -> tuple[float, ...]:
    found, since_s = [], since_sunrise_s
    for share in eclipse:
        found.append((1.0 - share) * max(0.0, fits.array.at(math.exp(-since_s / WARMING_S))))
        since_s = 0.0 if share >= 1.0 else since_s + slot_s
    return tuple(found)


def outlook_of(sky: Sky, fits: Fits, limits: Limits, since_sunrise_s: float, utc_0_s: int) -> Outlook:
    """What is learned serves plans; the guard's worst case is of the table, or of what was measured if worse."""
    table, slots = fits.table, len(sky.eclipse)
    harvest_w = harvests(sky.eclipse, fits, since_sunrise_s, table.slot_s)
    contact = contact_mb(sky.passes, sky.slot_0_ns, table.slot_s, slots)
    base_w = base_of(sky, contact, max(table.base_w, fits.base_w), max(table.base_w, fits.contact_w))
    heat = fits.heat
    idle_c, resistance = max(table.idle_c, heat.base), heat.slope - table.quick_k_w
    nominal = table.resistance_k_w - table.quick_k_w
    sinking = min(resistance, nominal)  # the table's idle temperature is with the base load
    told = Forecast(
        harvest_w=harvest_w,
        base_w=base_w,
        sink_c=tuple(idle_c - sinking * watts for watts in base_w),
        anomaly=sky.anomaly,
        contact_mb=contact,
        resistance_k_w=resistance,
        nominal_harvest_w=tuple(table.array_w * (1.0 - share) for share in sky.eclipse),
        nominal_resistance_k_w=nominal,
    )
    survives = envelope(limits, told)
    return Outlook(sky.slot_0_ns, utc_0_s, limits, told, survives, sky.eclipse, sky.passes, sky.source)


def moved_of(fits: Fits) -> tuple[float, float, float, float]:
    """What is learned, in units of what makes a new outlook worth its plan."""
    table, heat = fits.table, fits.heat
    return (
        fits.array.base / (MOVED_ARRAY * table.array_w),
        max(table.base_w, fits.base_w) / (MOVED_BASE * table.base_w),
        max(table.idle_c, heat.base) / MOVED_K,
        heat.slope / (MOVED_ARRAY * table.resistance_k_w),
    )


def base_of(sky: Sky, contact: Sequence[float], base_w: float, contact_w: float) -> tuple[float, ...]:
    """Where no passes are known, any slot may have one."""
    contact_w = max(base_w, contact_w)
    if sky.source == LEARNED:
        return (contact_w,) * len(contact)
    return tuple(contact_w if volume else base_w for volume in contact)
