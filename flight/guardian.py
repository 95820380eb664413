"""The guardian: the process above the executive.  It owns the hardware watchdog and the right to kill.

It believes only the shared page.  While every critical module has met its deadline it feeds the watchdog.  A silent
executive is killed and restarted, and the module that it was stepping is charged; a module charged three times starts
isolated.  Restarts that do not help lead to the safe set of modules, and then to no feeding: a power cycle is the last
thing that software can ask for.

Standard library only, and of ours the page, the judge and the watchdog: what everything hangs on must be small.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Sequence

from flight.drivers.watchdog import FileWatchdog
from flight.judge import EXECUTIVE_SILENT, NAMES, NS, POWER_ON, Ending, Judge, Verdict
from flight.page import NOBODY, SharedPage

LOOK_EVERY_S = 0.1
FIFO_PRIORITY = 20  # above the executive, which must not be able to keep its judge from the processor


class GuardianError(Exception):
    """It cannot begin; one line says why."""


class Guardian:
    """Starts the executive, looks at the page, feeds or kills."""

    def __init__(self, command: Sequence[str], page: str, watchdog: str, lock: str) -> None:
        """GuardianError if another guardian holds `lock`, OSError for what cannot be opened."""
        self.command = [*command, "--page", page, "--guardian", str(os.getpid())]
        self.lock = _locked(lock)
        self.page_path = page
        self.page = SharedPage(page)
        self._end_stale()
        self.watchdog = FileWatchdog(watchdog)
        self.judge = Judge(time.monotonic_ns())
        self.child = 0  # 0 while none runs
        self.start_at = 0
        self.cause = Verdict(restart=POWER_ON)
        self.mission_time = 0  # of the last tick that anybody did
        self.stopping = False

    def _end_stale(self) -> None:
        """A guardian that died left its executive flying; two of them must not drive one board."""
        shown = self.page.read()
        if shown is None or shown.ending or not is_executive(shown.pid, self.page_path):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(shown.pid, signal.SIGKILL)
        _say(f"ended a stale executive (process {shown.pid})")

    def run(self) -> int:
        """Until SIGTERM, SIGINT or SIGHUP; then the exit code of the executive."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        while not self.stopping:
            now = time.monotonic_ns()
            if self.child:
                self._look(now)
            elif now >= self.start_at:
                self._start(now)
            time.sleep(LOOK_EVERY_S)
        return self._end()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _look(self, now: int) -> None:
        verdict = self.judge.look(now, self.page.read(), self._alive())
        if verdict.feed:
            self.watchdog.feed(now)
        if verdict.restart:
            self._take_down(now, verdict)

    def _alive(self) -> bool:
        pid, _ = os.waitpid(self.child, os.WNOHANG)
        return pid == 0

    def _take_down(self, now: int, verdict: Verdict) -> None:
        if verdict.restart == EXECUTIVE_SILENT:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        self.child, self.cause = 0, verdict
        self.start_at = now + self.judge.restarting(now)
        whom = "no module" if verdict.charged == NOBODY else f"module {verdict.charged}"
        _say(f"executive {NAMES[verdict.restart]}, {whom} charged, restart {self.judge.recent(now)}")

    def _start(self, now: int) -> None:
        shown = self.page.read()
        self.mission_time = max(self.mission_time, shown.heartbeat if shown is not None else 0)
        self.page.wipe()
        cause = {
            "--reset-reason": self.cause.restart,
            "--charged": self.cause.charged,
            "--clock-floor": self.mission_time,
        }
        command = [*self.command, *(word for name, value in cause.items() for word in (name, str(value)))]
        charges = self.judge.charged(now)
        if charges:
            command += ["--charges", ",".join(f"{index}:{count}" for index, count in charges.items())]
        if self.judge.safe(now):
            command.append("--safe")
        self.child = os.posix_spawn(command[0], command, os.environ)
        self.judge.begin(now)

    def _end(self) -> int:
        """An orderly stop: the executive first, then the watchdog is disarmed."""
        code = self._end_child() if self.child else 0
        self.watchdog.disarm()
        from pathlib import Path  # not before: it is a twentieth of our memory

        Path(self.page_path).unlink(missing_ok=True)
        return code

    def _end_child(self) -> int:
        os.kill(self.child, signal.SIGTERM)
        ending = Ending(time.monotonic_ns())
        while True:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            now = time.monotonic_ns()
            flies = self.judge.look(now, self.page.read(), True).feed
            if flies:
                self.watchdog.feed(now)
            if ending.look(now, flies=flies):
                _say(f"executive did not end within {(now - ending.began) // NS} s and is killed")
                os.kill(self.child, signal.SIGKILL)
            time.sleep(LOOK_EVERY_S / 10)


def _locked(path: str) -> int:
    """One guardian for one state folder.  The lock goes with the process, however it ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise GuardianError(f"another guardian flies from this state folder (it holds {path})") from None
    return handle


def is_executive(pid: int, page: str) -> bool:
    """Pids are reused: only a process that was given our page is killed."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return b"executive" in words and page.encode() in words


def _say(text: str) -> None:
    """A terminal that has gone away must not take the guardian with it."""
    with contextlib.suppress(OSError):
        print(f"guardian: {text}", file=sys.stderr, flush=True)


def take_priority() -> None:
    """SCHED_FIFO, for this process alone; said, not fatal, where it is not permitted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(FIFO_PRIORITY))
    except (AttributeError, OSError) as error:
        _say(f"no real-time priority: {error}")


def main(words: list[str]) -> int:
    """`PAGE WATCHDOG LOCK [--fifo] -- COMMAND ...`, as `flight.cli.run` writes it."""
    split = words.index("--")
    page, watchdog, lock, *options = words[:split]
    try:
        guardian = Guardian(words[split + 1 :], page, watchdog, lock)
    except (GuardianError, OSError) as error:
        print(f"skyrack-flight: {error}", file=sys.stderr)
        return 2
    if "--fifo" in options:
        take_priority()
    _say("starts the executive; Ctrl-C ends it in order")
    return guardian.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
