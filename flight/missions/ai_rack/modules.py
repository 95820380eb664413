"""Which modules fly on AI Rack, in the order of their steps within a tick: sense, estimate, faults, modes, act."""

from flight.declare import Why
from flight.mission import Row
from flight.missions.ai_rack.faults import FAULTS
from flight.missions.ai_rack.hardware import SWITCH_NAMES, switch
from flight.missions.ai_rack.tables import (
    ACTIONS,
    BOARD_LOADS,
    BOARDS,
    LANES,
    NODES,
    OPEN_CIRCUIT,
    PLANNING,
    RAILS,
    SAFE_LEVELS,
    TRANSITIONS,
)
from flight.modules.commands import Commands
from flight.modules.compute import compute
from flight.modules.downlink import Downlink
from flight.modules.event_actions import EventActions
from flight.modules.events import Events
from flight.modules.faults import faults_of
from flight.modules.files import Files
from flight.modules.forecast import forecast
from flight.modules.health import Health
from flight.modules.housekeeping import Housekeeping
from flight.modules.jobs import jobs
from flight.modules.modes import Modes, ways_of
from flight.modules.parameters import Parameters
from flight.modules.power import power
from flight.modules.radiation import Radiation
from flight.modules.recorder import Recorder
from flight.modules.safe import Safe
from flight.modules.safing import Safing
from flight.modules.schedule import Schedule
from flight.modules.sequences import Sequences
from flight.modules.thermal import thermal
from flight.modules.timekeeping import Timekeeping
from flight.modules.uplink import Uplink

HZ_10, HZ_1 = 1, 10  # dividers of the base tick of 0.1 s

ROWS = (
    Row("power", lambda: power(OPEN_CIRCUIT, RAILS), HZ_10, critical=True, safe=True),
    Row("thermal", lambda: thermal(NODES), HZ_1, critical=True, safe=True),
    Row("radiation", Radiation, HZ_10),
    Row(
        "forecast", lambda: forecast(PLANNING, BOARD_LOADS, "jobs.outlook"), HZ_1, budget_us=20_000
    ),  # an outlook is 5 ms
    Row("faults", faults_of(FAULTS, SWITCH_NAMES, ways_of(TRANSITIONS, Why.FAULT)), HZ_1, safe=True),
    Row("safing", Safing, HZ_1, critical=True, safe=True),
    Row("modes", lambda: Modes(TRANSITIONS), HZ_1, critical=True, safe=True),
    Row("safe", lambda: Safe(SAFE_LEVELS), HZ_1, critical=True, safe=True),
    Row(
        "jobs", lambda: jobs(LANES, PLANNING.steps, PLANNING.steps, PLANNING.loops), HZ_1, budget_us=20_000
    ),  # a problem is 5 ms
    Row("compute", lambda: compute(BOARDS, jobs=True), HZ_1),
    Row("uplink", Uplink, HZ_10, critical=True, safe=True),
    Row("commands", Commands, HZ_10, critical=True, safe=True),
    Row("parameters", Parameters, HZ_1, safe=True),
    Row("schedule", Schedule, HZ_1),
    Row("sequences", Sequences, HZ_10),
    Row("event_actions", lambda: EventActions(ACTIONS), HZ_1),
    Row("health", Health, HZ_1, safe=True),
    Row("timekeeping", Timekeeping, HZ_1, safe=True),
    Row("housekeeping", Housekeeping, HZ_1, safe=True),
    Row("events", Events, HZ_1, safe=True),
    Row("recorder", Recorder, HZ_1, safe=True),
    Row("downlink", lambda: Downlink(switch("transmitter")), HZ_10, critical=True, safe=True),
    Row(
        "files", lambda: Files("jobs.notices"), HZ_10
    ),  # behind the downlink, which says how much room there is
)
