"""The executive's end: light, and nothing that a runner has said is lost with it."""

from __future__ import annotations

import socket
import subprocess
import sys

from flight.declare.running import NO_PROTECTION, Inventory, JobEntry, JobState, RunnerKind
from flight.runners.client import RunnerClient
from flight.runners.messages import pack


def test_it_does_not_import_the_runner() -> None:
    """The executive would carry 3.2 MB for the name of a socket."""
    told = "import sys, flight.runners.client; print('flight.runners.process' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_what_a_runner_said_before_it_died_is_heard(tmp_path) -> None:
    client = RunnerClient(["/bin/false"], str(tmp_path))
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client.socket = ours
    entry = JobEntry(7, RunnerKind.PROCESS, JobState.RUNNING, NO_PROTECTION)
    theirs.sendall(pack(0, Inventory(5, (entry,))))
    theirs.close()
    assert client.poll(0) == [entry]
    assert (client.began_at, client.lost) == (5, 0)
    client.tend(1)
    assert (client.socket, client.lost) == (None, 1)


def test_at_the_end_of_flight_no_runner_is_started(tmp_path) -> None:
    """One that has ended with its jobs must not be followed by another."""
    client = RunnerClient([sys.executable, "-c", "pass"], str(tmp_path / "nobody"))
    client.ending = True
    client.tend(0)
    assert client.starts == 0
    client.ending = False
    client.tend(10**12)
    assert client.starts == 1
    client.close()
