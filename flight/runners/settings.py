"""What a mission says about its runner, and what the machine has: found once, at the runner's start."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from flight.declare.running import Isolation
from flight.runners.cgroups import Groups, find_groups
from flight.runners.kernel_calls import landlock_version
from flight.runners.seccomp import MACHINES

FIRST_USER = 1_900_000_000  # above all that Debian and systemd hand out, and below 2^31
USERS = 4_096  # of one runner: more jobs than it can have at once, so that none is another's heir while that lives
RANGES = 2**15  # of runners on one machine, which should not have the same users


def system_folders() -> tuple[str, ...]:
    """The system's programs and libraries, and this interpreter's."""
    found = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"]
    found += [sys.base_prefix, sys.prefix]
    return tuple(dict.fromkeys(path for path in found if Path(path).exists()))


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """`state` is a folder of the runner's own, closed to others.  `readable` is what every job may read; `devices` and
    `libraries` what one may ask for: nodes, and folders that lie in these."""

    state: str
    readable: tuple[str, ...] = field(default_factory=system_folders)
    devices: frozenset[str] = frozenset()
    libraries: tuple[str, ...] = ()
    strongest: Isolation = Isolation.BUBBLEWRAP  # less only for tests, and where bubblewrap misbehaves
    first_user: int = 0  # of USERS that are nobody else's; 0 takes some by the name of the state folder

    def user_of(self, job: int, machine: Machine, isolation: Isolation) -> int:
        """Who a job runs as; 0 for who we are, where it cannot be anybody else."""
        if not machine.root or isolation is Isolation.NONE:
            return 0
        first = self.first_user or FIRST_USER + zlib.crc32(self.state.encode()) % RANGES * USERS
        return first + job % USERS


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts, not wishes; whether a level of isolation really works is tried out (`flight.runners.trial`)."""

    architecture: str
    root: bool
    bubblewrap: str  # path, empty if absent
    set_user: str  # setpriv of util-linux: how bubblewrap's child becomes another user
    landlock: int
    groups: Groups

    @property
    def filters(self) -> bool:
        return self.architecture in MACHINES


def find_machine() -> Machine:
    return Machine(
        platform.machine(),
        os.geteuid() == 0,
        shutil.which("bwrap") or "",
        shutil.which("setpriv") or "",
        landlock_version(),
        find_groups(_text("/proc/self/mounts"), _text("/proc/self/cgroup")),
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
