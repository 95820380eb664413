"""A satellite in a few lines for the forecast module: a true orbit, a battery, a warm board, a planning worker."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field

import pytest

from flight.declare import SECOND, Boot, Outbox, SaveDocument, Stored
from flight.modules.forecast import BoardLoad, Forecasting, forecast
from flight.planning import Ahead, LookAhead, Outlook, PlanningTable, Site, Station
from flight.planning.ahead import look_ahead
from flight.workers.planning import PlanningWorker
from sim.scenario import load_scenario

TOLD = load_scenario("reference")
LINES = (TOLD.line1, TOLD.line2)
UTC_NS = int(TOLD.epoch.timestamp()) * SECOND
TABLE = PlanningTable(
    slot_s=60,
    slots=200,
    lanes=1,
    memory_mb=1_000,
    capacity_wh=400.0,
    floor=0.7,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    charge_limit_w=150.0,
    taper_w=3_000.0,
    array_w=180.0,
    base_w=20.0,
    sensors=("a_temperature", "b_temperature"),
    limit_c=60.0,
    idle_c=5.0,
    resistance_k_w=0.5,
    time_constant_s=1_200.0,
    harvest_at_least=0.75,
    resistance_at_most=1.3,
    steps=1_000,
    stations=(Station("Svalbard", Site(78.23, 15.41, 500.0, 5.0, 6_500)),),
)
BOARDS = (BoardLoad(0, (0.0, 15.0, 30.0)),)
BOOT = Boot(1, True, False, 0)
PERIOD_S, ECLIPSE_S = 5818.0, 2100.0
NAN = math.nan


@functools.cache
def truth(late_s: int) -> Ahead:
    """The orbit as it is, of a satellite that is so late on its elements: from mission time 0 for 20 hours."""
    asked = LookAhead(0, UTC_NS - late_s * SECOND, 60, 1200, *LINES, TABLE.sites)
    found = look_ahead(asked)
    assert isinstance(found, Ahead)
    return found


@dataclass
class Flown:
    """A step a second.  `spoil` changes what the module sees; `worker` may be taken away."""

    late_s: int = 0
    module: Forecasting = field(default_factory=lambda: forecast(TABLE, BOARDS))
    now: int = 0
    level: int = 1
    charge: float = 0.8
    board_c: float = 10.0
    array_w: float = 190.0
    resistance: float = 0.6
    spoil: dict[str, object] = field(default_factory=dict)
    offset_ns: int = UTC_NS
    utc: bool = True
    sure: bool = True  # of UTC, since the boot
    worker: PlanningWorker | None = field(default_factory=PlanningWorker)
    stored: object = field(default_factory=Stored)
    edge_ns: int = 0
    outlooks: list[Outlook] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    finished: list[tuple[int, object]] = field(default_factory=list)
    requests: list[object] = field(default_factory=list)
    answers: list[tuple[int, int, object]] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out = Outbox()
        self.module.start(self.now, BOOT, self.out)
        self._take()

    def dark(self, at: int) -> bool:
        edges = truth(self.late_s).edges
        before = [into for edge, into in edges if edge <= at]
        return before[-1] if before else not edges[0][1]

    def left_s(self) -> float:
        """Of the light or the darkness now, as a sun watch would know it."""
        return next((edge - self.now) / SECOND for edge, _ in truth(self.late_s).edges if edge > self.now)

    def fly(self, seconds: int) -> Flown:
        """A step each second at first, and then each third: what the module needs of a slot."""
        until = self.now + seconds * SECOND
        while self.now < until:
            step_s = 3 if seconds > 300 and self.now % (3 * SECOND) == 0 else 1
            self._step(step_s)
        return self

    def _step(self, step_s: int) -> None:
        dark = self.dark(self.now)
        if dark != self.dark(self.now - step_s * SECOND):
            self.edge_ns = self.now
        jobs_w = BOARDS[0].watts[self.level]
        load_w = TABLE.base_w + jobs_w
        array_w = 0.0 if dark else self.array_w
        into_w = min(array_w - load_w, TABLE.charge_limit_w, TABLE.taper_w * (1.0 - self.charge))
        free = not dark and into_w == array_w - load_w
        if not dark:
            array_w = load_w + into_w
        into_wh = into_w * step_s / 3600.0 * (0.95 if into_w > 0 else 1 / 0.95)
        self.charge = min(1.0, max(0.0, self.charge + into_wh / TABLE.capacity_wh))
        self.board_c += (
            (TABLE.idle_c + self.resistance * jobs_w - self.board_c) * step_s / TABLE.time_constant_s
        )
        seen: dict[str, object] = {
            "array_power": array_w,
            "load_power": load_w,
            "charge": self.charge,
            "charge_age": 0,
            "sunlit": not dark,
            "array_expected": self.array_w,
            "array_free": free,
            "sun_edge_ns": self.edge_ns,
            "phase_left": self.left_s(),
            "eclipse_expected": ECLIPSE_S,
            "orbit_period": PERIOD_S,
            "carrier": False,
            "levels": (self.level,),
            "utc_known": self.utc,
            "utc_offset_ns": self.offset_ns if self.utc else 0,
            "utc_sure": self.utc and self.sure,
            "a_temperature": self.board_c,
            "b_temperature": self.board_c - 1.0,
        }
        self._answer()
        inputs = self.module.Inputs(**(seen | self.spoil))
        self.out.clear()
        self.module.step(self.now, inputs, self.out)
        self._take()
        self.now += step_s * SECOND

    def _answer(self) -> None:
        for due, ticket, result in list(self.answers):
            if due <= self.now:
                self.answers.remove((due, ticket, result))
                self.out.clear()
                self.module.completed(self.now, ticket, result, self.out)
                self._take()

    def _take(self) -> None:
        for ticket, request, _ in self.out.requests:
            self.requests.append(request)
            if isinstance(request, SaveDocument):
                self.documents.append(request.body)
                self.answers.append((self.now + SECOND, ticket, self.stored))
            elif self.worker is not None:
                self.answers.append((self.now + 2 * SECOND, ticket, self.worker.perform(request)))
        self.events += [event.name for event, _ in self.out.events]
        self.finished += self.out.finished
        for inbox, item in self.out.posts:
            assert inbox == "jobs.outlook"
            assert isinstance(item, Outlook)
            self.outlooks.append(item)
        self.out.clear()

    @property
    def outlook(self) -> Outlook:
        return self.outlooks[-1]


def kept(late_s: int = 0, **changed: object) -> Flown:
    """With elements on board."""
    module = forecast(TABLE, BOARDS)
    module.document = "\n".join(LINES).encode()
    return Flown(late_s=late_s, module=module, **changed)  # type: ignore[arg-type]


@pytest.fixture
def flown() -> Flown:
    return kept()
