"""Checks are fed by hand here: each must hold where it should, and fail where its opposite is done."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from flight.app import build, load_mission
from flight.kernel import Kernel
from ground import Ground
from sim.scenario import load_scenario
from sim.simulation import Simulation


@pytest.fixture(scope="session")
def booted():
    """A Pathfinder that has flown for some seconds, its kernel, and a ground; to be looked at, not to be changed."""
    scenario = load_scenario("reference")
    built = build(load_mission("pathfinder"))
    simulation = Simulation(scenario, built.mission, Ground(built.dictionary), 1)
    simulation.run(5)
    assert isinstance(simulation.computer.kernel, Kernel)
    return simulation


@pytest.fixture
def kernel(booted):
    return booted.computer.kernel


@pytest.fixture
def module(kernel):
    """By name."""
    return lambda name: next(slot.module for slot in kernel.slots if slot.name == name)


@pytest.fixture
def seen(booted):
    """A simulation as a check sees it, whose parts a test may replace."""
    return SimpleNamespace(
        computer=SimpleNamespace(
            kernel=booted.computer.kernel,
            offset=0,
            crashes=[],
            worker=SimpleNamespace(queue=[], storage=booted.computer.worker.storage),
        ),
        mission=booted.mission,
        scenario=booted.scenario,
        switches=booted.switches,
        sensors=SimpleNamespace(distortions={}, readings=booted.sensors.readings),
        world=booted.world,
        radio=booted.radio,
        latched=set(),
        flipped=0,
        receiver=booted.receiver,
        transmitter=booted.transmitter,
        receiver_jammed=lambda: False,
        disk=booted.disk,
    )
