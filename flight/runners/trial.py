"""Which level of isolation works here: each is tried with a program that does nothing, strongest first.

A kernel may have namespaces and forbid them, a container may have bubblewrap and refuse its mounts: facts about files
and versions do not tell.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from flight.declare.running import Isolation, JobFolders, JobLimits, JobToRun, RunnerKind
from flight.runners.cgroups import Groups
from flight.runners.sandbox import order_of
from flight.runners.scratch import empty, hand_over
from flight.runners.settings import Machine, RunnerSettings
from flight.runners.spawn import Spawned, spawn

TRIAL_S = 10.0  # of each level; a working one needs 0.1 s here
PATIENCE_S = 0.002
MEMORY_OCTETS = 256 * 2**20
FOLDERS = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")


def strongest(settings: RunnerSettings, machine: Machine) -> Isolation:
    """NONE is left when nothing else works."""
    place = Path(settings.state) / "trial"
    for isolation in sorted(Isolation, reverse=True):
        if isolation > settings.strongest or not _possible(machine, isolation):
            continue
        if isolation < Isolation.NAMESPACES or _works(settings, machine, isolation, place):
            return isolation
    return Isolation.NONE


def _possible(machine: Machine, isolation: Isolation) -> bool:
    if isolation is Isolation.BUBBLEWRAP:
        return bool(machine.bubblewrap and (machine.set_user or not machine.root))
    return isolation is not Isolation.USER or machine.root


def _works(settings: RunnerSettings, machine: Machine, isolation: Isolation, place: Path) -> bool:
    folders = JobFolders(*(str(place / name) for name in FOLDERS))
    for name in FOLDERS:
        (place / name).mkdir(parents=True, exist_ok=True)
    job = JobToRun(0, RunnerKind.PROCESS, ("true",))
    limits = JobLimits(memory_octets=MEMORY_OCTETS, disk_octets=2**20)
    alone = Machine(
        machine.architecture, machine.root, machine.bubblewrap, machine.set_user, machine.landlock, Groups()
    )
    try:
        user = settings.user_of(job.job, machine, isolation)
        for folder in folders.written if user else ():
            hand_over(folder, user)
        spawned = spawn(order_of(alone, settings, isolation, job, limits, folders, user, [], 1_000))
    except OSError:
        return False
    code = _exit_code(spawned)
    spawned.hear()
    complaint = spawned.complaint
    spawned.close()
    with contextlib.suppress(OSError):
        empty(str(place))
        place.rmdir()
    return code == 0 and not complaint


def _exit_code(spawned: Spawned) -> int:
    until = time.monotonic() + TRIAL_S
    while True:
        pid, status = os.waitpid(spawned.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(spawned.pid, signal.SIGKILL)
            os.waitpid(spawned.pid, 0)
            return -1
        time.sleep(PATIENCE_S)
