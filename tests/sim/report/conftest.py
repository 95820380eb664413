"""A SYNTHETIC run: curves made by formulas so that the report can be tried.  No simulator was involved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from sim.result import CheckCount, EventLine, NodeTrace, Pass, RunResult, Series, Span, Station

PERIOD_S = 95.65 * 60  # 550 km circular
INCLINATION = np.radians(97.6)
ALTITUDE_KM, EARTH_KM = 550.0, 6371.0
ECLIPSE_FRACTION = 0.351
STATIONS = (
    Station("Svalbard", 78.23, 15.39, 5.0),
    Station("Weilheim", 47.88, 11.08, 10.0),
    Station("Awarua", -46.53, 168.38, 5.0),
    Station("Hartebeesthoek", -25.89, 27.69, 10.0),
)
CHECKS = (
    CheckCount("no command takes effect twice", 214, 0),
    CheckCount("no acknowledged command is forgotten", 214, 0),
    CheckCount("hazardous action only after arm, then execute, in time", 3, 0),
    CheckCount("every reboot ends in a known safe state with the link alive", 0, 0),
    CheckCount("actuator limits hold whatever the sensors say", 86_400, 0),
    CheckCount("stored bytes never exceed their budget", 86_400, 0),
    CheckCount("every fault is reported once per episode", 6, 1),
    CheckCount("when faults stop, the system returns to nominal", 0, 0),
)


def spans(times: Series, inside: np.ndarray, name: str) -> tuple[Span, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(int)))
    last = len(times) - 1
    return tuple(
        Span(float(times[start]), float(times[min(end, last)]), name)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def smoothed(target: Series, step_s: float, constant_s: float, start: float) -> Series:
    out, value, gain = np.empty_like(target), start, step_s / constant_s
    for index, wanted in enumerate(target.tolist()):
        value += gain * (wanted - value)
        out[index] = value
    return out


def elevation_deg(station: Station, latitude: Series, longitude: Series) -> Series:
    here, there = np.radians(station.latitude_deg), np.radians(latitude)
    turn = np.radians(longitude - station.longitude_deg)
    cosine = np.sin(here) * np.sin(there) + np.cos(here) * np.cos(there) * np.cos(turn)
    ratio = EARTH_KM / (EARTH_KM + ALTITUDE_KM)
    return np.degrees(np.arctan2(cosine - ratio, np.sqrt(1.0 - cosine**2)))


def passes(times: Series, latitude: Series, longitude: Series) -> tuple[Pass, ...]:
    found = []
    for station in STATIONS:
        elevation = elevation_deg(station, latitude, longitude)
        for span in spans(times, elevation > station.mask_deg, station.name):
            during = elevation[(times >= span.start_s) & (times <= span.end_s)]
            found.append(Pass(station.name, span.start_s, span.end_s, float(during.max())))
    return tuple(sorted(found, key=lambda contact: contact.start_s))


def mode_spans(duration_s: float) -> tuple[Span, ...]:
    edges = [0.0, 300.0, 2_400.0, 0.36, 0.40, 0.455, 0.74, 0.78]
    starts = edges[:3] + [duration_s * part for part in edges[3:]] + [duration_s]
    names = ("BOOT", "IDLE", "COMPUTE", "IDLE", "SAFE", "COMPUTE", "IDLE", "COMPUTE")
    return tuple(Span(a, b, name) for a, b, name in zip(starts[:-1], starts[1:], names, strict=True))


def event_lines(
    result_modes: tuple[Span, ...], eclipses: tuple[Span, ...], contacts: tuple[Pass, ...]
) -> Iterator[EventLine]:
    for before, after in pairwise(result_modes):
        severity = "HIGH" if after.name == "SAFE" else "LOW"
        yield EventLine(after.start_s, severity, "modes", "changed", f"{before.name} -> {after.name}")
        if after.name == "SAFE":
            text = "fault battery_hot: 41.8 degC above 40.0 degC for 30 s, response: safe mode"
            yield EventLine(after.start_s - 1, "HIGH", "faults", "raised", text)
            yield EventLine(after.start_s + 4, "MEDIUM", "power", "shed", "rail compute_b off, 38 W released")
    for index, span in enumerate(eclipses):
        yield EventLine(
            span.start_s + 2, "INFO", "power", "eclipse_entered", f"array at 0.4 W, orbit {index + 1}"
        )
        if index % 3 == 0:
            yield EventLine(
                span.end_s - 200, "LOW", "thermal", "heater_on", "battery at 5.2 degC, below 6.0 degC"
            )
            yield EventLine(
                span.end_s + 400, "LOW", "thermal", "heater_off", "battery at 8.1 degC after 600 s"
            )
    for contact in contacts:
        yield EventLine(
            contact.start_s, "INFO", "downlink", "contact_opened", f"{contact.station}, 64 packets queued"
        )
        yield EventLine(contact.start_s + 40, "INFO", "commands", "completed", "ping, request 17.1, 0.3 s")
        yield EventLine(
            contact.end_s, "INFO", "downlink", "contact_closed", f"{contact.station}, all played back"
        )


def loads(times: Series, modes: tuple[Span, ...], contacts: tuple[Pass, ...]) -> tuple[Series, Series]:
    """Compute load and whole load, W."""
    compute = np.zeros_like(times)
    for span in modes:
        inside = (times >= span.start_s) & (times < span.end_s)
        compute[inside] = {"COMPUTE": 46.0, "IDLE": 9.0}.get(span.name, 0.0)
    compute *= 0.82 + 0.18 * np.sign(np.sin(times / 617.0)) * np.sign(np.sin(times / 1_930.0))
    load = 21.0 + compute + 1.3 * np.sin(times / 97.0)
    for contact in contacts:
        load[(times >= contact.start_s) & (times < contact.end_s)] += 14.0
    return compute, load


def node_traces(compute: Series, sun: Series, step_s: float) -> tuple[NodeTrace, ...]:
    def node(name: str, target: Series, constant_s: float, low: float, high: float) -> NodeTrace:
        return NodeTrace(name, smoothed(target, step_s, constant_s, float(target.mean())), low, high)

    return (
        node("compute board A", 12 + 0.95 * compute + 6 * sun, 420, -20, 80),
        node("compute board B", 10 + 0.80 * compute + 6 * sun, 460, -20, 80),
        node("battery", 9 + 0.22 * compute + 11 * sun, 2_600, 0, 40),
        node("radiator", -28 + 0.45 * compute + 21 * sun, 700, -60, 60),
        node("array", -70 + 150 * sun, 540, -110, 100),
        node("structure", 1 + 0.1 * compute + 12 * sun, 5_200, -30, 60),
    )


def synthetic_run(days: float = 1.0, step_s: float = 10.0) -> RunResult:
    """Looks like a 60 kg spacecraft at 550 km; every curve is a formula."""
    duration_s = days * 86_400.0
    times = np.arange(0.0, duration_s + step_s, step_s)
    phase = 2 * np.pi * times / PERIOD_S
    latitude = np.degrees(np.arcsin(np.sin(INCLINATION) * np.sin(phase)))
    ascension = np.degrees(np.arctan2(np.cos(INCLINATION) * np.sin(phase), np.cos(phase)))
    longitude = (ascension + 20.0 - times * 360.0 / 86_164.0 + 180.0) % 360.0 - 180.0
    orbit_part = (times / PERIOD_S + 0.1) % 1.0
    dark = orbit_part > 1 - ECLIPSE_FRACTION
    modes, eclipses = mode_spans(duration_s), spans(times, dark, "eclipse")
    contacts = passes(times, latitude, longitude)

    compute, load = loads(times, modes, contacts)
    sun = np.where(dark, 0.0, 0.74 + 0.26 * np.sin(2 * np.pi * orbit_part / (1 - ECLIPSE_FRACTION) / 2))
    array = 142.0 * sun + np.where(dark, 0.0, 6.0 * np.exp(-orbit_part * 25))
    charge, battery = charging(array - load, step_s)
    onboard = np.clip(charge + 0.006 * np.sin(times / 5_300.0) + 0.004 * np.sin(times / 211.0), 0, 1)
    onboard[(times > 0.4 * duration_s) & (times < 0.4 * duration_s + 1_800)] = np.nan
    array += np.minimum(0.0, battery - (array - load))  # what the full battery does not take is not drawn

    nodes = node_traces(compute, sun, step_s)
    events = tuple(sorted(event_lines(modes, eclipses, contacts), key=lambda event: event.at_s))
    return RunResult(
        name="synthetic-day", spacecraft="pathfinder",
        scenario="synthetic formulas, not a simulation", seed=20260320,
        epoch=datetime(2026, 3, 20, 0, 0, 0, tzinfo=UTC), duration_s=duration_s, times_s=times,
        charge=charge, charge_onboard=onboard, array_w=array, load_w=load, battery_w=battery,
        latitude_deg=latitude, longitude_deg=longitude, nodes=nodes, modes=modes, eclipses=eclipses,
        passes=contacts, stations=STATIONS, events=events, checks=CHECKS,
        totals=(
            ("simulated time", "24 h 0 min 0 s"), ("orbits", f"{duration_s / PERIOD_S:.2f}"),
            ("eclipses", f"{len(eclipses)}"), ("passes", f"{len(contacts)}"),
            ("commands sent", "214"), ("commands completed", "211"), ("commands failed", "3"),
            ("mode changes", f"{len(modes) - 1}"), ("fault episodes", "6"),
            ("speed", "7,240 x real time"),
        ),
        altitude_km=np.full_like(times, ALTITUDE_KM), trace_hash="9f2c41d07be85a36c1d4e0b7a2f86539",
        reproduce="skyrack-sim run synthetic.toml --seed 20260320",
        link_totals=(
            ("telemetry packets made", "301,442"), ("telemetry packets received", "301,442"),
            ("frames sent", "71,206"), ("frames lost on the way", "1,388"), ("gaps left at the end", "0"),
            ("octets down", "24.6 MB"), ("octets up", "31.2 kB"), ("contact time", "3 h 52 min"),
        ),
    )  # fmt: skip


def charging(surplus: Series, step_s: float, capacity_wh: float = 260.0) -> tuple[Series, Series]:
    """State of charge (0 to 1) and battery power in W for a surplus in W; a full battery takes no more."""
    charge, battery, level = np.empty_like(surplus), np.empty_like(surplus), 0.93
    for index, power in enumerate(surplus.tolist()):
        taken = min(power * (0.96 if power > 0 else 1.0), (1.0 - level) * capacity_wh * 3_600.0 / 240.0)
        level = max(0.0, level + taken * step_s / 3_600.0 / capacity_wh)
        charge[index], battery[index] = level, taken
    return charge, battery


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunResult]:
    return synthetic_run


@pytest.fixture(scope="session")
def day() -> RunResult:
    return synthetic_run(step_s=30.0)
