"""Jobs that run: what a runner is told, and what it tells (`flight.ports.JobRunner`).

Times are nanoseconds of the caller's monotonic clock.  A job's number is the executive's, and never used twice.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

JOBS_MAX = 32  # in one runner, the ended ones that nobody has forgotten with them
WORDS_MAX = 256  # of a command line; a package with more needs a file of its own
WORD_OCTETS_MAX = 4_096
SPEED_FULL = 1_000  # thousandths


class RunnerKind(enum.IntEnum):
    PROCESS = 0
    WASM = 1
    MODELLED = 2


class JobState(enum.IntEnum):
    STARTING = 0
    RUNNING = 1
    FREEZING = 2  # asked for, not yet read back
    FROZEN = 3
    THAWING = 4
    STOPPING = 5  # asked to checkpoint and end, and still within its time
    KILLING = 6
    STUCK = 7  # killed by every means, and still there: the kernel holds it (a device, a disk)
    ENDED = 8


class ExitReason(enum.IntEnum):
    """Why a job is no longer there."""

    NONE = 0  # it is
    COMPLETED = 1
    FAILED = 2  # an exit code of its own
    SIGNALLED = 3  # by a signal that we did not send
    STOPPED = 4  # asked to, and it says that its checkpoint is written
    OVERRAN = 5  # asked to stop, and ended or was killed without saying so
    KILLED = 6  # as ordered
    MEMORY = 7
    DISK = 8  # more octets or files than allowed
    CPU_TIME = 9
    LIFETIME = 10
    SILENT = 11  # no heartbeat for longer than it promised
    PROCESSES = 12  # more than allowed, where no cgroup refuses them
    NOT_STARTED = 13
    TRAPPED = 14  # WebAssembly: a trap, such as a division by zero
    FUEL = 15  # WebAssembly: its fuel is used up
    LOST = 16  # the runner has begun anew without it


class Refusal(enum.IntEnum):
    """Why a runner does not do what it was asked."""

    UNKNOWN_JOB = 1
    NUMBER_IN_USE = 2
    TOO_MANY_JOBS = 3
    WRONG_STATE = 4
    FOLDER = 5  # absent, or out of the job's reach
    DEVICE = 6  # not one that the mission allows
    LIBRARY = 7  # not below a folder that the mission allows
    RUNTIME = 8  # not installed
    NO_MEANS = 9  # this machine cannot do that
    UNREACHABLE = 10  # the runner's process is down, or its queue full
    INVALID = 11


class Isolation(enum.IntEnum):
    """What keeps a job apart, strongest last."""

    NONE = 0  # a process group, limits on each process, what Landlock and seccomp forbid
    USER = 1  # that, and a user of its own
    NAMESPACES = 2  # made by us with unshare(2) and mount(2)
    BUBBLEWRAP = 3


class Means(enum.IntEnum):
    """Who holds a job to a limit, strongest last."""

    NOBODY = 0
    WATCHED = 1  # looked at now and then, killed when over
    RLIMIT = 2  # the kernel, for each process
    CGROUP_V1 = 3
    CGROUP_V2 = 4


@dataclass(frozen=True, slots=True)
class Protection:
    """What a running job really has, not what was wished for."""

    isolation: Isolation
    own_user: bool
    filtered: bool  # system calls by seccomp
    landlock: int  # its ABI, 0 for none
    cpu: Means
    memory: Means
    processes: Means
    io: Means
    disk: Means
    freezer: Means  # NOBODY is SIGSTOP, process by process


_NOBODY = Means.NOBODY
NO_PROTECTION = Protection(
    Isolation.NONE, False, False, 0, _NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY
)


@dataclass(frozen=True, slots=True)
class JobLimits:
    """0 is no limit, but for memory, processes, disk and files, which every job has."""

    memory_octets: int
    disk_octets: int
    cores_milli: int = 1_000
    processes: int = 64
    files: int = 4_096  # in all folders that it writes
    io_octets_s: int = 0
    open_files: int = 256  # each process
    cpu_time_ns: int = 0
    lifetime_ns: int = 0  # from its start, frozen time with it
    silence_ns: int = 0  # between two heartbeats, while it runs; counted from the first one
    fuel: int = 0  # WebAssembly only

    def __post_init__(self) -> None:
        values = [getattr(self, name) for name in self.__slots__]
        if any(type(value) is not int or not 0 <= value < 2**63 for value in values):
            raise ValueError("a limit is a whole number, at least 0")
        if not (self.memory_octets and self.disk_octets and self.processes and self.files):
            raise ValueError("memory, disk, processes and files have a limit for every job")
        if not self.open_files >= 16:
            raise ValueError("no program starts with less than 16 open files")


@dataclass(frozen=True, slots=True)
class JobFolders:
    """Absolute paths on the host (docs/jobs.md): the job reads the first two, writes the next four, which are its
    own, and does not see the last, where the runner leaves what it printed."""

    package: str
    models: str
    outputs: str
    checkpoints: str
    scratch: str
    control: str
    record: str

    def __post_init__(self) -> None:
        paths = [getattr(self, name) for name in self.__slots__]
        if any(not path.startswith("/") or "\0" in path for path in paths) or len(set(paths)) != len(paths):
            raise ValueError("the folders of a job are different absolute paths")

    @property
    def written(self) -> tuple[str, ...]:
        return (self.outputs, self.checkpoints, self.scratch, self.control)


@dataclass(frozen=True, slots=True)
class JobToRun:
    """`words` is its command line.  One that begins with `{package}/` is a file of its package; a first one without a
    slash is looked for in PATH.

    `devices` are device nodes and `libraries` folders to read that it asks for; the mission's table says what it may
    have.  `seed` is all the chance that a WebAssembly job gets.  `work_ns` is for the modelled runner.
    """

    job: int
    kind: RunnerKind
    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    devices: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    seed: int = 0
    work_ns: int = 0

    def __post_init__(self) -> None:
        texts = [*self.words, *self.devices, *self.libraries]
        texts += [text for pair in self.environment for text in pair]
        if not 0 <= self.job < 2**32 or not self.words or len(texts) > WORDS_MAX:
            raise ValueError("a job has a number, and 1 to 256 words")
        if any("\0" in text or len(text.encode()) > WORD_OCTETS_MAX for text in texts):
            raise ValueError("a word of a job has a NUL or is too long")


@dataclass(frozen=True, slots=True)
class JobUsage:
    cpu_time_ns: int = 0
    memory_peak_octets: int = 0
    disk_octets: int = 0  # as last looked at
    output_octets: int = 0  # that it printed; what is kept is less
    energy_mj: int = 0  # as the caller has booked it: a runner measures none


@dataclass(frozen=True, slots=True)
class JobEntry:
    """All that a runner knows of one job.  `progress_milli` and `phase` are what the job says of itself."""

    job: int
    kind: RunnerKind
    state: JobState
    protection: Protection
    usage: JobUsage = JobUsage()
    reason: ExitReason = ExitReason.NONE
    code: int = 0  # exit code, or the signal's number
    started_at: int = 0
    changed_at: int = 0  # when it came into this state
    heard_at: int = 0  # its last heartbeat, 0 for none
    took_ns: int = 0  # from the last order to its effect, as read back
    speed_milli: int = SPEED_FULL
    progress_milli: int = 0
    checkpoints: int = 0
    phase: str = ""
    note: str = ""  # for a person: why it did not start


@dataclass(frozen=True, slots=True)
class Inventory:
    """`began_at` tells one life of the runner from the next: a job that is missing then has been lost."""

    began_at: int
    entries: tuple[JobEntry, ...]


# ---------------------------------------------------------------- through the port of the workers

NUMBERS_EACH = (
    8  # a runner's number is the book's times this, and the stage (`flight.declare.shelving.STAGES`)
)


class Verb(enum.IntEnum):
    """What a running job is told: methods of `JobRunner`."""

    FREEZE = 0
    THAW = 1
    CHECKPOINT = 2  # amount: within_ns
    STOP = 3  # amount: within_ns
    KILL = 4
    PACE = 5  # amount: speed_milli
    BOOK = 6  # amount: energy_mj
    FORGET = 7


class StartJob(NamedTuple):
    """Job `job` of the book, stage `stage` of it: `brief` is a `flight.jobs.Brief` as octets."""

    now: int
    job: int
    stage: int
    brief: bytes
    speed_milli: int


class SteerJob(NamedTuple):
    """`job` is the runner's number."""

    now: int
    job: int
    verb: int
    amount: int = 0


class WatchJobs(NamedTuple):
    """Answered when an entry has changed; at once, with all there are, if `everything`."""

    now: int
    everything: bool


class OrderTaken(NamedTuple):
    """Of StartJob and SteerJob; 0, or a `Refusal`."""

    refusal: int


class JobsSeen(NamedTuple):
    """`began_at` tells one life of the runner from the next; -1 before any has been heard."""

    began_at: int
    entries: tuple[JobEntry, ...]


RUNNER_REQUESTS = (StartJob, SteerJob, WatchJobs)


def runner_number(job: int, stage: int) -> int:
    assert 0 <= stage < NUMBERS_EACH
    return job * NUMBERS_EACH + stage
