"""A job's sandbox as words: what the launcher is ordered to do, at each level of isolation.  Pure.

Inside namespaces a job sees its folders below /job; without them, where they are.
"""

from __future__ import annotations

import resource
import sys
from pathlib import PurePosixPath

from flight.declare.running import Isolation, JobFolders, JobLimits, JobToRun
from flight.runners.launch import Order, Place
from flight.runners.settings import Machine, RunnerSettings

INSIDE = "/job"
READ = ("package", "models")
WRITE = ("outputs", "checkpoints", "scratch", "control")
TEMPORARY_OCTETS = (
    16 * 2**20
)  # of /tmp and /dev/shm each, in memory: TMPDIR is the scratch folder, which is on the disk
STACK_OCTETS = 8 * 2**20
ADDRESSES_OVER_MEMORY = 8 * 2**30  # of address space: libraries reserve far more than they use
NODES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SHARED_USER_PROCESSES = 512  # of all jobs and their runner, where they are one user: the rest is watched
SECOND = 1_000_000_000


def seen_at(folders: JobFolders, isolation: Isolation) -> dict[str, str]:
    """Where the job finds each of its folders."""
    names = (*READ, *WRITE)
    if isolation < Isolation.NAMESPACES:
        return {name: getattr(folders, name) for name in names}
    return {name: f"{INSIDE}/{name}" for name in names}


def environment_of(
    job: JobToRun, limits: JobLimits, folders: JobFolders, isolation: Isolation
) -> list[list[str]]:
    """docs/jobs.md; nothing of the runner's own."""
    seen = seen_at(folders, isolation)
    cores = str(max(1, limits.cores_milli // 1_000))
    own = {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": seen["scratch"],
        "TMPDIR": seen["scratch"],
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": cores,
        "OPENBLAS_NUM_THREADS": cores,
        "SKYRACK_JOB": "1",
    }
    own |= {f"SKYRACK_{name.upper()}": path for name, path in seen.items()}
    return [[name, text] for name, text in {**dict(job.environment), **own}.items()]


def places_of(
    settings: RunnerSettings, job: JobToRun, folders: JobFolders, isolation: Isolation
) -> list[Place]:
    seen = seen_at(folders, isolation)
    places = [Place(path, path, "read") for path in (*settings.readable, *job.libraries)]
    places += [Place(getattr(folders, name), seen[name], "read") for name in READ]
    places += [Place(getattr(folders, name), seen[name], "write") for name in WRITE]
    return places + [Place(path, path, "device") for path in (*NODES, *job.devices)]


def limits_of(limits: JobLimits, running: int) -> list[list[int]]:
    """For each process.  `running` are those that the kernel counts with a job without a user of its own, else 0."""
    found = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.disk_octets,
        resource.RLIMIT_STACK: STACK_OCTETS,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_AS: limits.memory_octets + ADDRESSES_OVER_MEMORY,
        resource.RLIMIT_DATA: limits.memory_octets,
        resource.RLIMIT_NPROC: running + SHARED_USER_PROCESSES if running else limits.processes,
    }
    if limits.cpu_time_ns:
        found[resource.RLIMIT_CPU] = (
            limits.cpu_time_ns // SECOND + 2
        )  # what all of it used is watched; this is one process
    return [[number, value] for number, value in found.items()]


def order_of(
    machine: Machine,
    settings: RunnerSettings,
    isolation: Isolation,
    job: JobToRun,
    limits: JobLimits,
    folders: JobFolders,
    user: int,
    entrances: list[str],
    running: int,
) -> Order:
    """`user` is 0 to stay who we are; `entrances` are those of the job's control groups."""
    places = places_of(settings, job, folders, isolation)
    seen = seen_at(folders, isolation)
    words = [_placed(word, seen["package"]) for word in job.words]
    if isolation is Isolation.BUBBLEWRAP:
        words = bubblewrap_words(machine, places, seen["scratch"], user) + words
    return Order(
        int(isolation),
        words,
        environment_of(job, limits, folders, isolation),
        seen["scratch"],
        entrances,
        limits_of(limits, running),
        places,
        user,
        machine.architecture,
        TEMPORARY_OCTETS,
        machine.landlock > 0,
    )


def _placed(word: str, package: str) -> str:
    """A word that begins with `{package}/` is a file of the package, wherever the job sees that."""
    start = "{package}/"
    return f"{package}/{word.removeprefix(start)}" if word.startswith(start) else word


def bubblewrap_words(machine: Machine, places: list[Place], folder: str, user: int) -> list[str]:
    """As root it makes the mounts, and its child becomes `user`; as anybody else in a user namespace, without a way to
    make more of them."""
    words = [machine.bubblewrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "job"]
    words += ["--json-status-fd", "{status}"]
    if not user:
        words += ["--unshare-user"] if machine.filters else ["--unshare-user", "--disable-userns"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for name in ("/dev/shm", "/tmp"):  # noqa: S108  (inside)
        words += ["--perms", "1777", "--size", str(TEMPORARY_OCTETS), "--tmpfs", name]
    for folder_above in _above(places):  # which bubblewrap would make for their owner alone
        words += ["--perms", "0755", "--dir", folder_above]
    for place in places:
        if place.target in NODES:  # of bubblewrap's own /dev
            continue
        option = {"read": "--ro-bind", "write": "--bind", "device": "--dev-bind"}[place.mode]
        words += [option, place.source, place.target]
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", folder]
    if machine.filters:
        words += ["--seccomp", "{filter}"]
    if user:
        words += ["--cap-drop", "ALL"]  # but what it takes to enter the user's folder and to become the user
        words += [
            word for name in ("SETUID", "SETGID", "DAC_READ_SEARCH") for word in ("--cap-add", f"CAP_{name}")
        ]
        words += ["--", machine.set_user]
        words += ["--reuid", str(user), "--regid", str(user), "--clear-groups", "--inh-caps=-all"]
    return [*words, "--"]


def _above(places: list[Place]) -> list[str]:
    """Folders on the way to a place, from the top; not those that are in a place or of bubblewrap's own making."""
    targets = {place.target for place in places}
    ways = sorted(
        {str(parent) for place in places for parent in PurePosixPath(place.target).parents} - {"/", "/dev"}
    )
    return [way for way in ways if not any(PurePosixPath(way).is_relative_to(target) for target in targets)]
