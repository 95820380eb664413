"""Load a scenario: which spacecraft, on which orbit, over which stations, for how long, and what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from flight.jobs import TENANTS_MAX
from sim import fault_kinds
from sim.configuration import build, read_document
from sim.document import ConfigurationError, Document, Place, show, suggest
from sim.fields import NAME, Arguments, Instant, Line, Quantity, Raw, Scalar, Several, Text, Whole
from sim.orbit import ElementsError, check_tle
from sim.payload.tables import JobTable, TenantTable, check_tables
from sim.sensors import quantities
from sim.spacecraft import Spacecraft
from sim.spacecraft_file import check_known, check_unique, known_spacecraft, load_spacecraft, spacecraft_path
from sim.stations import DEFAULT_MASK_DEG, GroundStation, read_stations
from sim.units import article

__all__ = [
    "Command",
    "ConfigurationError",
    "Fault",
    "Scenario",
    "known_scenarios",
    "load_scenario",
    "load_spacecraft",
]

SCENARIOS = Path(__file__).parent / "scenarios"
STATIONS = Path(__file__).parent / "stations.toml"
HIGHEST_SEED = 2**63 - 1  # what any TOML reader takes
LONGEST_S = 3.2e8  # ten years; two-line elements are past use long before
OLDEST_ELEMENTS_S = 60 * 86400.0  # SGP4 errs by kilometres a day; beyond this it flies another orbit

Ratio = Quantity("1", low=0.0, high=1.0)
UNIT_OF = {"voltage": "V", "current": "A", "power": "W", "temperature": "degC"}


@dataclass(frozen=True, slots=True)
class Station:
    """A ground station of the scenario's own, over WGS-84."""

    name: Annotated[str, Text("a name", r"[^\x00-\x1f]{1,40}")]
    latitude_deg: Annotated[float, Quantity("deg", low=-90.0, high=90.0)]
    longitude_deg: Annotated[float, Quantity("deg", low=-180.0, high=180.0)]
    altitude_m: Annotated[float, Quantity("m", low=-500.0, high=9000.0)] = 0.0
    mask_deg: Annotated[float, Quantity("deg", low=0.0, high=90.0)] = DEFAULT_MASK_DEG


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """A fault as the file has it; `value` waits for the kind to say its unit."""

    at_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)]
    target: Annotated[str, Text('a target such as "sensor.battery_voltage"', r"[^\x00-\x1f]{1,80}")]
    kind: Annotated[str, NAME]
    duration_s: Annotated[float, Quantity("s", above=0.0, high=LONGEST_S)] = math.inf
    value: Annotated[Scalar | None, Raw()] = None
    line: Annotated[int, Line()] = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` strikes `name` of `target` (a class of `fault_kinds`) from `at_s` on, for `duration_s`.

    `value` is in the unit that the kind asks for (sensor readings in V, A, W, degC), None if it takes none.  `line` is
    where the file has it, for errors that the mission finds.
    """

    at_s: float
    duration_s: float
    target: str
    name: str
    kind: str
    value: float | None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the ground sends; `line` is where the file has it, for errors that the dictionary finds."""

    at_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)]
    name: Annotated[str, Text('a command such as "power.switch"', r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")]
    arguments: Annotated[tuple[tuple[str, Scalar], ...], Arguments()] = ()
    line: Annotated[int, Line()] = 0


@dataclass(frozen=True, slots=True)
class FileTransfer:
    """A file of random octets that goes up, or one on board that is asked for; both keep their name."""

    at_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)]
    way: Annotated[str, Text(choices=("up", "down"))]
    name: Annotated[str, Text('a name such as "tables/plan.bin"', r"[A-Za-z0-9_-][A-Za-z0-9_./-]{0,99}")]
    octets: Annotated[int, Whole(0, 10_000_000)] = 0


@dataclass(frozen=True, slots=True)
class Link:
    """What the space link loses, as a share of its frames, while a station has the spacecraft in view."""

    loss_up: Annotated[float, Ratio] = 0.0
    loss_down: Annotated[float, Ratio] = 0.0


@dataclass(frozen=True, slots=True)
class ScenarioForm:
    """The file, before names are resolved."""

    name: Annotated[str, NAME]
    spacecraft: Annotated[str, Text(f"a spacecraft ({', '.join(known_spacecraft())}) or a path to its file")]
    duration_s: Annotated[float, Quantity("s", low=1.0, high=LONGEST_S)]
    seed: Annotated[int, Whole(0, HIGHEST_SEED)]
    tle: Annotated[tuple[str, ...], Several(Text("a line of 69 characters"), low=2, high=2)]
    epoch: Annotated[datetime | None, Instant()] = None
    initial_charge: Annotated[float, Ratio] = 0.9
    stations: Annotated[tuple[str, ...], Several(Text("the name of a station"), high=100)] = ()
    own_stations: Annotated[tuple[Station, ...], Several(key="station", high=100)] = ()
    link: Link = Link()
    faults: Annotated[tuple[FaultEntry, ...], Several(key="fault")] = ()
    commands: Annotated[tuple[Command, ...], Several(key="command")] = ()
    files: Annotated[tuple[FileTransfer, ...], Several(key="file")] = ()
    tenants: Annotated[tuple[TenantTable, ...], Several(key="tenant", high=TENANTS_MAX)] = ()
    jobs: Annotated[tuple[JobTable, ...], Several(key="job")] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run, complete and checked.  Faults and commands are in order of time, times in s from `epoch` (UTC)."""

    name: str
    path: str
    spacecraft: Spacecraft
    epoch: datetime
    line1: str
    line2: str
    duration_s: float
    seed: int
    initial_charge: float
    stations: tuple[GroundStation, ...]
    link: Link
    faults: tuple[Fault, ...]
    commands: tuple[Command, ...]
    files: tuple[FileTransfer, ...] = ()
    tenants: tuple[TenantTable, ...] = ()
    jobs: tuple[JobTable, ...] = ()

    @property
    def epoch_ns(self) -> int:
        """UTC since 1970 at the beginning, whole seconds."""
        return int(self.epoch.timestamp()) * 1_000_000_000


def without_jobs(scenario: Scenario) -> Scenario:
    """For another mission than the spacecraft's own, which takes none."""
    faults = tuple(fault for fault in scenario.faults if fault.target not in ("job", "package"))
    return replace(scenario, tenants=(), jobs=(), faults=faults)


def known_scenarios() -> list[str]:
    """Names of the scenarios that come with Skyrack."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Load one of ours by name, or any file by path.  ConfigurationError for anything wrong with it."""
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and "/" not in name_or_path and not name_or_path.endswith(".toml"):
        if name_or_path not in known_scenarios():
            hint = suggest(name_or_path, known_scenarios())
            raise ConfigurationError(f"{show(name_or_path)}: no such scenario, {hint}")
        path = SCENARIOS / f"{name_or_path}.toml"
    document = read_document(path)
    form = build(ScenarioForm, document)
    spacecraft = _spacecraft(form, document)
    stations = _stations(form, document)
    _check_times(form, document)
    check_tables(form.tenants, form.jobs, document)
    names = _names(spacecraft, stations, form.jobs)
    faults = [
        _fault(entry, Place(document, ("fault", place)), spacecraft, names)
        for place, entry in enumerate(form.faults)
    ]
    return Scenario(
        name=form.name,
        path=str(path),
        spacecraft=spacecraft,
        epoch=_epoch(form, document),
        line1=form.tle[0].rstrip(),
        line2=form.tle[1].rstrip(),
        duration_s=form.duration_s,
        seed=form.seed,
        initial_charge=form.initial_charge,
        stations=stations,
        link=form.link,
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        commands=tuple(sorted(form.commands, key=lambda command: command.at_s)),
        files=tuple(sorted(form.files, key=lambda file: file.at_s)),
        tenants=form.tenants,
        jobs=tuple(sorted(form.jobs, key=lambda job: job.at_s)),
    )


def _spacecraft(form: ScenarioForm, document: Document) -> Spacecraft:
    """A name is one of ours; a relative path starts at the scenario's folder."""
    path = spacecraft_path(form.spacecraft)
    if path == Path(form.spacecraft):
        return load_spacecraft(Path(document.path).parent / path)
    check_known(form.spacecraft, known_spacecraft(), "spacecraft", ("spacecraft",), document)
    return load_spacecraft(form.spacecraft)


def _epoch(form: ScenarioForm, document: Document) -> datetime:
    """The start of the run: `epoch`, or the epoch of the elements."""
    try:
        check_tle(form.tle[0].rstrip(), form.tle[1].rstrip())
    except ElementsError as error:
        text = str(error)
        where = ("tle", 1 if text.startswith("TLE line 2") else 0)
        text = text.split(": ", 1)[-1]
        if "expected" not in text:
            text += ", expected a two-line element set"
        raise document.error(where, text) from None
    year, day = int(form.tle[0][18:20]), float(form.tle[0][20:32])
    year += 2000 if year < 57 else 1900  # the convention of the format, since Sputnik
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day - 1.0)
    epoch = form.epoch or start
    if abs((epoch - start).total_seconds()) > OLDEST_ELEMENTS_S:
        apart, most = abs(epoch - start).days, OLDEST_ELEMENTS_S / 86400.0
        raise document.error(("epoch",), f"is {apart} days from the elements, expected at most {most:g}")
    return epoch


def _check_times(form: ScenarioForm, document: Document) -> None:
    for table, times in (
        ("fault", [fault.at_s for fault in form.faults]),
        ("command", [command.at_s for command in form.commands]),
        ("file", [file.at_s for file in form.files]),
        ("job", [job.at_s for job in form.jobs]),
    ):
        for place, at_s in enumerate(times):
            if at_s > form.duration_s:
                problem = f"{at_s:g} s is after the end of the run, expected at most {form.duration_s:g} s"
                raise document.error((table, place, "at"), problem)


def _stations(form: ScenarioForm, document: Document) -> tuple[GroundStation, ...]:
    known = {station.name: station for station in read_stations(STATIONS)}
    known |= {
        own.name: GroundStation(own.name, own.latitude_deg, own.longitude_deg, own.altitude_m, own.mask_deg)
        for own in form.own_stations
    }
    check_unique([own.name for own in form.own_stations], "station", document)
    names = [*form.stations, *(own.name for own in form.own_stations if own.name not in form.stations)]
    for place, name in enumerate(form.stations):
        check_known(name, list(known), "station", ("stations", place), document)
        if name in form.stations[:place]:
            raise document.error(("stations", place), f'"{name}" is given twice, expected once')
    return tuple(known[name] for name in names)


def _names(
    spacecraft: Spacecraft, stations: Sequence[GroundStation], jobs: Sequence[JobTable]
) -> dict[str, Sequence[str]]:
    """Of what can be struck, by class; modules are the mission's."""
    return {
        "sensor": [sensor.name for sensor in spacecraft.sensors],
        "rail": [rail.name for rail in spacecraft.rails],
        "heater": [heater.name for heater in spacecraft.heaters],
        "station": [station.name for station in stations],
        "job": [job.label for job in jobs],
    }


def _fault(entry: FaultEntry, at: Place, spacecraft: Spacecraft, names: Mapping[str, Sequence[str]]) -> Fault:
    target, name = _target(entry.target, at.inside("target"), names)
    kinds = fault_kinds.KINDS[target]
    if entry.kind not in kinds:
        at.inside("kind").fail(
            f'"{entry.kind}" cannot strike {article(target)}, {suggest(entry.kind, kinds)}'
        )
    value = _value(entry, kinds[entry.kind], name, at.inside("value"), spacecraft)
    return Fault(entry.at_s, entry.duration_s, target, name, entry.kind, value, entry.line)


def _target(text: str, at: Place, names: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Class and name of a target; the name is "" for a class that has none."""
    if text in fault_kinds.KINDS and text not in fault_kinds.NAMED:
        return text, ""
    target, _, name = text.partition(".")
    if target not in fault_kinds.NAMED:
        wanted = [f"{one}.<name>" if one in fault_kinds.NAMED else one for one in fault_kinds.KINDS]
        at.fail(f'"{text}" is no target, {suggest(text, wanted)}')
    if not name:
        at.fail(f'"{text}" names no {target}, expected "{target}.<name>"')
    if target in names and name not in names[target]:
        at.fail(f'no {target} is called "{name}", {suggest(name, names[target])}')
    return target, name


def _value(entry: FaultEntry, unit: str, name: str, at: Place, spacecraft: Spacecraft) -> float | None:
    if not unit:
        if entry.value is not None:
            at.fail(f'{show(entry.value)} given, expected no value for "{entry.kind}"')
        return None
    if unit in (fault_kinds.READING, fault_kinds.DIFFERENCE):
        quantity = next(sensor.quantity for sensor in spacecraft.sensors if sensor.name == name)
        reads = UNIT_OF[quantities(spacecraft)[quantity][0]]
        unit = "K" if unit == fault_kinds.DIFFERENCE and reads == "degC" else reads
    kind = Ratio if unit == "1" and entry.kind != "drift" else Quantity(unit)
    if entry.value is None:
        if entry.kind in fault_kinds.OPTIONAL_VALUE:
            return None
        at.fail(f'missing, expected {kind.wanted()} for "{entry.kind}"')
    return kind.read(entry.value, at)
