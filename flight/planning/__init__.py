"""Planning of compute jobs: a look ahead, a planner that proposes and a guard that admits.  Pure functions."""

from flight.planning.fallback import greedy
from flight.planning.guard import Envelope, Request, Verdict, admit, envelope, gain_wh
from flight.planning.loads import LOADS_SLOTS, STEPS_MAX, LoadStep, PlannedLoads, steps_of
from flight.planning.of_manifest import job_of
from flight.planning.outlook import ELEMENTS, LEARNED, Outlook, StationPass
from flight.planning.plan import STEPS, plan
from flight.planning.problem import (
    Binding,
    Decision,
    Forecast,
    Job,
    Level,
    Limits,
    Placement,
    Plan,
    Problem,
    State,
)
from flight.planning.record import PlanRecord, planned, read_record, record_octets
from flight.planning.table import PlanningTable, Station
from flight.planning.work import PLANNING_REQUESTS, Ahead, LookAhead, MakePlan, Planned, Site

__all__ = [
    "ELEMENTS",
    "LEARNED",
    "LOADS_SLOTS",
    "PLANNING_REQUESTS",
    "STEPS",
    "STEPS_MAX",
    "Ahead",
    "Binding",
    "Decision",
    "Envelope",
    "Forecast",
    "Job",
    "Level",
    "Limits",
    "LoadStep",
    "LookAhead",
    "MakePlan",
    "Outlook",
    "Placement",
    "Plan",
    "PlanRecord",
    "Planned",
    "PlannedLoads",
    "PlanningTable",
    "Problem",
    "Request",
    "Site",
    "State",
    "Station",
    "StationPass",
    "Verdict",
    "admit",
    "envelope",
    "gain_wh",
    "greedy",
    "job_of",
    "plan",
    "planned",
    "read_record",
    "record_octets",
    "steps_of",
]
