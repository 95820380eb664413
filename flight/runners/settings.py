"""What a mission says about its runner, and what the machine has: found once, at the runner's start."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from flight.declare.running import Isolation
from flight.runners.cgroups import Groups, find_groups
from flight.runners.kernel_calls import landlock_version
from flight.runners.seccomp import MACHINES

FIRST_USER = 2_100_000_000  # above all that Debian and systemd hand out; one number for each job's number
USERS = 2**24


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


def user_of(job: int) -> int:
    return FIRST_USER + job % USERS


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
