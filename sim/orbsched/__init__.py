"""ORBSCHED: a benchmark for schedulers of compute jobs on a satellite (docs/orbsched.md)."""

from sim.orbsched.generate import CLASSES, DAY, STANDARD, Size, generate
from sim.orbsched.instance import MILLI, Battery, Instance, Job, Level, Radiator, Trust, World

__all__ = [
    "CLASSES",
    "DAY",
    "MILLI",
    "STANDARD",
    "Battery",
    "Instance",
    "Job",
    "Level",
    "Radiator",
    "Size",
    "Trust",
    "World",
    "generate",
]
