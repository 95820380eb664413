"""`skyrack-flight executive`: the process that flies, as the guardian starts it.

The composition root of real time: a board's ports, the storage worker, what it still knows, the kernel, the runner.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flight.app import Built, build, load_mission, safe_rows, with_own_row
from flight.boards.bench import Bench, BenchLink, umbilical_names
from flight.boards.clock import RealClock, monotonic
from flight.boards.links import make_link, resolved, umbilical_pipe
from flight.boards.machine import Machine, draw_lot
from flight.boards.pc import NoLink, NoSensors, NoSwitches
from flight.boards.umbilical_channel import ChannelPipe, SharedLine
from flight.boot import Resumed
from flight.cli.jobs_on_board import JobsEnd, shelf_words, start_runner
from flight.cli.own_program import own_program
from flight.cli.run import CHANNEL, FlightOptions, refuse_unflyable
from flight.declare import SECOND, Boot, Close, Commit, SaveDocument, Stored
from flight.declare.filing import FILE_REQUESTS
from flight.declare.running import RUNNER_REQUESTS
from flight.declare.shelving import SHELF_REQUESTS
from flight.drivers.line_link import LineLink
from flight.drivers.umbilical import Umbilical
from flight.kernel import Board, Loaded
from flight.mission import Mission
from flight.page import SharedPage
from flight.planning import PLANNING_REQUESTS
from flight.ports import Link, Worker
from flight.recovery import ANEW_AFTER_NS, STORE_NAMES, recover, without_storage
from flight.runner import Runner, TickLog
from flight.runners.client import RunnerClient
from flight.watched import WatchedKernel
from flight.wire.file_packets import FileSettings
from flight.workers.job_runner import JobRunnerWorker
from flight.workers.process import CountlessProcess, ProcessWorker
from flight.workers.routing import Kinds, Workers

STORAGE_WITHIN_NS = 12 * SECOND  # at boot, of the 20 s until the guardian acts; else flown without
END_WITHIN_NS = 8 * SECOND  # below what the guardian allows for the whole end
CRASH_OCTETS = 4_096  # of the account of a crash: the innermost frames and the message
BEGIN_ANEW = 3  # an exit code
FIFO_PRIORITY = 10  # below the guardian's


class Orders(NamedTuple):
    """What the guardian says at a start.  `charges` and `charged` name modules by index."""

    page: str
    guardian: int = 0  # its process, 0 for none
    reason: int = 0
    charges: str = ""  # index:count,index:count
    charged: int = -1
    safe: bool = False
    clock_floor: int = 0  # mission time that an executive before this one had reached, ns


class Flight:
    """One life of the executive."""

    def __init__(self, options: FlightOptions, orders: Orders) -> None:
        refuse_unflyable(options)
        self.options, self.orders = options, orders
        self.mission = with_own_row(load_mission(options.mission))
        built = build(self.mission)
        self.page = SharedPage(orders.page)
        self.worker = ProcessWorker(worker_command(self.mission, Path(options.state)), monotonic)
        self.files: CountlessProcess | None = None
        if (files := self.mission.files) is not None:
            command = files_command(files, Path(options.state))
            command += shelf_words(options) if self.mission.takes_jobs else []
            self.files = CountlessProcess(command, monotonic)
        self.planning: CountlessProcess | None = None
        if self.mission.planning is not None:
            self.planning = CountlessProcess([*own_program("flight"), "planning"], monotonic)
        self.others = [one for one in (self.files, self.planning) if one is not None]
        self.jobs: tuple[RunnerClient, JobRunnerWorker] | None = None
        self.jobs_end: JobsEnd | None = None
        if self.mission.takes_jobs:
            self.jobs = start_runner(self.mission, options)
        resumed, loaded = self._recover(built)
        self.provisional = resumed.provisional
        # The first life of a guardian begins anew at once; the others wait, so that a card which comes and goes does
        # not look like a reboot loop.
        self.anew_at = monotonic() + (ANEW_AFTER_NS if orders.clock_floor else 0)
        self.anew = False
        self.clock = RealClock(resumed.clock, options.speed)
        self.bench: Bench | None = None
        self.line: LineLink | None = None
        self.line_said = ""  # what is wrong with it
        board = self._board(built)
        self.kernel = WatchedKernel(
            self.mission, built.dictionary, built.modules, board, loaded, resumed.boot, self.page
        )
        self.runner = Runner(self.kernel, self.clock, self.page, self._before)
        self.runner.log = TickLog() if options.tick_log else None
        self.guarded = orders.guardian != 0

    def _recover(self, built: Built) -> tuple[Resumed, Loaded]:
        reason, safe, worker = self.orders.reason, self.orders.safe, self.worker
        floor = -(-self.orders.clock_floor // SECOND) * SECOND
        until, lot = monotonic() + STORAGE_WITHIN_NS, draw_lot()
        why = "it cannot be opened"
        try:
            resumed, loaded = recover(
                lambda request: worker.ask(request, until), built.modules, reason, safe, lot
            )
        except TimeoutError as error:
            why = str(error)
            unknown = Resumed(Boot(0, clean=False, safe=safe, reason=reason), 0)
            resumed, loaded = without_storage(unknown, lot)
        worker.sealed = resumed.provisional
        worker.ready = not resumed.provisional
        if resumed.provisional:
            _say(f"flying without storage: {why}")
            worker.ask_floors()
        return replace(resumed, clock=max(resumed.clock, floor)), loaded

    def _board(self, built: Built) -> Board:
        options, mission = self.options, self.mission
        machine = Machine(options.state, self._processes)
        link: Link = NoLink()
        if options.link:
            link = self.line = make_link(
                resolved(options.link), mission.coding.cadu_length, self._link_period_ns(built)
            )
            if options.umbilical == CHANNEL:
                link = SharedLine(self.line, mission)
        worker = self._port()
        if options.board != "bench":
            return Board(
                self.clock, link, NoSensors(mission), NoSwitches(mission), worker, machine, self._crashed
            )
        pipe = ChannelPipe(link) if isinstance(link, SharedLine) else umbilical_pipe(options.umbilical)
        bench = self.bench = Bench(mission, Umbilical(pipe, umbilical_names(mission)), options.speed)
        return Board(self.clock, BenchLink(link, bench), bench, bench, worker, machine, self._crashed)

    def _port(self) -> Worker:
        """All workers as one."""
        others: list[tuple[Kinds, Worker]] = []
        if self.files is not None:
            others.append((FILE_REQUESTS + SHELF_REQUESTS, self.files))
        if self.planning is not None:
            others.append((PLANNING_REQUESTS, self.planning))
        if self.jobs is not None:
            others.append((RUNNER_REQUESTS, self.jobs[1]))
        return Workers(self.worker, *others) if others else self.worker

    def _link_period_ns(self, built: Built) -> int:
        """How often somebody hands frames over."""
        base = self.mission.base_tick_ns
        rows = [
            row
            for row in self.mission.rows
            if "room" in getattr(built.modules[row.name].Inputs, "_fields", ())
        ]
        return min((row.every * base for row in rows), default=base)

    def _processes(self) -> list[int]:
        workers = [worker.pid for worker in (self.worker, *self.others)]
        return [pid for pid in (self.orders.guardian, os.getpid(), *workers) if pid]

    def _crashed(self, module: str, error: Exception) -> None:
        """Kept by the storage worker as a document, `crash-<module>`: the executive itself writes no file."""
        account = "".join(traceback.format_exception(error))
        self.worker.keep(SaveDocument(f"crash-{module}", account.encode()[-CRASH_OCTETS:]))
        if self.bench is not None:
            _say(account)

    # ---------------------------------------------------------------- flying

    def fly(self, stopped: Callable[[], bool]) -> int:
        """Until `stopped()`.  0 after an orderly end, 1 if storage did not take the last words, BEGIN_ANEW for the
        guardian to start another life."""
        orders, runner = self.orders, self.runner
        charges = charges_from(orders.charges)
        safe = set(safe_rows(self.mission)) | {self.mission.rows[0].name}
        resting = [row.name for row in self.mission.rows if orders.safe and row.name not in safe]
        runner.start(lambda now: self.kernel.begin(now, charges, orders.charged, resting))
        while not self.anew and not (stopped() and self._jobs_over()):
            runner.once()
        return self._end(runner.next_tick) if not self.provisional else self._end_unwritten(runner.next_tick)

    def _jobs_over(self) -> bool:
        """Somebody wants an orderly end: the jobs first.  Each tick; until then all flies on."""
        if self.jobs is None:
            return True
        if self.jobs_end is None:
            self.jobs_end = JobsEnd(self.jobs[0], monotonic, writes=not self.provisional)
            self.kernel.announce_end()
        return self.jobs_end.over()

    def _before(self, now: int) -> None:
        """Ahead of each tick."""
        worker = self.worker
        worker.tend()
        if self.line is not None:
            self.line.tend(now)
            if self.line.why != self.line_said:
                self.line_said = self.line.why
                _say(f"link {self.options.link}: {self.line_said or 'connected'}")
        for other in self.others:
            other.tend()
        if self.jobs is not None:
            self.jobs[1].tend(now)
        if self.provisional:
            self.kernel.tell_boot_again(now)
            self.anew = worker.floors is not None and monotonic() >= self.anew_at
        elif worker.floors is not None:
            self.kernel.raise_counts(worker.floors)
            worker.floors = None
        if self.bench is not None:
            self.bench.tend(now)
        if self.guarded and os.getppid() != self.orders.guardian:
            self.guarded = False
            self.kernel.guardian_gone()

    def _end_unwritten(self, now: int) -> int:
        """What is on disk stays as it was found."""
        self._close_workers(monotonic() + END_WITHIN_NS)
        if self.anew:
            _say("storage is back: another life begins with what it holds")
            return BEGIN_ANEW
        self.page.end(now)
        return 1

    def _close_workers(self, until: int) -> None:
        self.worker.close(until)
        for other in self.others:
            other.close(until)
        if self.jobs is not None:
            client = self.jobs[0]
            if not self.anew:
                client.end_runner()  # what has not ended by now is killed
            client.close()

    def _end(self, now: int) -> int:
        """Write what the next life needs to go on without a gap."""
        until = monotonic() + END_WITHIN_NS
        worker, kernel = self.worker, self.kernel
        code = 0
        try:
            whole = all(isinstance(worker.ask(append, until), Stored) for append in kernel.unrecorded())
            whole = whole and worker.lost == 0 and kernel.tickets.failures == 0
            worker.ask(
                Close() if whole else Commit(), until
            )  # after a failure the numbers in use are not known
            for save in kernel.shut_down(now):
                worker.ask(save, until)
        except TimeoutError as error:
            _say(f"the end is not on disk: {error}")
            code = 1
        self._close_workers(until)
        for part, octets in self.runner.log.parts().items() if self.runner.log is not None else ():
            Path(f"{self.options.tick_log}.{part}").write_bytes(octets)
        self.page.end(now)
        return code


def worker_command(mission: Mission, state: Path) -> list[str]:
    stores = [
        f"{name}:{store.budget}:{store.segment}"
        for name, store in zip(STORE_NAMES, mission.stores, strict=True)
    ]
    own = ["--disk", str(state / "storage"), "--lock", str(state / "worker.lock")]
    words = (word for store in stores for word in ("--store", store))
    return [*own_program("flight"), "worker", *own, *words]


def files_command(files: FileSettings, state: Path) -> list[str]:
    own = ["--disk", str(state / "files"), "--lock", str(state / "files.lock")]
    settings = f"{files.spacecraft_id}:{files.frame_length}:{files.quota_octets}"
    return [*own_program("flight"), "files", *own, "--settings", settings]


def charges_from(text: str) -> dict[int, int]:
    """`index:count,index:count`."""
    pairs = [pair.partition(":") for pair in text.split(",") if pair]
    return {int(index): int(count) for index, _, count in pairs}


def take_priority() -> None:
    """SCHED_FIFO for this process and none that it starts; said, not fatal, where it is not permitted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(FIFO_PRIORITY))
    except (AttributeError, OSError) as error:
        _say(f"no real-time priority: {error}")


def _say(text: str) -> None:
    """For a person who watches; nobody may."""
    try:
        sys.stderr.write(f"executive: {text.rstrip()}\n")
        sys.stderr.flush()
    except OSError:
        pass
