"""A disk without faults, for the stores."""

from __future__ import annotations

import random

import pytest

from sim.disk import SimulatedDisk


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(random.Random(0))
