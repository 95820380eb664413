"""A grip on all processes of one job: freeze, end and count them, and read back that it is so.

The control group is the best grip; a PID namespace, a user of its own and the family tree are the others.  All that
are there are used, for each alone has been slipped out of by somebody.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal

from flight.declare.running import Isolation, Means
from flight.runners.cgroups import CORE, JobGroup
from flight.runners.processes import Seen, children, descendants, look, of_user, send

KEEPER_SPARED = 40  # attempts, about two seconds
STOPPED = ("T", "t", "Z", "X")


class Grip:
    """`leader` is the process that we started: the launcher, or bubblewrap, which stays outside of the namespaces."""

    def __init__(self, leader: int, group: JobGroup, user: int, isolation: Isolation) -> None:
        self.leader, self.group, self.user = leader, group, user
        self.isolation = isolation
        self.status: int | None = None  # of the leader, as wait(2) gives it
        self.buried_ns = 0  # processor time of the leader and all that it has buried
        self.first = -1  # handle of the first process in the job's PID namespace: all end before it does

    @property
    def freezer(self) -> Means:
        return {2: Means.CGROUP_V2, 1: Means.CGROUP_V1}.get(self.group.version.get(CORE, 0), Means.NOBODY)

    def bury(self) -> bool:
        """Whether the leader has ended."""
        if self.status is None:
            with contextlib.suppress(ChildProcessError):
                pid, status, used = os.wait4(self.leader, os.WNOHANG)
                if pid:
                    self.status = status
                    self.buried_ns = round((used.ru_utime + used.ru_stime) * 1e9)
        return self.status is not None

    def know_first(self, pid: int) -> None:
        """As the launcher or bubblewrap has named it."""
        if pid and self.first < 0:
            with contextlib.suppress(OSError):
                self.first = os.pidfd_open(pid)

    def first_lives(self) -> bool:
        return self.first >= 0 and not select.select([self.first], [], [], 0)[0]

    def close(self) -> None:
        if self.first >= 0:
            os.close(self.first)

    def processes(self, *, thorough: bool = True) -> list[int]:
        """All that we can find, the leader not among them.  Without `thorough`, what the group lists is enough."""
        found = set(self.group.processes())
        if self.group.lists and not thorough:
            return sorted(found - {self.leader})
        if self.status is None:
            found.update(descendants(self.leader))
        if self.user:
            found.update(of_user(self.user))
        return sorted(found - {self.leader})

    def seen(self) -> list[Seen]:
        return [shown for pid in self.processes(thorough=False) if (shown := look(pid)) is not None]

    def programs(self) -> list[int]:
        """What a request by signal goes to: the program, not those that hold its sandbox."""
        first = children(self.leader) if self.status is None else []
        if self.isolation < Isolation.NAMESPACES:
            return first
        return [pid for one in first for pid in children(one)]

    # ---------------------------------------------------------------- freeze

    def freeze(self, wanted: bool, *, by_signals: bool = False) -> None:
        if not self.group.freeze(wanted) or by_signals:
            send(self.processes(), signal.SIGSTOP if wanted else signal.SIGCONT)

    def frozen(self) -> bool:
        """Read back."""
        if self.freezer is not Means.NOBODY:
            return self.group.frozen()
        shown = self.seen()
        return bool(shown) and all(one.state in STOPPED for one in shown)

    # ---------------------------------------------------------------- kill

    def kill(self, attempt: int) -> None:
        """By one write where the kernel can; from the second attempt on by every means."""
        whole = self.group.kill()
        if whole and not attempt:
            return
        if self.freezer is Means.CGROUP_V1:
            self.group.freeze(True)  # so that none has children while the others die
        pids = self.processes()
        send(pids, signal.SIGKILL)
        if self.first_lives():
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.first, signal.SIGKILL)
        # Without a namespace the launcher is what keeps stray children in the family, and the last to be killed.
        spared = self.isolation < Isolation.NAMESPACES and attempt < KEEPER_SPARED and bool(pids)
        if self.status is None and not spared and (attempt or not pids):
            send([self.leader], signal.SIGKILL)
        if self.freezer is not Means.NOBODY:
            self.group.freeze(False)

    def gone(self) -> bool:
        """Nobody left: the leader buried, the namespace and the groups empty, no process of the job's user."""
        return self.bury() and not self.first_lives() and not [pid for pid in self.processes() if _lives(pid)]


def _lives(pid: int) -> bool:
    """One that is dead and waits for a parent to bury it does nothing any more."""
    shown = look(pid)
    return shown is not None and shown.state not in ("Z", "X")
