"""The guardian: the process above the executive.  It owns the hardware watchdog and the right to kill.

It believes only the shared page.  While the tick count on it moves and every critical module has met its deadline it
feeds the watchdog.  A silent executive is killed and restarted, and the module that it was stepping is charged; a
module charged three times starts isolated.  Restarts that do not help lead to the safe set of modules, and then to
no feeding: a power cycle is the last thing that software can ask for.

Standard library only, and nothing of ours but the page: what everything hangs on must be small.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from flight.page import NOBODY, SharedPage, Shown

NS = 1_000_000_000
LOOK_EVERY_S = 0.05
SILENT_NS = 1 * NS  # ten ticks; the longest pause of a healthy executive was measured at 65 ms
START_WITHIN_NS = 20 * NS  # imports and storage on a cold SD card
CHARGES_TO_ISOLATE = 3
SAFE_AFTER = 5  # restarts within the window: then only the safe set runs
STARVE_AFTER = 10  # restarts within the window: then the watchdog is no longer fed
WINDOW_NS = 600 * NS
BACK_OFF_NS = (0, NS // 2, NS, 2 * NS, 5 * NS)  # before the n-th restart within the window
POWER_ON, EXECUTIVE_DIED, EXECUTIVE_SILENT = 1, 2, 3  # reset reasons, as flight.modules.health names them


class FileWatchdog:
    """`/dev/watchdog` or, on a bench, a file: one octet for each feeding.  Closing with `V` disarms it."""

    def __init__(self, path: str) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.fed = 0

    def feed(self) -> None:
        os.write(self.handle, b".")
        self.fed += 1

    def disarm(self) -> None:
        os.write(self.handle, b"V")
        os.close(self.handle)


@dataclass
class Verdict:
    """What is to be done after one look."""

    feed: bool = False
    restart: int = 0  # a reset reason, 0 for none
    charged: int = NOBODY


@dataclass
class Judge:
    """The decisions, without processes: looks in, verdicts out.  Times are monotonic ns."""

    started: int
    ticks: int = -1
    moved: int = 0
    charges: dict[int, int] = field(default_factory=dict)
    restarts: list[int] = field(default_factory=list)

    def begin(self, now: int) -> None:
        """A new executive has been started."""
        self.started, self.moved, self.ticks = now, now, -1

    def look(self, now: int, shown: Shown | None, alive: bool) -> Verdict:
        if not alive:
            return self._restart(EXECUTIVE_DIED, shown)
        if shown is None or shown.ticks == 0:
            late = now - self.started > START_WITHIN_NS
            return self._restart(EXECUTIVE_SILENT, shown) if late else Verdict()
        if shown.ticks != self.ticks:
            self.ticks, self.moved = shown.ticks, now
        if now - self.moved > SILENT_NS:
            return self._restart(EXECUTIVE_SILENT, shown)
        return Verdict(feed=shown.critical_met and not self.starving(now))

    def _restart(self, reason: int, shown: Shown | None) -> Verdict:
        charged = shown.stepping if shown is not None else NOBODY
        if charged != NOBODY:
            self.charges[charged] = self.charges.get(charged, 0) + 1
        return Verdict(restart=reason, charged=charged)

    def restarting(self, now: int) -> int:
        """Note a restart; how long to wait before it, ns."""
        self.restarts = [at for at in self.restarts if now - at < WINDOW_NS]
        self.restarts.append(now)
        return BACK_OFF_NS[min(len(self.restarts), len(BACK_OFF_NS)) - 1]

    def recent(self, now: int) -> int:
        return sum(now - at < WINDOW_NS for at in self.restarts)

    def safe(self, now: int) -> bool:
        return self.recent(now) >= SAFE_AFTER

    def starving(self, now: int) -> bool:
        return self.recent(now) >= STARVE_AFTER

    def isolated(self) -> list[int]:
        return sorted(index for index, count in self.charges.items() if count >= CHARGES_TO_ISOLATE)


class Guardian:
    """Starts the executive, looks at the page, feeds or kills."""

    def __init__(self, command: Sequence[str], page: str, watchdog: str) -> None:
        self.command = list(command)
        self.page = SharedPage(page)
        self.watchdog = FileWatchdog(watchdog)
        self.judge = Judge(time.monotonic_ns())
        self.child = 0
        self.stopping = False
        self._end_stale()

    def _end_stale(self) -> None:
        """A guardian that died left its executive flying; two of them must not drive one board."""
        shown = self.page.read()
        if shown is not None and not shown.ending and _is_ours(shown.pid, self.command):
            os.kill(shown.pid, signal.SIGKILL)

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self._start(POWER_ON, NOBODY)
        while not self.stopping:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic_ns()
            verdict = self.judge.look(now, self.page.read(), self._alive())
            if verdict.feed:
                self.watchdog.feed()
            if verdict.restart:
                self._replace(now, verdict)
        return self._end()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _alive(self) -> bool:
        pid, _ = os.waitpid(self.child, os.WNOHANG)
        return pid == 0

    def _replace(self, now: int, verdict: Verdict) -> None:
        if verdict.restart == EXECUTIVE_SILENT:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        wait = self.judge.restarting(now)
        print(
            f"guardian: executive ended, reason {verdict.restart}, module {verdict.charged}", file=sys.stderr
        )
        time.sleep(wait / NS)
        self._start(verdict.restart, verdict.charged)

    def _start(self, reason: int, charged: int) -> None:
        now = time.monotonic_ns()
        self.page.wipe()
        extra = ["--reset-reason", str(reason), "--charged", str(charged)]
        if self.judge.safe(now):
            extra.append("--safe")
        isolated = self.judge.isolated()
        if isolated:
            extra += ["--isolated", ",".join(map(str, isolated))]
        command = [*self.command, *extra]
        self.child = os.posix_spawn(command[0], command, os.environ)
        self.judge.begin(now)

    def _end(self) -> int:
        """An orderly stop: the executive first, then the watchdog is disarmed."""
        os.kill(self.child, signal.SIGTERM)
        _, status = os.waitpid(self.child, 0)
        self.watchdog.disarm()
        return os.waitstatus_to_exitcode(status)


def _is_ours(pid: int, command: Sequence[str]) -> bool:
    """Pids are reused: only a process with our executive's command line is killed."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return all(word.encode() in words for word in command[1:])
