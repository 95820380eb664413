"""What a mission is: the tables that turn the framework into one spacecraft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flight.declare import SECOND, ChannelShare, Module, Value, checked_shares
from flight.jobs import INSTALLED_MAX, TENANTS_MAX, Installed, Tenant
from flight.planning import PlanningTable
from flight.wire.coding import TmCoding
from flight.wire.file_packets import FileSettings
from flight.wire.telecommand_link import PROTECTED_LINK, TelecommandLink
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink

BASE_TICK_NS = SECOND // 10
FILES = "files"  # the row whose module needs the files worker
JOBS = "jobs"  # the one that needs a job runner, and the files worker's shelf

PLAIN = TmCoding(frame_length=223)

# Of virtual channel 0 live, 1 playback, 2 files: a fifth each that nobody can take from playback and files.
EQUAL_SHARES = (ChannelShare(0, 0.6), ChannelShare(1, 0.2), ChannelShare(2, 0.2))


@dataclass(frozen=True, slots=True)
class Row:
    """One module of the mission: how often it runs, what it may cost, and what happens when it fails.

    `every` is its rate as a divider of the base tick: 1 runs at each tick, 10 at every tenth.
    """

    name: str
    make: Callable[[], Module]
    every: int = 10
    critical: bool = False  # the watchdog is fed only while every critical module has met its deadline
    safe: bool = False  # belongs to the small set that runs after repeated restarts
    budget_us: int = 5_000
    restarts: int = 3  # then it is isolated


@dataclass(frozen=True, slots=True)
class Sensor:
    """One measured quantity.  Outside low..high, constant for `stuck_after_s`, or late by 3 periods, it reads NaN."""

    name: str
    unit: str
    low: float
    high: float
    every: int = 10
    stuck_after_s: float = 0.0  # 0: a constant reading is plausible


@dataclass(frozen=True, slots=True)
class Switch:
    """One actuator; levels 0 (off) to `highest`."""

    name: str
    highest: int = 1
    at_boot: int = 0


@dataclass(frozen=True, slots=True)
class Store:
    """Budget of one packet store, in octets on disk."""

    budget: int
    segment: int


@dataclass(frozen=True)
class Mission:
    """A mission package defines `MISSION`, one of these.  Order of rows is the order of steps within a tick."""

    name: str
    spacecraft_id: int
    rows: tuple[Row, ...]
    sensors: tuple[Sensor, ...]
    switches: tuple[Switch, ...]
    stores: tuple[Store, ...]  # by Priority
    folder: Path  # holds ids.lock
    coding: TmCoding = PLAIN  # of telemetry frames, and their length (architecture 5)
    shares: tuple[ChannelShare, ...] = EQUAL_SHARES  # of the line down
    base_tick_ns: int = BASE_TICK_NS
    telecommand: TelecommandLink = PROTECTED_LINK
    telemetry: TelemetryLink = CLEAR_TELEMETRY
    defaults: Mapping[str, Value] = field(default_factory=dict)  # "module.parameter": value

    file_quota: int = 64 * 2**20  # octets of files on board, journal and incomplete ones included
    catalogue: tuple[Installed, ...] = ()  # what is on board for jobs
    tenants: tuple[Tenant, ...] = ()  # who may send jobs, with which key, and how much
    planning: PlanningTable | None = None  # None: nothing is forecast, and no job is planned

    @property
    def files(self) -> FileSettings | None:
        """None where no module takes files."""
        if all(row.name != FILES for row in self.rows):
            return None
        return FileSettings(self.spacecraft_id, self.frame_length, self.file_quota)

    @property
    def takes_jobs(self) -> bool:
        return any(row.name == JOBS for row in self.rows)

    def __post_init__(self) -> None:
        checked_shares(self.shares)
        if not self.coding.error_control:
            raise ValueError(f"{self.name}: telemetry frames carry their error control field")
        if len(self.catalogue) > INSTALLED_MAX or len(self.tenants) > TENANTS_MAX:
            raise ValueError(f"{self.name}: at most {INSTALLED_MAX} installed, {TENANTS_MAX} tenants")

    @property
    def secured(self) -> bool:
        """The link needs keys."""
        return self.telecommand.protected or bool(self.telemetry.protected)

    @property
    def frame_length(self) -> int:
        """Octets of a telemetry frame, before coding."""
        return self.coding.frame_length

    @property
    def ids_path(self) -> Path:
        return self.folder / "ids.lock"

    def switch(self, name: str) -> int:
        return [switch.name for switch in self.switches].index(name)
