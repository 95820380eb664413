"""The worker's process from the executive's side: never waits, never forgets, replaces what has died or hangs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare import (
    Append,
    Close,
    Commit,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveDocument,
    SaveState,
    Snapshot,
    Stored,
    Stores,
)
from flight.workers import process as processes
from flight.workers.process import BACK_OFF_NS, HUNG_NS, LOST, NS, QUEUE_MAX, ProcessWorker

pytestmark = pytest.mark.slow

PATIENCE_NS = 60 * NS
# Children that do what a worker should not.  Each is given the pipe's number last.
MUTE = "import socket, sys; s = socket.socket(fileno=int(sys.argv[-1]))\nwhile s.recv(65536): pass"
DEAD = "pass"
BABBLING = (
    "import socket, sys; s = socket.socket(fileno=int(sys.argv[-1])); s.sendall(b'\\xff' * 99); s.recv(1)"
)
DEAF = "import sys; sys.stdin.read()"


class Clock:
    """The machine's, with hours that a test may add."""

    def __init__(self) -> None:
        self.added = 0

    def __call__(self) -> int:
        return monotonic() + self.added


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Callable[[list[str]], ProcessWorker]]:
    made: list[ProcessWorker] = []

    def begin(command: list[str]) -> ProcessWorker:
        made.append(ProcessWorker(command, clock))
        return made[-1]

    yield begin
    for worker in made:
        if worker.socket is not None:
            worker.close(monotonic() + PATIENCE_NS)


@pytest.fixture
def real(tmp_path: Path) -> list[str]:
    """The command of a storage worker on a disk of its own."""
    (tmp_path / "disk").mkdir()
    own = [
        "--disk",
        str(tmp_path / "disk"),
        "--lock",
        str(tmp_path / "lock"),
        "--store",
        "only:1048576:65536",
    ]
    return [sys.executable, "-m", "flight", "worker", *own]


def child(code: str) -> list[str]:
    return [sys.executable, "-c", code]


Start = Callable[[list[str]], ProcessWorker]


def until(worker: ProcessWorker, condition: Callable[[], object]) -> list[tuple[int, object]]:
    """Poll until it holds; all results that came."""
    end, results = monotonic() + PATIENCE_NS, list[tuple[int, object]]()
    while not condition():
        assert monotonic() < end, "never"
        results += worker.poll(0)
    return results + list(worker.poll(0))


def answers(worker: ProcessWorker, count: int) -> list[tuple[int, object]]:
    end, results = monotonic() + PATIENCE_NS, list[tuple[int, object]]()
    while len(results) < count:
        assert monotonic() < end, results
        results += worker.poll(0)
    return results


def ask(worker: ProcessWorker, request: tuple[object, ...]) -> object:
    return worker.ask(request, monotonic() + PATIENCE_NS)


def booted(start: Start, command: list[str]) -> ProcessWorker:
    worker = start(command)
    assert isinstance(ask(worker, Snapshot()), Stores)
    worker.ready = True
    return worker


# ---------------------------------------------------------------- work


def test_requests_are_answered_in_order_by_their_tickets(start: Start, real: list[str]) -> None:
    worker = booted(start, real)
    assert worker.submit(7, Append(0, 0, (b"one", b"two")), 0)
    assert worker.submit(8, Commit(), 0)
    assert worker.submit(9, Read(0, 0, 5), 0)
    found = answers(worker, 3)
    assert [ticket for ticket, _ in found] == [7, 8, 9]
    assert found[2][1] == Records(0, ((0, b"one"), (1, b"two")), 0)
    assert not worker.unanswered


def test_it_takes_nothing_until_the_one_that_boots_says_so(start: Start, real: list[str]) -> None:
    worker = start(real)
    assert ask(worker, LoadState("boot")) == Found("boot", None, False)
    assert not worker.submit(1, Commit(), 0)
    worker.ready = True
    assert worker.submit(2, Commit(), 0)
    assert answers(worker, 1) == [(2, Stored())]


def test_what_nobody_waits_for_is_kept_and_not_answered(start: Start, real: list[str]) -> None:
    worker = booted(start, real)
    worker.keep(SaveState("note", b"kept"))
    assert ask(worker, LoadState("note")) == Found("note", b"kept", False)
    assert worker.poll(0) == []


def test_messages_larger_than_the_socket_arrive_whole(start: Start, real: list[str]) -> None:
    """While a worker stands still, the socket takes a part of a message and then nothing."""
    worker = booted(start, real)
    os.kill(worker.pid, signal.SIGSTOP)
    notes = [bytes([number]) * 50_000 for number in range(1, 31)]
    for ticket, note in enumerate(notes, 1):
        assert worker.submit(ticket, SaveDocument("note", note), 0)
        worker.tend()
    assert worker.queued_octets > 0, "more than the socket takes"
    os.kill(worker.pid, signal.SIGCONT)
    assert answers(worker, len(notes)) == [(ticket, Stored()) for ticket in range(1, 31)]
    assert worker.queued_octets == 0
    assert ask(worker, LoadDocument("note")) == Found("note", notes[-1], False)


def test_closing_lets_it_finish(start: Start, real: list[str], clock: Clock, tmp_path: Path) -> None:
    worker = booted(start, real)
    for ticket in range(1, 40):
        assert worker.submit(ticket, SaveState("note", b"%d" % ticket), 0)
    ask(worker, Close())
    worker.close(monotonic() + PATIENCE_NS)
    again = booted(start, real)
    assert ask(again, LoadState("note")) == Found("note", b"39", False)


# ---------------------------------------------------------------- death


def test_a_killed_worker_fails_what_waits_and_is_replaced(
    start: Start, real: list[str], clock: Clock
) -> None:
    worker = booted(start, real)
    assert worker.submit(1, Append(0, 0, (b"one",)), 0)
    assert worker.submit(2, Commit(), 0)
    answers(worker, 2)
    first = worker.pid
    os.kill(first, signal.SIGSTOP)
    assert worker.submit(3, Commit(), 0)
    os.kill(first, signal.SIGKILL)
    assert until(worker, lambda: worker.socket is None) == [(3, LOST)]
    assert not worker.submit(4, Commit(), 0), "while it is down"
    clock.added = BACK_OFF_NS[0]
    until(worker, lambda: worker.ready)
    assert worker.pid != first
    assert (worker.starts, worker.lost) == (2, 1)
    assert worker.floors is not None
    assert worker.floors[0] > 0, "numbers before the crash are not used again"
    assert worker.submit(5, Append(0, worker.floors[0], (b"two",)), 0)
    assert worker.submit(6, Read(0, 0, 2**40), 0)
    assert answers(worker, 2)[1][1] == Records(0, ((0, b"one"),), 0), "what was committed is there"


def test_what_a_new_one_tells_is_reserved_before_it_is_used(
    start: Start, real: list[str], clock: Clock
) -> None:
    """A packet of the first number may be heard on the ground, and lost here with the worker."""
    worker = booted(start, real)
    told: list[tuple[int, ...] | None] = []
    for _ in range(2):
        os.kill(worker.pid, signal.SIGKILL)
        until(worker, lambda: worker.socket is None)
        clock.added += BACK_OFF_NS[-1]
        worker.floors = None
        until(worker, lambda: worker.ready)
        told.append(worker.floors)
    assert told[0] is not None
    assert told[1] is not None
    assert told[1][0] > told[0][0]


def test_back_off_grows_and_is_short_again_after_a_steady_life(start: Start, clock: Clock) -> None:
    worker = start(child(DEAD))
    waits = []
    for _ in range(len(BACK_OFF_NS) + 1):
        until(worker, lambda: worker.socket is None)
        waits.append(worker.restart_at - clock())
        clock.added += BACK_OFF_NS[-1]
        worker.tend()
        assert worker.socket is not None
    wanted = [*BACK_OFF_NS, BACK_OFF_NS[-1]]
    assert all(wanted[at] - NS // 5 < wait <= wanted[at] for at, wait in enumerate(waits)), waits
    worker.began -= processes.STEADY_NS
    until(worker, lambda: worker.socket is None)
    assert worker.restart_at - clock() <= BACK_OFF_NS[0]


def test_a_worker_that_hangs_is_killed_when_somebody_waits_long_enough(start: Start, clock: Clock) -> None:
    worker = start(child(MUTE))
    worker.ready = True
    clock.added += 10 * HUNG_NS
    worker.tend()
    assert worker.socket is not None, "nobody waits for it"
    assert worker.submit(1, Commit(), 0)
    clock.added += HUNG_NS - NS
    assert worker.poll(0) == []
    first = worker.pid
    clock.added += NS + 1
    assert until(worker, lambda: worker.socket is None) == [(1, LOST)]
    clock.added += BACK_OFF_NS[-1]
    worker.tend()
    assert worker.pid != first


def test_a_worker_that_talks_nonsense_is_killed(start: Start) -> None:
    worker = start(child(BABBLING))
    worker.ready = True
    assert worker.submit(1, Commit(), 0)
    assert until(worker, lambda: worker.socket is None) == [(1, LOST)]
    assert worker.lost == 1


def test_a_disk_that_is_not_there_is_tried_again(
    start: Start, real: list[str], clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "disk").rmdir()
    worker = start(real)
    until(worker, lambda: worker.socket is None)
    (tmp_path / "disk").mkdir()
    clock.added += BACK_OFF_NS[-1]
    until(worker, lambda: worker.ready)
    assert worker.floors == (0,)


# ---------------------------------------------------------------- bounds


def test_a_worker_that_takes_nothing_costs_bounded_memory(start: Start) -> None:
    worker = start(child(DEAF))
    worker.ready = True
    note, taken = SaveState("note", bytes(100_000)), 0
    while worker.submit(taken + 1, note, 0):
        taken += 1
        assert taken < 10 * QUEUE_MAX // len(note.body)
    assert worker.queued_octets <= QUEUE_MAX
    assert taken * len(note.body) > QUEUE_MAX // 2
    os.kill(worker.pid, signal.SIGKILL)


def test_unanswered_requests_are_bounded(start: Start) -> None:
    worker = start(child(MUTE))
    worker.ready = True
    taken = sum(worker.submit(ticket, Commit(), 0) for ticket in range(1, 3_000))
    assert taken == processes.UNANSWERED_MAX


def test_asking_ends_in_time_or_when_the_worker_does(start: Start) -> None:
    mute, dead = start(child(MUTE)), start(child(DEAD))
    with pytest.raises(TimeoutError):
        mute.ask(Snapshot(), monotonic() + NS // 100)
    with pytest.raises(TimeoutError):
        ask(dead, Snapshot())


def test_a_late_answer_to_an_abandoned_question_is_no_answer_to_another(
    start: Start, real: list[str]
) -> None:
    worker = start(real)
    with pytest.raises(TimeoutError):
        worker.ask(SaveState("note", b"kept"), monotonic())
    assert ask(worker, LoadState("note")) == Found("note", b"kept", False)


# ---------------------------------------------------------------- one worker for one disk


def test_an_heir_waits_for_the_disk_and_takes_it_from_one_that_hangs(
    start: Start, real: list[str], tmp_path: Path
) -> None:
    first = booted(start, real)
    os.kill(first.pid, signal.SIGSTOP)
    second = booted(start, real)
    assert int((tmp_path / "lock").read_text()) == second.pid
    with (tmp_path / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    until(first, lambda: first.socket is None)


def test_an_heir_lets_the_one_before_finish(start: Start, real: list[str], tmp_path: Path) -> None:
    first = booted(start, real)
    os.kill(first.pid, signal.SIGSTOP)
    for ticket in range(1, 6):
        assert first.submit(ticket, SaveState("note", b"%d" % ticket), 0)
    first.tend()
    assert first.socket is not None
    first.socket.close()  # as if its executive had died
    first.socket = None
    second = start(real)
    while str(tmp_path / "lock") not in open_files(second.pid):
        pass
    os.kill(first.pid, signal.SIGCONT)
    found = ask(second, LoadState("note"))
    assert isinstance(found, Found)
    assert found.body == b"5"


def open_files(pid: int) -> set[str]:
    names = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            names.add(str(link.readlink()))
    return names


def test_a_terminal_does_not_end_it(start: Start, real: list[str]) -> None:
    """Ctrl-C reaches the whole group; the executive has last words to write."""
    worker = booted(start, real)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(worker.pid, number)
    assert isinstance(ask(worker, Snapshot()), Stores)
