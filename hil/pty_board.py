"""The flight program as a process of this computer, behind two pseudo-serial lines: its radio and its umbilical."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from flight.cli.jobs_on_board import RUNNER_FOLDER
from flight.cli.run import page_path
from flight.guardian import is_executive
from sim.live.orchestra import END_WITHIN_S, flight_command, last_line, shown_on


class BoardError(ChildProcessError):
    """The board does not fly; one line says why."""


class PtyBoard:
    """Guardian, executive and workers.  `radio` and `umbilical` are addresses as `--link` has them."""

    def __init__(
        self, mission: str, folder: Path, radio: str, umbilical: str, speed: int, *, fifo: bool = False
    ) -> None:
        self.folder, self.state, self.log = folder, folder / "state", folder / "flight.log"
        where = {"mission": mission, "link": radio, "umbilical": umbilical, "speed": speed}
        self.command = flight_command(where, self.state, fifo)
        self.process: subprocess.Popen[bytes] | None = None

    def power_on(self) -> None:
        assert self.process is None
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  (our own program)
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def check(self) -> None:
        """BoardError if it has ended on its own."""
        if self.process is not None and self.process.poll() is not None:
            code = self.process.returncode
            self.process = None
            raise BoardError(f"flight has ended (exit code {code}): {last_line(self.log)}")

    def executive(self) -> int:
        """Its process, 0 if none runs."""
        page = page_path(self.state)
        shown = shown_on(page)
        return shown.pid if shown is not None and is_executive(shown.pid, str(page)) else 0

    def kill_executive(self) -> bool:
        """As a crash of the interpreter would; the guardian starts another.  False if none ran."""
        pid = self.executive()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(pid)

    def cut_power(self) -> None:
        """All of its processes end at once, the job runner among them: it is in a session of its own."""
        for pid in processes_with(b"runner", str(self.state / RUNNER_FOLDER)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """In order; killed if it does not end."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_WITHIN_S)
        self.cut_power()


def processes_with(verb: bytes, folder: str) -> list[int]:
    """Those that were started with both words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if verb in words and os.fsencode(folder) in words:
                found.append(int(path.parent.name))
    return found
