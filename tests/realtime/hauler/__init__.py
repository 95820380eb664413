"""A mission that carries jobs and little else: sun, charge and mode are always right, as `modules` says."""

from __future__ import annotations

from pathlib import Path

from flight.jobs import public_of, unlimited
from flight.mission import Mission, Row, Store, Switch
from flight.missions.pathfinder.catalogue import CATALOGUE
from flight.missions.pathfinder.tables import PLANNING
from flight.modules.commands import Commands
from flight.modules.downlink import Downlink
from flight.modules.events import Events
from flight.modules.files import Files
from flight.modules.housekeeping import Housekeeping
from flight.modules.jobs import Lane, jobs
from flight.modules.parameters import Parameters
from flight.modules.recorder import Recorder
from flight.modules.uplink import Uplink
from flight.wire.telecommand_link import TelecommandLink

from .modules import Weather

NOBODY = 99  # no switch: a board that never says whether it is on
LANES = (Lane("board", NOBODY, (0.0, 10.0)),)
PRIVATE = bytes(range(32))  # of the tenant, and of this test alone

MISSION = Mission(
    name="hauler",
    spacecraft_id=0x3E,
    rows=(
        Row("weather", Weather, safe=True),
        Row("jobs", lambda: jobs(LANES, PLANNING.steps, PLANNING.steps), budget_us=20_000),
        Row("uplink", Uplink, 1, safe=True),
        Row("commands", Commands, 1, safe=True),
        Row("parameters", Parameters, safe=True),
        Row("housekeeping", Housekeeping, safe=True),
        Row("events", Events, 1, safe=True),
        Row("recorder", Recorder, 1, safe=True),
        Row("downlink", Downlink, 1, safe=True),
        Row("files", lambda: Files("jobs.notices"), 1),
    ),
    sensors=(),
    switches=(Switch("board"),),
    stores=(Store(2**21, 2**18),) * 3,
    folder=Path(__file__).parent,
    telecommand=TelecommandLink(protected=False),
    catalogue=CATALOGUE,
    tenants=(unlimited("acme", public_of(PRIVATE)),),
    planning=PLANNING,
)
