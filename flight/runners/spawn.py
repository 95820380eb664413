"""Start a launcher, and hear from it: the runner's end of its pipes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import flight
from flight.runners.launch import STATUS, Order
from flight.runners.output import Output

LAUNCHER = "flight.runners.launch"
FIRST = re.compile(r'(?:"child-pid": |first )(\d+)')
STATUS_MAX = 4_096  # octets; bubblewrap's three lines, or one of ours


@dataclass(slots=True)
class Spawned:
    """`told` is what the launcher or bubblewrap has said of itself."""

    pid: int
    outputs: tuple[Output, Output]
    status: int
    told: str = ""

    def hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.told += os.read(self.status, STATUS_MAX).decode(errors="replace")
            self.told = self.told[:STATUS_MAX]

    @property
    def up(self) -> bool:
        """The program runs, or bubblewrap makes its sandbox."""
        return "up\n" in self.told or '"child-pid"' in self.told

    @property
    def first(self) -> int:
        """The first process in the job's PID namespace, as our PID namespace numbers it; 0 before it is known."""
        found = FIRST.search(self.told)
        return int(found[1]) if found else 0

    @property
    def complaint(self) -> str:
        """Why the program never began; empty if it did.  Bubblewrap gives an exit code of programs alone."""
        _, found, why = self.told.partition("failed: ")
        if found:
            return why.strip()
        if "up\n" in self.told or '"exit-code"' in self.told:
            return ""
        return self.outputs[1].kept.decode(errors="replace").strip()[:200] or "the sandbox could not be made"

    def close(self) -> None:
        os.close(self.status)
        for output in self.outputs:
            output.close()


def spawn(order: Order) -> Spawned:
    """OSError if not even the launcher can be started."""
    given = os.memfd_create("order")
    os.write(given, json.dumps(order).encode())
    os.lseek(given, 0, os.SEEK_SET)
    pipes = [os.pipe() for _ in range(3)]
    actions = [(os.POSIX_SPAWN_DUP2, given, 0)]
    actions += [
        (os.POSIX_SPAWN_DUP2, pipe[1], number) for pipe, number in zip(pipes, (1, 2, STATUS), strict=True)
    ]
    own = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(flight.__path__[0]).parent)}
    words = [sys.executable, "-S", "-P", "-m", LAUNCHER]
    try:
        pid = os.posix_spawn(words[0], words, own, file_actions=actions, setsid=True)
    except OSError:
        for read, _ in pipes:
            os.close(read)
        raise
    finally:
        for handle in (given, *(write for _, write in pipes)):
            os.close(handle)
    os.set_blocking(pipes[2][0], False)
    return Spawned(pid, (Output(pipes[0][0]), Output(pipes[1][0])), pipes[2][0])
