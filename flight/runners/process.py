"""The process runner: every job in a sandbox, as strong as this machine can make one (`flight.ports.JobRunner`).

This is the runner itself, which its own process drives (`flight.runners.service`); tests drive it in theirs.
"""

from __future__ import annotations

import os
import signal
import stat
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from flight.declare.running import (
    JOBS_MAX,
    SPEED_FULL,
    Inventory,
    Isolation,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Means,
    Protection,
    Refusal,
    RunnerKind,
)
from flight.runners.cgroups import JobGroup, leftovers
from flight.runners.control import Control
from flight.runners.holds import Grip
from flight.runners.job import RunningJob
from flight.runners.processes import children, count_of_user, send
from flight.runners.sandbox import order_of
from flight.runners.scratch import hand_over
from flight.runners.settings import USERS, Machine, RunnerSettings
from flight.runners.spawn import spawn
from flight.runners.wasm.translation import engine_installed, for_host, limits_with_host

IDLE_NS = 1_000_000_000
ENERGY_MAX_MJ = 2**63 - 1


class ProcessRunner:
    """`isolation` is what was tried out on this machine (`flight.runners.trial`).  `adopts` says that this process
    takes in orphans (its service does): a child that is no job's leader has slipped out of one, and is killed."""

    def __init__(
        self,
        settings: RunnerSettings,
        machine: Machine,
        isolation: Isolation,
        now: int,
        *,
        adopts: bool = False,
    ) -> None:
        self.settings, self.machine, self.isolation = settings, machine, isolation
        self.began_at, self.adopts = now, adopts
        self.jobs: dict[int, RunningJob] = {}
        self.stale: list[JobGroup] = []  # of an earlier runner, until what is in them is dead
        self.prefix = f"skyrack-{zlib.crc32(settings.state.encode()):08x}-"
        for name in leftovers(machine.groups, self.prefix):
            group = JobGroup(machine.groups, name)
            group.kill()
            send(group.processes(), signal.SIGKILL)
            self.stale.append(group)

    # ---------------------------------------------------------------- the port

    def start(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> Refusal | None:
        if job.job % USERS in {number % USERS for number in self.jobs}:  # two jobs would be the same user
            return Refusal.NUMBER_IN_USE
        if len(self.jobs) >= JOBS_MAX:
            return Refusal.TOO_MANY_JOBS
        refusal = self._unfit(job, limits, folders)
        if refusal is not None:
            return refusal
        try:
            self.jobs[job.job] = self._started(job, limits, folders, now)
        except OSError:
            return Refusal.FOLDER
        return None

    def freeze(self, job: int, now: int) -> Refusal | None:
        return self._told(job, lambda found: found.freeze(now))

    def thaw(self, job: int, now: int) -> Refusal | None:
        return self._told(job, lambda found: found.thaw(now))

    def checkpoint(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._told(job, lambda found: found.ask_checkpoint(within_ns, now))

    def stop(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._told(job, lambda found: found.stop(within_ns, now))

    def kill(self, job: int, now: int) -> Refusal | None:
        found = self.jobs.get(job)
        if found is None:
            return Refusal.UNKNOWN_JOB
        found.kill(now)
        return None

    def pace(self, job: int, speed_milli: int, now: int) -> Refusal | None:
        found = self.jobs.get(job)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if not 1 <= speed_milli <= SPEED_FULL:
            return Refusal.INVALID
        cores_milli = found.limits.cores_milli or SPEED_FULL * (os.cpu_count() or 1)
        return None if found.pace(speed_milli, cores_milli) else Refusal.NO_MEANS

    def book(self, job: int, energy_mj: int, now: int) -> Refusal | None:
        found = self.jobs.get(job)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if not 0 <= energy_mj <= ENERGY_MAX_MJ - found.entry.usage.energy_mj:
            return Refusal.INVALID
        usage = found.entry.usage
        found.entry = replace(found.entry, usage=replace(usage, energy_mj=usage.energy_mj + energy_mj))
        found.changed = True
        return None

    def forget(self, job: int, now: int) -> Refusal | None:
        found = self.jobs.get(job)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if found.entry.state is not JobState.ENDED:
            return Refusal.WRONG_STATE
        del self.jobs[job]
        return None

    def poll(self, now: int) -> Sequence[JobEntry]:
        self.tend(now)
        changed = [found for found in self.jobs.values() if found.changed]
        for found in changed:
            found.changed = False
        return [found.entry for found in changed]

    def inventory(self, now: int) -> Inventory:
        return Inventory(self.began_at, tuple(found.entry for found in self.jobs.values()))

    # ---------------------------------------------------------------- as time goes by

    def tend(self, now: int) -> None:
        self.stale = [group for group in self.stale if not group.remove()]
        for found in self.jobs.values():
            found.tend(now)
            if found.lingering:
                found.lingering = not found.group.remove()
        if self.adopts:
            self._end_strays()

    def next_deadline(self, now: int) -> int:
        live = [
            found.next_deadline() for found in self.jobs.values() if found.entry.state is not JobState.ENDED
        ]
        return min(live, default=now + IDLE_NS)

    def handles(self) -> list[int]:
        """File handles that are worth waiting for."""
        found = []
        for job in self.jobs.values():
            if job.entry.state is not JobState.ENDED:
                found += [output.handle for output in job.spawned.outputs if output.handle is not None]
                found += [job.spawned.status] if job.entry.state is JobState.STARTING else []
        return found

    def _end_strays(self) -> None:
        """An orphan comes to us when the keeper of its job has been killed; nothing of a job outlives that."""
        leaders = {found.grip.leader for found in self.jobs.values() if found.grip.status is None}
        strays = [pid for pid in children(os.getpid()) if pid not in leaders]
        send(strays, signal.SIGKILL)
        for pid in strays:
            os.waitpid(pid, os.WNOHANG)

    def _told(self, job: int, tell: Callable[[RunningJob], bool]) -> Refusal | None:
        found = self.jobs.get(job)
        if found is None:
            return Refusal.UNKNOWN_JOB
        return None if tell(found) else Refusal.WRONG_STATE

    # ---------------------------------------------------------------- a start

    def _unfit(self, job: JobToRun, limits: JobLimits, folders: JobFolders) -> Refusal | None:
        if job.kind is RunnerKind.MODELLED or (job.kind is RunnerKind.WASM and not engine_installed()):
            return Refusal.RUNTIME
        if job.kind is RunnerKind.WASM and not limits.fuel:
            return Refusal.INVALID
        if not set(job.devices) <= self.settings.devices:
            return Refusal.DEVICE
        if not all(_below(path, self.settings.libraries) for path in job.libraries):
            return Refusal.LIBRARY
        paths = [folders.package, folders.models, *folders.written, folders.record]
        if not all(_is_folder(path) for path in paths):
            return Refusal.FOLDER
        if self.isolation is Isolation.USER and not all(map(_open_to_all, paths[:-1])):
            return Refusal.FOLDER
        return None

    def _started(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> RunningJob:
        if job.kind is RunnerKind.WASM:
            job, limits = for_host(job, limits), limits_with_host(limits)
        user = self.settings.user_of(job.job, self.machine, self.isolation)
        control = Control(folders.control)
        group = JobGroup(self.machine.groups, f"{self.prefix}{job.job}")
        try:
            for folder in folders.written if user else ():
                hand_over(folder, user)
            group.limit(limits.cores_milli, limits.memory_octets, limits.processes)
            if limits.io_octets_s:
                group.limit_io(_disk_of(folders.scratch), limits.io_octets_s)
            running = 0 if user else count_of_user(os.geteuid())
            order = order_of(
                self.machine,
                self.settings,
                self.isolation,
                job,
                limits,
                folders,
                user,
                group.entrances,
                running,
            )
            spawned = spawn(order)
        except OSError:
            control.close()
            group.remove()
            raise
        grip = Grip(spawned.pid, group, user, self.isolation)
        return RunningJob(job, limits, folders, self._protection(grip, user), grip, spawned, control, now)

    def _protection(self, grip: Grip, user: int) -> Protection:
        group, isolation = grip.group, self.isolation
        by_group = {
            name: {2: Means.CGROUP_V2, 1: Means.CGROUP_V1}[group.version[name]] for name in group.held
        }
        return Protection(
            isolation,
            own_user=user != 0,
            filtered=self.machine.filters,
            landlock=self.machine.landlock if isolation < Isolation.NAMESPACES else 0,
            cpu=by_group.get("cpu", Means.NOBODY),
            memory=by_group.get("memory", Means.WATCHED),
            processes=by_group.get("pids", Means.RLIMIT if user else Means.WATCHED),
            io=by_group.get("io", Means.NOBODY),
            disk=Means.WATCHED,
            freezer=grip.freezer,
        )


def _below(path: str, roots: Sequence[str]) -> bool:
    real = Path(path).resolve()
    return path.startswith("/") and any(real.is_relative_to(Path(root).resolve()) for root in roots)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _open_to_all(path: str) -> bool:
    """Without a mount namespace a user of its own comes to its folders only through folders that let everybody pass."""
    return all(os.stat(parent).st_mode & stat.S_IXOTH for parent in Path(path).parents)


def _disk_of(path: str) -> str:
    """major:minor of the whole disk, which is what the kernel throttles."""
    device = os.stat(path).st_dev
    own = f"{os.major(device)}:{os.minor(device)}"
    block = Path("/sys/dev/block") / own
    if (block / "partition").exists():
        return (block.resolve().parent / "dev").read_text().strip()
    return own
