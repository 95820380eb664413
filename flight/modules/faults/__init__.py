"""Fault protection: one table of rows, each from a condition over persistence to a response."""

from flight.modules.faults.conflicts import conflicts
from flight.modules.faults.make import faults_of
from flight.modules.faults.module import Faults
from flight.modules.faults.row import RowState
from flight.modules.faults.table import (
    AskMode,
    AtLeast,
    AtMost,
    CycleRail,
    Fault,
    IsFalse,
    IsTrue,
    RaiseRung,
    ReportOnly,
    SetLevel,
)

__all__ = [
    "AskMode",
    "AtLeast",
    "AtMost",
    "CycleRail",
    "Fault",
    "Faults",
    "IsFalse",
    "IsTrue",
    "RaiseRung",
    "ReportOnly",
    "RowState",
    "SetLevel",
    "conflicts",
    "faults_of",
]
