"""A mission to misbehave with: everything at 10 Hz, one critical module, and one that does what no module may."""

from __future__ import annotations

from pathlib import Path

from flight.mission import Mission, Row, Sensor, Store, Switch
from flight.modules.commands import Commands
from flight.modules.downlink import Downlink
from flight.modules.events import Events
from flight.modules.housekeeping import Housekeeping
from flight.modules.parameters import Parameters
from flight.modules.recorder import Recorder
from flight.modules.uplink import Uplink
from flight.wire.telecommand_link import TelecommandLink

from .modules import Modes, Trouble, Vital

HZ_10 = 1

MISSION = Mission(
    name="trial",
    spacecraft_id=0x3F,
    rows=(
        Row("vital", Vital, HZ_10, critical=True, safe=True, restarts=1),
        Row("trouble", Trouble, HZ_10),
        Row("modes", Modes, safe=True),
        Row("uplink", Uplink, HZ_10, safe=True),
        Row("commands", Commands, HZ_10, safe=True),
        Row("parameters", Parameters, HZ_10, safe=True),
        Row("housekeeping", Housekeeping, HZ_10, safe=True),
        Row("events", Events, HZ_10, safe=True),
        Row("recorder", Recorder, HZ_10, safe=True),
        Row("downlink", Downlink, HZ_10, safe=True),
    ),
    sensors=(Sensor("voltage", "V", 0.0, 40.0, HZ_10), Sensor("temperature", "degC", -50.0, 90.0)),
    switches=(Switch("heater"), Switch("radio", highest=3)),
    stores=(Store(2**21, 2**18),) * 3,
    folder=Path(__file__).parent,
    telecommand=TelecommandLink(protected=False),
)
