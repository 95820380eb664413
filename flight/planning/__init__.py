"""Planning of compute jobs: a planner that proposes and a guard that admits.  Pure functions; nothing flies yet."""

from flight.planning.guard import Envelope, Request, Verdict, admit, envelope
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

__all__ = [
    "STEPS",
    "Binding",
    "Decision",
    "Envelope",
    "Forecast",
    "Job",
    "Level",
    "Limits",
    "Placement",
    "Plan",
    "Problem",
    "Request",
    "State",
    "Verdict",
    "admit",
    "envelope",
    "plan",
]
