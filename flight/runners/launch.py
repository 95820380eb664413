"""The launcher: from the runner's process to the job's program, through everything that keeps it in.

    python -m flight.runners.launch < ORDER 3> STATUS

It enters the job's control groups, sets its limits, and makes the sandbox: bubblewrap's, or one of its own.  Standard
library only, and little of that: each job pays for its start.  On STATUS it says `up` before the program begins and
`failed: WHY` if it cannot; bubblewrap writes its own lines there.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from typing import NamedTuple

from flight.runners import kernel_calls as kernel
from flight.runners.seccomp import filter_octets

NICE = 10  # flight goes first
OOM_SCORE = 900  # when memory ends, a job ends, not flight
ORDER_MAX = 2**22  # octets; 256 words of 4 KiB, escaped, and our own
NOT_STARTED = 127
SIGNALLED = 128  # and the signal's number, as a shell says it
HANDLES_MAX = 1_024  # none of the runner's is above; all but the status pipe are closed
NEW_ROOT = "/tmp"  # noqa: S108  (a place to mount upon, in a mount namespace of our own; nothing in it is touched)
NAMESPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
)
LOCKED = (  # flags of a mount that a user namespace may not take away: statvfs's and mount's
    (os.ST_NOSUID, kernel.MS_NOSUID),
    (os.ST_NODEV, kernel.MS_NODEV),
    (os.ST_NOEXEC, kernel.MS_NOEXEC),
    (os.ST_NOATIME, kernel.MS_NOATIME),
    (os.ST_NODIRATIME, kernel.MS_NODIRATIME),
    (os.ST_RELATIME, kernel.MS_RELATIME),
)


class Place(NamedTuple):
    """A folder, file or device of the host, and where the job sees it."""

    source: str
    target: str
    mode: str  # read, write or device


class Order(NamedTuple):
    """`isolation` is that of `flight.declare.running`; `user` is 0 to stay who we are; the program starts in `folder`.

    In `words`, `{filter}` and `{status}` are replaced by the numbers of file handles.
    """

    isolation: int
    words: list[str]
    environment: list[list[str]]
    folder: str
    entrances: list[str]
    limits: list[list[int]]
    places: list[Place]
    user: int
    machine: str
    temporary_octets: int
    landlock: bool  # where no namespaces are


BUBBLEWRAP, OWN_NAMESPACES = 3, 2
STATUS = 3


def main() -> int:
    status = STATUS
    order = Order(*json.loads(_read_all(0)))
    order = order._replace(places=[Place(*place) for place in order.places])
    os.set_inheritable(status, order.isolation == BUBBLEWRAP)
    try:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        _prepare(order)
        if order.isolation == BUBBLEWRAP:
            _bubblewrap(order, status)
        return _own(order, status)
    except OSError as error:
        _say(status, f"failed: {error}")
        return NOT_STARTED


def _read_all(handle: int) -> bytes:
    data = bytearray()
    while len(data) <= ORDER_MAX and (piece := os.read(handle, ORDER_MAX)):
        data += piece
    return bytes(data)


def _say(status: int, text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(status, (text + "\n").encode(errors="replace"))


def _prepare(order: Order) -> None:
    """What holds at every level; groups first, so that all that follows is counted in them."""
    for entrance in order.entrances:
        with open(entrance, "w") as file:
            file.write("0")
    kernel.process_option(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.new_session_keyring(order.machine)
    os.nice(NICE)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(OOM_SCORE))
    os.umask(0o022)  # the job's user passes through the folders of its new root


def _limit(order: Order) -> None:
    for number, value in order.limits:
        _, hard = resource.getrlimit(number)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (most, most))


def _environment(order: Order) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in order.environment}


def _bubblewrap(order: Order, status: int) -> None:
    program = filter_octets(order.machine, alone=True)
    handle = os.memfd_create("filter")
    if program is not None:
        os.write(handle, program)
        os.lseek(handle, 0, os.SEEK_SET)
    os.set_inheritable(handle, True)
    os.closerange(STATUS + 1, handle)  # what whoever started the runner has left open
    os.closerange(max(STATUS, handle) + 1, HANDLES_MAX)
    numbers = {"{filter}": str(handle), "{status}": str(status)}
    _limit(order)
    os.execve(
        order.words[0],
        [numbers.get(word, word) for word in order.words],
        _environment(order),
    )


# ---------------------------------------------------------------- a sandbox of our own


def _own(order: Order, status: int) -> int:
    alone = order.isolation == OWN_NAMESPACES
    if alone:
        _enter_namespaces()
        first = os.fork()
        if first:
            _say(status, f"first {first}")
            _close_all_but(status)
            os.close(status)
            return _follow(first)
        kernel.process_option(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        _new_root(order)
    else:
        kernel.process_option(kernel.PR_SET_CHILD_SUBREAPER, 1)
    program = os.fork()
    if not program:
        _become(order, status, alone)
    _close_all_but(status)
    os.close(status)
    code = _follow(program)
    _end_all_others()
    return code


def _follow(wanted: int) -> int:
    """Bury all children until this one ends; its exit code as a shell says it."""
    while True:
        pid, state = os.wait()
        if pid == wanted:
            code = os.waitstatus_to_exitcode(state)
            return code if code >= 0 else SIGNALLED - code


def _end_all_others() -> None:
    """What the program left behind has come to us: we are its subreaper, or the first of its PID namespace."""
    own = os.getpid()
    with contextlib.suppress(ChildProcessError):
        while True:
            with open(f"/proc/{own}/task/{own}/children") as file:
                for word in file.read().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(word), signal.SIGKILL)
            os.wait()


def _close_all_but(status: int) -> None:
    os.closerange(3, status)
    os.closerange(status + 1, HANDLES_MAX)


def _enter_namespaces() -> None:
    """Root makes them as it is; anybody else in a user namespace, where it stays itself."""
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(NAMESPACES | (kernel.CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def _new_root(order: Order) -> None:
    """A root of nothing but `order.places`, a /proc of its own and a small /tmp."""
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    opened = [(os.open(place.source, os.O_PATH | os.O_CLOEXEC), place) for place in order.places]
    size = f"size={order.temporary_octets},mode=755"
    kernel.mount("tmpfs", NEW_ROOT, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, size)
    for handle, place in opened:
        _bind(handle, place)
    for name, flags in (("/proc", kernel.MS_NOEXEC), ("/tmp", 0), ("/dev/shm", kernel.MS_NOEXEC)):  # noqa: S108
        kind = "proc" if name == "/proc" else "tmpfs"
        os.makedirs(NEW_ROOT + name, exist_ok=True)
        data = "" if kind == "proc" else f"size={order.temporary_octets},mode=1777"
        kernel.mount(kind, NEW_ROOT + name, kind, flags | kernel.MS_NOSUID | kernel.MS_NODEV, data)
    os.mkdir(NEW_ROOT + "/.old")
    kernel.pivot_root(order.machine, NEW_ROOT, NEW_ROOT + "/.old")
    os.chdir("/")
    kernel.unmount("/.old")
    os.rmdir("/.old")
    kernel.mount("none", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID)


def _bind(handle: int, place: Place) -> None:
    source, target = f"/proc/self/fd/{handle}", NEW_ROOT + place.target
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    kernel.mount(source, target, "", kernel.MS_BIND)
    flags = kernel.MS_NOSUID | (0 if place.mode == "device" else kernel.MS_NODEV)
    flags |= kernel.MS_RDONLY if place.mode == "read" else 0
    held = os.statvfs(target).f_flag
    flags |= sum(mount_flag for flag, mount_flag in LOCKED if held & flag)
    kernel.mount("none", target, "", kernel.MS_REMOUNT | kernel.MS_BIND | flags)


def _become(order: Order, status: int, alone: bool) -> None:
    """The last steps, in the process that will be the program.  Does not return."""
    try:
        os.setsid()
        os.chdir(order.folder)
        if order.user:
            os.setgroups([])
            os.setresgid(order.user, order.user, order.user)
        kernel.drop_bounding_set()
        _limit(order)
        if order.user:
            os.setresuid(order.user, order.user, order.user)
        kernel.process_option(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # forgotten with the change of user
        kernel.process_option(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if not alone and order.landlock:
            modes = ("read", "write", "device")
            kernel.restrict_files(
                *([place.source for place in order.places if place.mode == mode] for mode in modes)
            )
        program = filter_octets(order.machine, alone=alone, process=os.getpid())
        if program is not None:
            kernel.refuse_calls(program)
        _close_all_but(status)
        _say(status, "up")
        os.execvpe(order.words[0], order.words, _environment(order))
    except OSError as error:
        _say(status, f"failed: {order.words[0]}: {error}")
    os._exit(NOT_STARTED)


if __name__ == "__main__":
    sys.exit(main())
