"""Faults of jobs, of the processes that run and plan them, and of what is sent as a job."""

from __future__ import annotations

import random
from collections.abc import Callable

from sim.scenario import Fault
from sim.simulation import NS, Simulation

JOB_TARGETS = frozenset({"job", "package", "process.runner", "process.planning"})
Undo = Callable[[], None]


def begin_of_jobs(simulation: Simulation, fault: Fault, rng: random.Random) -> Undo:
    if fault.target == "job":
        return _job(simulation, fault)
    if fault.target == "process.runner":
        return _runner(simulation, fault)
    if fault.target == "process.planning":
        return simulation.stop_planning(kill=fault.kind == "kill")
    if simulation.send_hostile is not None:
        simulation.send_hostile(fault.kind, simulation.now_s, rng)
    return _nothing


def _job(simulation: Simulation, fault: Fault) -> Undo:
    over = simulation.afflictions.begin(fault)

    def afflict() -> None:
        if simulation.computer.runner is not None:
            simulation.computer.runner.afflict()

    def undo() -> None:
        over()
        afflict()

    afflict()
    return undo


def _runner(simulation: Simulation, fault: Fault) -> Undo:
    runner = simulation.computer.runner
    if runner is None:
        return _nothing
    if fault.kind == "kill":
        runner.die(simulation.now_s * NS)
        return _nothing
    runner.hung = True
    return lambda: runner.release(simulation.now_s * NS)


def _nothing() -> None:
    pass
